"""Tokens: how they are obtained, where they go, and where they never appear."""

import asyncio
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

import loopback
from loopback import Server
from stepward.engine import effects
from stepward.runtime import auth, egress, http
from stepward.values.errors import WorkflowError

SECRET = "ya29.a0AfB_byC-" + "x1Y2z3" * 10


@dataclass
class Fixed:
    """Gives out one token."""

    text: str = SECRET
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def token(self, auth: Mapping[str, Any]) -> str:
        self.asked.append(auth)
        return self.text


def request(server: Server, *headers: tuple[str, str]) -> effects.HttpRequest:
    return effects.HttpRequest(
        "GET", server.url(), headers, auth={"type": "OIDC", "audience": "https://a.test/"}
    )


# --- where tokens go ---------------------------------------------------------------------------------


async def test_a_token_wins_over_the_authors_header(client: http.Client) -> None:
    tokens = Fixed()
    async with Server(loopback.once(loopback.answer())) as server:
        asked = request(server, ("authorization", "Basic x"), ("X-A", "b"))
        await client.perform(asked, policy=egress.LOCAL, tokens=tokens)
        seen = server.requests[0]
    assert [value for name, value in seen.headers if name.lower() == "authorization"] == [f"Bearer {SECRET}"]
    assert seen.header("X-A") == "b"
    assert tokens.asked == [{"type": "OIDC", "audience": "https://a.test/"}]
    assert SECRET not in repr(asked), "the effect itself, which may be kept, has no token"


async def test_a_request_without_auth_asks_for_no_token(client: http.Client) -> None:
    tokens = Fixed()
    async with Server(loopback.once(loopback.answer())) as server:
        await client.perform(effects.HttpRequest("GET", server.url()), policy=egress.LOCAL, tokens=tokens)
        assert server.requests[0].header("Authorization") is None
    assert tokens.asked == []


async def test_a_redirect_takes_the_token_to_no_other_origin(client: http.Client) -> None:
    async with Server(loopback.always(loopback.answer())) as other:
        away = loopback.answer(code=302, headers={"Location": other.url("/away")})
        around = loopback.answer(code=302, headers={"Location": "/around"})
        async with Server(loopback.always(around, away)) as server:
            await client.perform(request(server), policy=egress.LOCAL, tokens=Fixed())
            sent = [seen.header("Authorization") for seen in server.requests]
        assert sent == [f"Bearer {SECRET}"] * 2
        assert other.requests[0].header("Authorization") is None


@pytest.mark.parametrize("answer", [loopback.answer(b"no", code=403), b"broken"])
async def test_no_error_holds_the_token(client: http.Client, answer: bytes) -> None:
    async with Server(loopback.once(answer)) as server:
        with pytest.raises(WorkflowError) as caught:
            await client.perform(request(server), policy=egress.LOCAL, tokens=Fixed())
    assert SECRET not in repr(caught.value.value)


async def test_a_token_that_is_none_is_not_quoted(client: http.Client) -> None:
    async with Server(loopback.once(loopback.answer())) as server:
        with pytest.raises(WorkflowError) as caught:
            await client.perform(request(server), policy=egress.LOCAL, tokens=Fixed(f"{SECRET}\r\nX: y"))
        assert server.connections == 0
    assert caught.value.value["tags"] == ["AuthError"]
    assert SECRET not in repr(caught.value.value)


async def test_without_tokens_nothing_is_sent(client: http.Client) -> None:
    async with Server(loopback.once(loopback.answer())) as server:
        with pytest.raises(WorkflowError, match="use --auth; the request was not sent"):
            await client.perform(request(server), policy=egress.LOCAL, tokens=auth.NoTokens("use --auth"))
        assert server.connections == 0


# --- where they come from ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, scopes",
    [
        ({}, ("https://www.googleapis.com/auth/cloud-platform",)),
        ({"scope": "a"}, ("a",)),
        ({"scope": ["a", "b"]}, ("a", "b")),
        ({"scopes": "a b"}, ("a", "b")),
        ({"scopes": "a, b,c"}, ("a", "b", "c")),
        ({"scopes": ["a"]}, ("a",)),
    ],
)
def test_scopes_are_a_list_or_text(given: dict[str, Any], scopes: tuple[str, ...]) -> None:
    assert auth.scopes_of(given) == scopes


class Credentials:
    """Credentials as google-auth's: a token is there after `refresh`."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.token: str | None = None
        self.valid = False
        self.refreshed = 0

    def refresh(self, request: Any) -> None:
        assert callable(request)
        self.refreshed += 1
        self.token, self.valid = f"{self._token}{self.refreshed}", True


class Impersonated(Credentials):
    """Credentials that stand for another account."""


class IdToken(Credentials):
    def __init__(self, own: Impersonated, target_audience: str, *, include_email: bool) -> None:
        super().__init__(f"id {own} {target_audience} {include_email} ")


@dataclass
class Google:
    """The parts of google-auth that are used."""

    default: Any
    asked: list[Any] = field(default_factory=list)

    def load(self, name: str) -> Any:
        def default(scopes: list[str], request: Any) -> tuple[Any, str]:
            assert callable(request)
            self.asked.append(scopes)
            if isinstance(self.default, Exception):
                raise self.default
            return self.default, "project"

        def fetch(audience: str, request: Any) -> Credentials:
            assert callable(request)
            return Credentials(f"id {audience} ")

        return {
            "google.auth": types.SimpleNamespace(default=default),
            "google.auth.impersonated_credentials": types.SimpleNamespace(
                Credentials=Impersonated, IDTokenCredentials=IdToken
            ),
            "google.oauth2.id_token": types.SimpleNamespace(fetch_id_token_credentials=fetch),
            "google.auth.transport.requests": types.SimpleNamespace(Request=lambda: print),
        }[name]


async def test_credentials_are_looked_for_once_and_renewed_as_needed() -> None:
    google = Google(Credentials("access "))
    tokens = auth.GoogleTokens(google.load)
    assert google.asked == [], "not before they are needed"
    wanted = {"type": "OAuth2", "scopes": "a b"}
    both = await asyncio.gather(tokens.token(wanted), tokens.token(wanted))
    assert list(both) == ["access 1", "access 1"]
    google.default.valid = False
    assert await tokens.token(wanted) == "access 2"
    assert google.asked == [["a", "b"]]


async def test_an_audience_gets_an_identity_token() -> None:
    tokens = auth.GoogleTokens(Google(Credentials("access ")).load)
    assert await tokens.token({"type": "OIDC", "audience": "https://a.test/"}) == "id https://a.test/ 1"


async def test_an_impersonated_account_makes_its_own_identity_token() -> None:
    tokens = auth.GoogleTokens(Google(Impersonated("x")).load)
    token = await tokens.token({"type": "OIDC", "audience": "https://a.test/"})
    assert token.endswith("https://a.test/ True 1")


async def test_without_credentials_there_is_an_auth_error_that_says_what_to_do() -> None:
    tokens = auth.GoogleTokens(Google(LookupError(f"none found, {SECRET}")).load)
    with pytest.raises(WorkflowError) as caught:
        await tokens.token({"type": "OAuth2"})
    failure = caught.value
    assert failure.value["tags"] == ["AuthError"]
    assert "LookupError: none found, …" in failure.value["message"]
    assert "gcloud auth application-default login" in failure.value["message"]
    assert SECRET not in repr(failure.value)
    assert failure.__cause__ is None


def test_without_the_package_there_is_an_import_error() -> None:
    def load(name: str) -> Any:
        raise ModuleNotFoundError(name)

    with pytest.raises(ImportError):
        auth.GoogleTokens(load)
