"""Scopes: which variables exist where, and the slot of a frame each one lives in (section 4).

A variable belongs to the innermost scope that defines it. `steps`, `switch` and `try` make no
scope; `for` bodies, `except` blocks and parallel branches do, and each branch has a frame of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from stepward.language.syntax import (
    Action,
    Assign,
    Branch,
    Call,
    Except,
    For,
    Name,
    Parallel,
    Routine,
    Step,
    Steps,
    Switch,
    Try,
    Variable,
)

Owner: TypeAlias = Routine | For | Except | Branch
"""What opens a scope."""


class Layout:
    """The slots of one kind of frame. Slot 0 links to the frame that encloses it, if any."""

    def __init__(self, parent: "Layout | None" = None) -> None:
        self.parent = parent
        self.names: list[str] = [""]
        """Slot -> variable name; empty for slots that no expression can name."""

    def allocate(self, name: str = "") -> int:
        """Return a fresh slot."""
        self.names.append(name)
        return len(self.names) - 1

    @property
    def size(self) -> int:
        """How many slots a frame has."""
        return len(self.names)

    @property
    def variables(self) -> int:
        """How many leading slots hold variables: scopes are built before hidden slots are allocated."""
        return 1 + sum(1 for name in self.names if name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a variable lives as seen from a scope: `depth` frames outwards, in `slot`."""

    depth: int
    slot: int
    crossed: tuple["Scope", ...]
    """The branch scopes between reader and variable, innermost first."""


@dataclass(eq=False)
class Scope:
    """The names one scope adds to those around it."""

    owner: Owner
    layout: Layout
    parent: "Scope | None" = None
    shared: frozenset[str] | None = None
    """For the scope of a branch: the parent variables it may write. None: no branch scope."""
    names: dict[str, int] = field(default_factory=dict)
    own_slots: list[int] = field(default_factory=list)
    """Slots that start as null each time the scope is entered."""

    def define(self, name: str) -> int:
        """Add a variable to this scope and return its slot."""
        slot = self.layout.allocate(name)
        self.names[name] = slot
        self.own_slots.append(slot)
        return slot

    def find(self, name: str) -> Place | None:
        """Return where *name* lives, or None if no scope around here defines it."""
        scope: Scope | None = self
        depth = 0
        crossed: list[Scope] = []
        while scope is not None:
            if name in scope.names:
                return Place(depth, scope.names[name], tuple(crossed))
            if scope.shared is not None:
                depth += 1
                crossed.append(scope)
            scope = scope.parent
        return None

    def visible(self) -> set[str]:
        """Return every name that can be read here."""
        names: set[str] = set(self.names)
        return names | self.parent.visible() if self.parent else names


ScopeTable: TypeAlias = dict[Owner, Scope]


def build_scopes(routine: Routine) -> ScopeTable:
    """Return the scope of *routine* and of everything in it that opens one."""
    table: ScopeTable = {}
    scope = Scope(routine, Layout())
    for parameter in routine.parameters:
        scope.define(parameter.name.text)
    _open(scope, routine.steps, table)
    return table


def _open(scope: Scope, steps: tuple[Step, ...], table: ScopeTable) -> None:
    table[scope.owner] = scope
    for name in assigned_names(steps):
        if scope.find(name.text) is None:
            scope.define(name.text)
    for action in own_actions(steps):
        match action:
            case For():
                _open_loop(action, Scope(action, scope.layout, scope), table)
            case Try(handler=Except() as handler):
                inner = Scope(handler, scope.layout, scope)
                if handler.error:
                    inner.define(handler.error.text)
                _open(inner, handler.steps, table)
            case Parallel():
                shared = frozenset(name.text for name in action.shared)
                for branch in action.branches:
                    _open(Scope(branch, Layout(scope.layout), scope, shared), branch.steps, table)
                if action.loop:
                    _open_loop(action.loop, Scope(action.loop, Layout(scope.layout), scope, shared), table)
            case _:
                pass


def _open_loop(loop: For, scope: Scope, table: ScopeTable) -> None:
    scope.define(loop.value.text)
    if loop.index:
        scope.define(loop.index.text)
    _open(scope, loop.steps, table)


def own_actions(steps: tuple[Step, ...]) -> Iterator[Action]:
    """Yield the actions that run in the scope of *steps*: through groups, switches and `try` bodies."""
    for step in steps:
        if step.action:
            yield from _flatten(step.action)


def _flatten(action: Action) -> Iterator[Action]:
    yield action
    match action:
        case Steps():
            yield from own_actions(action.steps)
        case Switch():
            for entry in action.entries:
                if entry.action:
                    yield from _flatten(entry.action)
        case Try():
            yield from _flatten(action.body)
        case _:
            pass


def assigned_names(steps: tuple[Step, ...]) -> Iterator[Name]:
    """Yield every bare name that the scope of *steps* assigns."""
    for action in own_actions(steps):
        match action:
            case Assign():
                for assignment in action.assignments:
                    if isinstance(assignment.target, Variable):
                        yield Name(assignment.target.span, assignment.target.name)
            case Call(result=Name() as result):
                yield result
            case _:
                pass
