"""Workflows: what is decided, written, served and pruned."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import status_rules
from fakecluster import FakeCluster
from stepward.controllers import revisions, workflow
from stepward.controllers.workflow import Blocked, Checked, Serving, Unknown, Workflows
from stepward.kube import failures, resources


def check(name: str, text: str) -> Checked:
    """A language of two words."""
    del name
    if text.startswith("crash"):
        raise ZeroDivisionError
    if text.startswith("bad"):
        return Checked(problem=f"1:1: {text}")
    return Checked(code=text, steps=len(text))


class House:
    """The controller with everything around it."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.changes = 0
        self.in_use: set[str] = set()
        self.workflows = self.fresh()

    def fresh(self) -> Workflows:
        return Workflows(self.cluster, check, lambda: 1_000.0, self.changed, lambda _: self.in_use)

    def changed(self, namespace: str, name: str) -> None:
        assert (namespace, name) == ("ns", "wf")
        self.changes += 1

    def show(self) -> None:
        found = resources.read_workflow(self.cluster.objects["workflows", "ns", "wf"])
        assert found is not None
        self.workflows.seen(found)

    async def ready(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                await asyncio.sleep(0.001)
                if not isinstance(self.workflows.availability("ns", "wf"), Unknown | None):
                    break
        return self.cluster.status("workflows", "wf")

    def revisions(self) -> list[str]:
        return sorted(name for kind, _, name in self.cluster.objects if kind == "workflowrevisions")

    def body(self) -> dict[str, Any]:
        return self.cluster.objects["workflows", "ns", "wf"]


async def settle(condition: Callable[[], bool] = lambda: False) -> None:
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0.001)


async def test_a_good_source_is_published_and_served() -> None:
    house = House()
    made = house.cluster.workflow("wf", "good", env=[{"name": "A", "value": "b"}])
    house.workflows.seen(made)
    assert isinstance(house.workflows.availability("ns", "wf"), Unknown)
    status = await house.ready()
    name = revisions.name_of("wf", "good", (("A", "b"),))
    assert status["latestRevision"] == name
    assert status["steps"] == 4
    assert house.workflows.availability("ns", "wf") == Serving(made.ref.uid, name, "good", (("A", "b"),), 4)
    revision = house.cluster.objects["workflowrevisions", "ns", name]
    assert revision["spec"] == {
        "source": "good",
        "workflowUID": made.ref.uid,
        "env": [{"name": "A", "value": "b"}],
    }
    assert revision["metadata"]["ownerReferences"][0]["uid"] == made.ref.uid
    status_rules.check(house.body())


async def test_what_does_not_change_is_not_written_again() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "good"))
    await house.ready()
    writes = house.cluster.writes()
    house.show()
    house.cluster.objects["workflows", "ns", "wf"]["metadata"]["resourceVersion"] = "900"
    house.show()
    await settle()
    house.workflows = house.fresh()
    house.show()
    await house.ready()
    await settle()
    assert house.cluster.writes() == writes
    assert len(writes) == 2


async def test_a_bad_edit_keeps_the_last_good_revision_serving() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "good"))
    good = (await house.ready())["latestRevision"]
    house.cluster.edit("workflows", "wf", source="bad")
    house.show()
    status = await house.ready()
    serving = house.workflows.availability("ns", "wf")
    assert isinstance(serving, Serving)
    assert serving.revision == status["latestRevision"] == good
    assert status["conditions"][0]["message"] == f"1:1: bad (revision {good} keeps serving)"
    status_rules.check(house.body())
    house.workflows = house.fresh()
    house.show()
    await house.ready()
    serving = house.workflows.availability("ns", "wf")
    assert isinstance(serving, Serving)
    assert serving.revision == good


async def test_a_bad_source_blocks_and_a_good_one_mends_it() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "bad"))
    await house.ready()
    blocked = house.workflows.availability("ns", "wf")
    assert isinstance(blocked, Blocked)
    assert blocked.message == "workflow 'wf' is not valid: 1:1: bad"
    house.cluster.edit("workflows", "wf", source="good")
    house.show()
    assert isinstance(house.workflows.availability("ns", "wf"), Unknown)
    await house.ready()
    assert isinstance(house.workflows.availability("ns", "wf"), Serving)


async def test_a_revision_that_was_tampered_with_does_not_serve() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "good"))
    good = (await house.ready())["latestRevision"]
    house.cluster.objects["workflowrevisions", "ns", good]["spec"]["source"] = "evil"
    house.cluster.edit("workflows", "wf", source="bad")
    house.workflows = house.fresh()
    house.show()
    await house.ready()
    assert isinstance(house.workflows.availability("ns", "wf"), Blocked)


async def test_a_checker_that_breaks_down_blocks_its_workflow_alone() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "crash"))
    status = await house.ready()
    assert "internal error" in status["conditions"][0]["message"]
    house.cluster.edit("workflows", "wf", source="good")
    house.show()
    await house.ready()
    assert isinstance(house.workflows.availability("ns", "wf"), Serving)


async def test_suspending_blocks_at_once() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "good", suspend=True))
    blocked = house.workflows.availability("ns", "wf")
    assert isinstance(blocked, Blocked)
    assert blocked.reason.value == "WorkflowSuspended"
    await settle(lambda: bool(house.cluster.status("workflows", "wf")))
    condition = house.cluster.status("workflows", "wf")["conditions"][0]
    assert (condition["status"], condition["reason"]) == ("True", "Suspended")


async def test_a_conflict_is_read_again_and_an_outage_waited_for() -> None:
    house = House()
    made = house.cluster.workflow("wf", "good")
    house.cluster.touch("workflows", "wf")
    house.workflows.seen(made)
    status = await house.ready()
    assert status["conditions"][0]["status"] == "True"


async def test_a_revision_of_a_former_workflow_is_replaced() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "good"))
    await house.ready()
    del house.cluster.objects["workflows", "ns", "wf"]
    again = house.cluster.workflow("wf", "good")
    house.workflows.seen(again)
    await settle(lambda: bool(house.cluster.status("workflows", "wf")))
    name = house.cluster.status("workflows", "wf")["latestRevision"]
    assert house.cluster.objects["workflowrevisions", "ns", name]["spec"]["workflowUID"] == again.ref.uid


async def test_old_revisions_go_but_not_what_is_in_use() -> None:
    house = House()
    house.workflows.seen(house.cluster.workflow("wf", "good-0", revisionHistoryLimit=1))
    first = (await house.ready())["latestRevision"]
    house.in_use = {first}
    names = [first]
    for number in range(1, 4):
        house.cluster.edit("workflows", "wf", source=f"good-{number}")
        house.show()
        names.append((await house.ready())["latestRevision"])
    await settle(lambda: len(house.revisions()) == 3)
    assert house.revisions() == sorted([first, names[-2], names[-1]])


async def test_a_deleted_workflow_is_forgotten() -> None:
    house = House()
    made = house.cluster.workflow("wf", "good")
    house.workflows.seen(made)
    await house.ready()
    assert not house.workflows.gone(replace(made.ref, uid="another"))
    assert house.workflows.gone(made.ref)
    assert house.workflows.availability("ns", "wf") is None


async def test_a_workflow_that_is_being_deleted_starts_nothing() -> None:
    house = House()
    house.workflows.seen(replace(house.cluster.workflow("wf", "good"), deleting=True))
    await settle()
    assert isinstance(house.workflows.availability("ns", "wf"), Blocked)
    assert house.cluster.writes() == []


async def test_ensuring_a_revision_survives_a_lost_answer() -> None:
    cluster = FakeCluster()
    made = cluster.workflow("wf", "good")
    name = revisions.name_of("wf", "good", ())
    cluster.failing = [failures.Conflict("exists")]
    await revisions.ensure(cluster, made, name)
    assert ("workflowrevisions", "ns", name) in cluster.objects


def test_a_name_tells_content_apart() -> None:
    names = {
        revisions.name_of("wf", "a", ()),
        revisions.name_of("wf", "b", ()),
        revisions.name_of("wf", "a", (("A", "1"),)),
        revisions.name_of("wf", "a", (("A", "2"),)),
    }
    assert len(names) == 4
    assert all(len(revisions.name_of("w" * 253, text, ())) <= 253 for text in "ab")


def test_deciding_is_pure() -> None:
    made = FakeCluster().workflow("wf", "good")
    first = workflow.decide(made, Checked("good", steps=1), "", 5.0)
    assert first == workflow.decide(made, Checked("good", steps=1), "", 5.0)
    assert first.status is not None
    settled = replace(made, status=first.status)
    assert workflow.decide(settled, Checked("good", steps=1), first.revision, 9.0).status is None
