"""Workflows: check the source, keep the last good revision serving, say how it stands.

`decide` is pure; `Workflows` reads, asks it, and writes only what differs. A Workflow that did not
change costs no write.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from stepward.controllers import faults, revisions
from stepward.kube import bounds, client, conditions, failures, resources
from stepward.kube.reasons import Reason
from stepward.telemetry import logs, metrics
from stepward.telemetry.redaction import presentable

_log = logging.getLogger("stepward.workflows")


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a source gave: code that can run, or the first problems as one sentence."""

    code: Any = None
    problem: str = ""
    steps: int = 0


Check: TypeAlias = Callable[[str, str], Checked]
"""Checks a source: its name for messages, its text. Runs in a thread; raises nothing but our faults."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The revision that new executions run."""

    uid: str
    """Of the Workflow."""
    revision: str
    code: Any
    env: tuple[tuple[str, str], ...]
    steps: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing can start, and why."""

    reason: Reason
    message: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not looked at yet: ask again when told of a change."""


Availability: TypeAlias = Serving | Blocked | Unknown


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about a Workflow. `status` None: it is as it should be."""

    revision: str
    """To be served from now on; empty: none is good."""
    publish: bool
    """The revision is the source as it is now."""
    status: dict[str, Any] | None


def decide(workflow: resources.Workflow, checked: Checked, last_good: str, now: float) -> Plan:
    """Return what to do, given what checking the source gave and which revision was good before."""
    good = not checked.problem
    name = revisions.name_of(workflow.ref.name, workflow.source, workflow.env) if good else last_good
    if good and workflow.suspend:
        ready = (True, Reason.SUSPENDED, f"Revision {name} is valid; spec.suspend keeps executions queued.")
    elif good:
        ready = (True, Reason.VALID, f"Executions run revision {name}.")
    else:
        serving = f" (revision {name} keeps serving)" if name else ""
        ready = (False, Reason.WORKFLOW_INVALID, checked.problem + serving)
    status: dict[str, Any] = {
        "observedGeneration": workflow.generation,
        "conditions": conditions.merge(
            resources.conditions_of(workflow.status),
            [conditions.Condition(conditions.READY, *ready)],
            workflow.generation,
            resources.render_second(now),
        ),
    }
    if name:
        status["latestRevision"] = name
    steps = checked.steps if good else workflow.status.get("steps")
    if steps is not None:
        status["steps"] = steps
    return Plan(name, good, None if status == workflow.status else status)


class Objects(revisions.Objects, Protocol):
    """What this needs of the API server."""

    async def put_status(self, plural: str, ref: resources.Ref, status: Mapping[str, Any]) -> resources.Ref:
        """Replace the status of exactly that version."""


@dataclass(slots=True)
class _Entry:
    """What is known of one Workflow."""

    workflow: resources.Workflow
    serving: Serving | None = None
    checked: Checked | None = None
    checked_generation: int = -1
    plan_done: bool = False
    task: asyncio.Task[None] | None = None
    again: bool = field(default=False)


class Workflows:
    """All Workflows that this process has seen, and what may be started from them."""

    def __init__(
        self,
        api: Objects,
        check: Check,
        clock: Callable[[], float],
        changed: Callable[[str, str], None],
        in_use: Callable[[str], Collection[str]],
    ) -> None:
        """*changed* is told namespace and name; *in_use* returns a namespace's revisions that run."""
        self._api = api
        self._check = check
        self._clock = clock
        self._changed = changed
        self._in_use = in_use
        self._entries: dict[tuple[str, str], _Entry] = {}

    def seen(self, workflow: resources.Workflow) -> None:
        """Take in a Workflow as it was read, and bring it in order."""
        key = (workflow.ref.namespace, workflow.ref.name)
        entry = self._entries.get(key)
        if entry is None or entry.workflow.ref.uid != workflow.ref.uid:
            entry = self._entries[key] = _Entry(workflow)
        elif not resources.is_newer(workflow.ref, entry.workflow.ref):
            return
        entry.workflow = workflow
        entry.again = True
        if entry.task is None:
            entry.task = asyncio.create_task(self._settle(key, entry))

    def gone(self, ref: resources.Ref) -> bool:
        """Forget a deleted Workflow. Return whether it was known."""
        key = (ref.namespace, ref.name)
        entry = self._entries.get(key)
        if entry is None or entry.workflow.ref.uid != ref.uid:
            return False
        del self._entries[key]
        self._changed(*key)
        return True

    def availability(self, namespace: str, name: str) -> Availability | None:
        """Return what can be started of a Workflow; None if none of that name was seen."""
        entry = self._entries.get((namespace, name))
        if entry is None:
            return None
        workflow = entry.workflow
        if workflow.deleting:
            return Blocked(Reason.WORKFLOW_NOT_FOUND, f"workflow '{name}' is being deleted", workflow.ref.uid)
        if workflow.suspend:
            return Blocked(Reason.WORKFLOW_SUSPENDED, f"workflow '{name}' is suspended", workflow.ref.uid)
        if entry.checked is None or entry.checked_generation != workflow.generation or not entry.plan_done:
            return Unknown()
        if entry.serving is None:
            problem = f"workflow '{name}' is not valid: {entry.checked.problem}"
            return Blocked(Reason.WORKFLOW_INVALID, problem, workflow.ref.uid)
        return entry.serving

    def refs(self) -> list[resources.Ref]:
        """Return all known Workflows."""
        return [entry.workflow.ref for entry in self._entries.values()]

    def knows(self, uid: str, generation: int) -> bool:
        """Return whether that generation of a Workflow has been seen."""
        return any(
            entry.workflow.ref.uid == uid and entry.workflow.generation >= generation
            for entry in self._entries.values()
        )

    async def _settle(self, key: tuple[str, str], entry: _Entry) -> None:
        """Bring the Workflow in order; stay as long as it changes or cannot be written."""
        try:
            while entry.again and self._entries.get(key) is entry:
                entry.again = False
                try:
                    await self._reconcile(entry)
                except failures.Conflict:
                    await self._read_again(entry)
                except failures.Missing:
                    pass  # deleted under our hands: the watch will say so
                except failures.ApiFailure as failure:
                    _log.warning("workflow %s: %s", entry.workflow.ref, failure)
                    entry.again = True
                    await asyncio.sleep(bounds.PROGRESS_SECONDS)
        except Exception:  # noqa: BLE001 - one Workflow's trouble is no other's
            faults.record("while looking at a workflow", self._fields(entry.workflow))
        finally:
            entry.task = None

    async def _reconcile(self, entry: _Entry) -> None:
        workflow = entry.workflow
        if workflow.deleting:
            self._changed(workflow.ref.namespace, workflow.ref.name)
            return
        if entry.checked is None or entry.checked_generation != workflow.generation:
            entry.plan_done = False
            entry.checked = await self._checked(workflow)
            entry.checked_generation = workflow.generation
        if entry.workflow is not workflow:
            return  # changed meanwhile: `again` is set
        if entry.serving is None and entry.checked.problem:
            entry.serving = await self._last_good(workflow)
        last_good = entry.serving.revision if entry.serving is not None else ""
        plan = decide(workflow, entry.checked, last_good, self._clock())
        published = plan.publish and plan.revision != last_good
        if published:
            await self._publish(entry, workflow, plan.revision, entry.checked)
        if plan.status is not None:
            ref = await self._api.put_status(client.WORKFLOWS, workflow.ref, plan.status)
            if entry.workflow is workflow:
                entry.workflow = replace(workflow, ref=ref, status=plan.status)
        entry.plan_done = True
        self._changed(workflow.ref.namespace, workflow.ref.name)
        if published:
            in_use = {plan.revision, *self._in_use(workflow.ref.namespace)}
            await revisions.prune(self._api, workflow, in_use)

    async def _checked(self, workflow: resources.Workflow) -> Checked:
        """Check the source in a thread: a large one takes long, and others must run meanwhile."""
        try:
            checked = await asyncio.to_thread(self._check, workflow.ref.name, workflow.source)
        except Exception:  # noqa: BLE001 - a source that breaks us is the author's to see
            checked = Checked(problem=faults.record("while checking a source", self._fields(workflow)))
        metrics.WORKFLOWS_VALIDATED.labels(outcome="invalid" if checked.problem else "valid").inc()
        return replace(checked, problem=presentable(checked.problem, bounds.MESSAGE_CHARACTERS - 200))

    async def _publish(
        self, entry: _Entry, workflow: resources.Workflow, name: str, checked: Checked
    ) -> None:
        await revisions.ensure(self._api, workflow, name)
        entry.serving = Serving(workflow.ref.uid, name, checked.code, workflow.env, checked.steps)
        _log.info("revision %s is served", name, extra=logs.about(**self._fields(workflow)))

    async def _last_good(self, workflow: resources.Workflow) -> Serving | None:
        """Return the revision that served before this process started, if the source is bad now."""
        if not workflow.latest_revision:
            return None
        found = await revisions.find(self._api, workflow, workflow.latest_revision)
        if found is None:
            return None
        checked = await asyncio.to_thread(self._check, workflow.ref.name, found.source)
        if checked.problem:
            return None
        return Serving(workflow.ref.uid, found.ref.name, checked.code, found.env, checked.steps)

    async def _read_again(self, entry: _Entry) -> None:
        """Somebody wrote in between: take what is there now."""
        ref = entry.workflow.ref
        found = resources.read_workflow(await self._api.get(client.WORKFLOWS, ref.namespace, ref.name))
        if found is not None and found.ref.uid == ref.uid:
            entry.workflow = found
            entry.again = True

    @staticmethod
    def _fields(workflow: resources.Workflow) -> dict[str, Any]:
        return {"namespace": workflow.ref.namespace, "workflow": workflow.ref.name}
