"""Query strings and request bodies: values to what goes on the wire (language.md 6.2, 6.3)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from stepward.stdlib import http_media
from stepward.values import convert, errors, model


def query(function: str, given: model.Map) -> str:
    """Return *given* as `name=value` pairs joined with `&`, percent-encoded."""
    return "&".join(
        f"{quote(name, safe='')}={quote(text, safe='')}"
        for name, text in _pairs(f"{function}: query parameter", given)
    )


def encode(function: str, body: Any, content_type: str | None) -> tuple[bytes | None, str | None]:
    """Return the bytes of *body* and the Content-Type to add, if one is to be added.

    *content_type* is the author's header, or None. Raises TypeError if the body does not fit it,
    ValueError if we cannot write such a body.
    """
    if body is None:
        return None, None
    if type(body) is bytes:
        return body, None if content_type is not None else http_media.BYTES
    if content_type is None:
        return convert.encode_json(body).encode(), http_media.JSON
    media, charset = http_media.split(content_type)
    if http_media.is_json(media):
        return convert.encode_json(body).encode(), None
    if media == http_media.FORM:
        return _form(function, body).encode(), None
    if type(body) is str:
        return _encoded(function, body, charset), None
    if media.startswith("text/"):
        raise errors.type_error(
            f"{function}: argument 'body' must be a string or bytes for Content-Type '{media}'; "
            f"got: {model.type_name(body)}"
        )
    raise errors.value_error(
        f"{function}: a body of type {model.type_name(body)} cannot be written as '{media}'; "
        "give a string or bytes, or a Content-Type of JSON"
    )


def _form(function: str, body: Any) -> str:
    """Return *body*, unencoded text such as `a=1&b=two words` or a map, URL-encoded as a form."""
    if type(body) is str:
        pairs = (pair.partition("=") for pair in body.split("&"))
        return "&".join(quote_plus(name) + mark + quote_plus(text) for name, mark, text in pairs)
    if type(body) is model.Map:
        return "&".join(
            f"{quote_plus(name)}={quote_plus(text)}" for name, text in _pairs(f"{function}: form field", body)
        )
    raise errors.type_error(
        f"{function}: argument 'body' must be a string or map for Content-Type '{http_media.FORM}'; "
        f"got: {model.type_name(body)}"
    )


def _pairs(what: str, given: model.Map) -> Iterator[tuple[str, str]]:
    """Yield name and text of each entry; a list repeats its name, null leaves it out."""
    for name, value in given.items():
        for item in value if type(value) is model.List else (value,):
            if type(item) is str:
                yield name, item
            elif type(item) in {int, float, bool}:
                yield name, convert.to_string(item)
            elif item is not None:
                raise errors.type_error(
                    f"{what} '{name}' must be a string, number, boolean or a list of those; "
                    f"got: {model.type_name(item)}"
                )


def _encoded(function: str, text: str, charset: str | None) -> bytes:
    """Return *text* in *charset*."""
    codec = http_media.codec(charset)
    if codec is None:
        raise errors.value_error(f"{function}: unknown charset '{charset}' in Content-Type")
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        raise errors.value_error(
            f"{function}: the body holds a character that charset '{charset or 'utf-8'}' cannot express"
        ) from None
