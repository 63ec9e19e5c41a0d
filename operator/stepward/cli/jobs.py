"""One execution on this machine, ready to begin: its code, its argument, its environment (stdlib.md 15.1)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from stepward.cli.check import Examined
from stepward.engine import code, events
from stepward.language.signatures import Library
from stepward.language.source import Source

if TYPE_CHECKING:
    from stepward.runtime.children import Workflow

REHEARSED_ID: Final = "00000000-0000-4000-8000-000000000001"
"""Id of every execution that meets mocks: all chance derives from it, so each time is like the other."""

_REVISION_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Job:
    """An execution that has not begun."""

    source: Source
    code: code.Code
    started: events.Started
    workflows: "Mapping[str, Workflow]"
    """Those that it may start, by id."""


@dataclass(frozen=True, slots=True)
class Begin:
    """When an execution begins, as which, and with what."""

    at: float
    """Seconds since 1970 (UTC)."""
    execution_id: str
    argument: tuple[Any, ...] = ()
    """Empty if there is none: an argument may be null."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the user adds to the built-in variables, or puts in their place."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A valid source, ready to run any number of times."""

    source: Source
    code: code.Code


def link(examined: Examined, library: Library) -> Linked:
    """Return a valid source with its code."""
    assert examined.program is not None
    return Linked(examined.source, code.link(examined.program, library))


def job(linked: Linked, begin: Begin, workflows: "Mapping[str, Workflow]") -> Job:
    """Return an execution of *linked*, which may start *workflows*."""
    name = PurePath(linked.source.name).stem.strip("<>") or "workflow"
    started = events.Started(
        at=begin.at,
        argument=begin.argument[0] if begin.argument else None,
        argument_given=bool(begin.argument),
        environment={**_built_in(linked.source, name, begin.execution_id), **begin.variables},
        seed=begin.execution_id,
    )
    return Job(linked.source, linked.code, started, workflows)


def startable(workflow_id: str, linked: Linked, variables: Mapping[str, str]) -> "Workflow":
    """Return *linked* as a workflow that others may start."""
    from stepward.runtime.children import Workflow  # most executions start none

    # Variables are for all, but which workflow it is and which execution, each says for itself.
    own = {**_built_in(linked.source, workflow_id, ""), **variables, "GOOGLE_CLOUD_WORKFLOW_ID": workflow_id}
    return Workflow(linked.code, own)


def _built_in(source: Source, workflow_id: str, execution_id: str) -> dict[str, str]:
    digest = hashlib.sha256(source.text.encode()).hexdigest()
    values = {
        "LOCATION": "local",
        "PROJECT_ID": "local",
        "PROJECT_NUMBER": "0",
        "SERVICE_ACCOUNT_NAME": "local",
        "WORKFLOW_EXECUTION_ID": execution_id,
        "WORKFLOW_ID": workflow_id,
        "WORKFLOW_REVISION_ID": f"000001-{digest[:_REVISION_DIGITS]}",
    }
    return {f"GOOGLE_CLOUD_{name}": value for name, value in values.items()}
