"""Logs: one JSON object a line in a cluster, readable lines on a terminal.

Code logs a sentence and passes what it is about as `extra=about(execution=...)`.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

from stepward.telemetry import redaction

FORMATS: Final = ("text", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

MESSAGE_CHARACTERS: Final = 16_384
"""Longest message of a line; what a workflow logs is cut there."""
TRACEBACK_CHARACTERS: Final = 16_384
FIELD_CHARACTERS: Final = 1_024
PAYLOAD_BYTES: Final = 65_536
"""Largest structured entry of `sys.log`; a larger one is logged as cut text."""

GATHER_SECONDS: Final = 0.05
"""How long a line may wait for others."""
GATHERED_LINES: Final = 1_000

_FIELDS: Final = "stepward_fields"
_WORKFLOWS: Final = logging.getLogger("stepward.workflow")

_LEVEL_OF_SEVERITY: Final = {
    "DEFAULT": logging.INFO,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "NOTICE": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
    "ALERT": logging.CRITICAL,
    "EMERGENCY": logging.CRITICAL,
}


def about(**fields: Any) -> dict[str, Any]:
    """Return the `extra` of a log call that carries *fields* into the entry."""
    return {_FIELDS: fields}


class Handler(logging.StreamHandler[TextIO]):
    """Writes lines, many at once while an event loop runs: each write hands the interpreter to others."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._later: Callable[[float, Callable[[], None]], object] | None = None
        self._thread = threading.get_ident()

    def gather(self, later: Callable[[float, Callable[[], None]], object] | None) -> None:
        """Gather the lines of this thread from now on; *later* is the loop's `call_later`. None: stop."""
        self._thread = threading.get_ident()
        self._later = later
        self.flush()

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*, or keep it for a moment; what is worse than a remark is written at once."""
        self._lines.append(self.format(record) + self.terminator)
        if (
            self._later is None
            or record.levelno > logging.WARNING
            or len(self._lines) > GATHERED_LINES
            or threading.get_ident() != self._thread
        ):
            self.flush()
        elif len(self._lines) == 1:
            self._later(GATHER_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was kept. A stream that is gone takes nothing with it."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("".join(lines))
                self.stream.flush()
        except (OSError, ValueError):
            pass
        finally:
            self.release()


def configure(style: str, level: str, stream: TextIO | None = None) -> Handler:
    """Send all logs to *stream* (standard error) as *style* (see FORMATS), from *level* on."""
    handler = Handler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TerminalLines())
    # Which thread and process logged is looked up for every line, and nothing shows it.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("stepward").setLevel(level.upper())
    # kopf tells of each object at INFO, and of whole bodies at DEBUG: neither may reach a log.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    return handler


def write_workflow_entry(severity: str, payload: Any, fields: dict[str, Any]) -> None:
    """Write one entry of `sys.log`: *payload* is a map for a structured entry, else text."""
    level = _LEVEL_OF_SEVERITY.get(severity, logging.INFO)
    if not _WORKFLOWS.isEnabledFor(level):
        return
    extra = about(**fields, workflow_severity=severity)
    text = payload if isinstance(payload, str) else _compact(payload)
    if isinstance(payload, dict) and text.startswith("{") and len(text) <= PAYLOAD_BYTES:
        extra[_FIELDS]["payload"] = orjson.loads(redaction.without_credentials(text))
        message = payload.get("message")
        text = message if isinstance(message, str) else "structured entry"
    _WORKFLOWS.log(level, "%s", text, extra=extra)


def _compact(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except (orjson.JSONEncodeError, UnicodeError):
        return "(an entry that has no JSON form)"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, severity, message, logger, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as one line of JSON."""
        fields = dict(getattr(record, _FIELDS, {}))
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "severity": fields.pop("workflow_severity", record.levelname),
            "message": redaction.paragraph(_message(record), MESSAGE_CHARACTERS),
            "logger": record.name,
        }
        payload = fields.pop("payload", None)
        for name, value in fields.items():
            entry[name] = redaction.presentable(str(value), FIELD_CHARACTERS)
        if payload is not None:
            entry["payload"] = payload
        if record.exc_info:
            entry["exception"] = redaction.paragraph(
                self.formatException(record.exc_info), TRACEBACK_CHARACTERS
            )
        try:
            return orjson.dumps(entry, default=str).decode()
        except orjson.JSONEncodeError:
            entry.pop("payload", None)
            return orjson.dumps(entry, default=str).decode()


class TerminalLines(logging.Formatter):
    """Time, severity and message, then the fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as a line, and a traceback below it if there is one."""
        fields = dict(getattr(record, _FIELDS, {}))
        severity = fields.pop("workflow_severity", record.levelname)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        tail = "".join(
            f"  {name}={redaction.presentable(str(value), FIELD_CHARACTERS)}"
            for name, value in fields.items()
            if value not in (None, "")
        )
        message = redaction.presentable(_message(record), MESSAGE_CHARACTERS)
        line = f"{clock} {severity:<8} {message}{tail}"
        if record.exc_info:
            traceback = self.formatException(record.exc_info)
            line += "\n" + redaction.paragraph(traceback, TRACEBACK_CHARACTERS)
        return line


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)
