"""Module `sys` (stdlib 15)."""

from typing import Any, Final

from stepward.engine import effects
from stepward.engine.ambient import Ambient
from stepward.stdlib.registry import Number, function
from stepward.stdlib.time import parse_timestamp
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import Map

SEVERITIES: Final = (
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
)


@function("sys.get_env", example=('sys.get_env("MY_FLAG", "off")', "off"))
def get_env(ambient: Ambient, name: str, default: str | None = None) -> str | None:
    """Return the value of the environment variable *name*, or *default* (null) if it is not set."""
    return ambient.environment.get(name, default)


@function("sys.log", blocking=True, example=('{call: sys.log, args: {text: "hi", severity: INFO}}', None))
def log(
    data: Any = None,
    severity: str = "DEFAULT",
    text: Any = None,
    json: Map | None = None,
    timeout: Number | None = None,  # noqa: ARG001 - accepted, see below
) -> effects.Log:
    """Write a log entry: structured if *json*, or a map as *data*, is given, else text.

    Writing an entry does not wait for anything here, so it never takes as long as *timeout*.
    """
    given = [argument for argument in (data, text, json) if argument is not None]
    if len(given) != 1:
        raise errors.type_error(
            "sys.log: exactly one of 'data', 'text' and 'json' must be given, and not null"
        )
    if severity not in SEVERITIES:
        known = ", ".join(SEVERITIES)
        raise errors.value_error(
            f"sys.log: argument 'severity' must be one of {known}; got: {errors.quoted(severity)}"
        )
    (payload,) = given
    if type(payload) is not str:
        as_text = _json_text(payload)
        if text is not None or type(payload) is not Map:
            payload = as_text
    # another branch may write to the map before the entry is out
    return effects.Log(severity, model.share(payload))


def _json_text(payload: Any) -> str:
    try:
        return convert.encode_json(payload)
    except WorkflowError as failure:
        # no bad value but a wrong kind: what has no JSON form cannot be logged at all
        raise errors.type_error("sys.log: bytes and function references cannot be logged") from failure


@function("sys.now", example=("get_type(sys.now())", "double"))
def now(ambient: Ambient) -> float:
    """Return the seconds since 1970 (UTC), with a fraction."""
    return float(ambient.now)


@function("sys.sleep", blocking=True, example=("{call: sys.sleep, args: {seconds: 0.5}}", None))
def sleep(ambient: Ambient, seconds: Number) -> effects.Sleep | None:
    """Wait for *seconds*, at most a year."""
    if seconds < 0:
        raise errors.value_error("sys.sleep: argument 'seconds' must not be negative")
    return _sleep("sys.sleep", ambient, seconds)


@function(
    "sys.sleep_until",
    blocking=True,
    example=('{call: sys.sleep_until, args: {time: "2020-01-01T00:00:00Z"}}', None),
)
def sleep_until(ambient: Ambient, time: str) -> effects.Sleep | None:
    """Wait until the RFC 3339 timestamp *time*, at most for a year; not at all if it is in the past."""
    until = parse_timestamp("sys.sleep_until", time)
    return _sleep("sys.sleep_until", ambient, until - ambient.now, until)


def _sleep(
    asked_by: str, ambient: Ambient, seconds: Number, until: float | None = None
) -> effects.Sleep | None:
    if seconds > limits.SLEEP_SECONDS:
        raise errors.value_error(f"{asked_by}: cannot wait longer than {limits.SLEEP_SECONDS} seconds")
    if seconds <= 0:
        return None  # over before it could be written down
    return effects.Sleep(until=ambient.now + seconds if until is None else until)
