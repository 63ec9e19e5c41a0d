"""Redirects: where they lead, and what goes along (language.md 6.6)."""

import pytest

import loopback
from loopback import Conversation, Script, Server
from stepward.engine import effects
from stepward.runtime import egress, http, redirects
from stepward.runtime.redirects import Hop
from stepward.runtime.wire.failures import Sent
from stepward.stdlib import http_headers, http_url
from stepward.values import limits
from stepward.values.errors import WorkflowError

HEADERS = (
    ("X-Api-Key", "canary"),
    ("Content-Type", "text/plain"),
    ("User-Agent", "mine " + http_headers.USER_AGENT),
)
BODY = b"canary"
START = "https://a.test/folder/page?old=1"

SAME = {
    "https://a.test/new": "https://a.test/new",
    "https://A.TEST:443/new?x#fragment": "https://a.test/new?x",
    "/new": "https://a.test/new",
    "new": "https://a.test/folder/new",
    "../new": "https://a.test/new",
    "./": "https://a.test/folder/",
    "../../../new/.": "https://a.test/new/",
    "?new=2": "https://a.test/folder/page?new=2",
    "#fragment": START,
    "//a.test/new": "https://a.test/new",
    "/with space/ü": "https://a.test/with%20space/%C3%BC",
    "/%2e%2e/%2F": "https://a.test/%2e%2e/%2F",
    "/time/12:30": "https://a.test/time/12:30",
}
CROSS = {
    "https://b.test/": "https://b.test/",
    "http://a.test/": "http://a.test/",
    "https://a.test:8443/": "https://a.test:8443/",
    "//b.test/x": "https://b.test/x",
    "https://sub.a.test/": "https://sub.a.test/",
}
UNUSABLE = [
    "ftp://a.test/",
    "javascript:alert(1)",
    "https://user:password@a.test/",
    "https:///path",
    "//",
    "https://a.test:99999/",
    "https://a.test\\@b.test/",
    "mailto:x@a.test",
    "https://[::1/",
    "/" + "x" * limits.URL_CHARACTERS,
]


def hop(method: str, url: str = START) -> Hop:
    return Hop(method, http_url.parse(url), HEADERS, BODY, b"certificate")


@pytest.mark.parametrize("location, url", SAME.items())
@pytest.mark.parametrize("code", [301, 302, 303])
@pytest.mark.parametrize(
    "method, becomes", [("GET", "GET"), ("POST", "GET"), ("DELETE", "GET"), ("HEAD", "HEAD")]
)
def test_301_to_303_become_get_without_body(
    method: str, becomes: str, code: int, location: str, url: str
) -> None:
    onward = redirects.following(hop(method), code, location)
    assert onward is not None
    assert (onward.method, str(onward.url), onward.body) == (becomes, url, None)
    assert onward.headers == (HEADERS[0], HEADERS[2])
    assert onward.ca_certificate == b"certificate"


@pytest.mark.parametrize("location, url", SAME.items())
@pytest.mark.parametrize("code", [307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_307_and_308_keep_everything(method: str, code: int, location: str, url: str) -> None:
    onward = redirects.following(hop(method), code, location)
    assert onward == Hop(method, http_url.parse(url), HEADERS, BODY, b"certificate")


@pytest.mark.parametrize("location, url", CROSS.items())
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("code", [301, 302, 303])
def test_nothing_of_the_caller_goes_to_another_origin(
    code: int, method: str, location: str, url: str
) -> None:
    onward = redirects.following(hop(method), code, location)
    product = (("User-Agent", http_headers.USER_AGENT),)
    assert onward == Hop("GET", http_url.parse(url), product, None, None)


@pytest.mark.parametrize("location", CROSS)
@pytest.mark.parametrize("code", [307, 308])
def test_307_and_308_to_another_origin_are_left_to_the_author(code: int, location: str) -> None:
    assert redirects.following(hop("POST"), code, location) is None


@pytest.mark.parametrize("location", [None, *UNUSABLE])
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_without_a_usable_location_nothing_follows(code: int, location: str | None) -> None:
    assert redirects.following(hop("GET"), code, location) is None


@pytest.mark.parametrize("code", [200, 201, 300, 304, 305, 306, 399, 404])
def test_other_codes_are_no_redirects(code: int) -> None:
    assert redirects.following(hop("GET"), code, "/new") is None


# --- on the wire ---------------------------------------------------------------------------------


def redirecting(code: int, location: str) -> Script:
    """Return a script that redirects `/` to *location* and answers everything else."""

    async def script(conversation: Conversation) -> None:
        while True:
            seen = await conversation.request()
            if seen.line.split()[1] == "/":
                await conversation.send(loopback.answer(b"moved", code=code, headers={"Location": location}))
            else:
                await conversation.send(loopback.answer(b"arrived"))

    return script


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_within_the_origin_arrives(client: http.Client, method: str, code: int) -> None:
    async with Server(redirecting(code, "/new")) as server:
        request = effects.HttpRequest(method, server.url(), HEADERS, BODY)
        answer = await client.perform(request, policy=egress.LOCAL)
        assert answer["body"] == "arrived"
        kept = code in {307, 308}
        second = server.requests[1]
        assert second.line == f"{method if kept else 'GET'} /new HTTP/1.1"
        assert second.body == (BODY if kept else b"")
        assert second.header("X-Api-Key") == "canary"
        assert server.connections == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_canary_reaches_another_origin(client: http.Client, method: str, code: int) -> None:
    async with Server(loopback.always(loopback.answer(b"arrived"))) as other:
        async with Server(redirecting(code, other.url("/new"))) as server:
            request = effects.HttpRequest(method, server.url(), HEADERS, BODY)
            answer = await client.perform(request, policy=egress.LOCAL)
        if code in {307, 308}:
            assert (answer["code"], answer["body"], other.connections) == (code, "moved", 0)
        else:
            assert answer["body"] == "arrived"
            (second,) = other.requests
            assert "canary" not in repr(second)
            assert second.header("Host") == f"127.0.0.1:{other.port}"


async def test_a_loop_ends_with_the_last_redirect_itself(client: http.Client) -> None:
    async with Server(redirecting(302, "/")) as server:
        answer = await client.perform(effects.HttpRequest("GET", server.url()), policy=egress.LOCAL)
        assert answer["code"] == 302
        assert len(server.requests) == 1 + limits.REDIRECTS


async def test_every_hop_meets_the_policy(client: http.Client) -> None:
    """And an error after a redirect is no "failed" one: the first request did reach its receiver."""
    async with Server(loopback.always(loopback.answer())) as inner:
        async with Server(redirecting(302, inner.url("/secret?token=1"))) as server:
            only = egress.Policy(allow=(egress.Destination.parse(f"127.0.0.1:{server.port}"),))
            with pytest.raises(WorkflowError) as caught:
                await client.perform(effects.HttpRequest("POST", server.url(), body=b"x"), policy=only)
        assert inner.connections == 0
        assert caught.value.value == {
            "message": f"ConnectionError: GET {inner.url('/secret')}: "
            "this destination may not be called from here",
            "tags": ["ConnectionError"],
        }
        assert http.sent_of(caught.value) is Sent.YES
