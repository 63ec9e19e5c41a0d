"""How an execution ends, and where a failure happened (language.md 5.7, 10.2)."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from stepward.values import convert


@dataclass(frozen=True, slots=True)
class StackElement:
    """One frame of a stack trace: the step, its routine, and the piece of source being executed."""

    step: str
    routine: str
    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Caught:
    """What a handler keeps of a failure, until it is bound to a variable or goes on outwards."""

    value: Any
    raised: bool
    """The author raised it."""
    stack: tuple[StackElement, ...]

    def to_json(self) -> list[Any]:
        """Return plain JSON data for `from_json`."""
        return [convert.freeze(self.value), self.raised, _stack_to_json(self.stack)]

    @classmethod
    def from_json(cls, data: list[Any]) -> "Caught":
        """Return what `to_json` gave *data* for."""
        value, raised, stack = data
        return cls(convert.thaw(value), raised, _stack_from_json(stack))


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


def to_json(outcome: Outcome | None) -> dict[str, Any] | None:
    """Return plain JSON data for `from_json`."""
    match outcome:
        case None:
            return None
        case Succeeded():
            return {"succeeded": convert.freeze(outcome.value)}
        case Failed():
            return {
                "failed": convert.freeze(outcome.payload),
                "context": outcome.context,
                "stack": _stack_to_json(outcome.stack),
            }


def from_json(data: dict[str, Any] | None) -> Outcome | None:
    """Return what `to_json` gave *data* for."""
    if data is None:
        return None
    if "succeeded" in data:
        return Succeeded(convert.thaw(data["succeeded"]))
    return Failed(convert.thaw(data["failed"]), data["context"], _stack_from_json(data["stack"]))


def _stack_to_json(stack: tuple[StackElement, ...]) -> list[list[Any]]:
    return [[e.step, e.routine, e.line, e.column, e.length] for e in stack]


def _stack_from_json(data: list[list[Any]]) -> tuple[StackElement, ...]:
    return tuple(StackElement(*element) for element in data)
