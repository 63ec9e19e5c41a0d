"""A state goes on from its JSON as if nothing had happened, wherever it was saved."""

import json

import orjson
import pytest

from engine import running
from engine.running import main_of
from stepward.engine import effects, events
from stepward.engine.outcome import Failed
from stepward.engine.state import State
from stepward.values import errors, limits

VALUES = """
        assign:
          - bytes: ${text.encode("ab")}
          - double: 5.0
          - policy: ${http.default_retry}
          - tagged: {"$b": "YQ=="}
          - caught: {"$caught": [1, false, []]}
          - deeper: [{"$$f": "x"}, {"$caught": 1, "$b": 2}]
"""
RESULT = """
        return:
          - ${get_type(bytes)}
          - ${bytes == text.encode("ab")}
          - ${get_type(double)}
          - ${policy == http.default_retry}
          - ${tagged}
          - ${caught}
          - ${deeper}
"""
WANTED = [
    "bytes",
    True,
    "double",
    True,
    {"$b": "YQ=="},
    {"$caught": [1, False, []]},
    [{"$$f": "x"}, {"$caught": 1, "$b": 2}],
]
IN_A_CALL = f"""
main:
  steps:
    - a: {{call: sub, args: {{x: [1]}}, result: r}}
    - b: {{return: "${{r}}"}}
sub:
  params: [x, y: {{d: 5.0}}]
  steps:
    - c: {
    VALUES.replace(
        '''
        ''',
        '''
          ''',
    )
}
    - d: {{call: sys.sleep, args: {{seconds: 1}}}}
    - e: {
    RESULT.replace(
        '''
        ''',
        '''
          ''',
    )
}
"""
IN_A_RETRY = f"""
main:
  steps:
    - a: {VALUES}
    - b:
        try:
          steps:
            - c: {{call: http.get, args: {{url: "https://a.test/"}}}}
        retry:
          predicate: ${{check}}
          max_retries: 3
          backoff: {{initial_delay: 2, max_delay: 9, multiplier: 1.5}}
        except: {{}}
    - d: {RESULT}
check:
  params: [e]
  steps:
    - e: {{call: sys.sleep, args: {{seconds: 1}}}}
    - f: {{return: "${{\\"TimeoutError\\" in e.tags}}"}}
"""
IN_BRANCHES = f"""
main:
  steps:
    - a: {VALUES}
    - b: {{assign: [{{total: 0}}, {{seen: {{}}}}]}}
    - c:
        try:
          parallel:
            shared: [total, seen]
            concurrency_limit: 3
            for:
              value: v
              index: i
              in: [5, 1, [2], 4, 3]
              steps:
                - d: {{assign: [{{mine: "${{seen}}"}}, {{mine.x: "${{i}}"}}]}}
                - e:
                    parallel:
                      shared: [total]
                      branches:
                        - one:
                            steps:
                              - f: {{call: sys.sleep, args: {{seconds: "${{v}}"}}}}
                              - g: {{assign: [{{total: "${{total + v}}"}}]}}
                        - two:
                            steps:
                              - h: {{assign: [{{"x": "${{v}}"}}]}}
                - j: {{assign: [{{"seen[string(i)]": "${{mine.x}}"}}]}}
        except:
          as: e
          steps:
            - k: {{assign: [{{seen.id: "${{e.branches[0].id}}"}}, {{seen.tags: "${{e.tags}}"}}]}}
    - l: {{return: ["${{total}}", "${{seen}}"]}}
"""


class SavedAt:
    """Restores the state before transition *stop*, and before no other."""

    def __init__(self, stop: int) -> None:
        self._left = stop

    def __call__(self, state: State) -> State:
        self._left -= 1
        return running.saved(state) if self._left == -1 else state


@pytest.mark.parametrize(
    "text,wanted",
    [
        (IN_A_CALL, WANTED),
        (IN_A_RETRY, WANTED),
        (
            IN_BRANCHES,
            [13, {"0": 0, "1": 1, "3": 3, "4": 4, "id": "2", "tags": ["UnhandledBranchError", "TypeError"]}],
        ),
    ],
    ids=["in a call", "in a retry", "in branches"],
)
def test_an_execution_goes_on_from_any_state(text: str, wanted: object) -> None:
    """Restored before each transition, and, once more for each, only there."""

    def answer(effect: effects.Effect) -> events.Event:
        if isinstance(effect, effects.HttpRequest):
            return events.Failed(1.0, effect.id, errors.error("TimeoutError", "no"))
        return running.answer(effect)

    straight = running.run(text, answering=answer)
    assert straight.value == wanted
    always = running.run(text, answering=answer, between=running.saved)
    assert always.asked == straight.asked
    for stop in range(straight.transitions):
        once = running.run(text, answering=answer, between=SavedAt(stop))
        assert (once.value, once.asked) == (wanted, straight.asked)


def test_the_saved_form_is_the_same_after_a_round_trip() -> None:
    def between(state: State) -> State:
        once = json.dumps(state.to_json())
        assert json.dumps(running.saved(state).to_json()) == once
        running.check_invariants(running.saved(state))
        return state

    for text in (IN_A_CALL, IN_BRANCHES):
        running.run(text, between=between)


def test_a_finished_execution_keeps_its_outcome() -> None:
    failed = running.run(main_of("a: {raise: {code: 5.0}}")).state
    assert running.saved(failed).outcome == failed.outcome
    done = running.run(main_of("a: {return: [1, {}]}")).state
    assert running.saved(done).outcome == done.outcome
    assert running.saved(done).last_steps == [("main", "a")]


def test_another_format_is_refused() -> None:
    data = State("digest").to_json()
    with pytest.raises(ValueError, match="format 2"):
        State.from_json({**data, "format": 2})


def test_the_deepest_values_fit_into_what_json_encoders_take() -> None:
    """In a variable, in an error that is being retried, and in the error of a branch."""
    deep: object = 0
    for _ in range(limits.VALUE_DEPTH):
        deep = [deep]
    text = """
main:
  params: [args]
  steps:
    - a:
        parallel:
          branches:
            - one:
                steps:
                  - b:
                      try: {raise: {e: "${args[0]}"}}
                      retry: {predicate: "${retry.always}", max_retries: 1}
                      except: {as: e, steps: [{c: {raise: {e: "${args[0]}"}}}]}
            - two:
                steps:
                  - d: {call: sys.sleep, args: {seconds: 1}}
"""
    sizes = []

    def between(state: State) -> State:
        sizes.append(len(orjson.dumps(state.to_json())))
        return running.saved(state)

    outcome = running.run(text, deep, between=between).outcome
    assert isinstance(outcome, Failed)
    assert len(sizes) == 3
