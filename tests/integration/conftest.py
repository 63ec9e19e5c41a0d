"""Fixtures of the tests that run the operator as a process."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcluster.controlplane import ControlPlane
from operating import Desk, OperatorProcess

StartOperator = Callable[..., OperatorProcess]


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers `/ok` with JSON and every other path with 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = self.path.startswith("/ok")
        body = b'{"greeting": "hello"}' if found else b'{"error": "no such thing"}'
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """`host:port` of a small HTTP service."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(cluster: ControlPlane, namespace: str) -> Desk:
    """A fresh namespace with our definitions, to work in."""
    return Desk(cluster, namespace)


@pytest.fixture
def start_operator(
    cluster: ControlPlane, namespace: str, service: str, tmp_path: Path
) -> Iterator[StartOperator]:
    """Start operators for the test's namespace; they are killed at its end."""
    started: list[OperatorProcess] = []

    def start(*options: str, server: str = "", ready: bool = True) -> OperatorProcess:
        log = tmp_path / f"operator-{len(started)}.log"
        process = OperatorProcess(
            cluster, log, "--namespace", namespace, "--egress-allow", service, *options, server=server
        )
        started.append(process)
        return process.wait_ready() if ready else process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def operator(start_operator: StartOperator) -> OperatorProcess:
    """An operator for the test's namespace."""
    return start_operator()
