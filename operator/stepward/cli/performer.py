"""Performs the effects of local executions in real time: HTTP, sleeping, callbacks, other workflows.

What differs from the operator: loopback addresses may be called, credentials are the user's own, and
callbacks arrive at a server on this machine.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, assert_never

from stepward.cli import output, reports
from stepward.engine import effects
from stepward.engine.outcome import Failed
from stepward.runtime import childcalls, children, driver
from stepward.runtime.children import Child, Family, Kin
from stepward.values import errors

if TYPE_CHECKING:
    from stepward.runtime import auth, http
    from stepward.runtime.callbacks import CallbackServer

Tell = Callable[[str], None]


class Surroundings:
    """What the executions of one run share. `tell` writes a line for the user. Close it at the end."""

    def __init__(self, family: Family, tokens: "auth.TokenSource | None", tell: Tell) -> None:
        self.family = family
        self.tell = tell
        self._tokens = tokens
        self._client: http.Client | None = None
        self._server: CallbackServer | None = None
        self._started: dict[asyncio.Task[None], Child] = {}

    async def request(self, effect: effects.HttpRequest) -> object:
        """Send a request, with the user's credentials if it asks for any."""
        from stepward.runtime import auth, egress, http  # some workflows wait, but call nobody

        if self._client is None:
            self._client = http.Client()
        tokens = self._tokens or auth.NoTokens(
            "a step with 'auth' needs Google credentials: with the flag --auth it uses yours"
        )
        return await self._client.perform(effect, policy=egress.LOCAL, tokens=tokens)

    def callbacks(self) -> "CallbackServer":
        """Return the server of callbacks; it listens once there is an endpoint."""
        if self._server is None:
            from stepward.runtime.callbacks import CallbackServer  # its HTTP server takes time to import

            self._server = CallbackServer(time.time, lambda what: self.tell(f"waits for a callback: {what}"))
        return self._server

    def start(self, child: Child) -> "asyncio.Task[None]":
        """Let *child* run, until its caller takes it or `settle` does."""
        task = asyncio.create_task(self._run(child))
        self._started[task] = child
        return task

    async def _run(self, child: Child) -> None:
        performer = Performer(self, child.kin)
        outcome = await driver.run(child.code, child.started, performer.perform, _Nowhere(), time.time)
        child.end(outcome, time.time())
        self.ended(child.kin)

    def ended(self, kin: Kin) -> None:
        """Forget the endpoints of an execution that ended."""
        if self._server is not None:
            self._server.end(kin.id)

    def take(self, tasks: "Sequence[asyncio.Task[None]]") -> None:
        """Note that a caller saw these executions end; raises what was a fault of ours in one of them."""
        for task in tasks:
            del self._started[task]
            task.result()

    async def settle(self) -> None:
        """Wait for executions that nobody waits for, and tell of those that failed."""
        told = 0
        while self._started:
            going_on = sum(not task.done() for task in self._started)
            if going_on > told:
                told = going_on
                self.tell(f"waiting for executions that were started and go on: {told}")
            # One that ends may have started another.
            ended, _ = await asyncio.wait(self._started, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                child = self._started[task]
                self.take([task])
                if isinstance(child.outcome, Failed):
                    self.tell(f"{child.name} failed: {output.one_line(child.outcome.context)}")

    async def close(self) -> None:
        """Abandon what is still under way."""
        for task in self._started:
            task.cancel()
        await asyncio.gather(*self._started, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await self._server.close()


class Performer:
    """Performs the effects of one execution."""

    def __init__(self, surroundings: Surroundings, kin: Kin) -> None:
        self._around = surroundings
        self._kin = kin

    async def perform(self, effect: effects.Effect) -> object:
        """Perform *effect* and return its value, or raise WorkflowError."""
        match effect:
            case effects.HttpRequest():
                return await self._around.request(effect)
            case effects.Sleep():
                await asyncio.sleep(max(effect.until - time.time(), 0))
            case effects.Log():
                self._around.tell(reports.render_log(effect))
            case effects.ConnectorCall():
                return await self._connect(effect)
            case effects.CreateCallback():
                return await self._around.callbacks().create(self._kin.id, effect.id, effect.method)
            case effects.AwaitCallback():
                return await self._around.callbacks().wait(
                    self._kin.id, effect.id, effect.url, effect.timeout_seconds
                )
            case effects.Continue():
                pass
            case _:
                assert_never(effect)
        return None

    async def _connect(self, effect: effects.ConnectorCall) -> object:
        call = childcalls.read(effect)
        if call is None:
            message = f"connectors are not available in this version: {effect.name}"
            raise errors.error("SystemError", message)
        if not self._around.family.knows(call.workflow_id):
            raise children.unknown_workflow(call)
        born = self._around.family.start(call, self._kin, effect.id, time.time())
        tasks = [self._around.start(child) for child in born]
        if call.waits:
            _, late = await asyncio.wait(tasks, timeout=call.timeout_seconds)
            if late:
                raise children.timed_out(call)
            self._around.take(tasks)
        return children.answer(call, born)


class _Nowhere:
    """The journal of a child: nothing is kept, as for the execution that started it."""

    async def advanced(self, position: driver.Position, asked: Sequence[effects.Effect]) -> None:
        """Keep nothing."""
