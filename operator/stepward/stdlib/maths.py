"""Module `math` (stdlib 13)."""

import math

from stepward.stdlib.registry import Number, function
from stepward.values import errors, limits


@function("math.abs", example=("math.abs(-5)", 5))
def absolute(x: Number) -> Number:
    """Return the distance of *x* from zero, of the same type as *x*."""
    return _in_range("math.abs", abs(x))


@function("math.floor", example=("math.floor(-2.1)", -3))
def floor(x: Number) -> int:
    """Return the largest integer that is not above *x*."""
    whole = math.floor(x)
    _in_range("math.floor", whole)
    return whole


@function("math.max", example=("math.max(1, 2.5)", 2.5))
def maximum(x: Number, y: Number) -> Number:
    """Return the greater number: an integer if both are, else a double."""
    return _common(x, y, max(x, y))


@function("math.min", example=("math.min(1, 2)", 1))
def minimum(x: Number, y: Number) -> Number:
    """Return the smaller number: an integer if both are, else a double."""
    return _common(x, y, min(x, y))


def _common(x: Number, y: Number, chosen: Number) -> Number:
    return chosen if type(x) is type(y) else float(chosen)


def _in_range(name: str, number: Number) -> Number:
    if type(number) is int and not limits.INTEGER_MIN <= number <= limits.INTEGER_MAX:
        raise errors.value_error(f"{name}: the result does not fit in 64 bits")
    return number
