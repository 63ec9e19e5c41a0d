"""What a transition may cost, and that nobody pays for another's work."""

import pytest

from engine import running
from engine.running import main_of
from stepward.engine.meter import Meter, Usage, work_of
from stepward.engine.outcome import Failed, Succeeded
from stepward.engine.state import State
from stepward.values import limits
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map

NUMBERS = list(range(60_000))
"""A list that takes nearly all memory there is."""


def meter_of(variables: int = 0, kept: int = 0) -> Meter:
    """Return a meter of an execution that really holds so many bytes."""
    return Meter(lambda: Usage(variables, kept, 0))


# --- ticks ---------------------------------------------------------------------------------------


def test_each_step_takes_a_tick() -> None:
    meter = meter_of()
    meter.begin(10)
    assert sum(1 for _ in meter.ticks) == 10
    assert meter.steps_taken == 10
    assert not meter.take_step()


def test_work_takes_ticks_that_are_no_steps() -> None:
    meter = meter_of()
    meter.begin(10)
    assert meter.take_step()
    meter.charge(4)
    assert meter.take_step()
    assert (meter.left_ticks, meter.steps_taken) == (4, 2)
    meter.charge(40)
    assert (meter.left_ticks, meter.steps_taken) == (0, 2)


def test_what_counts_as_no_step_still_takes_its_tick() -> None:
    meter = meter_of()
    meter.begin(10)
    assert meter.take_step()
    meter.uncount()
    assert (meter.left_ticks, meter.steps_taken) == (9, 0)


def test_one_step_may_do_so_much_work_and_no_more() -> None:
    meter = meter_of()
    meter.begin(10)
    assert meter.take_step()
    meter.charge(limits.STEP_WORK - 1)
    meter.charge(1)
    with pytest.raises(WorkflowError, match="too much work") as caught:
        meter.charge(1)
    assert caught.value.fatal


@pytest.mark.parametrize("used", [0, 1, 500, 999])
def test_what_a_step_may_do_does_not_depend_on_where_its_slice_began(used: int) -> None:
    meter = meter_of()
    meter.begin(limits.SLICE_TICKS)
    meter.spend(used)
    meter.charge(limits.STEP_WORK)
    with pytest.raises(WorkflowError):
        meter.charge(1)


def test_every_step_has_its_own_allowance() -> None:
    meter = meter_of()
    meter.begin(3 * limits.STEP_WORK)
    for _ in range(2):
        assert meter.take_step()
        meter.charge(limits.STEP_WORK)


def test_work_grows_with_what_is_looked_at() -> None:
    assert work_of(5) == work_of("short") == work_of(None) == work_of(List([1])) == 0
    assert work_of(List(NUMBERS)) > 10 * work_of(List(NUMBERS[:5000])) > 0
    assert work_of("x" * 200_000) > 0


# --- memory --------------------------------------------------------------------------------------


def test_nothing_is_measured_while_there_is_room() -> None:
    def measure() -> Usage:
        raise AssertionError

    Meter(measure).grew(limits.VARIABLES_BYTES)


def test_what_was_freed_is_there_again_once_it_is_needed() -> None:
    meter = meter_of(variables=1000)
    meter.grew(limits.VARIABLES_BYTES + 1)
    assert meter.left_bytes == limits.VARIABLES_BYTES - 1000


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_of_variables_is_exact(over: int) -> None:
    meter = meter_of(variables=limits.VARIABLES_BYTES + over)
    if over:
        with pytest.raises(WorkflowError, match="Memory usage limit exceeded"):
            meter.grew(limits.VARIABLES_BYTES + 1)
    else:
        meter.grew(limits.VARIABLES_BYTES + 1)


def test_what_the_machine_keeps_has_a_limit_of_its_own() -> None:
    meter = meter_of(kept=limits.KEPT_BYTES + 1)
    with pytest.raises(WorkflowError, match="loops run over and errors") as caught:
        meter.grew(limits.VARIABLES_BYTES + 1)
    assert caught.value.fatal


# --- executions ----------------------------------------------------------------------------------

LONG = "+".join("1" * 195)


def times(count: int, write: str) -> str:
    """Return an assignment step that does *write* so often."""
    return f"assign: [{', '.join([write] * count)}]"


STEPS = {
    "membership": ("assign: [{x: '${-1 in args}'}]", NUMBERS),
    "equality": ("assign: [{x: '${args.a == args.b}'}]", {"a": NUMBERS[:30_000], "b": NUMBERS[:30_000]}),
    "lists": ("assign: [{x: '${len([args])}'}]", NUMBERS),
    "functions in expressions": ("assign: [{x: '${json.encode(args)}'}]", NUMBERS[:20_000]),
    "functions called": ("call: json.encode, args: {data: '${args}'}", NUMBERS[:20_000]),
    "keys": ("assign: [{x: '${keys(args)}'}]", {str(number): 1 for number in range(10_000)}),
    "copies": ("assign: [{x: '${args}'}, {'x[0]': 1}]", NUMBERS[:30_000]),
    "text beyond ASCII": (times(9, "{x: '${args}'}"), "é" * 100_000),
    "concatenation": (times(9, """{x: '${args + "é"}'}"""), "é" * 100_000),
    "long expressions": (times(50, f"{{x: '${{{LONG}}}'}}"), None),
    "regular expressions": ("call: text.find_all_regex, args: {source: '${args}', regexp: a}", "a" * 4000),
}


@pytest.mark.parametrize("work", STEPS)
def test_costly_steps_make_more_slices(work: str) -> None:
    """A slice lasts as long as its ticks do: a handful of costly steps must not fit into one."""
    action, argument = STEPS[work]
    loop = f"b: {{for: {{value: v, range: [1, 50], steps: [{{w: {{{action}}}}}]}}}}"
    done = running.run(main_of("a: {assign: [{x: null}]}", loop), argument)
    assert isinstance(done.outcome, Succeeded), done.context
    assert done.transitions > 15


def test_cheap_steps_do_not() -> None:
    program = main_of(
        "b: {for: {value: v, in: '${args}', steps: [{w: {assign: [{x: '${v + len(args) + args[0]}'}]}}]}}"
    )
    done = running.run(program, NUMBERS[:1000])
    assert done.transitions == 1 + done.state.steps // limits.SLICE_TICKS


def test_a_step_that_does_too_much_ends_the_execution() -> None:
    much = " or ".join(["-1 in args"] * 28)
    steps = ", ".join(f"{{x: '${{{much}}}'}}" for _ in range(50))
    program = main_of(f"a: {{try: {{assign: [{steps}]}}, retry: '${{http.default_retry}}', except: {{}}}}")
    outcome = running.run(program, NUMBERS).outcome
    assert isinstance(outcome, Failed)
    assert "A single step does too much work" in outcome.context


def test_lists_that_loops_run_over_are_freed_when_these_are_left() -> None:
    """Many loops left early, each over a list of its own: only one list is alive at a time."""
    loops = [
        f"l{n}: {{for: {{value: v, in: '${{list.concat(args, {n})}}', steps: [{{s{n}: {{next: break}}}}]}}}}"
        for n in range(40)
    ]
    program = main_of(*loops, "z: {return: done}")
    assert running.run(program, NUMBERS[:20_000]).value == "done"


def test_what_calls_in_expressions_return_is_freed_when_it_was_used() -> None:
    lengths = [f"c{n}: {{assign: [{{x: '${{len(copy(args, {n}))}}'}}]}}" for n in range(40)]
    program = main_of(*lengths, "z: {return: '${x}'}")
    program += "copy:\n  params: [l, n]\n  steps:\n    - r: {return: '${list.concat(l, n)}'}\n"
    assert running.run(program, NUMBERS[:15_000]).value == 15_001


RETRIED = """
    - t{n}:
        try:
          steps:
            - a{n}:
                switch:
                  - condition: ${{x < {n}}}
                    steps:
                      - b{n}: {{assign: [{{x: {n}}}]}}
                      - c{n}: {{raise: {{l: "${{list.concat(args, {n})}}"}}}}
        retry: {{predicate: "${{retry.always}}", max_retries: 1}}
"""


def test_errors_are_freed_when_they_are_retried() -> None:
    tries = "".join(RETRIED.format(n=n) for n in range(1, 40))
    program = main_of("s: {assign: [{x: 0}]}") + tries + "    - z: {return: '${x}'}\n"
    assert running.run(program, NUMBERS[:20_000]).value == 39


def test_nested_loops_over_lists_of_their_own_are_limited() -> None:
    """What loops run over does not count as variables, but there is an end to it."""
    body = "{z: {return: never}}"
    for n in range(9, 0, -1):
        body = f"{{l{n}: {{for: {{value: v{n}, in: '${{list.concat(args, {n})}}', steps: [{body}]}}}}}}"
    outcome = running.run(main_of(body[1:-1]), NUMBERS[:30_000]).outcome
    assert isinstance(outcome, Failed)
    assert "lists that loops run over" in outcome.context


def test_a_measure_looks_at_hidden_slots_and_joins() -> None:
    text = main_of(
        "a: {parallel: {for: {value: v, in: '${args}', steps: [{b: {call: sys.sleep, args: {seconds: 1}}}]}}}"
    )
    kept: list[int] = []

    def between(state: State) -> State:
        kept.append(state.usage().kept_bytes)
        return state

    running.run(text, [1, 2, 3], between=between)
    assert max(kept) == List([1, 2, 3]).size_bytes
    assert Map().size_bytes == 8
