"""The watch: kopf in a thread of its own, under a supervisor.

kopf is configured so that it writes nothing: no annotations, no finalizers, no events. It ends on some
faults, and would take the process with it; here it is started again, counted, and readiness says so.
"""

import asyncio
import contextlib
import itertools
import logging
import threading
import time
import warnings
from collections.abc import Collection, Iterator
from typing import Any, Final

import kopf

from stepward.controllers import handlers, loops
from stepward.controllers.inbox import Inbox
from stepward.kube import bounds, client, resources
from stepward.kube.access import Access
from stepward.telemetry import metrics

_log = logging.getLogger("stepward.watch")

UNFINISHED: Final = ",".join(
    f"status.state!={state}" for state in (resources.SUCCEEDED, resources.FAILED, resources.CANCELLED)
)
"""Selects executions on the server. With it, DELETED also means "is over now"."""

_IMPOSSIBLE_FINALIZER: Final = "none!"
"""No object can have it, so kopf never finds its own to take away, which would be a write."""
_BACKOFFS: Final = (0.1, 0.2, 0.5)
_INACTIVITY_SECONDS: Final = 70.0
"""The server sends a bookmark each minute: a stream silent for longer is dead."""


class Watch:
    """Runs kopf until it is stopped."""

    def __init__(self, access: Access, inbox: Inbox, namespaces: Collection[str]) -> None:
        """*namespaces* is empty for all."""
        self._access = access
        self._inbox = inbox
        self._namespaces = sorted(namespaces)
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)
        self._stopping = threading.Event()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._health = Health(_streams(self._namespaces))

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Blocks until the thread has ended, for a bounded time."""
        self._stopping.set()
        running = self._running
        if running is not None:
            loop, task = running
            with contextlib.suppress(RuntimeError):  # it ended by itself
                loop.call_soon_threadsafe(task.cancel)
        self._thread.join(bounds.STOP_SECONDS)
        if self._thread.is_alive():
            _log.warning("the watch did not stop within %s s", bounds.STOP_SECONDS)

    def missing(self) -> list[str]:
        """Return what is not watched at the moment, in words."""
        return self._health.missing()

    # --- in the thread -----------------------------------------------------------------------

    def _work(self) -> None:
        """Run kopf again and again."""
        while not self._stopping.is_set():
            pause = bounds.RESTART_SECONDS
            try:
                loops.run_bounded(self._watch(), bounds.WATCH_END_SECONDS)
                _log.warning("the watch ended; it is started again")
            except asyncio.CancelledError:
                pass
            except _NotInstalled as failure:
                _log.warning("%s", failure)
                pause = bounds.ABSENT_SECONDS
            except Exception as failure:  # noqa: BLE001 - the watch must come back, whatever it is
                _log.warning("the watch ended and is started again: %r", failure)
            self._running = None
            self._health.reset()
            if not self._stopping.wait(pause):
                metrics.WATCH_RESTARTS.inc()

    async def _watch(self) -> None:
        this = asyncio.current_task()
        self._running = (asyncio.get_running_loop(), this) if this is not None else None
        if self._stopping.is_set():
            return
        await self._check_installed()
        registry = kopf.OperatorRegistry()
        handlers.register(registry, self._inbox)

        @kopf.on.login(registry=registry)
        async def log_in(**_: Any) -> kopf.AiohttpSession:
            session = self._access.session(self._health.observe)
            return kopf.AiohttpSession(server=self._access.server, aiohttp_session=session)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # kopf's remarks on the session it is given
            tasks = await kopf.spawn_tasks(
                registry=registry,
                settings=settings(),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
            )
        # kopf.run_tasks would wait for 5 s once one of them has failed, and for ever if another one hangs.
        failed: list[BaseException] = []
        while not failed:
            done, _ = await asyncio.wait(
                tasks, timeout=bounds.WATCH_STUCK_SECONDS, return_when=asyncio.FIRST_EXCEPTION
            )
            failed = [error for task in done if not task.cancelled() and (error := task.exception())]
            if not failed and (len(done) == len(tasks) or self._health.stuck(bounds.WATCH_STUCK_SECONDS)):
                raise _Stuck(f"nothing is asked for, though: {'; '.join(self._health.missing())}")
        raise failed[0]

    async def _check_installed(self) -> None:
        """Raise unless the server serves our kinds: kopf would wait for them without a word."""
        api = client.Client(self._access)
        try:
            absent = {client.WORKFLOWS, client.EXECUTIONS, client.REVISIONS} - await api.served()
        finally:
            await api.close()
        if absent:
            raise _NotInstalled(
                f"the API server does not know {', '.join(sorted(absent))}: apply manifests/crds"
            )


class _NotInstalled(Exception):
    """Our definitions are not in the cluster."""


class _Stuck(Exception):
    """kopf runs, and does nothing."""


class Health:
    """Which streams of the watch are open, from the answers to its requests. Thread-safe."""

    def __init__(self, streams: Collection[str]) -> None:
        self._streams = frozenset(streams)
        self._open: set[str] = set()
        self._asked = time.monotonic()

    def observe(self, path: str, status: int | None) -> None:
        """Take in that a request for *path* was answered with *status*, or not at all (None)."""
        stream, _, query = path.partition("?")
        if stream not in self._streams:
            return
        self._asked = time.monotonic()
        if status != 200:
            self._open.discard(stream)
        elif "watch=true" in query:
            self._open.add(stream)  # what existed was listed before
        metrics.WATCH_UP.set(not self.missing())

    def stuck(self, seconds: float) -> bool:
        """Return whether something is not watched, and for *seconds* nobody tried to."""
        return bool(self.missing()) and time.monotonic() - self._asked > seconds

    def reset(self) -> None:
        """Nothing is watched any more."""
        self._open.clear()
        self._asked = time.monotonic()
        metrics.WATCH_UP.set(0)

    def missing(self) -> list[str]:
        """Return which streams are not open."""
        return [f"not watching {stream}" for stream in sorted(self._streams - self._open)]


class _Nowhere(kopf.DiffBaseStorage):
    """Keeps no last-seen copy of objects, and makes none: kopf would copy each one deeply."""

    def build(self, *, body: Any, extra_fields: Any = None) -> Any:  # noqa: ARG002
        return {}

    def fetch(self, *, body: Any) -> Any:  # noqa: ARG002
        return None

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        """Store nothing."""


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: there are none that have any."""

    def fetch(self, *, key: Any, body: Any) -> Any:  # noqa: ARG002
        return None

    def store(self, *, key: Any, record: Any, body: Any, patch: Any) -> None:
        """Store nothing."""

    def purge(self, *, key: Any, body: Any, patch: Any) -> None:
        """Purge nothing."""

    def touch(self, *, body: Any, patch: Any, value: Any) -> None:
        """Touch nothing."""

    def clear(self, *, essence: Any) -> Any:
        return essence


class _Backoffs:
    """Pauses of a request that fails: short ones, then a second for ever. Can be iterated many times."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain(_BACKOFFS, itertools.repeat(1.0))


def settings() -> kopf.OperatorSettings:
    """Return settings under which kopf reads and never writes."""
    chosen = kopf.OperatorSettings()
    chosen.persistence.diffbase_storage = _Nowhere()
    chosen.persistence.progress_storage = _NoProgress()
    chosen.persistence.finalizer = _IMPOSSIBLE_FINALIZER
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.peering.standalone = True
    chosen.process.ultimate_exiting_timeout = None
    chosen.networking.error_backoffs = _Backoffs()
    chosen.networking.connect_timeout = bounds.CONNECT_SECONDS
    chosen.networking.request_timeout = bounds.LIST_SECONDS
    chosen.watching.inactivity_timeout = _INACTIVITY_SECONDS
    chosen.watching.chunk_size = bounds.PAGE_ITEMS
    chosen.watching.field_selectors[client.GROUP, client.VERSION, client.EXECUTIONS] = UNFINISHED
    chosen.queueing.idle_timeout = 1.0  # kopf's task of an object goes after that
    chosen.queueing.exit_timeout = 0.5
    return chosen


def _streams(namespaces: Collection[str]) -> list[str]:
    """Return the paths that are watched."""
    root = f"/apis/{client.GROUP}/{client.VERSION}"
    places = [f"{root}/namespaces/{namespace}" for namespace in namespaces] or [root]
    return [f"{place}/{plural}" for place in places for plural in (client.WORKFLOWS, client.EXECUTIONS)]
