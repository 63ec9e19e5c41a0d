"""The drive loop: advance, journal, perform, event. The cluster and `stepward run` differ only in
the journal and in what the performer may reach.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stepward.engine import events, machine
from stepward.engine.code import Code
from stepward.engine.effects import Continue, Effect
from stepward.engine.outcome import Outcome
from stepward.engine.state import State
from stepward.values.errors import WorkflowError


@dataclass(frozen=True, slots=True)
class Position:
    """Where an execution is; good until the next transition."""

    code: Code
    state: State

    def current_steps(self) -> list[tuple[str, str]]:
        """Return routine and step of every branch that runs or waits."""
        return machine.current_steps(self.code, self.state)


class Journal(Protocol):
    """Told of every transition before its effects are performed."""

    async def advanced(self, position: Position, asked: Sequence[Effect]) -> None:
        """Record that the execution moved to *position* and asks for *asked*."""


Perform = Callable[[Effect], Awaitable[object]]
"""Performs one effect and returns its value, or raises WorkflowError; anything else is our fault."""


async def run(
    code: Code, started: events.Started, perform: Perform, journal: Journal, clock: Callable[[], float]
) -> Outcome:
    """Run an execution from its start to its outcome.

    *clock* returns seconds since 1970 (UTC). Cancelling the task abandons effects in flight.
    Exceptions other than WorkflowError from *perform* propagate: they are faults of ours.
    """
    return await _Drive(code, State(code.program.digest), perform, journal, clock).run(started)


class _Drive:
    """One execution on its way."""

    def __init__(
        self, code: Code, state: State, perform: Perform, journal: Journal, clock: Callable[[], float]
    ) -> None:
        self._position = Position(code, state)
        self._perform = perform
        self._journal = journal
        self._clock = clock
        self._in_flight: set[asyncio.Task[events.Event]] = set()

    async def run(self, started: events.Event) -> Outcome:
        """Feed events in until the execution has an outcome."""
        state = self._position.state
        pending: list[events.Event] = [started]
        try:
            while True:
                asked: list[Effect] = []
                for event in pending:
                    asked += machine.advance(self._position.code, state, event)
                await self._journal.advanced(self._position, asked)
                if state.outcome is not None:
                    return state.outcome
                pending = await self._act(asked)
        finally:
            await self._abandon()

    async def _act(self, asked: list[Effect]) -> list[events.Event]:
        """Start what is *asked* and return the next events."""
        if len(asked) == 1 and not self._in_flight and not isinstance(asked[0], Continue):
            return [await self._answer(asked[0])]  # the common case needs no task of its own
        go_on = False
        for effect in asked:
            if isinstance(effect, Continue):
                go_on = True
            else:
                self._in_flight.add(asyncio.ensure_future(self._answer(effect)))
        if go_on:
            await asyncio.sleep(0)  # others had their turn
            return [*self._finished(), events.Continued(self._clock())]
        if not self._in_flight:
            raise AssertionError("the engine asks for nothing and has no outcome")
        await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
        return self._finished()

    def _finished(self) -> list[events.Event]:
        done = [task for task in self._in_flight if task.done()]
        self._in_flight.difference_update(done)
        return sorted((task.result() for task in done), key=lambda event: getattr(event, "effect_id", 0))

    async def _answer(self, effect: Effect) -> events.Event:
        try:
            value = await self._perform(effect)
        except WorkflowError as failure:
            return events.Failed(self._clock(), effect.id, failure)
        return events.Answered(self._clock(), effect.id, value)

    async def _abandon(self) -> None:
        for task in self._in_flight:
            task.cancel()
        if self._in_flight:
            await asyncio.gather(*self._in_flight, return_exceptions=True)
