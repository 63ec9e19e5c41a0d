"""The drive loop in virtual time: answers come from a script, and a year of sleep takes no time.

For `stepward run --mocks` and `stepward test`: same engine, no event loop, no clock, no network.
Executions that start each other, requests to callbacks and answers that come late share one agenda.
"""

import functools
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, assert_never

from stepward.engine import effects, events, machine
from stepward.engine.code import Code
from stepward.engine.outcome import Outcome
from stepward.engine.state import State
from stepward.runtime import childcalls, children, endpoints
from stepward.runtime.children import Child, Family, Kin
from stepward.stdlib import http_response
from stepward.values import errors
from stepward.values.errors import WorkflowError

EPOCH: Final = 1_767_225_600.0
"""When virtual time begins, unless a script says otherwise: 2026-01-01T00:00:00Z."""
CALLBACK_URL: Final = "https://callbacks.test/"
"""URLs of endpoints are this and a number: the first one made is 1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the script answers: a value or an error, after a while."""

    value: Any = None
    error: WorkflowError | None = None
    delay_seconds: float = 0.0


class Script(Protocol):
    """Stands for the world."""

    def answer(self, effect: effects.HttpRequest | effects.ConnectorCall) -> Answer | None:
        """Return the answer to *effect*; None if the script has none."""

    def refuse(self, effect: effects.HttpRequest | effects.ConnectorCall) -> WorkflowError:
        """Return the error that ends everything, because nothing answers *effect*."""

    def log(self, entry: effects.Log) -> None:
        """Take a log entry; WorkflowError if it cannot be written."""


@dataclass(slots=True)
class Arrival:
    """A request to a callback that comes by itself; `status` says how it was answered."""

    endpoint: int
    """To the how manyth endpoint that is made."""
    after_seconds: float
    """After the endpoint was made."""
    method: str | None
    """None: the one that the endpoint takes."""
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    status: int | None = None


@dataclass(slots=True, eq=False)
class _Execution:
    """One execution on its way."""

    code: Code
    kin: Kin
    ended: Callable[[Outcome], None]
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.code.program.digest)

    def is_over(self) -> bool:
        """Return whether it has an outcome."""
        return self.state.outcome is not None


class Simulation:
    """One run: an execution, and those it starts."""

    def __init__(self, script: Script, family: Family, arrivals: Sequence[Arrival] = ()) -> None:
        self._script = script
        self._family = family
        self._arrivals = arrivals
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._now = 0.0
        self._endpoint_numbers = itertools.count(1)
        self._endpoints = endpoints.Endpoints(lambda: f"{CALLBACK_URL}{next(self._endpoint_numbers)}")
        self._broken: WorkflowError | None = None

    def run(self, code: Code, started: events.Started) -> Outcome:
        """Run an execution from *started* to its outcome, and the ones it started to theirs.

        What the script cannot answer ends them all at once.
        """
        outcomes: list[Outcome] = []
        self._now = started.at
        self._begin(_Execution(code, Kin(started.seed), outcomes.append), started)
        while self._agenda and not (self._broken and outcomes):
            self._now, _, act = heapq.heappop(self._agenda)
            act()
        if not outcomes:
            raise AssertionError("the engine asks for nothing and has no outcome")
        return outcomes[0]

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self._now + seconds, next(self._order), act))

    def _begin(self, execution: _Execution, started: events.Started) -> None:
        self._later(0, functools.partial(self._happen, execution, started))

    def _happen(self, execution: _Execution, event: events.Event) -> None:
        """Let *event* happen to *execution*, and take up what it asks for."""
        if execution.is_over():
            return
        for effect in machine.advance(execution.code, execution.state, event):
            try:
                self._perform(execution, effect)
            except WorkflowError as failure:
                self._fail(execution, effect.id, failure)
        outcome = execution.state.outcome
        if outcome is not None:
            self._endpoints.close(execution)
            execution.ended(outcome)

    def _answer(self, execution: _Execution, effect_id: int, value: Any, after: float = 0) -> None:
        event = events.Answered(self._now + after, effect_id, value)
        self._later(after, functools.partial(self._happen, execution, event))

    def _fail(self, execution: _Execution, effect_id: int, failure: WorkflowError, after: float = 0) -> None:
        event = events.Failed(self._now + after, effect_id, failure)
        self._later(after, functools.partial(self._happen, execution, event))

    def _perform(self, execution: _Execution, effect: effects.Effect) -> None:
        """Put what answers *effect* on the agenda, or raise WorkflowError."""
        match effect:
            case effects.Continue():
                self._later(0, functools.partial(self._happen, execution, events.Continued(self._now)))
            case effects.Sleep():
                self._answer(execution, effect.id, None, max(effect.until - self._now, 0))
            case effects.Log():
                self._script.log(effect)
                self._answer(execution, effect.id, None)
            case effects.HttpRequest():
                self._request(execution, effect)
            case effects.ConnectorCall():
                self._connect(execution, effect)
            case effects.CreateCallback():
                self._open(execution, effect)
            case effects.AwaitCallback():
                self._wait(execution, effect)
            case _:
                assert_never(effect)

    # --- calls ------------------------------------------------------------------------------------

    def _request(self, execution: _Execution, effect: effects.HttpRequest) -> None:
        if self._endpoints.holds(effect.url):
            request = endpoints.Request(
                effect.method, effect.url, effect.headers, effect.body or b"", self._now
            )
            response = http_response.decode(self._receive(request), [], b"")
            if response["code"] >= 400:
                raise http_response.http_error(response)
            self._answer(execution, effect.id, response)
            return
        answer = self._script.answer(effect)
        if answer is None:
            raise self._break(effect)
        timed_out = errors.error("TimeoutError", "request timed out", prefix=False)
        self._give(execution, effect.id, answer, effect.timeout_seconds, timed_out)

    def _connect(self, execution: _Execution, effect: effects.ConnectorCall) -> None:
        answer = self._script.answer(effect)
        if answer is not None:
            patience = childcalls.patience_seconds(effect)
            timed_out = errors.error("TimeoutError", f"{effect.name} did not end within {patience:g} seconds")
            self._give(execution, effect.id, answer, patience, timed_out)
            return
        call = childcalls.read(effect)
        if call is None or not self._family.knows(call.workflow_id):
            raise self._break(effect)
        self._call(execution, effect.id, call)

    def _give(
        self,
        execution: _Execution,
        effect_id: int,
        answer: Answer,
        patience_seconds: float,
        timed_out: WorkflowError,
    ) -> None:
        """Let *answer* come when it is time, or *timed_out* if the caller does not wait that long."""
        if answer.delay_seconds > patience_seconds:
            self._fail(execution, effect_id, timed_out, patience_seconds)
        elif answer.error is not None:
            self._fail(execution, effect_id, answer.error, answer.delay_seconds)
        else:
            self._answer(execution, effect_id, answer.value, answer.delay_seconds)

    def _break(self, effect: effects.HttpRequest | effects.ConnectorCall) -> WorkflowError:
        """Return the error that no workflow catches: what is wrong is its test."""
        self._broken = self._script.refuse(effect)
        return _uncatchable(self._broken)

    def _call(self, execution: _Execution, effect_id: int, call: childcalls.Call) -> None:
        """Start the executions that *call* asks for."""
        born = self._family.start(call, execution.kin, effect_id, self._now)
        for child in born:
            ended = functools.partial(self._child_ended, execution, effect_id, call, born, child)
            self._begin(_Execution(child.code, child.kin, ended), child.started)
        if call.waits:
            self._fail(execution, effect_id, children.timed_out(call), call.timeout_seconds)
        else:
            self._answer(execution, effect_id, children.answer(call, born))

    def _child_ended(
        self,
        parent: _Execution,
        effect_id: int,
        call: childcalls.Call,
        born: Sequence[Child],
        child: Child,
        outcome: Outcome,
    ) -> None:
        child.end(outcome, self._now)
        if self._broken is not None:
            self._fail(parent, effect_id, _uncatchable(self._broken))
        elif call.waits and all(one.outcome is not None for one in born):
            try:
                self._answer(parent, effect_id, children.answer(call, born))
            except WorkflowError as failure:
                self._fail(parent, effect_id, failure)

    # --- callbacks --------------------------------------------------------------------------------

    def _open(self, execution: _Execution, effect: effects.CreateCallback) -> None:
        endpoint = self._endpoints.open(execution, effect.id, effect.method)
        self._answer(execution, effect.id, endpoint)
        number = int(endpoint["url"].removeprefix(CALLBACK_URL))
        for arrival in self._arrivals:
            if arrival.endpoint == number:
                arrive = functools.partial(self._arrive, arrival, endpoint["url"], effect.method)
                self._later(arrival.after_seconds, arrive)

    def _arrive(self, arrival: Arrival, url: str, method: str) -> None:
        query = f"?{arrival.query}" if arrival.query else ""
        arrival.status = self._receive(
            endpoints.Request(arrival.method or method, url + query, arrival.headers, arrival.body, self._now)
        )

    def _receive(self, request: endpoints.Request) -> int:
        """Take *request* in, wake who waits for it, and return the status of the answer."""
        received = self._endpoints.receive(request)
        if received.waiter is not None:
            execution, effect_id = received.waiter
            assert isinstance(execution, _Execution)
            self._answer(execution, effect_id, received.value)
        return received.status

    def _wait(self, execution: _Execution, effect: effects.AwaitCallback) -> None:
        held = self._endpoints.wait(execution, effect.id, effect.url)
        if held is not None:
            self._answer(execution, effect.id, held)
        else:
            self._later(effect.timeout_seconds, functools.partial(self._give_up, execution, effect))

    def _give_up(self, execution: _Execution, effect: effects.AwaitCallback) -> None:
        self._endpoints.leave(execution, effect.id, effect.url)
        # Too late if a request came: then the engine waits for this effect no longer.
        self._fail(execution, effect.id, endpoints.timed_out(effect.timeout_seconds))


def _uncatchable(failure: WorkflowError) -> WorkflowError:
    return WorkflowError(failure.value, fatal=True)
