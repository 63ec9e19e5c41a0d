"""Module `events` (stdlib 6)."""

from typing import Final

from stepward.engine import effects
from stepward.engine.ambient import Ambient
from stepward.stdlib.registry import Number, function
from stepward.values import errors, limits, model
from stepward.values.model import Map

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


@function(
    "events.create_callback_endpoint",
    example=("{call: events.create_callback_endpoint, args: {http_callback_method: POST}}", None),
)
def create_callback_endpoint(
    ambient: Ambient,  # noqa: ARG001 - makes the machine call it, so that it may ask for an effect anywhere
    http_callback_method: str = "POST",
) -> effects.CreateCallback:
    """Open an endpoint for requests with that method, and return a map with its `url`."""
    if http_callback_method not in _METHODS:
        raise errors.value_error(
            "events.create_callback_endpoint: argument 'http_callback_method' must be one of "
            f"{', '.join(_METHODS)}; got: {errors.quoted(http_callback_method)}"
        )
    return effects.CreateCallback(http_callback_method)


@function(
    "events.await_callback",
    blocking=True,
    example=("{call: events.await_callback, args: {callback: '${endpoint}', timeout: 60}}", None),
)
def await_callback(callback: Map, timeout: Number = limits.CALLBACK_SECONDS) -> effects.AwaitCallback:
    """Wait for a request to the endpoint *callback*, at most *timeout* seconds, and return it."""
    if not 0 <= timeout <= limits.EXECUTION_SECONDS:
        raise errors.value_error(
            "events.await_callback: argument 'timeout' must not be negative, and at most "
            f"{limits.EXECUTION_SECONDS} seconds"
        )
    url = callback.get("url")
    if url is None:
        raise errors.value_error("events.await_callback: argument 'callback' must have the key 'url'")
    if type(url) is not str:
        raise errors.type_error(
            f"events.await_callback: 'url' of argument 'callback' must be string; got: {model.type_name(url)}"
        )
    return effects.AwaitCallback(url, float(timeout))
