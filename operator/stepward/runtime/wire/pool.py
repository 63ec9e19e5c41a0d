"""Connections kept for the next request, and how many there may be."""

import asyncio
from collections import deque
from typing import Final

from stepward.runtime.wire.connection import Answer, Connection, Request
from stepward.runtime.wire.dialer import Dialer, Origin
from stepward.runtime.wire.failures import Progress
from stepward.runtime.wire.resolver import Resolver
from stepward.runtime.wire.turns import Turns
from stepward.values import limits

_CLOSING_TURNS: Final = 2
"""Turns of the event loop that an aborted connection, TLS included, takes to be gone."""


class Pool:
    """Exchanges requests over connections that it keeps for a short while.

    A connection is only reused for an equal `Origin`, so by somebody under an equal policy.
    """

    def __init__(self, resolver: Resolver, keep_seconds: float) -> None:
        self._dialer = Dialer(resolver)
        self._keep_seconds = keep_seconds
        self._origins = Turns(limits.CONNECTIONS_PER_HOST)
        self._policies = Turns(limits.CONNECTIONS)
        self._idle: dict[Origin, deque[tuple[Connection, float]]] = {}
        self._idle_count = 0
        self._sweep: asyncio.TimerHandle | None = None

    async def exchange(self, origin: Origin, tenant: str, request: Request, progress: Progress) -> Answer:
        """Send *request* to *origin* and return the answer; ExchangeError if there is none.

        It is sent at most once. Waits while too many others are at it.
        """
        await self._origins.take(origin)
        try:
            await self._policies.take(origin.policy)
            try:
                connection = self._kept(origin) or await self._dialer.dial(origin, tenant)
                try:
                    return await connection.exchange(request, progress)
                finally:
                    if connection.reusable:
                        self._keep(origin, connection)
            finally:
                self._policies.give(origin.policy)
        finally:
            self._origins.give(origin)

    async def close(self) -> None:
        """Close idle connections. Those in use belong to tasks: cancel these first."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for kept in self._idle.values():
            for connection, _ in kept:
                connection.abort()
        self._idle.clear()
        self._idle_count = 0
        for _ in range(_CLOSING_TURNS):
            await asyncio.sleep(0)

    @property
    def idle(self) -> int:
        """How many connections are kept."""
        return self._idle_count

    def _kept(self, origin: Origin) -> Connection | None:
        """Return the connection to *origin* that was used last, if one still stands."""
        kept = self._idle.get(origin)
        while kept:
            connection, _ = kept.pop()
            self._idle_count -= 1
            if not kept:
                del self._idle[origin]
            if connection.is_quiet():
                return connection
            connection.abort()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        if self._idle_count >= limits.CONNECTIONS:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        self._idle.setdefault(origin, deque()).append((connection, loop.time()))
        self._idle_count += 1
        if self._sweep is None:
            self._sweep = loop.call_later(self._keep_seconds, self._close_old)

    def _close_old(self) -> None:
        """Close what nobody used for a while, and come back as long as something is kept."""
        loop = asyncio.get_running_loop()
        too_old = loop.time() - self._keep_seconds
        for origin, kept in list(self._idle.items()):
            while kept and kept[0][1] <= too_old:
                kept.popleft()[0].abort()
                self._idle_count -= 1
            if not kept:
                del self._idle[origin]
        oldest = min((kept[0][1] for kept in self._idle.values()), default=None)
        self._sweep = None
        if oldest is not None:
            self._sweep = loop.call_at(oldest + self._keep_seconds, self._close_old)
