"""How the process uses the interpreter: event loops, turns of threads, collection of garbage."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

_SWITCH_SECONDS: Final = 0.0005
"""How long a thread may keep the interpreter: the watch's thread and the main loop take turns."""
_CANCEL_AGAIN_SECONDS: Final = 0.1
_COLLECT_AFTER: Final = (20_000, 20, 20)
"""New containers between two collections of the youngest: each object that is read makes a hundred."""


def fastest() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop of this platform; None: the standard one."""
    try:
        import uvloop  # not made for every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def tune() -> None:
    """Set up the interpreter for a process that lives long. Call it once everything is imported."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what was imported stays: no collection need look at it again
    gc.set_threshold(*_COLLECT_AFTER)


def run_bounded(work: Coroutine[Any, Any, None], end_seconds: float) -> None:
    """Run *work* in a loop of its own, then end what it left behind, for at most *end_seconds*.

    `asyncio.run` waits for ever for a task that swallows its cancellation, as kopf's do now and then.
    Such a task is left behind, dead, with its loop.
    """
    loop = (fastest() or asyncio.new_event_loop)()
    try:
        loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end_all(end_seconds))
        loop.close()


async def _end_all(seconds: float) -> None:
    """Cancel all other tasks, more than once if need be."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    this = asyncio.current_task()
    while (left := asyncio.all_tasks() - {this}) and loop.time() < end:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_CANCEL_AGAIN_SECONDS)
