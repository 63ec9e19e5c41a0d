"""`stepward run`: a workflow on this machine, on the operator's own engine and library.

Start-up is most of what a short run costs. So this module holds what every run needs, and `world`, which
brings the event loop and the HTTP client, is imported only for workflows that wait for something.
"""

import hashlib
import time
import uuid
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final, Protocol

from stepward import stdlib
from stepward.cli import check, exitcodes, inputs, output, reports
from stepward.engine import code, effects, events, machine
from stepward.engine.outcome import Outcome, Succeeded
from stepward.engine.state import State
from stepward.language import compilation, program
from stepward.language.source import Source
from stepward.values.errors import WorkflowError

_REVISION_DIGITS: Final = 3
_ANSWERED_AT_ONCE: Final = frozenset({"sys.log"})


class Run(Protocol):
    """One execution, from its start to its outcome."""

    def to_end(self, started: events.Started) -> Outcome:
        """Run from *started* to the outcome."""

    def current_steps(self) -> list[tuple[str, str]]:
        """Return routine and step of every branch, as far as it is known."""


def run(
    path: str, *, data: str | None, data_file: str | None, assignments: Sequence[str], as_json: bool
) -> int:
    """Run the source file *path* to its end, show its outcome, and return the exit code.

    *data* or the content of *data_file* is the argument; *assignments* are `NAME=VALUE`.
    """
    if path == data_file == inputs.STDIN:
        raise output.CommandError("FILE and --data-file cannot both be standard input")
    environment = inputs.parse_environment(assignments)
    argument = _read_argument(inputs.read_argument_text(data, data_file))
    library = stdlib.library()
    examined = check.examine(path, library)
    source = examined.source
    if examined.program is None and as_json:
        reports.emit_diagnostics("Invalid", [(examined.report, source)])
        return exitcodes.INVALID
    reports.note_diagnostics(examined.report, source)
    if examined.program is None:
        return exitcodes.INVALID
    execution = str(uuid.uuid4())
    started = events.Started(
        at=time.time(),
        argument=argument[0] if argument else None,
        argument_given=bool(argument),
        environment=_built_in_environment(source, execution) | environment,
        seed=execution,
    )
    outcome = _to_end(code.link(examined.program, library), started, source.name)
    _show(outcome, source, as_json=as_json)
    return exitcodes.OK if isinstance(outcome, Succeeded) else exitcodes.UNSUCCESSFUL


def _read_argument(text: str | None) -> list[Any]:
    """Return the argument, or nothing when there is none: an argument may be null."""
    if text is None:
        return []
    try:
        return [compilation.read_argument(text)]
    except WorkflowError as failure:
        _, _, reason = failure.value["message"].partition(": ")  # the kind is no news to the caller
        subject = "" if reason.startswith("the argument") else "the argument: "
        raise output.CommandError(output.one_line(subject + reason)) from failure


def _built_in_environment(source: Source, execution: str) -> dict[str, str]:
    digest = hashlib.sha256(source.text.encode()).hexdigest()
    values = {
        "LOCATION": "local",
        "PROJECT_ID": "local",
        "PROJECT_NUMBER": "0",
        "SERVICE_ACCOUNT_NAME": "local",
        "WORKFLOW_EXECUTION_ID": execution,
        "WORKFLOW_ID": PurePath(source.name).stem.strip("<>") or "workflow",
        "WORKFLOW_REVISION_ID": f"000001-{digest[:_REVISION_DIGITS]}",
    }
    return {f"GOOGLE_CLOUD_{name}": value for name, value in values.items()}


def _to_end(linked: code.Code, started: events.Started, name: str) -> Outcome:
    execution: Run = RunAtOnce(linked)
    if waits(linked):
        from stepward.cli import world  # see the head of this file

        execution = world.RunInWorld(linked)
    try:
        return execution.to_end(started)
    except KeyboardInterrupt:
        steps = execution.current_steps()
        place = f" at {'/'.join(steps[0])}" if steps else ""
        message = f"interrupted: {name} was abandoned{place}; what it asked for may still happen"
        raise KeyboardInterrupt(output.one_line(message)) from None


def _show(outcome: Outcome, source: Source, *, as_json: bool) -> None:
    if as_json:
        reports.emit_outcome(outcome)
    elif isinstance(outcome, Succeeded):
        reports.emit_result(outcome.value)
    else:
        output.note(reports.render_failure(outcome, source))


def waits(linked: code.Code) -> bool:
    """Return whether a run of *linked* may have to wait for the world."""
    return any(
        _may_wait(instruction, linked) for routine in linked.program.routines for instruction in routine.code
    )


def _may_wait(instruction: program.Instruction, linked: code.Code) -> bool:
    if isinstance(instruction, program.Ask) and instruction.function not in _ANSWERED_AT_ONCE:
        signature = linked.library.signature(instruction.function)
        return signature is None or signature.blocking
    return isinstance(instruction, program.RetryWait | program.CallConnector)


class RunAtOnce:
    """A run that waits for nothing, and so needs no event loop."""

    def __init__(self, linked: code.Code) -> None:
        self._code = linked
        self._state = State(linked.program.digest)

    def to_end(self, started: events.Started) -> Outcome:
        """Run from *started* to the outcome."""
        pending: list[events.Event] = [started]
        while self._state.outcome is None:
            asked = [
                effect for event in pending for effect in machine.advance(self._code, self._state, event)
            ]
            pending = [_answer(effect) for effect in asked]
        return self._state.outcome

    def current_steps(self) -> list[tuple[str, str]]:
        """Return routine and step of every branch."""
        return machine.current_steps(self._code, self._state)


def _answer(effect: effects.Effect) -> events.Event:
    now = time.time()
    if isinstance(effect, effects.Continue):
        return events.Continued(now)
    assert isinstance(effect, effects.Log), f"a run that waits for nothing asked for {effect}"
    try:
        output.note(reports.render_log(effect))
    except WorkflowError as failure:
        return events.Failed(now, effect.id, failure)
    return events.Answered(now, effect.id)
