"""Module `map` (stdlib 12)."""

from typing import Any

from stepward.stdlib.registry import function, require_value_bytes
from stepward.values import errors, model
from stepward.values.model import List, Map


@function("map.delete", example=("""map.delete(json.decode('{"a": 1, "b": 2}'), "a")""", {"b": 2}))
def delete(map_: Map, key: str) -> Map:
    """Return a copy of *map* without *key*; an absent key is no error."""
    size = map_.size_bytes
    if key in map_:
        size -= model.text_bytes(key) + model.size_bytes(map_[key])
    made = Map.sized(model.shallow_items(map_), size, map_.depth)
    made.pop(key, None)
    return made


@function("map.get", example=("""map.get(json.decode('{"a": {"b": 3}}'), ["a", "b"])""", 3))
def get(map_: Any, keys: str | List) -> Any:
    """Return what *map* holds under *keys*, or null if any of them is absent or no map is there.

    A list of keys leads down nested maps.
    """
    path = keys if isinstance(keys, List) else (keys,)
    for key in path:
        if type(key) is not str:
            raise errors.type_error(
                f"map.get: argument 'keys' must be string or list of strings; got in the list: "
                f"{model.type_name(key)}"
            )
    found = map_ if type(map_) is Map else None
    for key in path:
        found = found.get(key) if type(found) is Map else None
    return found


@function(
    "map.merge",
    example=("""map.merge(json.decode('{"a": 1}'), json.decode('{"b": 2}'))""", {"a": 1, "b": 2}),
)
def merge(first: Map, second: Map) -> Map:
    """Return a map with the entries of both; those of *second* win."""
    size = _disjoint_bytes(first, second)
    for key in first.keys() & second.keys():
        size -= model.text_bytes(key) + model.size_bytes(first[key])
    return _union(first, second, size)


@function(
    "map.merge_nested",
    example=(
        """map.merge_nested(json.decode('{"a": {"x": 1}}'), json.decode('{"a": {"y": 2}}'))""",
        {"a": {"x": 1, "y": 2}},
    ),
)
def merge_nested(first: Map, second: Map) -> Map:
    """Return a map with the entries of both; maps under the same key are merged, else *second* wins."""
    size = _disjoint_bytes(first, second)
    merged = {}
    for key in first.keys() & second.keys():
        ours, theirs = first[key], second[key]
        size -= model.text_bytes(key) + model.size_bytes(ours)
        if type(ours) is Map and type(theirs) is Map:
            merged[key] = both = merge_nested(ours, theirs)
            size += both.size_bytes - theirs.size_bytes
    made = _union(first, second, size)
    made.update(merged)
    return made


def _disjoint_bytes(first: Map, second: Map) -> int:
    """Return the size of the union of maps that have no key in common."""
    return int(first.size_bytes + second.size_bytes - model.SCALAR_BYTES)


def _union(first: Map, second: Map, size: int) -> Map:
    # No deeper than the deeper of both; less deep when the deepest entry of `first` was replaced,
    # but looking for that would cost a walk, and an upper bound does no harm.
    require_value_bytes(size)
    made = Map.sized(model.shallow_items(first), size, max(first.depth, second.depth))
    made.update(model.shallow_items(second))
    return made
