"""(b) Executions through the cluster: how many a minute, and how long from creation to `Succeeded`.

Side by side with the floor: a bare client that does for each execution only what cannot be left out
(create it, claim it, write its result), on the same server, in the same run.
"""

import asyncio
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from benchmarks import machine

sys.path[:0] = [str(machine.ROOT / "hack"), str(machine.ROOT / "operator")]

from localcluster import manifests, provision  # noqa: E402 - after the path to it
from localcluster.controlplane import ControlPlane  # noqa: E402
from localcluster.progress import Progress  # noqa: E402

PAIRS: Final = 5
LOADS: Final = {1: 150, 8: 600, 32: 1_500}
"""Executions of one run, by concurrency."""
WARM_UP: Final = 60
_API: Final = "/apis/stepward.dev/v1alpha1/namespaces"
_FLOOR, _BENCH = "floor", "bench"
_JSON: Final = {"Content-Type": "application/json"}
_DEADLINE_SECONDS: Final = 120

SOURCE: Final = """\
main:
  steps:
    - fetch:
        call: http.get
        args:
          url: http://SERVICE/
        result: answer
    - done:
        return: ${answer.body}
"""


@dataclass(frozen=True)
class Run:
    """What one run measured."""

    per_minute: float
    p50: float
    p99: float
    operator_cpu: float = 0.0
    """Seconds of CPU that the operator took for one execution."""


class Cluster:
    """Requests of the load: bytes, one connection pool, no more."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url + _API

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the decoded answer."""
        data = None if body is None else orjson.dumps(body)
        async with self._session.request(method, self._url + path, data=data, headers=_JSON) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
            return orjson.loads(content)

    async def create(self, namespace: str, name: str) -> Any:
        """Create an Execution."""
        spec = {"workflowRef": {"name": "fetch"}}
        body = {
            "apiVersion": "stepward.dev/v1alpha1",
            "kind": "Execution",
            "metadata": {"name": name},
            "spec": spec,
        }
        return await self.send("POST", f"/{namespace}/executions", body)

    async def put_status(self, body: Any, status: dict[str, Any]) -> Any:
        """Replace a status, guarded."""
        metadata = body["metadata"]
        guarded = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        whole = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": guarded,
            "status": status,
        }
        path = f"/{metadata['namespace']}/executions/{metadata['name']}/status"
        return await self.send("PUT", path, whole)

    async def clear(self, namespace: str) -> None:
        """Delete all executions."""
        await self.send("DELETE", f"/{namespace}/executions")

    async def succeeded(self, namespace: str) -> AsyncIterator[str]:
        """Yield the names of executions as they succeed."""
        target = f"{self._url}/{namespace}/executions?watch=true&fieldSelector=status.state=Succeeded"
        while True:  # the server ends a watch whose reader is too slow; a new one shows all there are
            async with self._session.get(target, timeout=aiohttp.ClientTimeout(total=None)) as answer:
                async for line in answer.content:
                    event = orjson.loads(line)
                    if event["type"] in ("ADDED", "MODIFIED"):
                        yield event["object"]["metadata"]["name"]
            print("  the watch ended, and is opened again", file=sys.stderr)


async def measure(concurrency: int, count: int, one: Callable[[str], Awaitable[None]]) -> Run:
    """Run *one* for *count* names, *concurrency* at a time."""
    stamp = f"{time.time_ns():x}"
    names = iter([f"r{stamp}-{number}" for number in range(count)])
    took: list[float] = []

    async def worker() -> None:
        for name in names:
            start = time.perf_counter()
            await one(name)
            took.append(time.perf_counter() - start)

    start = time.perf_counter()
    async with asyncio.timeout(_DEADLINE_SECONDS):
        await asyncio.gather(*(worker() for _ in range(concurrency)))
    seconds = time.perf_counter() - start
    took.sort()
    return Run(60 * count / seconds, took[len(took) // 2], took[int(len(took) * 0.99)])


def floor_of(cluster: Cluster) -> Callable[[str], Awaitable[None]]:
    """Return what the floor does for one execution: no watch, no HTTP step, no status worth reading."""

    async def one(name: str) -> None:
        body = await cluster.create(_FLOOR, name)
        body = await cluster.put_status(body, {"state": "Active", "holder": "floor"})
        await cluster.put_status(body, {"state": "Succeeded", "holder": "floor", "result": 1})

    return one


class Waiting:
    """Creates executions and waits until the watch shows that they succeeded."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._waiting: dict[str, asyncio.Future[None]] = {}

    async def follow(self) -> None:
        """Follow the watch for ever."""
        async for name in self._cluster.succeeded(_BENCH):
            done = self._waiting.pop(name, None)
            if done is not None and not done.done():
                done.set_result(None)

    async def one(self, name: str) -> None:
        """Create an execution and wait for its end."""
        done = self._waiting[name] = asyncio.get_running_loop().create_future()
        await self._cluster.create(_BENCH, name)
        await done


class Service(asyncio.Protocol):
    """Answers every request at once."""

    _ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1"

    def connection_made(self, transport: Any) -> None:
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request, which fits one packet."""
        self._transport.write(self._ANSWER * data.count(b"\r\n\r\n"))


class OperatorProcess:
    """The operator, as it runs in a cluster: a process with its own ServiceAccount."""

    def __init__(self, plane: ControlPlane, service: str, log: Path) -> None:
        kubeconfig = plane.kubeconfig_for_service_account("stepward-system", "stepward")
        command = [sys.executable, "-m", "stepward", "operator", "--kubeconfig", str(kubeconfig)]
        command += ["--namespace", _BENCH, "--egress-allow", service, "--log-format", "json"]
        command += ["--health-address", "127.0.0.1", "--health-port", "0"]
        environment = {**os.environ, "PYTHONPATH": str(machine.ROOT / "operator")}
        with log.open("wb") as file:
            self._process = subprocess.Popen(command, stderr=file, env=environment)
        self._ticks = os.sysconf("SC_CLK_TCK")

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / self._ticks

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(30)


@asynccontextmanager
async def prepared(plane: ControlPlane) -> AsyncIterator[tuple[Cluster, Waiting, OperatorProcess]]:
    """Install everything and start the operator, warm."""
    admin = plane.admin()
    manifests.apply(admin, manifests.load(manifests.MANIFESTS))
    for name in (_FLOOR, _BENCH):
        admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
    server = await asyncio.get_running_loop().create_server(Service, "127.0.0.1", 0)
    service = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    headers = {"Authorization": f"Bearer {plane.admin_token}"}
    connector = aiohttp.TCPConnector(ssl=context, limit=64)
    with tempfile.TemporaryDirectory() as folder:
        operator = OperatorProcess(plane, service, Path(folder, "operator.log"))
        try:
            async with aiohttp.ClientSession(
                connector=connector, headers=headers, read_bufsize=2**21
            ) as session:
                cluster = Cluster(session, plane.url)
                workflow = {
                    "apiVersion": "stepward.dev/v1alpha1",
                    "kind": "Workflow",
                    "metadata": {"name": "fetch"},
                    "spec": {"source": SOURCE.replace("SERVICE", service)},
                }
                await cluster.send("POST", f"/{_BENCH}/workflows", workflow)
                waiting = Waiting(cluster)
                following = asyncio.create_task(waiting.follow())
                await measure(8, WARM_UP, waiting.one)
                await measure(8, WARM_UP, floor_of(cluster))
                yield cluster, waiting, operator
                following.cancel()
        finally:
            operator.stop()
            server.close()


async def benchmark(plane: ControlPlane) -> dict[int, list[tuple[Run, Run]]]:
    """Return floor and Stepward of each pair, by concurrency."""
    results: dict[int, list[tuple[Run, Run]]] = {}
    async with prepared(plane) as (cluster, waiting, operator):
        for concurrency, count in LOADS.items():
            for number in range(PAIRS):
                floor = await measure(concurrency, count, floor_of(cluster))
                before = operator.cpu_seconds()
                ours = await measure(concurrency, count, waiting.one)
                cpu = (operator.cpu_seconds() - before) / count
                ours = Run(ours.per_minute, ours.p50, ours.p99, cpu)
                results.setdefault(concurrency, []).append((floor, ours))
                await cluster.clear(_FLOOR)
                await cluster.clear(_BENCH)
                print(
                    f"  {concurrency} at once, pair {number + 1}: floor {floor.per_minute:,.0f}/min,"
                    f" Stepward {ours.per_minute:,.0f}/min ({ours.per_minute / floor.per_minute:.2f})",
                    file=sys.stderr,
                )
    return results


def report(results: dict[int, list[tuple[Run, Run]]]) -> str:
    """Return the Markdown section: medians of the pairs."""
    lines = [
        "## Executions through the cluster",
        "",
        "One HTTP step to a 0 ms server; floor: a bare client that creates, claims and writes the result.",
        f"Medians of {PAIRS} paired runs; etcd without fsync; everything on this machine.",
        "",
        "| at once | floor /min | Stepward /min | x floor | p50 | x floor | p99 | x floor | operator CPU |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for concurrency, pairs in results.items():
        floors, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        middle = statistics.median
        cells = [
            str(concurrency),
            f"{middle(run.per_minute for run in floors):,.0f}",
            f"{middle(run.per_minute for run in ours):,.0f}",
            f"**{middle(own.per_minute / low.per_minute for low, own in pairs):.2f}**",
            f"{1000 * middle(run.p50 for run in ours):.1f} ms",
            f"**{middle(own.p50 / low.p50 for low, own in pairs):.2f}**",
            f"{1000 * middle(run.p99 for run in ours):.0f} ms",
            f"{middle(own.p99 / low.p99 for low, own in pairs):.2f}",
            f"{1000 * middle(run.operator_cpu for run in ours):.2f} ms",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    binaries = provision.provide(Progress("control plane"))
    described = machine.describe()
    with ControlPlane.start(binaries, controllers=False) as plane:
        try:
            import uvloop
        except ImportError:
            results = asyncio.run(benchmark(plane))
        else:
            results = uvloop.run(benchmark(plane))
    print("\n".join([report(results), "", *described]))


if __name__ == "__main__":
    main()
