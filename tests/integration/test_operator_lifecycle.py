"""The operator's own life: starting, stopping, dying, and what that means for executions."""

import signal
from collections.abc import Callable
from pathlib import Path

import status_rules
from localcluster.controlplane import ControlPlane
from operating import Desk, OperatorProcess, wait_for, writes

StartOperator = Callable[..., OperatorProcess]

SLEEP = "main: {steps: [{nap: {call: sys.sleep, args: {seconds: SECONDS}}}, {done: {return: 1}}]}"
RETURN = "main: {steps: [{done: {return: 1}}]}"


def test_an_execution_found_active_is_not_run_again(desk: Desk, start_operator: StartOperator) -> None:
    first = start_operator()
    desk.workflow("nap", SLEEP.replace("SECONDS", "120"))
    desk.execution("running", "nap")
    desk.wait_state("running", "Active")
    desk.execution("waiting", "late")
    desk.wait_state("waiting", "Queued", "WorkflowNotFound")
    first.kill()
    desk.execution("unseen", "late")
    desk.workflow("late", RETURN)
    start_operator()
    lost = desk.wait_state("running", "Failed", "OperatorRestarted")
    assert "startTime" in lost
    assert desk.wait_final("waiting")["result"] == 1
    assert desk.wait_final("unseen")["result"] == 1
    status_rules.check(desk.get("executions", "running"))


def test_a_restart_alone_writes_nothing(desk: Desk, start_operator: StartOperator) -> None:
    first = start_operator()
    desk.workflow("one", RETURN)
    desk.workflow("bad", "main: {steps: []}")
    desk.wait_ready("one")
    desk.wait_ready("bad", "False")
    desk.execution("done", "one")
    desk.wait_final("done")
    desk.execution("waiting", "nothing")
    desk.wait_state("waiting", "Queued", "WorkflowNotFound")
    first.kill()
    before = writes(desk.plane)
    second = start_operator()
    wait_for("an audit", lambda: second.metric("stepward_audits_total") >= 2 or None)
    after = writes(desk.plane)
    groups = ("executions", "workflows", "workflowrevisions", "events")
    assert {key: n for key, n in after.items() if key[1] in groups and n != before.get(key, 0)} == {}


def test_a_bad_source_still_serves_its_last_good_revision_after_a_restart(
    desk: Desk, start_operator: StartOperator
) -> None:
    first = start_operator()
    desk.workflow("one", RETURN)
    good = desk.wait_ready("one")["status"]["latestRevision"]
    desk.edit("workflows", "one", source="main: {steps: [{a: {next: nowhere}}]}")
    desk.wait_ready("one", "False")
    first.kill()
    start_operator()
    desk.execution("after", "one")
    status = desk.wait_final("after")
    assert (status["state"], status["workflowRevision"]) == ("Succeeded", good)


def test_what_happened_while_no_operator_ran_is_made_up_for(
    desk: Desk, start_operator: StartOperator
) -> None:
    first = start_operator()
    for name in ("kept", "doomed"):
        desk.workflow(name, RETURN)
        desk.execution(f"of-{name}", name)
        desk.wait_final(f"of-{name}")
    desk.execution("old", "kept", ttlSecondsAfterFinished=2)
    desk.wait_final("old")
    first.kill()
    desk.delete("workflows", "doomed")
    start_operator()
    desk.wait_gone("executions", "of-doomed")
    desk.wait_gone("executions", "old")
    assert desk.exists("executions", "of-kept")


def test_sigterm_lets_what_runs_come_to_its_end(desk: Desk, start_operator: StartOperator) -> None:
    operator = start_operator()
    desk.workflow("nap", SLEEP.replace("SECONDS", "2"))
    desk.wait_ready("nap")
    desk.execution("one", "nap")
    desk.wait_state("one", "Active")
    operator.process.send_signal(signal.SIGTERM)
    wait_for("it says so", lambda: operator.probe("/readyz") == (503, "not ready: stopping\n") or None)
    desk.execution("too-late", "nap")
    assert operator.process.wait(30) == 0
    assert desk.wait_final("one")["state"] == "Succeeded"
    assert "status" not in desk.get("executions", "too-late")


def test_sigterm_ends_what_does_not_come_to_its_end(desk: Desk, start_operator: StartOperator) -> None:
    operator = start_operator("--drain-seconds", "1")
    desk.workflow("nap", SLEEP.replace("SECONDS", "120"))
    desk.execution("one", "nap")
    desk.wait_state("one", "Active")
    assert operator.terminate() == 0
    status = desk.wait_state("one", "Failed", "OperatorRestarted")
    assert status["currentSteps"] == [{"routine": "main", "step": "nap"}]


def test_more_than_the_limit_wait_their_turn(desk: Desk, start_operator: StartOperator) -> None:
    operator = start_operator("--concurrency", "2")
    desk.workflow("nap", SLEEP.replace("SECONDS", "1"))
    desk.wait_ready("nap")
    for number in range(5):
        desk.execution(f"run-{number}", "nap")
    wait_for("a backlog", lambda: operator.metric("stepward_executions_backlog") == 3 or None)
    assert operator.metric("stepward_executions_active") == 2
    for number in range(5):
        assert desk.wait_final(f"run-{number}")["state"] == "Succeeded"


def test_an_operator_without_namespaces_serves_all(cluster: ControlPlane, desk: Desk, tmp_path: Path) -> None:
    with OperatorProcess(cluster, tmp_path / "all.log") as operator:
        operator.wait_ready()
        desk.workflow("one", RETURN)
        desk.execution("one", "one")
        assert desk.wait_final("one")["state"] == "Succeeded"
        assert operator.terminate() == 0


def test_a_kubeconfig_that_is_not_there_ends_the_operator_with_a_message(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    log = tmp_path / "operator.log"
    with OperatorProcess(cluster, log, "--kubeconfig", str(tmp_path / "none")) as operator:
        assert operator.process.wait(30) == 1
        assert "cannot use the kubeconfig" in operator.log()
