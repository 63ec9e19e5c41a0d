"""Requests to an API server that answers as a test scripts it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from stepward.kube import access, bounds, client, failures
from stepward.kube.client import Client
from stepward.kube.resources import Ref

REF = Ref("ns", "one", "uid-1", "7")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers with the next of `answers`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | web.Response] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        answer = self.answers.pop(0)
        return await answer(request) if callable(answer) else answer


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
def kubeconfig(server: Server, tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("first")
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "users": [{"name": "u", "user": {"tokenFile": str(tmp_path / "token")}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def renew_token(kubeconfig: Path) -> Callable[[str], int]:
    return (kubeconfig.parent / "token").write_text


@pytest.fixture
def lose_kubeconfig(kubeconfig: Path) -> Callable[[], None]:
    return kubeconfig.unlink


@pytest.fixture
async def api(kubeconfig: Path) -> AsyncIterator[Client]:
    api = Client(await access.connect(str(kubeconfig)))
    yield api
    await api.close()


def says(status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def test_a_status_is_replaced_by_exactly_one_guarded_put(server: Server, api: Client) -> None:
    server.answers = [says(metadata={"resourceVersion": "8"})]
    written = await api.put_status(client.EXECUTIONS, REF, {"state": "Active", "result": None})
    assert written == REF.at("8")
    method, path, headers, body = server.asked[0]
    assert method == "PUT"
    assert path == ("/apis/stepward.dev/v1alpha1/namespaces/ns/executions/one/status?fieldManager=stepward")
    assert headers["Authorization"] == "Bearer first"
    assert json.loads(body) == {
        "apiVersion": "stepward.dev/v1alpha1",
        "kind": "Execution",
        "metadata": {"namespace": "ns", "name": "one", "uid": "uid-1", "resourceVersion": "7"},
        "status": {"state": "Active", "result": None},
    }


async def test_a_deletion_names_the_uid(server: Server, api: Client) -> None:
    server.answers = [says()]
    await api.delete(client.EXECUTIONS, REF)
    assert json.loads(server.asked[0][3])["preconditions"] == {"uid": "uid-1"}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
async def test_what_cannot_help_is_not_repeated(server: Server, api: Client, status: int) -> None:
    server.answers = [says(status)]
    with pytest.raises(failures.ApiFailure):
        await api.get(client.EXECUTIONS, "ns", "one")
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [says(503), says(429, {"Retry-After": "0"}), says(500), hang_up])
async def test_an_outage_is_waited_for(server: Server, api: Client, answer: web.Response | Answer) -> None:
    server.answers = [answer, says(name="one")]
    assert await api.get(client.EXECUTIONS, "ns", "one") == {"name": "one"}
    assert len(server.asked) == 2


async def test_an_outage_that_lasts_is_said(server: Server, api: Client) -> None:
    server.answers = [says(503) for _ in range(10)]
    with pytest.raises(failures.Unavailable, match="503"):
        await api.get(client.EXECUTIONS, "ns", "one")
    assert len(server.asked) == bounds.ATTEMPTS


async def test_an_answer_that_is_too_deep_is_read_without_what_is_too_deep(
    server: Server, api: Client
) -> None:
    text = '{"kept": 1, "deep": ' + "[" * 9_000 + "]" * 9_000 + "}"
    server.answers = [web.Response(text=text)]
    assert (await api.get(client.EXECUTIONS, "ns", "one"))["kept"] == 1


@pytest.mark.parametrize("text", ["", "nothing", "[1]", "{"])
async def test_an_answer_that_is_no_object_is_an_outage(server: Server, api: Client, text: str) -> None:
    server.answers = [web.Response(text=text) for _ in range(bounds.ATTEMPTS)]
    with pytest.raises(failures.Unavailable):
        await api.get(client.EXECUTIONS, "ns", "one")


async def test_a_list_is_read_page_by_page_and_is_metadata_alone(server: Server, api: Client) -> None:
    server.answers = [
        says(items=[{"a": 1}], metadata={"continue": "next"}),
        says(items=[{"b": 2}], metadata={}),
    ]
    found = [item async for item in api.list_metadata(client.EXECUTIONS, None)]
    assert found == [{"a": 1}, {"b": 2}]
    assert [asked[1] for asked in server.asked] == [
        "/apis/stepward.dev/v1alpha1/executions?limit=500",
        "/apis/stepward.dev/v1alpha1/executions?limit=500&continue=next",
    ]
    assert "PartialObjectMetadataList" in server.asked[0][2]["Accept"]


async def test_a_refused_token_is_read_again_once(
    server: Server, api: Client, renew_token: Callable[[str], int]
) -> None:
    renew_token("second")
    server.answers = [says(401), says(name="one")]
    assert await api.get(client.EXECUTIONS, "ns", "one") == {"name": "one"}
    assert [asked[2]["Authorization"] for asked in server.asked] == ["Bearer first", "Bearer second"]
    server.answers = [says(401)]
    with pytest.raises(failures.Forbidden):
        await api.get(client.EXECUTIONS, "ns", "one")


async def test_a_kubeconfig_that_is_gone_for_a_moment_keeps_the_old_token(
    server: Server, api: Client, lose_kubeconfig: Callable[[], None]
) -> None:
    lose_kubeconfig()
    server.answers = [says(401)]
    with pytest.raises(failures.Forbidden):
        await api.get(client.EXECUTIONS, "ns", "one")


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"clusters": []}'])
async def test_a_kubeconfig_that_is_no_good_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)
    with pytest.raises(access.NoAccess, match="kubeconfig"):
        await access.connect(str(file))


async def test_outside_a_cluster_the_message_says_what_to_give() -> None:
    with pytest.raises(access.NoAccess, match="--kubeconfig FILE"):
        await access.connect(None)


async def test_what_is_served_is_told(server: Server, api: Client) -> None:
    server.answers = [says(resources=[{"name": "executions"}, {"name": "executions/status"}]), says(404)]
    assert client.EXECUTIONS in await api.served()
    assert await api.served() == frozenset()


async def test_proxies_of_the_environment_have_no_effect(
    server: Server, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    api = Client(await access.connect(str(kubeconfig)))
    server.answers = [says(name="one")]
    assert await api.get(client.EXECUTIONS, "ns", "one") == {"name": "one"}
    await api.close()
