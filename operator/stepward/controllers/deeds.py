"""What can be done about one execution that is not in our hands. Each is a read or a guarded write.

All return the execution as it is afterwards, and None if it is gone. They raise ApiFailure.
"""

from typing import Any, Protocol

from stepward.controllers import execution as decisions
from stepward.controllers import status
from stepward.controllers.contracts import World
from stepward.kube import client, failures, resources
from stepward.telemetry import metrics


class Readers(Protocol):
    """Takes in Workflows."""

    def seen(self, workflow: resources.Workflow) -> None:
        """Take in a Workflow as it was read."""


async def read(world: World, ref: resources.Ref) -> resources.Execution | None:
    """Return the execution as the API server has it now."""
    try:
        body: Any = await world.api.get(client.EXECUTIONS, ref.namespace, ref.name)
    except failures.Missing:
        return None
    found = resources.read_execution(body)
    return found if found is not None and found.ref.uid == ref.uid else None


async def queue(
    world: World, execution: resources.Execution, plan: decisions.Wait
) -> resources.Execution | None:
    """Say why the execution cannot start."""
    written = status.queued(execution, plan.reason, plan.message, plan.workflow_uid, world.clock())
    return await _put(world, execution, written)


async def end(
    world: World, execution: resources.Execution, stopped: status.Stopped
) -> resources.Execution | None:
    """Write the end of an execution that no step runs for any more."""
    after = await _put(world, execution, status.never_started(execution, stopped, world.clock()))
    metrics.EXECUTIONS_FINISHED.labels(reason=stopped.reason.value).inc()
    return after


async def acknowledge(world: World, ref: resources.Ref) -> resources.Execution | None:
    """Say that the edited spec of a finished execution was seen."""
    found = await read(world, ref)
    if found is None or not found.finished or found.observed_generation >= found.generation:
        return found
    return await _put(world, found, status.acknowledged(found))


async def find_workflow(
    world: World, workflows: Readers, execution: resources.Execution
) -> resources.Execution | None:
    """Read the Workflow that the watch has not shown; say so if there is none."""
    name = execution.workflow
    if resources.is_name(name):
        try:
            body = await world.api.get(client.WORKFLOWS, execution.ref.namespace, name)
        except failures.Missing:
            pass
        else:
            found = resources.read_workflow(body)
            if found is not None:
                workflows.seen(found)
                return execution
    plan = decisions.not_found(execution)
    return await queue(world, execution, plan) if isinstance(plan, decisions.Wait) else execution


async def _put(
    world: World, execution: resources.Execution, written: status.Status
) -> resources.Execution | None:
    try:
        ref = await world.api.put_status(client.EXECUTIONS, execution.ref, written)
    except failures.Missing:
        return None
    except failures.Conflict:
        return await read(world, execution.ref)
    return resources.with_status(execution, ref, written)
