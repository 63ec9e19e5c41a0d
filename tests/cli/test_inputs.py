"""What the user hands in: files, the argument, variables."""

from pathlib import Path

import pytest

from stepward.cli import inputs
from stepward.cli.output import CommandError
from stepward.values import limits


def test_a_file_is_read_no_further_than_shows_that_it_is_too_large(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"x" * 1000)
    assert len(inputs.read_bytes(str(large), 100)) == 104
    assert len(inputs.read_bytes(str(large), 1000)) == 1000


@pytest.mark.parametrize(
    "path,reason",
    [("missing.yaml", "no such file or directory"), (".", "is a directory"), ("a\0b", "null byte")],
)
def test_what_cannot_be_read_is_refused_with_its_reason(path: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        inputs.read_bytes(path, 100)


def test_no_argument_is_not_an_empty_argument() -> None:
    assert inputs.read_argument_text(None, None) is None
    assert inputs.read_argument_text("", None) == ""


def test_the_argument_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "argument.json"
    file.write_text('{"name": "Ada"}')
    assert inputs.read_argument_text(None, str(file)) == '{"name": "Ada"}'


def test_an_argument_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "argument.json"
    file.write_bytes(b'"\xe9"')
    with pytest.raises(CommandError, match="--data-file must be UTF-8 text; byte 2 is not"):
        inputs.read_argument_text(None, str(file))
    with pytest.raises(CommandError, match="--data must be UTF-8 text"):
        inputs.read_argument_text('"\udce9"', None)


def test_an_argument_that_is_too_large_is_refused() -> None:
    with pytest.raises(CommandError, match="at most 512 KiB"):
        inputs.read_argument_text('"' + "x" * limits.ARGUMENT_BYTES + '"', None)


def test_variables_are_split_at_the_first_equals_sign() -> None:
    assert inputs.parse_environment(["A=1", "B=x=y", "C=", "A=2"]) == {"A": "2", "B": "x=y", "C": ""}


def test_a_built_in_variable_may_be_replaced() -> None:
    assert inputs.parse_environment(["GOOGLE_CLOUD_PROJECT_ID=shop"]) == {"GOOGLE_CLOUD_PROJECT_ID": "shop"}


@pytest.mark.parametrize(
    "assignment,reason",
    [
        ("A", "must be NAME=VALUE; got 'A'"),
        ("=1", "must be NAME=VALUE"),
        ("GOOGLE_OTHER=1", "reserved"),
        ("WORKFLOWS_X=1", "reserved"),
        ("A=" + "x" * 4097, "at most 4 KiB"),
    ],
)
def test_a_variable_that_a_workflow_could_not_have_is_refused(assignment: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        inputs.parse_environment([assignment])


def test_no_more_variables_than_a_workflow_could_have() -> None:
    inputs.parse_environment([f"V{number}=1" for number in range(20)])
    with pytest.raises(CommandError, match="at most 20"):
        inputs.parse_environment([f"V{number}=1" for number in range(21)])
