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

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

from stepward.values import errors, limits

Value: TypeAlias = Any
"""A value of the language. `Any`, because mypy cannot narrow a recursive union usefully here."""

SHARED: Final = -1  # `owner` of a container that more than one place may hold: never changed in place
ROOT: Final = 0  # `owner` of a container that exactly one variable holds
SCALAR_BYTES: Final = 8  # counted size of a number, boolean or null, and of the rest of all others (4.8)


class List(list[Any]):
    """A list value. `size_bytes` is that of the whole tree below it; it is no deeper than `depth`."""

    __slots__ = ("depth", "owner", "size_bytes", "uid")

    def __init__(self, items: Iterable[Value] = ()) -> None:
        """Take items that are values already; their containers become shared."""
        super().__init__(items)
        self.owner = SHARED
        self.uid = 0
        size, depth = SCALAR_BYTES, 0
        for item in self:
            kind = type(item)
            if kind in CONTAINERS:
                item.owner = SHARED
                size += item.size_bytes
                depth = max(depth, item.depth)
            else:
                size += SCALAR_BYTES if kind in _SCALARS else size_bytes(item)
        self.size_bytes = size
        self.depth = depth + 1
        check_depth(self)

    @classmethod
    def sized(cls, items: Iterable[Value], size_bytes: int, depth: int) -> "List":
        """Take *items* without looking at them: the caller knows the size and depth they add up to.

        Containers among the items must be shared already, or children of one that is.
        """
        made = cls.__new__(cls)
        made.extend(items)
        made.owner = SHARED
        made.uid = 0
        made.size_bytes = size_bytes
        made.depth = depth
        return made


class Map(dict[str, Any]):
    """A map value. `size_bytes` is that of the whole tree below it; it is no deeper than `depth`."""

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
                depth = max(depth, item.depth)
        self.size_bytes = size
        self.depth = depth + 1
        check_depth(self)

    @classmethod
    def sized(cls, items: Mapping[str, Value], size_bytes: int, depth: int) -> "Map":
        """Take *items* without looking at them: the caller knows the size and depth they add up to.

        Containers among the values must be shared already, or children of one that is.
        """
        made = cls.__new__(cls)
        made.update(items)
        made.owner = SHARED
        made.uid = 0
        made.size_bytes = size_bytes
        made.depth = depth
        return made


class FunctionRef(str):
    """The name of a library function or subworkflow used as a value (a retry predicate)."""

    __slots__ = ()


CONTAINERS: Final = frozenset({List, Map})
_NUMBERS: Final = frozenset({int, float})
_SCALARS: Final = _NUMBERS | {bool, type(None)}

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


def shallow_items(container: List | Map) -> Any:
    """Return *container*, which from now on may share its children with a shallow copy.

    Whoever puts the items of a container into another one must take them through here. The engine
    writes to a nested container in place when the path to it is owned link by link: with a second way
    to the children, the first link must say SHARED.
    """
    container.owner = SHARED
    return container


def depth_below(items: Collection[Value]) -> int:
    """Return the greatest depth among *items*; 0 if there is no container."""
    if CONTAINERS.isdisjoint(map(type, items)):
        return 0
    return int(max(item.depth for item in items if type(item) in CONTAINERS))


def check_depth(container: List | Map) -> None:
    """Raise ResourceLimitError if *container* is nested deeper than `limits.VALUE_DEPTH`.

    `depth` does not shrink when the deepest child is replaced: that would cost a look at all others.
    So it is measured before it is held against anybody.
    """
    if container.depth > limits.VALUE_DEPTH and _measure_depth(container, set()) > limits.VALUE_DEPTH:
        raise errors.too_deep()


def _measure_depth(container: Any, measured: set[int]) -> int:
    """Make `depth` of *container* and of all below it exact, looking at shared ones once; return it."""
    if id(container) not in measured:
        measured.add(id(container))
        children = container.values() if type(container) is Map else container
        nested = [child for child in children if type(child) in CONTAINERS]
        container.depth = 1 + max((_measure_depth(child, measured) for child in nested), default=0)
    return int(container.depth)


def adopt(raw: object, limit_bytes: int = limits.VARIABLES_BYTES) -> Value:
    """Turn plain Python data (JSON decoded, YAML scalars) into a value; values in it are kept.

    Map keys must be strings. Integers beyond 64 bits become doubles (language.md 6.5). Raises the
    uncatchable ResourceLimitError as soon as the value counts more than *limit_bytes* or is nested
    deeper than `limits.VALUE_DEPTH`, or a string is longer than `limits.STRING_BYTES`, before the
    rest is built; ValueError for a double that is not finite.
    """
    return _Adoption(limit_bytes).value(raw, 0)


class _Adoption:
    """One walk of `adopt`, with what is left of its budget."""

    __slots__ = ("left",)

    def __init__(self, limit_bytes: int) -> None:
        self.left = limit_bytes

    def value(self, raw: Any, depth: int) -> Value:
        kind = type(raw)
        if kind is str:
            self.left -= self.text(raw)
        elif kind is dict:
            return self.adopt_map(raw, depth)
        elif kind is list or kind is tuple:
            return self.adopt_list(raw, depth)
        elif kind is int or kind is float:
            self.left -= SCALAR_BYTES
            raw = _number(raw)
        elif kind in _TYPE_NAMES:
            if kind in CONTAINERS and depth + raw.depth > limits.VALUE_DEPTH:
                raise errors.too_deep()
            self.left -= size_bytes(share(raw))
        else:
            raise TypeError(f"not a value of the language: {kind}")
        if self.left < 0:
            raise errors.memory_exceeded()
        return raw

    def adopt_map(self, raw: Mapping[str, Any], depth: int) -> Map:
        before = self.left
        self.open(depth)
        entries = {}
        for key, item in raw.items():
            self.left -= self.text(key)
            entries[key] = self.value(item, depth + 1)
        return Map.sized(entries, before - self.left, depth_below(entries.values()) + 1)

    def adopt_list(self, raw: Iterable[Any], depth: int) -> List:
        before = self.left
        self.open(depth)
        items = [self.value(item, depth + 1) for item in raw]
        return List.sized(items, before - self.left, depth_below(items) + 1)

    def open(self, depth: int) -> None:
        if depth >= limits.VALUE_DEPTH:
            raise errors.too_deep()
        self.left -= SCALAR_BYTES
        if self.left < 0:
            raise errors.memory_exceeded()

    @staticmethod
    def text(raw: Any) -> int:
        """Return the counted size of *raw*, a string or map key."""
        if type(raw) is not str:
            raise TypeError(f"not a map key of the language: {type(raw)}")
        size = SCALAR_BYTES + len(raw) if raw.isascii() else text_bytes(raw)
        if size > limits.STRING_BYTES + SCALAR_BYTES:
            raise errors.string_too_long()
        return size


def _number(raw: float) -> float:
    """Return *raw* as integer or double: beyond 64 bits a double, which must be finite."""
    if type(raw) is int and limits.INTEGER_MIN <= raw <= limits.INTEGER_MAX:
        return raw
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise errors.value_error("number out of range: a double must be finite")
    return number


def equal(left: Value, right: Value) -> bool:
    """Return whether `left == right` in the language: deep, unlike types unequal (3.6)."""
    kind, other = type(left), type(right)
    if kind is not other:
        return kind in _NUMBERS and other in _NUMBERS and bool(left == right)
    # What Python finds unequal is unequal here; what it finds equal may differ in kind.
    return bool(left == right) and (kind not in CONTAINERS or _alike(left, right))


def _alike(left: Value, right: Value) -> bool:
    """Return whether two containers that Python finds equal are so here: to it, true equals 1."""
    items = left.values() if type(left) is Map else left
    others = map(right.get, left) if type(left) is Map else right
    for item, other in zip(items, others, strict=True):
        kind = type(item)
        if kind is not type(other):
            if kind not in _NUMBERS or type(other) not in _NUMBERS:
                return False
        elif kind in CONTAINERS and item is not other and not _alike(item, other):
            return False
    return True
