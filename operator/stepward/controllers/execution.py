"""Executions: what to do about each, and doing it.

`decide` is pure and level-based: it looks at one Execution as it was read, at what may be started of
its Workflow, and at whether it is in our hands. `Executions` asks it after every change and carries
out the plan, one execution at a time apart from all others.
"""

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from stepward.controllers import status
from stepward.controllers.workflow import Availability, Blocked, Serving, Unknown
from stepward.kube import resources
from stepward.kube.reasons import Reason


@dataclass(frozen=True, slots=True)
class Nothing:
    """All is as it should be, until something changes."""


@dataclass(frozen=True, slots=True)
class Start:
    """Claim it and run it."""

    serving: Serving


@dataclass(frozen=True, slots=True)
class Wait:
    """It cannot start: say why."""

    reason: Reason
    message: str
    workflow_uid: str


@dataclass(frozen=True, slots=True)
class Find:
    """Its Workflow has not been seen: read it before saying that there is none."""


@dataclass(frozen=True, slots=True)
class Stop:
    """It runs in our hands and must end."""

    stopped: status.Stopped


@dataclass(frozen=True, slots=True)
class End:
    """It does not run in our hands and must end."""

    stopped: status.Stopped


@dataclass(frozen=True, slots=True)
class Abandon:
    """It runs in our hands, but the object says it is over: somebody else's doing."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """It is over, and its spec was edited: say that this was seen."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Its time to live is over."""


Plan: TypeAlias = Nothing | Start | Wait | Find | Stop | End | Abandon | Acknowledge | Delete


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision rests on."""

    execution: resources.Execution
    available: Availability | None
    """None: no Workflow of that name was seen."""
    now: float
    running: bool = False
    """It is in the hands of this process."""
    unstarted: bool = False
    """It is claimed by this process, which has run nothing of it: the claim's answer was lost."""


def decide(observed: Observed) -> Plan:
    """Return what to do about an Execution."""
    execution = observed.execution
    if execution.finished:
        return _decide_finished(observed)
    ending = _ending(execution, observed.now)
    if ending is not None:
        return Stop(ending) if observed.running else End(ending)
    if observed.running or execution.deleting:
        return Nothing()
    if execution.state == resources.ACTIVE and not observed.unstarted:
        return End(LOST)
    available = observed.available
    match available:
        case None:
            return Find()
        case Unknown():
            return Nothing()
        case Serving():
            return Start(available)
        case Blocked(reason, message, uid):
            return _wait(execution, reason, message, uid)
        case _:
            assert_never(available)


def not_found(execution: resources.Execution) -> Plan:
    """Return what to do when there is no Workflow of that name, as the API server says."""
    message = f"there is no workflow '{execution.workflow}' in namespace '{execution.ref.namespace}'"
    return _wait(execution, Reason.WORKFLOW_NOT_FOUND, message, "")


def next_moment(execution: resources.Execution) -> float | None:
    """Return when to look at the Execution again though nothing changes."""
    if not execution.finished:
        return execution.deadline
    if execution.ttl_seconds is None or execution.ended is None:
        return None
    return execution.ended + execution.ttl_seconds


LOST = status.Stopped(
    resources.FAILED,
    Reason.OPERATOR_RESTARTED,
    "the operator stopped while the execution was running; it was not run again,"
    " because its steps may have had effects",
)


def _decide_finished(observed: Observed) -> Plan:
    execution = observed.execution
    if observed.running:
        return Abandon()
    moment = next_moment(execution)
    if moment is not None and observed.now >= moment and not execution.deleting:
        return Delete()
    if execution.observed_generation < execution.generation and not execution.deleting:
        return Acknowledge()
    return Nothing()


def _ending(execution: resources.Execution, now: float) -> status.Stopped | None:
    """Return how an unfinished Execution must end now, if it must."""
    if execution.cancel:
        return status.Stopped(
            resources.CANCELLED, Reason.CANCELLED, "cancelled because spec.desiredState is Cancelled"
        )
    if execution.deleting and execution.state == resources.ACTIVE:
        return status.Stopped(resources.CANCELLED, Reason.CANCELLED, "cancelled because it is being deleted")
    if execution.deadline is not None and now >= execution.deadline:
        return status.Stopped(
            resources.FAILED,
            Reason.DEADLINE_EXCEEDED,
            f"not finished {execution.timeout_seconds} s after its creation (spec.timeoutSeconds)",
        )
    return None


def _wait(execution: resources.Execution, reason: Reason, message: str, uid: str) -> Plan:
    said = execution.conditions[0] if execution.conditions else {}
    unchanged = (
        execution.state == resources.QUEUED
        and said.get("reason") == reason.value
        and said.get("message") == status.condition_message(message)
        and execution.observed_generation >= execution.generation
        and (not uid or execution.workflow_uid == uid)
    )
    return Nothing() if unchanged else Wait(reason, message, uid)
