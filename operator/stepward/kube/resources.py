"""Safe views of the objects: whatever the API server let through, reading a view never raises.

A field of the wrong type reads as absent. Nothing here copies or walks what a tenant can make deep.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from stepward.kube import bounds

QUEUED: Final = "Queued"
ACTIVE: Final = "Active"
SUCCEEDED: Final = "Succeeded"
FAILED: Final = "Failed"
CANCELLED: Final = "Cancelled"
FINAL_STATES: Final = frozenset({SUCCEEDED, FAILED, CANCELLED})

_NAME: Final = re.compile(r"[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Ref:
    """One version of one object."""

    namespace: str
    name: str
    uid: str
    resource_version: str

    def at(self, resource_version: str) -> "Ref":
        """Return the same object at another version."""
        return Ref(self.namespace, self.name, self.uid, resource_version)

    def __str__(self) -> str:
        """Return `namespace/name`, for logs."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Execution:
    """An Execution as it was read."""

    ref: Ref
    generation: int
    created: float
    """Seconds since 1970."""
    deleting: bool
    workflow: str
    argument: str | None
    cancel: bool
    timeout_seconds: int | None
    ttl_seconds: int | None
    state: str
    """Empty before the first write of a status."""
    holder: str
    workflow_uid: str
    ended: float | None
    status: Mapping[str, Any]
    """The status as it is; to be carried over, never to be trusted."""

    @property
    def finished(self) -> bool:
        """Whether the execution is over, for good."""
        return self.state in FINAL_STATES

    @property
    def deadline(self) -> float | None:
        """When `timeoutSeconds` have passed since creation."""
        return None if self.timeout_seconds is None else self.created + self.timeout_seconds

    @property
    def conditions(self) -> Sequence[Mapping[str, Any]]:
        """The conditions that can be read."""
        return conditions_of(self.status)

    @property
    def observed_generation(self) -> int:
        """The oldest generation that the status or one of its conditions has observed; 0 for none."""
        seen = [_integer(self.status, "observedGeneration") or 0]
        seen += [_integer(condition, "observedGeneration") or 0 for condition in self.conditions]
        return min(seen)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A Workflow as it was read."""

    ref: Ref
    generation: int
    deleting: bool
    source: str
    env: tuple[tuple[str, str], ...]
    suspend: bool
    revision_history_limit: int
    latest_revision: str
    status: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Revision:
    """A WorkflowRevision as it was read."""

    ref: Ref
    workflow_uid: str
    owner_uid: str
    source: str
    env: tuple[tuple[str, str], ...]


def read_ref(body: Any) -> Ref | None:
    """Return which object *body* is; None if it does not say."""
    metadata = _mapping(body, "metadata")
    ref = Ref(
        _text(metadata, "namespace"),
        _text(metadata, "name"),
        _text(metadata, "uid"),
        _text(metadata, "resourceVersion"),
    )
    return ref if ref.namespace and ref.name and ref.uid else None


def read_execution(body: Any) -> Execution | None:
    """Return the view of an Execution; None if it has no identity."""
    ref = read_ref(body)
    if ref is None:
        return None
    metadata, spec, status = (_mapping(body, part) for part in ("metadata", "spec", "status"))
    argument = spec.get("argument")
    return Execution(
        ref=ref,
        generation=_integer(metadata, "generation") or 0,
        created=parse_time(metadata.get("creationTimestamp")) or 0.0,
        deleting="deletionTimestamp" in metadata,
        workflow=_text(_mapping(spec, "workflowRef"), "name"),
        argument=argument if isinstance(argument, str) else None,
        cancel=spec.get("desiredState") == "Cancelled",
        timeout_seconds=_integer(spec, "timeoutSeconds"),
        ttl_seconds=_integer(spec, "ttlSecondsAfterFinished"),
        state=_text(status, "state"),
        holder=_text(status, "holder"),
        workflow_uid=_text(status, "workflowUID"),
        ended=parse_time(status.get("endTime")),
        status=status,
    )


def read_workflow(body: Any) -> Workflow | None:
    """Return the view of a Workflow; None if it has no identity."""
    ref = read_ref(body)
    if ref is None:
        return None
    metadata, spec, status = (_mapping(body, part) for part in ("metadata", "spec", "status"))
    source = spec.get("source")
    limit = _integer(spec, "revisionHistoryLimit")
    return Workflow(
        ref=ref,
        generation=_integer(metadata, "generation") or 0,
        deleting="deletionTimestamp" in metadata,
        source=source if isinstance(source, str) else "",
        env=_environment(spec),
        suspend=spec.get("suspend") is True,
        revision_history_limit=max(0, limit if limit is not None else 0),
        latest_revision=_text(status, "latestRevision"),
        status=status,
    )


def read_revision(body: Any) -> Revision | None:
    """Return the view of a WorkflowRevision; None if it has no identity."""
    ref = read_ref(body)
    if ref is None:
        return None
    spec = _mapping(body, "spec")
    source = spec.get("source")
    return Revision(
        ref=ref,
        workflow_uid=_text(spec, "workflowUID"),
        owner_uid=_owner_uid(body),
        source=source if isinstance(source, str) else "",
        env=_environment(spec),
    )


def with_status(execution: Execution, ref: Ref, status: Mapping[str, Any]) -> Execution:
    """Return *execution* as it is after its status was replaced by *status* in version *ref*."""
    return replace(
        execution,
        ref=ref,
        state=_text(status, "state"),
        holder=_text(status, "holder"),
        workflow_uid=_text(status, "workflowUID"),
        ended=parse_time(status.get("endTime")),
        status=status,
    )


def is_newer(one: Ref, other: Ref) -> bool:
    """Return whether *one* is a later version than *other* of the same object.

    Versions are ordered numbers on every server of today; if one is not a number, any change is newer.
    """
    if one.resource_version.isdecimal() and other.resource_version.isdecimal():
        return int(one.resource_version) > int(other.resource_version)
    return one.resource_version != other.resource_version


def is_name(text: str) -> bool:
    """Return whether *text* can be the name of an object, and so part of a path."""
    return bool(_NAME.fullmatch(text))


def conditions_of(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the conditions of *status* that can be read, at most a few."""
    found = status.get("conditions")
    if not isinstance(found, list):
        return []
    return [item for item in found[: bounds.CONDITIONS] if isinstance(item, dict)]


def parse_time(text: Any) -> float | None:
    """Return seconds since 1970 of an RFC 3339 time; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def render_time(seconds: float) -> str:
    """Return *seconds* since 1970 as the API writes a time, in whole milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def render_second(seconds: float) -> str:
    """Return *seconds* since 1970 as conditions write a time, in whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _environment(spec: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = spec.get("env")
    if not isinstance(rows, list):
        return ()
    pairs = [(_text(row, "name"), _text(row, "value")) for row in rows if isinstance(row, dict)]
    return tuple((name, value) for name, value in pairs if name)


def _owner_uid(body: Any) -> str:
    """Return the uid of the Workflow that owns *body*; empty if none does."""
    owners = _mapping(body, "metadata").get("ownerReferences")
    for owner in owners if isinstance(owners, list) else ():
        if isinstance(owner, dict) and owner.get("kind") == "Workflow":
            return _text(owner, "uid")
    return ""


def _mapping(parent: Any, key: str) -> Mapping[str, Any]:
    child = parent.get(key) if isinstance(parent, dict) else None
    return child if isinstance(child, dict) else {}


def _text(parent: Mapping[str, Any], key: str) -> str:
    found = parent.get(key)
    return found if isinstance(found, str) else ""


def _integer(parent: Mapping[str, Any], key: str) -> int | None:
    found = parent.get(key)
    return found if type(found) is int else None
