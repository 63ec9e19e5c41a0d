"""Fetches official binaries over HTTPS and verifies their published SHA-512."""

import hashlib
import http.client
import re
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localcluster import pins
from localcluster.progress import Progress, Unavailable

_CONNECT_SECONDS: Final = 5  # a network that drops packets must not hold up the sources that come after
_READ_SECONDS: Final = 60
_CHUNK: Final = 1 << 20
_IN_ENVTEST: Final = frozenset({pins.ETCD, pins.API_SERVER})


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are published."""

    index: str = (
        "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"
    )
    archives: str = "https://github.com/kubernetes-sigs/controller-tools/releases/download/"
    release: str = "https://dl.k8s.io"


OFFICIAL: Final = Places()


def fetch(
    names: Collection[str],
    folder: Path,
    progress: Progress,
    places: Places = OFFICIAL,
    platform: tuple[str, str] | None = None,
) -> None:
    """Fetch those of *names* that are published for *platform* (by default this one) into *folder*.

    Raises Unavailable when there is no network, no such archive, or a checksum does not fit.
    """
    system, architecture = platform or pins.platform_name()
    if _IN_ENVTEST.intersection(names):
        progress.say("looking for the official envtest archive")
        index = _read(places.index).decode(errors="replace")
        published = find_archive(index, pins.versions(), (system, architecture), places.archives)
        _fetch_envtest(names, folder, progress, published)
    if pins.CONTROLLER_MANAGER in names:
        if system != "linux":
            raise Unavailable(f"{places.release}: no kube-controller-manager is published for {system}")
        version = pins.versions().kubernetes
        url = f"{places.release}/{version}/bin/{system}/{architecture}/{pins.CONTROLLER_MANAGER}"
        _fetch_controller_manager(url, folder, progress)


def _fetch_envtest(
    names: Collection[str], folder: Path, progress: Progress, published: tuple[str, str, str]
) -> None:
    name, url, checksum = published
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


def _fetch_controller_manager(url: str, folder: Path, progress: Progress) -> None:
    name = pins.CONTROLLER_MANAGER
    checksum = _read(f"{url}.sha512").decode().split()[0]
    download = folder / f"{name}.part"
    _download(url, download, checksum, progress)
    download.chmod(0o755)
    download.rename(folder / name)


def find_archive(
    index: str, versions: pins.Versions, platform: tuple[str, str], root: str = OFFICIAL.archives
) -> tuple[str, str, str]:
    """Return name, address and SHA-512 of the archive in *index* that fits best.

    It is the newest of the pinned release line, up to the pinned version: envtest does not publish
    every patch. Its address must start with *root*. The index is read by its lines: there may be no
    YAML reader yet.
    """
    best: tuple[int, tuple[str, str, str]] | None = None
    wanted = int(versions.kubernetes.rpartition(".")[2])
    pattern = re.compile(
        rf"(envtest-{re.escape(versions.minor)}\.(\d+)-{'-'.join(platform)}\.tar\.gz):"
        r"\s+hash:\s*([0-9a-f]{128})\s+selfLink:\s*(\S+)"
    )
    for name, patch, checksum, url in pattern.findall(index):
        fits = int(patch) <= wanted and url.startswith(root)
        if fits and (best is None or int(patch) > best[0]):
            best = int(patch), (name, url, checksum)
    if best is None:
        raise Unavailable(f"envtest has no archive of {versions.minor} for {'/'.join(platform)}")
    return best[1]


def _download(url: str, file: Path, checksum: str, progress: Progress) -> None:
    digest, size, started = hashlib.sha512(), 0, time.monotonic()
    try:
        with _open(url, _READ_SECONDS) as answer, file.open("wb") as output:
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
        with _open(url, _CONNECT_SECONDS) as answer:
            return answer.read(1 << 22)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{url}: {_reason(error)}") from error


def _open(url: str, timeout_seconds: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url)  # noqa: S310 - every address starts with one of OFFICIAL
    answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout_seconds)  # noqa: S310
    return answer


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        with error:
            return f"HTTP {error.code}"
    return str(getattr(error, "reason", error))
