"""Findings: collected, ordered, rendered."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.language import codes, diagnostics
from stepward.language.codes import CODES
from stepward.language.diagnostics import Diagnostic, Report
from stepward.language.source import Position, Source, Span
from stepward.values import limits


def rendered(text: str, start: int, end: int, help: str = "") -> list[str]:
    return diagnostics.render(
        Diagnostic("error", "yaml-syntax", Span(start, end), "wrong", help), Source("w.yaml", text)
    ).split("\n")


# --- collecting ------------------------------------------------------------------------------------


def test_findings_come_in_the_order_of_the_source_and_once() -> None:
    report = Report()
    report.error("duplicate-key", Span(5, 6), "later")
    report.warning("partial-expression", Span(1, 3), "earlier")
    report.error("duplicate-key", Span(5, 6), "later")
    report.error("duplicate-key", Span(1, 2), "shorter")
    assert [found.message for found in report.diagnostics] == ["shorter", "earlier", "later"]


def test_only_errors_keep_a_workflow_from_being_deployed() -> None:
    report = Report()
    assert not report.has_errors
    report.warning("partial-expression", Span(0, 1), "hm")
    assert not report.has_errors
    report.error("duplicate-key", Span(0, 1), "no")
    assert report.has_errors


def test_a_code_that_is_not_registered_is_a_fault_of_ours() -> None:
    with pytest.raises(LookupError, match="no-such-code"):
        Report().error("no-such-code", Span(0, 1), "message")


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_kebab_case_and_explained_in_a_sentence(code: str) -> None:
    assert code == "-".join(word for word in code.lower().split("-") if word.isalpha())
    assert CODES[code][0].isupper() or CODES[code][0] == "`"
    assert CODES[code].endswith(".")


def test_every_code_is_used() -> None:
    package = Path(str(codes.__file__)).parent.parent
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py") if path.name != "codes.py"]
    assert [code for code in CODES if not any(f'"{code}"' in source for source in sources)] == []


def test_a_message_is_one_printable_line() -> None:
    report = Report()
    report.error("duplicate-key", Span(0, 1), "key 'a\n\x1b[31m\u202e\ud800'", "remove\tit")
    (found,) = report.diagnostics
    assert found.message == r"key 'a\n\x1b[31m\u202e\ud800'"
    assert found.help == r"remove\tit"


# --- rendering -------------------------------------------------------------------------------------


def test_a_finding_shows_its_line_and_a_caret() -> None:
    text = "\n" * 9 + "        next: notfy\n"
    start = text.index("notfy")
    assert rendered(text, start, start + 5, "did you mean 'notify'?") == [
        "w.yaml:10:15: error[yaml-syntax]: wrong",
        "   |",
        "10 |         next: notfy",
        "   |               ^^^^^",
        "   = help: did you mean 'notify'?",
    ]


@pytest.mark.parametrize(
    "text, start, end, carets",
    [
        ("abc", 0, 1, "^"),
        ("abc", 1, 1, " ^"),
        ("abc", 3, 4, "   ^"),
        ("abc", 9, 12, "   ^"),
        ("", 0, 1, "^"),
        ("\tabc", 1, 3, "\t^^"),
        ("字b\t字字c", 4, 6, "   \t  ^^^"),
        ("e\u0301x", 2, 3, " ^"),
        ("abc  \ndef", 1, 9, " ^^"),
        ("  \n", 0, 2, "^"),
        ("a\r\nb", 0, 3, "^"),
    ],
)
def test_carets_stand_below_their_text(text: str, start: int, end: int, carets: str) -> None:
    assert rendered(text, start, end)[3] == f"  | {carets}"


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    assert rendered("a\x1b[31m\u202e\ud800\x00b", 8, 9)[2:4] == [
        "1 | a\ufffd[31m\ufffd\ufffd\ufffdb",
        "  |         ^",
    ]


@pytest.mark.parametrize("start", [0, 50, 97, 250, 498, 499])
@pytest.mark.parametrize("letter, columns", [("x", 1), ("字", 2)])
def test_a_long_line_is_cropped_around_the_caret(letter: str, columns: int, start: int) -> None:
    text = letter * start + "!" + letter * (499 - start)
    shown, carets = rendered(text, start, start + 1)[2:4]
    place = shown.index("!")
    assert len(shown) <= 4 + 100
    assert len(carets) - 1 - 4 == sum(columns if letter == found else 1 for found in shown[4:place])
    assert shown[4] == "…" or start <= 97
    assert shown[-1] == "…" or start >= 250


def test_a_long_stack_of_marks_does_not_fill_the_screen() -> None:
    assert max(map(len, rendered("a" + "\u0301" * 10_000 + "b", 10_001, 10_002))) < 120


@given(text=st.text("a字\u0301\t\x1b\n ", max_size=300), start=st.integers(0, 320), length=st.integers(0, 50))
def test_whatever_is_rendered_is_a_snippet(text: str, start: int, length: int) -> None:
    lines = rendered(text, start, start + length)
    assert len(lines) == 4
    assert set(lines[3].split("| ", 1)[1].strip()) <= {"^"}
    assert "^" in lines[3]
    "\n".join(lines).encode()


def test_more_than_fit_are_counted_and_errors_come_first() -> None:
    report = Report()
    source = Source("w.yaml", "x" * 100)
    for at in range(limits.DIAGNOSTICS_SHOWN):
        report.warning("partial-expression", Span(at, at + 1), f"warning {at}")
    assert "more" not in diagnostics.render_all(report, source)
    report.error("duplicate-key", Span(50, 51), "the error")
    shown = diagnostics.render_all(report, source)
    assert shown.count("warning[") == limits.DIAGNOSTICS_SHOWN - 1
    assert "the error" in shown
    assert shown.endswith("\n\nand 1 more")
    assert diagnostics.render_all(report.diagnostics[:2], source).count("\n\n") == 1
    assert diagnostics.render_all(Report(), source) == ""


def test_machines_get_the_same_as_people() -> None:
    source = Source("w.yaml", "a\n  b")
    found = Diagnostic("warning", "partial-expression", Span(4, 5), "message", "help")
    assert json.loads(json.dumps(diagnostics.to_json(found, source))) == {
        "file": "w.yaml",
        "line": 2,
        "column": 3,
        "code": "partial-expression",
        "severity": "warning",
        "message": "message",
        "help": "help",
    }


# --- positions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offset, line, column",
    [(0, 1, 1), (1, 1, 2), (2, 2, 1), (3, 2, 2), (5, 3, 1), (6, 3, 2), (7, 4, 1), (8, 4, 2), (99, 4, 2)],
)
def test_lines_end_as_editors_end_them(offset: int, line: int, column: int) -> None:
    source = Source("w.yaml", "a\nb\r\nc\rd")
    assert source.position(Span(offset, offset)) == Position(line, column, 1)
    assert source.line_text(line) == "abcd"[line - 1]


# --- suggestions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word, expected",
    [
        ("notfy", "did you mean 'notify'?"),
        ("Notify", "did you mean 'notify'?"),
        ("text.touper", "did you mean 'text.to_upper'?"),
        ("zzz", ""),
        ("", ""),
        ("n" * 100_000, ""),
    ],
)
def test_a_suggestion_is_made_when_one_is_near(word: str, expected: str) -> None:
    assert diagnostics.did_you_mean(word, ["notify", "charge", "text.to_upper", "text.split"]) == expected


def test_suggestions_do_not_depend_on_the_order_of_candidates() -> None:
    names = ["step_a", "step_b", "step_c"]
    assert diagnostics.did_you_mean("step_x", names) == diagnostics.did_you_mean("step_x", reversed(names))


def test_a_report_stops_suggesting_when_nobody_reads_on() -> None:
    report = Report()
    answers = [report.did_you_mean("notfy", ["notify"]) for _ in range(1_000)]
    assert answers[0] == "did you mean 'notify'?"
    assert answers[-1] == ""
