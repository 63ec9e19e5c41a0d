"""Fetching published binaries: chosen, verified, unpacked, from a server that is made up."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from localcluster import archives, pins
from localcluster.progress import Progress, Unavailable

RELEASES = "releases:\n{releases}"
RELEASE = """\
  v{version}:
    envtest-v{version}-{platform}.tar.gz:
      hash: {hash}
      selfLink: {root}envtest-v{version}/envtest-v{version}-{platform}.tar.gz
"""
ROOT = archives.OFFICIAL.archives
PINNED = pins.Versions(kubernetes="v1.36.3", etcd="v3.6.13")


def index(*versions: str, root: str = ROOT, checksum: str = "ab" * 64, platform: str = "linux-amd64") -> str:
    releases = (
        RELEASE.format(version=version, hash=checksum, root=root, platform=platform) for version in versions
    )
    return RELEASES.format(releases="".join(releases))


@pytest.mark.parametrize(
    "published, taken",
    [
        (("1.36.3", "1.36.2"), "v1.36.3"),
        (("1.36.0", "1.36.2", "1.36.1"), "v1.36.2"),
        (("1.36.2", "1.36.10"), "v1.36.2"),
    ],
)
def test_the_newest_archive_up_to_the_pinned_version_is_taken(published: tuple[str, ...], taken: str) -> None:
    name, url, checksum = archives.find_archive(index(*published), PINNED, ("linux", "amd64"))
    assert name == f"envtest-{taken}-linux-amd64.tar.gz"
    assert url == f"{ROOT}envtest-{taken}/{name}"
    assert checksum == "ab" * 64


@pytest.mark.parametrize(
    "text",
    [
        index("1.35.0"),
        index("1.36.4"),
        index("1.36.3", root="https://elsewhere.test/"),
        index("1.36.3", checksum="ab" * 32),
        "<html>not found</html>",
    ],
    ids=["another release line", "newer than pinned", "another host", "a short checksum", "no index"],
)
def test_no_other_archive_is_taken(text: str) -> None:
    with pytest.raises(Unavailable, match=r"v1\.36 for linux/amd64"):
        archives.find_archive(text, PINNED, ("linux", "amd64"))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Publisher:
    """A server with the archive of the pinned version, and its kube-controller-manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self.places = archives.Places(index=f"{url}index.yaml", archives=url, release=url.rstrip("/"))
        version = pins.versions().kubernetes
        self._archive = f"envtest-{version}/envtest-{version}-linux-amd64.tar.gz"
        self._manager = f"{version}/bin/linux/amd64/{pins.CONTROLLER_MANAGER}"
        self._thread = Thread(target=self._server.serve_forever, args=[0.01])
        self._thread.start()

    def publish(self, *, checksum: str | None = None) -> None:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for name in (pins.ETCD, pins.API_SERVER, "kubectl"):
                member = tarfile.TarInfo(f"controller-tools/envtest/{name}")
                member.size = len(name)
                archive.addfile(member, io.BytesIO(name.encode()))
        digest = checksum or self._put(self._archive, content.getvalue())
        version = pins.versions().kubernetes.removeprefix("v")
        self._put("index.yaml", index(version, root=self.places.archives, checksum=digest).encode())
        digest = self._put(self._manager, b"manager")
        self._put(f"{self._manager}.sha512", f"{checksum or digest}\n".encode())

    def _put(self, name: str, content: bytes) -> str:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return hashlib.sha512(content).hexdigest()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("no_proxy", "*")
    started = Publisher(tmp_path / "published")
    yield started
    started.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def fetch(publisher: Publisher, folder: Path, *names: str) -> None:
    archives.fetch(names, folder, Progress("test", io.StringIO()), publisher.places, ("linux", "amd64"))


def test_everything_that_is_asked_for_is_fetched(publisher: Publisher, folder: Path) -> None:
    publisher.publish()
    fetch(publisher, folder, *pins.PACKAGES)
    contents = {file.name: file.read_text() for file in folder.iterdir()}
    assert contents == {name: name for name in (pins.ETCD, pins.API_SERVER)} | {
        pins.CONTROLLER_MANAGER: "manager"
    }
    assert all(file.stat().st_mode & 0o100 for file in folder.iterdir())


def test_what_is_not_asked_for_is_left_alone(publisher: Publisher, folder: Path) -> None:
    publisher.publish()
    fetch(publisher, folder, pins.CONTROLLER_MANAGER)
    assert [file.name for file in folder.iterdir()] == [pins.CONTROLLER_MANAGER]


@pytest.mark.parametrize("name", [pins.ETCD, pins.CONTROLLER_MANAGER])
def test_a_file_that_is_not_what_was_published_is_thrown_away(
    name: str, publisher: Publisher, folder: Path
) -> None:
    publisher.publish()
    publisher.publish(checksum="00" * 64)
    with pytest.raises(Unavailable, match="SHA-512 is not the published one"):
        fetch(publisher, folder, name)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", [pins.ETCD, pins.CONTROLLER_MANAGER])
def test_nothing_published_is_no_error_of_ours(name: str, publisher: Publisher, folder: Path) -> None:
    with pytest.raises(Unavailable, match="HTTP 404"):
        fetch(publisher, folder, name)


def test_no_controller_manager_is_published_for_other_systems(publisher: Publisher, folder: Path) -> None:
    with pytest.raises(Unavailable, match="for darwin"):
        archives.fetch(
            [pins.CONTROLLER_MANAGER],
            folder,
            Progress("test", io.StringIO()),
            publisher.places,
            ("darwin", "arm64"),
        )
