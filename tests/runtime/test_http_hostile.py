"""Servers that misbehave: each must end in the right error, in time, without a second request."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

import loopback
from loopback import Conversation, Script, Server
from stepward.engine import effects
from stepward.runtime import egress, http
from stepward.runtime.wire.failures import Sent
from stepward.values import limits
from stepward.values.errors import WorkflowError

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def request(method: str, url: str, timeout: float = 20.0) -> effects.HttpRequest:
    return effects.HttpRequest(
        method, url, body=b"x" * 1000 if method == "POST" else None, timeout_seconds=timeout
    )


async def closes_without_reading(conversation: Conversation) -> None:
    conversation.server.requests.append(loopback.Seen("", [], b""))


async def closes_after_reading(conversation: Conversation) -> None:
    await conversation.request()


async def resets_after_reading(conversation: Conversation) -> None:
    await conversation.request()
    conversation.reset()


async def resets_mid_body(conversation: Conversation) -> None:
    await conversation.request()
    await conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
    conversation.reset()


async def floods_with_interim_answers(conversation: Conversation) -> None:
    await conversation.request()
    while True:
        await conversation.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")


async def sends_headers_for_ever(conversation: Conversation) -> None:
    await conversation.request()
    await conversation.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await conversation.send(b"X-Header: " + b"x" * 500 + b"\r\n")


async def sends_tiny_chunks_for_ever(conversation: Conversation) -> None:
    await conversation.request()
    await conversation.send(CHUNKED)
    while True:
        await conversation.send(b"1\r\nx\r\n" * 10_000)


BREAKS: dict[str, tuple[Script, Sent | None]] = {
    # name: (what the server does, how far the request got; None: depends on which packet is faster)
    "closes without reading": (closes_without_reading, Sent.MAYBE),
    "closes after reading": (closes_after_reading, Sent.MAYBE),
    "resets after reading": (resets_after_reading, Sent.MAYBE),
    "half a status line": (loopback.once(b"HTTP/1.1 20"), Sent.MAYBE),
    "half the headers": (loopback.once(b"HTTP/1.1 200 OK\r\nContent-Le"), Sent.MAYBE),
    "half the body": (loopback.once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), Sent.YES),
    "reset in the body": (resets_mid_body, None),
    "half a chunk": (loopback.once(CHUNKED + b"a\r\n12345"), Sent.YES),
    "no last chunk": (loopback.once(CHUNKED + b"5\r\n12345\r\n"), Sent.YES),
    "an interim answer only": (loopback.once(b"HTTP/1.1 103 Early Hints\r\n\r\n"), Sent.MAYBE),
    "another protocol": (loopback.once(b"SSH-2.0-OpenSSH_9.6\r\n"), Sent.MAYBE),
    "binary garbage": (loopback.once(bytes(range(256)) * 4), Sent.MAYBE),
    "an HTTP/2 preface": (loopback.once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03"), Sent.MAYBE),
    "a status that is no number": (loopback.once(b"HTTP/1.1 OK 200\r\n\r\n"), Sent.MAYBE),
    "a header without colon": (loopback.once(b"HTTP/1.1 200 OK\r\nNonsense\r\n\r\n"), Sent.MAYBE),
    "NUL in a header": (loopback.once(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"), Sent.MAYBE),
    "two lengths": (
        loopback.once(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        Sent.MAYBE,
    ),
    "a negative length": (loopback.once(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Sent.MAYBE),
    "a bad chunk size": (loopback.once(CHUNKED + b"zz\r\n12345\r\n0\r\n\r\n"), Sent.YES),
    "an unknown transfer coding": (
        loopback.once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        Sent.MAYBE,
    ),
    "an upgrade nobody asked for": (
        loopback.once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        Sent.MAYBE,
    ),
    "one long header": (
        loopback.once(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n"),
        Sent.MAYBE,
    ),
    "sixty headers of 8,000 bytes": (
        loopback.once(b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"x" * 8_000 + b"\r\n") * 60 + b"\r\n"),
        Sent.MAYBE,
    ),
    "long trailers": (
        loopback.once(CHUNKED + b"0\r\n" + (b"X: " + b"x" * 8_000 + b"\r\n") * 60 + b"\r\n"),
        Sent.YES,
    ),
    "endless headers": (sends_headers_for_ever, Sent.MAYBE),
    "endless interim answers": (floods_with_interim_answers, Sent.MAYBE),
    "endless tiny chunks": (sends_tiny_chunks_for_ever, Sent.YES),
    "gzip that is none": (
        loopback.once(loopback.answer(b"plain text", headers={"Content-Encoding": "gzip"})),
        Sent.YES,
    ),
    "gzip cut off": (
        loopback.once(
            loopback.answer(gzip.compress(b"text" * 99)[:-9], headers={"Content-Encoding": "gzip"})
        ),
        Sent.YES,
    ),
    "gzip in too many pieces": (
        loopback.once(loopback.answer(gzip.compress(b"") * 5_000, headers={"Content-Encoding": "gzip"})),
        Sent.YES,
    ),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", BREAKS)
async def test_a_broken_answer_is_a_connection_error_and_nothing_is_sent_again(
    client: http.Client, name: str, method: str
) -> None:
    script, sent = BREAKS[name]
    async with Server(script) as server:
        with pytest.raises(WorkflowError) as caught:
            await client.perform(request(method, server.url("/path?token=secret")), policy=egress.LOCAL)
        assert caught.value.value["tags"] == ["ConnectionError"]
        assert not caught.value.fatal
        assert caught.value.value["message"].startswith(f"ConnectionError: {method} {server.url('/path')}: ")
        assert "secret" not in caught.value.value["message"]
        assert sent is None or http.sent_of(caught.value) is sent
        assert (server.connections, len(server.requests)) == (1, 1)


async def reads_nothing(conversation: Conversation) -> None:
    conversation.server.requests.append(loopback.Seen("", [], b""))
    await asyncio.Event().wait()


async def drips(conversation: Conversation) -> None:
    await conversation.request()
    await conversation.send(CHUNKED)
    while True:
        await conversation.send(b"1\r\nx\r\n")
        await asyncio.sleep(0)


STALLS: dict[str, tuple[Script, Sent]] = {
    "never answers": (loopback.then_silence(b""), Sent.MAYBE),
    "stops in the headers": (loopback.then_silence(b"HTTP/1.1 200 OK\r\nX: y\r\n"), Sent.MAYBE),
    "stops after an interim answer": (loopback.then_silence(b"HTTP/1.1 103 Early Hints\r\n\r\n"), Sent.MAYBE),
    "stops before the body": (
        loopback.then_silence(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        Sent.YES,
    ),
    "stops in the body": (loopback.then_silence(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12"), Sent.YES),
    "drips": (drips, Sent.YES),
    "reads nothing": (reads_nothing, Sent.MAYBE),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", STALLS)
async def test_a_stalled_answer_is_a_timeout_of_the_whole_exchange(
    client: http.Client, name: str, method: str
) -> None:
    script, sent = STALLS[name]
    async with Server(script) as server:
        with pytest.raises(WorkflowError) as caught:
            await client.perform(request(method, server.url(), timeout=0.2), policy=egress.LOCAL)
        assert caught.value.value == {"message": "request timed out", "tags": ["TimeoutError", "OSError"]}
        assert http.sent_of(caught.value) is sent
        assert len(server.requests) == 1


async def test_a_timeout_closes_the_connection(client: http.Client) -> None:
    async with Server(loopback.then_silence(b"")) as server:
        with pytest.raises(WorkflowError):
            await client.perform(request("GET", server.url(), timeout=0.05), policy=egress.LOCAL)
        await asyncio.wait_for(server.left.wait(), 5)


async def test_cancelling_closes_the_connection(client: http.Client) -> None:
    arrived = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.request()
        arrived.set()
        await conversation.gone()

    async with Server(script) as server:
        call = asyncio.create_task(client.perform(request("GET", server.url()), policy=egress.LOCAL))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(server.left.wait(), 5)


def bodies(size: int) -> dict[str, bytes]:
    """Return answers whose body has *size* bytes, in every framing and coding."""
    body = b"x" * size
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:999], body[999:]) if part)
    return {
        "with a length": loopback.answer(body),
        "in chunks": CHUNKED + chunks + b"0\r\n\r\n",
        "until the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body,
        "from an old server": b"HTTP/1.0 200 OK\r\n\r\n" + body,
        "as gzip": loopback.answer(gzip.compress(body), headers={"Content-Encoding": "gzip"}),
        "as two gzip streams": loopback.answer(
            gzip.compress(body[:7]) + gzip.compress(body[7:]), headers={"Content-Encoding": "x-gzip"}
        ),
        "as deflate": loopback.answer(zlib.compress(body), headers={"Content-Encoding": "deflate"}),
        "as raw deflate": loopback.answer(
            raw.compress(body) + raw.flush(), headers={"Content-Encoding": "Deflate"}
        ),
        "as padded gzip": loopback.answer(
            gzip.compress(body) + bytes(100), headers={"Content-Encoding": "gzip"}
        ),
    }


@pytest.mark.parametrize("form", bodies(0))
@pytest.mark.parametrize("size", [1, 100_000, limits.RESPONSE_BYTES])
async def test_a_body_up_to_the_limit_arrives_in_every_form(
    client: http.Client, form: str, size: int
) -> None:
    async with Server(loopback.once(bodies(size)[form])) as server:
        answer = await client.perform(request("GET", server.url()), policy=egress.LOCAL)
        assert len(answer["body"]) == size
        assert "Content-Encoding" not in answer["headers"]


@pytest.mark.parametrize("form", bodies(0))
async def test_a_body_above_the_limit_cannot_be_caught(client: http.Client, form: str) -> None:
    async with Server(loopback.once(bodies(limits.RESPONSE_BYTES + 1)[form])) as server:
        with pytest.raises(WorkflowError) as caught:
            await client.perform(request("GET", server.url()), policy=egress.LOCAL)
        assert caught.value.value["tags"] == ["ResourceLimitError"]
        assert caught.value.fatal
        assert http.sent_of(caught.value) is Sent.YES


async def test_a_compressed_bomb_takes_no_more_memory_than_the_limit(client: http.Client) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(100)), packer.flush()])
    answer = loopback.answer(bomb, headers={"Content-Encoding": "deflate"})
    async with Server(loopback.once(answer)) as server:
        tracemalloc.start()
        with pytest.raises(WorkflowError, match="larger than 2000000 bytes"):
            await client.perform(request("GET", server.url()), policy=egress.LOCAL)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8_000_000


async def test_tiny_chunks_do_not_keep_others_waiting(client: http.Client) -> None:
    """While one answer is taken apart piece by piece, another call begins and ends."""
    arrived = asyncio.Event()

    async def tiny_chunks(conversation: Conversation) -> None:
        await conversation.request()
        arrived.set()
        await conversation.send(CHUNKED + b"1\r\nx\r\n" * 90_000 + b"0\r\n\r\n")

    quick_script = loopback.always(loopback.answer(b"ok"))
    async with Server(tiny_chunks) as slow, Server(quick_script) as quick:
        hog = asyncio.create_task(client.perform(request("GET", slow.url()), policy=egress.LOCAL))
        await arrived.wait()
        await client.perform(request("GET", quick.url()), policy=egress.LOCAL)
        assert not hog.done()
        assert len((await hog)["body"]) == 90_000


async def test_a_compression_we_do_not_know_stays_as_it_is(client: http.Client) -> None:
    answer = loopback.answer(
        b"\x0b\x02\x80hi\x03", headers={"Content-Encoding": "br", "Content-Type": "text/plain"}
    )
    async with Server(loopback.once(answer)) as server:
        result = await client.perform(request("GET", server.url()), policy=egress.LOCAL)
        assert result["body"] == b"\x0b\x02\x80hi\x03"
        assert result["headers"]["Content-Encoding"] == "br"
