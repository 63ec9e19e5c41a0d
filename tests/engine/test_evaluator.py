"""Closures: every short cut gives what the rules give, and nesting is no danger."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from engine import running
from engine.running import main_of
from stepward.engine.closures import operators
from stepward.engine.closures.evaluator import compile_expression
from stepward.engine.meter import Meter, Usage
from stepward.engine.outcome import Succeeded
from stepward.engine.state import Link
from stepward.language.program import Access, Binary, Constant, Expr, Located, MakeList, Read, Take
from stepward.language.source import Span
from stepward.values import convert, limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import FunctionRef, List, Map

VALUES = [
    0, 1, 2, -3, 2**62, 2**63 - 1, -(2**63), 0.0, 1.0, 2.5, 1e308, "", "a", "1", "x" * 5000,
    True, False, None, b"", b"a", List(), List([1]), List([True]), List([List([2])]),
    Map(), Map({"a": 1}), Map({"a": True}), FunctionRef("a"),
]  # fmt: skip
HERE = Span(3, 5)


def slots_of(*values: Any) -> list[Any]:
    """Return a frame whose variables hold *values*, from slot 1."""
    meter = Meter(lambda: Usage(0, 0, 0))
    meter.begin(10**6)
    return [Link(meter), *values]


def outcome(action: Callable[..., Any], *arguments: Any) -> Any:
    """Return the value with its type, or the error."""
    try:
        value = action(*arguments)
    except WorkflowError as failure:
        return failure.value
    return type(value), value


def shapes(slot: int, value: Any) -> list[Expr]:
    """Return expressions for *value*, which is in variable *slot*."""
    read = Read(0, slot, "v")
    return [read, Constant(value), Access(MakeList((read,)), Constant(0))]


@pytest.mark.parametrize("symbol", operators.BINARY)
def test_every_short_cut_gives_what_the_rule_gives(symbol: Any) -> None:
    rule = operators.BINARY[symbol]
    for left, right in itertools.product(VALUES, VALUES):
        wanted = outcome(rule, left, right)
        for a, b in itertools.product(shapes(1, left), shapes(2, right)):
            closure = compile_expression(Binary(symbol, a, b), running.LIBRARY)
            assert outcome(closure, slots_of(left, right)) == wanted


@pytest.mark.parametrize("symbol", ["and", "or"])
def test_logic_gives_booleans_or_fails(symbol: Any) -> None:
    for left, right in itertools.product(VALUES, VALUES):
        closure = compile_expression(Binary(symbol, Read(0, 1, "a"), Read(0, 2, "b")), running.LIBRARY)
        found = outcome(closure, slots_of(left, right))
        if left is (symbol == "or"):
            assert found == (bool, left)
        elif type(left) is bool and type(right) is bool:
            assert found == (bool, right)
        else:
            assert found["tags"] == ["TypeError"]


@pytest.mark.parametrize("key", [Constant("a"), Constant(0), Read(0, 2, "k")])
def test_every_way_to_read_a_member_gives_the_same(key: Expr) -> None:
    asked = key.value if isinstance(key, Constant) else "a"
    for value in VALUES:
        wanted = outcome(operators.access, value, asked)
        for container in shapes(1, value):
            closure = compile_expression(Access(container, key), running.LIBRARY)
            assert outcome(closure, slots_of(value, asked)) == wanted


def test_the_innermost_place_is_blamed() -> None:
    inner = Located(HERE, Access(Constant(Map()), Constant("a")))
    closure = compile_expression(Located(Span(0, 9), MakeList((inner,))), running.LIBRARY)
    with pytest.raises(WorkflowError) as caught:
        closure(slots_of())
    assert caught.value.span == HERE


def test_what_is_taken_is_gone() -> None:
    slots = slots_of("x")
    assert compile_expression(Take(1), running.LIBRARY)(slots) == "x"
    assert slots[1] is None


def test_a_list_that_no_variable_could_hold_is_not_made() -> None:
    half = List(["x" * 200_000, "x" * 100_000])
    closure = compile_expression(MakeList((Constant(half), Constant(half))), running.LIBRARY)
    with pytest.raises(WorkflowError, match="Memory usage limit exceeded"):
        closure(slots_of())


# --- nesting -------------------------------------------------------------------------------------


AROUND = 150
"""Python frames: several times as many as an event loop has around a transition."""


def deep_in_the_stack(frames: int, action: Callable[[], Any]) -> Any:
    """Call *action* with so many Python frames around it."""
    return deep_in_the_stack(frames - 1, action) if frames else action()


DEEP = 55
"""The language takes expressions that nest a little deeper."""


@pytest.mark.parametrize(
    "expression",
    [
        "(" * DEEP + "1" + ")" * DEEP,
        "-" * DEEP + "1",
        "not " * DEEP + "true",
        "[" * DEEP + "]" * DEEP,
        "1" + "+1" * 199,
        "true" + " and true" * 43,
        "args" + "[0]" * 95,
        "default(" * 30 + "args" + ", 1)" * 30,
        "[" * 48 + "1 + 1 == 2 and true" + "]" * 48,
    ],
)
def test_the_deepest_expressions_are_evaluated(expression: str) -> None:
    argument: Any = 1
    for _ in range(95):
        argument = [argument]
    text = main_of(f"a: {{assign: [{{x: '${{{expression}}}'}}]}}")
    done = deep_in_the_stack(AROUND, lambda: running.run(text, argument))
    assert isinstance(done.outcome, Succeeded)


def test_the_deepest_template_is_evaluated() -> None:
    depth = 90
    text = main_of(f"a: {{return: {'[' * depth}'${{args}}'{']' * depth}}}")
    assert deep_in_the_stack(AROUND, lambda: running.run(text, 1)).outcome.value is not None


@pytest.mark.parametrize("kind", [List, Map])
def test_the_deepest_values_can_be_handled(kind: type) -> None:
    def deep() -> Any:
        value: Any = kind()
        for _ in range(limits.VALUE_DEPTH - 1):
            value = List([value]) if kind is List else Map({"a": value})
        return value

    def handle() -> None:
        one, other = deep(), deep()
        assert model.equal(one, other)
        assert not operators.not_equal(one, other)
        assert convert.encode_json(one)
        assert model.equal(convert.thaw(convert.freeze(one)), one)
        assert model.adopt(one) is one

    deep_in_the_stack(AROUND, handle)
