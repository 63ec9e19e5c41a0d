"""Conversions between kinds of values, and between values and text.

Two forms of JSON leave this module and must not be confused. `encode_json` is for people and other
programs: it writes the double 5.0 as `5` and has no bytes. `freeze` is for ourselves: `thaw` gives back
exactly what was frozen.
"""

import base64
import binascii
from typing import Any, Final

import orjson

from stepward.values import errors, limits, model, surrogates
from stepward.values.model import FunctionRef, List, Map, Value

_INTEGER_DIGITS: Final = 19
"""Significant digits of the largest 64-bit integer: more cannot fit."""
_SAME_NOTATION: Final = 1e-4
"""From here up, orjson writes a double that is no whole number exactly as `to_string` does."""
_EXACT_INTEGERS: Final = 2**53
"""Up to here, the digits of a whole double are those of the integer it equals."""
_EXACT_IN_JSON: Final = frozenset({int, str, bool, type(None)})
"""Kinds that orjson writes as we want them, whatever the value."""
_EXACT_IN_STATE: Final = _EXACT_IN_JSON | {float}
_BYTES_TAG: Final = "$b"
_FUNCTION_TAG: Final = "$f"

_OPERAND_NAMES: Final = {"map": "dict", "list": "array"}


def operand_name(value: Value) -> str:
    """Return the name that messages about operands give the type of *value* (language.md 3.4)."""
    name = model.type_name(value)
    return _OPERAND_NAMES.get(name, name)


def to_string(value: Value) -> str:
    """Return *value* as `string()` does; TypeError unless it is a number, string or boolean."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return _double_text(value)
    raise errors.type_error(
        f"unsupported operand type for string(): '{operand_name(value)}' "
        "(expecting number, string, or boolean)"
    )


def _double_text(value: float) -> str:
    """Return the shortest text that reads back equal, without exponent from 1e-6 to below 1e21."""
    text = repr(value)
    if text.endswith(".0"):
        return "0" if value == 0 else text[:-2]
    mantissa, found, exponent_text = text.partition("e")
    exponent = int(exponent_text or "0")
    if not found or exponent >= 21 or exponent < -6:
        return text
    sign = "-" if value < 0 else ""
    digits = mantissa.lstrip("-").replace(".", "")
    if exponent > 0:
        return sign + digits.ljust(exponent + 1, "0")
    return f"{sign}0.{'0' * (-exponent - 1)}{digits}"


def to_integer(value: Value) -> int:
    """Return *value* as `int()` does: an integer, a double cut toward zero, or decimal text."""
    kind = type(value)
    if kind is int:
        return value  # type: ignore[no-any-return]
    if kind is float:
        whole = int(value)
    elif kind is str:
        digits = _unsigned(value)
        if not _is_digits(digits):
            raise errors.value_error(f"int: not an integer: {errors.quoted(value)}")
        digits = digits.lstrip("0") or "0"
        if len(digits) > _INTEGER_DIGITS:
            raise errors.value_error(f"int: does not fit in 64 bits: {errors.quoted(value)}")
        whole = -int(digits) if value[0] == "-" else int(digits)
    else:
        raise _not_convertible("int", value)
    if not limits.INTEGER_MIN <= whole <= limits.INTEGER_MAX:
        raise errors.value_error(f"int: does not fit in 64 bits: {errors.quoted(to_string(value))}")
    return whole


def to_double(value: Value) -> float:
    """Return *value* as `double()` does: a number, or text such as `-1.5e3`."""
    kind = type(value)
    if kind is float:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return float(value)
    if kind is not str:
        raise _not_convertible("double", value)
    mantissa, marker, exponent = value.replace("E", "e", 1).partition("e")
    whole, point, fraction = _unsigned(mantissa).partition(".")
    well_formed = (
        _is_digits(whole)
        and (not point or _is_digits(fraction))
        and (not marker or _is_digits(_unsigned(exponent)))
    )
    if not well_formed:
        raise errors.value_error(f"double: not a decimal number: {errors.quoted(value)}")
    number = float(value)
    if number in (float("inf"), float("-inf")):
        raise errors.value_error(f"double: out of range: {errors.quoted(value)}")
    return number


def _unsigned(text: str) -> str:
    return text[1:] if text[:1] in ("+", "-") else text


def _is_digits(text: str) -> bool:
    # str.isdigit alone would let other scripts' digits through.
    return text.isascii() and text.isdigit()


def _not_convertible(name: str, value: Value) -> errors.WorkflowError:
    got = model.type_name(value)
    return errors.type_error(f"{name}: argument must be string, integer or double; got: {got}")


# --- JSON for others -----------------------------------------------------------------------------


def encode_json(value: Value, *, prefix: str = "", indent: str | None = None) -> str:
    """Return *value* as JSON text with sorted keys; whole doubles as integers (stdlib 10.2).

    Compact if *indent* is None. Otherwise every element has a line, which starts with *prefix* and as many
    copies of *indent* as it is deep; the first line has neither. Such a text can be far larger than the
    value: ask `indented_bytes` first. ValueError for bytes or function references anywhere inside.
    """
    ready = _encodable(value)
    if indent is None:
        return _dump(ready)
    pieces: list[str] = []
    _write_lines(ready, "\n" + prefix, indent, pieces)
    return "".join(pieces)


def indented_bytes(value: Value, *, prefix: str, indent: str) -> int:
    """Return how many bytes the indented text has more than the compact one, without making it."""
    newline = len("\n") + model.text_bytes(prefix) - model.SCALAR_BYTES
    return _layout_bytes(value, newline, model.text_bytes(indent) - model.SCALAR_BYTES, 0)


def _layout_bytes(value: Value, newline: int, step: int, depth: int) -> int:
    if type(value) not in model.CONTAINERS or not value:
        return 0
    is_map = type(value) is Map
    total = len(value) * (newline + (depth + 1) * step + is_map) + newline + depth * step
    if value.depth > 1:
        for item in value.values() if is_map else value:
            total += _layout_bytes(item, newline, step, depth + 1)
    return total


def _dump(ready: Any) -> str:
    try:
        return orjson.dumps(ready, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as failure:  # what is left is text with half a surrogate pair
        raise errors.value_error("text that is not valid Unicode cannot be encoded as JSON") from failure


def _encodable(value: Value) -> Any:
    """Return what orjson writes as the language wants *value* written: *value* itself, if it can."""
    kind = type(value)
    if kind in _EXACT_IN_JSON:
        return value
    if kind is List:
        if _EXACT_IN_JSON.issuperset(map(type, value)):
            return value
        return [_encodable(item) for item in value]
    if kind is Map:
        if _EXACT_IN_JSON.issuperset(map(type, value.values())):
            return value
        return {key: _encodable(item) for key, item in value.items()}
    if kind is float:
        if value.is_integer():
            if abs(value) < _EXACT_INTEGERS:
                return int(value)
        elif abs(value) >= _SAME_NOTATION:
            return value
        return orjson.Fragment(_double_text(value))
    what = "bytes" if kind is bytes else "a function reference"
    raise errors.value_error(f"{what} cannot be encoded as JSON")


def _write_lines(ready: Any, newline: str, indent: str, pieces: list[str]) -> None:
    """Append the indented text of *ready* to *pieces*; *newline* starts the lines of its parent."""
    inner = newline + indent
    if isinstance(ready, dict) and ready:
        mark = "{"
        for key in sorted(ready):
            pieces += (mark, inner, _dump(key), ": ")
            _write_lines(ready[key], inner, indent, pieces)
            mark = ","
        pieces += (newline, "}")
    elif isinstance(ready, list) and ready:
        mark = "["
        for item in ready:
            pieces += (mark, inner)
            _write_lines(item, inner, indent, pieces)
            mark = ","
        pieces += (newline, "]")
    else:
        pieces.append(_dump(ready))


def decode_json(text: str | bytes) -> Value:
    """Return the value that *text* holds; ValueError unless it is one JSON document (stdlib 10.1).

    Numbers without fraction and exponent are integers, beyond 64 bits doubles. Half a surrogate pair,
    which some programs write when they cut text, becomes U+FFFD.
    """
    return model.adopt(_load(text))


def _load(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as failure:
        if "depth" in failure.msg or "ecursion" in failure.msg:
            raise errors.too_deep() from failure
        mended = surrogates.replace_lone(text)
        if mended is not None:
            return _load(mended)
        raise errors.value_error(f"not valid JSON: {failure.msg}") from failure


# --- exact JSON for the engine's state -----------------------------------------------------------


def freeze(value: Value) -> Any:
    """Return *value* as plain data that orjson writes and reads without loss; `thaw` undoes it.

    Bytes are `{"$b": base64}`, function references `{"$f": name}`. A map whose only key starts with
    `$` gets one more `$`, so no map of a user can look like either. The result may share structure
    with *value*: write it out before the engine goes on.
    """
    kind = type(value)
    if kind in _EXACT_IN_STATE:
        return value
    if kind is List:
        if _EXACT_IN_STATE.issuperset(map(type, value)):
            return value
        return [freeze(item) for item in value]
    if kind is Map:
        if len(value) == 1:
            (key,) = value
            if key.startswith("$"):
                return {"$" + key: freeze(value[key])}
        if _EXACT_IN_STATE.issuperset(map(type, value.values())):
            return value
        return {key: freeze(item) for key, item in value.items()}
    if kind is bytes:
        return {_BYTES_TAG: base64.b64encode(value).decode("ascii")}
    if kind is FunctionRef:
        return {_FUNCTION_TAG: str(value)}
    raise TypeError(f"not a value of the language: {kind}")


def thaw(plain: Any) -> Value:
    """Return the value that was frozen. A Python ValueError means that *plain* is no frozen value."""
    kind = type(plain)
    if kind is list or kind is List:
        if _EXACT_IN_STATE.issuperset(map(type, plain)):
            return List(plain)
        return List([thaw(item) for item in plain])
    if kind is dict or kind is Map:
        if len(plain) == 1:
            ((key, item),) = plain.items()
            if key.startswith("$"):
                return _untag(key, item)
        if _EXACT_IN_STATE.issuperset(map(type, plain.values())):
            return Map(plain)
        return Map({key: thaw(item) for key, item in plain.items()})
    if kind in _EXACT_IN_STATE:
        return plain
    raise ValueError(f"not a frozen value: {kind}")


def _untag(key: str, item: Any) -> Value:
    if key.startswith("$$"):
        return Map({key[1:]: thaw(item)})
    if key == _FUNCTION_TAG and type(item) is str:
        return FunctionRef(item)
    if key == _BYTES_TAG and type(item) is str:
        try:
            return base64.b64decode(item, validate=True)
        except binascii.Error as failure:
            raise ValueError("not a frozen value: bad base64") from failure
    raise ValueError(f"not a frozen value: unknown tag {key!r}")
