"""`kubectl apply -k manifests/` and what our own applier does instead where there is no kubectl."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localcluster import manifests
from localcluster.api import Object
from localcluster.controlplane import ControlPlane

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def apply_like_kubectl(cluster: ControlPlane, entry: Object) -> Object:
    """Client-side apply as kubectl does it: a copy of the object goes into an annotation."""
    metadata = entry["metadata"]
    annotated = {**entry, "metadata": {**metadata, "annotations": {LAST_APPLIED: json.dumps(entry)}}}
    return cluster.admin().merge(manifests.path_of(cluster.admin(), entry), annotated)


def test_client_side_apply_takes_every_object(cluster: ControlPlane) -> None:
    for entry in manifests.load(manifests.MANIFESTS):
        kept = apply_like_kubectl(cluster, entry)["metadata"]["annotations"][LAST_APPLIED]
        assert json.loads(kept) == entry


def test_applying_twice_changes_nothing(cluster: ControlPlane) -> None:
    objects = manifests.load(manifests.MANIFESTS)
    first = manifests.apply(cluster.admin(), objects)
    second = manifests.apply(cluster.admin(), objects)
    assert [entry["metadata"]["resourceVersion"] for entry in second] == [
        entry["metadata"]["resourceVersion"] for entry in first
    ]


def apply_with_ours(cluster: ControlPlane, _: Path) -> None:
    manifests.apply(cluster.admin(), manifests.load(manifests.MANIFESTS))


def apply_with_kubectl(cluster: ControlPlane, cache: Path) -> None:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), "--cache-dir", str(cache)]
    done = subprocess.run(
        [*command, "apply", "-k", str(manifests.MANIFESTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "apply", [apply_with_ours, *([apply_with_kubectl] if shutil.which("kubectl") else [])]
)
def test_the_folder_installs(
    apply: Callable[[ControlPlane, Path], None], cluster: ControlPlane, tmp_path: Path
) -> None:
    """With our own applier always, and with kubectl where there is one."""
    apply(cluster, tmp_path)
    resources = cluster.admin().get("/apis/stepward.dev/v1alpha1")["resources"]
    assert {"workflows", "workflows/status", "executions", "workflowrevisions"} <= {
        resource["name"] for resource in resources
    }


@pytest.mark.parametrize(
    "file", sorted((manifests.MANIFESTS / "samples").glob("*.yaml")), ids=lambda file: file.stem
)
def test_samples_are_accepted(file: Path, cluster: ControlPlane, namespace: str) -> None:
    applied = manifests.apply(cluster.admin(), manifests.read(file), namespace)
    assert [entry["metadata"]["namespace"] for entry in applied] == [namespace]
