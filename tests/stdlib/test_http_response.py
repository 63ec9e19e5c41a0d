"""Answers as values (language.md 6.5)."""

from typing import Any

import pytest

from stepward.stdlib import http_response
from stepward.values import limits, model
from stepward.values.errors import WorkflowError


def body_of(content_type: str | None, body: bytes, **headers: str) -> Any:
    given = [] if content_type is None else [("content-type", content_type)]
    given += [(name.replace("_", "-"), text) for name, text in headers.items()]
    return http_response.decode(200, given, body)["body"]


@pytest.mark.parametrize(
    "content_type, body, value",
    [
        ("application/json", b'{"a": [1, 2.0, null]}', {"a": [1, 2.0, None]}),
        ("Application/JSON; charset=UTF-8", b"true", True),
        ("application/problem+json", b"[]", []),
        ("application/json", b'"text"', "text"),
        ("application/json", b" 1 ", 1),
        ("application/json", b"\xef\xbb\xbf1", 1),
        ("application/json; charset=utf-16le", "[1]".encode("utf-16le"), [1]),
        ("application/json; charset=latin1", b'"\xfc"', "ü"),
        ("application/json", b"{bad}", "{bad}"),
        ("application/json", b"NaN", "NaN"),
        ("application/json", b"[1] trailing", "[1] trailing"),
        ("application/json", b"\xff\xfe", b"\xff\xfe"),
        ("application/json", b"", None),
        ("text/html", b"<p>", "<p>"),
        ("text/plain", "ü".encode(), "ü"),
        ("text/plain; charset=iso-8859-1", b"\xfc", "ü"),
        ('text/plain; charset="Windows-1252"', b"\x80", "€"),
        ("text/plain", b"\xff", b"\xff"),
        ("text/plain; charset=no-such", b"x", b"x"),
        ("text/plain; charset=idna", b"x", b"x"),
        ("text/plain; charset=zlib", b"x", b"x"),
        (None, b"plain", "plain"),
        (None, b"\xff", b"\xff"),
        ("", b"plain", "plain"),
        ("nonsense", b"plain", "plain"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/x-ndjson", b'{"a":1}\n', '{"a":1}\n'),
        ("image/svg+xml", b"<svg/>", b"<svg/>"),
        ("image/png", b"text", b"text"),
        ("audio/mpeg", b"text", b"text"),
        ("video/mp4", b"text", b"text"),
        ("application/octet-stream", b"text", b"text"),
        ("application/pdf", b"text", b"text"),
        ("application/zip", b"text", b"text"),
        ("application/zip", b"", None),
        ("text/plain", b"", None),
    ],
)
def test_body(content_type: str | None, body: bytes, value: Any) -> None:
    assert model.equal(body_of(content_type, body), model.adopt(value))
    assert type(body_of(content_type, body)) is type(model.adopt(value))


@pytest.mark.parametrize(
    "text, value", [(b"1", 1), (b"1.0", 1.0), (b"1e2", 100.0), (b"9223372036854775808", 2.0**63)]
)
def test_numbers_keep_their_kind(text: bytes, value: float) -> None:
    number = body_of("application/json", text)
    assert (number, type(number)) == (value, type(value))


def test_a_body_in_a_coding_that_we_cannot_read_is_bytes() -> None:
    assert body_of("application/json", b"[1]", content_encoding="br") == b"[1]"
    assert body_of("application/json", b"[1]", content_encoding="Identity") == [1]


def test_headers_have_canonical_names_and_repeated_ones_are_joined() -> None:
    given = [
        ("x-cloud-TRACE-context", "1"),
        ("SET-COOKIE", "a=b"),
        ("etag", "e"),
        ("set-cookie", "c=d"),
        ("x--y", ""),
    ]
    assert http_response.decode(204, given, b"") == {
        "body": None,
        "code": 204,
        "headers": {"X-Cloud-Trace-Context": "1", "Set-Cookie": "a=b, c=d", "Etag": "e", "X--Y": ""},
    }


def test_an_error_answer_is_an_http_error() -> None:
    response = http_response.decode(503, [("retry-after", "5")], b"busy")
    assert http_response.http_error(response).value == {
        "message": "HTTP server responded with error code 503",
        "tags": ["HttpError"],
        "code": 503,
        "headers": {"Retry-After": "5"},
        "body": "busy",
    }


def test_json_that_no_variable_can_hold_stays_text_so_that_the_call_itself_succeeds() -> None:
    text = "[" + "1," * limits.VARIABLES_BYTES + "1]"
    assert body_of("application/json", text.encode()) == text


def test_json_that_only_counts_too_large_cannot_be_caught() -> None:
    text = "[" + "1," * (limits.VARIABLES_BYTES // 8) + "1]"
    with pytest.raises(WorkflowError, match="Memory usage limit exceeded") as caught:
        body_of("application/json", text.encode())
    assert caught.value.fatal


@pytest.mark.parametrize("depth", [limits.VALUE_DEPTH + 1, 1_000, 100_000])
def test_json_nested_too_deep_cannot_be_caught(depth: int) -> None:
    with pytest.raises(WorkflowError, match="nested deeper") as caught:
        body_of("application/json", b"[" * depth + b"]" * depth)
    assert caught.value.fatal
