"""JSON texts, pushed into a `Builder`.

YAML readers refuse some JSON: tabs before the first brace, surrogate pairs, keys of more than 1024
characters, control characters that JSON allows in strings. So what is JSON is read as JSON.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from stepward.language.diagnostics import Report
from stepward.language.source import Source, Span
from stepward.language.treebuilder import Builder, Unreadable
from stepward.values import limits

_Kind: TypeAlias = Literal["string", "plain", "open", "close"]
_Token: TypeAlias = tuple[_Kind, str, int]
"""Kind, text, offset."""
_Expected: TypeAlias = Literal["value", "value or ]", "key", "key or }", "colon", "comma", "nothing"]

_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:"
    r'(?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.+-]))"
    r"|(?P<word>true|false|null)(?!\w)"
    r"|(?P<symbol>[\[\]{},:])"
    r"|(?P<end>\Z)"
    r")"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def looks_like_json(source: Source) -> bool:
    """Return whether the first character is one that JSON documents of ours begin with."""
    return source.text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def is_json(source: Source) -> bool:
    """Return whether the whole text is one JSON list or map, nested no deeper than sources may be."""
    try:
        for _ in _tokens(source.text):
            pass
    except _NotJson:
        return False
    return True


def read(source: Source, builder: Builder, report: Report) -> None:
    """Push a text that `is_json` into *builder*; raises `Unreadable`."""
    for kind, text, start in _tokens(source.text):
        end = start + len(text)
        match kind:
            case "open":
                builder.open(start, is_map=text == "{")
            case "close":
                builder.close(end)
            case "plain":
                builder.scalar(Span(start, end), text, "plain", text)
            case "string":
                value = json.loads(text) if "\\" in text else text[1:-1]
                if _SURROGATE.search(value):
                    _refuse_surrogate(Span(start, end), report)
                builder.scalar(Span(start, end), value, "json", text)


def _refuse_surrogate(span: Span, report: Report) -> None:
    report.error(
        "invalid-character",
        span,
        "half of a surrogate pair is not a character",
        r"write both halves, such as \ud83d\ude00, or the character itself",
    )
    raise Unreadable


class _NotJson(Exception):
    """The text is no JSON; it may well be YAML."""


def _tokens(text: str) -> Iterator[_Token]:
    """Yield the values, openings and closings of a JSON text; raises `_NotJson` where it is none."""
    at = 1 if text.startswith("\ufeff") else 0
    nesting: list[str] = []
    expected: _Expected = "value"
    while (token := _TOKEN.match(text, at)) is not None:
        kind = str(token.lastgroup)
        start, at = token.span(kind)
        if kind == "end":
            if expected == "nothing":
                return
            break
        if kind == "symbol":
            expected = _after_symbol(token[kind], expected, nesting)
            if token[kind] in "[{":
                yield "open", token[kind], start
            elif token[kind] in "]}":
                yield "close", token[kind], start
        elif expected in ("value", "value or ]"):
            expected = _after_value(nesting)
            yield "string" if kind == "string" else "plain", token[kind], start
        elif kind == "string" and expected in ("key", "key or }"):
            expected = "colon"
            yield "string", token[kind], start
        else:
            break
    raise _NotJson


def _after_symbol(symbol: str, expected: _Expected, nesting: list[str]) -> _Expected:
    """Return what must follow *symbol*, keeping *nesting*; raises `_NotJson` if it may not stand here."""
    match symbol, expected:
        case "[" | "{", "value" | "value or ]" if len(nesting) <= limits.SOURCE_DEPTH:
            nesting.append(symbol)
            return "key or }" if symbol == "{" else "value or ]"
        case ("]", "value or ]") | ("}", "key or }"):
            nesting.pop()
            return _after_value(nesting)
        case "]" | "}", "comma" if nesting[-1] == ("[" if symbol == "]" else "{"):
            nesting.pop()
            return _after_value(nesting)
        case ",", "comma":
            return "key" if nesting[-1] == "{" else "value"
        case ":", "colon":
            return "value"
        case _:
            raise _NotJson


def _after_value(nesting: list[str]) -> _Expected:
    return "comma" if nesting else "nothing"
