"""The loopback server of callbacks, with real requests."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stepward.engine import effects
from stepward.runtime import egress, http
from stepward.runtime.callbacks import CallbackServer
from stepward.values import limits, model
from stepward.values.errors import WorkflowError

JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def announced() -> list[str]:
    return []


@pytest.fixture
async def server(announced: list[str]) -> AsyncIterator[CallbackServer]:
    made = CallbackServer(time.time, announced.append)
    yield made
    await made.close()


async def call(client: http.Client, url: str, method: str = "POST", body: object = None) -> int:
    """Send a request to *url* and return the status of the answer."""
    content = None if body is None else json.dumps(body).encode()
    request = effects.HttpRequest(method, url, JSON if content else (), content)
    try:
        answer = await client.perform(request, policy=egress.LOCAL)
    except WorkflowError as failure:
        return int(failure.value["code"])
    return int(answer["code"])


async def test_a_request_resumes_the_wait(
    client: http.Client, server: CallbackServer, announced: list[str]
) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    waiting = asyncio.ensure_future(server.wait("x", 2, url, 60))
    await asyncio.sleep(0)
    assert announced == [f"POST {url}"]
    assert await call(client, f"{url}?approved=yes", body={"ok": True}) == 200
    request = (await waiting)["http_request"]
    assert request["body"] == {"ok": True}
    assert request["query"] == {"approved": "yes"}
    assert request["headers"]["Content-Type"] == "application/json"
    assert url.endswith(request["url"])


async def test_a_request_before_the_wait_is_kept_and_the_next_is_too_many(
    client: http.Client, server: CallbackServer, announced: list[str]
) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    assert [await call(client, url, body=number) for number in (1, 2)] == [200, 429]
    assert (await server.wait("x", 2, url, 60))["http_request"]["body"] == 1
    assert announced == [], "nobody has to send what is there already"
    assert await call(client, url, body=3) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_every_method_can_be_asked_for(
    client: http.Client, server: CallbackServer, method: str
) -> None:
    url = (await server.create("x", 1, method))["url"]
    other = "POST" if method == "GET" else "GET"
    assert await call(client, url, other) == 405
    assert await call(client, url, method) == 200
    assert (await server.wait("x", 2, url, 60))["http_request"]["method"] == method


async def test_nobody_calls_in_time(server: CallbackServer) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    with pytest.raises(WorkflowError) as caught:
        await server.wait("x", 2, url, 0)
    assert "TimeoutError" in caught.value.value["tags"]


async def test_a_wait_that_was_abandoned_takes_no_request(
    client: http.Client, server: CallbackServer
) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    waiting = asyncio.ensure_future(server.wait("x", 2, url, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await call(client, url, body="late") == 200
    assert (await server.wait("x", 3, url, 60))["http_request"]["body"] == "late"


async def test_after_the_execution_there_is_no_endpoint(client: http.Client, server: CallbackServer) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    server.end("x")
    assert await call(client, url) == 404
    assert await call(client, url.rsplit("/", 2)[0] + "/other") == 404


async def test_a_large_body_is_refused(client: http.Client, server: CallbackServer) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    assert await call(client, url, body="x" * limits.VARIABLES_BYTES) == 413


async def test_only_this_machine_is_listened_to(server: CallbackServer) -> None:
    url = (await server.create("x", 1, "POST"))["url"]
    assert url.startswith("http://127.0.0.1:")
    assert len(url.rsplit("/", 1)[1]) >= 22, "128 bits"


async def test_executions_of_a_process_share_the_server(client: http.Client, server: CallbackServer) -> None:
    urls: list[Any] = await asyncio.gather(*(server.create(owner, 1, "POST") for owner in "xyz"))
    assert len({url["url"] for url in urls}) == 3
    assert len({url["url"].rsplit("/", 1)[0] for url in urls}) == 1
    assert isinstance(urls[0], model.Map)
