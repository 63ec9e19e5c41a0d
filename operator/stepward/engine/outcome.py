"""How an execution ends (language.md 5.7, 10.2)."""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class StackElement:
    """One frame of a stack trace: the step, its routine, and the piece of source being executed."""

    step: str
    routine: str
    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Succeeded:
    """`main` returned *value*."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that nothing caught. `stack` is innermost first."""

    payload: Any
    """The raised value: a map or text."""
    context: str
    stack: tuple[StackElement, ...]


Outcome: TypeAlias = Succeeded | Failed
