"""The loopback server that takes callback requests for local runs.

Whoever knows the URL of an endpoint may call it: its path holds 128 random bits, and only this
machine can reach it (language.md 8.3 leaves to the host who may call).
"""

import asyncio
import secrets
from collections.abc import Callable, Hashable
from typing import Final

from aiohttp import web

from stepward.runtime import endpoints
from stepward.runtime.endpoints import Endpoints, Waiter
from stepward.values import limits, model

_HOST: Final = "127.0.0.1"
_PREFIX: Final = "/callbacks/"
_SECRET_BYTES: Final = 16
_LAST_WORDS_SECONDS: Final = 1.0
"""How long `close` lets answers finish that are on their way."""


class CallbackServer:
    """The callback endpoints of all executions of this process. Listens from the first one on.

    Belongs to one event loop. *clock* returns seconds since 1970 (UTC); *announce* is told what request
    a wait needs, as `METHOD URL`, when there is none yet.
    """

    def __init__(self, clock: Callable[[], float], announce: Callable[[str], None]) -> None:
        self._clock = clock
        self._announce = announce
        self._endpoints = Endpoints(lambda: self._address + _PREFIX + secrets.token_urlsafe(_SECRET_BYTES))
        self._waits: dict[Waiter, asyncio.Future[model.Map]] = {}
        self._runner: web.AppRunner | None = None
        self._address = ""
        self._starting = asyncio.Lock()

    async def create(self, owner: Hashable, effect_id: int, method: str) -> model.Map:
        """Return the map with the `url` of a new endpoint of execution *owner*."""
        async with self._starting:
            if self._runner is None:
                await self._listen()
        return self._endpoints.open(owner, effect_id, method)

    async def wait(self, owner: Hashable, effect_id: int, url: str, timeout_seconds: float) -> model.Map:
        """Return the next request to *url*. WorkflowError: TimeoutError, or ValueError for a strange URL."""
        held = self._endpoints.wait(owner, effect_id, url)
        if held is not None:
            return held
        self._announce(f"{self._endpoints.method_of(url)} {url}")
        loop = asyncio.get_running_loop()
        arrival: asyncio.Future[model.Map] = loop.create_future()

        def give_up() -> None:
            # Leaves in the same turn, so that no request is handed to a wait that is over.
            self._endpoints.leave(owner, effect_id, url)
            if not arrival.done():
                arrival.set_exception(endpoints.timed_out(timeout_seconds))

        self._waits[owner, effect_id] = arrival
        alarm = loop.call_later(timeout_seconds, give_up)
        try:
            return await arrival
        finally:
            alarm.cancel()
            self._endpoints.leave(owner, effect_id, url)
            del self._waits[owner, effect_id]

    def end(self, owner: Hashable) -> None:
        """Forget the endpoints of execution *owner*, which ended: they are answered with 404."""
        self._endpoints.close(owner)

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=limits.VARIABLES_BYTES)
        app.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=_LAST_WORDS_SECONDS
        )
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, _HOST, 0).start()
        host, port = runner.addresses[0][:2]
        self._address = f"http://{host}:{port}"

    async def _receive(self, request: web.Request) -> web.Response:
        received = self._endpoints.receive(
            endpoints.Request(
                method=request.method,
                url=self._address + request.raw_path,
                # What was compressed is not any more.
                headers=[item for item in request.headers.items() if item[0].lower() != "content-encoding"],
                body=await request.read(),
                received_at=self._clock(),
            )
        )
        if received.waiter is not None and received.value is not None:
            arrival = self._waits[received.waiter]
            if not arrival.done():  # cancelled: its execution is being abandoned
                arrival.set_result(received.value)
        headers = {"Allow": received.allowed} if received.allowed else {}
        return web.Response(status=received.status, headers=headers)
