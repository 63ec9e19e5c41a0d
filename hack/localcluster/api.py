"""A small client of the Kubernetes API for tools and tests: standard library only, one connection.

The product does not use it, so a test that looks through it sees the server, not our own code twice.
"""

import http.client
import json
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

Object = dict[str, Any]
"""A Kubernetes object as JSON. The only place for Any in these tools: its shape is the server's."""

FIELD_MANAGER: Final = "stepward-localcluster"
TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"


class ApiError(Exception):
    """The server refused."""

    def __init__(self, code: int, status: Object) -> None:
        super().__init__(f"{code} {status.get('reason', '')}: {status.get('message', '')}")
        self.code = code
        self.reason: str = status.get("reason") or ""
        self.message: str = status.get("message") or ""


class Api:
    """Requests as one user, one at a time; safe to share between threads."""

    def __init__(self, url: str, ca_file: Path, token: str, timeout_seconds: float = 30) -> None:
        address = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=str(ca_file))
        self._connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=timeout_seconds
        )
        self._token = token
        self._turn = threading.Lock()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def get(self, path: str, *, accept: str = "application/json", **query: str) -> Object:
        """Return the object or list at *path*."""
        return self.request("GET", path, accept=accept, query=query)

    def text(self, path: str) -> str:
        """Return what *path* says as it stands, for `/readyz` and `/metrics`."""
        return self._send("GET", path, b"", {"Accept": "*/*"})[1].decode()

    def create(self, path: str, body: Object, **query: str) -> Object:
        """POST *body* to the collection at *path*."""
        return self.request("POST", path, body=body, query=query)

    def replace(self, path: str, body: Object) -> Object:
        """PUT *body*."""
        return self.request("PUT", path, body=body)

    def merge(self, path: str, patch: Object) -> Object:
        """Apply a JSON merge patch."""
        return self.request("PATCH", path, body=patch, content_type=_MERGE)

    def apply(self, path: str, body: Object) -> Object:
        """Create or update the object at *path* by server-side apply, taking over conflicting fields."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return self.request("PATCH", path, body=body, content_type=_APPLY, query=query)

    def delete(self, path: str, body: Object | None = None) -> Object:
        """DELETE, with *body* as DeleteOptions."""
        return self.request("DELETE", path, body=body)

    def exists(self, path: str) -> bool:
        """Tell whether there is something at *path*."""
        try:
            self.get(path)
        except ApiError as error:
            if error.code == http.client.NOT_FOUND:
                return False
            raise
        return True

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Send one request and return the decoded answer. Raises ApiError on 4xx and 5xx."""
        target = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        payload = b"" if body is None else json.dumps(body).encode()
        code, answer = self._send(method, target, payload, {"Accept": accept, "Content-Type": content_type})
        try:
            content: Object = json.loads(answer)
        except ValueError:
            content = {"message": answer.decode(errors="replace")}
        if code >= http.client.BAD_REQUEST:
            raise ApiError(code, content)
        return content

    def _send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        everything = {**headers, "Authorization": f"Bearer {self._token}"}
        with self._turn:
            try:
                self._connection.request(method, target, body=body or None, headers=everything)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()  # a broken connection must not poison the next request
                raise
