"""From text to nodes: language.md 1.1 and 1.2."""

import time

import pytest
from hypothesis import given

from language.reading import compose, read, refusal, scalars
from language.texts import yaml_texts
from stepward.language import yamltree
from stepward.language.diagnostics import Report
from stepward.language.source import Source
from stepward.values import limits

MIN, MAX = limits.INTEGER_MIN, limits.INTEGER_MAX

# --- what plain scalars stand for ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, value",
    [
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        *((word, word) for word in ("yes", "no", "on", "off", "y", "n", "Yes", "tRUE", "nULL")),
        ("123", 123),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("-0", 0),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("0xff", 255),
        (str(MAX), MAX),
        (str(MIN), MIN),
        ("1.5", 1.5),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        ("-2.5E-3", -0.0025),
        (".5", 0.5),
        ("5.", 5.0),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("12:30", "12:30"),
        ("1:2:3", "1:2:3"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("0o18", "0o18"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("=", "="),
        ("${a}", "${a}"),
        ("a: b".replace(": ", ":"), "a:b"),
    ],
)
def test_a_plain_scalar_is_what_the_language_says(text: str, value: object) -> None:
    found = read(f"[{text}, ]" if text == "-" else f"x: {text}")
    found = found["x"] if isinstance(found, dict) else found[0]  # type: ignore[index]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["true", "1", "null", "1.5", "~", ""])
def test_a_quoted_scalar_is_text(text: str) -> None:
    assert read(f"[\"{text}\", '{text}']") == [text, text]


@pytest.mark.parametrize(
    "text, code",
    [
        (str(MAX + 1), "number-out-of-range"),
        (str(MIN - 1), "number-out-of-range"),
        ("0x8000000000000000", "number-out-of-range"),
        ("9" * 5000, "number-out-of-range"),
        ("1e400", "number-out-of-range"),
        ("-1e400", "number-out-of-range"),
        (".inf", "number-out-of-range"),
        ("-.INF", "number-out-of-range"),
        (".nan", "number-out-of-range"),
        ("010", "ambiguous-number"),
        ("08", "ambiguous-number"),
        ("-0123", "ambiguous-number"),
    ],
)
def test_a_number_that_cannot_be_kept_is_refused(text: str, code: str) -> None:
    assert refusal(f"x: {text}") == (code, 1, 4)


# --- maps ------------------------------------------------------------------------------------------


def test_keys_become_strings() -> None:
    assert read("1: a\ntrue: b\n0x10: c\n1.0: d\n'2': e\nyes: f\n") == {
        "1": "a",
        "true": "b",
        "16": "c",
        "1.0": "d",
        "2": "e",
        "yes": "f",
    }


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: 1\nb: 2\na: 3\n", ("duplicate-key", 3, 1)),
        ("{1: a, '1': b}", ("duplicate-key", 1, 8)),
        ('{"a": 1, "\\u0061": 2}', ("duplicate-key", 1, 10)),
        ("a: &m {k: 1}\nb:\n  <<: *m\n", ("merge-key", 3, 3)),
        ("~: 1\n", ("null-key", 1, 1)),
        ("null: 1\n", ("null-key", 1, 1)),
        ("?\n: 1\n", ("null-key", 1, 2)),
        ("? [a]\n: 1\n", ("key-not-a-scalar", 1, 3)),
        ("x: {{ y }}\n", ("key-not-a-scalar", 1, 5)),
    ],
)
def test_a_key_that_means_nothing_is_refused(text: str, expected: tuple[str, int, int]) -> None:
    assert refusal(text) == expected


def test_the_first_occurrence_of_a_key_is_named() -> None:
    report = Report()
    yamltree.compose(Source("w.yaml", "\n\na: 1\na: 2\n"), report)
    assert "line 3" in report.diagnostics[0].help


def test_a_quoted_merge_key_is_text() -> None:
    assert read("'<<': 1") == {"<<": 1}


# --- documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["---\na: 1\n", "a: 1\n...\n", "--- {a: 1}\n...\n", "%YAML 1.1\n---\na: 1\n"]
)
def test_markers_around_the_document_are_fine(text: str) -> None:
    assert read(text) == {"a": 1}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ("source-empty", 1, 1)),
        ("\n# nothing\n", ("source-empty", 1, 1)),
        ("---\n...\n", ("source-empty", 1, 1)),
        ("a: 1\n---\nb: 2\n", ("several-documents", 2, 1)),
        ("a: 1\n...\n---\nb: 2\n", ("several-documents", 3, 1)),
        ("a: !!str 5\n", ("tag-not-allowed", 1, 4)),
        ("a: !!python/object:os.system x\n", ("tag-not-allowed", 1, 4)),
        ("a: ! 5\n", ("tag-not-allowed", 1, 4)),
        ("a: &x !t [1]\n", ("tag-not-allowed", 1, 7)),
        ("a: 1\nb: \x07\n", ("invalid-character", 2, 4)),
        ("a: \ud83d\n", ("invalid-character", 1, 4)),
        ("a: b\ufeffc\n", ("invalid-character", 1, 5)),
        ('{"a": "\ud83d"}', ("invalid-character", 1, 8)),
        ('{"a": "\\ud83d"}', ("invalid-character", 1, 7)),
    ],
)
def test_what_is_no_source_is_refused(text: str, expected: tuple[str, int, int]) -> None:
    assert refusal(text) == expected


def test_a_source_has_a_largest_size_in_bytes() -> None:
    head = "a: "
    for letter in ("x", "é"):
        fitting = (limits.SOURCE_BYTES - len(head)) // len(letter.encode())
        assert compose(head + letter * fitting)[1] == []
        assert compose(head + letter * (fitting + 1))[1] == ["source-too-large"]


# --- anchors ---------------------------------------------------------------------------------------


def test_an_alias_repeats_what_the_anchor_marks() -> None:
    text = "a: &x [1, {k: v}]\nb: *x\nc: &y text\n? *y\n: &x 2\nd: *x\n"
    assert read(text) == {"a": [1, {"k": "v"}], "b": [1, {"k": "v"}], "c": "text", "text": 2, "d": 2}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: *b\n", ("unknown-anchor", 1, 4)),
        ("a: &a [*a]\n", ("recursive-alias", 1, 8)),
        ("a: &a {k: [1, *a]}\n", ("recursive-alias", 1, 15)),
    ],
)
def test_an_alias_without_an_end_is_refused(text: str, expected: tuple[str, int, int]) -> None:
    assert refusal(text) == expected


def test_what_aliases_expand_to_is_bounded() -> None:
    lines = ["a0: &a0 [" + ", ".join(["x"] * 9) + "]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 9)]
    assert refusal("\n".join(lines))[0] == "too-many-nodes"


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    lines = ["- &a0 [x]"] + [f"- &a{level} [*a{level - 1}]" for level in range(1, 200)]
    code, line, _ = refusal("\n".join(lines))
    assert (code, line) == ("nested-too-deep", limits.SOURCE_DEPTH)


def test_the_number_of_nodes_is_bounded_without_aliases_too() -> None:
    assert compose("[" + "," * 10 + "]")[1] == ["yaml-syntax"]
    fitting = limits.SOURCE_NODES - 1
    assert compose("[" + "1," * (fitting - 1) + "1]")[1] == []
    assert compose("[" + "1," * fitting + "1]")[1] == ["too-many-nodes"]


# --- depth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "opening", ["[", "{", "{a: ", '{"a":', "- ", "? ", "[{", "[? ", "[\n", "&a [", "{[", '[["a",']
)
def test_nesting_100_kb_deep_costs_milliseconds(opening: str) -> None:
    text = (opening * 100_000)[:100_000]
    began = time.process_time()
    codes = compose(text)[1]
    assert time.process_time() - began < 0.05
    assert codes == ["nested-too-deep"]


def test_nesting_is_bounded_where_the_limit_is() -> None:
    depth = limits.SOURCE_DEPTH
    for opening, closing in (("[", "]"), ("{a: ", "}"), ('{"a":', "}")):
        assert compose(opening * depth + "1" + closing * depth)[1] == []
        assert compose(opening * (depth + 1) + "1" + closing * (depth + 1))[1] == ["nested-too-deep"]


# --- whatever comes --------------------------------------------------------------------------------


@given(text=yaml_texts)
def test_no_text_makes_reading_raise(text: str) -> None:
    source, report = Source("w.yaml", text), Report()
    node = yamltree.compose(source, report)
    assert node is not None or report.has_errors
    for diagnostic in report.diagnostics:
        assert 0 <= diagnostic.span.start <= len(text)
    for scalar in scalars(node) if node is not None else ():
        assert 0 <= scalar.span.start <= scalar.span.end <= len(text)
        if isinstance(scalar.value, str):
            scalar.source_span(0, len(scalar.text))
