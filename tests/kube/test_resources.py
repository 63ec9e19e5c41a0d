"""Views of objects: whatever is in an object, reading it never raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.kube import resources

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
IDENTITY = {"namespace": "ns", "name": "one", "uid": "uid", "resourceVersion": "1"}
FIELDS = (
    *(
        "workflowRef",
        "argument",
        "desiredState",
        "timeoutSeconds",
        "ttlSecondsAfterFinished",
        "source",
        "env",
    ),
    *("suspend", "revisionHistoryLimit", "state", "holder", "conditions", "endTime", "observedGeneration"),
    *("creationTimestamp", "deletionTimestamp", "generation", "ownerReferences", "latestRevision"),
)
PART = st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON
READERS = (resources.read_execution, resources.read_workflow, resources.read_revision)


@given(spec=PART, status=PART, metadata=st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_content_makes_a_view_raise(spec: Any, status: Any, metadata: dict[str, Any]) -> None:
    body = {"metadata": {**metadata, **IDENTITY}, "spec": spec, "status": status}
    for read in READERS:
        view = read(body)
        assert view is not None
        for name in ("finished", "deadline", "conditions", "observed_generation"):
            getattr(view, name, None)


@given(JSON)
def test_what_is_no_object_has_no_view(body: Any) -> None:
    for read in READERS:
        assert read(body) is None


def test_an_execution_is_read() -> None:
    body = {
        "metadata": {**IDENTITY, "generation": 3, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "workflowRef": {"name": "wf"},
            "argument": "{}",
            "desiredState": "Cancelled",
            "timeoutSeconds": 60,
            "ttlSecondsAfterFinished": 5,
        },
        "status": {
            "state": "Failed",
            "holder": "me",
            "workflowUID": "w",
            "endTime": "2026-01-01T00:00:10.500Z",
            "observedGeneration": 3,
            "conditions": [{"type": "Succeeded", "observedGeneration": 2}],
        },
    }
    view = resources.read_execution(body)
    assert view is not None
    assert view.created == 1_767_225_600
    assert view.deadline == 1_767_225_660
    assert view.ended == 1_767_225_610.5
    assert (view.workflow, view.argument, view.cancel, view.ttl_seconds) == ("wf", "{}", True, 5)
    assert view.finished
    assert view.observed_generation == 2


@pytest.mark.parametrize(
    "one, other, newer",
    [("10", "9", True), ("9", "10", False), ("9", "9", False), ("a", "a", False), ("a", "9", True)],
)
def test_versions_are_ordered_numbers(one: str, other: str, newer: bool) -> None:  # noqa: FBT001 - a table
    ref = resources.Ref("ns", "one", "uid", one)
    assert resources.is_newer(ref, ref.at(other)) is newer


@pytest.mark.parametrize("text", ["", "A", "a/b", "../x", "a b", "a?", "-a", "a-", "é", "a" * 254])
def test_what_cannot_be_in_a_path_is_no_name(text: str) -> None:
    assert not resources.is_name(text)
    assert resources.is_name("a" * 253)
    assert resources.is_name("a-b.c9")


def test_times_are_written_as_the_server_does() -> None:
    assert resources.render_time(1_767_225_610.5) == "2026-01-01T00:00:10.500Z"
    assert resources.render_second(1_767_225_610.9) == "2026-01-01T00:00:10Z"
    assert resources.parse_time("2026-01-01T00:00:10.500Z") == 1_767_225_610.5
    json.dumps(resources.render_time(0))
