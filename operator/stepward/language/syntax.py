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


Expression: TypeAlias = (
    Literal | Variable | Member | Index | Unary | Binary | ListDisplay | FunctionCall
)
