"""Module time beyond its conformance cases: every zone, every moment, any text."""

from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward import stdlib
from stepward.stdlib import registry
from stepward.values.errors import WorkflowError

stdlib.library()

ZONES = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
FIRST, LAST = -62135596800, 253402300799
"""The first second of the year 1 and the last one of the year 9999."""


def call(name: str, *arguments: Any) -> Any:
    return registry.FUNCTIONS[name].implementation(*arguments)


def attempt(name: str, *arguments: Any) -> Any:
    """Return what came of a call: its result, or the tags of its error."""
    try:
        return call(name, *arguments)
    except WorkflowError as refused:
        return refused.value["tags"]


@given(st.integers(-(10**15), 10**16), st.sampled_from(ZONES))
def test_a_moment_to_the_microsecond_comes_back_from_any_zone(microseconds: int, zone: str) -> None:
    seconds = microseconds / 1_000_000
    text = call("time.format", seconds, zone)
    assert len(text.rstrip("Z")) in (26, 32)
    assert call("time.parse", text) == seconds


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
def test_any_number_is_formatted_or_a_value_error(seconds: float) -> None:
    made = attempt("time.format", seconds)
    assert made == ["ValueError"] if not FIRST <= seconds < LAST + 1 else made.endswith("Z")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_ends_of_time_are_value_errors_and_no_faults(zone: str) -> None:
    for seconds in (FIRST, LAST, FIRST - 1, LAST + 1):
        made = attempt("time.format", seconds, zone)
        assert type(made) is str or made == ["ValueError"]


def test_every_zone_of_the_package_is_known() -> None:
    for zone in ZONES:
        assert call("time.format", 0, zone).startswith("19")


@pytest.mark.parametrize(
    "zone", ["/etc/localtime", "../zones", "Europe", "Europe/", "europe/paris", "localtime", "zones", "\0"]
)
def test_no_other_file_is_a_zone(zone: str) -> None:
    with pytest.raises(WorkflowError, match="unknown time zone"):
        call("time.format", 0, zone)


@given(st.text("0123456789-:.TZtz+ ", max_size=34))
def test_any_text_is_parsed_or_a_value_error(text: str) -> None:
    parsed = attempt("time.parse", text)
    assert type(parsed) is float or parsed == ["ValueError"]


@given(
    st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds")),
    st.sampled_from(["Z", "+00:00", "-00:00", "+23:59", "-12:30"]),
)
def test_every_date_of_the_calendar_is_parsed(moment: str, offset: str) -> None:
    assert type(call("time.parse", moment + offset)) is float
