"""A function refuses what is too large before it makes it, and a copy costs what copying pointers costs."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from stepward import stdlib
from stepward.stdlib import registry
from stepward.values import limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map

stdlib.library()

LONGEST = "a" * limits.STRING_BYTES
HALF = "a" * (limits.STRING_BYTES // 2 + 1)
DEEP = model.adopt(1)
for _ in range(limits.VALUE_DEPTH - 2):
    DEEP = List([DEEP])
FULL = List([LONGEST, "b" * (limits.STRING_BYTES - 100)])
INDENT = Map({"indent": LONGEST})


def call(name: str, *arguments: Any) -> Any:
    return registry.FUNCTIONS[name].implementation(*arguments)


@pytest.mark.parametrize(
    "name,arguments",
    [
        ("text.replace_all", (LONGEST, "a", LONGEST)),
        ("text.replace_all", (LONGEST, "", "b")),
        ("text.replace_all_regex", (LONGEST, "a", "bc" * 1000)),
        ("text.replace_all_regex", (HALF, "aaaa", "b" * 13)),
        ("text.find_all", (LONGEST, "a")),
        ("text.find_all", (LONGEST, "")),
        ("text.find_all_regex", (LONGEST, "a")),
        ("text.find_all_regex", (LONGEST, "")),
        ("text.split", (LONGEST, "a")),
        ("text.encode", (LONGEST, "UTF-32")),
        ("text.decode", (b"\xff" * limits.VARIABLES_BYTES, "UTF-8")),
        ("text.to_upper", ("ΐ" * (limits.STRING_BYTES // 2),)),
        ("text.url_encode", ("é" * (limits.STRING_BYTES // 2),)),
        ("text.url_encode_plus", ("/" * limits.STRING_BYTES,)),
        ("base64.encode", (b"x" * limits.STRING_BYTES,)),
        ("json.encode_to_string", ("\x01" * limits.STRING_BYTES,)),
        ("json.encode_to_string", (FULL,)),
        ("json.encode_to_string", (DEEP, INDENT)),
        ("json.encode", (DEEP, INDENT)),
        ("json.encode", (List(["\x01" * limits.STRING_BYTES] * 1),)),
        ("json.decode", ("[" + "0," * 100_000 + "0]",)),
        ("json.decode", ("[" + "[]," * 80_000 + "0]",)),
        ("json.decode", (b'"' + LONGEST.encode() + b'b"',)),
        ("list.concat", (FULL, "b" * 100)),
        ("list.prepend", (FULL, FULL)),
        ("list.concat", (List(), List([List([DEEP])]))),
        ("map.merge", (Map({"a": LONGEST}), Map({"b": LONGEST}))),
        ("map.merge_nested", (Map({"x": Map({"a": LONGEST})}), Map({"x": Map({"b": LONGEST})}))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_be_too_large_is_refused_before_it_is_made(name: str, arguments: tuple[Any, ...]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WorkflowError, match="ResourceLimitError") as refused:
            call(name, *arguments)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.fatal
    assert peak < 16 * limits.MIB, "threat model, row 25"


@pytest.mark.parametrize(
    "name,arguments",
    [
        ("text.replace_all", (LONGEST, "a", "b")),
        ("text.replace_all", (HALF, "a", "")),
        ("text.replace_all_regex", (HALF, "a+", "b")),
        ("text.url_decode", ("%41" * 80_000,)),
        ("text.to_lower", (LONGEST,)),
        ("text.encode", (LONGEST, "UTF-16BE")),
        ("base64.decode", ("YWJj" * 60_000,)),
        ("json.encode", (FULL,)),
        ("json.decode", ("[" + "0," * 60_000 + "0]",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_just_fits_is_made(name: str, arguments: tuple[Any, ...]) -> None:
    assert call(name, *arguments) is not None


def python_calls(action: Callable[[], object]) -> int:
    """Return how many calls, Python's and C's, *action* makes: what it costs, without a clock."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "name,small,large",
    [
        ("list.concat", (List([1]), 2), (List(range(20_000)), 2)),
        ("list.prepend", (List([1]), 2), (List(range(20_000)), 2)),
        ("map.delete", (Map({"k": 1}), "k"), (Map({f"k{i}": i for i in range(20_000)}), "k0")),
        (
            "map.merge",
            (Map({"k": 1}), Map({"j": 1})),
            (Map({f"k{i}": i for i in range(20_000)}), Map({"j": 1})),
        ),
    ],
)
def test_a_copy_makes_no_call_per_item(name: str, small: tuple[Any, ...], large: tuple[Any, ...]) -> None:
    assert python_calls(lambda: call(name, *large)) == python_calls(lambda: call(name, *small))


def test_a_copy_knows_its_size_and_depth() -> None:
    child, objs = List([List()]), List([1, "a"])
    for made in (call("list.concat", objs, child), call("list.prepend", objs, child)):
        assert (made.size_bytes, made.depth) == (List(list(made)).size_bytes, List(list(made)).depth)
    first, second = Map({"a": Map({"x": "1"}), "b": "é"}), Map({"a": Map({"y": 2}), "b": 3, "c": List()})
    for made in (
        call("map.merge", first, second),
        call("map.merge_nested", first, second),
        call("map.delete", second, "c"),
        call("map.delete", second, "none"),
    ):
        assert made.size_bytes == Map(dict(made)).size_bytes
        assert made.depth >= Map(dict(made)).depth


def test_found_positions_count_what_a_list_counts() -> None:
    for name, pattern in (("text.find_all", "a"), ("text.find_all", ""), ("text.split", "a")):
        made = call(name, "xaéa", pattern)
        assert made.size_bytes == List(list(made)).size_bytes
    found = call("text.find_all_regex", "xaéa", "[aé]")
    again = model.adopt([dict(entry) for entry in found])
    assert (found.size_bytes, found.depth, found) == (again.size_bytes, again.depth, again)
    keys = call("keys", Map({"b": 1, "é": 2}))
    assert keys.size_bytes == List(list(keys)).size_bytes


def test_a_container_that_is_copied_or_logged_is_shared_from_then_on() -> None:
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("list.concat", (List([1]), 2)),
        ("list.prepend", (List([1]), 2)),
        ("map.delete", (Map({"a": 1}), "a")),
        ("map.merge", (Map({"a": 1}), Map())),
        ("map.merge", (Map(), Map({"a": 1}))),
        ("map.merge_nested", (Map({"a": Map()}), Map({"a": Map()}))),
        ("sys.log", (Map({"a": 1}),)),
    ]
    for name, arguments in calls:
        for argument in arguments:
            if type(argument) in model.CONTAINERS:
                argument.owner = model.ROOT
        call(name, *arguments)
        assert all(a.owner == model.SHARED for a in arguments if type(a) in model.CONTAINERS), name
