"""Random programs do on the engine what they do in the plain interpreter beside this file."""

from typing import Any

import pytest

from engine import programs, reference, running
from stepward.engine.outcome import Failed
from stepward.engine.state import State

PROGRAMS = 150
"""Of each seed."""


def expected(program: dict[str, reference.Tree]) -> tuple[Any, bool, reference.Execution]:
    """Return result or error, whether it is an error, and the run."""
    execution = reference.Execution(program)
    try:
        return execution.call("main", []), False, execution
    except reference.Raised as raised:
        return raised.value, True, execution


def straight(state: State) -> State:
    """Check *state* and go on with it."""
    running.check_invariants(state)
    return state


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_do_what_the_reference_says(seed: int) -> None:
    for number in range(seed * PROGRAMS, (seed + 1) * PROGRAMS):
        author = programs.Author(number)
        program = author.program()
        value, failed, execution = expected(program)
        text = reference.render(program)
        done = running.run(text, between=running.saved if number % 2 else straight)
        outcome = done.outcome
        found = outcome.payload if isinstance(outcome, Failed) else outcome.value
        told = f"program {number}\n{text}\n{outcome}\ninstead of {value!r}"
        assert isinstance(outcome, Failed) == failed, told
        assert programs.same(found, value), told
        assert programs.same(done.logs, execution.logs), told
        if not author.calls:  # what fails in a call before its step was reached counts no step
            assert done.state.steps == execution.steps, f"{execution.steps} steps: {told}"


def test_most_programs_get_somewhere() -> None:
    """Programs that fail at once prove nothing."""
    runs = [expected(programs.Author(number).program()) for number in range(300)]
    assert sum(not failed for _, failed, _ in runs) > 200
    assert sum(failed for _, failed, _ in runs) > 30
    assert sum(execution.steps for _, _, execution in runs) > 8 * len(runs)
    assert sum(bool(execution.logs) for _, _, execution in runs) > 100
