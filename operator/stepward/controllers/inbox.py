"""From the watch's thread to the main loop: bounded, and one entry for each object."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stepward.kube import bounds
from stepward.telemetry import metrics


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the watch said about one object."""

    plural: str
    deleted: bool
    """It was deleted, or left the watch's selection."""
    body: Any


class Inbox:
    """Takes sightings in any thread and hands them out in the main loop, the newest of each object."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[Sighting], None],
        overflowed: Callable[[], None],
        limit: int = bounds.INBOX_OBJECTS,
    ) -> None:
        """*overflowed* is called, in the loop, when something had to be dropped: an audit must find it."""
        self._loop = loop
        self._deliver = deliver
        self._overflowed = overflowed
        self._limit = limit
        self._lock = threading.Lock()
        self._pending: dict[str, Sighting] = {}
        self._dropped = False

    def put(self, uid: str, sighting: Sighting) -> None:
        """Take a sighting of the object *uid*. Called in the watch's thread; never blocks for long."""
        with self._lock:
            wake = not self._pending
            if uid not in self._pending and len(self._pending) >= self._limit:
                self._dropped = True
                metrics.INBOX_DROPPED.inc()
                return
            self._pending[uid] = sighting
        if wake:
            # A closed main loop means that the process is about to end.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        with self._lock:
            sightings, self._pending = self._pending, {}
            dropped, self._dropped = self._dropped, False
        for sighting in sightings.values():
            self._deliver(sighting)
        if dropped:
            self._overflowed()
