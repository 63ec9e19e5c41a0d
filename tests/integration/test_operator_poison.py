"""Objects made to break the operator: none stops the watch, or another execution."""

import json
from collections.abc import Callable, Iterator

import pytest

import status_rules
from operating import Desk, OperatorProcess, wait_for

RETURN = "main: {params: [args], steps: [{done: {return: 1}}]}"
LEVELS = 5_000


@pytest.fixture
def busy(desk: Desk, operator: OperatorProcess) -> Iterator[Desk]:
    """A desk whose operator must still be well at the end, without one restart of its watch."""
    desk.workflow("one", RETURN)
    desk.wait_ready("one")
    yield desk
    desk.execution("healthy", "one")
    assert desk.wait_final("healthy")["state"] == "Succeeded"
    assert operator.process.poll() is None
    assert operator.probe("/readyz")[0] == 200, operator.log()
    assert operator.metric("stepward_watch_restarts_total") == 0, operator.log()
    assert operator.metric("stepward_internal_errors_total") == 0, operator.log()


@pytest.mark.parametrize(
    "argument",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        "- " * 200_000,
        "&a [*a, *a]",
        "{",
        "",
        "\x01",
        "!!python/object:os.system {}",
        "\U0001f4a9" * 120_000 + ": :",
        '"' + "x" * 400_000 + '"',
    ],
    ids=["lists", "maps", "dashes", "alias", "open", "empty", "control", "tag", "emoji", "long"],
)
def test_an_argument_that_cannot_be_read_fails_its_execution_alone(busy: Desk, argument: str) -> None:
    busy.execution("poison", "one", argument=argument)
    status = busy.wait_final("poison", 60)
    assert status["state"] == "Failed", json.dumps(status)[:2_000]
    assert status["conditions"][0]["reason"] in ("ArgumentInvalid", "LimitExceeded")
    status_rules.check(busy.get("executions", "poison"))


@pytest.mark.parametrize(
    "source",
    ["[" * 60_000, "a: " * 40_000, "- " * 60_000, "\U0001f4a9" * 30_000, "main: {steps: " + "[" * 5_000],
    ids=["lists", "colons", "dashes", "emoji", "steps"],
)
def test_a_source_that_cannot_be_read_fails_its_workflow_alone(busy: Desk, source: str) -> None:
    busy.workflow("poison", source)
    body = busy.wait_ready("poison", "False")
    assert body["status"]["conditions"][0]["reason"] == "WorkflowInvalid"
    status_rules.check(body)


def deep_list(desk: Desk, name: str) -> bytes:
    """Return a status write with a result so deep that Python's JSON readers give up on it."""
    body = desk.get("executions", name)
    body["status"] = {"state": "Active", "result": "DEEP"}
    return json.dumps(body).replace('"DEEP"', "[" * LEVELS + "]" * LEVELS).encode()


def wide_status(desk: Desk, name: str) -> bytes:
    body = desk.get("executions", name)
    body["status"] = {"state": "Active", "result": {f"key-{n}": n for n in range(20_000)}}
    return json.dumps(body).encode()


def odd_status(desk: Desk, name: str) -> bytes:
    body = desk.get("executions", name)
    body["status"] = {
        "state": "Queued",
        "holder": "x" * 253,
        "observedGeneration": 2**62,
        "conditions": [],
        "workflowUID": "\u202e" * 60,
        "result": None,
    }
    return json.dumps(body).encode()


@pytest.mark.parametrize("poison", [deep_list, wide_status, odd_status])
def test_a_status_that_somebody_else_wrote_does_not_stop_the_others(
    busy: Desk, operator: OperatorProcess, poison: Callable[[Desk, str], bytes]
) -> None:
    busy.execution("poison", "nothing")
    busy.wait_state("poison", "Queued", "WorkflowNotFound")
    code, answer = busy.api._send(  # noqa: SLF001 - bytes that the client's own JSON could not make
        "PUT",
        f"{busy.path}/executions/poison/status",
        poison(busy, "poison"),
        {"Content-Type": "application/json"},
    )
    assert code == 200, answer[:500]
    for number in range(3):
        busy.execution(f"run-{number}", "one")
        assert busy.wait_final(f"run-{number}")["state"] == "Succeeded"
    audits = operator.metric("stepward_audits_total")
    wait_for("an audit", lambda: operator.metric("stepward_audits_total") > audits or None)


def test_a_poisoned_object_does_not_stop_the_operator_from_starting(
    desk: Desk, start_operator: Callable[..., OperatorProcess]
) -> None:
    desk.execution("poison", "nothing")
    code, _ = desk.api._send(  # noqa: SLF001 - as above
        "PUT",
        f"{desk.path}/executions/poison/status",
        deep_list(desk, "poison"),
        {"Content-Type": "application/json"},
    )
    assert code == 200
    operator = start_operator()
    desk.workflow("one", RETURN)
    desk.execution("healthy", "one")
    assert desk.wait_final("healthy")["state"] == "Succeeded"
    assert operator.metric("stepward_watch_restarts_total") == 0


def test_metadata_of_every_kind_is_let_alone(busy: Desk) -> None:
    metadata = {
        "annotations": {f"key-{n}": "\u0000\u202e{}[]" * 100 for n in range(100)},
        "labels": {"stepward.dev/workflow": "other"},
        "finalizers": ["example.com/mine"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "Workflow", "name": "x", "uid": "not-a-uid"}],
    }
    busy.execution("decorated", "one")
    before = busy.wait_final("decorated")
    busy.api.merge(f"{busy.path}/executions/decorated", {"metadata": {"finalizers": ["example.com/mine"]}})
    busy.edit("executions", "decorated", ttlSecondsAfterFinished=0)
    wait_for(
        "it is being deleted",
        lambda: "deletionTimestamp" in busy.get("executions", "decorated")["metadata"] or None,
    )
    assert busy.get("executions", "decorated")["metadata"]["finalizers"] == ["example.com/mine"]
    assert before["state"] == "Succeeded"
    del metadata
    busy.api.merge(f"{busy.path}/executions/decorated", {"metadata": {"finalizers": None}})
    busy.wait_gone("executions", "decorated")
