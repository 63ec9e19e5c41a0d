"""Which calls a pattern means, and what it says of those it does not."""

from typing import Any

import pytest
import yaml

from stepward.cli.rehearsal.mockfile import MockReader, as_sent
from stepward.cli.rehearsal.patterns import Pattern, difference
from stepward.cli.rehearsal.reader import compose
from stepward.engine.effects import ConnectorCall, HttpRequest
from stepward.language import diagnostics, yamltree
from stepward.language.source import Source
from stepward.stdlib import http_url
from stepward.values import model


def pattern(text: str) -> Pattern:
    """Return the pattern of one mock, as YAML."""
    report = diagnostics.Report()
    source = Source("mocks.yaml", text)
    root = compose(source, report)
    assert isinstance(root, yamltree.MapNode)
    reader = MockReader(source, report)
    fields = {entry.key.text: entry.value for entry in root.entries}
    found = reader.request(fields["request"]) if "request" in fields else reader.call(fields)
    assert found is not None, diagnostics.render_all(report, source)
    assert not report.has_errors, diagnostics.render_all(report, source)
    return found


def get(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> HttpRequest:
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return HttpRequest(method, url, named, body)


def post(body: bytes, content_type: str = "application/json; charset=utf-8") -> HttpRequest:
    return get("https://a.test/", "POST", body, Content_Type=content_type)


@pytest.mark.parametrize(
    "text, url",
    [
        ("GET https://a.test/x", "https://a.test/x"),
        ("GET https://a.test/x", "https://a.test/x?page=2"),
        ("GET https://a.test", "https://a.test/"),
        ("GET https://A.TEST:443/x", "https://a.test/x"),
        ("get https://a.test/x", "https://a.test/x"),
        ("'* https://a.test/x'", "https://a.test/x"),
        ("GET https://a.test/*", "https://a.test/x/y/z"),
        ("GET https://*.test/x", "https://b.a.test/x"),
        ("GET http*://a.test/x", "https://a.test/x"),
        ("GET https://a.test:*/x", "https://a.test:8443/x"),
        ("GET *", "https://a.test/x?y=z"),
        ("GET https://a.test/x?a=1&b=*", "https://a.test/x?a=1&b=2"),
        ("GET https://a.test/ä b", "https://a.test/%C3%A4%20b"),
        ("GET https://a.test/(x)", "https://a.test/(x)"),
        ("{url: 'https://a.test/x'}", "https://a.test/x"),
        ("{method: GET}", "https://a.test/x"),
        ("{url: 'https://a.test/x', query: {a: 1, b: ü}}", "https://a.test/x?b=%C3%BC&c=3&a=1"),
        ("{url: 'https://a.test/x', query: {a: [1, 2]}}", "https://a.test/x?a=1&a=2"),
    ],
)
def test_a_request_is_meant(text: str, url: str) -> None:
    assert pattern(f"request: {text}").matches(get(url))


@pytest.mark.parametrize(
    "text, url, why",
    [
        ("POST https://a.test/x", "https://a.test/x", "the method differs"),
        ("GET https://a.test/x", "https://a.test/y", "the URL differs"),
        ("GET https://a.test/x", "https://a.test/xy", "the URL differs"),
        ("GET https://a.test/", "http://a.test/", "the URL differs"),
        ("GET https://a.test/x?a=1", "https://a.test/x", "the URL differs"),
        ("GET https://a.test/.x", "https://a.test/ax", "the URL differs"),
        ("{query: {a: 1}}", "https://a.test/?a=2", 'query \'a\' is ["2"], not ["1"]'),
        ("{query: {a: 1}}", "https://a.test/", "query 'a' is null, not [\"1\"]"),
        ("{headers: {X-A: b}}", "https://a.test/", "header 'X-A' is missing"),
        ("{body: {a: 1}}", "https://a.test/", 'body is null, not {"a":1}'),
    ],
)
def test_what_is_not_meant_says_why(text: str, url: str, why: str) -> None:
    assert list(pattern(f"request: {text}").differences(get(url))) == [why]


def test_headers_are_looked_at_whatever_their_case_and_never_quoted() -> None:
    wanted = pattern("request: {headers: {authorization: Bearer *, x-a: '1'}}")
    assert wanted.matches(get("https://a.test/", Authorization="Bearer secret", X_A="1"))
    (why,) = wanted.differences(get("https://a.test/", Authorization="Basic secret", X_A="1"))
    assert why == "header 'authorization' differs"


@pytest.mark.parametrize(
    "wanted, sent",
    [
        ("{a: 1}", b'{"a": 1, "b": 2}'),
        ("{a: {b: [1, {c: 2}]}}", b'{"a": {"b": [1, {"c": 2, "d": 3}], "e": 4}}'),
        ("[1, 2]", b"[1, 2.0]"),
        ("text", b'"text"'),
        ("{}", b'{"a": 1}'),
    ],
)
def test_a_body_may_hold_more_than_is_wanted(wanted: str, sent: bytes) -> None:
    assert pattern(f"request: {{body: {wanted}}}").matches(post(sent))


@pytest.mark.parametrize(
    "wanted, sent, why",
    [
        ("{a: 1}", b'{"a": 2}', "body.a is 2, not 1"),
        ("{a: {b: [1, {c: 2}]}}", b'{"a": {"b": [1, {"c": 3}]}}', "body.a.b[1].c is 3, not 2"),
        ("{a: 1}", b'{"b": 1}', "body.a is missing"),
        ("[1, 2]", b"[1]", "body is [1], not [1,2]"),
        ("{a: 1}", b"[1]", 'body is [1], not {"a":1}'),
        ("null", b"[1]", "body is [1], not null"),
        ("{a: 1}", b'{"a": true}', "body.a is true, not 1"),
        ("{a: 1}", b"{", 'body is "{", not {"a":1}'),
    ],
)
def test_a_body_that_lacks_something_says_what(wanted: str, sent: bytes, why: str) -> None:
    assert list(pattern(f"request: {{body: {wanted}}}").differences(post(sent))) == [why]


def test_a_form_is_looked_at_as_a_map_and_other_text_as_text() -> None:
    form = post(b"a=1&b=%20", "application/x-www-form-urlencoded")
    assert pattern("request: {body: {a: '1', b: ' '}}").matches(form)
    assert pattern("request: {body: a=1}").matches(post(b"a=1", "text/plain"))


def test_a_connector_is_meant_by_name_and_arguments() -> None:
    wanted = pattern("{call: googleapis.*.publish, args: {topic: t, body: {n: 1}}}")
    call = ConnectorCall("googleapis.pubsub.v1.publish", {"topic": "t", "body": model.Map({"n": 1, "m": 2})})
    assert wanted.matches(call)
    other = ConnectorCall("googleapis.pubsub.v1.pull", {"topic": "u"})
    assert list(wanted.differences(other)) == ["the name differs", 'args.topic is "u", not "t"']
    assert list(wanted.differences(get("https://a.test/"))) == ["it is for connectors"]
    assert list(pattern("request: GET *").differences(call)) == ["it is for HTTP requests"]


def test_a_url_that_no_call_can_have_is_refused() -> None:
    for url in ("ftp://a.test/", "a.test", "https://", "https://a b/"):
        with pytest.raises(http_url.UrlError):
            as_sent(url)


@pytest.mark.parametrize("value", ["1", "a", "[]", "{}", "null", "[1, {a: [2.5, true]}]"])
def test_nothing_differs_from_itself(value: str) -> None:
    loaded: Any = model.adopt(yaml.safe_load(value))
    assert difference(loaded, loaded) is None
