"""One execution that is ours: claim it, run it, tell of its progress, write how it ended.

Every write replaces the status of the exact version that was read. When somebody wrote in between,
the object is read again: the write is rebased if the execution is still ours, and given up if not.
So an execution is run by the one process whose claim the API server accepted.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from stepward.controllers import deeds, faults, status
from stepward.controllers.contracts import Job, Position, World
from stepward.controllers.workflow import Serving
from stepward.engine import effects
from stepward.kube import bounds, client, failures, resources
from stepward.kube.reasons import Reason
from stepward.telemetry import logs, metrics

_log = logging.getLogger("stepward.execution")

_Project: TypeAlias = Callable[[resources.Execution], status.Status]
"""Makes a status from the newest version of the execution."""


class Claim:
    """One execution in the hands of this process, from the claim to the final status."""

    def __init__(self, world: World, execution: resources.Execution, serving: Serving) -> None:
        self.execution = execution
        """As last read or written; `ref` is the version that the next write replaces."""
        self.serving = serving
        self.held = False
        """The claim was accepted: steps may have run."""
        self.ending = False
        """The final status is being written."""
        self.gone = False
        """The object is gone, or somebody else's: nothing more is written."""
        self._world = world
        self._base = status.Claimed(
            world.clock(), world.holder, serving.uid, serving.revision, execution.conditions
        )
        self._position: Position | None = None
        self._told: tuple[Reason, Sequence[tuple[str, str]]] | None = None
        self._running: asyncio.Task[Any] | None = None
        self._stopped: status.Stopped | None = None
        self._writing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    # --- what others ask of it ---------------------------------------------------------------

    def stop(self, stopped: status.Stopped) -> None:
        """End the execution as *stopped* at the next moment that is safe. The first one counts."""
        if self._stopped is None:
            self._stopped = stopped
            if self._running is not None:
                self._running.cancel()

    def abandon(self) -> None:
        """The object is gone, or not ours any more: stop, and write nothing."""
        self.gone = True
        if self._running is not None:
            self._running.cancel()

    def verify(self) -> None:
        """The watch says something that cannot be if the execution is ours: read it, and see."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._verify())

    async def advanced(self, position: Position, asked: Sequence[effects.Effect]) -> None:  # noqa: ARG002
        """Remember where the execution is: the journal of the drive loop. Writes nothing by itself."""
        self._position = position

    # --- the run -----------------------------------------------------------------------------

    async def carry_out(self) -> None:
        """Claim, run, and write the end.

        Afterwards `execution` is finished, or `gone` is set, or the claim was refused because of what
        `execution` shows now. Raises ApiFailure when the API server did not let us claim.
        """
        if not await self._write(self._as_running(Reason.RUNNING, ())):
            return
        self.held = True
        _log.info("started", extra=self._about())
        metrics.EXECUTIONS_STARTED.inc()
        metrics.START_SECONDS.observe(max(0.0, self._base.started - self.execution.created))
        self._timer = asyncio.get_running_loop().call_later(bounds.PROGRESS_SECONDS, self._tell)
        try:
            ending = await self._run()
        finally:
            self._timer.cancel()
        if self._telling is not None:
            await asyncio.wait({self._telling})
        if not self.gone:
            self.ending = True
            await self._end(ending)

    async def _run(self) -> status.Ending:
        """Run to an outcome; our own faults become one as well."""
        if interruption := self._interruption():
            return interruption
        this = self._running = asyncio.current_task()
        try:
            return await self._world.runner(Job(self.execution, self.serving), self)
        except asyncio.CancelledError:
            interruption = self._interruption()
            if this is None or interruption is None:
                raise
            this.uncancel()
            return interruption
        except Exception:  # noqa: BLE001 - whatever it is, it must end this execution and no other
            return self._fault("while running the execution")
        finally:
            self._running = None

    def _interruption(self) -> status.Stopped | None:
        """Return how somebody else wants the execution to end, if anybody does."""
        return _NEVER_WRITTEN if self.gone else self._stopped

    async def _end(self, ending: status.Ending) -> None:
        """Write the final status, however long the API server is away."""
        room = status.room_bytes(self.execution)
        now = self._world.clock()
        steps = tuple(self._position.current_steps()) if self._position is not None else ()
        while True:
            project = self._as_ended(ending, steps, now, room)
            try:
                written = await self._write(project)
            except (failures.TooLarge, failures.Rejected) as failure:
                if isinstance(ending, status.Stopped):
                    raise  # not even that: nothing of ours is the cause
                too_large = isinstance(failure, failures.TooLarge)
                ending = _too_large(failure) if too_large else self._fault("while writing the end")
            except (failures.Unavailable, failures.Forbidden) as failure:
                _log.warning("cannot write the end yet: %s", failure, extra=self._about())
                await asyncio.sleep(bounds.PROGRESS_SECONDS)
            else:
                if written:
                    self._tell_end()
                return

    def _tell_end(self) -> None:
        reason = status.reason_of(self.execution.status)
        metrics.EXECUTIONS_FINISHED.labels(reason=reason).inc()
        metrics.EXECUTION_SECONDS.observe(max(0.0, self._world.clock() - self._base.started))
        message = f"{self.execution.state}: {status.message_of(self.execution.status)}"
        _log.info("%s", message, extra=self._about(reason=reason))

    # --- progress ----------------------------------------------------------------------------

    def _tell(self) -> None:
        """Start a progress write if there is something new, and come back later."""
        self._timer = asyncio.get_running_loop().call_later(bounds.PROGRESS_SECONDS, self._tell)
        if self._position is None or (self._telling is not None and not self._telling.done()):
            return
        now_at = (_activity(self._position), tuple(self._position.current_steps()))
        if now_at != self._told:
            self._told = now_at
            self._telling = asyncio.create_task(self._write_progress(*now_at))

    async def _write_progress(self, reason: Reason, steps: Sequence[tuple[str, str]]) -> None:
        """Write where the execution is. A failure costs nothing but freshness."""
        try:
            if not await self._write(self._as_running(reason, steps)):
                self.abandon()
        except failures.ApiFailure as failure:
            self._told = None
            _log.info("progress not written: %s", failure, extra=self._about())

    async def _verify(self) -> None:
        """Read the object, and give it up unless it is still ours."""
        try:
            found = await deeds.read(self._world, self.execution.ref)
        except failures.ApiFailure:
            return  # the next write will find out
        if found is None or found.finished or found.holder != self._world.holder:
            self.abandon()

    # --- writing -----------------------------------------------------------------------------

    def _as_running(self, reason: Reason, steps: Sequence[tuple[str, str]]) -> _Project:
        now = self._world.clock()
        return lambda seen: status.running(self._base, seen.generation, reason, steps, now)

    def _as_ended(
        self, ending: status.Ending, steps: Sequence[tuple[str, str]], now: float, room: int
    ) -> _Project:
        return lambda seen: status.ended(self._base, seen.generation, ending, steps, now, room)

    async def _write(self, project: _Project) -> bool:
        """Write what *project* makes of the newest version. Return whether the execution is ours."""
        async with self._writing:
            for _ in range(bounds.CONFLICTS):
                written = project(self.execution)
                try:
                    ref = await self._world.api.put_status(client.EXECUTIONS, self.execution.ref, written)
                except failures.Missing:
                    return self._lose()
                except failures.Conflict:
                    verdict = await self._rebase(written)
                    if verdict is not None:
                        return verdict
                else:
                    return self._written(ref, written)
        raise failures.Unavailable(f"{self.execution.ref}: {bounds.CONFLICTS} conflicts in a row")

    async def _rebase(self, written: status.Status) -> bool | None:
        """Read the object again. Return what that makes of the write; None: try it again."""
        found = await deeds.read(self._world, self.execution.ref)
        if found is None:
            return self._lose()
        if found.holder == self._world.holder:
            if found.state == written["state"] and (found.finished or not self.held):
                # It was applied, and only the answer was lost.
                return self._written(found.ref, written)
            self.execution = found
            return self._lose() if found.finished else None
        self.execution = found
        if self.held or found.state not in ("", resources.QUEUED):
            # While unclaimed it is only looked at anew; once claimed, it was taken from us.
            return self._lose() if self.held else False
        return False if found.cancel or found.deleting else None

    def _written(self, ref: resources.Ref, written: status.Status) -> bool:
        self.execution = resources.with_status(self.execution, ref, written)
        self._base = replace(self._base, conditions=written["conditions"])
        return True

    def _lose(self) -> bool:
        self.gone = True
        return False

    def _fault(self, doing: str) -> status.Stopped:
        sentence = faults.record(doing, self._fields())
        return status.Stopped(resources.FAILED, Reason.INTERNAL_ERROR, sentence)

    def _fields(self) -> dict[str, Any]:
        ref = self.execution.ref
        return {
            "namespace": ref.namespace,
            "execution": ref.name,
            "workflow": self.execution.workflow,
            "revision": self.serving.revision,
        }

    def _about(self, **more: Any) -> dict[str, Any]:
        return logs.about(**self._fields(), **more)


_NEVER_WRITTEN: Final = status.Stopped(resources.CANCELLED, Reason.CANCELLED, "the execution is gone")
"""Stands for the ending of an execution that is not ours any more."""


def _activity(position: Position) -> Reason:
    """Return what an execution is doing, from what it waits for."""
    waiting = set(position.state.waiting.values())
    if waiting == {"retry"}:
        return Reason.RETRYING
    return Reason.SLEEPING if waiting and waiting <= {"sleep", "retry"} else Reason.RUNNING


def _too_large(failure: failures.ApiFailure) -> status.Stopped:
    return status.Stopped(
        resources.FAILED, Reason.RESULT_TOO_LARGE, f"the result does not fit into the object: {failure}"
    )
