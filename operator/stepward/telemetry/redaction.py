"""The one door for text that somebody else wrote, on its way into a log, a status or a message."""

import re
from typing import Final

_SECRETS: Final = re.compile(
    r"(?i:(authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic)?\s*|\bbearer\s+))[A-Za-z0-9._~+/=-]{8,}"
    r"|(\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
)
"""Authorization values and JSON Web Tokens: linear to scan, no nested repetition."""

_SLACK: Final = 4
"""Characters scanned for each one kept: bounds the work on megabytes of text."""


class Secret:
    """A credential on its way to where it is used. Prints, logs and serialises as `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the credential itself. Only the place that sends it calls this."""
        return self._value

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__


def presentable(text: str, limit_characters: int) -> str:
    """Return *text* without credentials and control characters, at most *limit_characters* long.

    Line breaks become spaces: one entry stays one line, whoever wrote it.
    """
    return bounded(" ".join(_visible(_redacted(text, limit_characters)).split()), limit_characters)


def bounded(text: str, limit_characters: int) -> str:
    """Return *text* shortened to *limit_characters*, with an ellipsis where something is missing."""
    return text if len(text) <= limit_characters else text[: limit_characters - 1] + "…"


def paragraph(text: str, limit_characters: int) -> str:
    """Return what `presentable` would, with the line breaks kept."""
    lines = (_visible(line) for line in _redacted(text, limit_characters).split("\n"))
    return bounded("\n".join(lines), limit_characters)


def without_credentials(text: str) -> str:
    """Return *text* with what looks like a credential replaced; JSON stays JSON."""
    return _SECRETS.sub(lambda found: (found.group(1) or "") + "***", text)


def _redacted(text: str, limit_characters: int) -> str:
    return without_credentials(text[: limit_characters * _SLACK])


def _visible(text: str) -> str:
    """Return *text* with everything that could move a cursor or break UTF-8 replaced."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else (" " if character.isspace() else "\ufffd")
        for character in text
    )
