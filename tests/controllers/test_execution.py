"""What is decided about an Execution: a table."""

from dataclasses import replace
from typing import Any

import pytest

import fakecluster
from stepward.controllers import execution as decisions
from stepward.controllers.workflow import Availability, Blocked, Serving, Unknown
from stepward.kube import resources
from stepward.kube.reasons import Reason

NOW = 1_000.0
SERVING = Serving("wf-uid", "wf-1", None, (), 1)
SUSPENDED = Blocked(Reason.WORKFLOW_SUSPENDED, "suspended", "wf-uid")
NEW = fakecluster.EXECUTION
ACTIVE = replace(NEW, state="Active", holder="other")
DONE = replace(NEW, state="Succeeded", ended=950.0, status={"state": "Succeeded", "observedGeneration": 1})


def queued(reason: Reason, message: str, uid: str = "wf-uid") -> resources.Execution:
    conditions = [{"type": "Succeeded", "reason": reason.value, "message": message, "observedGeneration": 1}]
    status = {"state": "Queued", "observedGeneration": 1, "conditions": conditions}
    return replace(NEW, state="Queued", status=status, workflow_uid=uid)


def decide(execution: resources.Execution, available: Availability | None, **more: Any) -> decisions.Plan:
    return decisions.decide(decisions.Observed(execution, available, NOW, **more))


@pytest.mark.parametrize(
    "execution, available, running, plan",
    [
        (NEW, SERVING, False, decisions.Start(SERVING)),
        (NEW, None, False, decisions.Find()),
        (NEW, Unknown(), False, decisions.Nothing()),
        (NEW, SUSPENDED, False, decisions.Wait(SUSPENDED.reason, "suspended", "wf-uid")),
        (NEW, SERVING, True, decisions.Nothing()),
        (queued(Reason.WORKFLOW_SUSPENDED, "suspended"), SERVING, False, decisions.Start(SERVING)),
        (queued(Reason.WORKFLOW_SUSPENDED, "suspended"), SUSPENDED, False, decisions.Nothing()),
        (
            queued(Reason.WORKFLOW_INVALID, "bad"),
            SUSPENDED,
            False,
            decisions.Wait(SUSPENDED.reason, "suspended", "wf-uid"),
        ),
        (
            queued(Reason.WORKFLOW_SUSPENDED, "suspended", "old-uid"),
            SUSPENDED,
            False,
            decisions.Wait(SUSPENDED.reason, "suspended", "wf-uid"),
        ),
        (replace(NEW, deleting=True), SERVING, False, decisions.Nothing()),
        (ACTIVE, SERVING, False, decisions.End(decisions.LOST)),
        (ACTIVE, None, False, decisions.End(decisions.LOST)),
        (ACTIVE, SERVING, True, decisions.Nothing()),
        (DONE, SERVING, False, decisions.Nothing()),
        (DONE, SERVING, True, decisions.Abandon()),
        (replace(DONE, generation=2), None, False, decisions.Acknowledge()),
        (replace(DONE, generation=2, deleting=True), None, False, decisions.Nothing()),
        (replace(DONE, ttl_seconds=51), None, False, decisions.Nothing()),
        (replace(DONE, ttl_seconds=50), None, False, decisions.Delete()),
        (replace(DONE, ttl_seconds=0, generation=2), None, False, decisions.Delete()),
        (replace(DONE, ttl_seconds=50, deleting=True), None, False, decisions.Nothing()),
        (replace(DONE, ttl_seconds=50, ended=None), None, False, decisions.Nothing()),
        (replace(DONE, cancel=True), None, False, decisions.Nothing()),
    ],
)
def test_decisions(
    execution: resources.Execution,
    available: Availability | None,
    running: bool,  # noqa: FBT001 - a table
    plan: decisions.Plan,
) -> None:
    assert decide(execution, available, running=running) == plan


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(
    "execution, reason",
    [
        (replace(NEW, cancel=True), Reason.CANCELLED),
        (replace(ACTIVE, cancel=True), Reason.CANCELLED),
        (replace(ACTIVE, deleting=True), Reason.CANCELLED),
        (replace(NEW, timeout_seconds=100), Reason.DEADLINE_EXCEEDED),
        (replace(ACTIVE, timeout_seconds=100), Reason.DEADLINE_EXCEEDED),
        (replace(ACTIVE, timeout_seconds=100, cancel=True), Reason.CANCELLED),
    ],
)
def test_what_must_end_is_stopped_if_it_runs_here_and_ended_if_not(
    execution: resources.Execution, reason: Reason, *, running: bool
) -> None:
    plan = decide(execution, SERVING, running=running)
    assert isinstance(plan, decisions.Stop if running else decisions.End)
    assert plan.stopped.reason is reason


def test_a_claim_whose_answer_was_lost_is_made_again() -> None:
    assert decide(ACTIVE, SERVING, unstarted=True) == decisions.Start(SERVING)


def test_the_next_moment_is_the_deadline_and_then_the_end_of_life() -> None:
    assert decisions.next_moment(NEW) is None
    assert decisions.next_moment(replace(NEW, timeout_seconds=5)) == 905.0
    assert decisions.next_moment(DONE) is None
    assert decisions.next_moment(replace(DONE, ttl_seconds=5, timeout_seconds=1)) == 955.0


def test_not_found_names_workflow_and_namespace() -> None:
    plan = decisions.not_found(NEW)
    assert isinstance(plan, decisions.Wait)
    assert plan.message == "there is no workflow 'wf' in namespace 'ns'"
