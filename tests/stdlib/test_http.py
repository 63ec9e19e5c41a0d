"""Module `http`: what a call asks for, what it refuses, and which failures are worth a retry."""

from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stepward
from stepward.engine import effects
from stepward.stdlib import http as _registers  # noqa: F401 - its import registers the functions
from stepward.stdlib import http_headers
from stepward.stdlib.registry import CONSTANTS, FUNCTIONS
from stepward.values import limits, model
from stepward.values.errors import WorkflowError

URL = "https://a.test/path"
PRODUCT = f"Stepward/{stepward.__version__}"
BODY_FUNCTIONS = ["http.delete", "http.patch", "http.post", "http.put"]
OPTIONS = ["headers", "query", "auth", "private_service_name", "ca_certificate"]


def call(name: str, **arguments: Any) -> effects.HttpRequest:
    """Call function *name* as a step does: by parameter names, with values of the language."""
    function = FUNCTIONS[name]
    given = [model.adopt(arguments.pop(parameter.name, None)) for parameter in function.signature.parameters]
    assert not arguments, f"unknown: {arguments}"
    request: effects.HttpRequest = function.implementation(*given)
    return request


def refusal(name: str, **arguments: Any) -> tuple[str, str]:
    """Return the first tag and the message of the error that the call ends in."""
    with pytest.raises(WorkflowError) as caught:
        call(name, **arguments)
    assert not caught.value.fatal
    return caught.value.value["tags"][0], caught.value.value["message"]


# --- signatures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("http.get", ["url", "timeout", *OPTIONS]),
        ("http.request", ["method", "url", "timeout", "body", *OPTIONS]),
        *((name, ["url", "timeout", "body", *OPTIONS]) for name in BODY_FUNCTIONS),
    ],
)
def test_parameters_stand_in_the_documented_order(name: str, parameters: list[str]) -> None:
    signature = FUNCTIONS[name].signature
    assert [parameter.name for parameter in signature.parameters] == parameters
    assert signature.required_count == (2 if name == "http.request" else 1)
    assert signature.blocking


def test_nothing_but_a_url_is_needed() -> None:
    assert call("http.get", url=URL) == effects.HttpRequest(
        "GET", URL, (("User-Agent", PRODUCT),), None, limits.HTTP_TIMEOUT_SECONDS
    )


@pytest.mark.parametrize("name", BODY_FUNCTIONS)
def test_each_function_sends_its_method(name: str) -> None:
    assert call(name, url=URL).method == name.removeprefix("http.").upper()


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "head", "Options"]
)
def test_request_takes_every_method_in_any_case(method: str) -> None:
    assert call("http.request", method=method, url=URL).method == method.upper()


@pytest.mark.parametrize("method", ["FETCH", "", "GET ", "CONNECT", "TRACE", "GET / HTTP/1.1\r\nX: y"])
def test_other_methods_are_refused(method: str) -> None:
    tag, message = refusal("http.request", method=method, url=URL)
    assert (tag, "must be one of DELETE, GET" in message) == ("ValueError", True)


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [1, 0.001, 1800, 1800.0])
def test_a_timeout_up_to_the_maximum_is_taken(timeout: float) -> None:
    assert call("http.get", url=URL, timeout=timeout).timeout_seconds == timeout


@pytest.mark.parametrize("timeout", [0, -1, 1801, 1800.001])
def test_any_other_timeout_is_a_value_error(timeout: float) -> None:
    tag, message = refusal("http.get", url=URL, timeout=timeout)
    assert tag == "ValueError"
    assert message.startswith("ValueError: http.get: argument 'timeout' must be above 0 and at most 1800")


@pytest.mark.parametrize(
    "arguments",
    [
        {"timeout": "5"},
        {"timeout": True},
        {"headers": ["a"]},
        {"query": "a=b"},
        {"auth": "OIDC"},
        {"private_service_name": 5},
        {"url": 5},
        {"url": None},
        {"headers": {"X": None}},
        {"headers": {"X": ["a"]}},
        {"headers": {"X": b"a"}},
        {"query": {"a": {"b": 1}}},
        {"query": {"a": b"b"}},
        {"query": {"a": [["b"]]}},
    ],
)
def test_wrong_types_are_type_errors(arguments: dict[str, Any]) -> None:
    tag, message = refusal("http.get", **{"url": URL, **arguments})
    assert tag == "TypeError"
    assert message.startswith("TypeError: http.get: ")


def test_null_means_not_given() -> None:
    nothing = dict.fromkeys(["timeout", "body", *OPTIONS])
    assert call("http.post", url=URL, **nothing) == call("http.post", url=URL)


@pytest.mark.parametrize("name", ["projects/p/locations/l/namespaces/n/services/s", "nonsense"])
def test_private_services_are_not_supported(name: str) -> None:
    assert refusal("http.get", url=URL, private_service_name=name)[0] == "ValueError"


def test_a_certificate_is_bytes() -> None:
    assert call("http.get", url=URL, ca_certificate=b"0").ca_certificate == b"0"
    assert refusal("http.get", url=URL, ca_certificate="text")[0] == "ValueError"


def test_a_bad_url_is_a_value_error_that_names_function_and_argument() -> None:
    tag, message = refusal("http.put", url="ftp://a.test/")
    assert tag == "ValueError"
    assert message == "ValueError: http.put: argument 'url' must start with http:// or https://"


# --- query ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, query, sent",
    [
        (URL, {}, URL),
        (URL, {"q": ["a", "b"], "n": 2, "f": True}, f"{URL}?q=a&q=b&n=2&f=true"),
        (URL, {"a": 1, "b": ["x", "y"]}, f"{URL}?a=1&b=x&b=y"),
        (URL, {"a": None, "b": []}, URL),
        (URL, {"a": [1, None, 2]}, f"{URL}?a=1&a=2"),
        (URL, {"a": 1.0, "b": 0.5, "c": 1e20}, f"{URL}?a=1&b=0.5&c=100000000000000000000"),
        (URL, {"a": ""}, f"{URL}?a="),
        (URL, {"ä b": "c&d=e+f/~g#h%"}, f"{URL}?%C3%A4%20b=c%26d%3De%2Bf%2F~g%23h%25"),
        (f"{URL}?x=%7E", {"a": 1}, f"{URL}?x=%7E&a=1"),
        (f"{URL}?", {"a": 1}, f"{URL}?a=1"),
        (f"{URL}#part", {"a": 1}, f"{URL}?a=1"),
        ("https://a.test", {"a": 1}, "https://a.test/?a=1"),
        ("https://a.test?x", None, "https://a.test/?x"),
    ],
)
def test_query(url: str, query: dict[str, Any] | None, sent: str) -> None:
    assert call("http.get", url=url, query=query).url == sent


def test_a_query_counts_for_the_length_of_the_url() -> None:
    assert refusal("http.get", url=URL, query={"a": "x" * limits.URL_CHARACTERS})[0] == "ValueError"


# --- headers -------------------------------------------------------------------------------------


def test_headers_are_sent_in_order_and_spelling() -> None:
    headers = {"x-b": "1", "X-A": 2, "X-C": True, "X-D": 2.5, "X-E": " padded\t", "X-F": "Zoë", "X-G": ""}
    assert call("http.get", url=URL, headers=headers).headers == (
        ("x-b", "1"),
        ("X-A", "2"),
        ("X-C", "true"),
        ("X-D", "2.5"),
        ("X-E", "padded"),
        ("X-F", "Zoë"),
        ("X-G", ""),
        ("User-Agent", PRODUCT),
    )


@pytest.mark.parametrize("name", ["User-Agent", "user-agent"])
def test_our_product_stands_behind_the_authors_user_agent(name: str) -> None:
    assert call("http.get", url=URL, headers={name: "x/1"}).headers == ((name, f"x/1 {PRODUCT}"),)
    assert call("http.get", url=URL, headers={name: ""}).headers == ((name, PRODUCT),)


REFUSED = [
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Host", "TE", "Trailer",
    "Expect", "HTTP2-Settings", "Proxy-Authorization", "Proxy-Connection", "Forwarded", "X-Forwarded-For",
    "X-Forwarded-Host", "Metadata", "Metadata-Flavor", "X-Google-Metadata-Request",
    "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds", "X-aliyun-ecs-metadata-token",
    "X-Metadata-Token",
]  # fmt: skip


@pytest.mark.parametrize("name", [*REFUSED, *map(str.lower, REFUSED), *map(str.upper, REFUSED)])
def test_headers_that_are_not_the_authors_are_refused_with_the_reason(name: str) -> None:
    tag, message = refusal("http.post", url=URL, headers={name: "5"})
    assert tag == "ValueError"
    assert message.startswith(f"ValueError: http.post: header '{name}' cannot be sent: ")


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a:", "a\r\nb", "a\0", "ä", "(x)", "Host ", "\tHost", 'a"b']
)
def test_what_is_no_header_name_is_refused(name: str) -> None:
    assert refusal("http.get", url=URL, headers={name: "x"})[0] == "ValueError"


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\0b", "\x7f", "a\x0bb", "a\n", "\ud800"])
def test_values_that_would_break_the_message_are_refused(value: str) -> None:
    assert refusal("http.get", url=URL, headers={"X": value})[0] == "ValueError"


def test_a_header_given_twice_is_refused() -> None:
    assert refusal("http.get", url=URL, headers={"X-A": "1", "x-a": "2"})[0] == "ValueError"


def test_headers_are_bounded() -> None:
    many = {f"X-{place}": "x" for place in range(limits.REQUEST_HEADERS + 1)}
    assert refusal("http.get", url=URL, headers=many)[0] == "ValueError"
    assert refusal("http.get", url=URL, headers={"X": "x" * limits.REQUEST_HEADER_BYTES})[0] == "ValueError"
    token = "x" * 16_000  # such bearer tokens exist
    assert call("http.get", url=URL, headers={"Authorization": token}).headers[0][1] == token


@given(st.dictionaries(st.text(), st.text(), max_size=3))
def test_what_is_accepted_is_one_well_formed_request(headers: dict[str, str]) -> None:
    """Whatever header survives our checks, another implementation reads one request with just these."""
    try:
        request = call("http.get", url=URL, headers=headers)
    except WorkflowError:
        return
    lines = "".join(f"{name}: {text}\r\n" for name, text in request.headers)
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(f"GET / HTTP/1.1\r\nHost: a.test\r\n{lines}\r\n".encode())
    read = reader.next_event()
    assert isinstance(read, h11.Request)
    assert len(read.headers) == len(request.headers) + 1
    assert reader.next_event() == h11.EndOfMessage()
    assert reader.trailing_data == (b"", False)


# --- body ----------------------------------------------------------------------------------------

JSON = "application/json; charset=utf-8"
BYTES = "application/octet-stream"


@pytest.mark.parametrize(
    "body, content_type, sent, added",
    [
        (None, None, None, None),
        (None, "text/plain", None, None),
        (b"raw", None, b"raw", BYTES),
        (b"", None, b"", BYTES),
        (b"raw", "image/png", b"raw", None),
        (b"raw", "application/json", b"raw", None),
        ({"x": 1}, None, b'{"x":1}', JSON),
        ({"b": 1.0, "a": None}, None, b'{"a":null,"b":1}', JSON),
        ({}, None, b"{}", JSON),
        ([1, "b"], None, b'[1,"b"]', JSON),
        ("hi", None, b'"hi"', JSON),
        ("", None, b'""', JSON),
        (5, None, b"5", JSON),
        (False, None, b"false", JSON),
        ({"x": "ü"}, "application/json", '{"x":"ü"}'.encode(), None),
        ({"x": 1}, "Application/JSON; charset=utf-8", b'{"x":1}', None),
        ([1], "application/vnd.api+json", b"[1]", None),
        ("hi", "application/json", b'"hi"', None),
        ("a=1&b=two words", "application/x-www-form-urlencoded", b"a=1&b=two+words", None),
        ("a&b==c&=d&%", "application/x-www-form-urlencoded", b"a&b=%3Dc&=d&%25", None),
        ({"a": 1, "b": ["x", "y z"]}, "application/x-www-form-urlencoded", b"a=1&b=x&b=y+z", None),
        ("hi", "text/plain", b"hi", None),
        ("a,b", "text/csv", b"a,b", None),
        ("ü", "text/plain", "ü".encode(), None),
        ("ü", "text/plain; charset=ISO-8859-1", b"\xfc", None),
        ("ü", 'text/plain; x=y; charset="utf-16le"', b"\xfc\x00", None),
        ("<a/>", "application/xml", b"<a/>", None),
    ],
)
def test_body(body: Any, content_type: str | None, sent: bytes | None, added: str | None) -> None:
    headers = None if content_type is None else {"content-TYPE": content_type}
    request = call("http.post", url=URL, body=body, headers=headers)
    assert request.body == sent
    types = [text for name, text in request.headers if name.lower() == "content-type"]
    assert types == [text for text in (content_type, added) if text is not None]


@pytest.mark.parametrize(
    "body, content_type, tag",
    [
        ({"a": 1}, "text/plain", "TypeError"),
        (5, "text/plain", "TypeError"),
        (5, "application/x-www-form-urlencoded", "TypeError"),
        ({"a": {"b": 1}}, "application/x-www-form-urlencoded", "TypeError"),
        ({"a": 1}, "application/xml", "ValueError"),
        ([1], "multipart/form-data", "ValueError"),
        ({"a": b"x"}, None, "ValueError"),
        ("ü", "text/plain; charset=us-ascii", "ValueError"),
        ("x", "text/plain; charset=no-such", "ValueError"),
        ("x", "text/plain; charset=punycode", "ValueError"),
    ],
)
def test_bodies_that_do_not_fit_their_type(body: Any, content_type: str | None, tag: str) -> None:
    headers = None if content_type is None else {"Content-Type": content_type}
    assert refusal("http.post", url=URL, body=body, headers=headers)[0] == tag


# --- auth ----------------------------------------------------------------------------------------

GOOGLE = "https://storage.googleapis.com/x"


@pytest.mark.parametrize(
    "url, auth, kept",
    [
        (URL, {"type": "OIDC"}, {"type": "OIDC", "audience": URL}),
        (URL, {"type": "OIDC", "audience": None}, {"type": "OIDC", "audience": URL}),
        (URL, {"type": "OIDC", "audience": "me"}, {"type": "OIDC", "audience": "me"}),
        (GOOGLE, {"type": "OAuth2"}, {"type": "OAuth2"}),
        (GOOGLE, {"type": "OAuth2", "scope": "s"}, {"type": "OAuth2", "scope": "s"}),
        (GOOGLE, {"type": "OAuth2", "scope": ["s", "t"]}, {"type": "OAuth2", "scope": ["s", "t"]}),
        (GOOGLE, {"type": "OAuth2", "scopes": "s, t u"}, {"type": "OAuth2", "scopes": "s, t u"}),
        ("https://a.b-c.googleapis.com:443/", {"type": "OAuth2"}, {"type": "OAuth2"}),
    ],
)
def test_auth_goes_along_as_written(url: str, auth: dict[str, Any], kept: dict[str, Any]) -> None:
    assert call("http.get", url=url, auth=auth).auth == kept


def test_the_default_audience_is_the_url_as_written() -> None:
    request = call("http.get", url="https://A.test/x?y=1", query={"z": 2}, auth={"type": "OIDC"})
    assert request.auth == {"type": "OIDC", "audience": "https://A.test/x?y=1"}


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"type": None},
        {"type": "oidc"},
        {"type": "OAUTH2"},
        {"type": "Basic"},
        {"type": ["OIDC"]},
        {"type": "OIDC", "audience": ""},
        {"type": "OIDC", "audience": 5},
        {"type": "OIDC", "scope": "s"},
        {"type": "OIDC", "extra": 1},
        {"type": "OAuth2", "audience": "a"},
        {"type": "OAuth2", "scope": "s", "scopes": "t"},
        {"type": "OAuth2", "scope": ""},
        {"type": "OAuth2", "scopes": " , "},
        {"type": "OAuth2", "scopes": []},
        {"type": "OAuth2", "scopes": ["s", 5]},
        {"type": "OAuth2", "scopes": 5},
    ],
)
def test_auth_of_another_shape_is_refused(auth: dict[str, Any]) -> None:
    assert refusal("http.get", url=GOOGLE, auth=auth)[0] == "ValueError"


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.googleapis.com/",
        "https://googleapis.com/",
        "https://evil-googleapis.com/",
        "https://x.googleapis.com.evil.com/",
        "https://storage.googleapis.com@evil.com/",
        "https://evil.com/storage.googleapis.com",
        "https://evil.com#.googleapis.com",
        "https://evil.com?.googleapis.com",
        "https://evil.com\\.googleapis.com/",
        "https://storage.googleapis.com.:443/",
        "https://storage.googleapis.com:8443/",
        "https://storage%2egoogleapis.com/",
        "https://storage。googleapis。com/",
        "https://storage.\uff47oogleapis.com/",
        "https://storage.g\u043e\u043egleapis.com/",
        "https://storage.googleapis.com\t.evil.com/",
        "https://storage.googleapis.com\n.evil.com/",
        "https:////storage.googleapis.com/",
        "https://.googleapis.com/",
        "https://evil_.googleapis.com/",
        "https:storage.googleapis.com/",
        "//storage.googleapis.com/",
    ],
)
def test_access_tokens_are_for_google_alone(url: str) -> None:
    assert refusal("http.get", url=url, auth={"type": "OAuth2"})[0] == "ValueError"


def test_access_tokens_do_not_mind_the_case_of_a_host() -> None:
    assert call("http.get", url="https://Storage.GoogleAPIs.com/", auth={"type": "OAuth2"}).auth is not None


def test_id_tokens_are_not_sent_in_the_clear() -> None:
    assert refusal("http.get", url="http://a.test/", auth={"type": "OIDC"})[0] == "ValueError"


# --- retries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exception, idempotent, non_idempotent",
    [
        *(({"tags": ["HttpError"], "code": code}, True, code in {429, 503}) for code in (429, 502, 503, 504)),
        *(({"tags": ["HttpError"], "code": code}, False, False) for code in (400, 404, 408, 500, 501)),
        ({"tags": ["ConnectionError"]}, True, False),
        ({"tags": ["ConnectionFailedError", "ConnectionError"]}, True, True),
        ({"tags": ["TimeoutError", "OSError"]}, True, False),
        ({"tags": ["ValueError"]}, False, False),
        ({"tags": ["HttpError"]}, False, False),
        ({"tags": ["HttpError"], "code": "503"}, False, False),
        ({"tags": ["HttpError"], "code": [503]}, False, False),
        ({"tags": "HttpError", "code": 503}, False, False),
        ({"tags": [["HttpError"], 5, None], "code": 503}, False, False),
        ({"message": "mine"}, False, False),
        ("mine", False, False),
        (None, False, False),
        (503, False, False),
    ],
)
def test_predicates(exception: Any, idempotent: bool, non_idempotent: bool) -> None:  # noqa: FBT001
    raised = model.adopt(exception)
    assert FUNCTIONS["http.default_retry_predicate"].implementation(raised) is idempotent
    assert FUNCTIONS["http.default_retry_predicate_non_idempotent"].implementation(raised) is non_idempotent


@pytest.mark.parametrize("suffix", ["", "_non_idempotent"])
def test_default_policies(suffix: str) -> None:
    policy = CONSTANTS[f"http.default_retry{suffix}"]
    assert policy == {
        "predicate": f"http.default_retry_predicate{suffix}",
        "max_retries": 5,
        "backoff": {"initial_delay": 1, "max_delay": 60, "multiplier": 1.25},
    }
    assert type(policy["predicate"]) is model.FunctionRef
    assert policy["predicate"] in FUNCTIONS


def test_the_product_names_its_version() -> None:
    assert http_headers.USER_AGENT == PRODUCT
