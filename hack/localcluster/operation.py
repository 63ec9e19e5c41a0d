"""The operator as a process of its own, beside a local control plane."""

import http.client
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from localcluster import manifests, ports, processes
from localcluster.controlplane import ControlPlane
from localcluster.ports import HOST
from localcluster.users import ServiceAccount

NAMESPACE: Final = "stepward-system"
ACCOUNT: Final = "stepward"
READY_SECONDS: Final = 30
_SHOP: Final = Path(__file__).with_name("demo_service.py")
_SHOP_VARIABLE: Final = "SHOP_URL"


@dataclass
class Operation:
    """A running operator, and the shop that the examples call. The control plane's family stops them."""

    plane: ControlPlane
    child: processes.Child
    account: ServiceAccount
    shop_url: str
    token_seconds: int

    @classmethod
    def start(cls, plane: ControlPlane, token_seconds: int) -> Self:
        """Start both and return when they are ready. The operator's token lives *token_seconds*."""
        account = plane.service_account(NAMESPACE, ACCOUNT)
        account.renew(token_seconds)
        _, shop_port = ports.start_listening(
            plane.family,
            "demo shop",
            lambda port, _: [sys.executable, str(_SHOP), str(port)],
            plane.log_of("shop"),
        )
        child, health_port = ports.start_listening(
            plane.family,
            "operator",
            lambda port, _: command(account.kubeconfig, port, shop_port),
            plane.log_of("operator"),
        )
        processes.wait_until("the operator is ready", _IsReady(health_port), READY_SECONDS, [child])
        return cls(plane, child, account, f"http://{HOST}:{shop_port}", token_seconds)

    def apply(self, folder: Path) -> None:
        """Apply the examples of *folder*; where a workflow says where the shop is, say where it really is."""
        objects = [entry for file in sorted(folder.glob("*.yaml")) for entry in manifests.read(file)]
        for entry in objects:
            for variable in entry["spec"].get("env", ()):
                if variable["name"] == _SHOP_VARIABLE:
                    variable["value"] = self.shop_url
        manifests.apply(self.plane.admin(), objects)

    def renew_token(self) -> None:
        """Give the operator a fresh token if the one it has grows old."""
        if time.monotonic() > self.account.renew_at:
            self.account.renew(self.token_seconds)


def command(kubeconfig: Path, health_port: int, *allowed_ports: int) -> list[str]:
    """Return the operator's command line; workflows may call *allowed_ports* of loopback."""
    return [
        str(Path(sys.executable).with_name("stepward")),
        "operator",
        f"--kubeconfig={kubeconfig}",
        f"--health-address={HOST}",
        f"--health-port={health_port}",
        "--log-format=text",
        *(f"--egress-allow={HOST}:{port}" for port in allowed_ports),
    ]


@dataclass(frozen=True)
class _IsReady:
    """Asks the operator's `/readyz`."""

    port: int

    def __call__(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
