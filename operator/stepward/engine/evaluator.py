"""Resolved expressions to closures: `closure(slots) -> value`. Compiled once per program.

The frequent shapes (a variable with a constant, two variables, a key of a variable) have closures
of their own, which spare two calls each; everything else composes.
"""

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from stepward.engine import operators
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
    Unary,
)
from stepward.language.signatures import Library
from stepward.language.source import Span
from stepward.values import convert, errors, limits
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map, Value

Slots: TypeAlias = list[Any]
"""Variables of a frame; slot 0 is its `state.Link`."""
Closure: TypeAlias = Callable[[Slots], Value]

_MIN: Final = limits.INTEGER_MIN
_MAX: Final = limits.INTEGER_MAX

_FAST_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_FAST_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def compile_expression(expr: Expr, library: Library) -> Closure:
    """Return the closure that evaluates *expr*."""
    match expr:
        case Constant():
            value = expr.value
            return lambda slots: value
        case Read():
            return _compile_read(expr)
        case Located():
            return _compile_located(expr.span, compile_expression(expr.inner, library))
        case Access():
            return _compile_access(expr, library)
        case Unary():
            apply = operators.UNARY[expr.operator]
            operand = compile_expression(expr.operand, library)
            return lambda slots: apply(operand(slots))
        case Binary():
            return _compile_binary(expr, library)
        case MakeList():
            items = [compile_expression(item, library) for item in expr.items]
            return lambda slots: List([item(slots) for item in items])
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
    return lambda slots: slots[0].outer[0].outer[slot]


def _compile_access(expr: Access, library: Library) -> Closure:
    access = operators.access
    if isinstance(expr.key, Constant):
        name = expr.key.value
        if isinstance(expr.container, Read) and expr.container.depth == 0:
            slot = expr.container.slot

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


def _compile_binary(expr: Binary, library: Library) -> Closure:
    if expr.operator in ("and", "or"):
        return _compile_logic(expr, library)
    slow = operators.BINARY[expr.operator]
    left, right = compile_expression(expr.left, library), compile_expression(expr.right, library)
    if expr.operator in _FAST_ARITHMETIC:
        return _compile_arithmetic(expr, left, right, slow)
    if expr.operator in _FAST_COMPARISONS:
        return _compile_comparison(expr, left, right, slow)
    return lambda slots: slow(left(slots), right(slots))


def _compile_arithmetic(
    expr: Binary, left: Closure, right: Closure, slow: Callable[[Value, Value], Value]
) -> Closure:
    apply = _FAST_ARITHMETIC[expr.operator]
    if isinstance(expr.left, Read) and expr.left.depth == 0:
        slot = expr.left.slot
        if isinstance(expr.right, Constant) and type(expr.right.value) is int:
            return _variable_and_integer(expr.operator, slot, expr.right.value, slow)
        if isinstance(expr.right, Read) and expr.right.depth == 0:
            other = expr.right.slot

            def two_variables(slots: Slots) -> Value:
                a, b = slots[slot], slots[other]
                if type(a) is int and type(b) is int:
                    result = apply(a, b)
                    if _MIN <= result <= _MAX:
                        return result
                return slow(a, b)

            return two_variables

    def arithmetic(slots: Slots) -> Value:
        a, b = left(slots), right(slots)
        if type(a) is int and type(b) is int:
            result = apply(a, b)
            if _MIN <= result <= _MAX:
                return result
        return slow(a, b)

    return arithmetic


def _variable_and_integer(
    symbol: str, slot: int, constant: int, slow: Callable[[Value, Value], Value]
) -> Closure:
    """Return the closure of `variable + 1` and its kin, the heart of most loops."""
    if symbol == "*" or not -(2**62) < constant < 2**62:
        return lambda slots: slow(slots[slot], constant)
    offset = constant if symbol == "+" else -constant

    def variable_and_integer(slots: Slots) -> Value:
        value = slots[slot]
        if type(value) is int:
            result = value + offset
            if _MIN <= result <= _MAX:
                return result
        return slow(value, constant)

    return variable_and_integer


def _compile_comparison(
    expr: Binary, left: Closure, right: Closure, slow: Callable[[Value, Value], Value]
) -> Closure:
    apply = _FAST_COMPARISONS[expr.operator]
    if isinstance(expr.left, Read) and expr.left.depth == 0 and isinstance(expr.right, Constant):
        slot, constant = expr.left.slot, expr.right.value
        kind = type(constant)
        if kind is int or kind is str:

            def variable_and_constant(slots: Slots) -> Value:
                value = slots[slot]
                if type(value) is kind:
                    return apply(value, constant)
                return slow(value, constant)

            return variable_and_constant

    def comparison(slots: Slots) -> Value:
        a, b = left(slots), right(slots)
        if type(a) is int and type(b) is int:
            return apply(a, b)
        return slow(a, b)

    return comparison


def _compile_logic(expr: Binary, library: Library) -> Closure:
    left, right = compile_expression(expr.left, library), compile_expression(expr.right, library)
    symbol, boolean = expr.operator, operators.boolean
    decides = symbol == "or"

    def logic(slots: Slots) -> bool:
        first = left(slots)
        if first is decides:
            return decides
        if first is not (not decides):
            boolean(first, symbol)
        second = right(slots)
        if second is True or second is False:
            return bool(second)
        return bool(boolean(second, symbol))

    return logic


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
        return Map(made)

    return make


def _compile_invoke(expr: Invoke, library: Library) -> Closure:
    function = library.implementation(expr.function)
    arguments = [compile_expression(argument, library) for argument in expr.arguments]
    if len(arguments) == 1:
        (one,) = arguments
        return lambda slots: function(one(slots))
    if len(arguments) == 2:
        first, second = arguments
        return lambda slots: function(first(slots), second(slots))
    return lambda slots: function(*[argument(slots) for argument in arguments])
