"""From a character of a scalar's value back to the place in the source that produced it.

YAML unescapes, folds and strips; diagnostics must point at what the author typed.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

Style: TypeAlias = Literal["plain", "single", "double", "block", "json"]
Piece: TypeAlias = tuple[int, int]
"""Start and end, within the raw scalar, of what became one character."""

QUOTED: Final = frozenset({"single", "double", "json"})

_BREAKS: Final = "\r\n\x85\u2028\u2029"
SPACE: Final = f" \t{_BREAKS}"
"""White space for YAML, which folds it around line breaks: less than Python's."""
_SPACE: Final = f"[{SPACE}]"

_JSON: Final = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<escape>\\(?:u[0-9a-fA-F]{4}|.))"
    r"|(?P<other>[^\\])",
    re.DOTALL,
)
_DOUBLE: Final = re.compile(
    rf"(?P<glue>\\(?:\r\n|[{_BREAKS}]){_SPACE}*)"
    r"|(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))"
    rf"|(?P<space>{_SPACE}+)"
    r"|(?P<other>[^\\])",
    re.DOTALL,
)
_SINGLE: Final = re.compile(rf"(?P<escape>'')|(?P<space>{_SPACE}+)|(?P<other>.)", re.DOTALL)
_PLAIN: Final = re.compile(rf"(?P<space>{_SPACE}+)|(?P<other>.)", re.DOTALL)
_PATTERNS: Final = {"plain": _PLAIN, "single": _SINGLE, "double": _DOUBLE, "json": _JSON}
_BLOCK_HEADER: Final = re.compile(rf"[|>][^{_BREAKS}]*")
_BREAK: Final = re.compile(rf"\r\n|[{_BREAKS}]")
_SPACES: Final = re.compile(rf"{_SPACE}*")


def pieces(raw: str, text: str, style: Style) -> tuple[Piece, ...]:
    """Return the place in *raw* of each character of *text*; empty if they do not fit together."""
    if style == "block":
        found = tuple(_block(raw, text))
    else:
        inner = (1, len(raw) - 1) if style in QUOTED else (0, len(raw))
        found = tuple(_flow(raw, _PATTERNS[style], *inner))
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
        stop, space_end = _space_end(text, index), _space_end(raw, at)
        yield from reversed(tuple(_indented_space(raw, at, space_end, text[index:stop])))
        at, index = space_end, stop
        if index < len(text):
            yield at, at + 1
            at, index = at + 1, index + 1


def _indented_space(raw: str, start: int, end: int, space: str) -> Iterator[Piece]:
    """Yield the pieces of *space*, which `raw[start:end]` became, the last one first."""
    # The value lacks the indentation, so its blanks are the last ones of their line.
    at = end
    for character in reversed(space):
        at = max(raw.rfind("\n", start, at) if character == "\n" else at - 1, start)
        yield at, min(at + 1, len(raw))


def _space_end(text: str, start: int) -> int:
    found = _SPACES.match(text, start)
    return found.end() if found else start
