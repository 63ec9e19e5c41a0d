"""How a request to the API server fails, typed by what the caller should do.

ApiFailure
  Conflict      read the object again and decide again
  Missing       the object is gone: forget it
  TooLarge      write less; repeating cannot help
  Forbidden     a human must grant something
  Rejected      the request is wrong: a fault of ours
  Unavailable   wait and try again; what was sent may have been carried out
"""

import math
from collections.abc import Mapping

import orjson

_TOO_LARGE_SIGNS = ("request is too large", "larger than max", "exceeds the limit", "ResourceExhausted")


class ApiFailure(Exception):
    """A request failed. The text names method, path, status and what the server said; no body of ours."""


class Conflict(ApiFailure):
    """Stale resourceVersion, wrong uid, or a name that is taken: read again, decide again."""


class Missing(ApiFailure):
    """There is no such object (or kind) any more."""


class TooLarge(ApiFailure):
    """The object does not fit: write less."""


class Forbidden(ApiFailure):
    """Not authenticated or not authorised: a human must act; trying again later may help."""


class Rejected(ApiFailure):
    """The server calls the request wrong: a fault of ours, repeating it cannot help."""


class Unavailable(ApiFailure):
    """No usable answer. `retry_after` is what the server asked for; a write may have been applied."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


def classify(request: str, status: int, headers: Mapping[str, str], body: bytes) -> ApiFailure:
    """Return the failure that an answer of *status* with *body* to *request* means."""
    message = _message(body)
    text = f"{request}: {status} {message}".rstrip()
    if status in (404, 410):
        return Missing(text)
    if status == 409:
        return Conflict(text)
    if status in (401, 403):
        return Forbidden(text)
    if status == 413 or any(sign in message for sign in _TOO_LARGE_SIGNS):
        # An object between 1.5 and 2.5 MiB is answered 500, and would be for ever.
        return TooLarge(text)
    if status in (408, 429) or status >= 500:
        return Unavailable(text, _seconds(headers.get("Retry-After")))
    return Rejected(text)


def _message(body: bytes) -> str:
    """Return the message of a `Status` answer; nothing of any other body, which might be anyone's."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(answer, dict) or answer.get("kind") != "Status":
        return ""
    message = answer.get("message")
    return message[:500] if isinstance(message, str) else ""


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text) if text else None
    except ValueError:
        return None
    return seconds if seconds is not None and math.isfinite(seconds) and seconds >= 0 else None
