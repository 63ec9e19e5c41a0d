"""What is wrong with a source, where, and what to do: collected, never raised."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from stepward.language.codes import CODES
from stepward.language.source import Source, Span
from stepward.values import limits

__all__ = [
    "CODES",
    "Diagnostic",
    "Report",
    "Reporter",
    "did_you_mean",
    "printable",
    "render",
    "render_all",
    "to_json",
]

Severity: TypeAlias = Literal["error", "warning"]

_SNIPPET_COLUMNS: Final = 100
"""Longer source lines are shown as a window of this width around the caret."""
_CANDIDATES: Final = 1_000
"""Names compared for one suggestion: comparing costs microseconds each."""
_SUGGESTIONS: Final = 5 * limits.DIAGNOSTICS_SHOWN
"""Suggestions one report makes: a source of 7,000 wrong names must not cost minutes."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `message` says what must be true, `help` what to do; both are printable lines."""

    severity: Severity
    code: str
    span: Span
    message: str
    help: str = ""


class Reporter(Protocol):
    """Whoever takes errors: a `Report`, or something that adds to the message on the way there."""

    def error(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Report an error at *span*."""


class Report:
    """The diagnostics of one source: sorted by position, without repetitions."""

    def __init__(self) -> None:
        """Start without diagnostics."""
        self._found: dict[Diagnostic, None] = {}
        self._errors = 0
        self._suggestions_left = _SUGGESTIONS

    def error(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Add what keeps the workflow from being deployed."""
        self._add("error", code, span, message, help)

    def warning(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Add what is allowed but hardly meant."""
        self._add("warning", code, span, message, help)

    def _add(self, severity: Severity, code: str, span: Span, message: str, help: str) -> None:
        if code not in CODES:
            raise LookupError(f"diagnostic code {code!r} is not registered in codes.py")
        diagnostic = Diagnostic(severity, code, span, printable(message), printable(help))
        if diagnostic not in self._found:
            self._found[diagnostic] = None
            self._errors += severity == "error"

    def did_you_mean(self, word: str, candidates: Iterable[str]) -> str:
        """Like the function of that name, but "" after so many that nobody reads on."""
        if not self._suggestions_left:
            return ""
        self._suggestions_left -= 1
        return did_you_mean(word, candidates)

    @property
    def has_errors(self) -> bool:
        """Whether anything keeps the workflow from being deployed."""
        return self._errors > 0

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, in the order of the source."""
        return tuple(sorted(self._found, key=_position_in_text))


def _position_in_text(diagnostic: Diagnostic) -> tuple[int, int, str]:
    # Sorting is stable: at one place the finding that came first stays first.
    return diagnostic.span.start, diagnostic.span.end, diagnostic.severity


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the candidate most like *word*, or "" if none is."""
    if len(word) > limits.EXPRESSION_CHARACTERS:
        return ""
    nearby = [name for name in candidates if abs(len(name) - len(word)) <= max(len(word), 3)]
    by_folded = {name.casefold(): name for name in sorted(nearby, reverse=True)[:_CANDIDATES]}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean '{by_folded[close[0]]}'?" if close else ""


def render(diagnostic: Diagnostic, source: Source) -> str:
    """Return the finding with its source line and a caret, without a final line break (ux.md 3.3)."""
    position = source.position(diagnostic.span)
    head = (
        f"{printable(source.name)}:{position.line}:{position.column}: "
        f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"
    )
    shown, carets = _snippet(source.line_text(position.line), position.column - 1, position.length)
    gutter = " " * len(str(position.line))
    lines = [head, f"{gutter} |", f"{position.line} | {shown}".rstrip(), f"{gutter} | {carets}"]
    if diagnostic.help:
        lines.append(f"{gutter} = help: {diagnostic.help}")
    return "\n".join(lines)


def render_all(found: Report | Sequence[Diagnostic], source: Source) -> str:
    """Return the first diagnostics, an empty line between two, then "and N more"; "" if there are none.

    When there are too many, errors are shown rather than warnings.
    """
    ordered = found.diagnostics if isinstance(found, Report) else tuple(found)
    by_weight = sorted(ordered, key=lambda diagnostic: diagnostic.severity)
    shown = frozenset(by_weight[: limits.DIAGNOSTICS_SHOWN])
    blocks = [render(diagnostic, source) for diagnostic in ordered if diagnostic in shown]
    if len(ordered) > len(shown):
        blocks.append(f"and {len(ordered) - len(shown)} more")
    return "\n\n".join(blocks)


def to_json(diagnostic: Diagnostic, source: Source) -> dict[str, str | int]:
    """Return the finding as data for machines: line and column are 1-based, columns count characters."""
    position = source.position(diagnostic.span)
    return {
        "file": printable(source.name),
        "line": position.line,
        "column": position.column,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
    }


def printable(text: str) -> str:
    """Return *text* as one line that is safe on a terminal and in UTF-8: the rest is escaped."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _snippet(line: str, start: int, length: int) -> tuple[str, str]:
    """Return *line* as it is shown, and the carets below it for *length* characters from *start*."""
    end = max(min(start + length, len(line.rstrip())), start + 1)
    first, last = _window(line, start)
    head, tail = ("…" if first else ""), ("…" if last < len(line) else "")
    cells = [_cell(character) for character in line[first:last]]
    padding = "".join(cell if cell == "\t" else " " * _columns(cell) for cell in cells[: start - first])
    carets = "^" * max(sum(map(_columns, cells[start - first : end - first])), 1)
    return head + "".join(cells) + tail, " " * len(head) + padding + carets


def _window(line: str, start: int) -> tuple[int, int]:
    """Return the part of *line* that is shown: all of it, or enough to see the caret in context."""
    if len(line) <= _SNIPPET_COLUMNS and _fitting(line, _SNIPPET_COLUMNS) == len(line):
        return 0, len(line)
    budget = _SNIPPET_COLUMNS - len("……")
    after = line[start : start + budget]
    # A third of the window before the caret, and more if the line ends soon.
    before = max(budget // 3, budget - sum(map(_width, after)))
    first = start - _fitting(line[max(start - budget, 0) : start][::-1], before)
    return first, first + _fitting(line[first : first + budget], budget)


def _fitting(text: str, columns: int) -> int:
    """Return how many characters at the beginning of *text* fit into *columns*."""
    for index, character in enumerate(text):
        columns -= _width(character)
        if columns < 0:
            return index
    return len(text)


def _width(character: str) -> int:
    # Where space is shared out, marks count too: a thousand of them fit on one letter.
    return max(_columns(character), 1)


def _cell(character: str) -> str:
    # What a terminal would not show, or obey, becomes one visible column: carets stay below their text.
    return "\ufffd" if _is_invisible(character) else character


def _is_invisible(character: str) -> bool:
    return character != "\t" and unicodedata.category(character) in _INVISIBLE


def _columns(character: str) -> int:
    """Return how many columns a terminal gives *character*."""
    if character.isascii():
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
