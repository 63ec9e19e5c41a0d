"""The operator as a real process with its own ServiceAccount, and what tests say to its API server."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from localcluster.api import Api, ApiError
from localcluster.controlplane import ControlPlane

ROOT: Final = Path(__file__).resolve().parent.parent
API: Final = "/apis/stepward.dev/v1alpha1"
FINAL: Final = frozenset({"Succeeded", "Failed", "Cancelled"})
WAIT_SECONDS: Final = 30.0

Object = dict[str, Any]
_T = TypeVar("_T")


class OperatorProcess:
    """`stepward operator` with a kubeconfig of its ServiceAccount and no other right."""

    def __init__(self, plane: ControlPlane, log: Path, *options: str, server: str = "") -> None:
        """*server* stands in for the API server's address: a proxy in front of it."""
        kubeconfig = plane.kubeconfig_for_service_account("stepward-system", "stepward")
        if server:
            kubeconfig = _redirected(kubeconfig, log.with_suffix(".kubeconfig"), server)
        self._log = log
        self._command = [
            *(sys.executable, "-m", "stepward", "operator"),
            *("--kubeconfig", str(kubeconfig), "--health-address", "127.0.0.1", "--health-port", "0"),
            *("--log-format", "json", "--audit-seconds", "1", *options),
        ]
        self._url = ""
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process; `wait_ready` waits for it."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "operator")}
        self._seen = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as file:
            self.process = subprocess.Popen(self._command, env=environment, stderr=file, stdout=file)

    def wait_ready(self) -> Self:
        """Wait until `/readyz` says so."""
        self._url = f"http://127.0.0.1:{wait_for('the operator listens', self._port)}"
        wait_for("the operator is ready", lambda: self.probe("/readyz")[0] == 200 or None)
        return self

    def _port(self) -> int | None:
        assert self.process.poll() is None, f"the operator ended:\n{self.log()}"
        for entry in self.entries():
            if "health_port" in entry:
                return int(entry["health_port"])
        return None

    def probe(self, path: str) -> tuple[int, str]:
        """Return status and text of a page of the health port."""
        try:
            with urllib.request.urlopen(self._url + path, timeout=5) as answer:  # noqa: S310 - loopback
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        return sum(value for series, value in samples(self.probe("/metrics")[1]) if series[0] == name)

    def log(self) -> str:
        """Return what this process logged."""
        with self._log.open("rb") as file:
            file.seek(self._seen)
            return file.read().decode(errors="replace")

    def entries(self) -> list[Object]:
        """Return the log's entries."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def terminate(self, seconds: float = WAIT_SECONDS) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait(WAIT_SECONDS)


class Desk:
    """One namespace, as an administrator sees it."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace
        self.api: Api = plane.admin()
        self.path = f"{API}/namespaces/{namespace}"

    def workflow(self, name: str, source: str, **spec: Any) -> Object:
        """Create a Workflow."""
        return self._create("workflows", "Workflow", name, {"source": source, **spec})

    def execution(self, name: str, workflow: str, **spec: Any) -> Object:
        """Create an Execution."""
        return self._create("executions", "Execution", name, {"workflowRef": {"name": workflow}, **spec})

    def edit(self, plural: str, name: str, **spec: Any) -> Object:
        """Change fields of a spec."""
        return self.api.merge(f"{self.path}/{plural}/{name}", {"spec": spec})

    def get(self, plural: str, name: str) -> Object:
        """Return an object."""
        return self.api.get(f"{self.path}/{plural}/{name}")

    def delete(self, plural: str, name: str) -> None:
        """Delete an object."""
        self.api.delete(f"{self.path}/{plural}/{name}")

    def exists(self, plural: str, name: str) -> bool:
        """Tell whether there is such an object."""
        return self.api.exists(f"{self.path}/{plural}/{name}")

    def wait(
        self, plural: str, name: str, reached: Callable[[Object], bool], seconds: float = WAIT_SECONDS
    ) -> Object:
        """Return the object once it is as *reached* wants it; follows a watch."""
        last: Object = {}
        for last in self.follow(plural, name, seconds):
            if reached(last):
                return last
        raise AssertionError(f"{plural}/{name} did not get there: {json.dumps(last.get('status'), indent=1)}")

    def wait_final(self, name: str, seconds: float = WAIT_SECONDS) -> Object:
        """Return the status of an Execution that is over."""
        found = self.wait("executions", name, lambda body: state_of(body) in FINAL, seconds)
        return found["status"]  # type: ignore[no-any-return]

    def wait_state(self, name: str, state: str, reason: str = "") -> Object:
        """Return the status of an Execution in *state*, with *reason* if given."""

        def reached(body: Object) -> bool:
            return state_of(body) == state and (not reason or reason_of(body) == reason)

        return self.wait("executions", name, reached)["status"]  # type: ignore[no-any-return]

    def wait_ready(self, name: str, status: str = "True") -> Object:
        """Return a Workflow whose condition Ready has *status* for the newest spec."""

        def reached(body: Object) -> bool:
            conditions = body.get("status", {}).get("conditions", [])
            newest = body["metadata"]["generation"]
            return any(row["status"] == status and row["observedGeneration"] == newest for row in conditions)

        return self.wait("workflows", name, reached)

    def wait_gone(self, plural: str, name: str) -> None:
        """Wait until there is no such object."""
        wait_for(f"{plural}/{name} is gone", lambda: not self.exists(plural, name) or None)

    def follow(self, plural: str, name: str, seconds: float) -> Iterator[Object]:
        """Yield an object as it is and as it changes, for a bounded time."""
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "timeoutSeconds": str(int(seconds)),
        }
        address = urllib.parse.urlsplit(self.plane.url)
        context = ssl.create_default_context(cafile=str(self.plane.ca_file))
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=seconds + 5
        )
        try:
            target = f"{self.path}/{plural}?{urllib.parse.urlencode(query)}"
            connection.request("GET", target, headers={"Authorization": f"Bearer {self.plane.admin_token}"})
            for line in connection.getresponse():
                yield json.loads(line)["object"]
        finally:
            connection.close()

    def _create(self, plural: str, kind: str, name: str, spec: Object) -> Object:
        body = {
            "apiVersion": "stepward.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        }
        return self.api.create(f"{self.path}/{plural}", body)


def state_of(body: Object) -> str:
    """Return `status.state`."""
    return str(body.get("status", {}).get("state", ""))


def reason_of(body: Object) -> str:
    """Return the reason of the first condition."""
    conditions = body.get("status", {}).get("conditions") or [{}]
    return str(conditions[0].get("reason", ""))


def wait_for(what: str, found: Callable[[], _T | None], seconds: float = WAIT_SECONDS) -> _T:
    """Return the first result of *found* that is not None. For what no watch can tell."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = found()
        if result is not None:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def writes(plane: ControlPlane) -> Mapping[tuple[str, str, str], float]:
    """Return how often the API server carried out each kind of write: (verb, resource, subresource)."""
    counted: dict[tuple[str, str, str], float] = {}
    for (name, labels), value in samples(plane.admin().text("/metrics")):
        if name == "apiserver_request_total" and labels["verb"] not in ("GET", "LIST", "WATCH", "CONNECT"):
            key = (labels["verb"], labels["resource"], labels["subresource"])
            counted[key] = counted.get(key, 0) + value
    return counted


_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(text: str) -> Iterator[tuple[tuple[str, dict[str, str]], float]]:
    """Yield name, labels and value of each sample of a metrics page."""
    for name, labels, value in _SAMPLE.findall(text):
        yield (name, dict(_LABEL.findall(labels))), float(value)


def _redirected(kubeconfig: Path, file: Path, server: str) -> Path:
    content = json.loads(kubeconfig.read_text())
    for row in content["clusters"]:
        row["cluster"]["server"] = server
    file.write_text(json.dumps(content))
    return file


__all__ = [
    "API",
    "ApiError",
    "Desk",
    "OperatorProcess",
    "reason_of",
    "samples",
    "state_of",
    "wait_for",
    "writes",
]
