"""Values: what they are in Python, how large they count, when two are equal.

| language | Python |
|---|---|
| integer, double, boolean, string, bytes, null | `int`, `float`, `bool`, `str`, `bytes`, `None` |
| list, map | `List`, `Map`: `list` and `dict` that know their counted size and depth |
| function reference (only as a retry predicate) | `FunctionRef` |

Values are shared, never copied: whoever stores a container calls `share` on it, and only the engine's
assignment changes a container in place, if `owner` proves that nobody else can see it. That is how
"assignment copies" (language.md 2.2) costs nothing until somebody writes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from stepward.values import errors, limits

Value: TypeAlias = Any
"""A value of the language. `Any`, because mypy cannot narrow a recursive union usefully here."""

SHARED: Final = -1
"""`owner` of a container that more than one place may hold: never changed in place."""
ROOT: Final = 0
"""`owner` of a container that exactly one variable holds."""

SCALAR_BYTES: Final = 8
"""Counted size of integer, double, boolean, null, and the overhead of everything else (4.8)."""


class List(list[Any]):
    """A list value. `size_bytes` and `depth` are those of the whole tree below it."""

    __slots__ = ("depth", "owner", "size_bytes", "uid")

    def __init__(self, items: Iterable[Value] = ()) -> None:
        """Take items that are values already; their containers become shared."""
        super().__init__(items)
        self.owner = SHARED
        self.uid = 0
        size, depth = SCALAR_BYTES, 0
        for item in self:
            size += size_bytes(item)
            if type(item) in CONTAINERS:
                item.owner = SHARED
                if item.depth > depth:
                    depth = item.depth
        self.size_bytes = size
        self.depth = depth + 1
        if self.depth > limits.VALUE_DEPTH:
            raise errors.too_deep()


class Map(dict[str, Any]):
    """A map value. `size_bytes` and `depth` are those of the whole tree below it."""

    __slots__ = ("depth", "owner", "size_bytes", "uid")

    def __init__(self, items: Mapping[str, Value] | Iterable[tuple[str, Value]] = ()) -> None:
        """Take entries that are values already; their containers become shared."""
        super().__init__(items)
        self.owner = SHARED
        self.uid = 0
        size, depth = SCALAR_BYTES, 0
        for key, item in self.items():
            size += text_bytes(key) + size_bytes(item)
            if type(item) in CONTAINERS:
                item.owner = SHARED
                if item.depth > depth:
                    depth = item.depth
        self.size_bytes = size
        self.depth = depth + 1
        if self.depth > limits.VALUE_DEPTH:
            raise errors.too_deep()


class FunctionRef(str):
    """The name of a library function or subworkflow used as a value (a retry predicate)."""

    __slots__ = ()


CONTAINERS: Final = frozenset({List, Map})

_TYPE_NAMES: Final[dict[type, str]] = {
    int: "integer",
    float: "double",
    bool: "boolean",
    str: "string",
    bytes: "bytes",
    type(None): "null",
    List: "list",
    Map: "map",
    FunctionRef: "function",
}


def type_name(value: Value) -> str:
    """Return the name `get_type` gives the type of *value* (language.md 3.4)."""
    return _TYPE_NAMES[type(value)]


def text_bytes(text: str) -> int:
    """Return the counted size of a string: its UTF-8 bytes and the overhead (4.8)."""
    if text.isascii():
        return SCALAR_BYTES + len(text)
    return SCALAR_BYTES + len(text.encode("utf-8", "surrogatepass"))


def size_bytes(value: Value) -> int:
    """Return the counted size of *value* (language.md 4.8), in constant time."""
    kind = type(value)
    if kind is List or kind is Map:
        return value.size_bytes  # type: ignore[no-any-return]
    if kind is str:
        return text_bytes(value)
    if kind is bytes:
        return SCALAR_BYTES + len(value)
    return SCALAR_BYTES


def share(value: Value) -> Value:
    """Mark *value* as seen from more than one place, and return it."""
    if type(value) in CONTAINERS:
        value.owner = SHARED
    return value


def adopt(raw: object, limit_bytes: int = limits.VARIABLES_BYTES) -> Value:
    """Turn plain Python data (JSON decoded, YAML scalars) into a value.

    Map keys must be strings. Integers beyond 64 bits become doubles (language.md 6.5). Raises the
    uncatchable ResourceLimitError as soon as the value counts more than *limit_bytes* or is nested
    deeper than `limits.VALUE_DEPTH`, before the rest is built.
    """
    return _Adoption(limit_bytes).value(raw, 0)


class _Adoption:
    """One walk of `adopt`, with what is left of its budget."""

    __slots__ = ("left",)

    def __init__(self, limit_bytes: int) -> None:
        self.left = limit_bytes

    def value(self, raw: object, depth: int) -> Value:
        kind = type(raw)
        if kind is dict or kind is Map or kind is list or kind is List or kind is tuple:
            if depth >= limits.VALUE_DEPTH:
                raise errors.too_deep()
            self.left -= SCALAR_BYTES
            if isinstance(raw, dict):
                entries = {}
                for key, item in raw.items():
                    self.left -= text_bytes(key)
                    entries[key] = self.value(item, depth + 1)
                return Map(entries)
            return List([self.value(item, depth + 1) for item in raw])  # type: ignore[attr-defined]
        if kind is int and not limits.INTEGER_MIN <= raw <= limits.INTEGER_MAX:  # type: ignore[operator]
            raw = float(raw)  # type: ignore[arg-type]
        self.left -= size_bytes(raw)
        if self.left < 0:
            raise errors.memory_exceeded()
        if kind not in _TYPE_NAMES:
            raise TypeError(f"not a value of the language: {kind}")
        return raw


def equal(left: Value, right: Value) -> bool:
    """Return whether `left == right` in the language: deep, unlike types unequal (3.6)."""
    kind, other = type(left), type(right)
    if kind is other:
        if kind is List:
            return len(left) == len(right) and all(map(equal, left, right))
        if kind is Map:
            return left.keys() == right.keys() and all(
                equal(item, right[key]) for key, item in left.items()
            )
        return bool(left == right)
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(left == right)
    return False


_NUMBERS: Final = frozenset({int, float})
