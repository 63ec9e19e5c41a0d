"""Performs HTTP requests: the only door through which a workflow's calls leave.

    client = http.Client()
    answer = await client.perform(request, policy=egress.LOCAL)

Stands on asyncio and h11 rather than on httpx or aiohttp. Measured at 100 at once on two cores: 5,500
requests/s all told, where a bare httpx over aiohttp makes 3,000; and 60 ms of imports where those two
take 210, more than a local run can spare. What they do beyond the protocol (cookies, proxies, resending,
re-writing URLs) is what a call of a workflow must not do.
"""

import asyncio
from dataclasses import replace
from typing import Final

from stepward.engine import effects
from stepward.runtime import auth, egress, redirects
from stepward.runtime.wire import body
from stepward.runtime.wire.connection import Answer, Request
from stepward.runtime.wire.dialer import Origin
from stepward.runtime.wire.failures import ExchangeError, Kind, Progress, Sent
from stepward.runtime.wire.pool import Pool
from stepward.runtime.wire.resolver import Resolver
from stepward.stdlib import http_response
from stepward.values import errors, limits, model

_FIRST_ERROR_CODE: Final = 400
_URL_CHARACTERS_SHOWN: Final = 300
_EXPECT_A_BODY: Final = frozenset({"PATCH", "POST", "PUT"})
_NEVER_CONNECTED: Final = frozenset({Kind.NAME, Kind.DENIED, Kind.CONNECT, Kind.TLS})


class Client:
    """All outgoing calls of a process. Belongs to one event loop; `close` it at the end.

    *resolver* stands in for the operating system's name lookup in tests; *keep_seconds* is how long an
    idle connection is kept.
    """

    def __init__(
        self, *, resolver: Resolver | None = None, keep_seconds: float = limits.KEEPALIVE_SECONDS
    ) -> None:
        self._pool = Pool(resolver or Resolver(), keep_seconds)

    async def perform(
        self,
        request: effects.HttpRequest,
        *,
        policy: egress.Policy,
        tenant: str = "",
        tokens: auth.TokenSource = auth.NO_TOKENS,
    ) -> model.Map:
        """Send *request* and return the map `{body, code, headers}` of the answer.

        *policy* decides on every address, also of redirects. *tenant* (the namespace) bounds how
        many name lookups one tenant may keep busy. *tokens* gives credentials to a request with `auth`;
        no redirect carries them to another origin. Nothing is ever sent twice. Raises
        WorkflowError: HttpError for a status of 400 or above, else what language.md 5.2 names;
        `sent_of` tells how far the request got. Cancelling closes the connection.
        """
        if request.auth is not None:
            request = _authorized(request, await tokens.token(request.auth))
        hops = [redirects.first(request)]
        progress = Progress()
        try:
            async with asyncio.timeout(request.timeout_seconds):
                answer = await self._follow(hops, policy, tenant, progress)
        except TimeoutError:
            failure = ExchangeError(Kind.TIMEOUT, "request timed out", sent=progress.sent)
            raise _workflow_error(hops[-1], failure) from failure
        except ExchangeError as failure:
            failure.sent = progress.sent
            raise _workflow_error(hops[-1], failure) from failure
        response = http_response.decode(answer.code, answer.headers, answer.content)
        if answer.code >= _FIRST_ERROR_CODE:
            raise http_response.http_error(response)
        return response

    async def close(self) -> None:
        """Close the connections that are kept. Cancel calls in flight first."""
        await self._pool.close()

    async def _follow(
        self, hops: list[redirects.Hop], policy: egress.Policy, tenant: str, progress: Progress
    ) -> Answer:
        """Send the last of *hops* and go where its answer leads, adding each hop to the list."""
        while True:
            hop = hops[-1]
            origin = Origin(policy, *hop.url.origin, hop.ca_certificate)
            answer = await self._pool.exchange(origin, tenant, _on_the_wire(hop), progress)
            location = next((text for name, text in answer.headers if name == "location"), None)
            onward = redirects.following(hop, answer.code, location)
            if onward is None or len(hops) > limits.REDIRECTS:
                return answer
            hops.append(onward)


def sent_of(error: errors.WorkflowError) -> Sent:
    """Return how far the request got whose `perform` raised *error*."""
    if isinstance(error.__cause__, ExchangeError):
        return error.__cause__.sent
    tags = error.value["tags"]
    return Sent.YES if "HttpError" in tags or "ResourceLimitError" in tags else Sent.NO


def _authorized(request: effects.HttpRequest, token: str) -> effects.HttpRequest:
    """Return *request* with *token*, which wins over a header of the author's (language.md 7)."""
    if not (token.isascii() and token.isprintable()):  # before a complaint about the header can quote it
        raise errors.error("AuthError", "the token cannot stand in a header; the request was not sent")
    others = tuple(header for header in request.headers if header[0].lower() != "authorization")
    return replace(request, headers=(*others, ("Authorization", f"Bearer {token}")))


def _on_the_wire(hop: redirects.Hop) -> Request:
    """Return *hop* with the headers that framing and connection need."""
    headers = [(b"Host", hop.url.authority.encode("ascii"))]
    headers += [(name.encode("ascii"), text.encode()) for name, text in hop.headers]
    if not any(name.lower() == b"accept-encoding" for name, _ in headers):
        headers.append((b"Accept-Encoding", body.ACCEPTED.encode("ascii")))
    content = hop.body or b""
    if hop.body is not None or hop.method in _EXPECT_A_BODY:
        headers.append((b"Content-Length", b"%d" % len(content)))
    return Request(hop.method, hop.url.target, headers, content)


def _workflow_error(hop: redirects.Hop, failure: ExchangeError) -> errors.WorkflowError:
    """Return *failure* as the workflow sees it: method and URL without query, which may hold secrets."""
    if failure.kind is Kind.TIMEOUT:
        return errors.error("TimeoutError", failure.reason, prefix=False)  # as people match it
    if failure.kind is Kind.TOO_LARGE:
        return errors.resource_limit(failure.reason)
    if failure.kind is Kind.CERTIFICATE:
        return errors.value_error(failure.reason)
    # "Failed" promises that a retry is safe: after a redirect that is no longer true.
    untouched = failure.kind in _NEVER_CONNECTED and failure.sent is Sent.NO
    return errors.error(
        "ConnectionFailedError" if untouched else "ConnectionError",
        f"{hop.method} {hop.url.public[:_URL_CHARACTERS_SHOWN]}: {failure.reason}",
    )
