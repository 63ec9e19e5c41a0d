"""Finished executions: a few fields of each, until time to live, owner or user ends them."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from stepward.controllers import deeds, faults
from stepward.controllers import execution as decisions
from stepward.controllers.contracts import World
from stepward.kube import bounds, client, failures, resources
from stepward.telemetry import metrics

_log = logging.getLogger("stepward.executions")


class Deletions(Protocol):
    """What this needs of the API server."""

    async def delete(self, plural: str, ref: resources.Ref) -> None:
        """Delete exactly that object."""


@dataclass(slots=True)
class _Finished:
    """What is kept of an execution that is over."""

    ref: resources.Ref
    observed_generation: int
    workflow_uid: str
    moment: float | None
    """When to delete it."""
    timer: asyncio.TimerHandle | None = None


class Retirement:
    """The finished executions."""

    def __init__(self, world: World, api: Deletions) -> None:
        self._world = world
        self._api = api
        self._finished: dict[str, _Finished] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._deletions = asyncio.Semaphore(bounds.AUDIT_READS)

    def __contains__(self, uid: str) -> bool:
        """Return whether that execution is known to be over."""
        return uid in self._finished

    def knows(self, uid: str, generation: int) -> bool:
        """Return whether that generation of a finished execution has been observed."""
        row = self._finished.get(uid)
        return row is not None and row.observed_generation >= generation

    def refs(self) -> list[resources.Ref]:
        """Return all known finished executions."""
        return [row.ref for row in self._finished.values()]

    def workflow_uids(self) -> set[str]:
        """Return the uids of the Workflows they belonged to."""
        return {row.workflow_uid for row in self._finished.values()}

    def take(self, execution: resources.Execution) -> None:
        """Take over a finished execution, new or with an edited spec."""
        uid = execution.ref.uid
        self.forget(uid)
        row = _Finished(
            execution.ref,
            execution.observed_generation,
            execution.workflow_uid,
            decisions.next_moment(execution),
        )
        self._finished[uid] = row
        plan = decisions.decide(decisions.Observed(execution, None, self._world.clock()))
        if isinstance(plan, decisions.Acknowledge):
            self._spawn(self._acknowledge(row))
        self._arm(row)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        row = self._finished.pop(uid, None)
        if row is not None and row.timer is not None:
            row.timer.cancel()

    def owner_gone(self, workflow_uid: str) -> None:
        """Delete all executions of a Workflow that is gone."""
        for row in list(self._finished.values()):
            if row.workflow_uid == workflow_uid:
                self.delete_soon(row.ref, "owner")

    def delete_soon(self, ref: resources.Ref, cause: str) -> None:
        """Delete exactly the execution *ref*, finished or not; *cause* is for the metrics."""
        self._spawn(self._delete(ref, cause))

    async def _delete(self, ref: resources.Ref, cause: str) -> None:
        async with self._deletions:
            try:
                await self._api.delete(client.EXECUTIONS, ref)
            except (failures.Missing, failures.Conflict):
                pass
            else:
                metrics.OBJECTS_DELETED.labels(cause=cause).inc()
        self.forget(ref.uid)

    def _arm(self, row: _Finished) -> None:
        """Delete the object when its time has come."""
        if row.moment is not None:
            delay = min(max(row.moment - self._world.clock(), 0.0), bounds.TIMER_SECONDS)
            row.timer = asyncio.get_running_loop().call_later(delay, self._due, row)

    def _due(self, row: _Finished) -> None:
        if row.moment is not None and self._world.clock() >= row.moment:
            self.delete_soon(row.ref, "ttl")
        else:
            self._arm(row)

    async def _acknowledge(self, row: _Finished) -> None:
        after = await deeds.acknowledge(self._world, row.ref)
        if after is None:
            self.forget(row.ref.uid)
        elif self._finished.get(row.ref.uid) is row:
            row.observed_generation = after.observed_generation

    def _spawn(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_quietly(deed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(deed: Coroutine[Any, Any, None]) -> None:
    """Do *deed*. What fails is found by the next audit."""
    try:
        await deed
    except failures.ApiFailure as failure:
        _log.warning("the next audit will try again: %s", failure)
    except Exception:  # noqa: BLE001 - one execution's trouble is no other's
        faults.record("while looking after a finished execution", {})
