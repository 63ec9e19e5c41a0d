"""All executions together: one task each, at most so many at once, and nobody in anybody's way."""

import asyncio
from collections.abc import Callable
from typing import Any

from fakecluster import Applied, FakeCluster
from stepward.controllers import status
from stepward.controllers.contracts import Job, Journal, World
from stepward.controllers.retirement import Retirement
from stepward.controllers.roster import Roster
from stepward.controllers.workflow import Availability, Blocked, Serving
from stepward.engine import outcome
from stepward.kube import failures, resources
from stepward.kube.reasons import Reason

SERVING = Serving("wf-uid", "wf-1", None, (), 1)
SUSPENDED = Blocked(Reason.WORKFLOW_SUSPENDED, "suspended", "wf-uid")


class Catalogue:
    """The Workflows: one answer for all."""

    def __init__(self, available: Availability | None) -> None:
        self.available = available
        self.found: list[resources.Workflow] = []

    def availability(self, namespace: str, name: str) -> Availability | None:
        del namespace, name
        return self.available

    def seen(self, workflow: resources.Workflow) -> None:
        self.found.append(workflow)


class House:
    """A roster with everything around it."""

    def __init__(self, available: Availability | None = SERVING, limit: int = 10) -> None:
        self.now = 1_767_225_600.0  # when the fake cluster's objects were created
        self.cluster = FakeCluster()
        self.catalogue = Catalogue(available)
        self.running: dict[str, asyncio.Future[status.Ending]] = {}
        world = World(self.cluster, self.run, lambda: self.now, "me")
        self.retirement = Retirement(world, self.cluster)
        self.roster = Roster(world, self.catalogue, self.retirement, limit)

    async def run(self, job: Job, journal: Journal) -> status.Ending:
        del journal
        future: asyncio.Future[status.Ending] = asyncio.get_running_loop().create_future()
        self.running[job.execution.ref.name] = future
        try:
            return await future
        finally:
            del self.running[job.execution.ref.name]

    def create(self, name: str, **spec: Any) -> resources.Execution:
        found = self.cluster.execution(name, **spec)
        self.roster.seen(found)
        return found

    def show(self, body: dict[str, Any]) -> None:
        found = resources.read_execution(body)
        assert found is not None
        self.roster.seen(found)

    def state(self, name: str) -> str:
        return str(self.cluster.status("executions", name).get("state", ""))

    def finish(self, name: str) -> None:
        self.running[name].set_result(outcome.Succeeded(1))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - no time passes, only turns
            await asyncio.sleep(0)


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_an_execution_runs_once_however_often_it_is_shown() -> None:
    house = House()
    execution = house.create("one")
    house.roster.seen(execution)
    await until(lambda: "one" in house.running)
    house.show(house.cluster.objects["executions", "ns", "one"])
    house.finish("one")
    await until(lambda: house.state("one") == "Succeeded")
    house.roster.seen(execution)
    await settle()
    assert house.cluster.requests == ["PUT executions one Active", "PUT executions one Succeeded"]


async def test_an_old_sighting_of_a_finished_execution_is_no_news() -> None:
    house = House()
    execution = house.create("one")
    await until(lambda: "one" in house.running)
    active = dict(house.cluster.objects["executions", "ns", "one"])
    house.finish("one")
    await until(lambda: house.state("one") == "Succeeded")
    house.show(active)
    house.roster.seen(execution)
    await settle()
    assert len(house.cluster.requests) == 2


async def test_more_than_the_limit_wait_and_move_up_in_turn() -> None:
    house = House(limit=2)
    for number in range(5):
        house.create(f"run-{number}")
    await until(lambda: len(house.running) == 2)
    await settle()
    assert sorted(house.running) == ["run-0", "run-1"]
    house.finish("run-0")
    await until(lambda: "run-2" in house.running)
    for name in ("run-1", "run-2"):
        house.finish(name)
    await until(lambda: sorted(house.running) == ["run-3", "run-4"])


async def test_one_that_is_cancelled_in_the_backlog_never_runs() -> None:
    house = House(limit=1)
    house.create("first")
    house.create("second")
    await until(lambda: "first" in house.running)
    house.show(house.cluster.edit("executions", "second", desiredState="Cancelled"))
    await until(lambda: house.state("second") == "Cancelled")
    house.finish("first")
    await until(lambda: house.state("first") == "Succeeded")
    await settle()
    assert house.running == {}


async def test_one_waits_for_its_workflow_and_starts_when_told() -> None:
    house = House(SUSPENDED)
    house.create("one")
    await until(lambda: house.state("one") == "Queued")
    await settle()
    assert house.cluster.writes() == ["PUT executions one Queued"]
    house.roster.workflow_changed("ns", "wf")
    await settle()
    assert len(house.cluster.writes()) == 1
    house.catalogue.available = SERVING
    house.roster.workflow_changed("ns", "wf")
    await until(lambda: "one" in house.running)


async def test_a_workflow_that_was_not_seen_is_looked_for() -> None:
    house = House(None)
    house.create("one")
    await until(lambda: house.state("one") == "Queued")
    await settle()
    reads = house.cluster.requests.count("GET workflows wf")
    assert reads <= 2
    assert house.cluster.writes() == ["PUT executions one Queued"]
    house.cluster.workflow("wf", "source")
    house.create("two")
    await until(lambda: bool(house.catalogue.found))
    assert house.state("two") == ""


async def test_a_change_that_comes_while_a_write_is_under_way_is_not_lost() -> None:
    house = House(SUSPENDED)
    house.create("one")
    house.catalogue.available = SERVING
    house.roster.workflow_changed("ns", "wf")
    await until(lambda: "one" in house.running)


async def test_the_deadline_stops_what_runs() -> None:
    house = House()
    house.create("one", timeoutSeconds=1)
    await until(lambda: "one" in house.running)
    house.now += 2
    house.show(house.cluster.touch("executions", "one"))
    await until(lambda: house.state("one") == "Failed")
    assert house.cluster.status("executions", "one")["conditions"][0]["reason"] == "DeadlineExceeded"


async def test_one_that_is_found_active_is_not_run_again() -> None:
    house = House()
    body = house.cluster.add(
        "executions", "one", {"workflowRef": {"name": "wf"}}, status={"state": "Active", "holder": "other"}
    )
    house.show(body)
    await until(lambda: house.state("one") == "Failed")
    await settle()
    assert house.running == {}
    assert house.cluster.writes() == ["PUT executions one Failed"]


async def test_one_execution_that_cannot_be_claimed_is_in_nobodys_way() -> None:
    house = House(limit=1)
    house.cluster.failing = [failures.Unavailable("down")]
    house.create("one")
    house.create("two")
    await until(lambda: "two" in house.running)
    assert house.state("one") == ""


async def test_a_claim_whose_answer_never_came_is_made_again_and_runs_once() -> None:
    house = House()
    house.cluster.failing = [Applied(failures.Unavailable("lost"))]
    house.create("one")
    await until(lambda: house.state("one") == "Active")
    await settle()
    assert house.running == {}
    house.show(house.cluster.touch("executions", "one"))
    await until(lambda: "one" in house.running)


async def test_deleting_what_runs_stops_it() -> None:
    house = House()
    execution = house.create("one")
    await until(lambda: "one" in house.running)
    del house.cluster.objects["executions", "ns", "one"]
    house.roster.left(execution.ref)
    await until(lambda: not house.running)
    assert house.cluster.writes() == ["PUT executions one Active"]


async def test_leaving_the_selection_is_not_taken_for_a_deletion() -> None:
    house = House()
    execution = house.create("one")
    await until(lambda: "one" in house.running)
    house.roster.left(execution.ref)
    await settle()
    assert "one" in house.running


async def test_a_deleted_workflow_takes_its_executions_with_it() -> None:
    house = House()
    house.create("running")
    house.create("finished")
    await until(lambda: len(house.running) == 2)
    house.finish("finished")
    await until(lambda: house.state("finished") == "Succeeded")
    house.roster.workflow_gone("another-uid")
    house.roster.workflow_gone("wf-uid")
    await until(lambda: not house.cluster.objects)


async def test_draining_waits_and_then_ends_what_is_left() -> None:
    house = House()
    house.create("quick")
    house.create("slow")
    await until(lambda: len(house.running) == 2)
    house.finish("quick")
    await house.roster.drain(0.05)
    assert house.state("quick") == "Succeeded"
    assert house.cluster.status("executions", "slow")["conditions"][0]["reason"] == "OperatorRestarted"
    house.create("late")
    await settle()
    assert house.state("late") == ""


async def test_a_finished_execution_is_deleted_when_its_time_is_over() -> None:
    house = House()
    house.create("one", ttlSecondsAfterFinished=0)
    await until(lambda: "one" in house.running)
    house.finish("one")
    await until(lambda: not house.cluster.objects)


async def test_an_edit_of_a_finished_execution_is_acknowledged_once() -> None:
    house = House()
    house.create("one")
    await until(lambda: "one" in house.running)
    house.finish("one")
    await until(lambda: house.state("one") == "Succeeded")
    uid = house.cluster.objects["executions", "ns", "one"]["metadata"]["uid"]
    assert house.roster.knows(uid, 1)
    house.show(house.cluster.edit("executions", "one", desiredState="Cancelled"))
    await until(lambda: house.cluster.status("executions", "one")["observedGeneration"] == 2)
    await until(lambda: house.roster.knows(uid, 2))
    assert house.state("one") == "Succeeded"
