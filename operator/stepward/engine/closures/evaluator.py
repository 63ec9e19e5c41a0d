"""Resolved expressions to closures: `closure(slots) -> value`. Compiled once per program.

The frequent shapes (a variable with a constant, two variables, a key of a variable) have closures
of their own, which spare two calls each; everything else composes.
"""

from collections.abc import Callable

from stepward.engine.closures import costs, operators
from stepward.engine.closures.binary import Closure, Slots, compile_binary, variable_slot
from stepward.engine.meter import HEAVY
from stepward.language.program import (
    Access,
    Binary,
    Constant,
    Expr,
    Invoke,
    Located,
    MakeList,
    MakeMap,
    Read,
    Take,
    Unary,
)
from stepward.language.signatures import Library
from stepward.language.source import Span
from stepward.values import convert, errors, limits
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map, Value


def compile_expression(expr: Expr, library: Library) -> Closure:
    """Return the closure that evaluates *expr*."""
    match expr:
        case Constant():
            value = expr.value
            return lambda slots: value
        case Read():
            return _compile_read(expr)
        case Take():
            return _compile_take(expr.slot)
        case Located():
            return _compile_located(expr.span, compile_expression(expr.inner, library))
        case Access():
            return _compile_access(expr, library)
        case Unary():
            apply = operators.UNARY[expr.operator]
            operand = compile_expression(expr.operand, library)
            return lambda slots: apply(operand(slots))
        case Binary():
            left, right = compile_expression(expr.left, library), compile_expression(expr.right, library)
            return compile_binary(expr, left, right)
        case MakeList():
            return _compile_list(expr, library)
        case MakeMap():
            return _compile_map(expr, library)
        case Invoke():
            return _compile_invoke(expr, library)


def split_location(expr: Expr) -> tuple[Expr, Span | None]:
    """Return *expr* without its outermost location, and that location."""
    return (expr.inner, expr.span) if isinstance(expr, Located) else (expr, None)


def _compile_located(span: Span, inner: Closure) -> Closure:
    def located(slots: Slots) -> Value:
        try:
            return inner(slots)
        except WorkflowError as failure:
            if failure.span is None:
                failure.span = span
            raise

    return located


def _compile_read(expr: Read) -> Closure:
    slot = expr.slot
    if expr.depth == 0:
        return lambda slots: slots[slot]
    if expr.depth == 1:
        return lambda slots: slots[0].outer[slot]
    return lambda slots: slots[0].outer[0].outer[slot]  # parallel steps nest no deeper


def _compile_take(slot: int) -> Closure:
    """Return the closure that takes what waits in a hidden slot, and frees the memory."""

    def take(slots: Slots) -> Value:
        value, slots[slot] = slots[slot], None
        return value

    return take


def _compile_access(expr: Access, library: Library) -> Closure:
    access = operators.access
    if isinstance(expr.key, Constant):
        name = expr.key.value
        slot = variable_slot(expr.container)
        if slot is not None:

            def member_of_variable(slots: Slots) -> Value:
                container = slots[slot]
                if type(container) is Map and name in container:
                    return container[name]
                return access(container, name)

            return member_of_variable
        inner = compile_expression(expr.container, library)
        return lambda slots: access(inner(slots), name)
    container, key = compile_expression(expr.container, library), compile_expression(expr.key, library)

    def element(slots: Slots) -> Value:
        items, position = container(slots), key(slots)
        if type(items) is List and type(position) is int and 0 <= position < len(items):
            return items[position]
        return access(items, position)

    return element


def _compile_list(expr: MakeList, library: Library) -> Closure:
    items = [compile_expression(item, library) for item in expr.items]

    def make(slots: Slots) -> Value:
        return _made(slots, List([item(slots) for item in items]))

    return make


def _made(slots: Slots, container: List | Map) -> Value:
    """Return *container*, just put together from parts, unless no variable could hold it."""
    if container.size_bytes > limits.VARIABLES_BYTES:
        raise errors.memory_exceeded()
    slots[0].meter.charge_for(container)
    return container


def _compile_map(expr: MakeMap, library: Library) -> Closure:
    entries = [
        (compile_expression(key, library), compile_expression(value, library)) for key, value in expr.entries
    ]

    def make(slots: Slots) -> Value:
        made: dict[str, Value] = {}
        for key, value in entries:
            name = key(slots)
            if type(name) is not str:
                raise errors.type_error(f"a map key must be a string; got: {convert.operand_name(name)}")
            made[name] = value(slots)
        return _made(slots, Map(made))

    return make


def _compile_invoke(expr: Invoke, library: Library) -> Closure:
    arguments = [compile_expression(argument, library) for argument in expr.arguments]
    function = library.implementation(expr.function)
    if costs.rate_of(expr.function) and arguments:
        call = charged(expr.function, function)
        return lambda slots: call(slots, [argument(slots) for argument in arguments])
    if len(arguments) == 1:
        (one,) = arguments
        return lambda slots: function(one(slots))
    return lambda slots: function(*[argument(slots) for argument in arguments])


def charged(name: str, function: Callable[..., Value]) -> Callable[[Slots, list[Value]], Value]:
    """Return `call(slots, arguments)`, which calls library function *name* and charges for it."""
    rate, ticks_for = costs.rate_of(name), costs.ticks_for

    def call(slots: Slots, arguments: list[Value]) -> Value:
        ticks = ticks_for(rate, arguments)
        if ticks:
            slots[0].meter.charge(ticks)
        made = function(*arguments)
        if type(made) in HEAVY:
            ticks = ticks_for(rate, (made,))
            if ticks:
                slots[0].meter.charge(ticks)
        return made

    return call
