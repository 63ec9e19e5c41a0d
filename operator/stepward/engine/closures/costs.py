"""What work costs, in ticks: how much there is in an instruction, and what library functions do with
what they are given. The rates were measured and are rough: too low makes a slice last longer, too high
makes more slices; neither changes what a program does.
"""

from collections.abc import Iterable
from typing import Final

from stepward.engine.meter import HEAVY
from stepward.language import program
from stepward.language.program import Expr, Instruction
from stepward.values.model import CONTAINERS, Value

_NODES_PER_TICK: Final = 16
"""A node of an expression is a call of a closure."""
_NODES_FREE: Final = 32
"""An instruction with fewer is paid for by the tick of its step."""

_USUAL: Final = 16
TICKS_PER_KIB: Final = {
    **dict.fromkeys(("default", "get_type", "if", "len", "map.get"), 0),
    **dict.fromkeys(("list.concat", "list.prepend", "map.delete", "text.replace_all", "text.substring"), 1),
    **dict.fromkeys(("json.decode", "map.merge_nested", "text.url_decode", "text.find_all_regex"), 64),
    **dict.fromkeys(("text.match_regex", "text.replace_all_regex"), 64),
}
"""Library function -> ticks for a KiB of arguments, and for a KiB of result. Others: `_USUAL`."""


def rate_of(function: str) -> int:
    """Return the ticks that library function *function* takes for each KiB in and out; 0: none."""
    return TICKS_PER_KIB.get(function, _USUAL)


def ticks_for(rate: int, values: Iterable[Value]) -> int:
    """Return the ticks for handling *values* at *rate*."""
    size = 0
    for value in values:
        kind = type(value)
        if kind in HEAVY:
            size += value.size_bytes if kind in CONTAINERS else len(value)
    return size * rate // 1024


def ticks_of(instruction: Instruction) -> int:
    """Return what *instruction* takes beside the tick of its step, whatever the values are."""
    nodes = _nodes_in(instruction)
    return nodes // _NODES_PER_TICK if nodes >= _NODES_FREE else 0


def is_step(instruction: Instruction) -> bool:
    """Return whether *instruction* counts as a step of the author's (language.md, section 9)."""
    match instruction:
        case program.Return():
            return not instruction.implicit
        case program.Assign() | program.Choose() | program.Jump() | program.Ask():
            return not instruction.hidden
        case program.Rethrow() | program.EndBranch():
            return False
        case _:
            return True


def _nodes_in(instruction: Instruction) -> int:
    match instruction:
        case program.Assign():
            return sum(_nodes_of(*write.path, write.value) + 1 for write in instruction.writes)
        case program.Choose():
            return _nodes_of(*(condition for condition, _ in instruction.cases))
        case program.LoopStart():
            return _nodes_of(instruction.source) + len(instruction.locals)
        case program.LoopNext() | program.Catch():
            return len(instruction.locals)
        case program.CallFunction() | program.CallRoutine() | program.Ask():
            return _nodes_of_arguments(instruction.arguments)
        case program.CallConnector():
            return _nodes_of(instruction.arguments)
        case program.Return() | program.Raise():
            return _nodes_of(instruction.value)
        case program.RetryStart():
            return _nodes_of(instruction.policy)
        case program.Fork():
            return _nodes_of(instruction.loop.source) if instruction.loop else 0
        case _:
            return 0


def _nodes_of_arguments(arguments: program.Arguments) -> int:
    if arguments.dynamic is not None:
        return _nodes_of(arguments.dynamic)
    return _nodes_of(*(value for _, value in arguments.values))


def _nodes_of(*expressions: Expr) -> int:
    return sum(1 + _nodes_of(*_children(expression)) for expression in expressions)


def _children(expression: Expr) -> tuple[Expr, ...]:
    match expression:
        case program.Constant() | program.Read() | program.Take():
            return ()
        case program.Located():
            return (expression.inner,)
        case program.Access():
            return expression.container, expression.key
        case program.Unary():
            return (expression.operand,)
        case program.Binary():
            return expression.left, expression.right
        case program.MakeList():
            return expression.items
        case program.MakeMap():
            return tuple(part for entry in expression.entries for part in entry)
        case program.Invoke():
            return expression.arguments
