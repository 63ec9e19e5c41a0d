"""One claimed execution against an API server that fails in every way it can."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import status_rules
from fakecluster import Applied, FakeCluster
from stepward.controllers import status
from stepward.controllers.claim import Claim
from stepward.controllers.contracts import Job, Journal, Runner, World
from stepward.controllers.workflow import Serving
from stepward.engine import outcome
from stepward.kube import failures, resources
from stepward.kube.reasons import Reason

SERVING = Serving("wf-uid", "wf-1", None, (), 1)
CANCELLED = status.Stopped("Cancelled", Reason.CANCELLED, "cancelled")


async def succeed(job: Job, journal: Journal) -> status.Ending:
    del job, journal
    return outcome.Succeeded(7)


async def sleep(job: Job, journal: Journal) -> status.Ending:
    del job, journal
    await asyncio.Event().wait()
    raise AssertionError


async def break_down(job: Job, journal: Journal) -> status.Ending:
    del job, journal
    raise ZeroDivisionError


@dataclass
class Desk:
    cluster: FakeCluster
    claim: Claim

    def final(self) -> dict[str, Any]:
        body = self.cluster.objects["executions", "ns", "one"]
        status_rules.check(body)
        return body["status"]  # type: ignore[no-any-return]


def desk(runner: Runner = succeed, **spec: Any) -> Desk:
    cluster = FakeCluster()
    world = World(cluster, runner, lambda: 1_000.0, "me")
    return Desk(cluster, Claim(world, cluster.execution("one", **spec), SERVING))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - no time passes, only turns
            await asyncio.sleep(0)


async def test_two_writes_make_an_execution() -> None:
    it = desk()
    await it.claim.carry_out()
    assert it.cluster.requests == ["PUT executions one Active", "PUT executions one Succeeded"]
    assert it.final()["result"] == 7
    assert it.claim.execution.finished


@pytest.mark.parametrize("failure", [failures.Conflict("x"), failures.Unavailable("x")])
async def test_a_claim_whose_answer_is_lost_counts(failure: failures.ApiFailure) -> None:
    it = desk()
    it.cluster.failing = [Applied(failure)]
    if isinstance(failure, failures.Unavailable):
        with pytest.raises(failures.Unavailable):
            await it.claim.carry_out()
        assert not it.claim.held
        return
    await it.claim.carry_out()
    assert it.final()["state"] == "Succeeded"
    assert it.cluster.writes().count("PUT executions one Active") == 1


async def test_a_result_whose_answer_is_lost_is_not_written_twice() -> None:
    it = desk()
    it.cluster.failing = [None, Applied(failures.Conflict("x"))]
    await it.claim.carry_out()
    assert it.final()["state"] == "Succeeded"
    assert it.claim.execution.finished
    assert it.cluster.writes() == ["PUT executions one Active", "PUT executions one Succeeded"]


async def test_a_claim_is_rebased_when_only_metadata_changed() -> None:
    it = desk()
    it.cluster.touch("executions", "one")
    await it.claim.carry_out()
    assert it.final()["state"] == "Succeeded"


@pytest.mark.parametrize("edit", ["cancel", "other", "finished"])
async def test_a_claim_is_given_up_when_something_else_came_first(edit: str) -> None:
    it = desk()
    if edit == "cancel":
        it.cluster.edit("executions", "one", desiredState="Cancelled")
    else:
        it.cluster.touch("executions", "one", state="Active" if edit == "other" else "Failed", holder="other")
    await it.claim.carry_out()
    assert not it.claim.held
    assert not it.claim.gone
    assert it.cluster.writes() == ["PUT executions one Active"]
    assert it.claim.execution.cancel == (edit == "cancel")


async def test_what_was_taken_from_us_is_not_written_any_more() -> None:
    it = desk(sleep)
    task = asyncio.create_task(it.claim.carry_out())
    await until(lambda: it.claim.held)
    it.cluster.touch("executions", "one", state="Failed", holder="other")
    it.claim.stop(CANCELLED)
    await task
    assert it.claim.gone
    assert it.cluster.status("executions", "one")["state"] == "Failed"


async def test_what_was_deleted_is_given_up() -> None:
    it = desk(sleep)
    task = asyncio.create_task(it.claim.carry_out())
    await until(lambda: it.claim.held)
    del it.cluster.objects["executions", "ns", "one"]
    it.claim.verify()
    await task
    assert it.claim.gone
    assert len(it.cluster.writes()) == 1


async def test_an_execution_of_the_same_name_is_another_one() -> None:
    it = desk(sleep)
    task = asyncio.create_task(it.claim.carry_out())
    await until(lambda: it.claim.held)
    it.cluster.execution("one")
    it.claim.stop(CANCELLED)
    await task
    assert it.claim.gone
    assert it.cluster.status("executions", "one") == {}


async def test_stopping_ends_it_as_asked_and_the_first_reason_counts() -> None:
    it = desk(sleep)
    task = asyncio.create_task(it.claim.carry_out())
    await until(lambda: it.claim.held)
    it.claim.stop(CANCELLED)
    it.claim.stop(status.Stopped("Failed", Reason.DEADLINE_EXCEEDED, "too late"))
    await task
    assert it.final()["conditions"][0]["reason"] == "Cancelled"


async def test_stopping_before_the_claim_is_answered_waits_for_the_answer() -> None:
    it = desk(sleep)
    it.claim.stop(CANCELLED)
    await it.claim.carry_out()
    assert it.cluster.writes() == ["PUT executions one Active", "PUT executions one Cancelled"]


async def test_a_fault_of_ours_ends_with_an_id(caplog: pytest.LogCaptureFixture) -> None:
    it = desk(break_down)
    await it.claim.carry_out()
    condition = it.final()["conditions"][0]
    assert condition["reason"] == "InternalError"
    incident = next(word for word in condition["message"].split() if len(word.strip(";")) == 12).strip(";")
    assert any(incident in record.getMessage() and record.exc_info for record in caplog.records)


async def test_an_end_that_does_not_fit_is_written_without_what_is_large() -> None:
    it = desk()
    it.cluster.failing = [None, failures.TooLarge("x")]
    await it.claim.carry_out()
    assert it.final()["conditions"][0]["reason"] == "ResultTooLarge"


async def test_an_end_that_the_server_calls_wrong_becomes_a_fault_of_ours() -> None:
    it = desk()
    it.cluster.failing = [None, failures.Rejected("x")]
    await it.claim.carry_out()
    assert it.final()["conditions"][0]["reason"] == "InternalError"


async def test_cancelling_the_task_itself_is_not_taken_for_a_stop() -> None:
    it = desk(sleep)
    task = asyncio.create_task(it.claim.carry_out())
    await until(lambda: it.claim.held)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert it.cluster.status("executions", "one")["state"] == "Active"


async def test_the_newest_generation_is_observed_at_the_end() -> None:
    async def edit(job: Job, journal: Journal) -> status.Ending:
        del job, journal
        it.cluster.edit("executions", "one", ttlSecondsAfterFinished=9)
        return outcome.Succeeded(1)

    it = desk(edit)
    await it.claim.carry_out()
    assert it.final()["observedGeneration"] == 2
    assert it.claim.execution.ttl_seconds == 9


def test_a_read_ref_is_what_the_next_write_replaces() -> None:
    it = desk()
    assert isinstance(it.claim.execution.ref, resources.Ref)
