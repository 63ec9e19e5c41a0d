"""Requests to the API server: bytes in, bytes out, every failure typed, every call bounded.

Writes are guarded: a status by uid and resourceVersion, a deletion by uid. That is why a write that
may have been applied can be repeated: the repetition is answered with Conflict or Missing.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
import orjson

from stepward.kube import bounds, failures, shallow
from stepward.kube.access import Access
from stepward.kube.resources import Ref
from stepward.telemetry import metrics

GROUP: Final = "stepward.dev"
VERSION: Final = "v1alpha1"
EXECUTIONS: Final = "executions"
WORKFLOWS: Final = "workflows"
REVISIONS: Final = "workflowrevisions"

_KINDS: Final = {EXECUTIONS: "Execution", WORKFLOWS: "Workflow", REVISIONS: "WorkflowRevision"}
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_METADATA_LIST: Final = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
_MANAGER: Final = "fieldManager=stepward"


class Client:
    """The only speaker to the API server besides the watch."""

    def __init__(self, access: Access) -> None:
        """Must be called in the event loop that will use it."""
        self._session = access.session()
        self._base = f"{access.server}/apis/{GROUP}/{VERSION}"

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return the object. Raises Missing if there is none."""
        return await self._request("GET", f"/namespaces/{namespace}/{plural}/{name}")

    async def list_metadata(
        self, plural: str, namespace: str | None, selector: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the objects of *namespace* (None: of all) with nothing but their metadata, page by page."""
        path = f"/{plural}" if namespace is None else f"/namespaces/{namespace}/{plural}"
        token = ""
        while True:
            query = f"?limit={bounds.PAGE_ITEMS}{selector}" + (f"&continue={token}" if token else "")
            page = await self._request(
                "GET", path + query, headers=_METADATA_LIST, seconds=bounds.LIST_SECONDS
            )
            for item in page.get("items") or ():
                yield item
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    async def create(self, plural: str, namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object from *body* (metadata and spec). Raises Conflict if the name is taken."""
        whole = {"apiVersion": f"{GROUP}/{VERSION}", "kind": _KINDS[plural], **body}
        return await self._request(
            "POST", f"/namespaces/{namespace}/{plural}?{_MANAGER}", orjson.dumps(whole)
        )

    async def put_status(self, plural: str, ref: Ref, status: Mapping[str, Any]) -> Ref:
        """Replace the status of exactly the object and version *ref*; return its new version.

        A PUT and not a merge PATCH, which drops nulls inside results and writes in spite of a wrong uid.
        """
        path = f"/namespaces/{ref.namespace}/{plural}/{ref.name}/status?{_MANAGER}"
        answer = await self._request("PUT", path, status_body(plural, ref, status))
        return ref.at(str(answer["metadata"]["resourceVersion"]))

    async def delete(self, plural: str, ref: Ref) -> None:
        """Delete exactly the object *ref*. Raises Missing or Conflict if it is not there any more."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": ref.uid},
        }
        path = f"/namespaces/{ref.namespace}/{plural}/{ref.name}"
        await self._request("DELETE", path, orjson.dumps(options))

    async def served(self) -> frozenset[str]:
        """Return the plural names of our kinds that the server serves."""
        try:
            answer = await self._request("GET", "")
        except failures.Missing:
            return frozenset()
        return frozenset(row["name"] for row in answer.get("resources", ()))

    async def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = _JSON,
        seconds: float = bounds.REQUEST_SECONDS,
    ) -> dict[str, Any]:
        """Send a request; repeat it a few times while the server is unavailable."""
        for backoff in (*bounds.BACKOFF_SECONDS, None):
            try:
                return await self._counted(method, path, body, headers, seconds)
            except failures.Unavailable as failure:
                if backoff is None:
                    raise
                asked = min(failure.retry_after or 0.0, bounds.RETRY_AFTER_MAX_SECONDS)
                # Spread by chance: all executions meet an outage at the same moment.
                await asyncio.sleep(max(asked, backoff) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        raise AssertionError("the last attempt returns or raises")

    async def _counted(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> dict[str, Any]:
        start = time.monotonic()
        outcome = "interrupted"
        try:
            answer = await self._once(method, path, body, headers, seconds)
            outcome = "ok"
        except failures.ApiFailure as failure:
            outcome = type(failure).__name__.lower()
            raise
        finally:
            metrics.API_REQUESTS.labels(method, outcome).inc()
            metrics.API_SECONDS.observe(time.monotonic() - start)
        return answer

    async def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=bounds.CONNECT_SECONDS)
        request = f"{method} {path.partition('?')[0] or '/'}"
        try:
            async with self._session.request(
                method, self._base + path, data=body, headers=headers, timeout=timeout
            ) as response:
                if response.status >= 400:
                    answer = await response.content.read(bounds.FAILURE_BYTES)
                    raise failures.classify(request, response.status, response.headers, answer)
                content = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise failures.Unavailable(f"{request}: {type(error).__name__}: {error}") from error
        try:
            decoded = shallow.loads(content)
        except orjson.JSONDecodeError as error:
            raise failures.Unavailable(f"{request}: answer is not JSON that can be read") from error
        if not isinstance(decoded, dict):
            raise failures.Unavailable(f"{request}: answer is not an object")
        return decoded


def status_body(plural: str, ref: Ref, status: Mapping[str, Any]) -> bytes:
    """Return the bytes of a status write; without `spec`, which the server keeps."""
    return orjson.dumps(
        {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": _KINDS[plural],
            "metadata": {
                "namespace": ref.namespace,
                "name": ref.name,
                "uid": ref.uid,
                "resourceVersion": ref.resource_version,
            },
            "status": status,
        }
    )
