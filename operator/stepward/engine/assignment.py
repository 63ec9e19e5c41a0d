"""Assignment: into a variable, or along a path into the container it holds (language.md 2.2).

Containers are shared until somebody writes. A write along a path copies each container on it once,
marks the copy as owned, and from then on changes it in place: a loop that fills a map costs what
the loop costs, not what the map costs. `model` says how ownership is told.
"""

import itertools
from typing import Any, Final

from stepward.engine import operators
from stepward.engine.evaluator import Slots
from stepward.values import convert, errors, limits, model
from stepward.values.model import CONTAINERS, ROOT, SHARED, List, Map, Value

_uids: Final = itertools.count(1)

HEAVY: Final = frozenset({str, bytes, List, Map})
"""Types whose values count more than a scalar."""


def account(slots: Slots, value: Value) -> None:
    """Account for *value*, just stored in a variable; a container may now be seen from two places."""
    if type(value) in CONTAINERS:
        value.owner = SHARED
    slots[0].state.grew(model.size_bytes(value))


def put(target: Slots, slot: int, keys: list[Value], value: Value) -> int:
    """Write *value* at *keys* below the variable in *slot*; return by how many bytes it grew."""
    root = target[slot]
    before = model.size_bytes(root)
    owned = type(root) in CONTAINERS and root.owner == ROOT
    root = _put(root, owned, keys, 0, model.share(value))
    root.owner = ROOT
    target[slot] = root
    return model.size_bytes(root) - before


def _put(container: Value, owned: bool, keys: list[Value], level: int, value: Value) -> Any:
    """Return *container*, or its copy if it is not *owned*, with *value* at `keys[level:]`."""
    key = keys[level]
    kind = type(container)
    if kind is Map:
        if type(key) is not str:
            raise errors.type_error(f"a map is indexed by a string; got: {convert.operand_name(key)}")
        old = container.get(key, _MISSING)
    elif kind is List:
        old = container[operators.list_position(container, key)]
    else:
        raise errors.type_error(f"cannot assign to a member of {convert.operand_name(container)}")
    if level + 1 < len(keys):
        # a missing intermediate map is created (12, U3)
        child = Map() if old is _MISSING else old
        before = model.size_bytes(child)
        child_owned = owned and type(child) in CONTAINERS and child.owner == container.uid
        new = _put(child, child_owned, keys, level + 1, value)
    else:
        before = 0 if old is _MISSING else model.size_bytes(old)
        new = value
    if not owned:
        container = _own_copy(container)
    if level + 1 < len(keys):
        new.owner = container.uid
    if old is _MISSING:
        container.size_bytes += model.text_bytes(key) + model.size_bytes(new)
    else:
        container.size_bytes += model.size_bytes(new) - before
    if type(new) in CONTAINERS and new.depth >= container.depth:
        if new.depth >= limits.VALUE_DEPTH:
            raise errors.too_deep()
        container.depth = new.depth + 1
    container[key] = new
    return container


class _Missing:
    """The type of `_MISSING`."""


_MISSING: Final = _Missing()


def _own_copy(container: Any) -> Any:
    """Return a shallow copy that may be changed in place once its holder has marked it.

    Children keep the uid of the original as their owner, which is never the copy's: they count as
    shared. The original must never be changed in place again, for the same reason.
    """
    copy = type(container).sized(container, container.size_bytes, container.depth)
    container.owner = SHARED
    copy.uid = next(_uids)
    return copy
