"""Tokens for HTTP calls with `auth` (language.md, section 7).

Which URLs may get one is decided where the call is made (`stdlib.http_auth`); here they are obtained.
A token leaves this module towards the request and nowhere else: errors name what failed, in words
from which everything that looks like a secret is taken out.
"""

import asyncio
import functools
import importlib
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from stepward.values import errors, limits
from stepward.values.errors import WorkflowError

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_BETWEEN_SCOPES: Final = re.compile(r"[\s,]+")
_OPAQUE: Final = re.compile(r"[\w.+/=~-]{24,}")
"""Longer runs of such characters are keys and tokens, not words."""


class TokenSource(Protocol):
    """Gives out bearer tokens."""

    async def token(self, auth: Mapping[str, Any]) -> str:
        """Return the token that *auth*, a checked map of a call, asks for; WorkflowError (AuthError)."""


class NoTokens:
    """For runs without credentials: every call that asks for a token fails, and says *why*."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def token(self, auth: Mapping[str, Any]) -> str:  # noqa: ARG002 - the protocol's
        """Raise AuthError."""
        raise errors.error("AuthError", f"{self._why}; the request was not sent")


NO_TOKENS: Final = NoTokens("this version of Stepward cannot obtain tokens yet, so 'auth' is not supported")


class GoogleTokens:
    """Tokens of the identity that Google's libraries find on this machine, or on the one they run on.

    Construction raises ImportError without the package google-auth; credentials are looked for with
    the first token. One credential per audience or set of scopes is kept, and renewed as needed.
    *load* imports a module by its name.
    """

    def __init__(self, load: Callable[[str], Any] = importlib.import_module) -> None:
        # Advice about quotas, for programmers; people who run a workflow cannot follow it.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.auth")
        self._auth = load("google.auth")
        self._impersonated = load("google.auth.impersonated_credentials")
        self._id_token = load("google.oauth2.id_token")
        transport = load("google.auth.transport.requests")
        # Nobody waits longer; the thread must not outlive the run.
        self._request = functools.partial(transport.Request(), timeout=limits.TOKEN_SECONDS)
        self._kept: dict[tuple[str, ...], Any] = {}
        self._one_at_a_time = asyncio.Lock()

    async def token(self, auth: Mapping[str, Any]) -> str:
        """Return the token that *auth* asks for; WorkflowError (AuthError) if there is none to be had."""
        wanted = ("audience", auth["audience"]) if auth["type"] == "OIDC" else ("scopes", *scopes_of(auth))
        try:
            async with asyncio.timeout(limits.TOKEN_SECONDS), self._one_at_a_time:
                return await asyncio.to_thread(self._obtain, wanted)
        except TimeoutError:
            raise _auth_error(f"no token within {limits.TOKEN_SECONDS:g} seconds") from None
        except Exception as failure:  # noqa: BLE001 - Google's libraries raise what their transports raise
            # Without the cause: its traceback may show what the message must not.
            raise _auth_error(presentable(failure)) from None

    def _obtain(self, wanted: tuple[str, ...]) -> str:
        """Return a token, in a thread: Google's libraries block."""
        credentials = self._kept.get(wanted)
        if credentials is None:
            kind, *rest = wanted
            credentials = self._for_audience(rest[0]) if kind == "audience" else self._default(rest)
            self._kept[wanted] = credentials
        if not credentials.valid:
            credentials.refresh(self._request)
        return str(credentials.token)

    def _default(self, scopes: list[str]) -> Any:
        credentials, _ = self._auth.default(scopes=scopes, request=self._request)
        return credentials

    def _for_audience(self, audience: str) -> Any:
        own = self._default([_SCOPE])
        if isinstance(own, self._impersonated.Credentials):
            return self._impersonated.IDTokenCredentials(own, target_audience=audience, include_email=True)
        return self._id_token.fetch_id_token_credentials(audience, request=self._request)


def scopes_of(auth: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scopes that *auth* of type OAuth2 names, or the default one."""
    given = auth.get("scopes", auth.get("scope"))
    if given is None:
        return (_SCOPE,)
    if isinstance(given, str):
        return tuple(scope for scope in _BETWEEN_SCOPES.split(given) if scope)
    return tuple(given)


def presentable(failure: BaseException) -> str:
    """Return what *failure* says, without anything in it that may be a secret."""
    said = str(failure.args[0]) if failure.args else ""
    return errors.shortened(_OPAQUE.sub("…", f"{type(failure).__name__}: {said}"))


def _auth_error(why: str) -> WorkflowError:
    return errors.error(
        "AuthError",
        f"cannot get a token of your Google identity: {why}; "
        "'gcloud auth application-default login' gives one to this machine",
    )
