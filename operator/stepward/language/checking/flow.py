"""Warnings of steps that nothing leads to."""

from dataclasses import dataclass, field
from typing import Final

from stepward.language.parsing.places import Place
from stepward.language.structure import (
    Action,
    For,
    Name,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Steps,
    Switch,
    Try,
    step_lists,
)
from stepward.language.syntax import Constant

_EXIT: Final = 0
"""The point that stands for the end of the routine, of a branch and of whatever cannot be followed."""


def check_flow(routine: Routine, place: Place) -> None:
    """Warn of the first of each run of steps that no way through *routine* leads to."""
    graph = _Graph()
    start = graph.steps(routine.steps, _EXIT, _Around())
    reached = graph.reached_from(start)
    _report(routine.steps, place, graph, reached)


def _report(steps: tuple[Step, ...], place: Place, graph: "_Graph", reached: set[int]) -> None:
    before: Step | None = None
    for step in steps:
        here = place.at_step(step.name.text) if step.name.text else place
        is_reached = graph.entries[step] in reached
        if step.name.text and not is_reached and before and graph.entries[before] in reached:
            message = "nothing leads to this step"
            help_ = f"step '{before.name.text}' never goes on to it, and no `next` names it"
            here.warning("unreachable-step", step.name.span, message, help_ if before.name.text else "")
        for inner in step_lists(step.action) if step.action else ():
            _report(inner, here, graph, reached)
        before = step


@dataclass(frozen=True, slots=True)
class _Around:
    """Where jumps lead from a step list."""

    parent: "_Around | None" = None
    entries: dict[str, int] = field(default_factory=dict)
    next_turn: int = _EXIT
    exit: int = _EXIT

    def find(self, target: str) -> int:
        """Return the point where `next: target` goes on."""
        around: _Around | None = self
        while around is not None:
            if target in around.entries:
                return around.entries[target]
            around = around.parent
        return {"break": self.exit, "continue": self.next_turn}.get(target, _EXIT)


class _Graph:
    """Points of a routine, and which may follow which."""

    def __init__(self) -> None:
        self.entries: dict[Step, int] = {}
        """Step -> the point before it."""
        self._following: list[list[int]] = [[]]

    def _point(self) -> int:
        self._following.append([])
        return len(self._following) - 1

    def steps(self, steps: tuple[Step, ...], exit_: int, around: _Around) -> int:
        """Add a step list that goes on at *exit_*; return the point before it."""
        points = [self._point() for _ in steps]
        names = {step.name.text: point for step, point in zip(steps, points, strict=True) if step.name.text}
        inside = _Around(around, names, around.next_turn, around.exit)
        self.entries.update(zip(steps, points, strict=True))
        for step, point, following in zip(steps, points, [*points[1:], exit_], strict=False):
            after = inside.find(step.next.text) if isinstance(step.next, Name) else following
            self._action(step.action, point, after, inside)
        return points[0] if points else exit_

    def _action(self, action: Action | None, point: int, after: int, around: _Around) -> None:
        """Add what may follow *point* when *action* stands there and goes on at *after*."""
        follow = self._following[point]
        match action:
            case Return() | Raise():
                pass
            case Steps():
                follow.append(self.steps(action.steps, after, around))
            case Switch():
                follow += [self.steps(entry.steps, after, around) for entry in action.entries]
                if not any(_is_always(entry.condition) for entry in action.entries):
                    follow.append(after)
            case For():
                turn = _Around(None, {}, point, after)
                follow += [self.steps(action.steps, point, turn), after]
            case Parallel():
                follow += [self.steps(branch.steps, _EXIT, _Around()) for branch in action.branches]
                follow += [self.steps(action.loop.steps, _EXIT, _Around())] if action.loop else []
                follow.append(after)
            case Try():
                # Whatever the body does may fail, or be what fails.
                follow.append(self.steps(action.body, after, around))
                follow += [self.steps(action.handler.steps, after, around)] if action.handler else []
            case _:
                follow.append(after)

    def reached_from(self, start: int) -> set[int]:
        """Return the points that some way from *start* leads to."""
        reached = {start}
        waiting = [start]
        while waiting:
            new = [point for point in self._following[waiting.pop()] if point not in reached]
            reached.update(new)
            waiting += new
        return reached


def _is_always(condition: object) -> bool:
    return isinstance(condition, Constant) and condition.value is True
