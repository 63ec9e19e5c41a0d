"""Answers of HTTP calls as values (language.md 5.3, 6.5)."""

from collections.abc import Sequence
from typing import Any

from stepward.stdlib import http_media
from stepward.values import convert, errors, limits, model


def decode(code: int, headers: Sequence[tuple[str, str]], body: bytes) -> model.Map:
    """Return the map `{body, code, headers}` of an answer.

    *headers* are as received, in their order; *body* is complete and decompressed.
    """
    names: dict[str, str] = {}
    for name, text in headers:
        canonical = _canonical(name)
        names[canonical] = f"{names[canonical]}, {text}" if canonical in names else text
    media, charset = http_media.split(names.get("Content-Type", ""))
    if names.get("Content-Encoding", "identity").lower() != "identity":
        media = http_media.BYTES  # compressed in a way we did not ask for: not text, whatever it says
    return model.Map({"body": _body(media, charset, body), "code": code, "headers": model.Map(names)})


def http_error(response: model.Map) -> errors.WorkflowError:
    """Return the HttpError that *response*, of status 400 or above, stands for."""
    return errors.error(
        "HttpError",
        f"HTTP server responded with error code {response['code']}",
        prefix=False,
        **response,
    )


def _canonical(name: str) -> str:
    """Return a header name as `Content-Type`: upper case at the start and after each hyphen."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _body(media: str, charset: str | None, body: bytes) -> Any:
    if not body:
        return None
    if http_media.is_binary(media):
        return body
    codec = http_media.codec(charset)
    if codec is None:
        return body
    try:
        text = body.decode(codec)
    except UnicodeError:
        return body
    return _json(text) if http_media.is_json(media) else text


def _json(text: str) -> Any:
    """Return the value of JSON *text*, or the text itself if it is none."""
    try:
        return convert.decode_json(text.removeprefix("\ufeff"))
    except errors.WorkflowError as failure:
        if not failure.fatal or len(text) > limits.VARIABLES_BYTES:
            # No JSON; or too large for any variable, in either form. Nobody may want to keep such a
            # body, so the call itself succeeds: whoever stores it gets the error.
            return text
        raise
