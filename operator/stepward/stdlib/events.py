"""Module `events` (stdlib 6): checked, but there is no callback endpoint to give out yet."""

# ruff: noqa: ARG001 - the signatures are the language's, and checked

from typing import Final, NoReturn

from stepward.stdlib.registry import Number, function
from stepward.values import errors, limits
from stepward.values.model import Map

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


@function(
    "events.create_callback_endpoint",
    example=("{call: events.create_callback_endpoint, args: {http_callback_method: POST}}", None),
)
def create_callback_endpoint(http_callback_method: str = "POST") -> NoReturn:
    """Return a map with the `url` of a new endpoint. Not available in this version."""
    if http_callback_method not in _METHODS:
        raise errors.value_error(
            "events.create_callback_endpoint: argument 'http_callback_method' must be one of "
            f"{', '.join(_METHODS)}; got: {errors.quoted(http_callback_method)}"
        )
    raise errors.unavailable("events.create_callback_endpoint")


@function(
    "events.await_callback",
    blocking=True,
    example=("{call: events.await_callback, args: {callback: '${endpoint}', timeout: 60}}", None),
)
def await_callback(callback: Map, timeout: Number = limits.CALLBACK_SECONDS) -> NoReturn:
    """Wait for a request to the endpoint *callback* and return it. Not available in this version."""
    if timeout < 0:
        raise errors.value_error("events.await_callback: argument 'timeout' must not be negative")
    raise errors.unavailable("events.await_callback")
