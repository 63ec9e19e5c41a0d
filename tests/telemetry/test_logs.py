"""Log lines: one entry is one line, whoever wrote it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stepward.telemetry import logs

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = before
    root.setLevel(level)


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_has_the_fields(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    logging.getLogger("stepward.x").info("it %s", "works", extra=logs.about(execution="one", workflow="wf"))
    (entry,) = entries(stream)
    assert entry["time"].endswith("+00:00")
    del entry["time"]
    assert entry == {
        "severity": "INFO",
        "message": "it works",
        "logger": "stepward.x",
        "execution": "one",
        "workflow": "wf",
    }


def test_a_terminal_line_is_readable_and_one_line(stream: io.StringIO) -> None:
    logs.configure("text", "info", stream)
    logging.getLogger("stepward.x").warning("a\nb\x1b[31m", extra=logs.about(execution="one", none=""))
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("WARNING  a b\ufffd[31m  execution=one")


def test_levels_and_other_loggers(stream: io.StringIO) -> None:
    logs.configure("json", "warning", stream)
    for name in ("stepward.x", "kopf", "kopf.objects", "aiohttp"):
        logging.getLogger(name).info("no")
        logging.getLogger(name).warning("yes")
    assert [entry["message"] for entry in entries(stream)] == ["yes"] * 4


@pytest.mark.parametrize(
    "severity, level", [("DEFAULT", "info"), ("NOTICE", "info"), ("ALERT", "error"), ("ODD", "info")]
)
def test_an_entry_of_a_workflow_keeps_its_severity(stream: io.StringIO, severity: str, level: str) -> None:
    logs.configure("json", level, stream)
    logs.write_workflow_entry(severity, "text", {"execution": "one"})
    (entry,) = entries(stream)
    assert (entry["severity"], entry["message"], entry["logger"]) == (severity, "text", "stepward.workflow")


def test_a_structured_entry_stays_structured(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    payload = {"message": "hello", "n": [1, {"a": None}], "token": f"Bearer {TOKEN}"}
    logs.write_workflow_entry("INFO", payload, {})
    (entry,) = entries(stream)
    assert entry["message"] == "hello"
    assert entry["payload"]["n"] == [1, {"a": None}]
    assert TOKEN not in stream.getvalue()


@pytest.mark.parametrize(
    "payload",
    ["x" * 1_000_000, {"a": "x" * 1_000_000}, {"a": b"bytes"}, "\ud800", {"\ud800": 1}, 7, None, [1], "%s"],
)
def test_whatever_a_workflow_logs_is_one_bounded_line(stream: io.StringIO, payload: Any) -> None:
    logs.configure("json", "info", stream)
    logs.write_workflow_entry("INFO", payload, {})
    (line,) = stream.getvalue().splitlines()
    assert len(line) < 2 * logs.PAYLOAD_BYTES
    json.loads(line)


def test_lines_are_gathered_while_a_loop_runs_but_errors_are_not(stream: io.StringIO) -> None:
    handler = logs.configure("json", "info", stream)
    later: list[Callable[[], None]] = []
    handler.gather(lambda _, flush: later.append(flush))
    log = logging.getLogger("stepward.x")
    log.info("one")
    log.info("two")
    assert stream.getvalue() == ""
    assert len(later) == 1
    later[0]()
    assert [entry["message"] for entry in entries(stream)] == ["one", "two"]
    log.info("three")
    log.error("four")
    assert [entry["message"] for entry in entries(stream)] == ["one", "two", "three", "four"]
    log.info("five")
    handler.gather(None)
    assert len(entries(stream)) == 5


def test_a_stream_that_is_gone_takes_nothing_with_it(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    stream.close()
    logging.getLogger("stepward.x").info("nobody hears")
