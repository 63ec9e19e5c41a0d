"""Who may be called: every spelling of an address that must stay out of reach."""

import ipaddress
import itertools
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

import loopback
from loopback import Server
from stepward.engine import effects
from stepward.runtime import egress, http
from stepward.runtime.egress import Destination, Policy
from stepward.runtime.wire.resolver import Resolver
from stepward.stdlib import http_url
from stepward.values.errors import WorkflowError

EVERYTHING = Policy(
    allow_loopback=True, allow=(Destination.parse("0.0.0.0/0:80"), Destination.parse("[::/0]:80"))
)
"""The most generous policy there can be."""

METADATA = [
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16",
    "fd20:ce::254", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fe80::a9fe:a9fe",
]  # fmt: skip
NOWHERE = ["0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1"]


def spellings(address: str) -> list[str]:
    """Return the IPv6 addresses that lead, somewhere on the way, to the IPv4 *address*."""
    number = int(ipaddress.IPv4Address(address))
    low, high = number & 0xFFFF, number >> 16
    pair = f"{high:x}:{low:x}"
    return [
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{pair}",
        f"64:ff9b:1::{pair}",
        f"2002:{pair}::1",
        f"2001:0:{pair}:0:0:fefe:fefe",  # Teredo: the server (its client: 1.1.1.1)
        f"2001:0:101:101:0:0:{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}",  # Teredo: the client
        f"2001:db8::5efe:{pair}",  # ISATAP
        f"2001:db8::200:5efe:{pair}",
    ]


V4_METADATA = [address for address in METADATA if ":" not in address]


@pytest.mark.parametrize("address", [*METADATA, *NOWHERE, *(s for a in V4_METADATA for s in spellings(a))])
def test_metadata_and_the_like_are_out_of_reach_whatever_is_allowed(address: str) -> None:
    assert not EVERYTHING.permits("metadata.test", address, 80)


LOOPBACK = ["127.0.0.1", "127.8.9.10", "0.0.0.0", "::1", "::", *spellings("127.0.0.1"), "::ffff:0.0.0.0"]  # noqa: S104


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_needs_a_permission(address: str) -> None:
    assert not egress.OPERATOR.permits("some.test", address, 80)
    assert egress.LOCAL.permits("some.test", address, 80)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:21f::1", "10.0.0.1", "192.168.1.1"])
def test_other_addresses_may_be_called(address: str) -> None:
    assert egress.OPERATOR.permits("some.test", address, 443)


@pytest.mark.parametrize(
    "entry, host, address, port, permitted",
    [
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "demo.test", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", "::ffff:127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8081, False),
        ("127.0.0.1:8080", "127.0.0.2", "127.0.0.2", 8080, False),
        ("127.0.0.0/8:8080", "127.0.0.2", "127.0.0.2", 8080, True),
        ("[::1]:8080", "::1", "::1", 8080, True),
        ("[::/64]:8080", "::1", "::1", 8080, True),
        ("localhost:8080", "localhost", "127.0.0.1", 8080, True),
        ("LocalHost.:8080", "localhost.", "::1", 8080, True),
        ("localhost:8080", "other.test", "127.0.0.1", 8080, False),
        ("localhost:8080", "x.localhost", "127.0.0.1", 8080, False),
    ],
)
def test_an_entry_allows_one_place(entry: str, host: str, address: str, port: int, permitted: bool) -> None:  # noqa: FBT001
    assert Policy(allow=(Destination.parse(entry),)).permits(host, address, port) is permitted


@pytest.mark.parametrize(
    "entry",
    ["", "host", "host:", ":80", "host:0", "host:65536", "host:x", "10.0.0.1/8:80", "10.0.0:80", "host:-1"],
)
def test_an_entry_that_means_nothing_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Destination.parse(entry)


def test_policies_are_values() -> None:
    assert Policy(allow=(Destination.parse("a.test:80"),)) == Policy(allow=(Destination.parse("a.test:80"),))
    assert hash(egress.LOCAL) == hash(Policy(allow_loopback=True))


@given(st.ip_addresses(network="169.254.0.0/16"), st.integers(0, 8))
def test_no_spelling_of_a_link_local_address_passes(address: ipaddress.IPv4Address, spelling: int) -> None:
    assert not EVERYTHING.permits("some.test", spellings(str(address))[spelling], 80)


SPELLINGS_OF_THIS_MACHINE = [
    "127.0.0.1", "localhost", "LOCALHOST", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",  # noqa: S104
    "[0:0:0:0:0:0:0:1]", "[::ffff:7f00:1]", "127.1.2.3",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS_OF_THIS_MACHINE)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_this_machine_is_not_called_by_the_operator(
    client: http.Client, scheme: str, host: str
) -> None:
    async with Server(loopback.always(loopback.answer())) as server:
        url = f"{scheme}://{host}:{server.port}/"
        with pytest.raises(WorkflowError) as caught:
            await client.perform(effects.HttpRequest("GET", url), policy=egress.OPERATOR)
        assert caught.value.value == {
            "message": f"ConnectionFailedError: GET {http_url.parse(url).public}: "
            "this destination may not be called from here",
            "tags": ["ConnectionFailedError", "ConnectionError"],
        }
        assert server.connections == 0


async def test_the_reason_of_a_refusal_is_for_the_administrator_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lookup(_: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    client = http.Client(resolver=Resolver(lookup))
    with pytest.raises(WorkflowError) as caught:
        await client.perform(
            effects.HttpRequest("GET", "http://metadata.test/"), policy=EVERYTHING, tenant="team-a"
        )
    assert "169.254" not in caught.value.value["message"]
    assert caplog.messages == ["refused a call of team-a to metadata.test port 80 at 169.254.169.254"]
    await client.close()


async def test_a_name_with_a_permitted_and_a_denied_address_reaches_only_the_permitted_one() -> None:
    def lookup(_: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.2", "127.0.0.1")]

    client = http.Client(resolver=Resolver(lookup))
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        only = Policy(allow=(Destination.parse(f"127.0.0.1:{server.port}"),))
        answer = await client.perform(effects.HttpRequest("GET", server.url(host="mixed.test")), policy=only)
        assert answer["body"] == "ok"
    await client.close()


async def test_a_name_server_that_changes_its_mind_gains_nothing() -> None:
    """The address that was judged is the one that is called: one lookup a connection."""
    answers = itertools.cycle(["127.0.0.1", "127.0.0.3"])
    lookups = 0

    def lookup(_: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        nonlocal lookups
        lookups += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    client = http.Client(resolver=Resolver(lookup))
    async with Server(loopback.once(loopback.answer(b"denied")), host="127.0.0.3") as server:
        policy = Policy(allow=(Destination.parse(f"127.0.0.1:{server.port}"),))
        for _ in range(20):
            with pytest.raises(WorkflowError):
                await client.perform(
                    effects.HttpRequest("GET", server.url(host="rebinding.test")), policy=policy
                )
        assert lookups == 20
        assert server.connections == 0
    await client.close()
