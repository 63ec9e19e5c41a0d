"""The server drops what a schema does not know, without a word: every status of ours must come back whole."""

from collections.abc import Callable
from typing import Any

import pytest

from localcluster.api import Object
from localcluster.controlplane import ControlPlane
from stepward.controllers import status
from stepward.engine.outcome import Failed, StackElement, Succeeded
from stepward.kube import bounds, resources
from stepward.kube.reasons import Reason

NOW = 1_700_000_000.25
CLAIMED = status.Claimed(NOW, "h" * 60, "0b8cf9b8-3fd6-44d6-9b5c-44c1a1a3f0a4", "order-0123456789")
STEPS = [("main", f"step{number}") for number in range(bounds.CURRENT_STEPS)]
FRAMES = tuple(
    StackElement("s" * bounds.NAME_IN_STATUS_CHARACTERS, "r" * bounds.NAME_IN_STATUS_CHARACTERS, 1, 2, 3)
    for _ in range(bounds.STACK_ELEMENTS)
)
PAYLOAD = {"message": "HTTP 503", "code": 503, "headers": {"A": None}, "tags": ["HttpError"]}
LONG = "x" * 100_000


@pytest.fixture
def execution(cluster: ControlPlane, namespace: str) -> Object:
    """A fresh Execution, as the server has it."""
    return cluster.admin().create(
        f"/apis/stepward.dev/v1alpha1/namespaces/{namespace}/executions",
        {
            "apiVersion": "stepward.dev/v1alpha1",
            "kind": "Execution",
            "metadata": {"name": "e"},
            "spec": {"workflowRef": {"name": "w"}},
        },
    )


def view(body: Object) -> resources.Execution:
    seen = resources.read_execution(body)
    assert seen is not None
    return seen


def ended(ending: status.Ending) -> dict[str, Any]:
    return status.ended(CLAIMED, 1, ending, STEPS, NOW + 3.25, bounds.OBJECT_BYTES - 100_000)


STATUSES: dict[str, Callable[[Object], dict[str, Any]]] = {
    "queued": lambda body: status.queued(view(body), Reason.WORKFLOW_INVALID, LONG, "u" * 36, NOW),
    "claimed": lambda _: status.running(CLAIMED, 1, Reason.RUNNING, [], NOW),
    "running": lambda _: status.running(CLAIMED, 1, Reason.SLEEPING, STEPS, NOW),
    "succeeded with null": lambda _: ended(Succeeded(None)),
    "succeeded with a map": lambda _: ended(Succeeded({"a": [1, 2.5, None, True, {"b": "c"}]})),
    "succeeded with much": lambda _: ended(Succeeded(LONG)),
    "succeeded with the most there is room for": lambda _: ended(Succeeded("x" * 1_300_000)),
    "failed": lambda _: ended(Failed(PAYLOAD, LONG, FRAMES)),
    "failed with text": lambda _: ended(Failed("no", "no", FRAMES[:1])),
    "stopped": lambda _: ended(status.Stopped(resources.CANCELLED, Reason.CANCELLED, LONG)),
    "never started": lambda body: status.never_started(
        view(body), status.Stopped(resources.FAILED, Reason.DEADLINE_EXCEEDED, LONG), NOW
    ),
}


@pytest.mark.parametrize("name", STATUSES)
def test_a_status_comes_back_whole(name: str, execution: Object, cluster: ControlPlane) -> None:
    written = STATUSES[name](execution)
    metadata = execution["metadata"]
    address = f"/apis/stepward.dev/v1alpha1/namespaces/{metadata['namespace']}/executions/e/status"
    answer = cluster.admin().request(
        "PUT", address, body={**execution, "status": written}, query={"fieldValidation": "Strict"}
    )
    assert answer["status"] == written
