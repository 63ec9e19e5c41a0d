"""The audit: what the watch did not show is found, and what is gone forgotten."""

import asyncio

from fakecluster import FakeCluster
from stepward.controllers.audit import Audit
from stepward.controllers.contracts import Job, Journal, World
from stepward.controllers.inbox import Sighting
from stepward.controllers.retirement import Retirement
from stepward.controllers.roster import Roster
from stepward.controllers.status import Ending
from stepward.controllers.workflow import Checked, Workflows
from stepward.engine import outcome
from stepward.kube import failures, resources


async def succeed(job: Job, journal: Journal) -> Ending:
    del job, journal
    return outcome.Succeeded(1)


class House:
    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.sightings: list[Sighting] = []
        world = World(self.cluster, succeed, lambda: 1_767_225_600.0, "me")
        self.workflows = Workflows(
            self.cluster,
            lambda _, text: Checked(text),
            lambda: 0.0,
            self.changed,
            lambda _: set(),
        )
        self.retirement = Retirement(world, self.cluster)
        self.roster = Roster(world, self.workflows, self.retirement, 10)
        self.audit = Audit(self.cluster, (), self.workflows, self.roster, self.retirement, self.deliver)

    def changed(self, namespace: str, name: str) -> None:
        self.roster.workflow_changed(namespace, name)

    def deliver(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)
        execution = resources.read_execution(sighting.body)
        workflow = resources.read_workflow(sighting.body)
        if sighting.plural == "executions" and execution is not None:
            self.roster.seen(execution)
        elif workflow is not None:
            self.workflows.seen(workflow)

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0.001)


async def test_what_was_never_shown_is_found_and_runs() -> None:
    house = House()
    house.cluster.workflow("wf", "good")
    house.cluster.execution("one")
    await house.audit.once()
    await house.settle()
    assert house.cluster.status("executions", "one")["state"] == "Succeeded"


async def test_what_is_known_is_not_read_again() -> None:
    house = House()
    house.cluster.workflow("wf", "good")
    house.cluster.execution("one")
    await house.audit.once()
    await house.settle()
    house.sightings.clear()
    await house.audit.once()
    assert house.sightings == []
    assert house.cluster.requests[-2:] == ["LIST executions", "LIST workflows"]


async def test_executions_of_a_workflow_that_went_unseen_are_deleted() -> None:
    house = House()
    house.cluster.workflow("wf", "good")
    house.cluster.execution("one")
    await house.audit.once()
    await house.settle()
    del house.cluster.objects["workflows", "ns", "wf"]
    await house.audit.once()
    await house.settle()
    assert ("executions", "ns", "one") not in house.cluster.objects
    assert house.workflows.refs() == []


async def test_executions_that_went_unseen_are_forgotten() -> None:
    house = House()
    house.cluster.execution("waiting")
    house.cluster.add(
        "executions",
        "done",
        {"workflowRef": {"name": "wf"}},
        status={"state": "Failed", "observedGeneration": 1},
    )
    await house.audit.once()
    await house.settle()
    assert len(house.roster.unfinished()) == 1
    assert len(house.retirement.refs()) == 1
    house.cluster.objects.clear()
    await house.audit.once()
    await house.settle()
    assert house.roster.unfinished() == house.retirement.refs() == []


async def test_an_object_that_cannot_be_read_hides_no_other() -> None:
    house = House()
    house.cluster.workflow("wf", "good")
    house.cluster.execution("one")
    house.cluster.execution("two")
    house.cluster.failing = [None, failures.Unavailable("too deep"), None]
    await house.audit.once()
    await house.settle()
    states = {house.cluster.status("executions", name).get("state") for name in ("one", "two")}
    assert states == {None, "Succeeded"}


async def test_an_audit_that_fails_is_followed_by_another() -> None:
    house = House()
    house.cluster.failing = [failures.Unavailable("down")]
    running = asyncio.create_task(house.audit.run(60))
    await house.settle()
    done = [house.audit.done]
    house.audit.want()
    await house.settle()
    done.append(house.audit.done)
    assert done == [False, True]
    running.cancel()
