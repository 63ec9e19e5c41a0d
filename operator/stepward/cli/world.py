"""The world of a local run that waits: event loop, clock, and the progress on a terminal.

What differs from the operator's: the journal keeps nothing, and `sys.log` writes to standard error.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, assert_never

from stepward.cli import output, progress
from stepward.cli.performer import Performer, Surroundings
from stepward.engine import code, effects, events
from stepward.engine.outcome import Outcome
from stepward.runtime import childcalls, driver
from stepward.runtime.children import Family, Kin, Workflow

if TYPE_CHECKING:
    from stepward.runtime import auth


class RunInWorld:
    """One execution: its performer, and its journal, which remembers only where it is."""

    def __init__(
        self, linked: code.Code, workflows: Mapping[str, Workflow], *, with_credentials: bool
    ) -> None:
        """*workflows* are those that it may start; *with_credentials*: requests may use the user's."""
        self._code = linked
        self._workflows = workflows
        self._with_credentials = with_credentials
        self._board = progress.board_for(sys.stderr, os.environ, time.monotonic)
        self._position: driver.Position | None = None

    def to_end(self, started: events.Started) -> Outcome:
        """Run from *started* to the outcome. KeyboardInterrupt abandons what is under way."""
        return asyncio.run(self._to_end(started))

    def current_steps(self) -> list[tuple[str, str]]:
        """Return routine and step of every branch, where the latest transition left them."""
        return self._position.current_steps() if self._position else []

    async def _to_end(self, started: events.Started) -> Outcome:
        tokens = _tokens() if self._with_credentials else None
        surroundings = Surroundings(Family(self._workflows), tokens, self._tell)
        kin = Kin(started.seed)
        self._performer = Performer(surroundings, kin)
        try:
            async with self._drawing():
                outcome = await driver.run(self._code, started, self.perform, self, time.time)
                surroundings.ended(kin)
                await surroundings.settle()
            return outcome
        finally:
            await surroundings.close()

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
            return await self._performer.perform(effect)
        failed = True
        try:
            value = await self._performer.perform(effect)
            failed = False
            return value
        finally:
            self._board.got(effect.id, failed=failed)

    def _tell(self, line: str) -> None:
        if self._board is None:
            output.note(line)
        else:
            self._board.interject(line)


def _tokens() -> "auth.TokenSource":
    from stepward.runtime import auth  # most runs need no credentials

    try:
        return auth.GoogleTokens()
    except ImportError as failure:
        raise output.CommandError(
            "--auth needs the package google-auth: install it, or stepward with its extra 'auth'"
        ) from failure


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
        case effects.ConnectorCall():
            return "runs another workflow" if childcalls.is_call(effect) else ""
        case effects.CreateCallback() | effects.Log() | effects.Continue():
            return ""
        case _:
            assert_never(effect)
