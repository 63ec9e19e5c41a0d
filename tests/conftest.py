"""Fixtures for every test: the local control plane, started once and only when a test asks for it."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from localcluster import manifests, provision
from localcluster.controlplane import ControlPlane
from localcluster.progress import Progress

# The same examples on each run: a change is judged by what it does, not by the draw. To look for new ones,
# run with HYPOTHESIS_PROFILE=default.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """An empty Kubernetes control plane of our own; nothing of ours is installed in it."""
    binaries = provision.provide(Progress("control plane"))
    with ControlPlane.start(binaries) as plane:
        yield plane


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with `manifests/` applied: definitions, roles, the operator's ServiceAccount."""
    manifests.apply(control_plane.admin(), manifests.load(manifests.MANIFESTS))
    return control_plane


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A fresh namespace for one test. It goes with the control plane, as does all that is in it."""
    created = control_plane.admin().create("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    name: str = created["metadata"]["name"]
    return name
