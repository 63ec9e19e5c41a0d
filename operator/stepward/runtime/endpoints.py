"""Callback endpoints, without I/O: who may call, what is kept, who gets it (language.md, section 8).

An endpoint has room for one request that nobody has consumed yet; each wait consumes one. The
loopback server of `callbacks`, virtual time in `simulation` and the tests all decide by this.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from stepward.stdlib import http_response
from stepward.stdlib.time import format_
from stepward.values import errors, model
from stepward.values.errors import WorkflowError

Waiter: TypeAlias = tuple[Hashable, int]
"""An execution, and the effect of it that waits."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an endpoint, as it came over the wire."""

    method: str
    url: str
    """With the query, if it has one."""
    headers: Sequence[tuple[str, str]]
    body: bytes
    received_at: float
    """Seconds since 1970 (UTC)."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What becomes of a request: the status it is answered with, and who waited for it, if anybody did."""

    status: int
    waiter: Waiter | None = None
    value: model.Map | None = None
    """What `events.await_callback` returns to the waiter."""
    allowed: str = ""
    """The method that would have been right, with a status of 405."""


@dataclass(slots=True)
class _Endpoint:
    """One endpoint: whose it is, the method it takes, the request it holds, who waits for one."""

    owner: Hashable
    method: str
    stored: model.Map | None = None
    waiting: list[int] = field(default_factory=list)


class Endpoints:
    """All endpoints of a process. *fresh_url* returns the URL of each new one."""

    def __init__(self, fresh_url: Callable[[], str]) -> None:
        self._fresh_url = fresh_url
        self._endpoints: dict[str, _Endpoint] = {}
        self._opened: dict[Waiter, str] = {}

    def open(self, owner: Hashable, effect_id: int, method: str) -> model.Map:
        """Return the map with the `url` of a new endpoint; the same one if the effect comes again."""
        url = self._opened.get((owner, effect_id))
        if url is None:
            url = self._opened[owner, effect_id] = self._fresh_url()
            self._endpoints[url] = _Endpoint(owner, method)
        return model.Map({"url": url})

    def wait(self, owner: Hashable, effect_id: int, url: str) -> model.Map | None:
        """Return the request that *url* holds; None: the effect waits from now on.

        Raises WorkflowError (ValueError) unless *url* is an endpoint of *owner*.
        """
        endpoint = self._endpoints.get(url)
        if endpoint is None or endpoint.owner != owner:
            raise errors.value_error("events.await_callback: 'callback' is no endpoint of this execution")
        if endpoint.stored is not None:
            request, endpoint.stored = endpoint.stored, None
            return request
        endpoint.waiting.append(effect_id)
        return None

    def leave(self, owner: Hashable, effect_id: int, url: str) -> None:
        """Let the effect wait no longer."""
        endpoint = self._endpoints.get(url)
        if endpoint is not None and endpoint.owner == owner and effect_id in endpoint.waiting:
            endpoint.waiting.remove(effect_id)

    def method_of(self, url: str) -> str:
        """Return the method that the endpoint *url* takes; KeyError if there is none."""
        return self._endpoints[url].method

    def holds(self, url: str) -> bool:
        """Return whether *url* without its query is an endpoint."""
        return url.partition("?")[0] in self._endpoints

    def receive(self, request: Request) -> Reception:
        """Take *request* in, and say what becomes of it (language.md 8.3)."""
        endpoint = self._endpoints.get(request.url.partition("?")[0])
        if endpoint is None:
            return Reception(404)
        if request.method != endpoint.method:
            return Reception(405, allowed=endpoint.method)
        if endpoint.stored is not None:
            return Reception(429)
        try:
            value = _as_value(request)
        except WorkflowError:
            # Whoever calls must not be able to end the execution with what no variable may hold.
            return Reception(413)
        if not endpoint.waiting:
            endpoint.stored = value
            return Reception(200)
        return Reception(200, (endpoint.owner, endpoint.waiting.pop(0)), value)

    def close(self, owner: Hashable) -> None:
        """Forget the endpoints of *owner*, which ended."""
        for url in [url for url, endpoint in self._endpoints.items() if endpoint.owner == owner]:
            del self._endpoints[url]
        for opened in [opened for opened in self._opened if opened[0] == owner]:
            del self._opened[opened]


def timed_out(seconds: float) -> WorkflowError:
    """Return the error of a wait that nobody answered."""
    return errors.error("TimeoutError", f"no callback arrived within {seconds:g} seconds")


def _as_value(request: Request) -> model.Map:
    """Return what `events.await_callback` gives for *request* (8.2); WorkflowError if it is too large."""
    decoded = http_response.decode(200, request.headers, request.body)
    parts = urlsplit(request.url)
    query = parse_qsl(parts.query, keep_blank_values=True, errors="replace")
    value = model.adopt(
        {
            "type": "HTTP",
            "received_time": format_(request.received_at),
            "http_request": {
                "method": request.method,
                "url": parts.path,
                "headers": decoded["headers"],
                "query": dict(query),
                "body": decoded["body"],
            },
        }
    )
    assert isinstance(value, model.Map)
    return value
