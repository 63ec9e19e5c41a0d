"""`for` loops: the steps that start one and go to its next turn (language.md 2.5).

The snapshot of what is looped over lives in slot `state`, the position in `state + 1`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from stepward.engine.closures.binary import Closure, Slots
from stepward.engine.closures.operators import integer
from stepward.engine.meter import HEAVY
from stepward.language.program import LoopNext, LoopStart
from stepward.values import convert, errors, limits
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Value

_NUMBERS = frozenset({int, float})


@dataclass(frozen=True, slots=True)
class Exit:
    """Where a loop leads when it has no further turn."""

    target: int
    left: tuple[int, ...]
    """The slots that are free then."""

    def leave(self, slots: Slots) -> int:
        """Free the slots and return the target."""
        for slot in self.left:
            slots[slot] = None
        return self.target


def check_items(source: Value) -> List:
    """Return *source* if a loop can run over it; TypeError otherwise."""
    if type(source) is List:
        return source
    raise errors.type_error(f"'for' runs over a list; got: {convert.operand_name(source)}")


def check_bounds(source: Value) -> List:
    """Return *source* if it is `[first, last]` of a range; TypeError otherwise."""
    if type(source) is not List or len(source) != 2:
        raise errors.type_error("'range' must be a list of two numbers, the first and the last")
    for bound in source:
        if type(bound) not in _NUMBERS:
            raise errors.type_error(
                f"the bounds of 'range' must be numbers; got: {convert.operand_name(bound)}"
            )
    return source


def turn_value(source: List, position: int, *, bounded: bool) -> Value:
    """Return the value of turn *position*, which must exist."""
    if not bounded:
        return source[position]
    first = source[0]
    return integer(first + position, "range") if type(first) is int else first + position


def has_turn(source: List, position: int, *, bounded: bool) -> bool:
    """Return whether there is a turn *position*."""
    return bool(source[0] + position <= source[1]) if bounded else position < len(source)


def count_turns(source: List, *, bounded: bool) -> int:
    """Return how many turns there are, or one more than any execution has steps for."""
    if not bounded:
        return len(source)
    first, last = source
    distance = last - first  # of doubles, it may be infinite
    count = max(int(min(distance, limits.STEPS)) + 1, 0) if distance >= 0 else 0
    # Rounding may put the distance of doubles on the other side of a whole number than the turns are.
    while count > 0 and not has_turn(source, count - 1, bounded=True):
        count -= 1
    while count <= limits.STEPS and has_turn(source, count, bounded=True):
        count += 1
    return count


def start(instruction: LoopStart, source: Closure, body: int, exit_: Exit) -> Callable[[Slots], int]:
    """Return the step that starts a loop."""
    check = check_bounds if instruction.bounded else check_items
    state, value, bounded, span = (
        instruction.state, instruction.value, instruction.bounded, instruction.span,
    )  # fmt: skip
    begin = _beginning(instruction)

    def start_loop(slots: Slots) -> int:
        try:
            slots[state] = items = check(source(slots))
            slots[0].meter.store(items)
            slots[state + 1] = 0
            if not has_turn(items, 0, bounded=bounded):
                return exit_.leave(slots)
            slots[value] = turn_value(items, 0, bounded=bounded)
            slots[0].meter.store(slots[value])
        except WorkflowError as failure:
            if failure.span is None:
                failure.span = span
            raise
        if begin:
            begin(slots, 0)
        return body

    return start_loop


def next_turn(instruction: LoopNext, body: int, exit_: Exit) -> Callable[[Slots], int]:
    """Return the step that goes to the next turn of a loop, or leaves it."""
    return (_next_of_range if instruction.bounded else _next_of_list)(instruction, body, exit_)


def _next_of_range(instruction: LoopNext, body: int, exit_: Exit) -> Callable[[Slots], int]:
    state, value, begin = instruction.state, instruction.value, _beginning(instruction)
    largest = limits.INTEGER_MAX

    def next_of_range(slots: Slots) -> int:
        first, last = slots[state]
        position = slots[state + 1] + 1
        turn = first + position
        if turn > last:
            return exit_.leave(slots)
        slots[value] = turn if turn <= largest or type(turn) is float else integer(turn, "range")
        slots[state + 1] = position
        if begin:
            begin(slots, position)
        return body

    return next_of_range


def _next_of_list(instruction: LoopNext, body: int, exit_: Exit) -> Callable[[Slots], int]:
    state, value, begin = instruction.state, instruction.value, _beginning(instruction)

    def next_of_list(slots: Slots) -> int:
        items = slots[state]
        position = slots[state + 1] + 1
        if position >= len(items):
            return exit_.leave(slots)
        slots[value] = item = items[position]
        if type(item) in HEAVY:
            slots[0].meter.store(item)
        slots[state + 1] = position
        if begin:
            begin(slots, position)
        return body

    return next_of_list


def _beginning(instruction: LoopStart | LoopNext) -> Callable[[Slots, int], None] | None:
    """Return what sets the other variables of a turn, if there are any."""
    index, locals_ = instruction.index, instruction.locals
    if index is None and not locals_:
        return None

    def begin(slots: Slots, position: int) -> None:
        if index is not None:
            slots[index] = position
        for slot in locals_:
            slots[slot] = None

    return begin
