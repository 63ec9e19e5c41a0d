"""Says what goes on while something takes its time, on standard error."""

import sys
import time
from typing import Final, TextIO

_QUIET_SECONDS: Final = 20.0  # between two lines of `tick` where nobody can see a line redrawn


class Unavailable(Exception):
    """A source cannot deliver, for a reason that is no fault of its own; the next one is asked."""


class Progress:
    """Lines with a prefix. On a terminal `tick` redraws one line, elsewhere it prints one now and then."""

    def __init__(self, prefix: str, stream: TextIO | None = None) -> None:
        self._prefix = prefix
        self._stream = stream or sys.stderr
        self._redraws = self._stream.isatty()
        self._drawn = False
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._clear()
        print(f"{self._prefix}: {text}", file=self._stream, flush=True)
        self._last = time.monotonic()

    def tick(self, text: str) -> None:
        """Show *text* as the state of now; call it as often as you like."""
        if self._redraws:
            print(f"\r\033[K{self._prefix}: {text}", end="", file=self._stream, flush=True)
            self._drawn = True
        elif time.monotonic() - self._last >= _QUIET_SECONDS:
            self.say(text)

    def _clear(self) -> None:
        if self._drawn:
            print("\r\033[K", end="", file=self._stream)
            self._drawn = False
