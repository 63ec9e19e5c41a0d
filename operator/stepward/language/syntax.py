"""The syntax tree of expressions and values: one frozen dataclass per kind.

Nothing here is resolved: names are text. `lowering` resolves them. Steps are in `structure`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from typing import Literal as OneOf

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


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the expressions that *expression* is made of, in the order of their evaluation."""
    match expression:
        case Literal() | Variable():
            return ()
        case Member():
            return (expression.container,)
        case Index():
            return expression.container, expression.index
        case Unary():
            return (expression.operand,)
        case Binary():
            return expression.left, expression.right
        case ListDisplay():
            return expression.items
        case FunctionCall():
            return expression.arguments


def parts_of(expression: Expression) -> Iterator[Expression]:
    """Yield *expression* and everything it is made of; whatever has parts comes before them."""
    stack = [expression]
    while stack:
        part = stack.pop()
        yield part
        if not isinstance(part, Literal | Variable):
            stack += children(part)


def chain(expression: Expression) -> tuple[Expression, tuple[Member | Index, ...]]:
    """Return what `root.a[b].c` begins with, and its accesses in the order of their evaluation."""
    accesses: list[Member | Index] = []
    while isinstance(expression, Member | Index):
        accesses.append(expression)
        expression = expression.container
    return expression, tuple(reversed(accesses))


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
