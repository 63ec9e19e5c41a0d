"""From an origin to a connection: look up, ask the policy, connect, encrypt.

An address is judged and then connected to; nothing is looked up twice in between, so a name server
that changes its mind gains nothing (threat-model.md, attack 3).
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stepward.runtime import egress
from stepward.runtime.wire import tls
from stepward.runtime.wire.connection import Connection
from stepward.runtime.wire.failures import ExchangeError, Kind
from stepward.runtime.wire.resolver import Address, Resolver
from stepward.values import limits

_LOG: Final = logging.getLogger("stepward.egress")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads and under which rules: connections with equal origins are alike."""

    policy: egress.Policy
    scheme: str
    host: str
    port: int
    ca_certificate: bytes | None = None


class Dialer:
    """Makes connections, each within *connect_seconds*."""

    def __init__(self, resolver: Resolver, connect_seconds: float = limits.CONNECT_SECONDS) -> None:
        self._resolver = resolver
        self._connect_seconds = connect_seconds

    async def dial(self, origin: Origin, tenant: str) -> Connection:
        """Return a new connection to *origin*; ExchangeError if there is none to be had."""
        try:
            async with asyncio.timeout(self._connect_seconds):
                addresses = await self._permitted(origin, tenant)
                connected = await _connect(addresses)
                return await _encrypt(connected, origin)
        except TimeoutError:
            raise ExchangeError(
                Kind.CONNECT, f"no connection within {self._connect_seconds:g} seconds"
            ) from None

    async def _permitted(self, origin: Origin, tenant: str) -> list[Address]:
        addresses = await self._resolver.addresses(origin.host, origin.port, tenant)
        permitted = [
            address for address in addresses if origin.policy.permits(origin.host, address.ip, origin.port)
        ]
        if not permitted:
            # Which rule, and what the name means inside the cluster, is for the administrator alone.
            _LOG.warning(
                "refused a call of %s to %s port %d at %s",
                tenant or "the local runner",
                origin.host,
                origin.port,
                ", ".join(address.ip for address in addresses),
            )
            raise ExchangeError(Kind.DENIED, "this destination may not be called from here")
        return permitted


async def _connect(addresses: Sequence[Address]) -> socket.socket:
    """Return a socket connected to the first of *addresses* that answers (RFC 8305).

    Each gets a head start before the next is tried beside it.
    """
    if len(addresses) == 1:
        return await _attempt(addresses[0])
    waiting = list(addresses)
    attempts: set[asyncio.Task[socket.socket]] = set()
    failures: list[ExchangeError] = []
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_attempt(waiting.pop(0))))
            head_start = limits.ADDRESS_HEAD_START_SECONDS if waiting else None
            ended, _ = await asyncio.wait(attempts, timeout=head_start, return_when=asyncio.FIRST_COMPLETED)
            for attempt in ended:
                problem = attempt.exception()
                if problem is None:
                    attempts.discard(attempt)
                    return attempt.result()
                if not isinstance(problem, ExchangeError):
                    raise problem
                attempts.discard(attempt)
                failures.append(problem)
        raise failures[0]
    finally:
        for attempt in attempts:
            attempt.add_done_callback(_discard)
            attempt.cancel()


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    """Close what a needless attempt may have brought."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _attempt(address: Address) -> socket.socket:
    """Return a socket connected to *address*."""
    try:
        made = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as problem:
        raise ExchangeError(Kind.CONNECT, _reason(problem)) from problem
    try:
        made.settimeout(0)  # non-blocking, as the event loop wants it
        await asyncio.get_running_loop().sock_connect(made, address.sockaddr)
    except BaseException as problem:
        made.close()
        if isinstance(problem, OSError):
            raise ExchangeError(Kind.CONNECT, _reason(problem)) from problem
        raise
    return made


async def _encrypt(connected: socket.socket, origin: Origin) -> Connection:
    """Return the connection over *connected*, encrypted if the scheme says so."""
    loop = asyncio.get_running_loop()
    try:
        if origin.scheme == "http":
            return (await loop.create_connection(Connection, sock=connected))[1]
        context = tls.standard() if origin.ca_certificate is None else tls.trusting(origin.ca_certificate)
        _, connection = await loop.create_connection(
            Connection,
            sock=connected,
            ssl=context,
            server_hostname=origin.host.removesuffix("."),
            ssl_handshake_timeout=limits.CONNECT_SECONDS,
        )
    except BaseException as problem:
        connected.close()
        if isinstance(problem, ssl.SSLCertVerificationError):
            raise ExchangeError(
                Kind.TLS, f"the certificate cannot be trusted: {problem.verify_message}"
            ) from problem
        if isinstance(problem, ssl.SSLError):
            raise ExchangeError(Kind.TLS, f"TLS failed: {problem.reason or 'no details'}") from problem
        if isinstance(problem, OSError):
            raise ExchangeError(Kind.TLS, "TLS failed: the connection was closed") from problem
        raise
    return connection


def _reason(problem: OSError) -> str:
    """Return why a connection failed, without addresses: they may be internal ones."""
    return os.strerror(problem.errno).lower() if problem.errno else "no connection"
