"""The text of a workflow and positions in it."""

import bisect
from dataclasses import dataclass
from functools import cached_property


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
        starts = [0]
        for offset, character in enumerate(self.text):
            if character == "\n":
                starts.append(offset + 1)
        return tuple(starts)

    def position(self, span: Span) -> Position:
        """Return line, column and length of *span*."""
        line = bisect.bisect_right(self._line_starts, span.start)
        return Position(line, span.start - self._line_starts[line - 1] + 1, max(span.end - span.start, 1))

    def line_text(self, line: int) -> str:
        """Return the text of 1-based *line* without its line break."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")
