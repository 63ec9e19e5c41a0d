"""JSON texts, pushed into a `Builder`.

YAML readers refuse some JSON: tabs before the first brace, surrogate pairs, keys of more than 1024
characters, control characters that JSON allows in strings. So what is JSON is read as JSON.
"""

import json
import re
from typing import Final

from stepward.language.source import Source, Span
from stepward.language.treebuilder import Builder
from stepward.values import limits

_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:"
    r'(?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")'
    r"|(?P<scalar>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.+-])|(?:true|false|null)(?!\w))"
    r"|(?P<symbol>[\[\]{},:])"
    r"|(?P<end>\Z)"
    r")"
)


def looks_like_json(source: Source) -> bool:
    """Return whether the first character is one that JSON documents of ours begin with."""
    return source.text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def is_json(source: Source) -> bool:
    """Return whether the whole text is one JSON list or map, nested no deeper than sources may be."""
    return _walk(source, None)


def read(source: Source, builder: Builder) -> None:
    """Push a text that `is_json` into *builder*; raises `Unreadable`."""
    _walk(source, builder)


def _walk(source: Source, builder: Builder | None) -> bool:
    """Return whether the text is JSON, pushing it into *builder* on the way."""
    text = source.text
    at = 1 if text.startswith("\ufeff") else 0
    open_: list[str] = []
    # What may come next: v value, k key, e value or end, K key or end, c comma or end, : colon, $ nothing.
    state = "v"
    while (token := _TOKEN.match(text, at)) is not None:
        kind = str(token.lastgroup)
        start, at = token.span(kind)
        if kind == "end":
            return state == "$"
        if kind == "symbol":
            new_state = _symbol(token[kind], state, open_, start, builder)
            if new_state is None:
                return False
            state = new_state
        elif state in "ve" or (state in "kK" and kind == "string"):
            if builder is not None:
                _scalar(token[kind], Span(start, at), builder)
            state = ":" if state in "kK" else _after_value(open_)
        else:
            return False
    return False


def _symbol(symbol: str, state: str, open_: list[str], start: int, builder: Builder | None) -> str | None:
    """Return the state after *symbol*, or None if it may not stand here."""
    if symbol in "[{":
        if state not in "ve" or len(open_) > limits.SOURCE_DEPTH:
            return None
        open_.append(symbol)
        if builder is not None:
            builder.open(start, is_map=symbol == "{")
        return "K" if symbol == "{" else "e"
    if symbol in "]}":
        empty = "e" if symbol == "]" else "K"
        if not open_ or open_[-1] != ("[" if symbol == "]" else "{") or state not in ("c", empty):
            return None
        open_.pop()
        if builder is not None:
            builder.close(start + 1)
        return _after_value(open_)
    if symbol == ",":
        return None if state != "c" else "k" if open_[-1] == "{" else "v"
    return "v" if state == ":" else None


def _after_value(open_: list[str]) -> str:
    return "c" if open_ else "$"


def _scalar(raw: str, span: Span, builder: Builder) -> None:
    if raw[0] != '"':
        builder.scalar(span, raw, "plain", raw)
    else:
        text = json.loads(raw) if "\\" in raw else raw[1:-1]
        builder.scalar(span, text, "double", raw)
