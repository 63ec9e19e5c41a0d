"""Scopes end where control leaves them, whichever way: nothing of theirs stays in the frame."""

from typing import Any

import pytest

from engine import running
from stepward.engine import effects, events, machine
from stepward.engine.state import State
from stepward.values.errors import WorkflowError
from stepward.values.model import Map

LOOP = "for: {value: v, index: i, in: [[1], [2]], steps: [{b: {assign: [{x: [big]}]}}, LEAVE]}"
WAYS = {
    "when it is done": "- a: {LOOP}",
    "by break": "- a: {LOOP}",
    "by a jump": "- a: {for: {value: w, in: [[3]], steps: [{c: {LOOP}}]}}",
    "by an error": "- a: {try: {LOOP}, except: {as: e, steps: [{d: {assign: [{y: [big]}]}}]}}",
    "by an error in a call": "- a: {try: {LOOP}, except: {as: e, steps: [{d: {assign: [{y: [big]}]}}]}}",
    "by an error that is retried": "- a: {try: {LOOP}, retry: {predicate: '${once}'}, except: {as: e}}",
    "by a jump out of an except block": "- a: {try: {raise: [x]}, except: {as: e, steps: [{d: {LOOP}}]}}",
    "inside an except block": "- a: {try: {raise: {m: [x]}}, except: {as: e, steps: [{d: {LOOP}}]}}",
}
LEAVES = {
    "by break": "{l: {next: break}}",
    "by an error": "{l: {raise: {m: [x]}}}",
    "by an error in a call": "{l: {call: fails}}",
    "by an error that is retried": "{l: {raise: {m: [x]}}}",
}
ROUTINES = """
fails:
  steps:
    - f: {raise: {m: [x]}}
once:
  params: [e]
  steps:
    - g: {return: false}
"""


@pytest.mark.parametrize("way", WAYS)
def test_nothing_stays_of_a_scope_that_is_left(way: str) -> None:
    leave = LEAVES.get(way, "{l: {assign: [{z: [big]}]}}")
    step = WAYS[way].replace("LOOP", LOOP.replace("LEAVE", leave)).replace("raise: [x]", "raise: x")
    text = f"main:\n  steps:\n    {step}\n    - z: {{call: sys.sleep, args: {{seconds: 1}}}}\n{ROUTINES}"
    linked = running.link(text)
    state = State(linked.program.digest)
    asked = machine.advance(linked, state, running.started())
    assert [type(effect) for effect in asked] == [effects.Sleep], state.outcome
    frame = state.branches[0].frames[0]
    small = {int, bool, type(None)}
    left = [slot for slot in frame.slots[1:] if type(slot) not in small]
    assert all("predicate" in slot for slot in left), left  # of a retry, a few numbers stay


def test_a_loop_inside_a_branch_has_nothing_to_do_with_the_frame_outside() -> None:
    """Slots of a branch have the numbers of other things in the frame that forked it."""
    text = """
main:
  steps:
    - a: {assign: [{one: [1]}, {two: [2]}, {three: [3]}]}
    - b:
        for:
          value: u
          in: [[4]]
          steps:
            - c:
                parallel:
                  shared: [two]
                  for:
                    value: v
                    in: [5, 6]
                    steps:
                      - d:
                          try:
                            for:
                              value: w
                              in: [[7], [8]]
                              steps:
                                - e: {assign: [{two: "${list.concat(two, v)}"}]}
                                - f: {raise: {m: "${w}"}}
                          except:
                            as: e
                            steps:
                              - g: {call: sys.log, args: {data: {m: "${e.m}", u: "${u}"}}}
            - h: {assign: [{one: "${list.concat(one, u)}"}]}
    - i: {return: ["${one}", "${two}", "${three}"]}
"""
    for between in (running.saved, lambda state: state):
        done = running.run(text, between=between)
        assert done.value == [[1, [4]], [2, 5, 6], [3]]
        assert done.logs == [{"m": [7], "u": [4]}] * 2


def test_a_frame_that_waits_keeps_what_it_needs() -> None:
    text = """
main:
  steps:
    - a:
        for:
          value: v
          in: [[1], [2]]
          steps:
            - b:
                try: {call: http.get, args: {url: "https://a.test/"}}
                retry: {predicate: "${retry.always}", max_retries: 1}
                except:
                  as: e
                  steps:
                    - c: {call: sys.log, args: {data: {e: "${e.n}", v: "${v}"}}}
"""

    def answer(effect: effects.Effect) -> events.Event:
        if isinstance(effect, effects.HttpRequest):
            return events.Failed(0.0, effect.id, WorkflowError(Map({"n": effect.id})))
        return running.answer(effect)

    logs: list[Any] = running.run(text, answering=answer, between=running.saved).logs
    assert logs == [{"e": 3, "v": [1]}, {"e": 7, "v": [2]}]
