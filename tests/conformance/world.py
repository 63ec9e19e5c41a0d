"""A scripted world: a case says what the world is asked and what it answers; time is virtual."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stepward.engine import effects, events
from stepward.engine.outcome import Outcome
from stepward.runtime import childcalls, children, endpoints
from stepward.runtime.children import Child, Family, Kin
from stepward.stdlib import http_response
from stepward.values import errors, model
from stepward.values.errors import WorkflowError

START = 1_700_000_000.0
CALLBACKS = "https://callbacks.test/"
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
    family: Family = field(default_factory=lambda: Family({}))
    """The workflows that may be started."""
    run_child: Callable[[Child], tuple[Outcome, float]] | None = None
    """Returns how an execution that is started ends, and after how many seconds."""
    now: float = START
    used: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    logs: list[Any] = field(default_factory=list)
    waits: dict[int, str] = field(default_factory=dict)
    """By effect, the callback endpoint that is waited at."""
    callbacks: endpoints.Endpoints = field(init=False)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.callbacks = endpoints.Endpoints(lambda: f"{CALLBACKS}{next(numbers)}")

    def arrivals(self) -> list[dict[str, Any]]:
        """Return the requests to callbacks that come by themselves."""
        return [entry for entry in self.script if "calls" in entry]

    def arrive(self, entry: dict[str, Any]) -> events.Event | None:
        """Send the request of *entry* to its endpoint; return what wakes a branch, if anything does."""
        self.used.add(self.script.index(entry))
        url = f"{CALLBACKS}{entry['calls']}"
        headers = entry.get("headers", JSON_HEADERS if "body" in entry else {})
        body = json.dumps(entry["body"]).encode() if "body" in entry else b""
        query = f"?{entry['query']}" if "query" in entry else ""
        request = endpoints.Request(
            entry.get("method", "POST"), url + query, list(headers.items()), body, self.now
        )
        received = self.callbacks.receive(request)
        assert received.status == entry.get("answered", 200), f"answered with {received.status}: {entry}"
        return events.Answered(self.now, received.waiter[1], received.value) if received.waiter else None

    def happened(self, event: events.Event, outcome: Outcome | None) -> None:
        """Take notice that *event* was delivered, and led to *outcome*."""
        effect_id = getattr(event, "effect_id", 0)
        if effect_id in self.waits:
            self.callbacks.leave("case", effect_id, self.waits.pop(effect_id))
        if outcome is not None:
            self.callbacks.close("case")

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
            case effects.CreateCallback():
                made = self.callbacks.open("case", effect.id, effect.method)
                return events.Answered(self.now, effect.id, made)
            case effects.AwaitCallback():
                return self._wait(effect)
            case _:
                self.asked.append(what)
        for position, entry in enumerate(self.script):
            if position not in self.used and entry.get("asks") == what:
                self.used.add(position)
                _check_request(effect, entry)
                return self._event(self.now + entry.get("after", 0), effect.id, entry)
        if isinstance(effect, effects.ConnectorCall):
            try:
                call = childcalls.read(effect)
            except WorkflowError as failure:
                return events.Failed(self.now, effect.id, failure)
            if call is not None and self.family.knows(call.workflow_id):
                return self._run_children(effect, call)
        raise AssertionError(f"the script has no (further) answer to: {what}")

    def _wait(self, effect: effects.AwaitCallback) -> events.Event:
        try:
            held = self.callbacks.wait("case", effect.id, effect.url)
        except WorkflowError as failure:
            return events.Failed(self.now, effect.id, failure)
        if held is not None:
            return events.Answered(self.now, effect.id, held)
        self.waits[effect.id] = effect.url
        late = self.now + effect.timeout_seconds  # ignored if a request comes before
        return events.Failed(late, effect.id, endpoints.timed_out(effect.timeout_seconds))

    def _run_children(self, effect: effects.ConnectorCall, call: childcalls.Call) -> events.Event:
        """Run the executions that are asked for to their ends, now, and answer when the last one ends."""
        assert self.run_child is not None
        born = self.family.start(call, Kin("case"), effect.id, self.now)
        if not call.waits:  # nothing that such an execution does can be seen from here
            return events.Answered(self.now, effect.id, children.answer(call, born))
        for child in born:
            outcome, seconds = self.run_child(child)
            child.end(outcome, self.now + seconds)
        at = max(child.ended_at for child in born)
        if at - self.now > call.timeout_seconds:
            return events.Failed(self.now + call.timeout_seconds, effect.id, children.timed_out(call))
        try:
            return events.Answered(at, effect.id, children.answer(call, born))
        except WorkflowError as failure:
            return events.Failed(at, effect.id, failure)

    def _event(self, at: float, effect_id: int, entry: dict[str, Any]) -> events.Event:
        if "fails" in entry:
            return events.Failed(at, effect_id, errors.error(entry["fails"], "scripted"))
        if "returns" in entry:
            return events.Answered(at, effect_id, model.adopt(entry["returns"]))
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
