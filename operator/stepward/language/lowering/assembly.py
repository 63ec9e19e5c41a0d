"""The assembler that lowering writes to: instructions with labels for addresses not yet known."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from stepward.language.program import Handler, Instruction
from stepward.language.scopes import Layout


class Label:
    """An address that is known once `Assembler.place` was called with it."""

    __slots__ = ("address",)

    def __init__(self) -> None:
        self.address = -1

    @property
    def target(self) -> int:
        """The address; only asked for when all code is emitted."""
        assert self.address >= 0, "label was never placed"
        return self.address


Build: TypeAlias = Callable[[str], Instruction]
"""Makes an instruction of the name of its step, when every label has its address."""


@dataclass(slots=True)
class _OpenHandler:
    entry: Label
    error: int


_NO_HANDLER = -1


class Assembler:
    """Collects the instructions of one routine."""

    def __init__(self) -> None:
        self._code: list[tuple[Build, str, int]] = []
        self._handlers: list[_OpenHandler] = []
        self._around: list[int] = [_NO_HANDLER]

    def emit(self, build: Build, step: str) -> None:
        """Append what *build* will make of the name of the *step*."""
        self._code.append((build, step, self._around[-1]))

    def place(self, label: Label) -> None:
        """Let *label* stand for the next address."""
        label.address = len(self._code)

    def protect(self, entry: Label, layout: Layout) -> int:
        """From here on, errors go to *entry*; return the slot that holds the error there."""
        error = layout.allocate()
        self._handlers.append(_OpenHandler(entry, error))
        self._around.append(len(self._handlers) - 1)
        return error

    def unprotect(self) -> None:
        """End what the last `protect` began."""
        self._around.pop()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Emit code to which no handler of this routine applies: that of a parallel branch."""
        self._around.append(_NO_HANDLER)
        yield
        self._around.pop()

    def finish(self) -> tuple[tuple[Instruction, ...], tuple[int, ...], tuple[Handler, ...]]:
        """Return code, handler per address, and handlers."""
        return (
            tuple(build(step) for build, step, _ in self._code),
            tuple(handler for _, _, handler in self._code),
            tuple(Handler(handler.entry.target, handler.error) for handler in self._handlers),
        )
