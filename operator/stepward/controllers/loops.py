"""How the process uses the interpreter: event loops, turns of threads, collection of garbage."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Final

_SWITCH_SECONDS: Final = 0.0005
"""How long a thread may keep the interpreter: the watch's thread and the main loop take turns."""
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
