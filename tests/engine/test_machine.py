"""`advance`: events that come twice, late or never asked for; failures on the way out; fairness."""

import pytest

from engine import running
from engine.running import main_of
from stepward.engine import effects, events, machine
from stepward.engine.outcome import Failed, Succeeded
from stepward.engine.state import State
from stepward.values import errors, limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import Map

SLEEP = main_of("a: {call: sys.sleep, args: {seconds: 5}}", "b: {return: '${sys.now()}'}")


def begin(text: str, argument: object = None) -> tuple[running.Run, list[effects.Effect]]:
    """Start *text*; return the run and what it asks for first."""
    linked = running.link(text)
    done = running.Run(linked, State(linked.program.digest))
    return done, machine.advance(linked, done.state, running.started(argument))


def test_an_answer_counts_once() -> None:
    done, (sleep,) = begin(SLEEP)
    answer = events.Answered(5.0, sleep.id)
    assert machine.advance(done.linked, done.state, answer) == []
    assert done.outcome == Succeeded(5.0)
    assert machine.advance(done.linked, done.state, answer) == []
    assert done.outcome == Succeeded(5.0)


@pytest.mark.parametrize(
    "stale",
    [
        events.Answered(99.0, 7),
        events.Failed(99.0, 0, errors.value_error("no")),
        events.Answered(99.0, -1),
        events.Started(99.0, 5),
    ],
)
def test_an_event_nobody_waits_for_changes_nothing(stale: events.Event) -> None:
    done, _ = begin(SLEEP)
    before = done.state.to_json()
    assert machine.advance(done.linked, done.state, stale) == []
    assert done.state.to_json() == before


def test_events_before_the_start_change_nothing() -> None:
    linked = running.link(SLEEP)
    state = State(linked.program.digest)
    before = state.to_json()
    for early in (events.Answered(1.0, 1), events.Failed(1.0, 1, errors.value_error("no"))):
        assert machine.advance(linked, state, early) == []
        assert state.to_json() == before


def test_events_after_the_end_change_nothing() -> None:
    done, _ = begin(main_of("a: {return: 1}"))
    before = done.state.to_json()
    for late in (events.Continued(9.0), events.Answered(9.0, 1), running.started()):
        assert machine.advance(done.linked, done.state, late) == []
        assert done.state.to_json() == before


def test_branches_that_wait_are_gone_when_the_execution_ends() -> None:
    done, asked = begin(
        main_of(
            "a: {parallel: {branches: [{one: {steps: [{b: {call: sys.sleep, args: {seconds: 9}}}]}}, "
            "{two: {steps: [{c: {assign: [{x: '${json.decode(args)}'}]}}]}}]}}"
        ),
        "[" * 250 + "]" * 250,
    )
    assert isinstance(done.outcome, Failed)
    assert [effect.id for effect in asked] == [1]
    assert machine.advance(done.linked, done.state, events.Answered(9.0, 1)) == []


def test_time_goes_forward_only() -> None:
    done, (sleep,) = begin(SLEEP)
    machine.advance(done.linked, done.state, events.Continued(50.0))
    machine.advance(done.linked, done.state, events.Answered(5.0, sleep.id))
    assert done.value == 50.0


def test_a_state_of_another_program_is_refused() -> None:
    done, _ = begin(SLEEP)
    with pytest.raises(ValueError, match="another program"):
        machine.advance(running.link(main_of("a: {return: 1}")), done.state, events.Continued(1.0))


def test_a_fault_of_ours_is_not_the_authors_error() -> None:
    class Broken(dict[str, object]):
        pass

    done, (_sleep,) = begin(
        main_of(
            "a: {try: {call: http.get, args: {url: 'https://a.test/'}, result: r}, except: {}}",
            "b: {return: '${string(r)}'}",
        )
    )
    with pytest.raises(KeyError):
        machine.advance(done.linked, done.state, events.Answered(1.0, 1, Broken()))


# --- failures on the way out ---------------------------------------------------------------------


def nested(depth: int) -> object:
    """Return a map nested *depth* deep."""
    value: dict[str, object] = {}
    for _ in range(depth - 1):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    "handler", ["except: {as: e, steps: [{b: {return: '${e == args}'}}]}", "retry: '${http.default_retry}'"]
)
def test_the_deepest_error_is_caught(handler: str) -> None:
    done = running.run(main_of(f"a: {{try: {{raise: '${{args}}'}}, {handler}}}"), nested(limits.VALUE_DEPTH))
    if isinstance(done.outcome, Succeeded):
        assert done.value is True
    else:
        assert model.equal(done.outcome.payload, model.adopt(nested(limits.VALUE_DEPTH)))


def test_an_error_that_is_too_large_to_keep_ends_the_execution() -> None:
    """Nested handlers may each keep an error that no variable could hold."""
    half = ["x" * 200_000, "y" * 50_000]
    many = ", ".join(f"{name}: '${{args}}'" for name in "abcdefg")
    body = f"{{steps: [{{r: {{raise: {{{many}}}}}}}]}}"
    outcome = running.run(main_of(f"a: {{try: {body}, retry: '${{http.default_retry}}'}}"), half).outcome
    assert isinstance(outcome, Failed)
    assert outcome.payload["tags"] == ["ResourceLimitError"]
    assert [element.step for element in outcome.stack] == ["r"]


def test_an_argument_that_is_too_large_has_no_stack() -> None:
    outcome = running.run(main_of("a: {return: 1}"), ["x" * 200_000, "x" * 200_000, "x" * 124_264]).outcome
    assert outcome == Failed(outcome.payload, "ResourceLimitError: Memory usage limit exceeded", ())  # type: ignore[union-attr]


def test_an_error_from_outside_that_cannot_be_caught_ends_the_execution() -> None:
    text = main_of("a: {try: {call: http.get, args: {url: 'https://a.test/'}}, except: {}}")
    done = running.run(
        text, answering=lambda effect: events.Failed(1.0, effect.id, errors.resource_limit("no"))
    )
    assert isinstance(done.outcome, Failed)
    assert done.outcome.stack[0].step == "a"


CAUGHT = """
    - {step}:
        try: {{call: http.get, args: {{url: "https://a.test/"}}}}
        except:
          as: e
          steps:
            - {step}1: {{assign: [{{e.n: "${{e.n + 1}}"}}, {{x: "${{x + e.n}}"}}]}}
"""


def test_an_error_that_comes_twice_is_caught_unchanged() -> None:
    failure = WorkflowError(Map({"n": 1}))
    text = main_of("s: {assign: [{x: 0}]}") + CAUGHT.format(step="a") + CAUGHT.format(step="b")
    text += "    - c: {return: '${x}'}\n"
    done = running.run(text, answering=lambda effect: events.Failed(1.0, effect.id, failure))
    assert done.value == 4
    assert failure.value == {"n": 1}


# --- turns ---------------------------------------------------------------------------------------


def test_a_slice_ends_with_a_request_to_go_on() -> None:
    done, asked = begin(main_of("a: {next: a}"))
    assert asked == [effects.Continue()]
    assert done.state.steps == limits.SLICE_TICKS


UNEQUAL = """
main:
  steps:
    - a:
        parallel:
          branches:
            - busy:
                steps:
                  - b: {for: {value: v, range: [1, 40000], steps: [{c: {assign: [{x: 1}]}}]}}
            - brief:
                steps:
                  - d: {for: {value: v, range: [1, 5], steps: [{e: {call: sys.log, args: {text: here}}}]}}
"""


def test_a_branch_that_computes_leaves_turns_to_the_others() -> None:
    kinds = [type(effect) for effect in running.run(UNEQUAL).asked]
    last_log = len(kinds) - kinds[::-1].index(effects.Log)
    assert kinds[:last_log].count(effects.Continue) < 12
    assert kinds.count(effects.Continue) > 70


def test_turns_are_the_same_after_a_restart() -> None:
    text = main_of(
        "a: {parallel: {for: {value: v, range: [1, 30], steps: ["
        "{w: {for: {value: u, range: [1, 90], steps: [{x: {assign: [{y: '${u in [1, 2, 3]}'}]}}]}}}, "
        "{z: {call: sys.log, args: {text: '${v}'}}}]}}}"
    )
    straight, restored = running.run(text), running.run(text, between=running.saved)
    assert straight.asked == restored.asked
    assert straight.state.to_json() == restored.state.to_json()


def test_current_steps_are_those_of_every_branch_that_runs_or_waits() -> None:
    done, _ = begin(
        main_of(
            "a: {parallel: {for: {value: v, in: [1, 2], steps: "
            "[{b: {call: sys.sleep, args: {seconds: 1}}}]}}}"
        )
    )
    assert machine.current_steps(done.linked, done.state) == [("main", "b"), ("main", "b")]


def test_after_the_end_current_steps_are_the_last_ones() -> None:
    done = running.run(main_of("a: {assign: [{x: 1}]}", "b: {return: 1}"))
    assert machine.current_steps(done.linked, done.state) == [("main", "b")]
