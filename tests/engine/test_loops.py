"""Turns of loops: as many as there are, whatever rounding says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import running
from engine.running import main_of
from stepward.engine.closures import loops
from stepward.values import limits
from stepward.values.errors import WorkflowError
from stepward.values.model import List

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
NEAR = st.floats(-100, 100)


@given(NUMBERS, NUMBERS)
def test_the_count_of_turns_is_where_they_end(first: float, last: float) -> None:
    bounds = List([first, last])
    count = loops.count_turns(bounds, bounded=True)
    beyond = type(first) is int and first + count - 1 > limits.INTEGER_MAX
    if beyond:
        with pytest.raises(WorkflowError, match="integer overflow in range"):
            loops.turn_value(bounds, count - 1, bounded=True)
    elif count > 0:
        assert loops.has_turn(bounds, count - 1, bounded=True)
        value = loops.turn_value(bounds, count - 1, bounded=True)
        assert type(value) is type(first)
        assert math.isfinite(value)
    if count <= limits.STEPS:
        assert not loops.has_turn(bounds, count, bounded=True)


@given(NEAR, NEAR)
def test_a_parallel_loop_counts_what_a_loop_does(first: float, last: float) -> None:
    bounds = List([first, last])
    turns = 0
    while loops.has_turn(bounds, turns, bounded=True):
        turns += 1
    assert loops.count_turns(bounds, bounded=True) == turns


@pytest.mark.parametrize(
    "bounds,count",
    [([1, 3], 3), ([3, 1], 0), ([1, 1], 1), ([0.1, 3.1], 4), ([0.7, 2.7], 3), ([1, 1.5], 1), ([-1.5, 1], 3)],
)
def test_some_counts(bounds: list[float], count: int) -> None:
    assert loops.count_turns(List(bounds), bounded=True) == count


@pytest.mark.parametrize(
    "bounds", ["[-1.7e308, 1.7e308]", "[1, 1e300]", "[-9223372036854775807, 9223372036854775807]"]
)
@pytest.mark.parametrize("loop", ["for: {", "parallel: {for: {"])
def test_a_range_without_an_end_ends_at_the_step_limit(bounds: str, loop: str) -> None:
    close = "}" * loop.count("{")
    done = running.run(
        main_of(f"a: {{{loop}value: v, range: {bounds}, steps: [{{b: {{assign: [{{x: 1}}]}}}}]{close}}}")
    )
    assert "Step limit" in done.context


END = "range: [9223372036854775806, 1e19]"


def test_a_loop_fails_at_the_turn_that_has_no_integer() -> None:
    text = main_of(f"a: {{for: {{value: v, {END}, steps: [{{b: {{call: sys.log, args: {{text: x}}}}}}]}}}}")
    done = running.run(text)
    assert "integer overflow in range" in done.context
    assert len(done.logs) == 2


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_a_parallel_loop_fails_before_anything_starts(limit: int) -> None:
    loop = f"for: {{value: v, {END}, steps: [{{b: {{call: sys.log, args: {{text: x}}}}}}]}}"
    text = main_of(f"a: {{try: {{parallel: {{concurrency_limit: {limit}, {loop}}}}}, except: {{}}}}")
    done = running.run(text)
    assert (done.value, done.asked) == (None, [])


def test_what_a_loop_runs_over_may_change_without_changing_the_loop() -> None:
    text = main_of(
        "a: {assign: [{l: [1, 2, [3]]}]}",
        "b: {for: {value: v, in: '${l}', steps: "
        "[{c: {assign: [{'l[2]': gone}, {l: '${list.concat(l, v)}'}]}}]}}",
        "d: {return: '${l}'}",
    )
    assert running.run(text).value == [1, 2, "gone", 1, 2, [3]]
