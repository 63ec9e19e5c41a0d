"""Module `http`: requests, and the predicates that decide which of their failures to retry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from stepward.engine import effects
from stepward.stdlib import http_auth, http_body, http_headers, http_url
from stepward.stdlib.registry import Number, constant, function
from stepward.values import errors, limits, model

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

_TEMPORARY: Final = frozenset({429, 502, 503, 504})
_TEMPORARY_BEFORE_WORK: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class _Options:
    """What every request function takes beside URL and body."""

    timeout: Number
    headers: model.Map | None
    query: model.Map | None
    auth: model.Map | None
    private_service_name: str | None
    ca_certificate: Any


@function(
    "http.get",
    blocking=True,
    example=('{call: http.get, args: {url: "https://example.com/", query: {q: a}}, result: answer}', None),
)
def get(  # noqa: PLR0913, PLR0917 - the language's signature
    url: str,
    timeout: Number = limits.HTTP_TIMEOUT_SECONDS,
    headers: model.Map | None = None,
    query: model.Map | None = None,
    auth: model.Map | None = None,
    private_service_name: str | None = None,
    ca_certificate: Any = None,
) -> effects.HttpRequest:
    """Send a GET request and return the answer: a map with `body`, `code` and `headers`."""
    options = _Options(timeout, headers, query, auth, private_service_name, ca_certificate)
    return _request("http.get", "GET", url, None, options)


@function(
    "http.request",
    blocking=True,
    example=('{call: http.request, args: {method: HEAD, url: "https://example.com/"}, result: answer}', None),
)
def request(  # noqa: PLR0913, PLR0917 - the language's signature
    method: str,
    url: str,
    timeout: Number = limits.HTTP_TIMEOUT_SECONDS,
    body: Any = None,
    headers: model.Map | None = None,
    query: model.Map | None = None,
    auth: model.Map | None = None,
    private_service_name: str | None = None,
    ca_certificate: Any = None,
) -> effects.HttpRequest:
    """Send a request with any method and return the answer: a map with `body`, `code` and `headers`."""
    verb = method.upper()
    if verb not in METHODS:
        raise errors.value_error(
            f"http.request: argument 'method' must be one of {', '.join(METHODS)}; got: '{method[:100]}'"
        )
    options = _Options(timeout, headers, query, auth, private_service_name, ca_certificate)
    return _request("http.request", verb, url, body, options)


def _with_body(name: str, verb: str) -> Callable[..., effects.HttpRequest]:
    """Return the function *name*, which sends *verb* with an optional body."""

    def send(  # noqa: PLR0913, PLR0917 - the language's signature
        url: str,
        timeout: Number = limits.HTTP_TIMEOUT_SECONDS,
        body: Any = None,
        headers: model.Map | None = None,
        query: model.Map | None = None,
        auth: model.Map | None = None,
        private_service_name: str | None = None,
        ca_certificate: Any = None,
    ) -> effects.HttpRequest:
        options = _Options(timeout, headers, query, auth, private_service_name, ca_certificate)
        return _request(name, verb, url, body, options)

    send.__doc__ = f"Send a {verb} request and return the answer: a map with `body`, `code` and `headers`."
    return send


for _verb in ("DELETE", "PATCH", "POST", "PUT"):
    _name = f"http.{_verb.lower()}"
    _example = f'{{call: {_name}, args: {{url: "https://example.com/", body: {{a: 1}}}}, result: answer}}'
    function(_name, blocking=True, example=(_example, None))(_with_body(_name, _verb))


@function(
    "http.default_retry_predicate",
    example=("""http.default_retry_predicate(json.decode('{"tags": ["HttpError"], "code": 503}'))""", True),
)
def default_retry_predicate(exception: Any) -> bool:
    """Return whether a failed call to an idempotent target is worth another try."""
    tags = _tags(exception)
    if "HttpError" in tags:
        return _code(exception) in _TEMPORARY
    return not tags.isdisjoint({"ConnectionError", "ConnectionFailedError", "TimeoutError"})


@function(
    "http.default_retry_predicate_non_idempotent",
    example=(
        """http.default_retry_predicate_non_idempotent(json.decode('{"tags":["HttpError"],"code":502}'))""",
        False,
    ),
)
def default_retry_predicate_non_idempotent(exception: Any) -> bool:
    """Return whether a failed call surely did nothing, so that it may be tried again."""
    tags = _tags(exception)
    if "HttpError" in tags:
        return _code(exception) in _TEMPORARY_BEFORE_WORK
    return "ConnectionFailedError" in tags


for _name in ("http.default_retry", "http.default_retry_non_idempotent"):
    constant(
        _name,
        {
            "predicate": model.FunctionRef(_name.replace("default_retry", "default_retry_predicate")),
            "max_retries": limits.RETRY_MAX_RETRIES,
            "backoff": {
                "initial_delay": limits.RETRY_INITIAL_DELAY_SECONDS,
                "max_delay": limits.RETRY_MAX_DELAY_SECONDS,
                "multiplier": limits.RETRY_MULTIPLIER,
            },
        },
    )


def _request(name: str, verb: str, url: str, body: Any, options: _Options) -> effects.HttpRequest:
    """Return the request that a call of function *name* asks for; its errors name the function."""
    if not 0 < options.timeout <= limits.HTTP_TIMEOUT_MAX_SECONDS:
        raise errors.value_error(
            f"{name}: argument 'timeout' must be above 0 and at most "
            f"{limits.HTTP_TIMEOUT_MAX_SECONDS:.0f} seconds"
        )
    if options.private_service_name is not None:
        raise errors.value_error(f"{name}: argument 'private_service_name' is not supported")
    if options.ca_certificate is not None and type(options.ca_certificate) is not bytes:
        raise errors.value_error(
            f"{name}: argument 'ca_certificate' must be bytes, a DER certificate; "
            f"got: {model.type_name(options.ca_certificate)}"
        )
    address = _address(name, url, options.query)
    headers = http_headers.checked(name, options.headers)
    content, content_type = http_body.encode(name, body, http_headers.find(headers, "content-type"))
    if content_type is not None:
        headers["Content-Type"] = content_type
    return effects.HttpRequest(
        method=verb,
        url=str(address),
        headers=tuple(headers.items()),
        body=content,
        timeout_seconds=float(options.timeout),
        auth=None if options.auth is None else http_auth.checked(name, options.auth, address, url),
        ca_certificate=options.ca_certificate,
    )


def _address(name: str, url: str, query: model.Map | None) -> http_url.Url:
    """Return *url* with *query* behind the query that it has already."""
    try:
        address = http_url.parse(url)
        added = http_body.query(name, query) if query else ""
        if not added:
            return address
        together = f"{address.query}&{added}" if address.query else added
        # Parsed again for the length: what is sent is held to the same rules as what was written.
        return http_url.parse(f"{address.scheme}://{address.authority}{address.path}?{together}")
    except http_url.UrlError as problem:
        raise errors.value_error(f"{name}: argument 'url' {problem}") from None


def _tags(exception: Any) -> frozenset[str]:
    """Return the tags of *exception*; none if it is not an error of the engine's shape."""
    tags = exception.get("tags") if type(exception) is model.Map else None
    return frozenset(tag for tag in tags if type(tag) is str) if type(tags) is model.List else frozenset()


def _code(exception: model.Map) -> Number | None:
    """Return the status that *exception* names, if it is a number."""
    code = exception.get("code")
    return code if type(code) in {int, float} else None
