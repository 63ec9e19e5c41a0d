"""What YAML and JSON texts are made of: scalars, lists and maps, each with its place in the source."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from stepward.language import offsets
from stepward.language.source import Span


@dataclass(frozen=True)
class ScalarNode:
    """A single value. As a map key its `value` is always a string (language.md 1.2).

    `text` is the scalar after quotes, escapes and folding; `value` is what it stands for. `plain` means
    written without quotes and not as a block.
    """

    span: Span
    value: str | int | float | bool | None
    text: str
    plain: bool
    raw: str = field(default="", repr=False, compare=False)
    """The scalar as it stands in the source: what `span` covers."""
    style: offsets.Style = field(default="plain", repr=False, compare=False)

    def source_span(self, start: int, end: int) -> Span:
        """Return the place in the source of `text[start:end]`.

        Exact for everything but white space at the edges of lines that YAML folds. An empty piece gets
        an empty span.
        """
        base = self.span.start
        if self.raw == self.text:
            return Span(base + start, base + end)
        if self._is_only_quoted:
            return Span(base + 1 + start, base + 1 + end)
        pieces = self._pieces
        if not pieces:
            return self.span
        first = pieces[start][0] if start < len(pieces) else pieces[-1][1]
        return Span(base + first, base + (pieces[end - 1][1] if end > start else first))

    @property
    def _is_only_quoted(self) -> bool:
        return self.style in offsets.QUOTED and len(self.raw) == len(self.text) + 2

    @cached_property
    def _pieces(self) -> tuple[offsets.Piece, ...]:
        return offsets.pieces(self.raw, self.text, self.style)


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list, in block or flow form."""

    span: Span
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value."""

    key: ScalarNode
    value: "Node"


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map, in block or flow form; its keys are different strings."""

    span: Span
    entries: tuple[Entry, ...]


Node: TypeAlias = ScalarNode | ListNode | MapNode
