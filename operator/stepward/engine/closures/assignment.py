"""Assignment along a path into the container that a variable holds (language.md 2.2).

Containers are shared until somebody writes. A write along a path copies each container on it once,
marks the copy as owned, and from then on changes it in place: a loop that fills a map costs what
the loop costs, not what the map costs. `model` says how ownership is told.
"""

import itertools
from typing import Any, Final

from stepward.engine.closures import operators
from stepward.engine.meter import Meter
from stepward.values import convert, errors, limits, model
from stepward.values.model import CONTAINERS, ROOT, SHARED, List, Map, Value

_uids: Final = itertools.count(1)
_MISSING: Final = object()
_COPIED_PER_TICK: Final = 128


def put(meter: Meter, target: list[Any], slot: int, keys: list[Value], value: Value) -> None:
    """Write *value* at *keys* below the variable in *slot* of *target*, and account for it."""
    model.share(value)  # before ownership is told: *value* may be the variable's own container
    root = target[slot]
    before = model.size_bytes(root)
    owned = type(root) in CONTAINERS and root.owner == ROOT
    root = _put(meter, root, keys, 0, value, owned=owned)
    root.owner = ROOT
    target[slot] = root
    if type(value) is str:
        meter.charge_for(value)
    meter.grew(max(root.size_bytes - before, 0))
    if root.depth > limits.VALUE_DEPTH:
        meter.charge_for(root)
        model.check_depth(root)


def _put(meter: Meter, container: Value, keys: list[Value], level: int, value: Value, *, owned: bool) -> Any:
    """Return *container*, or its copy if it is not *owned*, with *value* at `keys[level:]`."""
    key = keys[level]
    old = _member(container, key)
    if level + 1 < len(keys):
        child = Map() if old is _MISSING else old  # a missing intermediate map is created (12, U3)
        before = model.size_bytes(child)
        child_owned = owned and type(child) in CONTAINERS and child.owner == container.uid
        new = _put(meter, child, keys, level + 1, value, owned=child_owned)
    else:
        before = 0 if old is _MISSING else model.size_bytes(old)
        new = value
    if not owned:
        container = _own_copy(meter, container)
    if level + 1 < len(keys):
        new.owner = container.uid
    if old is _MISSING:
        container.size_bytes += model.text_bytes(key) + model.size_bytes(new)
    else:
        container.size_bytes += model.size_bytes(new) - before
    if type(new) in CONTAINERS and new.depth >= container.depth:
        container.depth = new.depth + 1
    container[key] = new
    return container


def _member(container: Value, key: Value) -> Any:
    """Return what *container* holds at *key*, or `_MISSING` if a map lacks it."""
    kind = type(container)
    if kind is Map:
        if type(key) is not str:
            raise errors.type_error(f"a map is indexed by a string; got: {convert.operand_name(key)}")
        return container.get(key, _MISSING)
    if kind is List:
        return container[operators.list_position(container, key)]
    raise errors.type_error(f"cannot assign to a member of {convert.operand_name(container)}")


def _own_copy(meter: Meter, container: Any) -> Any:
    """Return a shallow copy that may be changed in place once its holder has marked it.

    Children keep the uid of the original as their owner, which is never the copy's: they count as
    shared. The original must never be changed in place again, for the same reason.
    """
    if len(container) >= _COPIED_PER_TICK:
        meter.charge(len(container) // _COPIED_PER_TICK)
    copy = type(container).sized(container, container.size_bytes, container.depth)
    container.owner = SHARED
    copy.uid = next(_uids)
    return copy
