"""Fetches official binaries over HTTPS and verifies their published SHA-512."""

import hashlib
import http.client
import re
import tarfile
import time
import urllib.request
from collections.abc import Collection
from pathlib import Path
from typing import Final

from localcluster import pins
from localcluster.progress import Progress, Unavailable

_INDEX: Final = (
    "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"
)
_ARCHIVES: Final = "https://github.com/kubernetes-sigs/controller-tools/releases/download/"
_RELEASE: Final = "https://dl.k8s.io"
_CONNECT_SECONDS: Final = 5  # a network that drops packets must not hold up the sources that come after
_CHUNK: Final = 1 << 20
_IN_ENVTEST: Final = frozenset({pins.ETCD, pins.API_SERVER})


def fetch(names: Collection[str], folder: Path, progress: Progress) -> None:
    """Fetch those of *names* that are published for this platform into *folder*.

    Raises Unavailable when there is no network, no such archive, or a checksum does not fit.
    """
    if _IN_ENVTEST.intersection(names):
        _fetch_envtest(names, folder, progress)
    if pins.CONTROLLER_MANAGER in names:
        _fetch_controller_manager(folder, progress)


def _fetch_envtest(names: Collection[str], folder: Path, progress: Progress) -> None:
    progress.say("looking for the official envtest archive")
    name, url, checksum = find_archive(_read(_INDEX).decode(), pins.versions(), pins.platform_name())
    archive = folder / name
    _download(url, archive, checksum, progress)
    try:
        with tarfile.open(archive) as content:
            for member in content:
                binary = Path(member.name).name
                if binary in names and member.isfile() and (stream := content.extractfile(member)):
                    with stream, (folder / binary).open("wb") as file:
                        while chunk := stream.read(_CHUNK):
                            file.write(chunk)
                    (folder / binary).chmod(0o755)
    finally:
        archive.unlink()


def _fetch_controller_manager(folder: Path, progress: Progress) -> None:
    system, architecture = pins.platform_name()
    if system != "linux":
        raise Unavailable(f"{_RELEASE}: no kube-controller-manager is published for {system}")
    name, version = pins.CONTROLLER_MANAGER, pins.versions().kubernetes
    url = f"{_RELEASE}/{version}/bin/{system}/{architecture}/{name}"
    checksum = _read(f"{url}.sha512").decode().split()[0]
    download = folder / f"{name}.part"
    _download(url, download, checksum, progress)
    download.chmod(0o755)
    download.rename(folder / name)


def find_archive(index: str, versions: pins.Versions, platform: tuple[str, str]) -> tuple[str, str, str]:
    """Return name, address and SHA-512 of the archive in *index* that fits best.

    It is the newest of the pinned release line, up to the pinned version: envtest does not publish
    every patch. The index is read by its lines, since there may be no YAML reader yet.
    """
    best: tuple[int, tuple[str, str, str]] | None = None
    wanted = int(versions.kubernetes.rpartition(".")[2])
    pattern = re.compile(
        rf"(envtest-{re.escape(versions.minor)}\.(\d+)-{'-'.join(platform)}\.tar\.gz):"
        r"\s+hash:\s*([0-9a-f]{128})\s+selfLink:\s*(\S+)"
    )
    for name, patch, checksum, url in pattern.findall(index):
        fits = int(patch) <= wanted and url.startswith(_ARCHIVES)
        if fits and (best is None or int(patch) > best[0]):
            best = int(patch), (name, url, checksum)
    if best is None:
        raise Unavailable(f"envtest has no archive of {versions.minor} for {'/'.join(platform)}")
    return best[1]


def _download(url: str, file: Path, checksum: str, progress: Progress) -> None:
    digest, size, started = hashlib.sha512(), 0, time.monotonic()
    try:
        with _open(url) as answer, file.open("wb") as output:
            total = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK):
                output.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                of = f" of {total >> 20}" if total else ""
                progress.tick(f"{file.name}: {size >> 20}{of} MiB")
    except (OSError, ValueError) as error:
        raise Unavailable(f"{url}: {_reason(error)}") from error
    if digest.hexdigest() != checksum:
        file.unlink()
        raise Unavailable(f"{url}: its SHA-512 is not the published one; thrown away")
    progress.say(
        f"fetched {file.name}: {size >> 20} MiB in {time.monotonic() - started:.0f} s, SHA-512 verified"
    )


def _read(url: str) -> bytes:
    try:
        with _open(url) as answer:
            return answer.read(1 << 22)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{url}: {_reason(error)}") from error


def _open(url: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(url)  # noqa: S310 - every address starts with a constant https://
    answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_CONNECT_SECONDS)  # noqa: S310
    return answer


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error))
