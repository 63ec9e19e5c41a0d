"""What a value is: its size, its depth, who may change it, and what is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.values import limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import FunctionRef, List, Map

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary()
RAW = st.recursive(LEAVES, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=8)


def counted(raw: Any) -> int:
    """Count *raw* by the rule of the language: 8 bytes, and what is inside."""
    if isinstance(raw, str):
        return 8 + len(raw.encode())
    if isinstance(raw, bytes):
        return 8 + len(raw)
    if isinstance(raw, list):
        return 8 + sum(map(counted, raw))
    if isinstance(raw, dict):
        return 8 + sum(counted(key) + counted(item) for key, item in raw.items())
    return 8


def depth(raw: Any) -> int:
    if isinstance(raw, dict):
        raw = list(raw.values())
    return 1 + max(map(depth, raw), default=0) if isinstance(raw, list) else 0


@given(RAW)
def test_adopting_keeps_the_value_and_counts_it(raw: Any) -> None:
    value = model.adopt(raw)
    assert value == raw
    assert model.size_bytes(value) == counted(raw)
    assert getattr(value, "depth", 0) == depth(raw)


@given(st.lists(RAW, max_size=4))
def test_a_list_counts_what_adopting_counts(raw: list[Any]) -> None:
    made, adopted = List([model.adopt(item) for item in raw]), model.adopt(raw)
    assert (made.size_bytes, made.depth) == (adopted.size_bytes, adopted.depth)


@given(st.dictionaries(st.text(), RAW, max_size=4))
def test_a_map_counts_what_adopting_counts(raw: dict[str, Any]) -> None:
    made, adopted = Map({key: model.adopt(item) for key, item in raw.items()}), model.adopt(raw)
    assert (made.size_bytes, made.depth) == (adopted.size_bytes, adopted.depth)


def test_adopting_a_value_keeps_it_and_marks_it_as_shared() -> None:
    value = List([1])
    value.owner = model.ROOT
    assert model.adopt(value) is value
    assert value.owner == model.SHARED
    assert model.adopt([value, {"a": value}])[1]["a"] is value


def test_a_string_of_28_bytes_counts_36() -> None:
    assert model.size_bytes("x" * 28) == 36


@pytest.mark.parametrize(
    "raw",
    [
        "x" * (limits.STRING_BYTES + 1),
        "é" * (limits.STRING_BYTES // 2 + 1),
        {"x" * (limits.STRING_BYTES + 1): 1},
        ["x" * limits.STRING_BYTES] * 2,
        [None] * (limits.VARIABLES_BYTES // 8),
        [[]] * (limits.VARIABLES_BYTES // 8),
        [{}] * (limits.VARIABLES_BYTES // 8),
        [List(["x" * 1000])] * 600,
    ],
    ids=["text", "utf8", "key", "texts", "nulls", "lists", "maps", "values"],
)
def test_what_is_too_large_is_never_adopted(raw: Any) -> None:
    with pytest.raises(WorkflowError, match="ResourceLimitError") as refused:
        model.adopt(raw)
    assert refused.value.fatal


def test_the_largest_string_is_adopted() -> None:
    assert len(model.adopt("x" * limits.STRING_BYTES)) == limits.STRING_BYTES


def nested(levels: int) -> Any:
    raw: Any = []
    for _ in range(levels - 1):
        raw = [raw]
    return raw


def test_what_is_nested_too_deep_is_never_adopted() -> None:
    assert model.adopt(nested(limits.VALUE_DEPTH)).depth == limits.VALUE_DEPTH
    for raw in (nested(limits.VALUE_DEPTH + 1), [model.adopt(nested(limits.VALUE_DEPTH))]):
        with pytest.raises(WorkflowError, match="nested deeper"):
            model.adopt(raw)


@pytest.mark.parametrize("raw", [float("inf"), float("nan"), [float("-inf")], 10**400])
def test_a_number_that_is_not_finite_is_a_value_error(raw: Any) -> None:
    with pytest.raises(WorkflowError, match="ValueError"):
        model.adopt(raw)


@pytest.mark.parametrize("raw", [{1: 2}, object(), {"a": {3}}, 1j])
def test_what_is_no_value_is_a_fault_of_ours(raw: Any) -> None:
    with pytest.raises(TypeError):
        model.adopt(raw)


def test_an_integer_beyond_64_bits_becomes_a_double() -> None:
    assert type(model.adopt(2**63)) is float
    assert type(model.adopt(-(2**63))) is int


def test_a_container_of_known_size_is_taken_as_it_is() -> None:
    child = List([1])
    made = List.sized([child, 5], 32, 2)
    assert (made, made.size_bytes, made.depth, made.owner) == ([[1], 5], 32, 2, model.SHARED)
    entry = Map.sized({"a": child}, 33, 2)
    assert (entry, entry.size_bytes, entry.depth, entry.owner) == ({"a": [1]}, 33, 2, model.SHARED)


def test_items_that_two_containers_hold_are_shared_from_the_top() -> None:
    original = Map({"a": List()})
    original.owner = model.ROOT
    assert model.shallow_items(original) is original
    assert original.owner == model.SHARED


def test_unlike_types_are_unequal_and_numbers_compare_by_value() -> None:
    assert model.equal(1, 1.0)
    assert model.equal(List([1, Map({"a": 2.0})]), List([1.0, Map({"a": 2})]))
    assert not model.equal(model.adopt(True), 1)  # noqa: FBT003 - a value
    assert not model.equal("1", 1)
    assert not model.equal(List([1]), List([1, 2]))
    assert not model.equal(Map({"a": 1}), Map({"b": 1}))
    assert not model.equal(b"a", "a")


def test_every_kind_has_a_name() -> None:
    values = [1, 1.0, True, "", b"", None, List(), Map(), FunctionRef("retry.always")]
    assert [model.type_name(value) for value in values] == [
        "integer", "double", "boolean", "string", "bytes", "null", "list", "map", "function",
    ]  # fmt: skip
