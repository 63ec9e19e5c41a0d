"""Workflows and executions from end to end: the operator as a process, on a real API server."""

import json
from typing import Any

import pytest

import status_rules
from operating import Desk, OperatorProcess, reason_of, state_of, wait_for, writes

ECHO = """
main:
  params: [args]
  steps:
    - fetch:
        call: http.get
        args:
          url: ${"http://SERVICE" + args.path}
        result: answer
    - done:
        return:
          greeting: ${answer.body.greeting}
          args: ${args}
          execution: ${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}
          revision: ${sys.get_env("GOOGLE_CLOUD_WORKFLOW_REVISION_ID")}
          stage: ${sys.get_env("STAGE")}
"""

SLEEP = """
main:
  steps:
    - nap:
        call: sys.sleep
        args:
          seconds: 120
"""

RETURN = "main: {steps: [{done: {return: 1}}]}"


@pytest.fixture
def echo(service: str) -> str:
    return ECHO.replace("SERVICE", service)


def succeeded(desk: Desk, name: str) -> dict[str, Any]:
    status = desk.wait_final(name)
    assert status["state"] == "Succeeded", json.dumps(status, indent=1)
    return status


@pytest.mark.usefixtures("operator")
def test_an_execution_ends_with_its_result_in_the_status(desk: Desk, echo: str) -> None:
    desk.workflow("greet", echo, env=[{"name": "STAGE", "value": "test"}])
    workflow = desk.wait_ready("greet")
    desk.execution("one", "greet", argument="{path: /ok, id: 7}")
    status = succeeded(desk, "one")
    revision = workflow["status"]["latestRevision"]
    assert status["result"] == {
        "greeting": "hello",
        "args": {"path": "/ok", "id": 7},
        "execution": "one",
        "revision": revision,
        "stage": "test",
    }
    assert status["workflowRevision"] == revision
    assert status["workflowUID"] == workflow["metadata"]["uid"]
    assert desk.get("workflowrevisions", revision)["spec"]["source"] == echo
    status_rules.check(desk.get("executions", "one"))
    status_rules.check(workflow)


@pytest.mark.usefixtures("operator")
def test_an_error_tells_step_and_line(desk: Desk, echo: str) -> None:
    desk.workflow("greet", echo)
    desk.execution("one", "greet", argument='{"path": "/missing"}')
    status = desk.wait_state("one", "Failed", "Failed")
    error = status["error"]
    assert error["payload"]["code"] == 404
    assert error["payload"]["body"] == {"error": "no such thing"}
    assert error["stackTrace"][0]["step"] == "fetch"
    assert error["stackTrace"][0]["routine"] == "main"
    line = error["stackTrace"][0]["position"]["line"]
    assert echo.splitlines()[line - 1].strip().startswith("call:")
    message = status["conditions"][0]["message"]
    assert message.startswith(f"step 'fetch' (line {line}): ")
    assert "\n" not in message
    assert status["currentSteps"] == [{"routine": "main", "step": "fetch"}]
    status_rules.check(desk.get("executions", "one"))


@pytest.mark.usefixtures("operator")
def test_two_writes_for_each_execution_and_none_by_kopf(desk: Desk, echo: str) -> None:
    desk.workflow("greet", echo)
    desk.wait_ready("greet")
    before = writes(desk.plane)
    names = [f"run-{number}" for number in range(20)]
    for name in names:
        desk.execution(name, "greet", argument='{"path": "/ok"}')
    for name in names:
        succeeded(desk, name)
    after = writes(desk.plane)
    done = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    ours = {key: count for key, count in done.items() if key[1] in ("executions", "workflows", "events")}
    assert ours == {("POST", "executions", ""): 20, ("PUT", "executions", "status"): 40}


@pytest.mark.usefixtures("operator")
def test_a_workflow_that_does_not_change_is_written_twice_in_all(desk: Desk) -> None:
    before = writes(desk.plane)
    desk.workflow("one", RETURN)
    desk.wait_ready("one")
    desk.api.merge(f"{desk.path}/workflows/one", {"metadata": {"labels": {"touched": "yes"}}})
    desk.execution("after", "one")
    succeeded(desk, "after")
    after = writes(desk.plane)
    assert after["POST", "workflowrevisions", ""] - before.get(("POST", "workflowrevisions", ""), 0) == 1
    assert after["PUT", "workflows", "status"] - before.get(("PUT", "workflows", "status"), 0) == 1


@pytest.mark.usefixtures("operator")
def test_a_running_execution_is_cancelled(desk: Desk) -> None:
    desk.workflow("nap", SLEEP)
    desk.execution("one", "nap")
    desk.wait_state("one", "Active")
    desk.edit("executions", "one", desiredState="Cancelled")
    status = desk.wait_state("one", "Cancelled", "Cancelled")
    assert status["observedGeneration"] == 2
    assert status["currentSteps"] == [{"routine": "main", "step": "nap"}]
    status_rules.check(desk.get("executions", "one"))


@pytest.mark.usefixtures("operator")
def test_a_queued_execution_is_cancelled(desk: Desk) -> None:
    desk.execution("one", "nothing")
    desk.wait_state("one", "Queued", "WorkflowNotFound")
    desk.edit("executions", "one", desiredState="Cancelled")
    status = desk.wait_state("one", "Cancelled", "Cancelled")
    assert "startTime" not in status
    status_rules.check(desk.get("executions", "one"))


@pytest.mark.usefixtures("operator")
def test_a_running_execution_fails_when_its_time_is_over(desk: Desk) -> None:
    desk.workflow("nap", SLEEP)
    desk.wait_ready("nap")
    desk.execution("one", "nap", timeoutSeconds=1)
    status = desk.wait_state("one", "Failed", "DeadlineExceeded")
    assert "startTime" in status
    status_rules.check(desk.get("executions", "one"))


@pytest.mark.usefixtures("operator")
def test_a_queued_execution_fails_when_its_time_is_over(desk: Desk) -> None:
    desk.execution("one", "nothing", timeoutSeconds=2)
    desk.wait_state("one", "Queued", "WorkflowNotFound")
    status = desk.wait_state("one", "Failed", "DeadlineExceeded")
    assert "startTime" not in status


@pytest.mark.usefixtures("operator")
def test_a_finished_execution_goes_when_its_time_to_live_is_over(desk: Desk) -> None:
    desk.workflow("one", RETURN)
    desk.execution("short", "one", ttlSecondsAfterFinished=1)
    desk.execution("long", "one")
    succeeded(desk, "long")
    desk.wait_gone("executions", "short")
    assert desk.exists("executions", "long")


@pytest.mark.usefixtures("operator")
def test_an_edit_of_a_finished_execution_is_observed(desk: Desk) -> None:
    desk.workflow("one", RETURN)
    desk.execution("done", "one")
    succeeded(desk, "done")
    desk.edit("executions", "done", desiredState="Cancelled")

    def observed(body: dict[str, Any]) -> bool:
        seen = [row["observedGeneration"] for row in body["status"]["conditions"]]
        return {*seen, body["status"]["observedGeneration"]} == {2}

    body = desk.wait("executions", "done", observed)
    assert state_of(body) == "Succeeded"
    desk.edit("executions", "done", ttlSecondsAfterFinished=0)
    desk.wait_gone("executions", "done")


@pytest.mark.usefixtures("operator")
def test_an_execution_waits_for_its_workflow(desk: Desk) -> None:
    desk.execution("one", "late")
    desk.wait_state("one", "Queued", "WorkflowNotFound")
    desk.workflow("late", "main: {steps: [{done: {next: nowhere}}]}")
    status = desk.wait_state("one", "Queued", "WorkflowInvalid")
    assert "nowhere" in status["conditions"][0]["message"]
    desk.edit("workflows", "late", source=RETURN, suspend=True)
    desk.wait_state("one", "Queued", "WorkflowSuspended")
    assert reason_of(desk.wait_ready("late")) == "Suspended"
    desk.edit("workflows", "late", suspend=False)
    succeeded(desk, "one")


@pytest.mark.usefixtures("operator")
def test_a_bad_edit_keeps_the_last_good_revision_serving(desk: Desk) -> None:
    desk.workflow("one", RETURN)
    good = desk.wait_ready("one")["status"]["latestRevision"]
    desk.edit("workflows", "one", source="main:\n  steps:\n    - a:\n        return: ${nothing}\n")
    body = desk.wait_ready("one", "False")
    condition = body["status"]["conditions"][0]
    assert condition["reason"] == "WorkflowInvalid"
    assert condition["message"].startswith("4:")
    assert "nothing" in condition["message"]
    assert body["status"]["latestRevision"] == good
    status_rules.check(body)
    desk.execution("after", "one")
    assert succeeded(desk, "after")["workflowRevision"] == good
    desk.edit("workflows", "one", source="main: {steps: [{done: {return: 2}}]}")
    desk.wait_ready("one")
    desk.execution("mended", "one")
    assert succeeded(desk, "mended")["result"] == 2


@pytest.mark.usefixtures("operator")
def test_a_running_execution_keeps_the_revision_it_started_with(desk: Desk) -> None:
    desk.workflow(
        "one", "main: {steps: [{nap: {call: sys.sleep, args: {seconds: 2}}}, {done: {return: old}}]}"
    )
    old = desk.wait_ready("one")["status"]["latestRevision"]
    desk.execution("first", "one")
    desk.wait_state("first", "Active")
    desk.edit("workflows", "one", source=RETURN)
    assert desk.wait_ready("one")["status"]["latestRevision"] != old
    status = succeeded(desk, "first")
    assert status["result"] == "old"
    assert status["workflowRevision"] == old


@pytest.mark.usefixtures("operator")
def test_old_revisions_are_pruned(desk: Desk) -> None:
    desk.workflow("one", "main: {steps: [{done: {return: 0}}]}", revisionHistoryLimit=1)
    desk.wait_ready("one")
    for number in range(1, 4):
        desk.edit("workflows", "one", source=f"main: {{steps: [{{done: {{return: {number}}}}}]}}")
        latest = desk.wait_ready("one")["status"]["latestRevision"]
    desk.execution("after", "one")
    succeeded(desk, "after")

    def kept() -> list[str]:
        return [row["metadata"]["name"] for row in desk.api.get(f"{desk.path}/workflowrevisions")["items"]]

    wait_for("two are left", lambda: len(kept()) == 2 or None)
    assert latest in kept()


@pytest.mark.usefixtures("operator")
def test_deleting_a_workflow_deletes_its_executions(desk: Desk) -> None:
    desk.workflow("doomed", RETURN)
    desk.workflow("other", RETURN)
    desk.workflow("nap", SLEEP)
    desk.execution("finished", "doomed")
    desk.execution("kept", "other")
    desk.execution("running", "nap")
    succeeded(desk, "finished")
    succeeded(desk, "kept")
    desk.wait_state("running", "Active")
    desk.edit("workflows", "nap", suspend=True)
    desk.execution("queued", "nap")
    desk.wait_state("queued", "Queued", "WorkflowSuspended")
    desk.delete("workflows", "doomed")
    desk.delete("workflows", "nap")
    for name in ("finished", "running", "queued"):
        desk.wait_gone("executions", name)
    assert desk.exists("executions", "kept")


def test_deleting_an_execution_stops_it(desk: Desk, operator: OperatorProcess) -> None:
    desk.workflow("nap", SLEEP)
    desk.execution("one", "nap")
    desk.wait_state("one", "Active")
    assert operator.metric("stepward_executions_active") == 1
    desk.delete("executions", "one")
    desk.wait_gone("executions", "one")
    wait_for("it stopped", lambda: operator.metric("stepward_executions_active") == 0 or None)


@pytest.mark.usefixtures("operator")
def test_progress_is_written_when_it_runs_longer_than_five_seconds(desk: Desk) -> None:
    desk.workflow("nap", "main: {steps: [{a: {call: sys.sleep, args: {seconds: 6}}}, {done: {return: 1}}]}")
    desk.wait_ready("nap")
    before = writes(desk.plane)
    desk.execution("one", "nap")
    status = desk.wait_state("one", "Active", "Sleeping")
    assert status["currentSteps"] == [{"routine": "main", "step": "a"}]
    status_rules.check(desk.get("executions", "one"))
    succeeded(desk, "one")
    key = ("PUT", "executions", "status")
    assert writes(desk.plane)[key] - before.get(key, 0) == 3


@pytest.mark.usefixtures("operator")
def test_a_large_result_is_kept_as_text_and_one_that_does_not_fit_fails(desk: Desk) -> None:
    source = """
main:
  params: [n]
  steps:
    - init: {assign: [{out: []}]}
    - grow:
        for:
          value: i
          range: [1, "${n}"]
          steps:
            - add: {assign: [{out: '${list.concat(out, "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<")}'}]}
    - done: {return: "${out}"}
"""
    desk.workflow("grow", source)
    desk.execution("text", "grow", argument="2000")
    status = succeeded(desk, "text")
    assert "result" not in status
    assert len(json.loads(status["resultText"])) == 2000
    desk.execution("too-large", "grow", argument="8000")
    status = desk.wait_final("too-large", 60)
    assert status["conditions"][0]["reason"] == "ResultTooLarge"
    status_rules.check(desk.get("executions", "too-large"))


@pytest.mark.usefixtures("operator")
def test_others_may_write_metadata_while_it_runs(desk: Desk) -> None:
    desk.workflow("nap", "main: {steps: [{a: {call: sys.sleep, args: {seconds: 1}}}, {done: {return: 1}}]}")
    desk.wait_ready("nap")
    desk.execution("one", "nap")
    desk.wait_state("one", "Active")
    for number in range(20):
        desk.api.merge(f"{desk.path}/executions/one", {"metadata": {"labels": {"touched": str(number)}}})
    assert succeeded(desk, "one")["result"] == 1
