"""Module `list` (stdlib 11). Workflows build lists item by item: a copy costs what copying pointers costs."""

from typing import Any

from stepward.stdlib.registry import function, require_value_bytes
from stepward.values import errors, limits, model
from stepward.values.model import List


@function("list.concat", example=("list.concat([1, 2], 3)", [1, 2, 3]))
def concat(objs: List, val: Any) -> List:
    """Return a copy of *objs* with *val* added as one item at the end."""
    size, depth = _measures(objs, val)
    made = List.sized(model.shallow_items(objs), size, depth)
    made.append(model.share(val))
    return made


@function("list.prepend", example=("list.prepend([2, 3], 1)", [1, 2, 3]))
def prepend(objs: List, val: Any) -> List:
    """Return a copy of *objs* with *val* added as one item at the front."""
    size, depth = _measures(objs, val)
    made = List.sized((model.share(val),), size, depth)
    made.extend(model.shallow_items(objs))
    return made


def _measures(objs: List, val: Any) -> tuple[int, int]:
    """Return size and depth of a copy of *objs* that also holds *val*."""
    size = objs.size_bytes + model.size_bytes(val)
    require_value_bytes(size)
    depth: int = objs.depth
    if type(val) in model.CONTAINERS and val.depth >= depth:
        depth = val.depth + 1
        if depth > limits.VALUE_DEPTH:
            raise errors.too_deep()
    return size, depth
