"""The status as a projection: bounded, whatever happened."""

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

import status_rules
from fakecluster import EXECUTION as NEW
from stepward.controllers import status
from stepward.engine import outcome
from stepward.kube import bounds, resources
from stepward.kube.reasons import Reason
from stepward.values import model

CLAIMED = status.Claimed(1_000.0, "holder", "wf-uid", "wf-1")
ROOM = 1_000_000
STACK = (outcome.StackElement("charge", "main", 9, 5, 4), outcome.StackElement("call", "sub", 2, 1, 3))


def ended(ending: status.Ending, room: int = ROOM, steps: status.Steps = ()) -> dict[str, Any]:
    written = status.ended(CLAIMED, 3, ending, steps, 1_003.25, room)
    status_rules.check({"metadata": {"generation": 3}, "status": written})
    assert len(orjson.dumps(written)) < bounds.OBJECT_BYTES
    return written


def nested(levels: int) -> model.Value:
    value: model.Value = 1
    for _ in range(levels):
        value = model.List([value])
    return value


def test_a_result_is_kept_as_it_is() -> None:
    written = ended(outcome.Succeeded(model.Map({"a": 1, "b": None})), steps=[("main", "last")])
    assert written["result"] == {"a": 1, "b": None}
    assert written["duration"] == "3.250s"
    assert written["startTime"] == "1970-01-01T00:16:40.000Z"
    assert written["endTime"] == "1970-01-01T00:16:43.250Z"
    assert "currentSteps" not in written


@pytest.mark.parametrize("value", [None, 0, "", False, 1.5, model.List([]), model.Map({})])
def test_every_value_is_a_result(value: model.Value) -> None:
    written = ended(outcome.Succeeded(value))
    assert written["result"] == value
    assert "resultText" not in written


def test_a_large_or_deep_result_is_kept_as_text() -> None:
    for value in ("x" * (bounds.RESULT_NATIVE_BYTES - 1), nested(bounds.RESULT_NATIVE_DEPTH + 1)):
        written = ended(outcome.Succeeded(value))
        assert json.loads(written["resultText"]) == value
        assert "result" not in written
    assert "result" in ended(outcome.Succeeded(nested(bounds.RESULT_NATIVE_DEPTH)))


def test_text_keeps_the_type_of_numbers_and_sorts_keys() -> None:
    value = model.Map({"z": 1.0, "a": model.List(["x" * bounds.RESULT_NATIVE_BYTES])})
    text = ended(outcome.Succeeded(value))["resultText"]
    assert text.startswith('{"a":')
    assert text.endswith('"z":1.0}')


@pytest.mark.parametrize("character", ["<", ">", "&", "x"])
def test_a_result_that_does_not_fit_fails(character: str) -> None:
    written = ended(outcome.Succeeded(character * 200_000), room=200_000)
    assert written["conditions"][0]["reason"] == "ResultTooLarge"
    assert len(orjson.dumps(written)) < 5_000


def test_what_has_no_json_form_fails_as_the_language_says() -> None:
    for value in (model.Map({"a": b"bytes"}), "\ud800"):
        written = ended(outcome.Succeeded(value))
        assert written["conditions"][0]["reason"] == "Failed"
        assert written["error"]["payload"]["tags"] == ["TypeError"]


def test_an_error_says_where_it_happened() -> None:
    payload = model.Map({"message": "boom", "tags": model.List(["HttpError"])})
    written = ended(outcome.Failed(payload, 'boom\nin step "charge"', STACK), steps=[("main", "other")])
    assert written["state"] == "Failed"
    assert written["conditions"][0]["message"] == "step 'charge' (line 9): boom"
    assert written["currentSteps"] == [{"routine": "main", "step": "charge"}]
    assert written["error"]["payload"] == payload
    assert written["error"]["context"] == 'boom\nin step "charge"'
    assert written["error"]["stackTrace"][0] == {
        "step": "charge",
        "routine": "main",
        "position": {"line": 9, "column": 5, "length": 4},
    }


def test_a_limit_is_a_reason_of_its_own() -> None:
    payload = {"message": "too much", "tags": ["ResourceLimitError"]}
    assert ended(outcome.Failed(payload, "too much", ()))["conditions"][0]["reason"] == "LimitExceeded"


@pytest.mark.parametrize("payload", ["x" * 500_000, nested(190), {"a": b"x"}, "\ud800", None, 1])
def test_an_error_is_bounded_whatever_was_raised(payload: model.Value) -> None:
    context = "\x1b[31m" + "y" * 100_000 + "\n" * 1_000
    stack = tuple(outcome.StackElement("s" * 1_000, "r" * 1_000, 1, 1, 1) for _ in range(100))
    written = ended(outcome.Failed(payload, context, stack))
    assert len(orjson.dumps(written)) < 200_000
    assert len(written["error"]["stackTrace"]) == bounds.STACK_ELEMENTS
    assert "\x1b" not in written["error"]["context"]


def test_credentials_do_not_reach_a_message() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    context = f"server replied 401 to Authorization: Bearer {token}"
    written = ended(outcome.Failed("x", context, STACK))
    assert token not in orjson.dumps(written).decode()


def test_running_says_what_runs() -> None:
    written = status.running(CLAIMED, 1, Reason.SLEEPING, [("main", "nap"), ("sub", "b")], 1_001.0)
    status_rules.check({"metadata": {"generation": 1}, "status": written})
    assert written["conditions"][0]["message"] == "step 'nap' and 1 more sleeps"
    assert written["currentSteps"][1] == {"routine": "sub", "step": "b"}
    first = status.running(CLAIMED, 1, Reason.RUNNING, (), 1_000.0)
    assert "currentSteps" not in first


def test_transition_times_move_only_with_the_status() -> None:
    first = status.running(CLAIMED, 1, Reason.RUNNING, (), 1_000.0)
    base = replace(CLAIMED, conditions=first["conditions"])
    later = status.running(base, 2, Reason.SLEEPING, [("main", "nap")], 2_000.0)
    assert [row["lastTransitionTime"] for row in later["conditions"]] == ["1970-01-01T00:16:40Z"] * 2
    end = status.ended(base, 2, outcome.Succeeded(1), (), 3_000.0, ROOM)
    assert [row["lastTransitionTime"] for row in end["conditions"]] == ["1970-01-01T00:50:00Z"] * 2


def test_what_never_started_keeps_what_is_known_of_it() -> None:
    stopped = status.Stopped("Failed", Reason.OPERATOR_RESTARTED, "lost")
    before = status.running(CLAIMED, 1, Reason.RUNNING, [("main", "nap")], 1_000.0)
    execution = replace(NEW, state="Active", status={**before, "result": "not ours", "junk": 1})
    written = status.never_started(execution, stopped, 1_010.0)
    status_rules.check({"metadata": {"generation": 1}, "status": written})
    assert written["duration"] == "10.000s"
    assert written["currentSteps"] == [{"routine": "main", "step": "nap"}]
    assert "junk" not in written
    never = status.never_started(NEW, stopped, 1_010.0)
    assert "duration" not in never


def test_the_room_for_a_result_shrinks_with_the_argument() -> None:
    assert status.room_bytes(NEW) - status.room_bytes(replace(NEW, argument="<" * 1_000)) == 6_002


def test_a_state_is_final_for_every_ending() -> None:
    for state in resources.FINAL_STATES - {"Succeeded"}:
        assert ended(status.Stopped(state, Reason.CANCELLED, "why"))["state"] == state
