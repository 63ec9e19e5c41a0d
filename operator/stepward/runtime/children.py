"""Executions that a workflow starts of other workflows: what they are, and what their caller gets.

Without I/O: the local runner lets the children run in real time, `simulation` in virtual time
(language.md 2.12 and 5.4, stdlib.md 7). Arguments and results go over as JSON, so neither sees the
other's values.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from stepward.engine import events
from stepward.engine.code import Code
from stepward.engine.outcome import Outcome, Succeeded
from stepward.runtime.childcalls import Call, Form
from stepward.stdlib.executions import execution_error
from stepward.stdlib.time import format_
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError

_FAILED: Final = "Execution failed or cancelled."


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that can be started, and what executions of it find in their environment."""

    code: Code
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kin:
    """An execution in its family: its id, and how many callers stand above it."""

    id: str
    depth: int = 0


@dataclass(slots=True)
class Child:
    """One execution that was started; `outcome` and `ended_at` come when it ends."""

    kin: Kin
    name: str
    revision: str
    code: Code
    argument: str | None
    started: events.Started
    outcome: Outcome | None = None
    ended_at: float = 0.0

    def end(self, outcome: Outcome, at: float) -> Self:
        """Keep how and when the execution ended."""
        self.outcome, self.ended_at = outcome, at
        return self


class Family:
    """The executions that come of one: it knows the workflows by id, and bounds depth and number."""

    def __init__(self, workflows: Mapping[str, Workflow]) -> None:
        self._workflows = workflows
        self._born = 0

    def knows(self, workflow_id: str) -> bool:
        """Return whether *workflow_id* can be started."""
        return workflow_id in self._workflows

    def start(self, call: Call, parent: Kin, effect_id: int, now: float) -> list[Child]:
        """Return the executions that *call* asks for, to be run. ResourceLimitError if they are too many.

        The workflow must be known. The same effect gives executions of the same ids.
        """
        if parent.depth >= limits.CHILD_EXECUTION_DEPTH:
            raise errors.resource_limit(
                f"executions that start executions are nested deeper than {limits.CHILD_EXECUTION_DEPTH}"
            )
        self._born += len(call.arguments)
        if self._born > limits.CHILD_EXECUTIONS:
            raise errors.resource_limit(f"more than {limits.CHILD_EXECUTIONS} executions were started")
        workflow = self._workflows[call.workflow_id]
        return [
            _child(workflow, Kin(_id_of(parent, effect_id, position), parent.depth + 1), argument, now)
            for position, argument in enumerate(call.arguments)
        ]


def unknown_workflow(call: Call) -> WorkflowError:
    """Return the error of a call whose workflow nobody named."""
    name = call.workflow_id
    return errors.error(
        "SystemError",
        f"there is no source here for the workflow {errors.quoted(name)}; "
        f"say where it is with --workflow {name[:60]}=FILE",
    )


def timed_out(call: Call) -> WorkflowError:
    """Return the error of a call whose executions take too long; they go on."""
    return errors.error(
        "TimeoutError",
        f"workflow {errors.quoted(call.workflow_id)} did not end within {call.timeout_seconds:g} seconds",
    )


def answer(call: Call, children: Sequence[Child]) -> Any:
    """Return what *call* gives its caller; WorkflowError if an execution it waits for did not succeed."""
    if not call.waits:
        return model.adopt(_resource(children[0])) if call.form is Form.CREATE else None
    for child in children:
        if not isinstance(child.outcome, Succeeded):
            raise _failure(call, child)
    if call.form is Form.CREATE:
        return model.adopt(_resource(children[0]))
    results = [_result(child) for child in children]
    return model.adopt(results) if call.form is Form.EXPERIMENTAL_MAP else results[0]


def _failure(call: Call, child: Child) -> WorkflowError:
    resource = model.adopt(_resource(child))
    if call.form in (Form.EXPERIMENTAL_RUN, Form.EXPERIMENTAL_MAP):
        return WorkflowError(execution_error(resource))
    return errors.error("OperationError", _FAILED, prefix=False, operation=resource)


def _result(child: Child) -> Any:
    assert isinstance(child.outcome, Succeeded)
    return convert.decode_json(convert.encode_json(child.outcome.value))


# --- starting -------------------------------------------------------------------------------------


def _id_of(parent: Kin, effect_id: int, position: int) -> str:
    drawn = hashlib.sha256(f"{parent.id}/{effect_id}/{position}".encode()).digest()
    return str(uuid.UUID(bytes=drawn[:16], version=4))


def _child(workflow: Workflow, kin: Kin, argument: str | None, now: float) -> Child:
    environment = {**workflow.environment, "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": kin.id}
    project, location, name = (
        environment.get(f"GOOGLE_CLOUD_{part}", "") for part in ("PROJECT_ID", "LOCATION", "WORKFLOW_ID")
    )
    return Child(
        kin=kin,
        name=f"projects/{project}/locations/{location}/workflows/{name}/executions/{kin.id}",
        revision=environment.get("GOOGLE_CLOUD_WORKFLOW_REVISION_ID", ""),
        code=workflow.code,
        argument=argument,
        started=events.Started(
            at=now,
            argument=None if argument is None else convert.decode_json(argument),
            argument_given=argument is not None,
            environment=environment,
            seed=kin.id,
        ),
    )


# --- the execution as the caller may see it -------------------------------------------------------


def _resource(child: Child) -> dict[str, Any]:
    """Return *child* as the API's Execution; argument, result and payload are JSON text there."""
    began = format_(child.started.at)
    shown: dict[str, Any] = {
        "name": child.name,
        "createTime": began,
        "startTime": began,
        "state": "ACTIVE",
        "workflowRevisionId": child.revision,
    }
    if child.argument is not None:
        shown["argument"] = child.argument
    if child.outcome is None:
        return shown
    shown["endTime"] = format_(child.ended_at)
    shown["duration"] = f"{child.ended_at - child.started.at:.9f}s"
    if isinstance(child.outcome, Succeeded):
        return {**shown, "state": "SUCCEEDED", "result": convert.encode_json(child.outcome.value)}
    failed = child.outcome
    elements = [
        {
            "step": frame.step,
            "routine": frame.routine,
            "position": {"line": str(frame.line), "column": str(frame.column), "length": str(frame.length)},
        }
        for frame in failed.stack
    ]
    try:
        payload = convert.encode_json(failed.payload)
    except WorkflowError:  # there are bytes in it, such as the body of an answer
        payload = convert.encode_json(failed.context.partition("\n")[0])
    error = {"payload": payload, "context": failed.context, "stackTrace": {"elements": elements}}
    return {**shown, "state": "FAILED", "error": error}
