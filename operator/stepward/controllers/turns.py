"""How many executions run at once, and who is next."""

import asyncio
from collections import deque

from stepward.telemetry import metrics


class Turns:
    """Turns of executions, known by their uids. First come, first served."""

    def __init__(self, limit: int) -> None:
        """*limit* is how many may have their turn at once."""
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._queued: set[str] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.active = 0
        self.closed = False
        """Nobody gets a turn any more."""

    def take(self, uid: str) -> bool:
        """Return whether *uid* has its turn now; if not, it waits for it."""
        if self.closed:
            return False
        if self.active >= self._limit:
            if uid not in self._queued:
                self._queued.add(uid)
                self._waiting.append(uid)
                metrics.EXECUTIONS_BACKLOG.set(len(self._waiting))
            return False
        self.active += 1
        self._idle.clear()
        metrics.EXECUTIONS_ACTIVE.set(self.active)
        return True

    def give_back(self) -> None:
        """A turn is over."""
        self.active -= 1
        metrics.EXECUTIONS_ACTIVE.set(self.active)
        if self.active == 0:
            self._idle.set()

    def next(self) -> str | None:
        """Return who may ask for a turn now, if anybody waits and there is room."""
        if not self._waiting or self.active >= self._limit or self.closed:
            return None
        uid = self._waiting.popleft()
        self._queued.discard(uid)
        metrics.EXECUTIONS_BACKLOG.set(len(self._waiting))
        return uid

    async def becomes_idle(self, seconds: float) -> bool:
        """Return whether all turns were over within *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
