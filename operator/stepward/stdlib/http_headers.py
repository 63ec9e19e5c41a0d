"""Headers an author may set, and what is added to them (language.md 6.2, 6.4; stdlib.md 9.1, 9.3)."""

from string import ascii_letters, digits
from typing import Any, Final

import stepward
from stepward.values import convert, errors, limits, model

USER_AGENT: Final = f"Stepward/{stepward.__version__}"
"""Sent with every request; an author's own value stands before it."""

_TOKEN: Final = frozenset(ascii_letters + digits + "!#$%&'*+-.^_`|~")

_FRAMING: Final = "how a message is framed and when its connection ends is not for the workflow to say"
_ROUTING: Final = "it would claim another origin or destination than the real one"
_METADATA: Final = "metadata servers cannot be called"
_REFUSED: Final = {
    "connection": _FRAMING,
    "content-length": _FRAMING,
    "expect": _FRAMING,
    "http2-settings": _FRAMING,
    "keep-alive": _FRAMING,
    "te": _FRAMING,
    "trailer": _FRAMING,
    "transfer-encoding": _FRAMING,
    "upgrade": _FRAMING,
    "forwarded": _ROUTING,
    "host": _ROUTING,
    "metadata": _METADATA,
    "metadata-flavor": _METADATA,
}
_REFUSED_PREFIXES: Final = {
    "proxy-": _ROUTING,
    "x-forwarded-": _ROUTING,
    "x-aliyun-ecs-metadata-": _METADATA,
    "x-aws-ec2-metadata-": _METADATA,
    "x-google-metadata-": _METADATA,
    "x-metadata-": _METADATA,
}


def checked(function: str, given: model.Map | None) -> dict[str, str]:
    """Return the headers *given* to *function* as text, in their order, User-Agent completed.

    Raises TypeError for a value that is no string, number or boolean, and ValueError for a header
    that may not be set, is no header, or stands twice.
    """
    headers: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in (given or {}).items():
        lower = name.lower()
        _check_name(function, name, lower)
        if lower in seen:
            raise _refused(function, name, "it is given twice, in different spellings")
        seen.add(lower)
        text = _text(function, name, value)
        headers[name] = f"{text} {USER_AGENT}".strip() if lower == "user-agent" else text
    if "user-agent" not in seen:
        headers["User-Agent"] = USER_AGENT
    if len(headers) > limits.REQUEST_HEADERS:
        raise errors.value_error(f"{function}: more than {limits.REQUEST_HEADERS} headers")
    if sum(len(name) + len(text) for name, text in headers.items()) > limits.REQUEST_HEADER_BYTES:
        raise errors.value_error(
            f"{function}: headers longer than {limits.REQUEST_HEADER_BYTES // limits.KIB} KiB"
        )
    return headers


def find(headers: dict[str, str], name: str) -> str | None:
    """Return the value of header *name* (lower case) whatever its spelling in *headers*."""
    return next((text for spelling, text in headers.items() if spelling.lower() == name), None)


def _check_name(function: str, name: str, lower: str) -> None:
    if not name or not _TOKEN.issuperset(name):
        raise errors.value_error(f"{function}: {name[:100]!r} is not a header name")
    reason = _REFUSED.get(lower)
    if reason is None:
        for prefix, why in _REFUSED_PREFIXES.items():
            if lower.startswith(prefix):
                reason = why
    if reason is not None:
        raise _refused(function, name, reason)


def _text(function: str, name: str, value: Any) -> str:
    """Return a header value as it is sent."""
    if type(value) in {int, float, bool}:
        return convert.to_string(value)
    if type(value) is not str:
        raise errors.type_error(
            f"{function}: header '{name}' must be a string, number or boolean; got: {model.type_name(value)}"
        )
    text = value.strip(" \t")
    if not (text.isascii() and text.isprintable()):
        if any((character < " " and character != "\t") or character == "\x7f" for character in text):
            raise _refused(function, name, "its value holds a line break or another control character")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _refused(function, name, "its value holds a character that cannot be sent") from None
    return text


def _refused(function: str, name: str, reason: str) -> errors.WorkflowError:
    return errors.value_error(f"{function}: header '{name[:100]}' cannot be sent: {reason}")
