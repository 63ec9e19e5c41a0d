"""Operators on values: the complete rules, and the errors (language.md 3.5 to 3.8).

The evaluator handles the frequent cases (two integers, a key of a map) itself and comes here for
everything else.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from stepward.values import convert, errors, limits, model
from stepward.values.model import List, Map, Value

_NUMBERS: Final = frozenset({int, float})
_CONCATENATED: Final = frozenset({int, float, bool, str})


def _unsupported(symbol: str, left: Value, right: Value) -> errors.WorkflowError:
    return errors.type_error(
        f"unsupported operand types for {symbol}: "
        f"'{convert.operand_name(left)}' and '{convert.operand_name(right)}'"
    )


def integer(result: int, symbol: str) -> int:
    """Return *result* if it fits in 64 bits; ValueError otherwise (12, U5)."""
    if limits.INTEGER_MIN <= result <= limits.INTEGER_MAX:
        return result
    raise errors.value_error(f"integer overflow in {symbol}: the result does not fit in 64 bits")


def _double(result: float, symbol: str) -> float:
    if math.isfinite(result):
        return result
    raise errors.value_error(f"double overflow in {symbol}: the result is not finite")


def add(left: Value, right: Value) -> Value:
    """`left + right`: sum, or concatenation if either is a string."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        if kind is int and other is int:
            return integer(left + right, "+")
        return _double(left + right, "+")
    if (kind is str and other in _CONCATENATED) or (other is str and kind in _CONCATENATED):
        return concatenate(
            left if kind is str else convert.to_string(left),
            right if other is str else convert.to_string(right),
        )
    raise _unsupported("+", left, right)


def concatenate(left: str, right: str) -> str:
    """Return the two texts joined; the limit is checked before memory is spent."""
    if len(left) + len(right) > limits.STRING_BYTES // 4:
        total = model.text_bytes(left) + model.text_bytes(right) - 2 * model.SCALAR_BYTES
        if total > limits.STRING_BYTES:
            raise errors.string_too_long()
    return left + right


def subtract(left: Value, right: Value) -> Value:
    """`left - right`."""
    return _arithmetic("-", operator.sub, left, right)


def multiply(left: Value, right: Value) -> Value:
    """`left * right`."""
    return _arithmetic("*", operator.mul, left, right)


def _arithmetic(symbol: str, apply: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return integer(apply(left, right), symbol)
    if kind in _NUMBERS and other in _NUMBERS:
        return _double(apply(left, right), symbol)
    raise _unsupported(symbol, left, right)


def divide(left: Value, right: Value) -> Value:
    """`left / right`: always a double."""
    _check_divisor("/", left, right)
    return _double(left / right, "/")


def floor_divide(left: Value, right: Value) -> Value:
    """`left // right`: an integer, rounded toward minus infinity."""
    _check_divisor("//", left, right)
    if type(left) is int and type(right) is int:
        return integer(left // right, "//")
    return integer(math.floor(_double(left / right, "//")), "//")


def modulo(left: Value, right: Value) -> Value:
    """`left % right`: the sign is that of the divisor."""
    _check_divisor("%", left, right)
    if type(left) is int and type(right) is int:
        return left % right
    return _double(left % right, "%")


def _check_divisor(symbol: str, left: Value, right: Value) -> None:
    if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
        raise _unsupported(symbol, left, right)
    if right == 0:
        raise errors.error(
            "ZeroDivisionError",
            f"division by zero: '{model.type_name(left)}' {symbol} '{model.type_name(right)}'",
        )


def _comparison(symbol: str, apply: Callable[[Any, Any], Any]) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        kind, other = type(left), type(right)
        if (kind in _NUMBERS and other in _NUMBERS) or (kind is str and other is str):
            return bool(apply(left, right))
        raise _unsupported(symbol, left, right)

    return compare


def contains(needle: Value, container: Value) -> bool:
    """`needle in container`: a key of a map, or an element of a list."""
    kind = type(container)
    if kind is Map:
        return type(needle) is str and needle in container
    if kind is List:
        return _contains_item(needle, container)
    raise errors.type_error(
        f"The argument of 'in' must be a dict or an array; got: {convert.operand_name(container)}",
        prefix=False,
    )


def _contains_item(needle: Value, items: List) -> bool:
    """Look where Python finds something equal: that is fast, and misses nothing that is equal here."""
    position = -1
    try:
        while True:
            position = items.index(needle, position + 1)
            if model.equal(items[position], needle):
                return True
    except ValueError:
        return False


def not_equal(left: Value, right: Value) -> bool:
    """`left != right`."""
    return not model.equal(left, right)


BINARY: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
    "<": _comparison("<", operator.lt),
    "<=": _comparison("<=", operator.le),
    ">": _comparison(">", operator.gt),
    ">=": _comparison(">=", operator.ge),
    "==": model.equal,
    "!=": not_equal,
    "in": contains,
}
"""Operator -> function, but for `and` and `or`, which do not always evaluate their right side."""


def negate(value: Value) -> Value:
    """`-value`."""
    if type(value) is int:
        return integer(-value, "-")
    if type(value) is float:
        return -value
    raise errors.type_error(f"unsupported operand type for unary -: '{convert.operand_name(value)}'")


def positive(value: Value) -> Value:
    """`+value`."""
    if type(value) in _NUMBERS:
        return value
    raise errors.type_error(f"unsupported operand type for unary +: '{convert.operand_name(value)}'")


def invert(value: Value) -> bool:
    """`not value`."""
    if value is True or value is False:
        return not value
    raise errors.type_error(
        f"unsupported operand type for not: '{convert.operand_name(value)}' (expecting boolean)"
    )


UNARY: Final[dict[str, Callable[[Value], Value]]] = {"-": negate, "+": positive, "not": invert}


def boolean(value: Value, symbol: str) -> bool:
    """Return *value* if it is a boolean, as `and` and `or` demand."""
    if value is True or value is False:
        return bool(value)
    raise errors.type_error(
        f"unsupported operand type for {symbol}: '{convert.operand_name(value)}' (expecting boolean)"
    )


def condition(value: Value) -> errors.WorkflowError:
    """Return the error for a condition that is no boolean (2.4)."""
    return errors.type_error(f"a condition must be a boolean; got: {convert.operand_name(value)}")


def access(container: Value, key: Value) -> Value:
    """`container[key]` and `container.key`."""
    kind = type(container)
    if kind is Map:
        if type(key) is not str:
            raise errors.type_error(f"a map is indexed by a string; got: {convert.operand_name(key)}")
        if key not in container:
            raise errors.key_error(key)
        return container[key]
    if kind is List:
        return container[list_position(container, key)]
    if type(key) is str:
        raise errors.type_error(
            f"cannot read '{errors.shortened(key)}' of {convert.operand_name(container)}: it is not a map"
        )
    raise errors.type_error(
        f"{convert.operand_name(container)} cannot be indexed: it is neither a list nor a map"
    )


def list_position(items: List, key: Value) -> int:
    """Return *key* if it is a position in *items*; TypeError or IndexError otherwise."""
    if type(key) is not int:
        raise errors.type_error(f"a list is indexed by an integer; got: {convert.operand_name(key)}")
    if not 0 <= key < len(items):
        raise errors.index_error(f"index out of range: {key} (the list has {len(items)} elements)")
    return key
