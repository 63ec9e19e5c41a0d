"""The reference page says what the definitions say."""

from generate import resources


def test_the_page_is_current() -> None:
    assert resources.PAGE.read_text(encoding="utf-8") == resources.render(), "run `make docs`"
