"""What the local control plane is made of: versions, binaries, platform.

The versions are read from `hack/controlplane/go.mod`, so they are pinned in one place.
"""

import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

MODULE: Final = Path(__file__).resolve().parent.parent / "controlplane"

ETCD: Final = "etcd"
API_SERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"

PACKAGES: Final = {
    ETCD: "go.etcd.io/etcd/server/v3",
    API_SERVER: "k8s.io/kubernetes/cmd/kube-apiserver",
    CONTROLLER_MANAGER: "k8s.io/kubernetes/cmd/kube-controller-manager",
}
"""Every binary that is needed, and the Go package it is built from."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions as their projects write them: with a leading `v`."""

    kubernetes: str
    etcd: str

    @property
    def minor(self) -> str:
        """The Kubernetes release line, as `v1.36`."""
        return self.kubernetes.rpartition(".")[0]


@cache
def versions() -> Versions:
    """Return the pinned versions."""
    text = (MODULE / "go.mod").read_text(encoding="utf-8")

    def required(module: str) -> str:
        found = re.search(rf"^\s*{re.escape(module)} (v[\w.+-]+)", text, re.MULTILINE)
        if found is None:
            raise LookupError(f"{MODULE / 'go.mod'} does not require {module}")
        return found[1]

    return Versions(kubernetes=required("k8s.io/kubernetes"), etcd=required(PACKAGES[ETCD]))


def platform_name() -> tuple[str, str]:
    """Return operating system and processor in the words of Go: `("linux", "amd64")`."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return platform.system().lower(), architecture
