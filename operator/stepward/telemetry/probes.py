"""`/healthz`, `/readyz` and `/metrics` on a port of their own."""

from collections.abc import Callable, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Readiness = Callable[[], Sequence[str]]
"""Returns what is missing before work can be taken; nothing when ready."""


class Probes:
    """The small HTTP server that kubelet and Prometheus ask."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        application = web.Application(client_max_size=1024)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(application, access_log=None, keepalive_timeout=15.0)

    async def start(self, address: str, port: int) -> int:
        """Listen on *address*:*port* (0: any free one) and return the port. Raises OSError."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, address, port, backlog=16)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        """Answer at all: the event loop is alive."""
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        missing = self._readiness()
        if missing:
            return web.Response(status=503, text="".join(f"not ready: {reason}\n" for reason in missing))
        return web.Response(text="ok\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
