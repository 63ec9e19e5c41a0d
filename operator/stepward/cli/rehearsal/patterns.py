"""Which calls a mock or a test case means: by method and URL or by name, and by what they carry."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, parse_qsl

from stepward.engine.effects import ConnectorCall, HttpRequest
from stepward.stdlib import http_media
from stepward.values import convert, model
from stepward.values.errors import WorkflowError

Call: TypeAlias = HttpRequest | ConnectorCall


class _Anything:
    """The type of `ANYTHING`."""


ANYTHING: Final = _Anything()
"""Stands for a body or arguments that nobody looks at; null would mean that there are none."""

_SHOWN_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Pattern:
    """A description that calls match or do not. `*` in a text stands for any characters."""

    text: str
    """`METHOD URL`, or the name of a connector, as its author wrote it."""
    is_request: bool
    expression: re.Pattern[str]
    """What all of `METHOD URL` or the name must match."""
    looks_at_query: bool = False
    """The URL of the pattern has a query, so the call's must fit it too."""
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    wanted: Any = ANYTHING
    """What the body, or the arguments, must hold."""

    def matches(self, call: Call) -> bool:
        """Return whether *call* is meant."""
        return next(self.differences(call), None) is None

    def differences(self, call: Call) -> Iterator[str]:
        """Yield what keeps *call* from being meant, as ends of sentences; nothing if it is."""
        if isinstance(call, HttpRequest) != self.is_request:
            yield "it is for connectors" if isinstance(call, HttpRequest) else "it is for HTTP requests"
            return
        if isinstance(call, ConnectorCall):
            if not self.expression.fullmatch(call.name):
                yield "the name differs"
            if self.wanted is not ANYTHING:
                given = model.adopt(dict(call.arguments))
                yield from _prefixed("args", difference(given, self.wanted))
            return
        url, _, query = call.url.partition("?")
        if not self.expression.fullmatch(f"{call.method} {call.url if self.looks_at_query else url}"):
            same_method = self.text.split(" ", 1)[0] in ("*", call.method)
            yield "the URL differs" if same_method else "the method differs"
        sent = parse_qs(query, keep_blank_values=True)
        for name, texts in self.query.items():
            if sent.get(name) != texts:
                yield f"query '{name}' is {_shown(sent.get(name))}, not {_shown(texts)}"
        yield from self._differences_of_headers(call)
        if self.wanted is not ANYTHING:
            yield from _prefixed("body", difference(body_of(call), self.wanted))

    def _differences_of_headers(self, call: HttpRequest) -> Iterator[str]:
        sent = {name.lower(): text for name, text in call.headers}
        for name, text in self.headers.items():
            found = sent.get(name.lower())
            if found is None or not compiled(text).fullmatch(found):
                # What it is instead is not said: headers hold credentials.
                yield f"header '{name}' {'is missing' if found is None else 'differs'}"

    def distance(self, call: Call) -> tuple[int, float]:
        """Return how much keeps *call* from being meant: how many differences, and how unlike it reads."""
        ratio = difflib.SequenceMatcher(None, self.text, describe(call)).ratio()
        return sum(1 for _ in self.differences(call)), 1 - ratio


def compiled(text: str) -> re.Pattern[str]:
    """Return the expression for *text*, in which `*` stands for any characters."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def describe(call: Call) -> str:
    """Return what *call* asks, as mocks spell it."""
    return f"{call.method} {call.url}" if isinstance(call, HttpRequest) else call.name


def body_of(request: HttpRequest) -> Any:
    """Return the body of *request* as a value: decoded if it is JSON or a form, else text; null if none."""
    body = request.body
    if not body:
        return None
    media = next((text for name, text in request.headers if name.lower() == "content-type"), "")
    name, _ = http_media.split(media)
    if http_media.is_json(name):
        try:
            return convert.decode_json(body)
        except WorkflowError:
            pass  # the author sends what is no JSON, as JSON
    text = body.decode("utf-8", "replace")
    return model.Map(parse_qsl(text, keep_blank_values=True)) if name == http_media.FORM else text


def difference(value: Any, wanted: Any) -> str | None:
    """Return where *value* lacks what *wanted* names, or None: maps may hold more, all else is equal."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        for key, item in wanted.items():
            if key not in value:
                return f".{key} is missing"
            found = difference(value[key], item)
            if found is not None:
                return f".{key}{found}"
        return None
    if isinstance(wanted, list) and isinstance(value, list) and len(wanted) == len(value):
        for position, (item, want) in enumerate(zip(value, wanted, strict=True)):
            found = difference(item, want)
            if found is not None:
                return f"[{position}]{found}"
        return None
    return None if model.equal(value, wanted) else f" is {_shown(value)}, not {_shown(wanted)}"


def _prefixed(what: str, found: str | None) -> Iterator[str]:
    if found is not None:
        yield what + found


def _shown(value: Any) -> str:
    try:
        text = convert.encode_json(model.adopt(value))
    except WorkflowError:  # bytes
        text = json.dumps(str(value))
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."
