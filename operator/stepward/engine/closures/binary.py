"""Closures of binary operators: frequent cases at once, everything else by the rules of `operators`."""

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from stepward.engine.closures import operators
from stepward.engine.meter import work_of
from stepward.language.program import Binary, Constant, Expr, Read
from stepward.values import limits
from stepward.values.model import List, Value

Slots: TypeAlias = list[Any]
"""Variables of a frame; slot 0 is its `state.Link`."""
Closure: TypeAlias = Callable[[Slots], Value]
Rule: TypeAlias = Callable[[Value, Value], Value]

_MIN: Final = limits.INTEGER_MIN
_MAX: Final = limits.INTEGER_MAX
_SHORT: Final = 2048
"""Characters of a text whose handling costs next to nothing."""

_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_DIVISIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {"//": operator.floordiv, "%": operator.mod}


def variable_slot(expr: Expr) -> int | None:
    """Return the slot of *expr* if it is a variable of this frame."""
    return expr.slot if isinstance(expr, Read) and expr.depth == 0 else None


def compile_binary(expr: Binary, left: Closure, right: Closure) -> Closure:
    """Return the closure of *expr*, whose operands *left* and *right* evaluate."""
    if expr.operator in {"and", "or"}:
        return _logic(expr.operator, left, right)
    rule = operators.BINARY[expr.operator]
    if expr.operator in _ARITHMETIC:
        return _arithmetic(expr, left, right, rule)
    if expr.operator in _COMPARISONS:
        return _comparison(expr, left, right, rule)
    if expr.operator in _DIVISIONS and isinstance(expr.right, Constant):
        return _divided_by(expr.operator, left, expr.right.value, rule)
    if expr.operator == "in":
        return _membership(left, right)
    return lambda slots: rule(left(slots), right(slots))


# --- arithmetic ----------------------------------------------------------------------------------


def _arithmetic(expr: Binary, left: Closure, right: Closure, rule: Rule) -> Closure:
    apply = _ARITHMETIC[expr.operator]
    slot, other = variable_slot(expr.left), variable_slot(expr.right)
    if slot is not None and isinstance(expr.right, Constant) and _is_small(expr.right.value):
        return _variable_and_integer(expr.operator, slot, expr.right.value, rule)
    if slot is not None and other is not None:
        return _two_variables(apply, slot, other, rule)

    def arithmetic(slots: Slots) -> Value:
        a, b = left(slots), right(slots)
        if type(a) is int and type(b) is int:
            result = apply(a, b)
            if _MIN <= result <= _MAX:
                return result
        return _otherwise(slots, rule(a, b))

    return arithmetic


def _two_variables(apply: Callable[[Any, Any], Any], slot: int, other: int, rule: Rule) -> Closure:
    def two_variables(slots: Slots) -> Value:
        a, b = slots[slot], slots[other]
        if type(a) is int and type(b) is int:
            result = apply(a, b)
            if _MIN <= result <= _MAX:
                return result
        return _otherwise(slots, rule(a, b))

    return two_variables


def _variable_and_integer(symbol: str, slot: int, constant: int, rule: Rule) -> Closure:
    """Return the closure of `variable + 1` and its kin, the heart of most loops."""
    offset = -constant if symbol == "-" else constant

    def sum_(slots: Slots) -> Value:
        value = slots[slot]
        if type(value) is int:
            result = value + offset
            if _MIN <= result <= _MAX:
                return result
        return _otherwise(slots, rule(value, constant))

    def product(slots: Slots) -> Value:
        value = slots[slot]
        if type(value) is int:
            result = value * constant
            if _MIN <= result <= _MAX:
                return result
        return rule(value, constant)

    return product if symbol == "*" else sum_


def _divided_by(symbol: str, left: Closure, divisor: Value, rule: Rule) -> Closure:
    """Return the closure of `... // 7` and `... % 7`: by a positive integer, nothing can go wrong."""
    apply = _DIVISIONS[symbol]
    if type(divisor) is not int or divisor <= 0:
        return lambda slots: rule(left(slots), divisor)

    def divided(slots: Slots) -> Value:
        value = left(slots)
        return apply(value, divisor) if type(value) is int else rule(value, divisor)

    return divided


def _is_small(value: Value) -> bool:
    return type(value) is int and abs(value) < 2**62


def _otherwise(slots: Slots, made: Value) -> Value:
    """Return *made*, charging for it if it is a long text."""
    if type(made) is str and len(made) > _SHORT:
        slots[0].meter.charge_for(made)
    return made


# --- comparison ----------------------------------------------------------------------------------


def _comparison(expr: Binary, left: Closure, right: Closure, rule: Rule) -> Closure:
    apply = _COMPARISONS[expr.operator]
    slot = variable_slot(expr.left)
    if slot is not None and isinstance(expr.right, Constant) and type(expr.right.value) in {int, str}:
        return _variable_and_constant(apply, slot, expr.right.value, rule)

    def comparison(slots: Slots) -> Value:
        a, b = left(slots), right(slots)
        kind = type(a)
        if kind is type(b) and (kind is int or (kind is str and len(a) <= _SHORT)):
            return apply(a, b)
        work = min(work_of(a), work_of(b))
        if work:
            slots[0].meter.charge(work)
        return rule(a, b)

    return comparison


def _variable_and_constant(apply: Callable[[Any, Any], Any], slot: int, constant: Any, rule: Rule) -> Closure:
    kind = type(constant)

    def variable_and_constant(slots: Slots) -> Value:
        value = slots[slot]
        if type(value) is kind:
            return apply(value, constant)
        return rule(value, constant)

    return variable_and_constant


def _membership(left: Closure, right: Closure) -> Closure:
    contains = operators.contains

    def membership(slots: Slots) -> bool:
        needle, container = left(slots), right(slots)
        if type(container) is List:
            slots[0].meter.charge_for(container)
        return contains(needle, container)

    return membership


# --- logic ---------------------------------------------------------------------------------------


def _logic(symbol: str, left: Closure, right: Closure) -> Closure:
    boolean = operators.boolean
    decides = symbol == "or"

    def logic(slots: Slots) -> Value:
        first = left(slots)
        if first is decides:
            return decides
        if first is not (not decides):
            boolean(first, symbol)
        second = right(slots)
        return second if second is True or second is False else boolean(second, symbol)

    return logic
