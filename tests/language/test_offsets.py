"""Where in the source a node stands, and each character of its value."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.reading import compose, scalars
from stepward.language.source import Span
from stepward.language.yamltree import MapNode, ScalarNode


def _pieces(text: str) -> list[str]:
    node, codes = compose(text)
    assert node is not None
    assert codes == []
    return [text[found.span.start : found.span.end] for found in scalars(node)]


@pytest.mark.parametrize(
    "text, pieces",
    [
        ("a: b\n", ["a", "b"]),
        ("a: &x b\n", ["a", "b"]),
        ("a: &x # comment\n  'b'  # comment\n", ["a", "'b'"]),
        ('\ufeffa: "é\U0001f600"\r\nb: c\r\n', ["a", '"é\U0001f600"', "b", "c"]),
        ("a:\rb: 字\r", ["a", "", "b", "字"]),
        ("a: |\n  x\n\n  y\n\nb: 1\n", ["a", "|\n  x\n\n  y", "b", "1"]),
        ("- x\n  y\n- z\n", ["x\n  y", "z"]),
    ],
)
def test_a_scalar_knows_where_it_stands(text: str, pieces: list[str]) -> None:
    assert _pieces(text) == pieces


@pytest.mark.parametrize(
    "text, piece",
    [
        ("x:\n  a: 1\n  b: 2\n\n# c\ny: 3\n", "a: 1\n  b: 2"),
        ("x: &m\n  - 1\n  - 2\n", "- 1\n  - 2"),
        ("x: &m [1, 2]  \n", "[1, 2]"),
        ('{"x": {"a": 1} }', '{"a": 1}'),
        ("x: {}\n", "{}"),
    ],
)
def test_a_collection_ends_where_its_last_part_does(text: str, piece: str) -> None:
    node, _ = compose(text)
    assert isinstance(node, MapNode)
    span = node.entries[0].value.span
    assert text[span.start : span.end] == piece


@pytest.mark.parametrize(
    "text, part, piece",
    [
        ("x: ${a + bad}", "bad", "bad"),
        ("x: '${m[''k''] + bad}'", "bad", "bad"),
        ("x: '${m[''k''] + bad}'", "'k'", "''k''"),
        ('x: "${m[\\"k\\"] + bad}"', "bad", "bad"),
        ('x: "${m[\\"k\\"] + bad}"', '"k"', '\\"k\\"'),
        ('x: "\\x24{\\u0061 + bad}"', "a", "\\u0061"),
        ('x: "${a +\n  bad}"', "bad", "bad"),
        ('x: "${a +\\\n  bad}"', "bad", "bad"),
        ("x: ${a +\n\n  bad\n  }", "bad", "bad"),
        ("x: |\n  ${a +\n    bad}\n", "bad", "bad"),
        ("x: >-\n  ${a +\n  bad}\n", "bad", "bad"),
        ("x: >\n\n    ${a\r\n       + bad}\r\n", "bad", "bad"),
        ("x: |2\n   ${a + bad}\n", "bad", "bad"),
        ('{"x": "${\\"\\ud83d\\ude00\\u2028\\" + bad}"}', "bad", "bad"),
        ('{"x": "${\\"\\ud83d\\ude00\\" + bad}"}', "\U0001f600", "\\ud83d\\ude00"),
    ],
)
def test_a_part_of_a_value_is_found_in_the_source(text: str, part: str, piece: str) -> None:
    node, _ = compose(text)
    assert isinstance(node, MapNode)
    scalar = node.entries[0].value
    assert isinstance(scalar, ScalarNode)
    start = scalar.text.index(part)
    span = scalar.source_span(start, start + len(part))
    assert text[span.start : span.end] == piece


def test_an_empty_part_has_an_empty_place() -> None:
    node, _ = compose("x: '''a'''\n")
    assert isinstance(node, MapNode)
    scalar = node.entries[0].value
    assert isinstance(scalar, ScalarNode)
    assert [scalar.source_span(at, at) for at in range(4)] == [Span(4, 4), Span(6, 6), Span(7, 7), Span(9, 9)]


_SCALAR_PIECES = [
    "a",
    "b c",
    "${x}",
    "é",
    "字",
    "\U0001f600",
    "'",
    '"',
    "\\",
    *(" ", "  ", "\n", "\n\n", "\t", "\xa0", ":", "#"),
]


@given(
    text=st.lists(st.sampled_from(_SCALAR_PIECES), min_size=1, max_size=12).map("".join),
    style=st.sampled_from(["'", '"', "|", ">", "|+", ">-", "plain", "json"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_character_is_found_where_it_was_written(text: str, style: str, newline: str) -> None:
    source = _written(text, style).replace("\n", newline)
    node, codes = compose(source)
    if node is None or codes:
        return
    for scalar in scalars(node):
        before = scalar.span.start
        for index, character in enumerate(scalar.text):
            span = scalar.source_span(index, index + 1)
            assert before <= span.start <= span.end <= scalar.span.end
            before = span.start
            written = source[span.start : span.end]
            if character not in " \t\n":
                assert written in (character, "''") or written.startswith("\\"), (written, character)
            else:
                assert re.fullmatch(r"\\.|\s*", written), written


def _written(text: str, style: str) -> str:
    match style:
        case "json":
            return json.dumps({"x": text}, ensure_ascii=False)
        case "plain":
            return "x: " + text.replace("\n", "\n  ")
        case "'":
            return "x: '" + text.replace("'", "''").replace("\n", "\n  ") + "'"
        case '"':
            escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
            return 'x: "' + escaped.replace("\n", "\n  ") + '"'
        case _:
            return f"x: {style}\n  ." + text.replace("\n", "\n  ") + "\n"
