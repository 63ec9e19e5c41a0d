"""Calls, effects and errors as the machine does them."""

import uuid

import pytest

from engine import running
from engine.running import main_of
from stepward.engine import effects, events, machine
from stepward.engine.state import State
from stepward.values import errors, limits
from stepward.values.model import List

SUB = "sub:\n  params: [a, b: 2, c: null]\n  steps:\n    - r: {return: ['${a}', '${b}', '${c}']}\n"


@pytest.mark.parametrize(
    "args,wanted",
    [
        ("{a: 1}", [1, 2, None]),
        ("{c: 3, a: 1, b: null}", [1, None, 3]),
        ("[1, 5]", [1, 5, None]),
        ("'${args}'", [7, 2, 8]),
    ],
)
def test_arguments_reach_their_parameters(args: str, wanted: list[object]) -> None:
    text = main_of(f"m: {{call: sub, args: {args}, result: r}}", "n: {return: '${r}'}") + SUB
    assert running.run(text, {"c": 8, "a": 7}).value == wanted


@pytest.mark.parametrize(
    "argument,message",
    [
        ({"b": 1}, "subworkflow 'sub' needs the argument 'a'"),
        ({"a": 1, "d": 2}, "sub has no parameter 'd'"),
        ({"x" * 900: 1}, "sub has no parameter 'xxx"),
        ([1], "sub: args must be a map of arguments by name"),
        (5, "sub: args must be a map of arguments by name"),
    ],
)
def test_a_map_made_at_run_time_must_fit(argument: object, message: str) -> None:
    context = running.run(main_of("m: {call: sub, args: '${args}'}") + SUB, argument).context
    assert message in context
    assert len(context) < 2 * limits.MESSAGE_EXCERPT_CHARACTERS


def test_a_map_made_at_run_time_fits_library_functions_too() -> None:
    text = main_of("m: {call: text.to_upper, args: '${args}', result: r}", "n: {return: '${r}'}")
    assert running.run(text, {"source": "a"}).value == "A"
    assert "has no parameter 'sauce'" in running.run(text, {"sauce": "a"}).context


def test_a_result_is_stored_only_if_the_call_worked() -> None:
    text = main_of(
        "a: {assign: [{r: old}]}",
        "b: {try: {call: fails, result: r}, except: {}}",
        "c: {return: '${r}'}",
    )
    text += "fails:\n  steps:\n    - d: {raise: no}\n"
    assert running.run(text).value == "old"


def test_effects_are_numbered_in_the_order_in_which_they_are_asked_for() -> None:
    text = main_of(
        "a: {parallel: {for: {value: v, in: [1, 2, 3], steps: [{b: {call: sys.log, args: {text: '${v}'}}}, "
        "{c: {call: sys.sleep, args: {seconds: 1}}}]}}}"
    )
    done = running.run(text)
    assert sorted(effect.id for effect in done.asked) == list(range(1, 7))
    assert running.run(text, between=running.saved).asked == done.asked


def test_what_a_branch_waits_for_has_a_name() -> None:
    text = main_of(
        "a: {parallel: {branches: ["
        "{one: {steps: [{b: {call: sys.sleep, args: {seconds: 1}}}]}}, "
        "{two: {steps: [{c: {call: http.get, args: {url: 'https://a.test/'}}}]}}, "
        "{three: {steps: [{d: {call: events.create_callback_endpoint}}]}}, "
        "{four: {steps: [{e: {call: googleapis.a.v1.b.c, args: {x: 1}}}]}}, "
        "{five: {steps: [{f: {call: sys.log, args: {text: x}}}]}}]}}"
    )
    linked = running.link(text)
    state = State(linked.program.digest)
    asked = machine.advance(linked, state, running.started())
    assert len(asked) == 5
    assert list(state.waiting.values()) == ["sleep", "http", "endpoint", "connector", "log"]


def test_a_wait_for_a_retry_is_told_from_a_sleep() -> None:
    text = main_of("a: {try: {raise: x}, retry: {predicate: '${retry.always}', max_retries: 1}}")
    (wait,) = running.run(text).asked
    assert isinstance(wait, effects.Sleep)
    assert wait.reason == "retry"


def test_chance_comes_from_the_seed() -> None:
    linked = running.link(main_of("a: {return: ['${uuid.generate()}', '${uuid.generate()}']}"))

    def drawn(seed: str) -> list[str]:
        state = State(linked.program.digest)
        machine.advance(linked, state, events.Started(0.0, seed=seed))
        return list(state.outcome.value)  # type: ignore[union-attr]

    assert drawn("a") == drawn("a")
    assert len({*drawn("a"), *drawn("b")}) == 4
    assert {uuid.UUID(text).version for text in drawn("a")} == {4}


def test_a_request_is_not_changed_by_what_the_workflow_does_next() -> None:
    text = """
main:
  steps:
    - a: {assign: [{m: {l: [1]}}]}
    - b:
        parallel:
          shared: [m]
          branches:
            - one: {steps: [{c: {call: sys.log, args: {data: "${m}"}}}]}
            - two: {steps: [{d: {assign: [{"m.l[0]": 2}, {m.k: 1}]}}]}
"""
    assert running.run(text).logs == [{"l": [1]}]


@pytest.mark.parametrize("predicate", ["${retry.always}", "${yes}"])
def test_predicates_of_either_kind_decide(predicate: str) -> None:
    text = main_of(
        f"a: {{try: {{raise: {{n: 1}}}}, retry: {{predicate: '{predicate}', max_retries: 2}}, except: {{}}}}",
    )
    text += "yes:\n  params: [e]\n  steps:\n    - y: {return: '${e.n == 1}'}\n"
    assert len(running.run(text).asked) == 2


def test_an_answer_that_no_variable_can_hold_ends_the_execution() -> None:
    text = main_of("a: {try: {call: http.get, args: {url: 'https://a.test/'}, result: r}, except: {}}")
    large = List(["x" * 200_000] * 3)
    done = running.run(text, answering=lambda effect: events.Answered(0.0, effect.id, large))
    assert "Memory usage limit exceeded" in done.context
    unkept = running.run(
        text.replace(", result: r", ""),
        answering=lambda effect: events.Answered(0.0, effect.id, large),
    )
    assert unkept.value is None


def test_a_failure_keeps_its_place_through_a_retry_of_another() -> None:
    """The inner `try` gives up, the outer one tries again: the place is that of the latest failure."""
    text = """
main:
  steps:
    - a:
        try:
          steps:
            - b: {assign: [{n: 0}]}
            - c:
                try: {call: http.get, args: {url: "https://a.test/"}}
                retry: {predicate: "${retry.always}", max_retries: 1}
        retry: {predicate: "${retry.always}", max_retries: 1}
"""
    failing = running.run(
        text,
        answering=lambda effect: (
            events.Failed(0.0, effect.id, errors.error("TimeoutError", f"at {effect.id}"))
            if isinstance(effect, effects.HttpRequest)
            else running.answer(effect)
        ),
    )
    assert failing.context.startswith('TimeoutError: at 7\nin step "c", routine "main"')
