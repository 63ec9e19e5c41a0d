"""Who may talk to the local control plane: users of the token file, and ServiceAccounts."""

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from localcluster import kubeconfig

if TYPE_CHECKING:
    from localcluster.controlplane import ControlPlane

ADMIN: Final = "admin"
MASTERS: Final = "system:masters"
CONTROLLER_MANAGER: Final = "system:kube-controller-manager"
PLAIN: Final = ("alice", "bob")
"""Users without any right: tests bind roles to them."""

TOKEN_SECONDS: Final = 24 * 3600


class Tokens:
    """The API server's token file. It is read once, when the server starts."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tokens.csv"
        self._folder = folder
        self._tokens: dict[str, str] = {}
        self._lines: list[str] = []
        for name in PLAIN:
            self.add(name)

    def add(self, name: str, group: str = "") -> str:
        """Give *name* a token and return it."""
        token = secrets.token_urlsafe(32)
        self._tokens[name] = token
        self._lines.append(f'{token},{name},{name},"{group}"' if group else f"{token},{name},{name}")
        kubeconfig.write_secret(self.file, "\n".join(self._lines) + "\n")
        return token

    def of(self, name: str) -> str:
        """Return the token of *name*."""
        return self._tokens[name]

    def file_of(self, name: str) -> Path:
        """Return a file with nothing but the token of *name*."""
        file = self._folder / f"{name.replace(':', '-')}.token"
        kubeconfig.write_secret(file, self.of(name))
        return file


class ServiceAccount:
    """Credentials of one ServiceAccount, by TokenRequest."""

    def __init__(self, control_plane: "ControlPlane", namespace: str, name: str) -> None:
        self._control_plane = control_plane
        self._path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        stem = f"{namespace}-{name}"
        self._token_file = control_plane.folder / f"{stem}.token"
        self.user = f"system:serviceaccount:{namespace}:{name}"
        self.kubeconfig = control_plane.folder / f"{stem}.kubeconfig"
        self.renew_at = 0.0

    def renew(self, seconds: int = TOKEN_SECONDS) -> str:
        """Write and return a fresh token. Clients that read `tokenFile` again go on with it.

        `renew_at` (monotonic seconds) is when the next one is due: at 80 % of the life of this one.
        """
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        answer = self._control_plane.admin().create(self._path, request)
        token: str = answer["status"]["token"]
        kubeconfig.write_secret(self._token_file, token)
        if not self.kubeconfig.exists():
            kubeconfig.write(
                self.kubeconfig,
                url=self._control_plane.url,
                ca_file=self._control_plane.ca_file,
                user=self.user,
                token_file=self._token_file,
            )
        self.renew_at = time.monotonic() + 0.8 * seconds
        return token
