"""Equality and membership: as fast as Python's own, and without what it takes for equal."""

import functools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import reference, running
from stepward.engine.closures import operators
from stepward.values import model
from stepward.values.model import FunctionRef, List, Map

ALIKE = st.sampled_from([0, 1, 0.0, 1.0, True, False, None, "", "1", "a", 2**53, 2.0**53, 2**53 + 1])
VALUES = st.recursive(
    ALIKE,
    lambda below: (
        st.lists(below, max_size=3).map(List)
        | st.dictionaries(st.sampled_from("ab"), below, max_size=2).map(Map)
    ),
    max_leaves=6,
)


@settings(max_examples=500)
@given(VALUES, VALUES)
def test_equality_is_deep_and_minds_the_kinds(left: Any, right: Any) -> None:
    assert model.equal(left, right) == reference.equal(left, right)
    assert model.equal(left, left)
    assert operators.not_equal(left, right) != model.equal(left, right)


@settings(max_examples=500)
@given(VALUES, st.lists(VALUES, max_size=5).map(List))
def test_membership_is_equality_with_some_element(needle: Any, items: List) -> None:
    assert operators.contains(needle, items) == any(reference.equal(needle, item) for item in items)


def test_a_function_is_no_text() -> None:
    reference_ = FunctionRef("a")
    assert not model.equal(reference_, "a")
    assert not model.equal(List(["a"]), List([reference_]))
    assert not operators.contains("a", List([reference_]))
    assert operators.contains(reference_, List(["a", reference_]))
    assert not operators.contains(reference_, Map({"a": 1}))


def test_looking_for_what_is_not_there_makes_no_call_per_element() -> None:
    few, many = List(range(100)), List(range(10_000))
    for needle in (-1, "x", List([1]), None):
        look = functools.partial(operators.contains, needle)
        assert running.calls_of(functools.partial(look, few)) == running.calls_of(
            functools.partial(look, many)
        )


def test_comparing_unlike_lists_makes_no_call_per_element() -> None:
    assert running.calls_of(lambda: model.equal(List(range(9999)), List(range(10_000)))) < 30
