"""Where the binaries of the control plane come from, with sources that are made up."""

import io
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from localcluster import pins, provision
from localcluster.progress import Progress, Unavailable

NAMES = list(pins.PACKAGES)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no explicit folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(provision.ASSETS, raising=False)
    return tmp_path


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def maker(*has: str) -> Callable[[Collection[str], Path, Progress], None]:
    """Return a source that has the named binaries and no others."""

    def make(missing: Collection[str], folder: Path, _: Progress) -> None:
        put(folder, *(name for name in missing if name in has))
        if not set(missing) <= set(has):
            raise Unavailable(f"this source has only {has}")

    return make


def nothing(missing: Collection[str], folder: Path, progress: Progress) -> None:
    pytest.fail(f"asked for {missing}")


def quiet() -> Progress:
    return Progress("test", io.StringIO())


def test_the_explicit_folder_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / "assets", *NAMES)
    put(provision.cache_folder(), *NAMES)
    monkeypatch.setenv(provision.ASSETS, str(home / "assets"))
    found = provision.provide(quiet(), makers=[nothing])
    assert found == {name: home / "assets" / name for name in NAMES}


def test_what_the_explicit_folder_lacks_comes_from_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that envtest makes has no kube-controller-manager."""
    put(home / "assets", pins.ETCD, pins.API_SERVER)
    monkeypatch.setenv(provision.ASSETS, str(home / "assets"))
    found = provision.provide(quiet(), makers=[maker(pins.CONTROLLER_MANAGER)])
    assert found[pins.ETCD].parent == home / "assets"
    assert found[pins.CONTROLLER_MANAGER].parent == provision.cache_folder()


def test_the_cache_spares_the_sources(home: Path) -> None:
    provision.provide(quiet(), makers=[maker(*NAMES)])
    found = provision.provide(quiet(), makers=[nothing])
    assert {file.parent for file in found.values()} == {provision.cache_folder()}


def test_a_source_keeps_what_it_made_before_it_failed(home: Path) -> None:
    found = provision.provide(quiet(), makers=[maker(pins.ETCD), maker(pins.API_SERVER, *NAMES[2:])])
    assert sorted(found) == sorted(NAMES)
    assert {file.name for file in provision.cache_folder().iterdir()} == set(NAMES), "and no half-made file"


def test_the_error_names_every_source_and_what_each_said(home: Path) -> None:
    with pytest.raises(provision.Unprovisioned) as error:
        provision.provide(quiet(), makers=[maker(pins.ETCD), maker()])
    text = str(error.value)
    assert "no kube-apiserver and no kube-controller-manager" in text
    for word in (provision.ASSETS, str(provision.cache_folder()), "archives", "Go", "has only ('etcd',)"):
        assert word in text


def test_two_runs_share_one_build(home: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()
    made = []

    def slow(missing: Collection[str], folder: Path, _: Progress) -> None:
        made.append(list(missing))
        begun.set()
        go_on.wait(20)
        put(folder, *missing)

    said = io.StringIO()
    first = threading.Thread(target=provision.provide, args=[quiet()], kwargs={"makers": [slow]})
    second = threading.Thread(
        target=provision.provide, args=[Progress("test", said)], kwargs={"makers": [slow]}
    )
    first.start()
    assert begun.wait(20)
    second.start()
    while "waiting" not in said.getvalue():
        second.join(0.01)
    go_on.set()
    first.join(20)
    second.join(20)
    assert made == [NAMES]
