"""Runs workflows on the engine for its tests: compile, drive, look inside."""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from stepward import stdlib
from stepward.engine import code, effects, events, machine
from stepward.engine.outcome import Outcome
from stepward.engine.state import State
from stepward.language import compilation, diagnostics
from stepward.language.source import Source
from stepward.values import limits, model
from stepward.values.model import List, Map

LIBRARY = stdlib.library()


def link(text: str) -> code.Code:
    """Return the code of a workflow's *text*."""
    source = Source("test.yaml", text)
    program, report = compilation.compile_workflow(source, LIBRARY)
    assert program is not None, diagnostics.render_all(report, source)
    return code.link(program, LIBRARY)


def main_of(*steps: str, params: str = "args") -> str:
    """Return the text of a workflow whose main has *steps*, each written in flow style."""
    lines = "".join(f"    - {step}\n" for step in steps)
    return f"main:\n  params: [{params}]\n  steps:\n{lines}"


@dataclass
class Run:
    """One execution, driven to its end by a world in which nothing takes time or fails."""

    linked: code.Code
    state: State
    asked: list[effects.Effect] = field(default_factory=list)
    transitions: int = 0
    most_branches: int = 0

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        assert self.state.outcome is not None
        return self.state.outcome

    @property
    def value(self) -> Any:
        """What it returned."""
        return self.outcome.value  # type: ignore[union-attr]

    @property
    def context(self) -> str:
        """What its error says."""
        return self.outcome.context  # type: ignore[union-attr]

    @property
    def logs(self) -> list[Any]:
        """What it logged."""
        return [effect.payload for effect in self.asked if isinstance(effect, effects.Log)]


def started(argument: Any = None) -> events.Started:
    """Return the event that begins an execution with *argument*."""
    return events.Started(0.0, model.adopt(argument, 10**7), argument is not None, {}, "seed")


def answer(effect: effects.Effect) -> events.Event:
    """Return what the world says to *effect*."""
    match effect:
        case effects.Continue():
            return events.Continued(0.0)
        case effects.Sleep():
            return events.Answered(effect.until, effect.id)
        case _:
            return events.Answered(0.0, effect.id)


def saved(state: State) -> State:
    """Return *state* as another process would get it."""
    return State.from_json(json.loads(json.dumps(state.to_json())))


def run(
    text: str | code.Code,
    argument: Any = None,
    *,
    between: Callable[[State], State] = lambda state: state,
    answering: Callable[[effects.Effect], events.Event] = answer,
) -> Run:
    """Run a workflow to its end; *between* sees the state, or replaces it, before each transition."""
    linked = link(text) if isinstance(text, str) else text
    done = Run(linked, State(linked.program.digest))
    queue: deque[events.Event] = deque([started(argument)])
    while queue and done.state.outcome is None:
        done.state = between(done.state)
        asked = machine.advance(linked, done.state, queue.popleft())
        done.transitions += 1
        done.most_branches = max(done.most_branches, len(done.state.branches))
        done.asked += asked
        queue.extend(answering(effect) for effect in asked)
    return done


def calls_of(action: Callable[[], object]) -> int:
    """Return how many Python functions *action* calls: a measure of cost that no load disturbs."""
    calls = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counted)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


def check_invariants(state: State) -> None:
    """Check what must hold for *state* between any two transitions."""
    for container in containers_in(state):
        assert container.size_bytes == true_size(container), container
        assert container.depth >= true_depth(container), container
    used = sum(
        true_size(slot)
        for branch in state.branches.values()
        for frame in branch.frames
        for slot in frame.slots[1 : frame.variables]
    )
    assert state.meter.left_bytes <= limits.VARIABLES_BYTES - used


def containers_in(state: State) -> Iterator[List | Map]:
    """Yield every list and map that a variable or hidden slot of *state* holds, at any depth."""
    for branch in state.branches.values():
        for frame in branch.frames:
            for slot in frame.slots[1:]:
                yield from containers_below(slot)


def containers_below(value: Any) -> Iterator[List | Map]:
    """Yield *value* and every list and map in it."""
    if isinstance(value, List | Map):
        yield value
        for item in value.values() if isinstance(value, Map) else value:
            yield from containers_below(item)


def true_size(value: Any) -> int:
    """Return what *value* counts, by language.md 4.8 and without any cache."""
    if isinstance(value, str) and not isinstance(value, model.FunctionRef):
        return 8 + len(value.encode())
    if isinstance(value, bytes):
        return 8 + len(value)
    if isinstance(value, dict):
        return 8 + sum(true_size(key) + true_size(item) for key, item in value.items())
    if isinstance(value, list):
        return 8 + sum(map(true_size, value))
    return 8


def true_depth(value: Any) -> int:
    """Return how deep *value* nests, without any cache."""
    if isinstance(value, dict):
        return 1 + max(map(true_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(true_depth, value), default=0)
    return 0
