"""The way to the API server: where it is, whom to trust, and a token that is renewed.

Configuration is that of the official client (kubeconfig with its exec plugins, or in-cluster); so is
the transport. Each event loop takes its own session.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from stepward.kube import bounds, shallow

Observer = Callable[[str, int | None], None]
"""Told path and status of each request's answer; None when there was no answer."""


class NoAccess(Exception):
    """There is no usable configuration; the text says what to give."""


class Access:
    """Where the API server is and who we are there. Safe to use from several event loops."""

    def __init__(self, configuration: Configuration, load: Callable[[], Awaitable[Configuration]]) -> None:
        """*load* reads the configuration again, to renew the token."""
        self.server: str = configuration.host.rstrip("/")
        self._configuration = configuration
        self._load = load
        self._loaded = time.monotonic()

    async def authorization(self) -> str | None:
        """Return the value of the Authorization header; None when a client certificate speaks for us."""
        if time.monotonic() - self._loaded > bounds.CREDENTIAL_SECONDS:
            await self.renew()
        token: str | None = self._configuration.api_key.get("BearerToken")
        return token

    async def renew(self) -> None:
        """Read the credentials again; the old ones stay if that fails."""
        self._loaded = time.monotonic()
        try:
            fresh = await self._load()
        except NoAccess:
            return  # half-written, or gone for a moment: the server will tell if it matters
        self._configuration.api_key = fresh.api_key

    def session(self, observe: Observer | None = None) -> aiohttp.ClientSession:
        """Return a new session for the running loop; the caller closes it.

        Its responses read JSON however deep it is. With *observe*, which is told how each request
        went, it is a session for kopf: an answer 401 is raised as a failed connection.
        """
        return _Transport(self._configuration, [self._authenticate, *_observers(observe)]).session()

    async def _authenticate(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send *request* with the current token, and once more with a fresh one if that is refused."""
        token = await self.authorization()
        if token is not None:
            request.headers["Authorization"] = token
        response = await handler(request)
        if response.status == 401 and token is not None:
            await self.renew()
            fresh = await self.authorization()
            if fresh != token:
                response.release()
                request.headers["Authorization"] = str(fresh)
                response = await handler(request)
        return response


class _Transport(RESTClientObject):
    """The official client's transport: its TLS and connector, with our session settings."""

    def __init__(self, configuration: Configuration, middlewares: list[aiohttp.ClientMiddlewareType]) -> None:
        super().__init__(configuration)
        self.maxsize = bounds.CONNECTIONS
        self._middlewares = middlewares

    def session(self) -> aiohttp.ClientSession:
        """Return a new session for the running loop."""
        timeout = aiohttp.ClientTimeout(total=bounds.REQUEST_SECONDS, sock_connect=bounds.CONNECT_SECONDS)
        settings: dict[str, Any] = {
            "connector": self._create_connector(),
            "middlewares": tuple(self._middlewares),
            "cookie_jar": aiohttp.DummyCookieJar(),
            "headers": {"User-Agent": "stepward"},
            "timeout": timeout,
            "trust_env": False,  # HTTP_PROXY and ~/.netrc must not reroute us or add credentials
            "read_bufsize": 2**21,
            "response_class": Shallow,
            "proxy": self.proxy,
        }
        return aiohttp.ClientSession(**settings)


class Shallow(aiohttp.ClientResponse):
    """A response whose JSON is never too deep to read: one poisoned object must not hide all others."""

    async def start(self, connection: Any) -> "Shallow":
        """Begin to read; a watch is read through `_Lines`."""
        await super().start(connection)
        if "watch=true" in self.url.raw_query_string:
            self.content = _Lines(self.content)  # type: ignore[assignment]
        return self

    async def json(self, **_: Any) -> Any:
        """Return the content."""
        return shallow.loads(await self.read())


class _Lines:
    """The content of a watch: whole lines, each shallow."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        """Leave everything else as it is."""
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield whole lines, several at once as they come in."""
        parts: list[bytes] = []
        async for data in self._content.iter_chunked(size):
            head, newline, tail = data.rpartition(b"\n")
            if newline:
                lines = b"".join([*parts, head]).split(b"\n")
                parts = []
                yield b"".join(shallow.flattened(line) + newline for line in lines)
            parts.append(tail)


def _observers(observe: Observer | None) -> list[aiohttp.ClientMiddlewareType]:
    """Return the middleware that tells *observe* how each request went."""
    if observe is None:
        return []

    async def watch(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        try:
            response = await handler(request)
        except (TimeoutError, aiohttp.ClientError, OSError):
            observe(request.url.raw_path_qs, None)
            raise
        observe(request.url.raw_path_qs, response.status)
        if response.status == 401:
            # The token was renewed already. kopf would log in anew, and its two watches then wait for
            # each other now and then; a failed connection it tries again.
            response.release()
            raise aiohttp.ClientConnectionError("401 Unauthorized")
        return response

    return [watch]


async def connect(kubeconfig: str | None = None) -> Access:
    """Return the access that *kubeconfig* describes; None means in-cluster.

    Raises NoAccess with what to do about it.
    """

    async def load() -> Configuration:
        if kubeconfig is None:
            return _in_cluster()
        return await _from_file(kubeconfig)

    return Access(await load(), load)


def _in_cluster() -> Configuration:
    configuration = Configuration()
    try:
        config.load_incluster_config(  # type: ignore[no-untyped-call]
            client_configuration=configuration, try_refresh_token=False
        )
    except (OSError, config.ConfigException) as error:
        raise NoAccess(
            f"no way to the API server: {error} Give --kubeconfig FILE, or run inside a cluster."
        ) from error
    return configuration


async def _from_file(kubeconfig: str) -> Configuration:
    configuration = Configuration()
    try:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=kubeconfig, client_configuration=configuration, persist_config=False
        )
    except Exception as error:
        what = " ".join(str(error).split())
        raise NoAccess(f"cannot use the kubeconfig {kubeconfig}: {type(error).__name__}: {what}") from error
    return configuration
