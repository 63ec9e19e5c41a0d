"""All executions this process knows of: asks `execution.decide` after each change, and does what it says.

Each unfinished execution has at most one task; whatever goes wrong in it ends there.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from stepward.controllers import deeds, faults
from stepward.controllers import execution as decisions
from stepward.controllers.claim import Claim
from stepward.controllers.contracts import World
from stepward.controllers.retirement import Retirement
from stepward.controllers.turns import Turns
from stepward.controllers.workflow import Availability, Serving
from stepward.kube import bounds, failures, resources
from stepward.telemetry import logs, metrics

_log = logging.getLogger("stepward.executions")

_Deed: TypeAlias = Coroutine[Any, Any, resources.Execution | None]


class Catalogue(Protocol):
    """What this needs of the Workflows."""

    def availability(self, namespace: str, name: str) -> Availability | None:
        """Return what can be started; None if no Workflow of that name was seen."""

    def seen(self, workflow: resources.Workflow) -> None:
        """Take in a Workflow as it was read."""


@dataclass(slots=True)
class _Record:
    """One execution that is not over."""

    execution: resources.Execution
    task: asyncio.Task[None] | None = None
    claim: Claim | None = None
    timer: asyncio.TimerHandle | None = None
    again: bool = False
    """Something changed while a task was busy with it."""
    ran: bool = False
    """A claim of ours was accepted: it must not be run again, whatever the watch still shows."""


class Roster:
    """The executions that are not over."""

    def __init__(self, world: World, catalogue: Catalogue, retirement: Retirement, limit: int) -> None:
        """*limit* is how many may run at once."""
        self._world = world
        self._catalogue = catalogue
        self._retirement = retirement
        self._turns = Turns(limit)
        self._records: dict[str, _Record] = {}
        self._waiting: dict[tuple[str, str], set[str]] = {}

    # --- what is told ------------------------------------------------------------------------

    def seen(self, execution: resources.Execution) -> None:
        """Take in an Execution as it was read, from the watch or by an audit."""
        uid = execution.ref.uid
        record = self._records.get(uid)
        if record is None:
            if uid in self._retirement and not execution.finished:
                return  # what the watch showed before the end was written
            record = self._records[uid] = _Record(execution)
        elif resources.is_newer(execution.ref, record.execution.ref):
            record.execution = execution
        else:
            return
        self._look(record)

    def left(self, ref: resources.Ref) -> None:
        """An Execution was deleted, or left the watch's selection because it is over: find out which."""
        record = self._records.get(ref.uid)
        if record is None or (record.claim is not None and record.claim.ending):
            return  # our own last write is under way, and its answer will tell
        if record.claim is not None:
            record.claim.verify()
        elif record.task is None:
            self._act(record, deeds.read(self._world, ref))
        else:
            record.again = True

    def workflow_changed(self, namespace: str, name: str) -> None:
        """Something about a Workflow changed: look again at all that wait for it."""
        for uid in self._waiting.pop((namespace, name), ()):
            record = self._records.get(uid)
            if record is not None:
                self._look(record)

    def workflow_gone(self, workflow_uid: str) -> None:
        """A Workflow was deleted: its executions go with it."""
        self._retirement.owner_gone(workflow_uid)
        for record in list(self._records.values()):
            if _workflow_uid(record) == workflow_uid:
                self._retirement.delete_soon(record.execution.ref, "owner")

    # --- what is asked -----------------------------------------------------------------------

    def wrote(self, ref: resources.Ref) -> bool:
        """Return whether that version is our own write to an execution that we run: no news."""
        record = self._records.get(ref.uid)
        claim = record.claim if record is not None else None
        return claim is not None and claim.execution.ref.resource_version == ref.resource_version

    def knows(self, uid: str, generation: int) -> bool:
        """Return whether that generation of an Execution has been seen."""
        record = self._records.get(uid)
        if record is not None:
            return record.execution.generation >= generation
        return self._retirement.knows(uid, generation)

    def unfinished(self) -> list[resources.Ref]:
        """Return all executions that are not over, as far as known."""
        return [record.execution.ref for record in self._records.values()]

    def workflow_uids(self) -> frozenset[str]:
        """Return the uids of the Workflows that any known execution belongs to."""
        found = {_workflow_uid(record) for record in self._records.values()}
        return frozenset((found | self._retirement.workflow_uids()) - {""})

    def revisions_in_use(self, namespace: str) -> frozenset[str]:
        """Return the revisions that executions of *namespace* are running."""
        return frozenset(
            record.claim.serving.revision
            for record in self._records.values()
            if record.claim is not None and record.execution.ref.namespace == namespace
        )

    async def drain(self, seconds: float) -> None:
        """Start nothing more; wait *seconds* for what runs; then end it as lost, and write that."""
        self._turns.closed = True
        if await self._turns.becomes_idle(seconds):
            return
        running = [record.claim for record in self._records.values() if record.claim is not None]
        _log.warning("%d executions are still running and end as %s", len(running), decisions.LOST.reason)
        for claim in running:
            claim.stop(decisions.LOST)
        if not await self._turns.becomes_idle(bounds.LAST_WORDS_SECONDS):
            _log.error("%d executions could not be ended; the next start ends them", self._turns.active)

    # --- deciding ----------------------------------------------------------------------------

    def _look(self, record: _Record) -> None:
        """Decide about an execution, and do it or see to it that it is done."""
        if record.task is not None and record.claim is None:
            record.again = True
            return
        execution = record.execution
        available = self._catalogue.availability(execution.ref.namespace, execution.workflow)
        running = record.claim is not None
        unstarted = execution.holder == self._world.holder and not record.ran
        plan = decisions.decide(
            decisions.Observed(execution, available, self._world.clock(), running, unstarted)
        )
        self._arm(record)
        match plan:
            case decisions.Start(serving):
                self._start(record, serving)
            case decisions.Stop(stopped) if record.claim is not None:
                record.claim.stop(stopped)
            case decisions.Abandon() if record.claim is not None:
                record.claim.verify()
            case decisions.Wait():
                self._act(record, deeds.queue(self._world, execution, plan))
            case decisions.Find():
                self._act(record, deeds.find_workflow(self._world, self._catalogue, execution))
            case decisions.End(stopped):
                self._act(record, deeds.end(self._world, execution, stopped))
            case _ if execution.finished:
                self._retire(record)
            case _ if not running:
                self._await_workflow(record)
            case _:
                pass

    def _await_workflow(self, record: _Record) -> None:
        key = (record.execution.ref.namespace, record.execution.workflow)
        self._waiting.setdefault(key, set()).add(record.execution.ref.uid)

    def _arm(self, record: _Record) -> None:
        """Look again when time alone changes the decision."""
        if record.timer is not None:
            record.timer.cancel()
            record.timer = None
        moment = decisions.next_moment(record.execution)
        if moment is not None and not record.execution.finished:
            delay = moment - self._world.clock()
            if delay > 0:
                delay = min(delay, bounds.TIMER_SECONDS)
                record.timer = asyncio.get_running_loop().call_later(delay, self._look, record)

    def _retire(self, record: _Record) -> None:
        """The execution is over: keep no more of it than its time to live needs."""
        self._forget(record)
        self._retirement.take(record.execution)

    def _forget(self, record: _Record) -> None:
        execution = record.execution
        if record.timer is not None:
            record.timer.cancel()
        self._records.pop(execution.ref.uid, None)
        key = (execution.ref.namespace, execution.workflow)
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.discard(execution.ref.uid)
            if not waiting:
                del self._waiting[key]

    # --- doing -------------------------------------------------------------------------------

    def _start(self, record: _Record, serving: Serving) -> None:
        if not self._turns.take(record.execution.ref.uid):
            return
        record.claim = Claim(self._world, record.execution, serving)
        record.task = asyncio.create_task(self._carry_out(record, record.claim))

    async def _carry_out(self, record: _Record, claim: Claim) -> None:
        """Run a claim to its end, and look again if it did not come to one."""
        failed = False
        try:
            await claim.carry_out()
        except failures.ApiFailure as failure:
            failed = True
            _log.warning("will try again: %s", failure, extra=logs.about(**_fields(record)))
        except Exception:  # noqa: BLE001 - one execution's trouble is no other's
            failed = True
            faults.record("while looking after an execution", _fields(record))
        finally:
            self._turns.give_back()
            record.task = record.claim = None
            record.ran = record.ran or claim.held
        if claim.gone:
            metrics.EXECUTIONS_ABANDONED.inc()
            self._forget(record)
        else:
            record.execution = claim.execution
            self._look_later(record) if failed else self._look(record)
        self._take_next()

    def _take_next(self) -> None:
        """Let the backlog move up."""
        while (uid := self._turns.next()) is not None:
            record = self._records.get(uid)
            if record is not None:
                self._look(record)

    def _act(self, record: _Record, deed: _Deed) -> None:
        record.again = False
        self._await_workflow(record)
        record.task = asyncio.create_task(self._do(record, deed))

    async def _do(self, record: _Record, deed: _Deed) -> None:
        """Do *deed*, and look again if the execution is another one afterwards."""
        before = record.execution
        failed = False
        after: resources.Execution | None = before
        try:
            after = await deed
        except failures.ApiFailure as failure:
            failed = True
            _log.warning("will try again: %s", failure, extra=logs.about(**_fields(record)))
        except Exception:  # noqa: BLE001 - one execution's trouble is no other's
            failed = True
            faults.record("while looking after an execution", _fields(record))
        record.task = None
        if after is None:
            self._forget(record)
            return
        if resources.is_newer(after.ref, record.execution.ref):
            record.execution = after
        if failed:
            self._look_later(record)
        elif record.again or record.execution is not before:
            self._look(record)

    def _look_later(self, record: _Record) -> None:
        """Look again after a while: the API server did not take what we had to say."""
        if record.timer is not None:
            record.timer.cancel()
        record.timer = asyncio.get_running_loop().call_later(bounds.PROGRESS_SECONDS, self._look, record)


def _workflow_uid(record: _Record) -> str:
    return record.claim.serving.uid if record.claim is not None else record.execution.workflow_uid


def _fields(record: _Record) -> dict[str, Any]:
    ref = record.execution.ref
    return {"namespace": ref.namespace, "execution": ref.name, "workflow": record.execution.workflow}
