"""What the parts of this room know of each other, and what they need of the rooms below."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stepward.controllers import status
from stepward.controllers.workflow import Serving
from stepward.engine import effects
from stepward.kube import resources


@dataclass(frozen=True, slots=True)
class Job:
    """What a runner is asked to run."""

    execution: resources.Execution
    serving: Serving


class Waits(Protocol):
    """What an execution waits for."""

    @property
    def waiting(self) -> Mapping[int, str]:
        """Kind of wait by effect: `sleep`, `retry`, `http` and others."""


class Position(Protocol):
    """What the status shows of where an execution is."""

    @property
    def state(self) -> Waits:
        """The engine's state."""

    def current_steps(self) -> Sequence[tuple[str, str]]:
        """Return routine and step of each branch."""


class Journal(Protocol):
    """Told of every transition."""

    async def advanced(self, position: Position, asked: Sequence[effects.Effect]) -> None:
        """The execution moved to *position* and asks for *asked*."""


class Runner(Protocol):
    """Runs a job to its end. Raises nothing but faults of ours, and CancelledError when stopped."""

    async def __call__(self, job: Job, journal: Journal) -> status.Ending:
        """Run *job*, telling *journal* of every transition."""


class Statuses(Protocol):
    """What the care for one execution needs of the API server."""

    async def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return the object; raises Missing."""

    async def put_status(self, plural: str, ref: resources.Ref, status: Mapping[str, Any]) -> resources.Ref:
        """Replace the status of exactly that version; return the new version."""


@dataclass(frozen=True, slots=True)
class World:
    """What all executions of one process share."""

    api: Statuses
    runner: Runner
    clock: Callable[[], float]
    """Seconds since 1970."""
    holder: str
    """Names this process and no other, ever."""
