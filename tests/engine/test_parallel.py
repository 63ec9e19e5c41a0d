"""Branches: who starts when, what they cost, what is kept of their errors."""

import functools

import pytest

from engine import running
from engine.running import main_of
from stepward.engine import effects, events
from stepward.engine.outcome import Failed
from stepward.engine.state import State
from stepward.values import limits

NESTED = """
main:
  params: [n]
  steps:
    - a:
        parallel:
          for:
            value: v
            range: [1, "${n}"]
            steps:
              - b:
                  parallel:
                    branches:
                      - one: {steps: [{c: {call: sys.sleep, args: {seconds: 1}}}]}
                      - two: {steps: [{d: {call: sys.sleep, args: {seconds: 2}}}]}
              - e: {call: sys.log, args: {text: "${v}"}}
"""
ITERATIONS = "a: {parallel: {for: {value: v, in: '${args}', steps: [{b: {assign: [{x: '${v}'}]}}]}}}"


def test_inner_branches_start_before_further_outer_ones() -> None:
    """Else every outer branch would start and wait, each with a frame of its own."""
    done = running.run(NESTED, 300)
    assert done.most_branches <= 1 + 2 * limits.CONCURRENT_BRANCHES
    assert len(done.logs) == 300


def test_never_more_than_twenty_branches_run() -> None:
    most = 0

    def between(state: State) -> State:
        nonlocal most
        most = max(most, len(state.waiting))
        return state

    running.run(NESTED, 60, between=between)
    assert most == limits.CONCURRENT_BRANCHES


def test_branches_start_in_order() -> None:
    text = main_of(ITERATIONS.replace("assign: [{x: '${v}'}]", "call: sys.log, args: {data: {v: '${v}'}}"))
    assert running.run(text, list(range(50))).logs == [{"v": number} for number in range(50)]


def test_many_iterations_cost_what_each_costs() -> None:
    linked = running.link(main_of(ITERATIONS))
    calls = [running.calls_of(functools.partial(running.run, linked, list(range(n)))) for n in (1000, 2000)]
    assert calls[1] < 2.1 * calls[0]


def test_a_long_list_is_no_burden() -> None:
    """Starting over 45,000 items takes no longer a transition than over 45."""
    done = running.run(main_of(ITERATIONS), list(range(45_000)))
    assert done.state.steps == 90_001
    assert done.transitions == 136  # starting, running and ending take a tick each
    assert done.most_branches <= 1 + limits.CONCURRENT_BRANCHES


def test_the_step_limit_stops_branches_from_starting() -> None:
    done = running.run(main_of(ITERATIONS.replace("'${args}'", "0").replace("in: 0", "range: [1, 1e300]")))
    assert isinstance(done.outcome, Failed)
    assert "Step limit" in done.context
    assert done.state.steps == limits.STEPS


def test_branches_see_each_others_writes_and_nothing_else() -> None:
    text = """
main:
  steps:
    - a: {assign: [{m: {list: [0]}}]}
    - b:
        parallel:
          shared: [m]
          for:
            value: v
            range: [1, 30]
            steps:
              - c: {assign: [{mine: "${m}"}, {"mine.list[0]": "${v}"}, {mine.own: "${v}"}]}
              - d: {call: sys.log, args: {text: x}}
              - e:
                  switch:
                    - condition: ${mine.list[0] != v or mine.own != v or "own" in m}
                      raise: mixed up
              - f: {assign: [{"m[string(v)]": "${mine.list}"}, {"mine.list[0]": changed}]}
    - g: {return: "${m}"}
"""

    def between(state: State) -> State:
        running.check_invariants(state)
        return state

    wanted = {"list": [0], **{str(v): [v] for v in range(1, 31)}}
    assert running.run(text, between=between).value == wanted
    assert running.run(text, between=running.saved).value == wanted


# --- errors --------------------------------------------------------------------------------------

FAILING = """
main:
  params: [args]
  steps:
    - a:
        try:
          parallel:
            for:
              value: v
              range: [1, "${args.n}"]
              steps:
                - b: {raise: {v: "${v}", text: "${args.text}"}}
        except:
          as: e
          steps:
            - c: {return: ["${len(e.branches)}", "${e.truncated}"]}
"""


@pytest.mark.parametrize(
    "count,size,wanted",
    [
        (100, 10, [100, False]),
        (101, 10, [100, True]),
        (5000, 10, [100, True]),
        (4, 50_000, [4, False]),
        (30, 50_000, [4, True]),
        (1, 200_000, [1, False]),
        (2, 130_000, [1, True]),
    ],
)
def test_errors_are_recorded_until_there_are_enough(count: int, size: int, wanted: list[object]) -> None:
    assert running.run(FAILING, {"n": count, "text": "x" * size}).value == wanted


def test_the_count_of_errors_is_that_of_the_execution() -> None:
    text = """
main:
  steps:
    - a:
        for:
          value: w
          in: [1, 2]
          steps:
            - b:
                try: {parallel: {for: {value: v, range: [1, 60], steps: [{c: {raise: x}}]}}}
                except:
                  as: e
                  steps:
                    - d: {call: sys.log, args: {data: {found: "${len(e.branches)}", cut: "${e.truncated}"}}}
"""
    assert running.run(text).logs == [{"found": 60, "cut": False}, {"found": 40, "cut": True}]


def test_an_error_of_a_branch_does_not_stop_the_others() -> None:
    text = main_of(
        "a: {try: {parallel: {for: {value: v, in: [0, 1, 2], steps: ["
        "{b: {assign: [{x: '${1 / v}'}]}}, {c: {call: sys.log, args: {text: '${v}'}}}]}}}, except: {}}"
    )
    assert running.run(text).logs == ["1", "2"]


def test_a_fatal_error_of_a_branch_stops_all() -> None:
    text = main_of(
        "a: {try: {parallel: {branches: [{one: {steps: [{b: {call: sys.sleep, args: {seconds: 1}}}]}}, "
        "{two: {steps: [{d: {next: d}}]}}]}}, except: {}}"
    )
    done = running.run(text, answering=lambda _: events.Continued(0.0))
    assert isinstance(done.outcome, Failed)
    assert [type(effect) for effect in done.asked][:2] == [effects.Sleep, effects.Continue]
    assert done.state.branches == {}
    assert done.state.waiting == {}
