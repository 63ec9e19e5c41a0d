"""Conditions as the API conventions want them: stable transition times, a generation on each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepward.kube import bounds
from stepward.kube.reasons import Reason

SUCCEEDED = "Succeeded"
FINISHED = "Finished"
STALLED = "Stalled"
READY = "Ready"


@dataclass(frozen=True, slots=True)
class Condition:
    """What is to be said. `status` None is Unknown."""

    type: str
    status: bool | None
    reason: Reason
    message: str


def merge(
    previous: Sequence[Mapping[str, Any]], wanted: Iterable[Condition], generation: int, now: str
) -> list[dict[str, Any]]:
    """Return *wanted* as the API has it; `lastTransitionTime` moves only where the status changed.

    A condition of *previous* that is not wanted is dropped: `Stalled` exists only while it is true.
    """
    since = {
        condition.get("type"): condition.get("lastTransitionTime")
        for condition in previous
        if condition.get("type") is not None
    }
    before = {condition.get("type"): condition.get("status") for condition in previous}
    return [_rendered(condition, before, since, generation, now) for condition in wanted]


def _rendered(
    condition: Condition, before: Mapping[Any, Any], since: Mapping[Any, Any], generation: int, now: str
) -> dict[str, Any]:
    status = "Unknown" if condition.status is None else str(condition.status)
    unchanged = before.get(condition.type) == status
    return {
        "type": condition.type,
        "status": status,
        "reason": condition.reason.value,
        "message": condition.message[: bounds.MESSAGE_CHARACTERS],
        "observedGeneration": generation,
        "lastTransitionTime": (since.get(condition.type) if unchanged else None) or now,
    }


def observed(previous: Iterable[Mapping[str, Any]], generation: int) -> list[dict[str, Any]]:
    """Return *previous* with nothing changed but the generation each condition has observed."""
    return [{**condition, "observedGeneration": generation} for condition in previous]
