"""The lexer of expressions: language.md 3.2."""

import math
import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from stepward.language import expression_errors
from stepward.language.expression_errors import ExpressionError

Kind: TypeAlias = Literal["integer", "double", "string", "name", "symbol", "end"]

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_TOKEN: Final = re.compile(
    r"(?P<double>[0-9]+(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+))"
    r"|(?P<integer>[0-9]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"""|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<symbol>//|==(?!=)|!=(?!=)|<=|>=|[-+*/%<>()\[\].,])"
    r"|(?P<end>\Z)",
    re.DOTALL,
)
_NUMBER_TAIL: Final = re.compile(r"[0-9A-Za-z_.]+")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ESCAPES: Final = {
    '"': '"',
    "'": "'",
    "\\": "\\",
    "/": "/",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression. `value` is what a number or string stands for."""

    kind: Kind
    text: str
    start: int
    end: int
    value: str | int | float | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the text."""
        return self.start, self.end


def tokenize(text: str, start: int, end: int) -> list[Token]:
    """Return the tokens of `text[start:end]`, the last of kind "end"; raises `ExpressionError`."""
    found = []
    at = start
    while True:
        space = _SPACE.match(text, at, end)
        at = space.end() if space else at
        match = _TOKEN.match(text, at, end)
        if match is None:
            raise expression_errors.unrecognized(text, at, end)
        found.append(_token(match, text, end))
        if match.lastgroup == "end":
            return found
        at = match.end()


def _token(match: re.Match[str], text: str, end: int) -> Token:
    kind: Kind = match.lastgroup  # type: ignore[assignment]
    piece, place = match[0], match.span()
    if kind == "string":
        return Token(kind, piece, *place, _unquote(piece, place))
    if kind not in ("integer", "double"):
        return Token(kind, piece, *place)
    tail = _NUMBER_TAIL.match(text, match.end(), end)
    if tail is not None:
        raise expression_errors.not_a_number(piece + tail[0], (match.start(), tail.end()))
    value = int(piece) if kind == "integer" else float(piece)
    if math.isinf(value):
        message = f"'{expression_errors.cut(piece)}' is too large for a 64-bit double"
        raise ExpressionError("number-out-of-range", place, message)
    return Token(kind, piece, *place, value)


def _unquote(raw: str, place: tuple[int, int]) -> str:
    """Return what the string *raw* stands for; it stands at *place* of the text."""
    value = raw[1:-1]
    if "\\" in value:
        value = _ESCAPE.sub(lambda found: _unescape(found, place[0] + 1), value)
        value = _SURROGATE_PAIR.sub(_combine, value)
    if _SURROGATE.search(value):
        raise ExpressionError(
            "expression-string",
            place,
            "half of a surrogate pair is not a character",
            r"write both halves, such as \ud83d\ude00, or the character itself",
        )
    return value


def _unescape(found: re.Match[str], start: int) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    if found[2] in _ESCAPES:
        return _ESCAPES[found[2]]
    at = start + found.start()
    message = r"\u needs four hexadecimal digits" if found[2] == "u" else f"'{found[0]}' is not an escape"
    hint = r"write \\ for a backslash; the escapes are \" \' \\ \/ \n \r \t \b \f \uXXXX"
    raise ExpressionError("expression-string", (at, at + 2), message, hint)


def _combine(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
