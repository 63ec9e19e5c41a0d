"""The text of a workflow and positions in it."""

import bisect
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_LINE_BREAK: Final = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of source: offsets into the text, counted in characters; `end` is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a span begins, for people: 1-based line and column, and its length in characters."""

    line: int
    column: int
    length: int


@dataclass(frozen=True)
class Source:
    """One source file: its name as the user knows it, and its text."""

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        return (0, *(found.end() for found in _LINE_BREAK.finditer(self.text)))

    def position(self, span: Span) -> Position:
        """Return line, column and length of *span*; beyond the text means its end."""
        start = min(span.start, len(self.text))
        line = bisect.bisect_right(self._line_starts, start)
        length = max(min(span.end, len(self.text)) - start, 1)
        return Position(line, start - self._line_starts[line - 1] + 1, length)

    def line_text(self, line: int) -> str:
        """Return the text of 1-based *line* without its line break."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")
