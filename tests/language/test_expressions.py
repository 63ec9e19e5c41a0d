"""From the text of an expression to its tree: the rows of `expressions/*.yaml`, and what rows cannot say."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from language.texts import expression_texts
from stepward.language import expressions
from stepward.language.diagnostics import Diagnostic, Report
from stepward.language.source import Span
from stepward.language.syntax import (
    Binary,
    Expression,
    FunctionCall,
    Index,
    ListDisplay,
    Literal,
    Member,
    Unary,
    Variable,
)
from stepward.values import limits

_PARSERS = {"expression": expressions.parse, "target": expressions.parse_target}


def _rows() -> list[Any]:
    rows = []
    for path in sorted((Path(__file__).parent / "expressions").glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        parser = content.get("parser", "expression")
        rows += [pytest.param(parser, case, id=f"{path.stem}:{case['text']}") for case in content["cases"]]
    return rows


def parse(text: str, parser: str = "expression") -> tuple[Expression | None, list[Diagnostic]]:
    report = Report()
    found = _PARSERS[parser](text, Span, report)
    return found, list(report.diagnostics)


def shown(expression: Expression) -> str:
    """Return *expression* with every bracket there could be."""
    match expression:
        case Literal():
            return json.dumps(expression.value, ensure_ascii=True).replace(r"\/", "/")
        case Variable():
            return expression.name
        case Member():
            return f"(. {shown(expression.container)} {expression.name})"
        case Index():
            return f"([] {shown(expression.container)} {shown(expression.index)})"
        case Unary():
            return f"({expression.operator} {shown(expression.operand)})"
        case Binary():
            return f"({expression.operator} {shown(expression.left)} {shown(expression.right)})"
        case ListDisplay():
            return f"({' '.join(['list', *map(shown, expression.items)])})"
        case FunctionCall():
            return f"({' '.join(['call', expression.name, *map(shown, expression.arguments)])})"


@pytest.mark.parametrize("parser, case", _rows())
def test_a_row_parses_as_it_says(parser: str, case: dict[str, Any]) -> None:
    found, diagnostics = parse(case["text"], parser)
    if "tree" in case:
        assert diagnostics == []
        assert found is not None
        assert shown(found) == case["tree"]
        return
    assert found is None
    (diagnostic,) = diagnostics
    assert (diagnostic.code, diagnostic.span.start + 1) == (case["error"], case["at"])
    assert diagnostic.span.end + 1 == case.get("to", diagnostic.span.end + 1)
    assert case.get("says", "") in diagnostic.message
    assert case.get("help", "") in diagnostic.help


@pytest.mark.parametrize(
    "text, whole",
    [
        ("${a}", True),
        ("  ${a}\n", True),
        ("${}", True),
        ("${a} and ${b}", True),
        ("${", False),
        ("$}", False),
        ("hello-${world}", False),
        ("${a}.", False),
        ("$ {a}", False),
        ("\xa0${a}", False),
        ("", False),
    ],
)
def test_only_a_whole_value_is_an_expression(text: str, *, whole: bool) -> None:
    assert expressions.is_expression(text) is whole


def test_the_length_is_counted_between_the_delimiters() -> None:
    fitting = '"' + "x" * (limits.EXPRESSION_CHARACTERS - 2) + '"'
    assert parse("${" + fitting + "}")[1] == []
    assert [found.code for found in parse("${" + fitting + " }")[1]] == ["expression-too-long"]
    assert [found.code for found in parse("a" * 401, "target")[1]] == ["expression-too-long"]
    inner = Report()
    assert expressions.parse_inner(fitting, Span, inner) is not None
    assert not inner.has_errors


@pytest.mark.parametrize(
    "opening, closing", [("(", ")"), ("[", "]"), ("f(", ")"), ("a[", "]"), ("-", ""), ("not ", "")]
)
def test_nesting_is_bounded_far_from_the_stack(opening: str, closing: str) -> None:
    depth = limits.EXPRESSION_CHARACTERS // (len(opening) + len(closing)) - 1
    if depth > 60:
        assert [found.code for found in parse("${" + opening * depth + "1" + closing * depth + "}")[1]] == [
            "expression-too-deep"
        ]
    for levels in (min(depth, 60), 1):
        assert parse("${" + opening * levels + "1" + closing * levels + "}")[1] == []


def test_a_long_chain_is_not_deep() -> None:
    assert parse("${" + "+".join("1" * 200) + "}")[1] == []
    assert parse("${a" + ".b" * 199 + "}")[1] == []


def _spans(expression: Expression, text: str) -> list[str]:
    """Return the text of every node, outermost first."""
    parts = [text[expression.span.start : expression.span.end]]
    match expression:
        case Member():
            children: tuple[Expression, ...] = (expression.container,)
        case Index():
            children = (expression.container, expression.index)
        case Unary():
            children = (expression.operand,)
        case Binary():
            children = (expression.left, expression.right)
        case ListDisplay():
            children = expression.items
        case FunctionCall():
            parts.append(text[expression.name_span.start : expression.name_span.end])
            children = expression.arguments
        case _:
            children = ()
    return [*parts, *(part for child in children for part in _spans(child, text))]


@pytest.mark.parametrize(
    "text, pieces",
    [
        ("${ (a + b) * -c }", ["(a + b) * -c", "a + b", "a", "b", "-c", "c"]),
        ("${a.b[c ] . d}", ["a.b[c ] . d", "a.b[c ]", "a.b", "a", "c"]),
        ("${f . g( x, [1 ] )}", ["f . g( x, [1 ] )", "f . g", "x", "[1 ]", "1"]),
        ("${not(a)}", ["not(a)", "a"]),
        ("${- 9223372036854775808}", ["- 9223372036854775808"]),
    ],
)
def test_every_part_knows_where_it_stands(text: str, pieces: list[str]) -> None:
    found, _ = parse(text)
    assert found is not None
    assert _spans(found, text) == pieces


@given(text=expression_texts)
def test_no_text_makes_parsing_raise(text: str) -> None:
    for source, parser in (("${" + text + "}", "expression"), (text, "target")):
        found, diagnostics = parse(source, parser)
        assert (found is None) == bool(diagnostics)
        assert len(diagnostics) <= 1
        for diagnostic in diagnostics:
            assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(source)


@given(text=expression_texts)
def test_what_is_shown_with_all_brackets_is_the_same_again(text: str) -> None:
    found, _ = parse("${" + text + "}")
    if found is None:
        return
    again, diagnostics = parse("${" + _bracketed(found) + "}")
    if not any(
        diagnostic.code in ("expression-too-long", "expression-too-deep") for diagnostic in diagnostics
    ):
        assert again is not None
        assert shown(again) == shown(found)


def _bracketed(expression: Expression) -> str:
    match expression:
        case Literal():
            text = json.dumps(expression.value)
            return f"({text})" if text.startswith("-") else text
        case Variable():
            return expression.name
        case Member():
            return f"({_bracketed(expression.container)}).{expression.name}"
        case Index():
            return f"({_bracketed(expression.container)})[{_bracketed(expression.index)}]"
        case Unary():
            return f"({expression.operator} ({_bracketed(expression.operand)}))"
        case Binary():
            return f"(({_bracketed(expression.left)}) {expression.operator} ({_bracketed(expression.right)}))"
        case ListDisplay():
            return f"[{', '.join(map(_bracketed, expression.items))}]"
        case FunctionCall():
            return f"{expression.name}({', '.join(map(_bracketed, expression.arguments))})"
