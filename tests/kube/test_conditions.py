"""Conditions as the API conventions want them, and the list of reasons."""

import re

import pytest

from stepward.kube import conditions
from stepward.kube.conditions import Condition
from stepward.kube.reasons import Reason


def ready(*, status: bool | None, message: str = "m") -> Condition:
    return Condition(conditions.READY, status, Reason.VALID, message)


def test_the_transition_time_moves_with_the_status_alone() -> None:
    first = conditions.merge([], [ready(status=True)], 1, "t1")
    same = conditions.merge(first, [ready(status=True, message="other")], 2, "t2")
    moved = conditions.merge(same, [ready(status=False)], 3, "t3")
    assert [rows[0]["lastTransitionTime"] for rows in (first, same, moved)] == ["t1", "t1", "t3"]
    assert [rows[0]["observedGeneration"] for rows in (first, same, moved)] == [1, 2, 3]


def test_unknown_is_a_status() -> None:
    assert conditions.merge([], [ready(status=None)], 1, "t")[0]["status"] == "Unknown"


def test_what_is_not_wanted_is_dropped() -> None:
    stalled = Condition(conditions.STALLED, True, Reason.INTERNAL_ERROR, "m")  # noqa: FBT003 - the status
    first = conditions.merge([], [ready(status=True), stalled], 1, "t")
    assert [row["type"] for row in conditions.merge(first, [ready(status=True)], 1, "t")] == ["Ready"]


@pytest.mark.parametrize("previous", [[{}], [{"type": "Ready"}], [{"type": ["x"], "status": 1}] * 0])
def test_strange_previous_conditions_do_no_harm(previous: list[dict[str, object]]) -> None:
    assert conditions.merge(previous, [ready(status=True)], 1, "t")[0]["lastTransitionTime"] == "t"


def test_observing_changes_nothing_else() -> None:
    first = conditions.merge([], [ready(status=True)], 1, "t")
    assert conditions.observed(first, 5) == [{**first[0], "observedGeneration": 5}]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_is_one_word_with_one_line_of_meaning(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]*", reason.value)
    assert reason.meaning.endswith(".")
    assert "\n" not in reason.meaning
    assert str(reason) == reason.value
