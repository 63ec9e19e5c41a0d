"""`stepward run`: a workflow on this machine. The composition root of local runs.

The engine, the library and the HTTP client are the operator's; what differs is that the journal keeps
nothing, that loopback addresses may be called, and that `sys.log` writes to standard error.
"""

import asyncio
import contextlib
import hashlib
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, assert_never

from stepward import stdlib
from stepward.cli import check, exitcodes, inputs, output, progress, reports
from stepward.engine import code, effects, events, machine
from stepward.engine.outcome import Outcome, Succeeded
from stepward.engine.state import State
from stepward.language import compilation
from stepward.language.source import Source
from stepward.runtime import driver
from stepward.values import convert, errors, model
from stepward.values.errors import WorkflowError

if TYPE_CHECKING:
    from stepward.runtime import http

_REVISION_DIGITS: Final = 3


def run(
    path: str, *, data: str | None, data_file: str | None, assignments: Sequence[str], as_json: bool
) -> int:
    """Run the source file *path* to its end, show its outcome, and return the exit code.

    *data* or the content of *data_file* is the argument; *assignments* are `NAME=VALUE`.
    """
    if path == data_file == inputs.STDIN:
        raise output.CommandError("FILE and --data-file cannot both be standard input")
    environment = inputs.parse_environment(assignments)
    argument = _read_argument(inputs.read_argument_text(data, data_file))
    library = stdlib.library()
    examined = check.examine(path, library)
    if examined.program is None and as_json:
        reports.emit_diagnostics("Invalid", [(examined.report, examined.source)])
        return exitcodes.INVALID
    reports.note_diagnostics(examined.report, examined.source)
    if examined.program is None:
        return exitcodes.INVALID
    execution = str(uuid.uuid4())
    started = events.Started(
        at=time.time(),
        argument=argument[0] if argument else None,
        argument_given=bool(argument),
        environment=_built_in_environment(examined.source, execution) | environment,
        seed=execution,
    )
    outcome = LocalRun(code.link(examined.program, library), examined.source.name).to_end(started)
    _show(outcome, examined.source, as_json=as_json)
    return exitcodes.OK if isinstance(outcome, Succeeded) else exitcodes.UNSUCCESSFUL


def _read_argument(text: str | None) -> list[Any]:
    """Return the argument, or nothing when there is none: an argument may be null."""
    if text is None:
        return []
    try:
        return [compilation.read_argument(text)]
    except WorkflowError as failure:
        raise output.CommandError(output.one_line(failure.value["message"])) from failure


def _built_in_environment(source: Source, execution: str) -> dict[str, str]:
    digest = hashlib.sha256(source.text.encode()).hexdigest()
    values = {
        "LOCATION": "local",
        "PROJECT_ID": "local",
        "PROJECT_NUMBER": "0",
        "SERVICE_ACCOUNT_NAME": "local",
        "WORKFLOW_EXECUTION_ID": execution,
        "WORKFLOW_ID": PurePath(source.name).stem.strip("<>") or "workflow",
        "WORKFLOW_REVISION_ID": f"000001-{digest[:_REVISION_DIGITS]}",
    }
    return {f"GOOGLE_CLOUD_{name}": value for name, value in values.items()}


def _show(outcome: Outcome, source: Source, *, as_json: bool) -> None:
    if as_json:
        reports.emit_outcome(outcome)
    elif isinstance(outcome, Succeeded):
        reports.emit_result(outcome.value)
    else:
        output.note(reports.render_failure(outcome, source))


class LocalRun:
    """One execution: its journal, which remembers only where it is, and its performer."""

    def __init__(self, linked: code.Code, name: str, environment: Mapping[str, str] = os.environ) -> None:
        """Run *linked*; *name* is the workflow's for messages, *environment* tells about the terminal."""
        self._code = linked
        self._name = name
        self._board = progress.board_for(sys.stderr, environment, time.monotonic)
        self._client: http.Client | None = None
        self._state: State | None = None

    def to_end(self, started: events.Started) -> Outcome:
        """Run from *started* to the outcome; KeyboardInterrupt, with a message, if the user ends it."""
        try:
            return asyncio.run(self._to_end(started))
        except KeyboardInterrupt:
            steps = machine.current_steps(self._code, self._state) if self._state else []
            place = f" at {'/'.join(steps[0])}" if steps else ""
            message = f"interrupted: {self._name} was abandoned{place}; what it asked for may still happen"
            raise KeyboardInterrupt(output.one_line(message)) from None

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

    async def advanced(self, state: State, asked: Sequence[effects.Effect]) -> None:
        """Remember *state* for messages. Nothing is kept: a local run that dies is run again."""
        self._state = state
        if self._board is not None:
            steps = _waiting_steps(self._code, state)
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
                raise errors.error(
                    "SystemError", f"connectors are not available in this version: {effect.name}"
                )
            case effects.Continue():
                pass
            case _:
                assert_never(effect)
        return None

    async def _request(self, effect: effects.HttpRequest) -> object:
        from stepward.runtime import egress, http  # noqa: PLC0415 - many workflows call nobody

        if self._client is None:
            self._client = http.Client()
        return await self._client.perform(effect, policy=egress.LOCAL)

    def _log(self, effect: effects.Log) -> None:
        line = log_line(effect)
        if self._board is None:
            output.note(line)
        else:
            self._board.interject(line)


async def _redraw(board: progress.Board) -> None:
    while True:
        board.draw()
        await asyncio.sleep(progress.REDRAW_SECONDS)


def _waiting_steps(linked: code.Code, state: State) -> dict[int, str]:
    """Return, by the effect it waits for, the step of each branch; under 0 one that waits for none."""
    branches = [branch for branch in state.branches.values() if branch.join is None and branch.frames]
    steps = machine.current_steps(linked, state)
    return {branch.waiting: "/".join(step) for branch, step in zip(branches, steps, strict=False)}


def describe(effect: effects.Effect) -> str:
    """Return what *effect* waits for, in a few words; "" for what takes no time."""
    match effect:
        case effects.HttpRequest():
            return f"{effect.method} {effect.url.partition('?')[0]}"  # queries hold secrets
        case effects.Sleep():
            return "waits before it tries again" if effect.reason == "retry" else "sleeps"
        case effects.ConnectorCall() | effects.Log() | effects.Continue():
            return ""
        case _:
            assert_never(effect)


def log_line(entry: effects.Log) -> str:
    """Return what `sys.log` writes: one line; JSON if the entry is structured."""
    if type(entry.payload) is model.Map:
        return output.printable(
            f'{{"severity":"{entry.severity}","jsonPayload":{convert.encode_json(entry.payload)}}}'
        )
    text = str(entry.payload).replace("\\", "\\\\").replace("\n", "\\n")
    return output.printable(f"[{entry.severity}] {text}")
