"""Mocks: what answers the calls of a workflow in place of the world."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stepward.cli import output, reports
from stepward.cli.rehearsal.patterns import Call, Pattern, describe
from stepward.engine.effects import ConnectorCall, HttpRequest, Log
from stepward.language import diagnostics
from stepward.language.source import Source, Span
from stepward.runtime import childcalls
from stepward.runtime.simulation import Answer, Arrival
from stepward.values import errors
from stepward.values.errors import WorkflowError

_UNANSWERED: Final = "unanswered-call"


@dataclass(frozen=True, slots=True)
class Mock:
    """One mock: which calls it answers, with what, and how often."""

    source: Source
    span: Span
    pattern: Pattern
    answer: Answer
    times: int | None
    """None: always."""

    @property
    def place(self) -> str:
        """Return `file:line`."""
        return f"{output.one_line(self.source.name)}:{self.source.position(self.span).line}"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run meets instead of the world: mocks, requests to callbacks, the time when it begins."""

    mocks: Sequence[Mock] = ()
    callbacks: Sequence["Callback"] = ()
    now: float | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to a callback as its file says; each run makes an `Arrival` of it."""

    source: Source
    span: Span
    arrival: Arrival


@dataclass(slots=True)
class Mocks:
    """The script of one run: the first mock that fits and is not used up answers."""

    mocks: Sequence[Mock]
    show_logs: bool = True
    """Write what `sys.log` says to standard error."""
    calls: list[Call] = field(default_factory=list)
    """What was asked, in its order, answered or not."""
    unanswered: list[Call] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    """What `sys.log` wrote, line by line."""
    answered: dict[int, int] = field(default_factory=dict)
    """By the position of a mock, how often it answered."""

    def answer(self, effect: Call) -> Answer | None:
        """Return the answer to *effect*; None if no mock has one."""
        for position, mock in enumerate(self.mocks):
            if self._is_left(position) and mock.pattern.matches(effect):
                self.calls.append(effect)
                self.answered[position] = self.answered.get(position, 0) + 1
                failure = mock.answer.error
                # An error remembers where it struck: every call gets one of its own.
                fresh = None if failure is None else WorkflowError(failure.value)
                return Answer(mock.answer.value, fresh, mock.answer.delay_seconds)
        return None

    def _is_left(self, position: int) -> bool:
        times = self.mocks[position].times
        return times is None or self.answered.get(position, 0) < times

    def refuse(self, effect: Call) -> WorkflowError:
        """Keep *effect* for the report, and return the error that ends the run."""
        self.calls.append(effect)
        self.unanswered.append(effect)
        return errors.error("UnansweredCall", f"no mock answers {describe(effect)}")

    def log(self, entry: Log) -> None:
        """Keep *entry*, and write it to standard error if the user is to see it now."""
        line = reports.render_log(entry)
        self.logs.append(line)
        if self.show_logs:
            output.note(line)

    def unused(self) -> list[Mock]:
        """Return the mocks that answered nothing."""
        return [mock for position, mock in enumerate(self.mocks) if position not in self.answered]

    def explain(self, effect: Call) -> list[str]:
        """Return the lines that say what nothing answered, which mock came nearest, and what to write."""
        is_request = isinstance(effect, HttpRequest)
        lines = [f"error[{_UNANSWERED}]: no mock answers {output.one_line(describe(effect))}"]
        alike = [at for at, mock in enumerate(self.mocks) if mock.pattern.is_request == is_request]
        near = min(alike, key=lambda at: self._distance(at, effect), default=None)
        if near is not None:
            mock = self.mocks[near]
            why = "; ".join(mock.pattern.differences(effect)) or f"it is used up (times: {mock.times})"
            lines.append(f"  nearest: {mock.place}: {output.one_line(mock.pattern.text)}: {why}")
        reply = "respond: {code: 200, body: {}}" if is_request else "return: {}"
        lines += [
            "  = help: add a mock such as",
            f"      - {'request' if is_request else 'call'}: {describe(effect)}",
        ]
        lines.append(f"        {reply}")
        if isinstance(effect, ConnectorCall) and childcalls.is_call(effect):
            lines.append(
                "    or say where the workflow is: --workflow ID=FILE, or `workflows` in a file of cases"
            )
        return lines

    def _distance(self, position: int, effect: Call) -> tuple[int, bool, float]:
        """Return how far a mock is from answering *effect*: what is used up is no help."""
        differences, unlike = self.mocks[position].pattern.distance(effect)
        used_up = not self._is_left(position)
        return differences + used_up, used_up, unlike


def note_leftovers(mocks: Sequence[Mock], callbacks: Sequence[tuple[Callback, Arrival]]) -> None:
    """Say on standard error which mocks answered nothing, and which requests to callbacks were refused."""
    for mock in mocks:
        _warn(mock.source, mock.span, "nothing asked for what this mock answers")
    for callback, arrival in callbacks:
        if arrival.status is None:
            message = f"this request to a callback did not come: no endpoint {arrival.endpoint} was created"
            _warn(callback.source, callback.span, message)
        elif arrival.status != 200:
            message = f"this request to a callback was refused with {arrival.status}"
            _warn(callback.source, callback.span, message)


def _warn(source: Source, span: Span, message: str) -> None:
    output.note(diagnostics.render(diagnostics.Diagnostic("warning", "unused-mock", span, message), source))
