"""Scopes: which variables exist where, and the slot of a frame each one lives in (section 4).

A variable belongs to the innermost scope that defines it. `steps`, `switch` and `try` make no
scope; `for` bodies, `except` blocks and parallel branches do, and each branch has a frame of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from stepward.language.structure import (
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
    Try,
    own_lists,
)
from stepward.language.syntax import Variable

Owner: TypeAlias = Routine | For | Except | Branch
"""What opens a scope."""


class Layout:
    """The slots of one kind of frame. Slot 0 links to the frame that encloses it, if any."""

    def __init__(self) -> None:
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


class Home(NamedTuple):
    """Where a variable lives as seen from a scope: `depth` frames outwards, in `slot`."""

    depth: int
    slot: int
    scope: "Scope"
    """The scope that defines it."""
    crossed: tuple["Scope", ...]
    """The branch scopes between reader and variable, innermost first."""


@dataclass(eq=False)
class Scope:
    """The names one scope adds to those around it."""

    owner: Owner
    layout: Layout
    title: str
    """What it is, for messages: "the loop 'a'"."""
    step: str = ""
    """The step that opens it."""
    parent: "Scope | None" = None
    shared: frozenset[str] | None = None
    """For the scope of a branch: the parent variables it may write. None: no branch scope."""
    names: dict[str, int] = field(default_factory=dict)
    own_slots: list[int] = field(default_factory=list)
    """Slots that start as null each time the scope is entered."""

    def define(self, name: str) -> None:
        """Add a variable to this scope."""
        slot = self.layout.allocate(name)
        self.names[name] = slot
        self.own_slots.append(slot)

    def find(self, name: str) -> Home | None:
        """Return where *name* lives, or None if no scope around here defines it."""
        scope: Scope | None = self
        crossed: list[Scope] = []
        while scope is not None:
            if name in scope.names:
                return Home(len(crossed), scope.names[name], scope, tuple(crossed))
            if scope.shared is not None:
                crossed.append(scope)
            scope = scope.parent
        return None

    def visible(self) -> Iterator[str]:
        """Yield every name that can be read here, the innermost scope's first."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent


ScopeTable: TypeAlias = dict[Owner, Scope]


def build_scopes(routine: Routine) -> ScopeTable:
    """Return the scope of *routine* and of everything in it that opens one."""
    table: ScopeTable = {}
    scope = Scope(routine, Layout(), f"the routine '{routine.name.text}'")
    for parameter in routine.parameters:
        scope.define(parameter.name.text)
    _open(scope, routine.steps, table)
    return table


def _open(scope: Scope, steps: tuple[Step, ...], table: ScopeTable) -> None:
    table[scope.owner] = scope
    owner = scope.owner.name.text if isinstance(scope.owner, Branch) else scope.step
    actions = list(own_actions(steps, owner))
    for action, _ in actions:
        for name in _assigned_by(action):
            if name.text and scope.find(name.text) is None:
                scope.define(name.text)
    for action, step in actions:
        match action:
            case For():
                _open_loop(action, Scope(action, scope.layout, f"the loop '{step}'", step, scope), table)
            case Try(handler=Except() as handler):
                title = f"the 'except' of step '{step}'"
                inner = Scope(handler, scope.layout, title, step, scope)
                if handler.error:
                    inner.define(handler.error.text)
                _open(inner, handler.steps, table)
            case Parallel():
                _open_branches(action, scope, step, table)
            case _:
                pass


def _open_branches(action: Parallel, scope: Scope, step: str, table: ScopeTable) -> None:
    shared = frozenset(name.text for name in action.shared)
    for branch in action.branches:
        title = f"the branch '{branch.name.text}'"
        _open(Scope(branch, Layout(), title, step, scope, shared), branch.steps, table)
    if action.loop:
        title = f"the parallel loop '{step}'"
        _open_loop(action.loop, Scope(action.loop, Layout(), title, step, scope, shared), table)


def _open_loop(loop: For, scope: Scope, table: ScopeTable) -> None:
    for name in (loop.value, loop.index):
        if name and name.text:
            scope.define(name.text)
    _open(scope, loop.steps, table)


def own_actions(steps: tuple[Step, ...], owner: str = "") -> Iterator[tuple[Action, str]]:
    """Yield the actions that run in the scope of *steps*, each with its step.

    These are the actions of the steps themselves, and those in their groups, switches and `try` bodies.
    Steps without a name go by that of their *owner*.
    """
    for step in steps:
        if step.action:
            yield from _flatten(step.action, step.name.text or owner)


def _flatten(action: Action, step: str) -> Iterator[tuple[Action, str]]:
    yield action, step
    for steps in own_lists(action):
        yield from own_actions(steps, step)


def _assigned_by(action: Action) -> Iterator[Name]:
    """Yield the bare names that *action* itself assigns."""
    match action:
        case Assign():
            for assignment in action.assignments:
                if isinstance(assignment.target, Variable):
                    yield Name(assignment.target.span, assignment.target.name)
        case Call(result=Name() as result):
            yield result
        case _:
            pass
