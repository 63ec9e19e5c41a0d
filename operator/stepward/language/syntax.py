"""The syntax tree: one frozen dataclass per kind of expression, value and step.

Nothing here is resolved: names are text, targets of jumps are text. `lowering` resolves them.
"""

from dataclasses import dataclass
from typing import Any, Literal as OneOf, TypeAlias

from stepward.language.source import Span

# --- expressions (language.md, section 3) ------------------------------------------------------

BinaryOperator: TypeAlias = OneOf[
    "+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!=", "in", "and", "or"
]
UnaryOperator: TypeAlias = OneOf["not", "-", "+"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, boolean or null. `value` is a scalar value."""

    span: Span
    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    """An identifier that is read."""

    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`container.name`."""

    span: Span
    container: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`container[index]`."""

    span: Span
    container: "Expression"
    index: "Expression"


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x`, `-x`, `+x`."""

    span: Span
    operator: UnaryOperator
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    span: Span
    operator: BinaryOperator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class ListDisplay:
    """`[a, b]`."""

    span: Span
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`name(arguments)`; the name may be dotted. `name_span` covers the name alone."""

    span: Span
    name_span: Span
    name: str
    arguments: tuple["Expression", ...]


Expression: TypeAlias = Literal | Variable | Member | Index | Unary | Binary | ListDisplay | FunctionCall

# --- values: anything below `assign`, `args`, `return` … (language.md, section 2) --------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A value without expressions in it: scalar, list or map, as the author wrote it."""

    span: Span
    value: Any


@dataclass(frozen=True, slots=True)
class Interpolation:
    """`${expression}`; `span` covers the whole text, delimiters included."""

    span: Span
    expression: Expression


@dataclass(frozen=True, slots=True)
class ListTemplate:
    """A list some of whose items hold expressions."""

    span: Span
    items: tuple["Template", ...]


@dataclass(frozen=True, slots=True)
class MapTemplate:
    """A map some of whose keys or values hold expressions."""

    span: Span
    entries: tuple[tuple["Constant | Interpolation", "Template"], ...]


Template: TypeAlias = Constant | Interpolation | ListTemplate | MapTemplate

# --- steps -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """A name where it stands in the source."""

    span: Span
    text: str


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
    action: "Action | None"
    next: Name | None


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
    """`try:` with `retry` and `except`; the body is one unnamed action or a list of steps."""

    body: "Action"
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
    """One named step. Without an action it is a pure jump."""

    name: Name
    action: Action | None
    next: Name | None


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
