"""Checks of step names and of where `next` may go (language.md 1.4, 2.10)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from stepward.language import expressions
from stepward.language.checking.sites import Context
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import listed, quote
from stepward.language.structure import (
    Action,
    Except,
    For,
    Name,
    Parallel,
    Return,
    Routine,
    Step,
    Try,
    own_lists,
)

_END: Final = "end"
_LOOP_TARGETS: Final = ("break", "continue")
_KEEP_RESULT: Final = "write the result to a variable listed in 'shared', and use it after the parallel step"


@dataclass(eq=False)
class _Block:
    """A step list, and what a jump in it may reach."""

    parent: "_Block | None" = None
    title: str = ""
    """What holds it, for messages: "the loop 'a'"."""
    owner: str = ""
    """The step that holds it."""
    closed: bool = False
    """Whether jumps can neither enter nor leave it: a loop body or a branch."""
    in_loop: bool = False
    in_parallel_loop: bool = False
    in_branch: bool = False
    names: dict[str, None] = field(default_factory=dict)
    """Of its steps, in their order."""

    def inside(self, title: str, owner: str) -> "_Block":
        """Return a block in this one that jumps may leave."""
        return _Block(
            self,
            title,
            owner,
            in_loop=self.in_loop,
            in_parallel_loop=self.in_parallel_loop,
            in_branch=self.in_branch,
        )

    def reaches(self, target: str) -> bool:
        """Return whether a jump from here may go to the step *target*."""
        return any(target in block.names for block in self.reachable())

    def reachable(self) -> Iterator["_Block"]:
        """Yield the blocks whose steps a jump from here may go to, this one first."""
        block: _Block | None = self
        while block is not None:
            yield block
            block = None if block.closed else block.parent

    def around(self) -> list["_Block"]:
        """Return this block and all around it, the outermost last."""
        found = [self]
        while found[-1].parent:
            found.append(found[-1].parent)
        return found


@dataclass(frozen=True, slots=True)
class _Seen:
    """A name of a step or branch in the routine."""

    name: Name
    block: _Block
    is_branch: bool


@dataclass(frozen=True, slots=True)
class _Jump:
    """A `next`, and where it stands."""

    target: Name
    place: Place
    block: _Block


def check_jumps(routine: Routine, place: Place, context: Context) -> None:
    """Check step names and jumps of *routine*."""
    walk = _Walk(place)
    walk.steps(routine.steps, place, _Block())
    for jump in walk.jumps:
        _check_target(jump, walk.seen, context)


class _Walk:
    """Collects names and jumps of a routine; reports what is wrong with names, and `return` in a branch."""

    def __init__(self, place: Place) -> None:
        self.seen: dict[str, _Seen] = {}
        self.jumps: list[_Jump] = []
        self._routine = place.routine

    def steps(self, steps: tuple[Step, ...], place: Place, block: _Block) -> None:
        """Walk a step list."""
        for step in steps:
            here = place.at_step(step.name.text) if step.name.text else place
            if step.name.text:
                self._name(step.name, here, block, is_branch=False)
            if step.next:
                self.jumps.append(_Jump(step.next, here, block))
            if step.action:
                self._action(step.action, here, block)

    def _name(self, name: Name, place: Place, block: _Block, *, is_branch: bool) -> None:
        first = self.seen.setdefault(name.text, _Seen(name, block, is_branch))
        if first.name is not name:
            place.error(
                "duplicate-step",
                name.span,
                f"the name {quote(name.text)} is used twice in routine '{self._routine}'",
                f"the first one is in line {place.line_of(first.name.span)}; rename one of them",
            )
        elif block.in_loop and name.text in _LOOP_TARGETS and not is_branch:
            message = f"a step in a 'for' body must not be called {quote(name.text)}"
            place.error("reserved-step-name", name.span, message, f"`next: {name.text}` could not reach it")
        if not is_branch:
            block.names[name.text] = None

    def _action(self, action: Action, place: Place, block: _Block) -> None:
        step = place.step or ""
        for steps in own_lists(action):
            self.steps(steps, place, block.inside(f"step '{step}'", step))
        match action:
            case For():
                self._loop(action, place, block)
            case Parallel():
                self._parallel(action, place, block)
            case Try(handler=Except() as handler):
                self.steps(handler.steps, place, block.inside(f"step '{step}'", step))
            case Return() if block.in_branch:
                message = "'return' cannot stand in a parallel branch: the other branches still run"
                place.error("return-in-branch", action.span, message, _KEEP_RESULT)
            case _:
                pass

    def _loop(self, loop: For, place: Place, block: _Block) -> None:
        step = place.step or ""
        body = _Block(block, f"the loop '{step}'", step, closed=True, in_loop=True, in_branch=block.in_branch)
        self.steps(loop.steps, place, body)

    def _parallel(self, action: Parallel, place: Place, block: _Block) -> None:
        step = place.step or ""
        for branch in action.branches:
            self._name(branch.name, place, block, is_branch=True)
            title = f"the branch '{branch.name.text}'"
            body = _Block(block, title, step, closed=True, in_branch=True)
            self.steps(branch.steps, place.at_step(branch.name.text), body)
        if action.loop:
            title = f"the parallel loop '{step}'"
            body = _Block(
                block, title, step, closed=True, in_loop=True, in_parallel_loop=True, in_branch=True
            )
            self.steps(action.loop.steps, place, body)


def _check_target(jump: _Jump, seen: dict[str, _Seen], context: Context) -> None:
    name, span, place, block = jump.target.text, jump.target.span, jump.place, jump.block
    if block.reaches(name):
        return
    if name == _END:
        if block.in_branch:
            message = "`next: end` cannot stand in a parallel branch"
            place.error("return-in-branch", span, message, _KEEP_RESULT)
    elif name in _LOOP_TARGETS:
        if not block.in_loop:
            message = f"`next: {name}` must stand in a 'for' body"
            place.error("jump-outside-loop", span, message, "to go elsewhere, name a step")
        elif name == "break" and block.in_parallel_loop:
            message = "`next: break` cannot leave a parallel 'for': other iterations still run"
            place.error("jump-outside-loop", span, message, "`next: continue` ends the iteration")
    elif name in seen:
        _report_unreachable(jump, seen[name])
    else:
        place.error(
            "unknown-step",
            span,
            f"`next` must name a step of '{place.routine}'; there is no step {quote(name)}",
            _targets(jump, seen, context),
        )


def _targets(jump: _Jump, seen: dict[str, _Seen], context: Context) -> str:
    """Return what the author of *jump* may have meant."""
    if expressions.is_expression(jump.target.text):
        return "`next` is never an expression: for a choice of steps use `switch`"
    similar = jump.place.did_you_mean(jump.target.text, seen)
    if similar:
        return similar
    elsewhere = context.routine_of_step.get(jump.target.text)
    if elsewhere:
        call = f": call it with `call: {elsewhere}`" if elsewhere != "main" else ""
        return f"{quote(jump.target.text)} is a step of routine '{elsewhere}'{call}"
    if jump.target.text in context.routines:
        return f"{quote(jump.target.text)} is a routine: call it with `call: {jump.target.text}`"
    nearby = list(islice((name for block in jump.block.reachable() for name in block.names), 5))
    return f"steps that can be reached from here: {listed(nearby)}" if nearby else "leave `next` out"


def _report_unreachable(jump: _Jump, target: _Seen) -> None:
    """Say why the step that *jump* names cannot be reached."""
    name = quote(jump.target.text)
    from_, to = jump.block.around(), target.block.around()
    common = set(to)
    left = next((block for block in from_ if block.closed and block not in common), None)
    entered = next(block for block in reversed(to) if block not in set(from_)) if left is None else None
    help_ = "a branch ends with its last step; what comes next stands behind the parallel step"
    if target.is_branch:
        reason = "it is a branch, not a step"
    elif left is not None:
        reason = f"it stands outside {left.title}"
        if left.in_loop and not left.in_parallel_loop:
            help_ = "`next: break` leaves the loop, `next: continue` goes on with it"
    else:
        assert entered is not None, "a step that no block separates can be reached"
        reason = f"it stands inside {entered.title}"
        if not entered.closed:
            reason += f", in a list that does not hold step '{jump.place.step}'"
        help_ = f"go to '{entered.owner}', or move {name} out of it"
    jump.place.error("unreachable-target", jump.target.span, f"`next` cannot go to {name}: {reason}", help_)
