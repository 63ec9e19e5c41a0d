"""Finds or makes the binaries of the control plane: `python -m localcluster.provision`.

Asked in this order, each for what is still missing:

1. the folder in `KUBEBUILDER_ASSETS`;
2. the cache, `${XDG_CACHE_HOME:-~/.cache}/stepward/controlplane/…`, keyed by version and platform;
3. the official archives (envtest's, and the release's kube-controller-manager), verified by SHA-512;
4. `go build` of the modules pinned in `hack/controlplane`.

Standard library only: it runs before there is a virtual environment. Progress goes to standard error.
"""

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from localcluster import archives, gobuild, pins
from localcluster.progress import Progress, Unavailable

ASSETS: Final = "KUBEBUILDER_ASSETS"

Maker = Callable[[Collection[str], Path, Progress], None]
"""Writes those of the named binaries that it can get into a folder. Raises Unavailable."""


class Unprovisioned(Exception):
    """No source has all binaries; the message names every source and what to do."""


def cache_folder() -> Path:
    """Return where the binaries of the pinned versions live."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    versions = pins.versions()
    key = f"kubernetes-{versions.kubernetes}-etcd-{versions.etcd}-{'-'.join(pins.platform_name())}"
    return Path(root) / "stepward" / "controlplane" / key


def provide(progress: Progress, makers: Sequence[Maker] = (archives.fetch, gobuild.build)) -> dict[str, Path]:
    """Return every binary of `pins.PACKAGES`, made by *makers* where they are not found.

    Raises Unprovisioned.
    """
    found = _in_assets(progress)
    cache = cache_folder()
    found = _in_folder(cache) | found
    if len(found) == len(pins.PACKAGES):
        return found
    with _only_one(cache, progress):
        found = _in_folder(cache) | found  # another run may have made them while we waited
        refusals: list[str] = []
        for make in makers:
            missing = [name for name in pins.PACKAGES if name not in found]
            if missing:
                _install(make, missing, cache, progress, refusals)
                found = _in_folder(cache) | found
    missing = [name for name in pins.PACKAGES if name not in found]
    if missing:
        raise Unprovisioned(_advice(missing, cache, refusals))
    return found


def _in_assets(progress: Progress) -> dict[str, Path]:
    folder = os.environ.get(ASSETS)
    if not folder:
        return {}
    found = _in_folder(Path(folder))
    progress.say(f"{ASSETS} ({folder}) has {', '.join(found) or 'none of the binaries'}")
    return found


def _in_folder(folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in pins.PACKAGES if os.access(folder / name, os.X_OK)}


def _install(
    make: Maker, missing: Collection[str], cache: Path, progress: Progress, refusals: list[str]
) -> None:
    """Let *make* work in a folder beside the cache and move what it finished: never half a binary."""
    workshop = Path(tempfile.mkdtemp(prefix=".making-", dir=cache.parent))
    try:
        make(missing, workshop, progress)
    except Unavailable as refusal:
        progress.say(str(refusal))
        refusals.append(str(refusal))
    finally:
        for binary in _in_folder(workshop).values():
            binary.replace(cache / binary.name)
        shutil.rmtree(workshop, ignore_errors=True)


@contextlib.contextmanager
def _only_one(cache: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of *cache*; the system frees it when its holder dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache.parent / f"{cache.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another run is making the binaries; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _advice(missing: Collection[str], cache: Path, refusals: Collection[str]) -> str:
    versions = pins.versions()
    return "\n".join(
        [
            f"no {' and no '.join(missing)} for the local control plane. Any one of these helps:",
            f"  1. set {ASSETS} to a folder that has {', '.join(pins.PACKAGES)}",
            f"  2. copy them (Kubernetes {versions.kubernetes}, etcd {versions.etcd}) to {cache}",
            "  3. allow HTTPS to github.com and dl.k8s.io, for the official archives",
            "  4. install Go and allow it to fetch modules, to build them (under ten minutes, once)",
            "What was tried:",
            *(f"  - {refusal}" for refusal in refusals),
        ]
    )


def main() -> int:
    """Provide the binaries and print where they are, a line each."""
    progress = Progress("control plane")
    try:
        found = provide(progress)
    except Unprovisioned as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for name, file in found.items():
        print(f"{name}\t{file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
