"""Static checks of step names and of where `next` may go (language.md 1.4, 2.10)."""

from dataclasses import dataclass, replace

from stepward.language.syntax import (
    Action,
    For,
    Name,
    Parallel,
    Return,
    Routine,
    Step,
    Steps,
    Switch,
    Try,
)
from stepward.language.templates import Place, quote

RETURN_TARGET = "end"
LOOP_TARGETS = ("break", "continue")


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds a step: the steps a jump may reach, and what kind of body it is in."""

    targets: frozenset[str] = frozenset()
    in_loop: bool = False
    in_parallel_loop: bool = False
    in_branch: bool = False


def check_jumps(routine: Routine, place: Place) -> None:
    """Check step names and jumps of *routine*."""
    seen: dict[str, Name] = {}
    _check_names(routine.steps, place, seen, in_loop=False)
    _check_list(routine.steps, place, _Around(), set(seen))


def _check_names(steps: tuple[Step, ...], place: Place, seen: dict[str, Name], *, in_loop: bool) -> None:
    for step in steps:
        here = place
        if step.name.text:
            here = place.at_step(step.name.text)
            _check_name(step.name, here, seen, in_loop=in_loop)
        if step.action:
            _check_inner_names(step.action, here, seen, in_loop=in_loop)


def _check_name(name: Name, place: Place, seen: dict[str, Name], *, in_loop: bool) -> None:
    if name.text in seen:
        line = place.line_of(seen[name.text].span)
        place.error(
            "duplicate-step",
            name.span,
            f"the name {quote(name.text)} is used twice in routine '{place.routine}'",
            f"the first one is in line {line}; rename one of them",
        )
    elif in_loop and name.text in LOOP_TARGETS:
        place.error(
            "reserved-step-name", name.span, f"a step in a 'for' body must not be called {quote(name.text)}"
        )
    seen.setdefault(name.text, name)


def _check_inner_names(action: Action, place: Place, seen: dict[str, Name], *, in_loop: bool) -> None:
    match action:
        case Steps():
            _check_names(action.steps, place, seen, in_loop=in_loop)
        case For():
            _check_names(action.steps, place, seen, in_loop=True)
        case Switch():
            for entry in action.entries:
                if entry.action:
                    _check_inner_names(entry.action, place, seen, in_loop=in_loop)
        case Try():
            _check_inner_names(action.body, place, seen, in_loop=in_loop)
            if action.handler:
                _check_names(action.handler.steps, place, seen, in_loop=in_loop)
        case Parallel():
            for branch in action.branches:
                _check_name(branch.name, place, seen, in_loop=False)
                _check_names(branch.steps, place, seen, in_loop=False)
            if action.loop:
                _check_names(action.loop.steps, place, seen, in_loop=True)
        case _:
            pass


def _check_list(steps: tuple[Step, ...], place: Place, around: _Around, all_names: set[str]) -> None:
    inside = replace(around, targets=around.targets | {step.name.text for step in steps if step.name.text})
    for step in steps:
        here = place.at_step(step.name.text) if step.name.text else place
        if step.next:
            _check_target(step.next, here, inside, all_names)
        if step.action:
            _check_action(step.action, here, inside, all_names)


def _check_action(action: Action, place: Place, around: _Around, all_names: set[str]) -> None:
    match action:
        case Steps():
            _check_list(action.steps, place, around, all_names)
        case Switch():
            for entry in action.entries:
                if entry.next:
                    _check_target(entry.next, place, around, all_names)
                if entry.action:
                    _check_action(entry.action, place, around, all_names)
        case Try():
            _check_action(action.body, place, around, all_names)
            if action.handler:
                _check_list(action.handler.steps, place, around, all_names)
        case For():
            inner = _Around(in_loop=True, in_branch=around.in_branch)
            _check_list(action.steps, place, inner, all_names)
        case Parallel():
            for branch in action.branches:
                _check_list(branch.steps, place, _Around(in_branch=True), all_names)
            if action.loop:
                inner = _Around(in_loop=True, in_parallel_loop=True, in_branch=True)
                _check_list(action.loop.steps, place, inner, all_names)
        case Return() if around.in_branch:
            place.error(
                "return-in-branch",
                action.span,
                "'return' cannot stand in a parallel branch: the other branches still run",
                "write the result to a variable listed in 'shared' and return it after the parallel step",
            )


def _check_target(target: Name, place: Place, around: _Around, all_names: set[str]) -> None:
    name = target.text
    if name in around.targets:
        return
    if name == RETURN_TARGET:
        if around.in_branch:
            place.error("return-in-branch", target.span, "`next: end` cannot stand in a parallel branch")
        return
    if name in LOOP_TARGETS:
        if not around.in_loop:
            place.error("jump-outside-loop", target.span, f"`next: {name}` must stand in a 'for' body")
        elif name == "break" and around.in_parallel_loop:
            place.error("jump-outside-loop", target.span, "`next: break` cannot leave a parallel 'for'")
        return
    if name in all_names:
        place.error(
            "unreachable-step",
            target.span,
            f"`next` cannot go to {quote(name)}: a jump may not enter or leave a loop or branch, "
            "nor enter a list of steps that does not hold the jumping step",
        )
        return
    place.error(
        "unknown-step",
        target.span,
        f"`next` must name a step of '{place.routine}'; there is no step {quote(name)}",
        place.did_you_mean(name, all_names),
    )
