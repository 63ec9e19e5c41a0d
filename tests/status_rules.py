"""Rules that every status must keep, whoever wrote it and why. Numbered, as messages name them."""

from typing import Any

from stepward.kube.reasons import Reason

_OF_STATE = {
    "Queued": "Unknown",
    "Active": "Unknown",
    "Succeeded": "True",
    "Failed": "False",
    "Cancelled": "False",
}


def check(body: dict[str, Any]) -> None:
    """Assert that the object *body* keeps all rules."""
    status = body["status"]
    conditions = {row["type"]: row for row in status["conditions"]}
    assert len(conditions) == len(status["conditions"]), "R1: one condition of each type"
    for row in conditions.values():
        assert row["reason"] in {reason.value for reason in Reason}, "R2: a reason is one of the list"
        assert row["observedGeneration"] == status["observedGeneration"], "R3: all observe one generation"
        assert row["status"] in ("True", "False", "Unknown"), "R4: three values"
        assert "\n" not in row["message"], "R5: a message is one line"
        assert len(row["message"]) <= 1_000, "R6: a message is short"
        assert row["lastTransitionTime"], "R7: it is known since when"
    assert status["observedGeneration"] <= body["metadata"]["generation"], "R8: nobody observes the future"
    if "Ready" in conditions:
        return
    finished = status["state"] in ("Succeeded", "Failed", "Cancelled")
    succeeded = conditions["Succeeded"]
    assert succeeded["status"] == _OF_STATE[status["state"]], "R9: state sums up the condition"
    assert conditions["Finished"]["status"] == str(finished), "R10: Finished flips once"
    assert conditions["Finished"]["reason"] == succeeded["reason"], "R11: both give one reason"
    assert ("endTime" in status) == finished, "R12: what is over has an end"
    results = {"result", "resultText"} & status.keys()
    assert len(results) == (status["state"] == "Succeeded"), "R13: one result, on success alone"
    assert ("error" in status) == (status["state"] in ("Failed", "Cancelled")), (
        "R14: an error, on failure alone"
    )
    assert ("duration" in status) == (finished and "startTime" in status), "R15: what ran took its time"
