"""Starts etcd, kube-apiserver and kube-controller-manager on loopback, and stops them.

    with ControlPlane.start(binaries) as control_plane:
        control_plane.admin().get("/version")

Everything it writes is in one temporary folder, which goes with it; it touches no other cluster.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from localcluster import certificates, kubeconfig, pins, ports, processes, users
from localcluster.api import Api, ApiError
from localcluster.ports import HOST

READY_SECONDS: Final = 90
_SERVICE_NETWORK: Final = "10.0.0.0/24"
_CONTROLLERS: Final = (
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)
"""The controllers that matter without nodes; the rest would only take memory."""


class ControlPlane:
    """A running control plane."""

    def __init__(self, binaries: Mapping[str, Path], folder: Path, *, fsync: bool) -> None:
        self._binaries = binaries
        self._fsync = fsync
        self.family = processes.Family(folder)
        """Start what shall end before the control plane does with it."""
        self.folder = folder
        (folder / "logs").mkdir()
        authority = certificates.Authority(folder)
        self.ca_file = authority.certificate_file
        self._serving = authority.issue_server(
            "apiserver", (HOST, "localhost", "kubernetes.default.svc", "10.0.0.1")
        )
        self._account_keys = certificates.write_key_pair(folder, "service-accounts")
        self._tokens = users.Tokens(folder)
        self.admin_token = self._tokens.add(users.ADMIN, users.MASTERS)
        self._tokens.add(users.CONTROLLER_MANAGER)
        self._accounts: dict[tuple[str, str], users.ServiceAccount] = {}
        self._clients: dict[str, Api] = {}
        self.url = ""

    @classmethod
    def start(cls, binaries: Mapping[str, Path], *, controllers: bool = True, fsync: bool = False) -> Self:
        """Start on free ports and return when `/readyz` answers.

        *binaries* maps the names of `pins` to files. *controllers*: also kube-controller-manager
        (garbage collection, namespaces, service accounts, aggregated roles). *fsync*: etcd writes
        through to the disk, as in production. Raises ChildEnded or TimeoutError with the end of the logs.
        """
        plane = cls(binaries, Path(tempfile.mkdtemp(prefix="stepward-")), fsync=fsync)
        try:
            etcd_url = plane._start_etcd()
            plane._start_api_server(etcd_url)
            if controllers:
                plane._start_controller_manager()
        except BaseException:
            plane.stop()
            raise
        return plane

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop what was started and remove the folder."""
        for client in self._clients.values():
            client.close()
        self.family.stop()

    def log_of(self, name: str) -> Path:
        """Return the file that the process *name* logs to."""
        return self.folder / "logs" / f"{name}.log"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.kubeconfig_for_user(users.ADMIN)

    def admin(self) -> Api:
        """A client with all rights."""
        return self.client(self.admin_token)

    def client(self, token: str) -> Api:
        """The client with the rights of *token*'s user; the control plane closes it."""
        if token not in self._clients:
            self._clients[token] = Api(self.url, self.ca_file, token)
        return self._clients[token]

    def user(self, name: str) -> Api:
        """A client of one of the plain users `users.PLAIN`, who have no rights but those a test binds."""
        return self.client(self._tokens.of(name))

    def kubeconfig_for_user(self, name: str) -> Path:
        """Write the kubeconfig of a user of the token file, and return it."""
        file = self.folder / f"{name.replace(':', '-')}.kubeconfig"
        token_file = self._tokens.file_of(name)
        kubeconfig.write(file, url=self.url, ca_file=self.ca_file, user=name, token_file=token_file)
        return file

    def service_account(self, namespace: str, name: str) -> users.ServiceAccount:
        """Credentials of a ServiceAccount that exists; the same object for the same account."""
        key = (namespace, name)
        if key not in self._accounts:
            self._accounts[key] = users.ServiceAccount(self, namespace, name)
        return self._accounts[key]

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """Return a kubeconfig with a fresh TokenRequest token and no other right than the account's."""
        account = self.service_account(namespace, name)
        account.renew()
        return account.kubeconfig

    def _start_etcd(self) -> str:
        def command(client_port: int, peer_port: int) -> list[str]:
            client_url, peer_url = f"http://{HOST}:{client_port}", f"http://{HOST}:{peer_port}"
            return [
                str(self._binaries[pins.ETCD]),
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={client_url}",
                f"--advertise-client-urls={client_url}",
                f"--listen-peer-urls={peer_url}",
                f"--initial-advertise-peer-urls={peer_url}",
                f"--initial-cluster=default={peer_url}",
                "--log-level=warn",
                *([] if self._fsync else ["--unsafe-no-fsync"]),
            ]

        _, port = ports.start_listening(self.family, pins.ETCD, command, self.log_of(pins.ETCD))
        return f"http://{HOST}:{port}"

    def _start_api_server(self, etcd_url: str) -> None:
        certificate_file, key_file = self._serving
        public_key, private_key = self._account_keys

        def command(port: int, _: int) -> list[str]:
            return [
                str(self._binaries[pins.API_SERVER]),
                f"--etcd-servers={etcd_url}",
                f"--bind-address={HOST}",
                f"--advertise-address={HOST}",
                f"--secure-port={port}",
                f"--tls-cert-file={certificate_file}",
                f"--tls-private-key-file={key_file}",
                f"--cert-dir={self.folder}",
                f"--service-cluster-ip-range={_SERVICE_NETWORK}",
                f"--service-account-key-file={public_key}",
                f"--service-account-signing-key-file={private_key}",
                f"--service-account-issuer=https://{HOST}:{port}",
                "--authorization-mode=Node,RBAC",
                f"--token-auth-file={self._tokens.file}",
                "--allow-privileged=true",
            ]

        child, port = ports.start_listening(
            self.family, pins.API_SERVER, command, self.log_of(pins.API_SERVER)
        )
        self.url = f"https://{HOST}:{port}"
        processes.wait_until("kube-apiserver is ready", self._is_ready, READY_SECONDS, [child])

    def _start_controller_manager(self) -> None:
        file = self.kubeconfig_for_user(users.CONTROLLER_MANAGER)
        command = [
            str(self._binaries[pins.CONTROLLER_MANAGER]),
            f"--kubeconfig={file}",
            f"--authentication-kubeconfig={file}",
            f"--authorization-kubeconfig={file}",
            f"--service-account-private-key-file={self._account_keys[1]}",
            f"--root-ca-file={self.ca_file}",
            f"--cert-dir={self.folder}",
            f"--controllers={','.join(_CONTROLLERS)}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--secure-port=0",
        ]
        self.family.start(pins.CONTROLLER_MANAGER, command, self.log_of(pins.CONTROLLER_MANAGER))

    def _is_ready(self) -> bool:
        try:
            return self.admin().text("/readyz") == "ok" and self.admin().exists("/api/v1/namespaces/default")
        except (OSError, ApiError):
            return False
