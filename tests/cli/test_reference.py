"""docs/cli.md says what the command says."""

from generate import command


def test_the_page_is_current() -> None:
    assert command.PAGE.read_text(encoding="utf-8") == command.render(), "run `make docs`"
