"""From a claimed execution to the engine and back: argument, environment, effects, outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeAlias, assert_never

from stepward.controllers import status
from stepward.controllers.contracts import Job, Journal
from stepward.engine import effects, events
from stepward.engine.outcome import Outcome
from stepward.kube import bounds, resources
from stepward.kube.reasons import Reason
from stepward.runtime import egress
from stepward.telemetry import logs, metrics
from stepward.telemetry.redaction import presentable
from stepward.values import errors, limits
from stepward.values.errors import WorkflowError

_IN_THREAD_CHARACTERS: Final = 16 * 1024
"""Longer arguments are parsed in a thread: others run meanwhile."""

_NO_PROJECT_NUMBER: Final = "0"
_NO_IDENTITY: Final = "default"
_LOCATION: Final = "kubernetes"


Drive: TypeAlias = Callable[..., Awaitable[Outcome]]
"""`runtime.driver.run`."""


class Caller(Protocol):
    """`runtime.http.Client`."""

    async def perform(self, request: effects.HttpRequest, *, policy: egress.Policy, tenant: str) -> object:
        """Send the request and return the answer, or raise WorkflowError."""


class EngineRunner:
    """The runner of the product."""

    def __init__(
        self,
        drive: Drive,
        caller: Caller,
        policy: egress.Policy,
        read_argument: Callable[[str], Any],
        clock: Callable[[], float],
    ) -> None:
        self._drive = drive
        self._caller = caller
        self._policy = policy
        self._read_argument = read_argument
        self._clock = clock

    async def __call__(self, job: Job, journal: Journal) -> status.Ending:
        """Run *job*; an argument that cannot be read ends it before its first step."""
        text = job.execution.argument
        argument = None
        if text is not None:
            try:
                argument = await self._argument(text)
            except WorkflowError as error:
                return _bad_argument(error)
        started = events.Started(
            at=self._clock(),
            argument=argument,
            argument_given=text is not None,
            environment=environment(job),
            seed=job.execution.ref.uid,
        )
        return await self._drive(job.serving.code, started, self._performer(job), journal, self._clock)

    async def _argument(self, text: str) -> Any:
        if len(text) > _IN_THREAD_CHARACTERS:
            return await asyncio.to_thread(self._read_argument, text)
        return self._read_argument(text)

    def _performer(self, job: Job) -> Callable[[effects.Effect], Awaitable[object]]:
        """Return what performs the effects of *job*."""
        namespace = job.execution.ref.namespace

        async def perform(effect: effects.Effect) -> object:
            match effect:
                case effects.HttpRequest():
                    return await self._caller.perform(effect, policy=self._policy, tenant=namespace)
                case effects.Sleep():
                    await asyncio.sleep(max(effect.until - self._clock(), 0))
                case effects.Log():
                    metrics.WORKFLOW_LOG_ENTRIES.inc()
                    logs.write_workflow_entry(effect.severity, effect.payload, _log_fields(job))
                case effects.ConnectorCall():
                    raise errors.error(
                        "SystemError", f"connectors are not available in this version: {effect.name}"
                    )
                case effects.CreateCallback() | effects.AwaitCallback():
                    raise errors.error(
                        "SystemError",
                        "callbacks come to the cluster in a later version; `stepward run` has them",
                    )
                case effects.Continue():
                    pass
                case _:
                    assert_never(effect)
            return None

        return perform


def environment(job: Job) -> dict[str, str]:
    """Return what `sys.get_env` reads: the built-in variables, which always have a value, and the user's.

    A namespace is what a project is at Google; there is no project number here.
    """
    ref = job.execution.ref
    return {
        **dict(job.serving.env),
        "GOOGLE_CLOUD_WORKFLOW_ID": job.execution.workflow,
        "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": ref.name,
        "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": job.serving.revision,
        "GOOGLE_CLOUD_LOCATION": _LOCATION,
        "GOOGLE_CLOUD_PROJECT_ID": ref.namespace,
        "GOOGLE_CLOUD_PROJECT_NUMBER": _NO_PROJECT_NUMBER,
        "GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME": _NO_IDENTITY,
    }


def _bad_argument(error: WorkflowError) -> status.Ending:
    value = error.value
    message = value.get("message") if isinstance(value, dict) else None
    text = message if isinstance(message, str) else str(value)
    limit = limits.ARGUMENT_BYTES // limits.KIB
    return status.Stopped(
        resources.FAILED,
        Reason.ARGUMENT_INVALID,
        presentable(
            f"spec.argument must be JSON or YAML of at most {limit} KiB: {text}", bounds.MESSAGE_CHARACTERS
        ),
    )


def _log_fields(job: Job) -> dict[str, Any]:
    ref = job.execution.ref
    return {
        "namespace": ref.namespace,
        "workflow": job.execution.workflow,
        "execution": ref.name,
        "revision": job.serving.revision,
    }
