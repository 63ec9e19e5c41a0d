"""Every rule of the definitions, on the real API server: one object it accepts, one it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcluster import manifests
from localcluster.api import Api, ApiError
from localcluster.controlplane import ControlPlane

Spec = dict[str, Any]
GROUP = "/apis/stepward.dev/v1alpha1"


@dataclass(frozen=True)
class Case:
    """`before` is created first, if given; then `accepted` and `refused` are each written over it."""

    kind: str
    rule: str
    """The rule's path and message."""
    accepted: Spec
    refused: Spec
    before: Spec | None = field(default=None)


SOURCE = "main: {return: 1}"
RUN = {"workflowRef": {"name": "w"}}
REVISION = {"source": SOURCE, "workflowUID": "u"}

# `é` is one character and two bytes: only a rule that counts bytes refuses these.
CASES = [
    Case(
        "Workflow",
        ".source must have at most 131072 bytes (128 KiB)",
        accepted={"source": "é" * 65_536},
        refused={"source": "é" * 65_537},
    ),
    Case(
        "Workflow",
        ".name must not start with GOOGLE or WORKFLOWS, which are built in",
        accepted={"source": SOURCE, "env": [{"name": "MY_GOOGLE", "value": ""}]},
        refused={"source": SOURCE, "env": [{"name": "GOOGLE_X", "value": ""}]},
    ),
    Case(
        "Workflow",
        ".value must have at most 4096 bytes",
        accepted={"source": SOURCE, "env": [{"name": "A", "value": "é" * 2_048}]},
        refused={"source": SOURCE, "env": [{"name": "A", "value": "é" * 2_049}]},
    ),
    Case(
        "Execution",
        ".workflowRef must not change after creation; create another execution",
        before=RUN,
        accepted={**RUN, "ttlSecondsAfterFinished": 5},
        refused={"workflowRef": {"name": "other"}},
    ),
    Case(
        "Execution",
        ".argument must not change after creation; create another execution",
        before={**RUN, "argument": "1.0"},
        accepted={**RUN, "argument": "1.0", "ttlSecondsAfterFinished": 0},
        refused={**RUN, "argument": "1"},
    ),
    Case(
        "Execution",
        ".argument must not change after creation; create another execution",
        before=RUN,
        accepted=RUN,
        refused={**RUN, "argument": "1"},
    ),
    Case(
        "Execution",
        ".argument must not change after creation; create another execution",
        before={**RUN, "argument": "1"},
        accepted={**RUN, "argument": "1"},
        refused=RUN,
    ),
    Case(
        "Execution",
        ".argument must have at most 524288 bytes (512 KiB)",
        accepted={**RUN, "argument": "é" * 262_144},
        refused={**RUN, "argument": "é" * 262_145},
    ),
    Case(
        "Execution",
        ".timeoutSeconds must not change after creation",
        before={**RUN, "timeoutSeconds": 60},
        accepted={**RUN, "timeoutSeconds": 60, "desiredState": "Cancelled"},
        refused={**RUN, "timeoutSeconds": 61},
    ),
    Case(
        "Execution",
        ".timeoutSeconds must not change after creation",
        before={**RUN, "timeoutSeconds": 60},
        accepted={**RUN, "timeoutSeconds": 60},
        refused=RUN,
    ),
    Case(
        "Execution",
        ".desiredState must stay Cancelled; create another execution to run the workflow again",
        before={**RUN, "desiredState": "Cancelled"},
        accepted={**RUN, "desiredState": "Cancelled", "ttlSecondsAfterFinished": 1},
        refused={**RUN, "desiredState": "Running"},
    ),
    Case(
        "Execution",
        ".desiredState must stay Cancelled; create another execution to run the workflow again",
        before={**RUN, "desiredState": "Cancelled"},
        accepted={**RUN, "desiredState": "Cancelled"},
        refused=RUN,  # left out, it would be defaulted to Running
    ),
    Case(
        "WorkflowRevision",
        " must not change; a new source makes a new revision",
        before=REVISION,
        accepted=REVISION,
        refused={**REVISION, "source": "main: {return: 2}"},
    ),
]


def rules(schema: Spec) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield f"{rule.get('fieldPath', '')} {rule['message']}"
    for child in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from rules(child)


def test_every_rule_has_a_case() -> None:
    definitions = manifests.load(manifests.MANIFESTS / "crds")
    stated = {
        (definition["spec"]["names"]["kind"], rule)
        for definition in definitions
        for rule in rules(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    }
    assert stated == {(case.kind, case.rule) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}{case.rule.split()[0]}")
def test_rule(case: Case, cluster: ControlPlane, namespace: str) -> None:
    api = cluster.admin()
    write(api, namespace, case, "accepted", case.accepted)
    with pytest.raises(ApiError) as refusal:
        write(api, namespace, case, "refused", case.refused)
    assert refusal.value.code == 422
    assert case.rule.partition(" ")[2] in refusal.value.message
    assert len(refusal.value.message) < 500, "the answer must not repeat the object"


def write(api: Api, namespace: str, case: Case, name: str, spec: Spec) -> None:
    """Create the object, or `before` and then the object over it."""
    collection = f"{GROUP}/namespaces/{namespace}/{case.kind.lower()}s"
    body = {"apiVersion": "stepward.dev/v1alpha1", "kind": case.kind, "metadata": {"name": name}}
    if case.before is None:
        api.create(collection, {**body, "spec": spec})
        return
    created = api.create(collection, {**body, "spec": case.before})
    api.replace(f"{collection}/{name}", {**created, "spec": spec})


@pytest.mark.parametrize("kind", ["Workflow", "Execution"])
def test_a_name_fits_the_value_of_a_label(kind: str, cluster: ControlPlane, namespace: str) -> None:
    spec: Spec = {"source": SOURCE} if kind == "Workflow" else dict(RUN)
    api = cluster.admin()
    write(api, namespace, Case(kind, "", {}, {}), "x" * 63, spec)
    with pytest.raises(ApiError, match=r"metadata\.name: Too long"):
        write(api, namespace, Case(kind, "", {}, {}), "x" * 64, spec)


def test_every_default_shows_in_the_object(cluster: ControlPlane, namespace: str) -> None:
    api = cluster.admin()
    write(api, namespace, Case("Workflow", "", {}, {}), "w", {"source": SOURCE})
    write(api, namespace, Case("Execution", "", {}, {}), "e", RUN)
    workflow = api.get(f"{GROUP}/namespaces/{namespace}/workflows/w")["spec"]
    execution = api.get(f"{GROUP}/namespaces/{namespace}/executions/e")["spec"]
    assert workflow == {"source": SOURCE, "suspend": False, "revisionHistoryLimit": 10}
    assert execution == {
        **RUN,
        "desiredState": "Running",
        "timeoutSeconds": 31_536_000,
        "ttlSecondsAfterFinished": 604_800,
    }


def test_a_result_is_kept_as_it_is(cluster: ControlPlane, namespace: str) -> None:
    api = cluster.admin()
    write(api, namespace, Case("Execution", "", {}, {}), "e", RUN)
    address = f"{GROUP}/namespaces/{namespace}/executions/e"
    for result in (None, 1, -(2**63), "text", True, [1, [None]], {"url": "https://a.test/", "no": None}):
        body = {**api.get(address), "status": {"state": "Succeeded", "result": result}}
        assert api.replace(f"{address}/status", body)["status"]["result"] == result
