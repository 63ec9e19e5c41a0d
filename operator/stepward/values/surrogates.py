"""Half surrogate pairs in JSON text: what programs leave behind that cut text in UTF-16.

No value may hold one, for it has no form in UTF-8; strict parsers refuse the whole document.
"""

from typing import Final

_HIGH_HALVES: Final = frozenset("89ab")
_LOW_HALVES: Final = frozenset("cdef")


def replace_lone(text: str | bytes) -> str | None:
    """Return JSON *text* with lone surrogate escapes replaced; None if there is none."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if "\\ud" not in text and "\\uD" not in text:
        return None
    pieces: list[str] = []
    done, at = 0, text.find("\\")
    while at >= 0:
        width = 2
        if text[at + 1 : at + 3] in ("ud", "uD"):
            width = 6
            half = text[at + 3 : at + 4].lower()
            if half in _HIGH_HALVES and _is_low_half(text[at + 6 : at + 12]):
                width = 12
            elif half in _HIGH_HALVES or half in _LOW_HALVES:
                pieces += (text[done:at], "\\ufffd")
                done = at + 6
        at = text.find("\\", at + width)
    if not pieces:
        return None
    return "".join((*pieces, text[done:]))


def _is_low_half(escape: str) -> bool:
    return escape[:3] in ("\\ud", "\\uD") and escape[3:4].lower() in _LOW_HALVES
