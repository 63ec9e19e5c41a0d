"""The meter: memory that variables take, and work done before the event loop gets its turn.

Memory is counted on the way up only. `left_bytes` is never more than what is really left, and when it
is used up everything is measured anew: stores stay cheap, and the limit is exact to the byte.

Work is counted in ticks, taken from an iterator. The loop that runs steps is a `for` over it, so that
each step takes one tick without anybody counting; what costs more takes the difference out of the same
iterator. A slice ends when it is empty.
"""

import itertools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from stepward.values import errors, limits, model
from stepward.values.model import CONTAINERS, SHARED, List, Map, Value

HEAVY: Final = frozenset({str, bytes, List, Map})
"""Types whose values count more than a scalar."""

_BYTES_PER_TICK: Final = 256
"""Of a container that is looked at as a whole."""
_TEXT_PER_TICK: Final = 32_768
"""Characters or bytes that are copied."""
_ENCODED_PER_TICK: Final = 512
"""Characters of text beyond ASCII: it is encoded to know its size."""
_VARIABLES_PER_TICK: Final = 2048
"""Bytes of variables that are measured anew."""
SLOTS_PER_TICK: Final = 16
"""Of a frame that is made or measured."""


def work_of(value: Value) -> int:
    """Return the ticks that one look at the whole of *value* takes."""
    kind = type(value)
    if kind in CONTAINERS:
        return int(value.size_bytes) // _BYTES_PER_TICK
    if kind is str and not value.isascii():
        return len(value) // _ENCODED_PER_TICK
    return len(value) // _TEXT_PER_TICK if kind in HEAVY else 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What an execution holds, counted as in language.md 4.8."""

    variables_bytes: int
    kept_bytes: int
    """What the machine keeps beside the variables: snapshots of loops, errors being handled."""
    slots: int
    """How many places were looked at."""


class Meter:
    """Counts for one execution; every frame links to it."""

    __slots__ = ("_charged", "_mark", "_measure", "_step_work", "_total", "left_bytes", "ticks")

    def __init__(self, measure: Callable[[], Usage]) -> None:
        """Ask *measure* for what is really held."""
        self._measure = measure
        self.left_bytes = limits.VARIABLES_BYTES
        self.begin(0)

    # --- memory ---------------------------------------------------------------------------------

    def grew(self, size_bytes: int) -> None:
        """Account for *size_bytes* more; ResourceLimitError if all together are too large."""
        self.left_bytes -= size_bytes
        if self.left_bytes < 0:
            self._measure_anew()

    def store(self, value: Value) -> None:
        """Account for *value*, just put into a slot; a container may now be seen from two places."""
        if type(value) in CONTAINERS:
            value.owner = SHARED
        elif type(value) in HEAVY:
            self.charge_for(value)  # text must be encoded to know its size
        self.grew(model.size_bytes(value))

    def _measure_anew(self) -> None:
        usage = self._measure()
        self.spend(usage.slots // SLOTS_PER_TICK + usage.variables_bytes // _VARIABLES_PER_TICK)
        if usage.variables_bytes > limits.VARIABLES_BYTES:
            raise errors.memory_exceeded()
        if usage.kept_bytes > limits.KEPT_BYTES:
            raise errors.kept_too_much()
        self.left_bytes = min(
            limits.VARIABLES_BYTES - usage.variables_bytes, limits.KEPT_BYTES - usage.kept_bytes
        )

    # --- work -----------------------------------------------------------------------------------

    def begin(self, ticks: int) -> None:
        """Begin a slice of *ticks*."""
        self.ticks: Iterator[int] = iter(range(ticks))
        self._total = ticks
        self._charged = 0
        self._step_work = 0
        self._mark = -1

    @property
    def left_ticks(self) -> int:
        """How many ticks of the slice are left."""
        return operator.length_hint(self.ticks)

    @property
    def steps_taken(self) -> int:
        """How many ticks of the slice went to steps."""
        return self._total - self.left_ticks - self._charged

    def take_step(self) -> bool:
        """Take the tick of a step outside of the loop that runs steps; return whether there was one."""
        return next(self.ticks, None) is not None

    def uncount(self) -> None:
        """Make the tick just taken work: what took it counts as no step."""
        self._charged += 1

    def spend(self, ticks: int) -> None:
        """Take *ticks* for work, or what is left of them."""
        if not ticks:
            return
        taken = min(ticks, self.left_ticks)
        self._charged += taken
        next(itertools.islice(self.ticks, taken, taken), None)

    def charge(self, ticks: int) -> None:
        """Take *ticks* for work of the running step; ResourceLimitError if it does too much of it.

        What one step may do does not depend on when its slice began: the same program must fail at the
        same place after a restart. If a tick was taken since the last call, another step runs now.
        """
        if not ticks:
            return
        if self.left_ticks != self._mark:
            self._step_work = 0
        self._step_work += ticks
        if self._step_work > limits.STEP_WORK:
            raise errors.too_much_work()
        self.spend(ticks)
        self._mark = self.left_ticks

    def charge_for(self, value: Value) -> None:
        """Charge a look at the whole of *value*."""
        self.charge(work_of(value))
