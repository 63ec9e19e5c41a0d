"""The syntax tree of steps: one frozen dataclass per kind of step, up to the whole workflow.

Nothing here is resolved: names are text, targets of jumps are text. `lowering` resolves them.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from stepward.language.source import Span
from stepward.language.syntax import Constant, Expression, Interpolation, Template


@dataclass(frozen=True, slots=True)
class Name:
    """A name where it stands in the source."""

    span: Span
    text: str


UNNAMED: Final = Name(Span(0, 0), "")
"""The name of a step that only stands for an unnamed body."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`target: value`. The target is a chain of Variable, Member and Index."""

    span: Span
    target: Expression
    value: Template


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """`assign:` with one or more assignments."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`call:` of a library function, connector or subworkflow. `keyword` is the word `call`."""

    keyword: Span
    function: Name
    arguments: Template | None
    """A MapTemplate or Constant map (by name), a ListTemplate or Constant list (by position), an
    Interpolation (an expression that yields a map), or None."""
    argument_names: tuple[Name, ...]
    """The keys of literal named arguments, for messages that point at one."""
    result: Name | None


@dataclass(frozen=True, slots=True, eq=False)
class SwitchEntry:
    """One entry of `switch`: its condition, and what to do."""

    condition: Template
    steps: tuple["Step", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """`switch:`; the first entry whose condition is true runs."""

    entries: tuple[SwitchEntry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class For:
    """`for:` over a list (`items`) or over a range (`bounds`); exactly one of them is set."""

    value: Name
    index: Name | None
    items: Template | None
    bounds: Template | None
    steps: tuple["Step", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One named branch of `parallel`."""

    name: Name
    steps: tuple["Step", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """`parallel:` with branches, or with a loop whose iterations are the branches."""

    keyword: Span
    shared: tuple[Name, ...]
    concurrency_limit: Template | None
    branches: tuple[Branch, ...]
    loop: For | None


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """`steps:` inside a step: a group without a scope of its own."""

    steps: tuple["Step", ...]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retry:`; either `policy` is an expression for a whole policy, or the fields are set."""

    span: Span
    policy: Interpolation | None
    predicate: Template | None
    max_retries: Template | None
    initial_delay: Template | None
    max_delay: Template | None
    multiplier: Template | None


@dataclass(frozen=True, slots=True, eq=False)
class Except:
    """`except:`; `error` is the variable of `as`."""

    error: Name | None
    steps: tuple["Step", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """`try:` with `retry` and `except`. `keyword` is the word `try`."""

    keyword: Span
    body: tuple["Step", ...]
    retry: RetryPolicy | None
    handler: Except | None


@dataclass(frozen=True, slots=True, eq=False)
class Raise:
    """`raise:`; `span` covers the entry from its keyword on."""

    span: Span
    value: Template


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """`return:`."""

    span: Span
    value: Template


Action: TypeAlias = Assign | Call | Switch | For | Parallel | Steps | Try | Raise | Return


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step. Without an action it is a pure jump.

    What stands unnamed in a `try`, a branch or an entry of `switch` is a list of one unnamed step.
    """

    name: Name
    action: Action | None
    next: Name | None


def own_lists(action: Action) -> tuple[tuple[Step, ...], ...]:
    """Return the step lists in *action* that run in the scope of the action itself."""
    match action:
        case Steps():
            return (action.steps,)
        case Switch():
            return tuple(entry.steps for entry in action.entries)
        case Try():
            return (action.body,)
        case _:
            return ()


def step_lists(action: Action) -> tuple[tuple[Step, ...], ...]:
    """Return all step lists in *action*, in the order of the source."""
    match action:
        case For():
            return (action.steps,)
        case Parallel():
            loop = (action.loop.steps,) if action.loop else ()
            return (*(branch.steps for branch in action.branches), *loop)
        case Try(handler=Except() as handler):
            return action.body, handler.steps
        case _:
            return own_lists(action)


def count_steps(steps: tuple[Step, ...]) -> int:
    """Return how many steps the author named in *steps* and below."""
    return sum(
        bool(step.name.text) + sum(map(count_steps, step_lists(step.action) if step.action else ()))
        for step in steps
    )


@dataclass(frozen=True, slots=True)
class ParameterDeclaration:
    """One entry of `params`; `default` is set for an optional parameter."""

    name: Name
    default: Constant | None


@dataclass(frozen=True, slots=True, eq=False)
class Routine:
    """`main` or a subworkflow."""

    name: Name
    parameters: tuple[ParameterDeclaration, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Workflow:
    """A whole source file. `routines` holds `main` first, then the rest as written."""

    routines: tuple[Routine, ...]
