"""A scripted world: a case says what the world is asked and what it answers; time is virtual."""

import json
from dataclasses import dataclass, field
from typing import Any

from stepward.engine import effects, events
from stepward.stdlib import http_response
from stepward.values import errors, model

START = 1_700_000_000.0
JSON_HEADERS = {"Content-Type": "application/json"}


def describe(effect: effects.Effect) -> str:
    """Return what *effect* asks, as cases spell it."""
    match effect:
        case effects.HttpRequest():
            return f"{effect.method} {effect.url}"
        case effects.Sleep():
            return effect.reason
        case effects.Log():
            return f"log {effect.severity}"
        case effects.ConnectorCall():
            return f"connector {effect.name}"
        case effects.CreateCallback():
            return f"endpoint {effect.method}"
        case effects.AwaitCallback():
            return f"callback {effect.url}"
        case effects.Continue():
            return "continue"


@dataclass
class ScriptedWorld:
    """Answers effects from a script; what the script lacks fails the case.

    An answer comes at a time of its own: whoever runs the case delivers the earliest first and sets
    `now` to its time.
    """

    script: list[dict[str, Any]]
    now: float = START
    used: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    logs: list[Any] = field(default_factory=list)

    def answer(self, effect: effects.Effect) -> events.Event:
        """Perform *effect*: consume the script's first open entry for it."""
        what = describe(effect)
        match effect:
            case effects.Continue():
                return events.Continued(self.now)
            case effects.Log():
                self.logs.append([effect.severity, effect.payload])
                return events.Answered(self.now, effect.id)
            case effects.Sleep():
                self.slept.append(round(effect.until - self.now, 6))
                return events.Answered(max(self.now, effect.until), effect.id)
            case _:
                self.asked.append(what)
        for position, entry in enumerate(self.script):
            if position not in self.used and entry["asks"] == what:
                self.used.add(position)
                _check_request(effect, entry)
                return self._event(self.now + entry.get("after", 0), effect.id, entry)
        raise AssertionError(f"the script has no (further) answer to: {what}")

    def _event(self, at: float, effect_id: int, entry: dict[str, Any]) -> events.Event:
        if "fails" in entry:
            return events.Failed(at, effect_id, errors.error(entry["fails"], "scripted"))
        answer = entry.get("answers") or {}
        body, headers = answer.get("body"), answer.get("headers")
        if headers is None:
            headers = {} if body is None else JSON_HEADERS
            body = b"" if body is None else json.dumps(body).encode()
        else:
            body = (body or "").encode()
        response = http_response.decode(answer.get("code", 200), list(headers.items()), body)
        if response["code"] >= 400:
            return events.Failed(at, effect_id, http_response.http_error(response))
        return events.Answered(at, effect_id, response)


def _check_request(effect: effects.Effect, entry: dict[str, Any]) -> None:
    """Compare what the case says about the request itself."""
    if isinstance(effect, effects.ConnectorCall):
        assert model.equal(model.adopt(effect.arguments), model.adopt(entry.get("arguments", {})))
        return
    assert isinstance(effect, effects.HttpRequest)
    headers = {name.lower(): value for name, value in effect.headers}
    for name, value in entry.get("headers", {}).items():
        assert headers.get(name.lower()) == value, f"header {name}: {headers.get(name.lower())!r}"
    if "sends" in entry:
        assert (effect.body or b"").decode() == entry["sends"]
    if "timeout" in entry:
        assert effect.timeout_seconds == entry["timeout"]
