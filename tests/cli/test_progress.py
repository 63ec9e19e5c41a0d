"""The progress of a run: what is drawn, how wide, and that nothing of it stays."""

import io
from collections.abc import Callable

import pytest

from stepward.cli import progress
from stepward.cli.progress import Row, Style

ASCII = Style(glyphs=(">", "+", "x"), dots="...", coloured=False)
UNICODE = Style(glyphs=("▸", "✓", "✗"), dots="…", coloured=False)


def test_a_wait_shows_its_step_what_it_waits_for_and_how_long() -> None:
    rows = [
        Row("main/reserve", "POST https://shop.test/reserve", began=0.0, ended=0.4),
        Row("main/pay", "POST https://pay.test/8813", began=0.4),
    ]
    assert progress.render(rows, "main/pay", 3.5, 80, ASCII) == [
        "  + main/reserve  POST https://shop.test/reserve  ok 0.4s",
        "  > main/pay      POST https://pay.test/8813  3.1s",
    ]


def test_a_wait_that_ends_badly_says_so_in_words_too() -> None:
    rows = [Row("main/pay", "GET http://a.test/", began=0.0, ended=12.0, failed=True)]
    assert progress.render(rows, "", 12.0, 80, UNICODE) == ["  ✗ main/pay  GET http://a.test/  failed 12s"]


def test_a_step_that_computes_is_shown_while_nothing_is_waited_for() -> None:
    assert progress.render([], "main/count", 5.0, 80, ASCII) == ["  > main/count  running"]


def test_lines_are_bounded_and_what_goes_on_stays() -> None:
    rows = [Row(f"main/s{number}", "GET http://a.test/", began=0.0, ended=1.0) for number in range(20)]
    rows.insert(0, Row("main/slow", "GET http://slow.test/", began=0.0))
    lines = progress.render(rows, "", 2.0, 80, ASCII, forgotten=30)
    assert len(lines) == progress.ROWS_SHOWN
    assert lines[0] == "  ... 44 more"
    assert "main/slow" in lines[1]
    assert "main/s19" in lines[-1]


@pytest.mark.parametrize("width", [12, 20, 33, 40, 79, 80])
@pytest.mark.parametrize("style", [ASCII, UNICODE], ids=["ascii", "unicode"])
def test_no_line_is_wider_than_the_terminal(width: int, style: Style) -> None:
    rows = [
        Row("main/" + "s" * 60, "GET http://a.test/" + "x" * 90, began=0.0),
        Row("main/支付", "GET http://例え.test/" + "例" * 50, began=0.0, ended=1.0),
    ]
    for line in progress.render(rows, "", 4000.0, width, style):
        assert progress.columns(line) < width


def test_columns_count_wide_and_combining_characters() -> None:
    assert progress.columns("abc") == 3
    assert progress.columns("支付") == 4
    assert progress.columns("e\u0301") == 1


@pytest.mark.parametrize(
    "seconds,text",
    [
        (0.04, "0.0s"),
        (0.44, "0.4s"),
        (9.9, "9.9s"),
        (12.4, "12s"),
        (125, "2m05s"),
        (11_400, "3h10m"),
        (-1, "0.0s"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


def test_the_style_follows_encoding_and_no_color() -> None:
    assert progress.style_for({}, "utf-8").coloured
    assert not progress.style_for({"NO_COLOR": "1"}, "UTF-8").coloured
    assert progress.style_for({"NO_COLOR": ""}, "UTF-8").coloured
    assert progress.style_for({}, "ascii").glyphs == (">", "+", "x")


class Terminal(io.StringIO):
    """A stream that says it is a terminal, of no known size."""

    encoding = "ascii"

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("no file")


def ticking(*times: float) -> Callable[[], float]:
    """Return a clock that shows *times* one after the other."""
    left = list(times)
    return lambda: left.pop(0)


def test_a_short_run_draws_nothing_at_all() -> None:
    terminal = Terminal()
    board = progress.Board(terminal, ASCII, ticking(0.0, 0.1, 0.2))
    board.waits(1, "main/a", "GET http://a.test/")
    board.draw()
    board.erase()
    assert terminal.getvalue() == ""


def test_the_board_redraws_in_place_and_erases_itself() -> None:
    terminal = Terminal()
    board = progress.Board(terminal, ASCII, ticking(0.0, 0.0, 1.0, 1.5, 2.0))
    board.waits(1, "main/a", "GET http://a.test/")
    board.draw()
    board.got(1, failed=False)
    board.moved("main/b")
    board.draw()
    board.erase()
    first, second, last = terminal.getvalue().split("\r")[1:]
    assert first == "  > main/a  GET http://a.test/  1.0s\x1b[K\n\x1b[J"
    assert second == (
        "\x1b[1A  + main/a  GET http://a.test/  ok 1.5s\x1b[K\n  > main/b  running\x1b[K\n\x1b[J"
    )
    assert last == "\x1b[2A\x1b[J"


def test_a_loop_of_many_waits_keeps_few_rows() -> None:
    terminal = Terminal()
    board = progress.Board(terminal, ASCII, ticking(*[0.0] * 2001, 9.0))
    for effect in range(1000):
        board.waits(effect, "main/a", "GET http://a.test/")
        board.got(effect, failed=False)
    board.draw()
    assert "  ... 993 more" in terminal.getvalue()


def test_what_a_server_sends_cannot_drive_the_terminal() -> None:
    terminal = Terminal()
    board = progress.Board(terminal, ASCII, ticking(0.0, 0.0, 1.0))
    board.waits(1, "main/a", "GET http://a.test/\x1b[2J\u202e")
    board.draw()
    assert "\x1b[2J" not in terminal.getvalue()
    assert "\\u001b[2J\\u202e" in terminal.getvalue()


def test_only_a_terminal_that_can_redraw_gets_a_board() -> None:
    assert progress.board_for(None, {}, lambda: 0.0) is None
    assert progress.board_for(io.StringIO(), {}, lambda: 0.0) is None
    assert progress.board_for(Terminal(), {"TERM": "dumb"}, lambda: 0.0) is None
    assert progress.board_for(Terminal(), {"TERM": "xterm"}, lambda: 0.0) is not None
