"""What the answers of the API server mean to the caller."""

import json

import pytest

from stepward.kube import failures


def body(message: str, kind: str = "Status") -> bytes:
    return json.dumps({"kind": kind, "message": message}).encode()


@pytest.mark.parametrize(
    "status, answer, kind",
    [
        (409, body("the object has been modified"), failures.Conflict),
        (404, body("not found"), failures.Missing),
        (410, body("gone"), failures.Missing),
        (401, body("Unauthorized"), failures.Forbidden),
        (403, body("forbidden"), failures.Forbidden),
        (413, b"", failures.TooLarge),
        (500, body("etcdserver: request is too large"), failures.TooLarge),
        (500, body("trying to send message larger than max (2097252 vs. 2097152)"), failures.TooLarge),
        (500, body("rpc error"), failures.Unavailable),
        (429, body("storage is (re)initializing"), failures.Unavailable),
        (503, b"<html>", failures.Unavailable),
        (408, b"", failures.Unavailable),
        (400, body("bad"), failures.Rejected),
        (422, body("invalid"), failures.Rejected),
        (405, b"\xff", failures.Rejected),
    ],
)
def test_an_answer_is_typed_by_what_to_do(
    status: int, answer: bytes, kind: type[failures.ApiFailure]
) -> None:
    assert type(failures.classify("PUT /x", status, {}, answer)) is kind


@pytest.mark.parametrize(
    "header, seconds", [("1", 1.0), ("0.5", 0.5), ("-1", None), ("soon", None), ("nan", None), ("", None)]
)
def test_retry_after_is_a_number_of_seconds_or_nothing(header: str, seconds: float | None) -> None:
    failure = failures.classify("GET /x", 429, {"Retry-After": header}, b"")
    assert isinstance(failure, failures.Unavailable)
    assert failure.retry_after == seconds


def test_nothing_of_a_strange_body_is_repeated() -> None:
    assert "secret" not in str(failures.classify("GET /x", 500, {}, body("secret", "Secret")))
    assert "secret" not in str(failures.classify("GET /x", 500, {}, b"secret"))
    assert len(str(failures.classify("GET /x", 400, {}, body("x" * 10_000)))) < 600
