"""The progress of a local run on a terminal: a few lines that are redrawn, and erased at the end.

`render` is pure; `Board` keeps what it shows and speaks to the terminal. Nobody but a terminal ever
sees any of it: `board_for` returns None for everything else.
"""

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from stepward.cli import output

ROWS_SHOWN: Final = 8
FIRST_DRAWN_SECONDS: Final = 0.3
"""A run that is over sooner shows its outcome and nothing else."""
REDRAW_SECONDS: Final = 0.2

_STEP_COLUMNS: Final = 32
_WIDE: Final = frozenset("WF")


@dataclass(slots=True)
class Row:
    """One wait for the world: the step that waits, for what, since when and until when."""

    step: str
    what: str
    began: float
    ended: float | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show."""

    glyphs: tuple[str, str, str]
    """For running, done and failed."""
    dots: str
    coloured: bool


_UNICODE_GLYPHS: Final = ("\N{BLACK RIGHT-POINTING SMALL TRIANGLE}", "\N{CHECK MARK}", "\N{BALLOT X}")
_ASCII_GLYPHS: Final = (">", "+", "x")
_COLOURS: Final = ("\x1b[36m", "\x1b[32m", "\x1b[31m")


def style_for(environment: Mapping[str, str], encoding: str) -> Style:
    """Return what a terminal of this *encoding* can show to a user with this *environment*."""
    unicode = encoding.lower().replace("-", "") == "utf8"
    return Style(
        glyphs=_UNICODE_GLYPHS if unicode else _ASCII_GLYPHS,
        dots="\N{HORIZONTAL ELLIPSIS}" if unicode else "...",
        coloured=not environment.get("NO_COLOR"),
    )


def render(
    rows: Sequence[Row], current: str, now: float, width: int, style: Style, *, forgotten: int = 0
) -> list[str]:
    """Return the lines for *rows* and the step *current*, each at most *width* columns wide.

    At most `ROWS_SHOWN` lines in all: what is over gives way to what goes on. *forgotten* is how many
    rows are not even in *rows* any more.
    """
    waiting = [row for row in rows if row.ended is None]
    shown = list(rows)
    if not waiting and current:
        shown.append(Row(current, "", now))
    hidden = len(shown) - ROWS_SHOWN
    if hidden > 0:
        over = [row for row in shown if row.ended is not None]
        dropped = {id(row) for row in (over + waiting)[: hidden + 1]}
        shown = [row for row in shown if id(row) not in dropped]
    steps = [_fit(row.step, _STEP_COLUMNS, style.dots) for row in shown]
    column = max(map(columns, steps), default=0)
    lines = [f"  {style.dots} {hidden + 1 + forgotten} more"] if hidden > 0 else []
    for row, step in zip(shown, steps, strict=True):
        lines.append(_line(row, step + " " * (column - columns(step)), now, width, style))
    return lines


def _line(row: Row, step: str, now: float, width: int, style: Style) -> str:
    kind = 0 if row.ended is None else 2 if row.failed else 1
    lasted = duration((row.ended or now) - row.began)
    state = ("", "ok ", "failed ")[kind] + (lasted if row.what else "running")
    glyph = style.glyphs[kind]
    if style.coloured:
        glyph = f"{_COLOURS[kind]}{glyph}\x1b[0m"
    # two blanks, glyph, blank; step; two blanks; what; two blanks; state
    room = width - 1 - 4 - columns(step) - 2 - len(state) - 2
    what = _fit(row.what, max(room, 0), style.dots)
    middle = f"{what}  " if what else ""
    text = _fit(f"{step}  {middle}{state}", width - 1 - 4, style.dots)
    return f"  {glyph} {text}"


def duration(seconds: float) -> str:
    """Return *seconds* as people say it: `0.4s`, `12s`, `2m05s`, `3h10m`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def columns(text: str) -> int:
    """Return how many columns a terminal needs for *text*."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in _WIDE for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def _fit(text: str, width: int, dots: str) -> str:
    if columns(text) <= width:
        return text
    if width <= len(dots):
        return ""
    while columns(text) > width - len(dots):
        text = text[:-1]
    return text + dots


class Board:
    """The lines below the cursor that tell how a run goes."""

    def __init__(self, stream: TextIO, style: Style, clock: Callable[[], float]) -> None:
        """Draw on *stream*, a terminal; *clock* returns seconds."""
        self._stream = stream
        self._style = style
        self._clock = clock
        self._began = clock()
        self._rows: dict[int, Row] = {}
        self._forgotten = 0
        self._current = ""
        self._drawn = 0

    def moved(self, step: str) -> None:
        """Say that the run is at *step* now."""
        self._current = output.one_line(step)

    def waits(self, effect_id: int, step: str, what: str) -> None:
        """Say that *step* asked the world for *what*."""
        self._rows[effect_id] = Row(output.one_line(step), output.one_line(what), self._clock())
        self._forget()

    def got(self, effect_id: int, *, failed: bool) -> None:
        """Say that the wait *effect_id* is over."""
        row = self._rows[effect_id]
        row.ended = self._clock()
        row.failed = failed

    def _forget(self) -> None:
        """Keep the rows bounded: a loop may wait a hundred thousand times."""
        if len(self._rows) > 4 * ROWS_SHOWN:
            for effect_id in [key for key, row in self._rows.items() if row.ended is not None]:
                if len(self._rows) > 2 * ROWS_SHOWN:
                    del self._rows[effect_id]
                    self._forgotten += 1

    def draw(self) -> None:
        """Bring the terminal up to date, unless the run is too young to show anything."""
        now = self._clock()
        if now - self._began < FIRST_DRAWN_SECONDS:
            return
        width, height = _size(self._stream)
        lines = render(
            list(self._rows.values()), self._current, now, width, self._style, forgotten=self._forgotten
        )
        lines = lines[-max(height - 2, 1) :]
        self._write(self._erasure() + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")
        self._drawn = len(lines)

    def interject(self, text: str) -> None:
        """Write *text* above the board."""
        self.erase()
        output.note(text)

    def erase(self) -> None:
        """Leave the terminal as if nothing had been drawn."""
        if self._drawn:
            self._write(self._erasure() + "\x1b[J")
            self._drawn = 0

    def _erasure(self) -> str:
        return f"\r\x1b[{self._drawn}A" if self._drawn else "\r"

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal went away; the run goes on
            pass


def board_for(
    stream: TextIO | None, environment: Mapping[str, str], clock: Callable[[], float]
) -> Board | None:
    """Return a board on *stream* if that is a terminal that can redraw, else None."""
    if stream is None or not stream.isatty() or environment.get("TERM") == "dumb":
        return None
    return Board(stream, style_for(environment, stream.encoding), clock)


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        width, height = os.get_terminal_size(stream.fileno())
    except OSError:
        width = height = 0
    return width or 80, height or 24
