"""Module `time` (stdlib 17): timestamps to the microsecond, with the time zones of package `tzdata`."""

import datetime as dt
import decimal
import functools
from typing import Final

from stepward.stdlib.registry import Number, function
from stepward.values import errors

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_MINUTE: Final = dt.timedelta(minutes=1)
_NONE: Final = dt.timedelta(0)


@function("time.format", example=("time.format(1720788633)", "2024-07-12T12:50:33.000000Z"))
def format_(seconds: Number, timezone: str = "UTC") -> str:
    """Return the ISO 8601 text of *seconds* since 1970 in *timezone*, with six digits of fraction."""
    # The digits that the double is written with, cut: its exact value may be just below what was meant.
    exact = decimal.Decimal(repr(seconds)).scaleb(6)
    try:
        moment = _EPOCH + _MICROSECOND * int(exact.to_integral_value(decimal.ROUND_FLOOR))
        offset = _NONE if timezone in ("", "UTC") else _offset(moment, timezone)
        local = moment + offset
    except (OverflowError, decimal.InvalidOperation) as failure:
        raise errors.value_error(
            "time.format: argument 'seconds' is outside the years 1 to 9999"
        ) from failure
    return local.replace(tzinfo=None).isoformat(timespec="microseconds") + _offset_text(offset)


def _offset(moment: dt.datetime, timezone: str) -> dt.timedelta:
    """Return the offset of *timezone* at *moment* (UTC), to the minute: the text has no seconds of it."""
    if timezone not in _zone_names():
        raise errors.value_error(f"time.format: unknown time zone {errors.quoted(timezone)}")
    zone = _zone(timezone)
    offset = moment.astimezone(zone).utcoffset() or _NONE
    return round(offset / _MINUTE) * _MINUTE


def _offset_text(offset: dt.timedelta) -> str:
    if not offset:
        return "Z"
    hours, minutes = divmod(abs(offset) // _MINUTE, 60)
    return f"{'-' if offset < _NONE else '+'}{hours:02d}:{minutes:02d}"


@functools.cache
def _zone_names() -> frozenset[str]:
    from importlib import resources  # few workflows name a zone, and every start would pay

    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@functools.cache
def _zone(name: str) -> dt.tzinfo:
    """Return the zone *name*, one of `_zone_names`, as the package has it, whatever the system thinks."""
    import zoneinfo
    from importlib import resources

    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as data:
        return zoneinfo.ZoneInfo.from_file(data, key=name)


@function("time.parse", example=('time.parse("2000-01-01T00:00:00.5Z")', 946684800.5))
def parse(value: str) -> float:
    """Return the seconds since 1970 of an RFC 3339 timestamp, at most to the microsecond."""
    return parse_timestamp("time.parse", value)


def parse_timestamp(asked_by: str, value: str) -> float:
    """Return the seconds since 1970 of the RFC 3339 timestamp *value*; ValueError if it is none."""
    try:
        return _parse(value)
    except (ValueError, OverflowError) as failure:
        raise errors.value_error(
            f"{asked_by}: not an RFC 3339 timestamp: {errors.quoted(value)}"
        ) from failure


def _parse(value: str) -> float:
    text = value.upper()
    if len(text) < 20 or not text.isascii() or (text[4], text[7], text[10], text[13], text[16]) != _SIGNS:
        raise ValueError
    year, month, day = _number(text[:4]), _number(text[5:7]), _number(text[8:10])
    hour, minute, second = _number(text[11:13]), _number(text[14:16]), _number(text[17:19])
    fraction, offset_minutes = _fraction_and_offset(text[19:])
    microsecond = _number(fraction.ljust(6, "0"))
    local = dt.datetime(year, month, day, hour, minute, second, microsecond, dt.UTC)
    return (local - _EPOCH - offset_minutes * _MINUTE) / _MICROSECOND / 1_000_000


def _fraction_and_offset(text: str) -> tuple[str, int]:
    """Split what follows the seconds into digits of the fraction and minutes ahead of UTC."""
    fraction = ""
    if text[0] == ".":
        length = len(text) - len(text[1:].lstrip("0123456789"))
        fraction, text = text[1:length], text[length:]
        if not 1 <= len(fraction) <= 6:
            raise ValueError
    if text == "Z":
        return fraction, 0
    if len(text) != 6 or text[0] not in "+-" or text[3] != ":":
        raise ValueError
    hours, minutes = _number(text[1:3]), _number(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError
    return fraction, (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


_SIGNS: Final = ("-", "-", "T", ":", ":")


def _number(digits: str) -> int:
    if not digits.isdigit():  # int() would take signs and blanks
        raise ValueError
    return int(digits)
