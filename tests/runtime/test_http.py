"""Requests and answers between the client and servers that behave."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import loopback
from loopback import Conversation, Seen, Server
from stepward.engine import effects
from stepward.runtime import egress, http
from stepward.runtime.wire.dialer import Dialer, Origin
from stepward.runtime.wire.failures import ExchangeError, Kind, Sent
from stepward.runtime.wire.resolver import Lookup, Resolver
from stepward.values import limits
from stepward.values.errors import WorkflowError

REPOSITORY = Path(__file__).parents[2]


async def exchange(client: http.Client, request: effects.HttpRequest, answer: bytes) -> tuple[Seen, object]:
    """Send *request*, whose URL is a path, to a server that gives *answer*; return what each got."""
    async with Server(loopback.once(answer)) as server:
        request.url = server.url(request.url)
        result = await client.perform(request, policy=egress.LOCAL)
        return server.requests[0], result


async def test_an_answer_is_body_code_and_headers(client: http.Client) -> None:
    answer = loopback.answer(b'{"a": 1}', headers={"content-type": "application/json", "x-trace-ID": "7"})
    _, result = await exchange(client, effects.HttpRequest("GET", "/"), answer)
    assert result == {
        "body": {"a": 1},
        "code": 200,
        "headers": {"Content-Length": "8", "Content-Type": "application/json", "X-Trace-Id": "7"},
    }


async def test_what_goes_on_the_wire_is_the_request_and_its_framing(client: http.Client) -> None:
    request = effects.HttpRequest(
        "POST", "/a?b=c", (("X-Name", "Zoë"), ("Content-Type", "text/plain")), b"hi"
    )
    seen, _ = await exchange(client, request, loopback.answer())
    assert seen.line == "POST /a?b=c HTTP/1.1"
    names = [name for name, _ in seen.headers]
    assert names == ["Host", "X-Name", "Content-Type", "Accept-Encoding", "Content-Length"]
    assert seen.header("X-Name") == "Zoë".encode().decode("latin-1")
    assert seen.body == b"hi"


@pytest.mark.parametrize(
    "target",
    ["/x/%2e%2e/y", "/a%2fb", "/%7E%2C", "/a/../b", "//a//b", "/?", "/?a=1&&b", "/a+b%20c", "/%", "/;p=1"],
)
async def test_path_and_query_are_sent_as_written(client: http.Client, target: str) -> None:
    seen, _ = await exchange(client, effects.HttpRequest("GET", target), loopback.answer())
    assert seen.line == f"GET {target} HTTP/1.1"


@pytest.mark.parametrize(
    "method, body, length",
    [
        ("GET", None, None),
        ("DELETE", None, None),
        ("POST", None, "0"),
        ("PUT", None, "0"),
        ("PATCH", b"", "0"),
        ("DELETE", b"ab", "2"),
        ("GET", b"ab", "2"),
    ],
)
async def test_a_length_is_sent_where_a_body_is_or_would_be(
    client: http.Client, method: str, body: bytes | None, length: str | None
) -> None:
    seen, _ = await exchange(client, effects.HttpRequest(method, "/", body=body), loopback.answer())
    assert seen.header("Content-Length") == length
    assert seen.header("Transfer-Encoding") is None


async def test_a_large_body_arrives_whole(client: http.Client) -> None:
    body = os.urandom(3_000_000)
    seen, _ = await exchange(client, effects.HttpRequest("PUT", "/", body=body), loopback.answer())
    assert seen.body == body


async def test_an_authors_accept_encoding_is_the_only_one(client: http.Client) -> None:
    request = effects.HttpRequest("GET", "/", (("accept-encoding", "identity"),))
    seen, _ = await exchange(client, request, loopback.answer())
    assert seen.header("accept-encoding") == "identity"
    assert seen.header("Accept-Encoding") is None


@pytest.mark.parametrize("code", [200, 201, 204, 299, 300, 304, 305, 399])
async def test_below_400_is_success(client: http.Client, code: int) -> None:
    _, result = await exchange(client, effects.HttpRequest("GET", "/"), loopback.answer(code=code))
    assert isinstance(result, dict)
    assert result["code"] == code
    assert result["body"] is None


@pytest.mark.parametrize("code", [400, 404, 429, 500, 503, 599])
async def test_from_400_on_is_an_http_error_with_the_answer(client: http.Client, code: int) -> None:
    answer = loopback.answer(
        b'{"why": "not"}', code=code, headers={"Content-Type": "application/problem+json"}
    )
    with pytest.raises(WorkflowError) as caught:
        await exchange(client, effects.HttpRequest("GET", "/"), answer)
    assert caught.value.value == {
        "message": f"HTTP server responded with error code {code}",
        "tags": ["HttpError"],
        "code": code,
        "headers": {"Content-Length": "14", "Content-Type": "application/problem+json"},
        "body": {"why": "not"},
    }
    assert http.sent_of(caught.value) is Sent.YES


async def test_an_answer_to_head_has_no_body_whatever_its_length_says(client: http.Client) -> None:
    answer = loopback.answer(headers={"Content-Length": "1234", "Content-Encoding": "gzip"})
    seen, result = await exchange(client, effects.HttpRequest("HEAD", "/"), answer)
    assert seen.line.startswith("HEAD ")
    assert isinstance(result, dict)
    assert result["body"] is None
    assert result["headers"]["Content-Length"] == "1234"


async def test_interim_answers_are_passed_over(client: http.Client) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    _, result = await exchange(client, effects.HttpRequest("GET", "/"), interim + loopback.answer(b"ok"))
    assert isinstance(result, dict)
    assert result["body"] == "ok"
    assert "Link" not in result["headers"]


async def test_an_answer_before_the_end_of_the_request_counts(client: http.Client) -> None:
    async def refuses_early(conversation: Conversation) -> None:
        await conversation.reader.readuntil(b"\r\n\r\n")
        await conversation.send(loopback.answer(code=413))
        await conversation.gone()

    async with Server(refuses_early) as server:
        request = effects.HttpRequest("POST", server.url(), body=bytes(20_000_000))
        with pytest.raises(WorkflowError) as caught:
            await client.perform(request, policy=egress.LOCAL)
        assert caught.value.value["code"] == 413
        await asyncio.wait_for(server.left.wait(), 5)


async def test_cookies_are_neither_kept_nor_sent(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer(headers={"Set-Cookie": "a=b; Path=/"}))) as server:
        for _ in range(2):
            await client.perform(effects.HttpRequest("GET", server.url()), policy=egress.LOCAL)
        assert all(seen.header("Cookie") is None for seen in server.requests)


async def test_auth_is_refused_without_sending_anything(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer())) as server:
        request = effects.HttpRequest("GET", server.url(), auth={"type": "OIDC"})
        with pytest.raises(WorkflowError, match="not supported") as caught:
            await client.perform(request, policy=egress.LOCAL)
        assert caught.value.value["tags"] == ["AuthError"]
        assert http.sent_of(caught.value) is Sent.NO
        assert server.connections == 0


# --- no connection -------------------------------------------------------------------------------


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_refused_connection_never_reached_anybody(client: http.Client) -> None:
    url = f"http://127.0.0.1:{unused_port()}/path"
    with pytest.raises(WorkflowError) as caught:
        await client.perform(effects.HttpRequest("POST", url + "?key=secret", body=b"x"), policy=egress.LOCAL)
    assert caught.value.value == {
        "message": f"ConnectionFailedError: POST {url}: connection refused",
        "tags": ["ConnectionFailedError", "ConnectionError"],
    }
    assert http.sent_of(caught.value) is Sent.NO


def resolving(lookup: Lookup) -> http.Client:
    return http.Client(resolver=Resolver(lookup))


def addresses(*found: str) -> Lookup:
    """Return a lookup that knows every name under the addresses *found*."""

    def lookup(_: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in found
        ]

    return lookup


async def test_an_unknown_name_never_reached_anybody() -> None:
    def unknown(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    client = resolving(unknown)
    with pytest.raises(WorkflowError) as caught:
        await client.perform(effects.HttpRequest("GET", "http://nowhere.test/"), policy=egress.LOCAL)
    assert caught.value.value["tags"] == ["ConnectionFailedError", "ConnectionError"]
    assert caught.value.value["message"] == (
        "ConnectionFailedError: GET http://nowhere.test/: "
        "host name 'nowhere.test' cannot be resolved: Name or service not known"
    )
    assert http.sent_of(caught.value) is Sent.NO
    await client.close()


async def test_a_name_without_addresses_never_reached_anybody() -> None:
    client = resolving(addresses())
    with pytest.raises(WorkflowError, match="has no address"):
        await client.perform(effects.HttpRequest("GET", "http://nowhere.test/"), policy=egress.LOCAL)
    await client.close()


async def test_the_host_header_holds_the_name_and_the_next_address_is_tried() -> None:
    """Nothing listens at ::1 on that port, or there is no IPv6 at all: either way the other one answers."""
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        client = resolving(addresses("::1", "127.0.0.2", "127.0.0.1"))
        result = await client.perform(
            effects.HttpRequest("GET", server.url(host="Some.Test")), policy=egress.LOCAL
        )
        assert result["body"] == "ok"
        assert server.requests[0].header("Host") == f"some.test:{server.port}"
        await client.close()


async def test_an_address_that_never_answers_holds_the_others_up_for_a_moment_only() -> None:
    async with Server(loopback.always(loopback.answer(b"ok"))) as server:
        with contextlib.ExitStack() as stack:
            mute = stack.enter_context(socket.socket())
            mute.bind(("127.0.0.2", server.port))
            mute.listen(0)
            for _ in range(3):  # fill its queue: the system drops whoever comes next
                caller = stack.enter_context(socket.socket())
                caller.settimeout(0)
                caller.connect_ex(("127.0.0.2", server.port))
            client = resolving(addresses("127.0.0.2", "127.0.0.1"))
            request = effects.HttpRequest("GET", server.url(host="some.test"), timeout_seconds=10)
            answer = await client.perform(request, policy=egress.LOCAL)
            assert answer["body"] == "ok"
            await client.close()


async def test_a_connection_that_takes_too_long_is_given_up() -> None:
    async with Server(loopback.then_silence(b"")) as server:
        dialer = Dialer(Resolver(), connect_seconds=0.05)
        with pytest.raises(ExchangeError, match=r"no connection within 0\.05 seconds") as caught:
            await dialer.dial(Origin(egress.LOCAL, "https", "127.0.0.1", server.port), "")
        assert caught.value.kind is Kind.CONNECT
        await asyncio.wait_for(server.left.wait(), 5)


async def test_all_addresses_refused_is_refused() -> None:
    client = resolving(addresses("127.0.0.1", "127.0.0.2"))
    url = f"http://some.test:{unused_port()}/"
    with pytest.raises(WorkflowError, match="connection refused"):
        await client.perform(effects.HttpRequest("GET", url), policy=egress.LOCAL)
    await client.close()


async def test_a_slow_lookup_is_a_timeout_and_nothing_was_sent() -> None:
    release = threading.Event()

    def slow(*_: object) -> list[object]:
        release.wait(20)
        return []

    client = resolving(slow)
    request = effects.HttpRequest("GET", "http://slow.test/", timeout_seconds=0.05)
    with pytest.raises(WorkflowError, match="request timed out") as caught:
        await client.perform(request, policy=egress.LOCAL)
    assert http.sent_of(caught.value) is Sent.NO
    release.set()
    await client.close()


async def test_ipv6_is_spoken_where_there_is_any_and_else_refused(client: http.Client) -> None:
    try:
        server = await Server(loopback.always(loopback.answer(b"six")), host="::1").__aenter__()
    except OSError:
        with pytest.raises(WorkflowError) as caught:
            await client.perform(effects.HttpRequest("GET", "http://[::1]:9/"), policy=egress.LOCAL)
        assert caught.value.value["tags"] == ["ConnectionFailedError", "ConnectionError"]
    else:
        answer = await client.perform(effects.HttpRequest("GET", server.url()), policy=egress.LOCAL)
        assert answer["body"] == "six"
        assert server.requests[0].header("Host") == f"[::1]:{server.port}"
        await server.__aexit__(None, None, None)


HOSTILE_ENVIRONMENT_CALL = """
import asyncio, sys
from stepward.engine import effects
from stepward.runtime import egress, http

async def main():
    client = http.Client()
    certificate = bytes.fromhex(sys.argv[2])
    request = effects.HttpRequest("GET", sys.argv[1], ca_certificate=certificate or None)
    answer = await client.perform(request, policy=egress.LOCAL)
    print(answer["body"])
    await client.close()

asyncio.run(main())
"""


async def test_the_environment_has_no_say(tmp_path: Path) -> None:
    """Proxies, .netrc and the like change nothing: the call goes where it says."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    environment = {
        "HOME": str(tmp_path),
        "PYTHONPATH": str(REPOSITORY / "operator"),
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:1/"),
    }
    async with Server(loopback.always(loopback.answer(b"direct"))) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            HOSTILE_ENVIRONMENT_CALL,
            server.url(),
            "",
            env=environment,
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert output == b"direct\n"
        assert server.requests[0].header("Authorization") is None


async def test_importing_the_client_imports_no_other_http_library() -> None:
    """The local runner has 300 ms for everything."""
    script = "import sys, json, stepward.runtime.http; print(json.dumps(sorted(sys.modules)))"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        env={"PYTHONPATH": str(REPOSITORY / "operator")},
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert not {"aiohttp", "httpx", "requests", "urllib3", "http.client"} & set(json.loads(output))


def test_the_longest_url_fits_the_request_line() -> None:
    assert limits.URL_CHARACTERS < limits.REQUEST_HEADER_BYTES
