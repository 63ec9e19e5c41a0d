"""Host names to addresses, in threads of our own.

The event loop's default executor is shared with everything else in the process, and one slow name
server fills it. Here each lookup has a daemon thread (so that a hanging one never delays the end of
the process) and a tenant has few of them.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from stepward.runtime.wire.failures import ExchangeError, Kind
from stepward.runtime.wire.turns import Turns
from stepward.values import limits

Lookup: TypeAlias = Callable[[str, int], Sequence[Any]]
"""Blocking; returns rows as `socket.getaddrinfo` does, raises OSError."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a socket can connect to."""

    family: int
    ip: str
    sockaddr: tuple[Any, ...]


def system_lookup(host: str, port: int) -> Sequence[Any]:
    """Ask the operating system."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Resolver:
    """Looks host names up. *lookup* stands in for the operating system in tests."""

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._all = Turns(limits.RESOLVER_THREADS)
        self._tenants = Turns(limits.RESOLVER_THREADS_PER_TENANT)

    async def addresses(self, host: str, port: int, tenant: str) -> list[Address]:
        """Return the addresses of *host*, address families alternating; ExchangeError if there are none.

        A numeric *host* is its own address and costs no lookup.
        """
        if is_numeric(host):
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return _sorted(rows)
        await self._tenants.take(tenant)
        try:
            await self._all.take(None)
        except BaseException:
            self._tenants.give(tenant)
            raise
        found = _sorted(await self._in_thread(host, port, tenant))
        if not found:
            raise ExchangeError(Kind.NAME, f"host name '{host}' has no address")
        return found

    def _in_thread(self, host: str, port: int, tenant: str) -> "asyncio.Future[Sequence[Any]]":
        """Start a lookup. The turns end with the thread, not with the one who waits for it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[Any]] = loop.create_future()

        def finished(rows: Sequence[Any], failure: ExchangeError | None) -> None:
            self._all.give(None)
            self._tenants.give(tenant)
            if answer.done():
                return
            if failure is None:
                answer.set_result(rows)
            else:
                answer.set_exception(failure)

        def look_up() -> None:
            rows: Sequence[Any] = ()
            failure = None
            try:
                rows = self._lookup(host, port)
            except (OSError, UnicodeError) as problem:
                cause = problem.strerror if isinstance(problem, OSError) else None
                failure = ExchangeError(
                    Kind.NAME, f"host name '{host}' cannot be resolved: {cause or 'invalid name'}"
                )
            finally:
                with suppress(RuntimeError):  # the loop is gone, and with it everybody who asked
                    loop.call_soon_threadsafe(finished, rows, failure)

        try:
            threading.Thread(target=look_up, name="stepward-resolver", daemon=True).start()
        except RuntimeError:  # the machine has no thread left
            finished((), ExchangeError(Kind.NAME, f"host name '{host}' cannot be looked up now"))
        return answer


def is_numeric(host: str) -> bool:
    """Return whether *host* is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _sorted(rows: Sequence[Any]) -> list[Address]:
    """Return addresses without doubles, the families alternating (RFC 8305, section 4)."""
    families: dict[int, list[Address]] = {}
    for family, _, _, _, sockaddr in rows:
        address = Address(family, sockaddr[0], sockaddr)
        known = families.setdefault(family, [])
        if address not in known:
            known.append(address)
    ordered: list[Address] = []
    for place in range(max(map(len, families.values()), default=0)):
        ordered += [known[place] for known in families.values() if place < len(known)]
    return ordered[: limits.ADDRESSES_TRIED]
