"""Content types and character sets of HTTP messages."""

from typing import Final

JSON: Final = "application/json; charset=utf-8"
BYTES: Final = "application/octet-stream"
FORM: Final = "application/x-www-form-urlencoded"

_UTF_8: Final = "utf-8"

_CHARSETS: Final = {
    _UTF_8: _UTF_8,
    "utf8": _UTF_8,
    "us-ascii": "ascii",
    "ascii": "ascii",
    "latin1": "iso8859-1",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "shift_jis": "shift_jis",
    "shift-jis": "shift_jis",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "euc-kr": "euc_kr",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12},
    **{f"windows-{page}": f"cp{page}" for page in (874, *range(1250, 1259))},
}
"""Names a message may use. A fixed table: Python's own lookup imports modules, remembers every
name it was ever asked for, and knows codecs that take quadratic time."""


def split(content_type: str) -> tuple[str, str | None]:
    """Return the media type of *content_type* in lower case, and its charset if it names one."""
    media, *parameters = content_type.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media.strip().lower(), value.strip().strip('"').lower()
    return media.strip().lower(), None


def codec(charset: str | None) -> str | None:
    """Return Python's name of *charset* (UTF-8 for None); None if it is not one we know."""
    return _UTF_8 if charset is None else _CHARSETS.get(charset)


def is_json(media: str) -> bool:
    """Return whether *media* is JSON by name."""
    return media == "application/json" or media.endswith("+json")


def is_binary(media: str) -> bool:
    """Return whether a body of type *media* is bytes even if it happens to be text (language.md 6.5)."""
    return media.startswith(("image/", "audio/", "video/")) or media in {
        BYTES,
        "application/pdf",
        "application/zip",
    }
