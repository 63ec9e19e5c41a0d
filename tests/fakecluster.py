"""An API server in memory, as strict about uid and resourceVersion as the real one.

`failing` is a list of failures for the next requests, used up one by one; one that is wrapped in
`Applied` is raised after the request was carried out: the answer was lost.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepward.kube import failures, resources

Object = dict[str, Any]

EXECUTION = resources.Execution(
    ref=resources.Ref("ns", "one", "uid", "1"),
    generation=1,
    created=900.0,
    deleting=False,
    workflow="wf",
    argument=None,
    cancel=False,
    timeout_seconds=None,
    ttl_seconds=None,
    state="",
    holder="",
    workflow_uid="",
    ended=None,
    status={},
)
"""An Execution that nobody has touched."""


@dataclass
class Applied:
    """A failure of the answer, not of the request."""

    failure: failures.ApiFailure


class FakeCluster:
    """The objects, and what was asked of them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.requests: list[str] = []
        self.failing: list[failures.ApiFailure | Applied | None] = []
        self._version = 100

    # --- what a test does --------------------------------------------------------------------

    def add(self, plural: str, name: str, spec: Object, namespace: str = "ns", **more: Any) -> Object:
        """Create an object as a user would."""
        metadata = {
            "namespace": namespace,
            "name": name,
            "uid": f"uid-{self._next()}",
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **more.pop("metadata", {}),
        }
        body = {"metadata": metadata, "spec": spec, **more}
        body["metadata"]["resourceVersion"] = self._next()
        self.objects[plural, namespace, name] = body
        return copy.deepcopy(body)

    def edit(self, plural: str, name: str, namespace: str = "ns", **spec: Any) -> Object:
        """Change a spec as a user would."""
        body = self.objects[plural, namespace, name]
        body["spec"] = {**body["spec"], **spec}
        body["metadata"]["generation"] += 1
        body["metadata"]["resourceVersion"] = self._next()
        return copy.deepcopy(body)

    def touch(self, plural: str, name: str, namespace: str = "ns", **status: Any) -> Object:
        """Write an object as somebody else would: metadata, and fields of the status."""
        body = self.objects[plural, namespace, name]
        body["status"] = {**body.get("status", {}), **status}
        body["metadata"]["resourceVersion"] = self._next()
        return copy.deepcopy(body)

    def execution(self, name: str, **spec: Any) -> resources.Execution:
        """Create an Execution and return its view."""
        body = self.add("executions", name, {"workflowRef": {"name": "wf"}, **spec})
        found = resources.read_execution(body)
        assert found is not None
        return found

    def workflow(self, name: str, source: str, **spec: Any) -> resources.Workflow:
        """Create a Workflow and return its view."""
        found = resources.read_workflow(self.add("workflows", name, {"source": source, **spec}))
        assert found is not None
        return found

    def status(self, plural: str, name: str, namespace: str = "ns") -> Object:
        """Return a status."""
        return self.objects[plural, namespace, name].get("status", {})  # type: ignore[no-any-return]

    def writes(self) -> list[str]:
        """Return the requests that were not reads."""
        return [request for request in self.requests if not request.startswith(("GET", "LIST"))]

    # --- what the product does ---------------------------------------------------------------

    async def get(self, plural: str, namespace: str, name: str) -> Object:
        """Return an object."""
        with_answer = await self._begin(f"GET {plural} {name}")
        return (
            copy.deepcopy(self._found(plural, namespace, name)) if with_answer is None else _fail(with_answer)
        )

    async def put_status(self, plural: str, ref: resources.Ref, status: Mapping[str, Any]) -> resources.Ref:
        """Replace a status."""
        lost = await self._begin(f"PUT {plural} {ref.name} {status.get('state', '')}".rstrip())
        body = self._guarded(plural, ref)
        if body["metadata"]["resourceVersion"] != ref.resource_version:
            raise failures.Conflict("stale")
        body["status"] = copy.deepcopy(dict(status))
        body["metadata"]["resourceVersion"] = self._next()
        if lost is not None:
            raise lost
        return ref.at(body["metadata"]["resourceVersion"])

    async def create(self, plural: str, namespace: str, body: Mapping[str, Any]) -> Object:
        """Create an object."""
        name = body["metadata"]["name"]
        lost = await self._begin(f"POST {plural} {name}")
        if (plural, namespace, name) in self.objects:
            raise failures.Conflict("exists")
        made = self.add(plural, name, body["spec"], namespace, metadata=dict(body["metadata"]))
        return made if lost is None else _fail(lost)

    async def delete(self, plural: str, ref: resources.Ref) -> None:
        """Delete an object."""
        lost = await self._begin(f"DELETE {plural} {ref.name}")
        self._guarded(plural, ref)
        del self.objects[plural, ref.namespace, ref.name]
        if lost is not None:
            raise lost

    async def list_metadata(
        self, plural: str, namespace: str | None, selector: str = ""
    ) -> AsyncIterator[Object]:
        """Yield metadata."""
        del selector
        await self._begin(f"LIST {plural}")
        for (kind, place, _), body in list(self.objects.items()):
            if kind == plural and namespace in (None, place):
                yield {"metadata": copy.deepcopy(body["metadata"])}

    async def _begin(self, request: str) -> failures.ApiFailure | None:
        self.requests.append(request)
        await asyncio.sleep(0)
        failure = self.failing.pop(0) if self.failing else None
        if isinstance(failure, Applied):
            return failure.failure
        if failure is not None:
            raise failure
        return None

    def _found(self, plural: str, namespace: str, name: str) -> Object:
        if (plural, namespace, name) not in self.objects:
            raise failures.Missing(name)
        return self.objects[plural, namespace, name]

    def _guarded(self, plural: str, ref: resources.Ref) -> Object:
        body = self._found(plural, ref.namespace, ref.name)
        if body["metadata"]["uid"] != ref.uid:
            raise failures.Conflict("another uid")
        return body

    def _next(self) -> str:
        self._version += 1
        return str(self._version)


def _fail(failure: failures.ApiFailure) -> Object:
    raise failure
