"""JSON sources: the same nodes as from YAML, by the rules of JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.reading import read
from stepward.language import jsontree
from stepward.language.source import Source
from stepward.values import limits


@pytest.mark.parametrize(
    "text, value",
    [
        ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"a": "\\/\\b\\f\\n\\r\\t\\"\\\\\\u00e9"}', {"a": '/\b\f\n\r\t"\\é'}),
        ('{\n\t"a":\t1,\n\t"b": [\n\t\ttrue]}', {"a": 1, "b": [True]}),
        ('\ufeff\t{"a":1}\n', {"a": 1}),
        ('{"' + "k" * 2000 + '": 1}', {"k" * 2000: 1}),
        ('{"a": "\x7f\u2028\x80"}', {"a": "\x7f\u2028\x80"}),
        ('[1, 1.0, -0, 1E2, null, false, "1"]', [1, 1.0, 0, 100.0, None, False, "1"]),
        ("[]", []),
        ("{}", {}),
    ],
)
def test_json_is_read_as_json(text: str, value: object) -> None:
    assert repr(read(text)) == repr(value)


@pytest.mark.parametrize(
    "text", ['{"a": 1,}', "{a: 1}", "[a, 'b',]", '{"a": x}', '{"a": 0o17}', "{} # comment"]
)
def test_what_begins_like_json_may_be_yaml(text: str) -> None:
    read(text)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(limits.INTEGER_MIN, limits.INTEGER_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
)
_JSON = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(value=st.lists(_JSON, max_size=4) | st.dictionaries(_TEXT, _JSON), escaped=st.booleans())
def test_every_json_text_is_read_like_json(value: object, *, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent="\t")
    assert repr(read(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a"}',
        '{"a" 1}',
        '{"a": 1',
        "[1 2]",
        "[1]]",
        "{]",
        "[}",
        '["a]',
        "[01]",
        '{1: "a"}',
        '["\\x41"]',
        "[nul]",
    ],
)
def test_what_only_looks_like_json_is_left_to_yaml(text: str) -> None:
    assert not jsontree.is_json(Source("w.json", text))
