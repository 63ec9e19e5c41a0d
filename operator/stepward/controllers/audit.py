"""The audit: a list now and then, of metadata alone, that catches whatever the watch did not show.

Finished executions are outside the watch's selection: their edits, their deletion and their owner's
deletion are found here. So is everything that happened while no operator was running.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any, Protocol

from stepward.controllers import faults
from stepward.controllers.inbox import Sighting
from stepward.controllers.retirement import Retirement
from stepward.controllers.roster import Roster
from stepward.controllers.workflow import Workflows
from stepward.kube import bounds, client, failures, resources
from stepward.telemetry import metrics

_log = logging.getLogger("stepward.audit")


class Lists(Protocol):
    """What this needs of the API server."""

    async def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return the object; raises Missing."""

    def list_metadata(
        self, plural: str, namespace: str | None, selector: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the metadata of all objects."""


class Audit:
    """Compares what there is with what is known."""

    def __init__(
        self,
        api: Lists,
        namespaces: Collection[str],
        workflows: Workflows,
        roster: Roster,
        retirement: Retirement,
        deliver: Callable[[Sighting], None],
    ) -> None:
        """*namespaces* is empty for all; *deliver* takes what had to be read."""
        self._api = api
        self._places: list[str | None] = [*sorted(namespaces)] or [None]
        self._workflows = workflows
        self._roster = roster
        self._retirement = retirement
        self._deliver = deliver
        self._wanted = asyncio.Event()
        self.done = False
        """At least one audit came to its end."""

    def want(self) -> None:
        """Let the next audit come at once."""
        self._wanted.set()

    async def run(self, seconds: float) -> None:
        """Audit for ever, every *seconds*."""
        while True:
            self._wanted.clear()
            try:
                await self.once()
                self.done = True
                metrics.AUDITS.labels(outcome="done").inc()
            except failures.ApiFailure as failure:
                metrics.AUDITS.labels(outcome="failed").inc()
                _log.warning("audit not finished: %s", failure)
            except Exception:  # noqa: BLE001 - the next one may do better
                metrics.AUDITS.labels(outcome="failed").inc()
                faults.record("during an audit", {})
            try:
                async with asyncio.timeout(seconds):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def once(self) -> None:
        """Do one audit."""
        await self._audit_executions()
        await self._audit_workflows()

    async def _audit_executions(self) -> None:
        known = [*self._roster.unfinished(), *self._retirement.refs()]
        present: set[str] = set()
        unknown: list[resources.Ref] = []
        async for ref, generation in self._listed(client.EXECUTIONS):
            present.add(ref.uid)
            if not self._roster.knows(ref.uid, generation):
                unknown.append(ref)
        await self._read_all(client.EXECUTIONS, unknown)
        for ref in known:
            if ref.uid not in present:
                self._retirement.forget(ref.uid)
                self._roster.left(ref)

    async def _audit_workflows(self) -> None:
        # Before the list: a Workflow that an execution belongs to now must be in a list made later.
        owners = self._roster.workflow_uids()
        known = self._workflows.refs()
        present: set[str] = set()
        unknown: list[resources.Ref] = []
        async for ref, generation in self._listed(client.WORKFLOWS):
            present.add(ref.uid)
            if not self._workflows.knows(ref.uid, generation):
                unknown.append(ref)
        await self._read_all(client.WORKFLOWS, unknown)
        for ref in known:
            if ref.uid not in present:
                self._workflows.gone(ref)
        for uid in owners - present:
            self._roster.workflow_gone(uid)

    async def _listed(self, plural: str) -> AsyncIterator[tuple[resources.Ref, int]]:
        for place in self._places:
            async for item in self._api.list_metadata(plural, place):
                ref = resources.read_ref(item)
                if ref is not None:
                    generation = item["metadata"].get("generation")
                    yield ref, generation if isinstance(generation, int) else 0

    async def _read_all(self, plural: str, refs: Collection[resources.Ref]) -> None:
        """Read objects that are not known, a few at a time, and deliver them."""
        turns = asyncio.Semaphore(bounds.AUDIT_READS)

        async def read(ref: resources.Ref) -> None:
            async with turns:
                try:
                    body = await self._api.get(plural, ref.namespace, ref.name)
                except failures.ApiFailure as failure:
                    # One object that cannot be read (too deep, say) must not hide the others.
                    _log.info("audit: %s", failure)
                    return
            metrics.AUDIT_FINDINGS.inc()
            self._deliver(Sighting(plural, False, body))  # noqa: FBT003 - named where it is declared

        await asyncio.gather(*(read(ref) for ref in refs))
