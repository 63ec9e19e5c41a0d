"""The world of a local run that waits: event loop, HTTP client, clock, and the progress on a terminal.

What differs from the operator's world: the journal keeps nothing, loopback addresses may be called,
and `sys.log` writes to standard error.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, assert_never

from stepward.cli import output, progress, reports
from stepward.engine import code, effects, events
from stepward.engine.outcome import Outcome
from stepward.runtime import driver
from stepward.values import errors

if TYPE_CHECKING:
    from stepward.runtime import http


class RunInWorld:
    """One execution: its performer, and its journal, which remembers only where it is."""

    def __init__(self, linked: code.Code) -> None:
        self._code = linked
        self._board = progress.board_for(sys.stderr, os.environ, time.monotonic)
        self._client: http.Client | None = None
        self._position: driver.Position | None = None

    def to_end(self, started: events.Started) -> Outcome:
        """Run from *started* to the outcome. KeyboardInterrupt abandons what is under way."""
        return asyncio.run(self._to_end(started))

    def current_steps(self) -> list[tuple[str, str]]:
        """Return routine and step of every branch, where the latest transition left them."""
        return self._position.current_steps() if self._position else []

    async def _to_end(self, started: events.Started) -> Outcome:
        try:
            async with self._drawing():
                return await driver.run(self._code, started, self.perform, self, time.time)
        finally:
            if self._client is not None:
                await self._client.close()

    @contextlib.asynccontextmanager
    async def _drawing(self) -> AsyncIterator[None]:
        if self._board is None:
            yield
            return
        artist = asyncio.create_task(_redraw(self._board))
        try:
            yield
        finally:
            artist.cancel()
            self._board.erase()

    async def advanced(self, position: driver.Position, asked: Sequence[effects.Effect]) -> None:
        """Remember *position* for messages. Nothing is kept: a local run that dies is run again."""
        self._position = position
        if self._board is None:
            return
        steps = _waiting_steps(position)
        self._board.moved(next(iter(steps.values()), ""))
        for effect in asked:
            what = describe(effect)
            if what:
                self._board.waits(effect.id, steps.get(effect.id, ""), what)

    async def perform(self, effect: effects.Effect) -> object:
        """Perform *effect* and return its value, or raise WorkflowError."""
        if self._board is None or not describe(effect):
            return await self._perform(effect)
        failed = True
        try:
            value = await self._perform(effect)
            failed = False
            return value
        finally:
            self._board.got(effect.id, failed=failed)

    async def _perform(self, effect: effects.Effect) -> object:
        match effect:
            case effects.HttpRequest():
                return await self._request(effect)
            case effects.Sleep():
                await asyncio.sleep(max(effect.until - time.time(), 0))
            case effects.Log():
                self._log(effect)
            case effects.ConnectorCall():
                message = f"connectors are not available in this version: {effect.name}"
                raise errors.error("SystemError", message)
            case effects.CreateCallback() | effects.AwaitCallback():
                raise errors.error("SystemError", "callbacks are not available in this version")
            case effects.Continue():
                pass
            case _:
                assert_never(effect)
        return None

    async def _request(self, effect: effects.HttpRequest) -> object:
        from stepward.runtime import egress, http  # some workflows wait, but call nobody

        if self._client is None:
            self._client = http.Client()
        return await self._client.perform(effect, policy=egress.LOCAL)

    def _log(self, effect: effects.Log) -> None:
        line = reports.render_log(effect)
        if self._board is None:
            output.note(line)
        else:
            self._board.interject(line)


async def _redraw(board: progress.Board) -> None:
    while True:
        board.draw()
        await asyncio.sleep(progress.REDRAW_SECONDS)


def _waiting_steps(position: driver.Position) -> dict[int, str]:
    """Return, by the effect it waits for, the step of each branch; under 0 one that waits for none."""
    branches = [branch for branch in position.state.branches.values() if branch.join is None]
    steps = position.current_steps()
    return {branch.waiting: "/".join(step) for branch, step in zip(branches, steps, strict=False)}


def describe(effect: effects.Effect) -> str:
    """Return what *effect* waits for, in a few words; "" for what takes no time."""
    match effect:
        case effects.HttpRequest():
            return f"{effect.method} {effect.url.partition('?')[0]}"  # queries hold secrets
        case effects.Sleep():
            return "waits before it tries again" if effect.reason == "retry" else "sleeps"
        case effects.AwaitCallback():
            return "waits for a callback"
        case effects.ConnectorCall() | effects.CreateCallback() | effects.Log() | effects.Continue():
            return ""
        case _:
            assert_never(effect)
