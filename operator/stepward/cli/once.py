"""Runs of workflows that wait for nothing: they need no event loop, and no time to import one."""

import time
from typing import Final

from stepward.cli import output, reports
from stepward.engine import code, effects, events, machine
from stepward.engine.outcome import Outcome
from stepward.engine.state import State
from stepward.language import program
from stepward.values.errors import WorkflowError

_ANSWERED_AT_ONCE: Final = frozenset({"sys.log"})
_ASKS_THE_WORLD: Final = frozenset({"events.create_callback_endpoint"})
"""Functions that need the world although they may stand in expressions."""


def waits(linked: code.Code) -> bool:
    """Return whether a run of *linked* may have to wait for the world."""
    return any(
        _may_wait(instruction, linked) for routine in linked.program.routines for instruction in routine.code
    )


def _may_wait(instruction: program.Instruction, linked: code.Code) -> bool:
    if isinstance(instruction, program.Ask) and instruction.function not in _ANSWERED_AT_ONCE:
        signature = linked.library.signature(instruction.function)
        return signature is None or signature.blocking or instruction.function in _ASKS_THE_WORLD
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
