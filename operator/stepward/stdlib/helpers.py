"""Expression helpers: functions without a module (stdlib 4)."""

from typing import Any

from stepward.stdlib.registry import function
from stepward.values import convert, errors, model
from stepward.values.model import FunctionRef, List, Map


@function("default", helper=True, example=("default(null, 5)", 5))
def default(val: Any, defaultVal: Any) -> Any:  # noqa: N803 - the language's name
    """Return *val*, or *defaultVal* if *val* is null. Both are evaluated first."""
    return defaultVal if val is None else val


@function("double", helper=True, example=('double("1.5")', 1.5))
def double(x: Any) -> float:
    """Return the integer or decimal text *x* as double."""
    return convert.to_double(x)


@function("get_type", helper=True, example=("get_type(1.0)", "double"))
def get_type(arg: Any) -> str:
    """Return the name of the type of *arg*: `integer`, `double`, `string`, `boolean`, `bytes`,
    `list`, `map` or `null`.
    """
    if type(arg) is FunctionRef:
        raise errors.type_error("get_type: a function reference has no type")
    return model.type_name(arg)


@function("if", helper=True, example=('if(1 > 0, "more", "less")', "more"))
def if_(condition: bool | None, ifTrue: Any, ifFalse: Any) -> Any:  # noqa: FBT001, N803 - the language's
    """Return *ifTrue* if *condition* is true, *ifFalse* if it is false or null. Both are evaluated first."""
    return ifTrue if condition else ifFalse


@function("int", helper=True, example=("int(-2.9)", -2))
def int_(x: Any) -> int:
    """Return the double *x*, cut toward zero, or the decimal text *x* as integer."""
    return convert.to_integer(x)


@function("keys", helper=True, example=("""keys(json.decode('{"b": 1, "a": 2}'))""", ["a", "b"]))
def keys(map_: Map) -> List:
    """Return the keys of *map* in sorted order."""
    return List.sized(sorted(map_), model.SCALAR_BYTES + sum(map(model.text_bytes, map_)), 1)


@function("len", helper=True, example=('len("hello")', 5))
def len_(value: List | Map | str) -> int:
    """Return the number of items, of keys, or of characters of *value*."""
    return len(value)


@function("string", helper=True, example=("string(2.5)", "2.5"))
def string(x: Any) -> str:
    """Return the number, boolean or string *x* as text."""
    return convert.to_string(x)
