"""string(), int(), double(), JSON for others and exact JSON for ourselves."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.values import convert, limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import FunctionRef, List, Map

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | DOUBLES | st.text()
KEYS = st.text() | st.sampled_from(["$", "$b", "$f", "$$b", "$$$f", "$x"])


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values made of *leaves*, as the language has them."""
    raw = st.recursive(leaves, lambda below: st.lists(below) | st.dictionaries(KEYS, below), max_leaves=20)
    return raw.map(model.adopt)


JSON_VALUES = trees(LEAVES)
ALL_VALUES = trees(LEAVES | st.binary() | st.builds(FunctionRef, st.text()))


def kinds(value: Any) -> Any:
    """Return *value* with every leaf's type, so that 1, 1.0 and true differ."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return type(value), repr(value)


def in_doubles(value: Any) -> Any:
    """Return *value* with every number as a double: whole doubles are written as integers."""
    if isinstance(value, dict):
        return {key: in_doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_doubles(item) for item in value]
    return float(value) if type(value) is int else value


@given(DOUBLES)
def test_a_double_reads_back_equal(number: float) -> None:
    text = convert.to_string(number)
    assert convert.to_double(text) == number
    assert convert.encode_json(number) == text


@pytest.mark.parametrize(
    "number,text",
    [
        (5.0, "5"),
        (-0.0, "0"),
        (1e16, "10000000000000000"),
        (1.2345678901234567e20, "123456789012345670000"),
        (-1e17, "-100000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (-2.5e-6, "-0.0000025"),
        (0.00012345, "0.00012345"),
        (9.5e-7, "9.5e-07"),
        (5e-324, "5e-324"),
        (1645471230.123, "1645471230.123"),
    ],
)
def test_a_double_is_plain_between_a_millionth_and_1e21(number: float, text: str) -> None:
    assert convert.to_string(number) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_reads_back(number: int) -> None:
    assert convert.to_integer(convert.to_string(number)) == number


@pytest.mark.parametrize("text", ["9" * limits.STRING_BYTES, "0" * 200_000 + "x", "-" + "1" * 20])
def test_a_text_of_too_many_digits_is_refused_without_counting_them(text: str) -> None:
    with pytest.raises(WorkflowError, match="ValueError"):
        convert.to_integer(text)


def test_leading_zeros_do_not_count() -> None:
    assert convert.to_integer("0" * 200_000 + "12") == 12


@given(JSON_VALUES)
def test_json_reads_back_equal(value: Any) -> None:
    text = convert.encode_json(value)
    assert in_doubles(json.loads(text)) == in_doubles(value)
    assert convert.encode_json(convert.decode_json(text)) == text
    assert convert.encode_json(convert.decode_json(text.encode())) == text


@given(JSON_VALUES, st.sampled_from(["", "> ", "é"]), st.sampled_from(["", " ", "\t", "日本"]))
def test_indented_json_says_the_same_and_is_as_long_as_announced(
    value: Any, prefix: str, indent: str
) -> None:
    compact = convert.encode_json(value)
    lines = convert.encode_json(value, prefix=prefix, indent=indent)
    added = len(lines.encode()) - len(compact.encode())
    assert convert.indented_bytes(value, prefix=prefix, indent=indent) == added
    if prefix.isspace() or not prefix:
        blank = lines if indent.isspace() or not indent else lines.replace(indent, "")
        assert in_doubles(json.loads(blank)) == in_doubles(value) or indent in compact


def test_json_has_sorted_keys_and_no_escapes_it_does_not_need() -> None:
    value = model.adopt({"b": "é</", "\U0001f600": 1, "￿": 2, "a": {"d": [], "c": {}}})
    assert convert.encode_json(value) == '{"a":{"c":{},"d":[]},"b":"é</","￿":2,"😀":1}'


@pytest.mark.parametrize("unfit", [b"x", FunctionRef("retry.always"), "\ud800"])
def test_what_has_no_json_form_is_a_value_error_wherever_it_is(unfit: Any) -> None:
    for value in (unfit, List([unfit]), List([1.5, Map({"a": List([unfit])})]), Map({"a": 1, "b": unfit})):
        with pytest.raises(WorkflowError, match="ValueError"):
            convert.encode_json(value)
        with pytest.raises(WorkflowError, match="ValueError"):
            convert.encode_json(value, indent=" ")


@pytest.mark.parametrize(
    "text,value",
    [
        ('"\\ud800"', "\ufffd"),
        ('"a\\ud83d\\ude00\\\\ud800 \\udc00x\\uD83Dz"', "a😀\\ud800 \ufffdx\ufffdz"),
        (b'["\\uD83D\\uD83D\\ude00"]', ["\ufffd😀"]),
        ('{"\\udfff": 1}', {"\ufffd": 1}),
        ("18446744073709551615", 18446744073709551615.0),
        ("-9223372036854775809", -9223372036854775809.0),
        ("-0", 0),
    ],
)
def test_json_that_other_programs_write(text: str | bytes, value: Any) -> None:
    assert convert.decode_json(text) == value


@pytest.mark.parametrize(
    "text", ["1e999", "NaN", "[1]x", "", "{'a':1}", "\ufeff1", '"\\ud800', b"\xff", "01"]
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(WorkflowError, match="ValueError: not valid JSON"):
        convert.decode_json(text)


@pytest.mark.parametrize("depth", [limits.VALUE_DEPTH + 1, 2_000, 100_000])
def test_json_nested_too_deep_is_refused_as_such_at_every_depth(depth: int) -> None:
    with pytest.raises(WorkflowError, match="nested deeper") as refused:
        convert.decode_json("[" * depth + "]" * depth)
    assert refused.value.fatal


def test_the_deepest_value_passes_every_conversion() -> None:
    depth = limits.VALUE_DEPTH
    value: Any = 1
    for _ in range(depth):
        value = Map({"$b": value})
    assert convert.decode_json(convert.encode_json(value)) == value
    assert convert.thaw(orjson.loads(orjson.dumps(convert.freeze(value)))) == value
    assert convert.encode_json(value, indent="").count("\n") == 2 * depth


@given(ALL_VALUES)
def test_what_is_frozen_thaws_kind_for_kind(value: Any) -> None:
    thawed = convert.thaw(orjson.loads(orjson.dumps(convert.freeze(value))))
    assert kinds(thawed) == kinds(value)
    assert model.size_bytes(thawed) == model.size_bytes(value)


@pytest.mark.parametrize(
    "plain", [{"$x": 1}, {"$b": "?"}, {"$b": 1}, {"$f": None}, [{"$": 1}], {1: 2}, (1,), object()]
)
def test_what_was_never_frozen_does_not_thaw(plain: Any) -> None:
    with pytest.raises((ValueError, AttributeError)):
        convert.thaw(plain)


def test_operands_have_the_names_that_google_uses() -> None:
    assert [convert.operand_name(value) for value in (Map(), List(), "", None)] == [
        "dict",
        "array",
        "string",
        "null",
    ]
