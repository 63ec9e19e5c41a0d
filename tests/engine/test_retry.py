"""The arithmetic of retry policies."""

from typing import Any

import pytest

from stepward.engine import retry
from stepward.values import limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import FunctionRef

ALWAYS = FunctionRef("retry.always")


def delays(policy: dict[str, Any]) -> list[float]:
    """Return every delay that *policy* leads to."""
    state = retry.begin(model.adopt({"predicate": ALWAYS, **policy}))
    found = []
    while state["left"] > 0:
        delay, state = retry.next_delay(state)
        found.append(delay)
    return found


@pytest.mark.parametrize(
    "policy,wanted",
    [
        (
            {"max_retries": 8, "backoff": {"initial_delay": 1, "max_delay": 60, "multiplier": 2}},
            [1, 2, 4, 8, 16, 32, 60, 60],
        ),
        ({}, [1, 1.25, 1.5625, 1.953125, 2.44140625]),
        ({"max_retries": 0}, []),
        ({"max_retries": 2.9, "backoff": {"multiplier": 1}}, [1, 1]),
        ({"max_retries": 2, "backoff": {"initial_delay": 90, "max_delay": 60}}, [90, 60]),
        ({"max_retries": 3, "backoff": {"initial_delay": 0.5, "multiplier": 0}}, [0.5, 0, 0]),
        ({"max_retries": None, "backoff": None}, [1, 1.25, 1.5625, 1.953125, 2.44140625]),
        (
            {"max_retries": 2, "backoff": {"initial_delay": 1e300, "max_delay": 1e308, "multiplier": 1e300}},
            [limits.SLEEP_SECONDS] * 2,
        ),
    ],
)
def test_delays(policy: dict[str, Any], wanted: list[float]) -> None:
    assert delays(policy) == wanted


@pytest.mark.parametrize(
    "policy,message",
    [
        (5, "TypeError: a retry policy must be a map; got: integer"),
        ({"max_retries": 1}, "TypeError: 'predicate' of a retry policy must name"),
        ({"predicate": "retry.always"}, "TypeError: 'predicate' of a retry policy must name"),
        ({"predicate": ALWAYS, "backoff": 5}, "TypeError: 'backoff' of a retry policy must be a map"),
        ({"predicate": ALWAYS, "max_retries": "3"}, "TypeError: 'max_retries' must be a number; got: string"),
        (
            {"predicate": ALWAYS, "max_retries": True},
            "TypeError: 'max_retries' must be a number; got: boolean",
        ),
        ({"predicate": ALWAYS, "max_retries": -1}, "ValueError: 'max_retries' must not be negative"),
        ({"predicate": ALWAYS, "backoff": {"max_delay": "1"}}, "TypeError: 'max_delay' must be a number"),
        (
            {"predicate": ALWAYS, "backoff": {"multiplier": -1}},
            "ValueError: 'multiplier' must not be negative",
        ),
    ],
)
def test_what_is_no_policy_is_refused(policy: Any, message: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        retry.begin(model.adopt(policy))
    assert caught.value.value["message"].startswith(message)
