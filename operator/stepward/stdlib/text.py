"""Module `text`, without regular expressions (stdlib 16). Characters are Unicode code points.

Whatever can be larger than its arguments is measured before it is made.
"""

import string
import urllib.parse
from typing import Final

from stepward.stdlib import charsets
from stepward.stdlib.registry import function, require_string_bytes, require_value_bytes
from stepward.values import errors
from stepward.values.model import SCALAR_BYTES, List, text_bytes

_UNRESERVED: Final = (string.ascii_letters + string.digits + ".-_").encode()
_HEX_DIGITS: Final = frozenset(string.hexdigits)


def utf8_bytes(text: str) -> int:
    """Return the size of *text* in UTF-8."""
    return text_bytes(text) - SCALAR_BYTES


@function("text.decode", example=('text.decode(base64.decode("aGk="))', "hi"))
def decode(data: bytes, charset: str = "UTF-8") -> str:
    """Return the text that *data* holds in *charset*; what cannot be decoded becomes U+FFFD."""
    return data.decode(charsets.codec(charset, "text.decode"), "replace")


@function("text.encode", aliases={"text": "data"}, example=('base64.encode(text.encode("hi"))', "aGk="))
def encode(data: str, charset: str = "UTF-8") -> bytes:
    """Return *data* as bytes in *charset*."""
    codec = charsets.codec(charset, "text.encode")
    try:
        return data.encode(codec)
    except UnicodeEncodeError as failure:
        lost = errors.quoted(data[failure.start])
        raise errors.value_error(
            f"text.encode: charset {errors.quoted(charset)} lacks the character {lost}"
        ) from failure


@function("text.find_all", example=('text.find_all("Hello World", "l")', [2, 3, 9]))
def find_all(source: str, substr: str) -> List:
    """Return the positions at which *substr* begins in *source*, without overlaps."""
    count = source.count(substr)
    size = SCALAR_BYTES * (count + 1)
    require_value_bytes(size)
    if not substr:
        return List.sized(range(count), size, 1)
    found, at = [], source.find(substr)
    while at >= 0:
        found.append(at)
        at = source.find(substr, at + len(substr))
    return List.sized(found, size, 1)


@function("text.replace_all", example=('text.replace_all("aaa", "aa", "b")', "ba"))
def replace_all(source: str, substr: str, repl: str) -> str:
    """Return *source* with every *substr* replaced; an empty one is found before and after each character."""
    growth = utf8_bytes(repl) - utf8_bytes(substr)
    if growth > 0:
        require_string_bytes(utf8_bytes(source) + source.count(substr) * growth)
    return source.replace(substr, repl)


@function("text.split", example=('text.split("a,b,c", ",")', ["a", "b", "c"]))
def split(source: str, separator: str) -> List:
    """Return the parts of *source* between the *separator*s, empty ones included."""
    if not separator:
        raise errors.value_error("text.split: argument 'separator' must not be empty")
    count = source.count(separator)
    size = SCALAR_BYTES * (count + 2) + utf8_bytes(source) - count * utf8_bytes(separator)
    require_value_bytes(size)
    return List.sized(source.split(separator), size, 1)


@function("text.substring", example=('text.substring("hello", 2, 4)', "ll"))
def substring(source: str, start: int, end: int) -> str:
    """Return the characters from *start* up to but without *end*; negative positions count from the end."""
    return source[start:end]


@function("text.to_lower", example=('text.to_lower("HeLLo")', "hello"))
def to_lower(source: str) -> str:
    """Return *source* in lower case."""
    return source.lower()


@function("text.to_upper", example=('text.to_upper("hello")', "HELLO"))
def to_upper(source: str) -> str:
    """Return *source* in upper case."""
    return source.upper()


@function("text.url_decode", example=('text.url_decode("a%2Fb+c")', "a/b c"))
def url_decode(source: str) -> str:
    """Return *source* with `%XX` read as bytes of UTF-8 and `+` as a blank."""
    plain = source.replace("+", " ")
    for escape in plain.split("%")[1:]:
        if len(escape) < 2 or escape[0] not in _HEX_DIGITS or escape[1] not in _HEX_DIGITS:
            raise errors.value_error(
                f"text.url_decode: two hex digits must follow '%'; got: {errors.quoted(escape[:2])}"
            )
    return urllib.parse.unquote_to_bytes(_encoded(plain)).decode("utf-8", "replace")


@function("text.url_encode", example=('text.url_encode("a/b c")', "a%2Fb%20c"))
def url_encode(source: str) -> str:
    """Return *source* with everything but letters, digits, `.`, `-` and `_` as `%XX`."""
    return _percent_encoded(source)


@function("text.url_encode_plus", example=('text.url_encode_plus("a/b c")', "a%2Fb+c"))
def url_encode_plus(source: str) -> str:
    """Return *source* like `text.url_encode`, but with `+` for a blank."""
    return _percent_encoded(source).replace("%20", "+")


def _percent_encoded(source: str) -> str:
    data = _encoded(source)
    escaped = len(data.translate(None, _UNRESERVED))
    require_string_bytes(len(data) + 2 * escaped)
    # Python leaves `~` alone, as RFC 3986 has it
    return urllib.parse.quote_from_bytes(data, safe="").replace("~", "%7E")


def _encoded(source: str) -> bytes:
    return source.encode("utf-8", "replace")
