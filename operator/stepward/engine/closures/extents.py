"""Where scopes end: the addresses of each, and the slots that are freed when control leaves them.

A variable of a loop or an `except` block is gone when the block is left, by whatever way, and so is
what the loop ran over: none of it may count as memory any longer (language.md 4.3, 4.4).
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from stepward.language import program


@dataclass(frozen=True, slots=True)
class Extent:
    """The addresses of a scope, and its slots."""

    start: int
    end: int
    """Exclusive."""
    slots: tuple[int, ...]
    around: "Extent | None" = None
    """The scope it stands in."""

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end


Extents: TypeAlias = tuple[Extent | None, ...]
"""The innermost scope at each address: scopes stand in each other, or have nothing in common."""


def extents_of(routine: program.Routine) -> Extents:
    """Return the extents of all loops and `except` blocks of *routine*, by address.

    Scopes of parallel branches are among them, whose slots are those of another frame. That does no
    harm: no jump and no error leads out of a branch, so within one all scopes around it go on.
    """
    loops = [
        Extent(address, instruction.exit, _loop_slots(instruction))
        for address, instruction in enumerate(routine.code)
        if isinstance(instruction, program.LoopStart)
    ]
    blocks = [block for handler in routine.handlers if (block := _except_block(routine, handler))]
    innermost: list[Extent | None] = [None] * len(routine.code)
    for extent in sorted((*loops, *blocks), key=lambda extent: (extent.start, -extent.end)):
        inner = replace(extent, around=innermost[extent.start])
        innermost[extent.start : extent.end] = [inner] * (extent.end - extent.start)
    return tuple(innermost)


def left_slots(extents: Extents, address: int, target: int) -> tuple[int, ...]:
    """Return the slots of the scopes that end when control goes from *address* to *target*."""
    slots: tuple[int, ...] = ()
    extent = extents[address]
    while extent is not None and target not in extent:
        slots += extent.slots
        extent = extent.around
    return slots


def _loop_slots(loop: program.LoopStart) -> tuple[int, ...]:
    index = () if loop.index is None else (loop.index,)
    return (loop.state, loop.value, *index, *loop.locals)


def _except_block(routine: program.Routine, handler: program.Handler) -> Extent | None:
    """Return the extent of the `except` block that *handler* leads to, if it has variables.

    The block reaches to where the jump before the handler leads: behind the `try`.
    """
    jump = routine.code[handler.entry - 1]
    if not isinstance(jump, program.Jump):
        return None
    for address in range(handler.entry, jump.target):
        instruction = routine.code[address]
        if isinstance(instruction, program.Catch) and instruction.error == handler.error:
            variable = () if instruction.variable is None else (instruction.variable,)
            slots = (*variable, *instruction.locals)
            return Extent(address, jump.target, slots) if slots else None
    return None
