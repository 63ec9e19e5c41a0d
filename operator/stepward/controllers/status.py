"""The status of an Execution, as a pure projection of what happened. Nobody else writes one.

Every function returns a whole status, bounded in bytes: what is not in it is gone from the object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import orjson

from stepward.engine import outcome as outcomes
from stepward.kube import bounds, conditions, resources
from stepward.kube.conditions import Condition
from stepward.kube.reasons import Reason
from stepward.telemetry.redaction import paragraph, presentable

Status: TypeAlias = dict[str, Any]
Steps: TypeAlias = Sequence[tuple[str, str]]
"""Routine and step of each branch that is running."""

_ESCAPED: Final = (b"<", b">", b"&")
"""Bytes that the server stores as six."""
_SIX_BYTES: Final = 5
_KEPT_TEXT_CHARACTERS: Final = 16 * 1024
"""Of an error's payload that is too large to keep whole."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The execution ended from outside: no step decided it."""

    state: str
    reason: Reason
    message: str


Ending: TypeAlias = outcomes.Outcome | Stopped


@dataclass(frozen=True, slots=True)
class Claimed:
    """What stays the same in every status of one run."""

    started: float
    holder: str
    workflow_uid: str
    workflow_revision: str
    conditions: Sequence[Mapping[str, Any]] = field(default=())
    """As last written: the source of transition times."""

    def fields(self) -> Status:
        """Return the fields that say who runs what since when."""
        return {
            "startTime": resources.render_time(self.started),
            "workflowRevision": self.workflow_revision,
            "workflowUID": self.workflow_uid,
            "holder": self.holder,
        }


def queued(execution: resources.Execution, reason: Reason, message: str, uid: str, now: float) -> Status:
    """Return the status of an execution that cannot start; *uid* is that of its workflow, if any."""
    status: Status = {
        "state": resources.QUEUED,
        "observedGeneration": execution.generation,
        "conditions": _conditions(
            execution.conditions, _said(None, reason, message), execution.generation, now
        ),
    }
    if uid:
        status["workflowUID"] = uid
    return status


def running(claimed: Claimed, generation: int, reason: Reason, steps: Steps, now: float) -> Status:
    """Return the status of a running execution; *steps* is empty in the claim."""
    message = _running_message(reason, steps)
    return {
        **claimed.fields(),
        "state": resources.ACTIVE,
        "observedGeneration": generation,
        "conditions": _conditions(claimed.conditions, _said(None, reason, message), generation, now),
        **_current(steps),
    }


def ended(
    claimed: Claimed, generation: int, ending: Ending, steps: Steps, now: float, room_bytes: int
) -> Status:
    """Return the final status of a run. *room_bytes* is what the object has left for the result."""
    verdict = _verdict(ending, room_bytes)
    return {
        **claimed.fields(),
        **_finished(verdict, claimed.conditions, generation, now),
        "duration": render_duration(now - claimed.started),
        **({} if verdict.state == resources.SUCCEEDED else _current(verdict.steps or steps)),
    }


def never_started(execution: resources.Execution, stopped: Stopped, now: float) -> Status:
    """Return the final status of an execution that no step of ours ran for, or of a lost one."""
    carried = {
        name: execution.status[name]
        for name in ("startTime", "workflowRevision", "workflowUID", "holder", "currentSteps")
        if name in execution.status
    }
    started = resources.parse_time(execution.status.get("startTime"))
    if started is not None:
        carried["duration"] = render_duration(now - started)
    verdict = _verdict(stopped, 0)
    return {**carried, **_finished(verdict, execution.conditions, execution.generation, now)}


def acknowledged(execution: resources.Execution) -> Status:
    """Return the status of a finished execution with nothing new but the generation it has observed."""
    return {
        **execution.status,
        "observedGeneration": execution.generation,
        "conditions": conditions.observed(execution.conditions, execution.generation),
    }


def reason_of(status: Mapping[str, Any]) -> str:
    """Return the reason of the first condition, for metrics and logs."""
    return str(status["conditions"][0]["reason"])


def message_of(status: Mapping[str, Any]) -> str:
    """Return the message of the first condition, for logs."""
    return str(status["conditions"][0]["message"])


def condition_message(message: str) -> str:
    """Return *message* as a condition has it."""
    return presentable(message, bounds.MESSAGE_CHARACTERS)


def render_duration(seconds: float) -> str:
    """Return *seconds* as the API writes a duration: `3.250s`."""
    return f"{max(seconds, 0.0):.3f}s"


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How it ended, ready to be written."""

    state: str
    reason: Reason
    message: str
    extra: Status
    steps: Steps = ()


def _verdict(ending: Ending, room_bytes: int) -> _Verdict:
    match ending:
        case outcomes.Succeeded(value):
            return _success(value, room_bytes)
        case outcomes.Failed():
            return _failure(ending)
        case Stopped(state, reason, message):
            error = {"context": presentable(message, bounds.MESSAGE_CHARACTERS), "stackTrace": []}
            return _Verdict(state, reason, message, {"error": error})


def _success(value: Any, room_bytes: int) -> _Verdict:
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeError) as error:
        # Bytes have no JSON form; neither has half a surrogate pair (language.md 10.2).
        context = f"TypeError: the result cannot be written as JSON: {error}"
        payload = {"message": context, "tags": ["TypeError"]}
        return _failure(outcomes.Failed(payload, context, ()))
    native = len(text) <= bounds.RESULT_NATIVE_BYTES and _depth(value) <= bounds.RESULT_NATIVE_DEPTH
    stored = text if native else orjson.dumps(text.decode())
    if stored_bytes(stored) > room_bytes:
        message = f"the result takes {stored_bytes(stored):,} bytes; an object has room for {room_bytes:,}"
        stopped = Stopped(resources.FAILED, Reason.RESULT_TOO_LARGE, message)
        return _verdict(stopped, room_bytes)
    extra: Status = {"result": value} if native else {"resultText": text.decode()}
    return _Verdict(resources.SUCCEEDED, Reason.COMPLETED, "The workflow returned.", extra)


def _failure(failed: outcomes.Failed) -> _Verdict:
    stack = failed.stack[: bounds.STACK_ELEMENTS]
    context = paragraph(failed.context, bounds.ERROR_CONTEXT_CHARACTERS)
    error = {
        "payload": _payload(failed.payload),
        "context": context,
        "stackTrace": [_element(element) for element in stack],
    }
    tags = failed.payload.get("tags") if isinstance(failed.payload, dict) else None
    limit = isinstance(tags, list) and "ResourceLimitError" in tags
    reason = Reason.LIMIT_EXCEEDED if limit else Reason.FAILED
    first = context.partition("\n")[0]
    where = f"step '{stack[0].step}' (line {stack[0].line}): " if stack else ""
    message = presentable(where + first, bounds.MESSAGE_CHARACTERS)
    steps = [(stack[0].routine, stack[0].step)] if stack else []
    return _Verdict(resources.FAILED, reason, message, {"error": error}, steps)


def _payload(payload: Any) -> Any:
    """Return the raised value, native where it fits, else the head of its JSON text."""
    try:
        text = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeError):
        return "(a value that has no JSON form)"
    if len(text) <= bounds.ERROR_PAYLOAD_BYTES and _depth(payload) <= bounds.RESULT_NATIVE_DEPTH:
        return payload
    return presentable(text.decode(), _KEPT_TEXT_CHARACTERS)


def _element(element: outcomes.StackElement) -> Status:
    return {
        "step": _name(element.step),
        "routine": _name(element.routine),
        "position": {"line": element.line, "column": element.column, "length": element.length},
    }


def _finished(
    verdict: _Verdict, previous: Sequence[Mapping[str, Any]], generation: int, now: float
) -> Status:
    return {
        "state": verdict.state,
        "observedGeneration": generation,
        "endTime": resources.render_time(now),
        "conditions": _conditions(
            previous, _said(verdict.state, verdict.reason, verdict.message), generation, now
        ),
        **verdict.extra,
    }


def _conditions(
    previous: Sequence[Mapping[str, Any]], succeeded: Condition, generation: int, now: float
) -> list[dict[str, Any]]:
    """Return both conditions: `Finished` says the same, and is true once `Succeeded` is decided."""
    finished = replace(succeeded, type=conditions.FINISHED, status=succeeded.status is not None)
    wanted = (succeeded, finished)
    return conditions.merge(previous, wanted, generation, resources.render_second(now))


def _said(final_state: str | None, reason: Reason, message: str) -> Condition:
    """Return the condition `Succeeded`; *final_state* None: that is not decided yet."""
    succeeded = None if final_state is None else final_state == resources.SUCCEEDED
    return Condition(conditions.SUCCEEDED, succeeded, reason, condition_message(message))


def _running_message(reason: Reason, steps: Steps) -> str:
    if not steps:
        return "Started."
    doing = {Reason.SLEEPING: "sleeps", Reason.RETRYING: "waits for its next attempt"}.get(
        reason, "is running"
    )
    others = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
    return f"step '{_name(steps[0][1])}'{others} {doing}"


def _current(steps: Steps) -> Status:
    if not steps:
        return {}
    rows = steps[: bounds.CURRENT_STEPS]
    return {"currentSteps": [{"routine": _name(routine), "step": _name(step)} for routine, step in rows]}


def _name(name: str) -> str:
    return presentable(name, bounds.NAME_IN_STATUS_CHARACTERS)


def _depth(value: Any) -> int:
    """Return the nesting of a value; containers of the language know theirs."""
    known = getattr(value, "depth", None)
    if known is not None:
        return int(known)
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def stored_bytes(text: bytes) -> int:
    """Return how many bytes the JSON *text* takes in the server's storage."""
    return len(text) + _SIX_BYTES * sum(text.count(byte) for byte in _ESCAPED)


def room_bytes(execution: resources.Execution) -> int:
    """Return how many bytes the object of *execution* has left for a result."""
    argument = orjson.dumps(execution.argument) if execution.argument is not None else b""
    return bounds.OBJECT_BYTES - bounds.STATUS_SPARE_BYTES - stored_bytes(argument)
