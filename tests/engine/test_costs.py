"""Rates name functions that exist, and what the author did not write is no step."""

import pytest

from engine import running
from engine.running import main_of
from stepward.engine.closures import costs
from stepward.language import program
from stepward.values import limits
from stepward.values.model import List


def test_every_function_with_a_rate_of_its_own_exists() -> None:
    known = set(running.LIBRARY.names())
    assert {name for name in known if costs.rate_of(name) != costs.rate_of("")} == set(costs.TICKS_PER_KIB)


def test_no_call_of_a_function_is_too_much_for_a_step() -> None:
    """Two arguments and a result, each as large as a variable can be."""
    highest = max(costs.TICKS_PER_KIB.values())
    assert 3 * highest * limits.VARIABLES_BYTES // limits.KIB < limits.STEP_WORK


def test_ticks_grow_with_what_is_given() -> None:
    assert costs.ticks_for(16, [1, None, True, 2.5]) == 0
    assert costs.ticks_for(16, ["x" * 1024]) == 16
    assert costs.ticks_for(16, [List(range(127))] * 2) == 32


@pytest.mark.parametrize(
    "step,hidden",
    [
        ("a: {return: '${args.x + f() + args.y}'}", 1),
        ("a: {return: '${args == 1 and f() == 1}'}", 3),
        ("a: {assign: [{x: 1}, {y: '${sys.now()}'}]}", 2),
        ("a: {try: {call: sys.log, args: {text: a}}, retry: '${http.default_retry}'}", 1),
    ],
)
def test_what_the_author_did_not_write_is_no_step(step: str, hidden: int) -> None:
    text = main_of(step) + "f:\n  steps:\n    - r: {return: 1}\n"
    code = running.link(text).routines[0].routine.code
    uncounted = [
        i for i in code if not costs.is_step(i) and not isinstance(i, program.Return | program.Rethrow)
    ]
    assert len(uncounted) == hidden, uncounted


def test_long_instructions_take_more_than_a_tick() -> None:
    short, long = (
        running.link(main_of(f"a: {{assign: [{{x: '${{{text}}}'}}]}}")).routines[0].routine.code[0]
        for text in ("args + 1", "args" + " + 1" * 60)
    )
    assert costs.ticks_of(short) == 0
    assert costs.ticks_of(long) > 5
