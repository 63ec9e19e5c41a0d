"""What people see and select: columns, short names, categories, field selectors."""

from typing import Any

import pytest

from localcluster.api import TABLE, ApiError
from localcluster.controlplane import ControlPlane

GROUP = "/apis/stepward.dev/v1alpha1"
SINCE = "2020-01-01T00:00:00Z"


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": SINCE,
    }


def put(cluster: ControlPlane, address: str, body: dict[str, Any], status: dict[str, Any]) -> None:
    collection, _, name = address.rpartition("/")
    cluster.admin().create(collection, {**body, "metadata": {"name": name}})
    cluster.admin().replace(f"{address}/status", {**cluster.admin().get(address), "status": status})


def put_execution(cluster: ControlPlane, namespace: str, name: str, workflow: str, **status: Any) -> None:
    body = {
        "apiVersion": "stepward.dev/v1alpha1",
        "kind": "Execution",
        "spec": {"workflowRef": {"name": workflow}},
    }
    put(cluster, f"{GROUP}/namespaces/{namespace}/executions/{name}", body, status)


def table(cluster: ControlPlane, address: str) -> tuple[dict[str, int], list[Any]]:
    """Return the columns with their priorities, and the cells of the only row."""
    answer = cluster.admin().get(address, accept=TABLE)
    (row,) = answer["rows"]
    return {column["name"]: column["priority"] for column in answer["columnDefinitions"]}, row["cells"]


def test_the_columns_of_an_execution(cluster: ControlPlane, namespace: str) -> None:
    put_execution(
        cluster,
        namespace,
        "order-1",
        "order",
        state="Failed",
        endTime=SINCE,
        currentSteps=[{"routine": "main", "step": "charge"}],
        conditions=[condition("Succeeded", "False", "Failed", "step 'charge' (line 9): no")],
        error={"payload": {"code": 503}, "context": "HTTP 503", "stackTrace": []},
    )
    columns, cells = table(cluster, f"{GROUP}/namespaces/{namespace}/executions")
    assert columns == {
        "Name": 0,
        "Workflow": 0,
        "State": 0,
        "Step": 0,
        "Age": 0,
        "Finished": 1,
        "Reason": 1,
        "Error": 1,
    }
    assert cells[:4] == ["order-1", "order", "Failed", "charge"]
    assert cells[6:] == ["Failed", "HTTP 503"]
    assert cells[5].endswith("d"), "years ago, in days"


def test_the_columns_of_a_workflow(cluster: ControlPlane, namespace: str) -> None:
    body = {
        "apiVersion": "stepward.dev/v1alpha1",
        "kind": "Workflow",
        "spec": {"source": "main: {return: 1}"},
    }
    status = {
        "latestRevision": "order-0123456789",
        "steps": 3,
        "conditions": [condition("Ready", "True", "Valid", "3 steps")],
    }
    put(cluster, f"{GROUP}/namespaces/{namespace}/workflows/order", body, status)
    columns, cells = table(cluster, f"{GROUP}/namespaces/{namespace}/workflows")
    assert columns == {
        "Name": 0,
        "Ready": 0,
        "Revision": 0,
        "Steps": 0,
        "Age": 0,
        "Reason": 1,
        "Message": 1,
    }
    assert cells[:4] == ["order", "True", "order-0123456789", 3]
    assert cells[5:] == ["Valid", "3 steps"]


def test_the_columns_of_a_revision(cluster: ControlPlane, namespace: str) -> None:
    workflow = {"apiVersion": "stepward.dev/v1alpha1", "kind": "Workflow", "metadata": {"name": "order"}}
    made = cluster.admin().create(
        f"{GROUP}/namespaces/{namespace}/workflows", {**workflow, "spec": {"source": "main: {return: 1}"}}
    )
    # The garbage collector takes what names an owner that does not exist.
    uid = made["metadata"]["uid"]
    owner = {"apiVersion": "stepward.dev/v1alpha1", "kind": "Workflow", "name": "order", "uid": uid}
    cluster.admin().create(
        f"{GROUP}/namespaces/{namespace}/workflowrevisions",
        {
            "apiVersion": "stepward.dev/v1alpha1",
            "kind": "WorkflowRevision",
            "metadata": {"name": "order-0123456789", "ownerReferences": [owner]},
            "spec": {"source": "main: {return: 1}", "workflowUID": uid},
        },
    )
    columns, cells = table(cluster, f"{GROUP}/namespaces/{namespace}/workflowrevisions")
    assert columns == {"Name": 0, "Workflow": 0, "Age": 0}
    assert cells[:2] == ["order-0123456789", "order"]


@pytest.mark.parametrize(
    "selector, names",
    [
        ("status.state=Failed", ["b"]),
        ("status.state=", ["fresh"]),
        ("status.state!=Succeeded,status.state!=Failed", ["fresh"]),
        ("spec.workflowRef.name=order", ["a", "b"]),
    ],
)
def test_executions_are_selected_by_field(
    selector: str, names: list[str], cluster: ControlPlane, namespace: str
) -> None:
    put_execution(cluster, namespace, "a", "order", state="Succeeded")
    put_execution(cluster, namespace, "b", "order", state="Failed")
    put_execution(cluster, namespace, "fresh", "other")
    found = cluster.admin().get(f"{GROUP}/namespaces/{namespace}/executions", fieldSelector=selector)
    assert [item["metadata"]["name"] for item in found["items"]] == names


def test_other_fields_cannot_be_selected(cluster: ControlPlane, namespace: str) -> None:
    with pytest.raises(ApiError, match="field label not supported"):
        cluster.admin().get(f"{GROUP}/namespaces/{namespace}/executions", fieldSelector="spec.argument=1")


def test_short_names_and_categories(cluster: ControlPlane) -> None:
    resources = {
        resource["kind"]: resource
        for resource in cluster.admin().get(GROUP)["resources"]
        if "/" not in resource["name"]
    }
    assert {kind: resource["shortNames"] for kind, resource in resources.items()} == {
        "Workflow": ["swf"],
        "Execution": ["swx"],
        "WorkflowRevision": ["swr"],
    }
    # Not in `all`: a busy namespace has thousands of executions.
    assert {kind: resource.get("categories") for kind, resource in resources.items()} == {
        "Workflow": ["stepward"],
        "Execution": ["stepward"],
        "WorkflowRevision": None,
    }
    assert all(resource["namespaced"] for resource in resources.values())
