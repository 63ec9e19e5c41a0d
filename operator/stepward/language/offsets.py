"""From a character of a scalar's value back to the place in the source that produced it.

YAML unescapes, folds and strips; diagnostics must point at what the author typed.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

Style: TypeAlias = Literal["plain", "single", "double", "block"]
Piece: TypeAlias = tuple[int, int]
"""Start and end, within the raw scalar, of what became one character."""

QUOTED: Final = frozenset({"single", "double"})

_DOUBLE: Final = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"  # JSON only
    r"|(?P<glue>\\(?:\r\n|[\r\n\x85\u2028\u2029])\s*)"
    r"|(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))"
    r"|(?P<space>\s+)"
    r"|(?P<other>[^\s\\])",
    re.DOTALL,
)
_SINGLE: Final = re.compile(r"(?P<escape>'')|(?P<space>\s+)|(?P<other>\S)")
_BLOCK_HEADER: Final = re.compile(r"[|>][^\r\n\x85\u2028\u2029]*(?:\r\n|.)?", re.DOTALL)
_BREAK: Final = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


def pieces(raw: str, text: str, style: Style) -> tuple[Piece, ...]:
    """Return the place in *raw* of each character of *text*; empty if they do not fit together."""
    if style == "block":
        found = tuple(_block(raw, text))
    else:
        pattern = _DOUBLE if style == "double" else _SINGLE
        inner = (1, len(raw) - 1) if style in QUOTED else (0, len(raw))
        found = tuple(_flow(raw, pattern, *inner))
    return found if len(found) == len(text) else ()


def _flow(raw: str, pattern: re.Pattern[str], start: int, end: int) -> Iterator[Piece]:
    """Yield the pieces of a plain or quoted scalar, whose line breaks are folded."""
    for token in pattern.finditer(raw, start, end):
        first, last = token.span()
        if token.lastgroup == "space":
            yield from _folded_space(token[0], first)
        elif token.lastgroup == "glue":
            breaks = len(_BREAK.findall(token[0])) - 1
            yield from ((first, last) for _ in range(breaks))
        else:
            yield first, last


def _folded_space(space: str, start: int) -> Iterator[Piece]:
    """Yield the pieces of white space: itself, or one blank for a line break, or the empty lines."""
    breaks = [found.span() for found in _BREAK.finditer(space)]
    if not breaks:
        yield from ((start + index, start + index + 1) for index in range(len(space)))
    elif len(breaks) == 1:
        yield start, start + len(space)
    else:
        yield from ((start + first, start + last) for first, last in breaks[1:])


def _block(raw: str, text: str) -> Iterator[Piece]:
    """Yield the pieces of a block scalar: what is not white space stands there in the same order."""
    header = _BLOCK_HEADER.match(raw)
    at = header.end() if header else 0
    index = 0
    while index < len(text):
        if text[index].isspace():
            stop = _space_end(text, index)
            space_end = _space_end(raw, at)
            # Indentation is what the value lacks, and it stands before what the value has.
            for offset in range(stop - index, 0, -1):
                place = max(space_end - offset, at)
                yield place, min(place + 1, len(raw))
            at, index = space_end, stop
        else:
            at = _space_end(raw, at)
            yield at, at + 1
            at, index = at + 1, index + 1


def _space_end(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start
