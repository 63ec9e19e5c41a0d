"""Connections that are kept: for whom, for how long, and when not."""

import asyncio
import threading

import pytest

import loopback
from loopback import Conversation, Server
from stepward.engine import effects
from stepward.runtime import egress, http
from stepward.runtime.wire.failures import ExchangeError
from stepward.runtime.wire.resolver import Resolver
from stepward.runtime.wire.turns import Turns
from stepward.values import limits
from stepward.values.errors import WorkflowError

ANOTHER = egress.Policy(allow_loopback=True, allow=(egress.Destination.parse("other.test:80"),))


async def get(client: http.Client, server: Server, policy: egress.Policy = egress.LOCAL) -> object:
    answer = await client.perform(effects.HttpRequest("GET", server.url()), policy=policy)
    return answer["body"]


async def test_a_connection_is_used_again(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        for _ in range(5):
            assert await get(client, server) == "ok"
        assert (server.connections, len(server.requests)) == (1, 5)


async def test_an_error_answer_does_not_end_its_connection(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer(b"no", code=404))) as server:
        for _ in range(3):
            with pytest.raises(WorkflowError):
                await get(client, server)
        assert server.connections == 1


async def test_a_connection_never_serves_another_policy(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        await get(client, server, egress.LOCAL)
        await get(client, server, ANOTHER)
        await get(client, server, egress.Policy(allow_loopback=True))  # equal to LOCAL: the same class
        assert server.connections == 2


async def test_who_may_not_connect_gets_nothing_from_a_kept_connection(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        await get(client, server, egress.LOCAL)
        with pytest.raises(WorkflowError, match="may not be called"):
            await get(client, server, egress.OPERATOR)
        assert len(server.requests) == 1


UNFIT = {
    "asked to be closed": loopback.answer(b"ok", headers={"Connection": "close"}),
    "of an old server": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "with bytes behind the answer": loopback.answer(b"ok") + loopback.answer(b"smuggled"),
}


@pytest.mark.parametrize("name", UNFIT)
async def test_an_unfit_connection_is_not_used_again(client: http.Client, name: str) -> None:
    async with Server(loopback.then_silence(UNFIT[name])) as server:
        for _ in range(2):
            assert await get(client, server) == "ok"
        assert server.connections == 2


async def test_a_connection_that_the_server_closed_is_replaced_before_sending(client: http.Client) -> None:
    async with Server(loopback.once(loopback.answer(b"ok"))) as server:
        for _ in range(20):
            assert await get(client, server) == "ok"
        assert (server.connections, len(server.requests)) == (20, 20)


async def test_a_connection_on_which_the_server_spoke_unasked_is_replaced(client: http.Client) -> None:
    spoke = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.request()
        await conversation.send(loopback.answer(b"first"))
        await answered.wait()
        await conversation.send(loopback.answer(b"smuggled"))
        spoke.set()
        await conversation.gone()

    answered = asyncio.Event()
    async with Server(script) as server:
        assert await get(client, server) == "first"
        answered.set()
        await spoke.wait()
        assert await get(client, server) == "first"
        assert server.connections == 2


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    client = http.Client(keep_seconds=0.01)

    async def script(conversation: Conversation) -> None:
        await conversation.request()
        await conversation.send(loopback.answer(b"ok"))
        await conversation.gone()

    async with Server(script) as server:
        await get(client, server)
        await asyncio.wait_for(server.left.wait(), 5)
    await client.close()


async def test_closing_the_client_closes_idle_connections(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        await get(client, server)
        await client.close()
        await asyncio.wait_for(server.left.wait(), 5)


async def test_requests_beyond_the_limit_of_a_host_wait_their_turn(client: http.Client) -> None:
    full, release = asyncio.Event(), asyncio.Event()
    open_now = most = 0

    async def script(conversation: Conversation) -> None:
        nonlocal open_now, most
        while True:
            await conversation.request()
            open_now += 1
            most = max(most, open_now)
            if open_now == limits.CONNECTIONS_PER_HOST:
                full.set()
            await release.wait()
            open_now -= 1
            await conversation.send(loopback.answer(b"ok"))

    async with Server(script) as server, asyncio.TaskGroup() as group:
        calls = [group.create_task(get(client, server)) for _ in range(limits.CONNECTIONS_PER_HOST + 50)]
        await full.wait()
        release.set()
        assert [await call for call in calls] == ["ok"] * len(calls)
        assert most == limits.CONNECTIONS_PER_HOST
        assert server.connections == limits.CONNECTIONS_PER_HOST


async def test_turns_forget_keys_that_nobody_uses() -> None:
    turns = Turns(1)
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("a"))
    given_up = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    turns.give("a")
    await waiting
    turns.give("a")
    assert len(turns) == 0


# --- name lookups --------------------------------------------------------------------------------


async def test_slow_names_of_one_tenant_do_not_delay_another() -> None:
    release = threading.Event()
    looking: list[str] = []

    def lookup(host: str, _: int) -> list[object]:
        looking.append(host)
        if host == "slow.test":
            release.wait(20)
        return []

    resolver = Resolver(lookup)
    slow = [asyncio.create_task(resolver.addresses("slow.test", 80, "a")) for _ in range(24)]
    with pytest.raises(ExchangeError, match=r"quick\.test"):
        await resolver.addresses("quick.test", 80, "b")
    assert looking.count("slow.test") == limits.RESOLVER_THREADS_PER_TENANT
    release.set()
    results = await asyncio.gather(*slow, return_exceptions=True)
    assert all(isinstance(result, ExchangeError) for result in results)
    assert looking.count("slow.test") == 24


async def test_an_abandoned_lookup_keeps_its_turn_until_its_thread_ends() -> None:
    release = threading.Event()
    looking: list[str] = []

    def lookup(host: str, _: int) -> list[object]:
        looking.append(host)
        release.wait(20)
        return []

    resolver = Resolver(lookup)
    for place in range(limits.RESOLVER_THREADS_PER_TENANT + 2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolver.addresses(f"{place}.test", 80, "a"), 0.02)
    assert len(looking) == limits.RESOLVER_THREADS_PER_TENANT
    release.set()
    with pytest.raises(ExchangeError):
        await resolver.addresses("last.test", 80, "a")


async def test_addresses_alternate_between_families_without_doubles() -> None:
    def lookup(_: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        rows = [(6, "::2"), (6, "::3"), (6, "::2"), (4, "10.0.0.1"), (4, "10.0.0.2"), (4, "10.0.0.3")]
        return [(family, 1, 6, "", (ip, port)) for family, ip in rows]

    found = await Resolver(lookup).addresses("some.test", 80, "")
    assert [address.ip for address in found] == ["::2", "10.0.0.1", "::3", "10.0.0.2", "10.0.0.3"]
