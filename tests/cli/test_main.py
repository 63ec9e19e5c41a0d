"""Which command is run, and what becomes of what goes wrong on the way."""

import pytest

from stepward.cli import exitcodes, main, manual, output


def broken() -> int:
    """A fault of ours."""
    raise KeyError("order\x1b[2J")


def refused() -> int:
    raise output.CommandError("cannot read 'x'", see="stepward run")


def interrupted() -> int:
    raise KeyboardInterrupt


def test_a_fault_of_ours_is_one_line_with_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.guard(broken, debug=False) == exitcodes.FAULT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "this is a fault of Stepward, not of the workflow (id " in shown.err
    assert "\x1b" not in shown.err
    assert "--debug" in shown.err


def test_with_debug_a_fault_shows_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.guard(broken, debug=True) == exitcodes.FAULT
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_the_same_fault_has_the_same_id_whatever_the_data() -> None:
    ids = set()
    for text in ("a", "b"):
        try:
            int(text)
        except ValueError as fault:
            ids.add(output.fault_id(fault))
    assert len(ids) == 1


def test_a_refusal_names_the_page_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.guard(refused, debug=False) == exitcodes.USAGE
    assert capsys.readouterr().err == "error: cannot read 'x'\nSee 'stepward run --help'.\n"


def test_an_interruption_anywhere_has_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.guard(interrupted, debug=False) == exitcodes.INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"


def test_the_name_follows_how_the_command_was_started() -> None:
    assert main.program_name("/usr/bin/kubectl-stepward") == "kubectl stepward"
    assert main.program_name("/usr/bin/stepward") == "stepward"
    assert main.program_name("/x/stepward/__main__.py") == "stepward"


def test_every_page_begins_with_examples_and_names_its_exit_codes() -> None:
    for verb in main.VERBS.values():
        page = manual.render_page("stepward", verb.page, [])
        assert (
            page.index("Examples:") < page.index("Usage:") < page.index("Flags:") < page.index("Exit codes:")
        )
        assert all(f"{code:>5}   {exitcodes.MEANINGS[code]}" in page for code in verb.page.exit_codes)


def test_control_characters_are_shown_as_json_escapes_and_stay_json() -> None:
    assert output.printable("a\n\tb ü 支") == "a\n\tb ü 支"
    assert output.printable("\x1b[2J\x85\u202e\U000e0001") == "\\u001b[2J\\u0085\\u202e\\udb40\\udc01"


def test_one_line_is_one_line_and_bounded() -> None:
    assert output.one_line("a\n  b\t c") == "a b c"
    assert output.one_line("x" * 400) == "x" * 297 + "..."
