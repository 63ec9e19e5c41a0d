"""WorkflowRevisions: immutable copies of source and environment, named by their content."""

import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final, Protocol

import orjson

from stepward.kube import bounds, client, failures, resources
from stepward.telemetry import metrics

_log = logging.getLogger("stepward.revisions")

LABEL: Final = "stepward.dev/workflow"
"""For people who look; nothing is selected by it."""
_LABEL_CHARACTERS: Final = 63


class Objects(Protocol):
    """What this needs of the API server."""

    async def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return the object; raises Missing."""

    async def create(self, plural: str, namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create the object; raises Conflict if the name is taken."""

    async def delete(self, plural: str, ref: resources.Ref) -> None:
        """Delete exactly that object."""

    def list_metadata(
        self, plural: str, namespace: str | None, selector: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the metadata of all objects."""


def name_of(workflow: str, source: str, env: tuple[tuple[str, str], ...]) -> str:
    """Return the name of the revision with this content: `<workflow>-<hash>`."""
    digest = hashlib.sha256(orjson.dumps([source, env])).hexdigest()[: bounds.REVISION_HASH_DIGITS]
    return f"{workflow[: bounds.NAME_CHARACTERS - len(digest) - 1]}-{digest}"


def body_of(workflow: resources.Workflow, name: str) -> dict[str, Any]:
    """Return metadata and spec of the revision of *workflow* as it is now."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": workflow.ref.namespace,
        "ownerReferences": [
            {
                "apiVersion": f"{client.GROUP}/{client.VERSION}",
                "kind": "Workflow",
                "name": workflow.ref.name,
                "uid": workflow.ref.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ],
    }
    if len(workflow.ref.name) <= _LABEL_CHARACTERS:
        metadata["labels"] = {LABEL: workflow.ref.name}
    spec: dict[str, Any] = {"source": workflow.source, "workflowUID": workflow.ref.uid}
    if workflow.env:
        spec["env"] = [{"name": key, "value": value} for key, value in workflow.env]
    return {"metadata": metadata, "spec": spec}


async def ensure(api: Objects, workflow: resources.Workflow, name: str) -> None:
    """See to it that revision *name* of *workflow* exists and is what its name says."""
    if workflow.latest_revision == name and await find(api, workflow, name) is not None:
        return  # the usual case after a restart: looking is no write
    for _ in range(bounds.CONFLICTS):
        try:
            await api.create(client.REVISIONS, workflow.ref.namespace, body_of(workflow, name))
        except failures.Conflict:
            found = await _read(api, workflow.ref.namespace, name)
            if found is None:
                continue
            if _is_of(found, workflow, name):
                return
            # Left by a deleted Workflow of the same name, or made by somebody else.
            await _delete(api, found.ref)
        else:
            return
    raise failures.Unavailable(f"revision {workflow.ref.namespace}/{name} is in the way and does not go")


async def find(api: Objects, workflow: resources.Workflow, name: str) -> resources.Revision | None:
    """Return revision *name* of *workflow* if it exists, is its own, and is what its name says."""
    found = await _read(api, workflow.ref.namespace, name)
    if found is None or found.owner_uid != workflow.ref.uid:
        return None
    return found if name_of(workflow.ref.name, found.source, found.env) == name else None


async def prune(api: Objects, workflow: resources.Workflow, in_use: Collection[str]) -> None:
    """Delete the oldest revisions of *workflow* beyond its limit; those *in_use* do not count."""
    old: list[tuple[str, int, resources.Ref]] = []
    async for item in api.list_metadata(client.REVISIONS, workflow.ref.namespace):
        found = resources.read_revision(item)
        if found is not None and found.owner_uid == workflow.ref.uid and found.ref.name not in in_use:
            version = found.ref.resource_version  # breaks ties within one second: revisions never change
            number = int(version) if version.isdecimal() else 0
            old.append((str(item["metadata"].get("creationTimestamp", "")), number, found.ref))
    old.sort(key=lambda row: row[:2], reverse=True)
    for _, _, ref in old[workflow.revision_history_limit :]:
        await _delete(api, ref)
        metrics.REVISIONS_PRUNED.inc()
        _log.info("revision %s deleted: beyond revisionHistoryLimit", ref)


def _is_of(found: resources.Revision, workflow: resources.Workflow, name: str) -> bool:
    return (
        found.owner_uid == workflow.ref.uid
        and found.workflow_uid == workflow.ref.uid
        and name_of(workflow.ref.name, found.source, found.env) == name
    )


async def _read(api: Objects, namespace: str, name: str) -> resources.Revision | None:
    try:
        return resources.read_revision(await api.get(client.REVISIONS, namespace, name))
    except failures.Missing:
        return None


async def _delete(api: Objects, ref: resources.Ref) -> None:
    with contextlib.suppress(failures.Missing, failures.Conflict):
        await api.delete(client.REVISIONS, ref)
