"""Files of mocks and of test cases: what is wrong with them is told with its place, and nothing breaks."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stepward.cli.rehearsal import casefile, mockfile
from stepward.language import diagnostics
from stepward.language.source import Source
from stepward.values import model
from stepward.values.errors import WorkflowError

ROWS = yaml.safe_load((Path(__file__).parent / "files.yaml").read_text(encoding="utf-8"))


def findings(report: diagnostics.Report, source: Source) -> list[str]:
    return [
        f"{source.position(one.span).line}:{source.position(one.span).column} {one.code}: {one.message}"
        for one in report.diagnostics
    ]


@pytest.mark.parametrize("row", ROWS["mocks"], ids=lambda row: row["name"])
def test_a_wrong_file_of_mocks_says_what_is_wrong(row: dict[str, Any]) -> None:
    source = Source("mocks.yaml", row["text"])
    _, report = mockfile.read(source)
    compare(row["wrong"], findings(report, source))


@pytest.mark.parametrize("row", ROWS["cases"], ids=lambda row: row["name"])
def test_a_wrong_file_of_cases_says_what_is_wrong(row: dict[str, Any]) -> None:
    source = Source("a_test.yaml", row["text"])
    file, report = casefile.read(source)
    assert file is None
    compare(row["wrong"], findings(report, source))


def compare(wanted: list[str], found: list[str]) -> None:
    assert len(found) == len(wanted), found
    for want, have in zip(wanted, found, strict=True):
        assert re.search(want, have), have


def answer_of(text: str) -> Any:
    setting, report = mockfile.read(Source("mocks.yaml", text))
    assert not report.has_errors, diagnostics.render_all(report, Source("mocks.yaml", text))
    return setting.mocks[0].answer


@pytest.mark.parametrize(
    "respond, response",
    [
        ("{}", {"code": 200, "headers": {}, "body": None}),
        ("{body: {a: 1}}", {"code": 200, "headers": {"Content-Type": "application/json"}, "body": {"a": 1}}),
        ("{code: 201, body: x}", {"code": 201, "headers": {"Content-Type": "application/json"}, "body": "x"}),
        ("{body: null}", {"code": 200, "headers": {"Content-Type": "application/json"}, "body": None}),
        (
            "{body: <p>, headers: {content-type: text/html, x-n: 7}}",
            {"code": 200, "headers": {"Content-Type": "text/html", "X-N": "7"}, "body": "<p>"},
        ),
        (
            "{body: ab, headers: {Content-Type: application/octet-stream}}",
            {"code": 200, "headers": {"Content-Type": "application/octet-stream"}, "body": b"ab"},
        ),
    ],
)
def test_a_response_is_what_a_call_would_get(respond: str, response: dict[str, Any]) -> None:
    answer = answer_of(f"- request: GET *\n  respond: {respond}\n  delay: 1.5\n")
    assert answer.value == response
    assert answer.delay_seconds == 1.5


@pytest.mark.parametrize(
    "reply, error",
    [
        (
            "respond: {code: 404, body: {a: 1}}",
            {
                "message": "HTTP server responded with error code 404",
                "tags": ["HttpError"],
                "code": 404,
                "headers": {"Content-Type": "application/json"},
                "body": {"a": 1},
            },
        ),
        ("fail: TimeoutError", {"message": "request timed out", "tags": ["TimeoutError", "OSError"]}),
        (
            "fail: ConnectionFailedError",
            {
                "message": "ConnectionFailedError: failed by a mock",
                "tags": ["ConnectionFailedError", "ConnectionError"],
            },
        ),
        ("fail: {message: no, tags: [Mine], n: 1}", {"message": "no", "tags": ["Mine"], "n": 1}),
    ],
)
def test_a_failure_is_what_except_would_find(reply: str, error: dict[str, Any]) -> None:
    failure = answer_of(f"- request: GET *\n  {reply}\n").error
    assert isinstance(failure, WorkflowError)
    assert model.equal(failure.value, model.adopt(error)), failure.value


def test_a_request_to_a_callback_has_defaults() -> None:
    setting, report = mockfile.read(
        Source("m.yaml", "{callbacks: [{}, {endpoint: 2, after: 60, query: {a: [1, 2]}}]}")
    )
    assert not report.has_errors
    first, second = (callback.arrival for callback in setting.callbacks)
    assert (first.endpoint, first.after_seconds, first.method, first.body) == (1, 0, None, b"")
    assert (second.endpoint, second.after_seconds, second.query) == (2, 60, "a=1&a=2")


def test_a_file_of_mocks_says_when_it_begins() -> None:
    setting, _ = mockfile.read(Source("m.yaml", "{now: '2026-01-31T12:00:00Z'}"))
    assert setting.now == 1_769_860_800


KEYS = st.sampled_from(sorted({*casefile.KEYS, *mockfile.KEYS, "other"}))
TEXTS = [
    "",
    "GET https://a.test/*",
    "POST x",
    "googleapis.a.b.c.d",
    "a.yaml",
    "[",
    "*",
    "\u00e9",
    "HttpError",
]
NUMBERS = st.one_of(st.integers(-5, 700), st.floats(allow_nan=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(TEXTS))
TREES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4))
)


@settings(max_examples=300, deadline=None)
@given(tree=TREES)
def test_no_file_breaks_the_readers(tree: object) -> None:
    source = Source("x.yaml", yaml.safe_dump(tree, allow_unicode=True))
    for read in (mockfile.read, casefile.read):
        _, report = read(source)
        diagnostics.render_all(report, source)
