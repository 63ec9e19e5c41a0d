"""A proxy between operator and API server that breaks the watch on command.

It ends TLS on both sides, so it can answer in the server's stead. Requests that are no watch pass
unchanged, unless everything is to be refused.
"""

import contextlib
import http.client
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from localcluster.controlplane import ControlPlane

Fault = Callable[["_Handler"], None]
_WATCH: Final = "watch=true"


class FaultProxy:
    """Passes requests on until `break_watch` says otherwise."""

    def __init__(self, plane: ControlPlane, certificate: Path, key: Path) -> None:
        self._plane = plane
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.proxy = self
        self.fault: Fault | None = None
        self.broken = 0
        """How many watches were broken or refused."""
        self.changed = threading.Event()
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self.fault = None
        self.changed.set()
        self._server.shutdown()
        self._server.server_close()

    def break_watch(self, fault: Fault | None) -> None:
        """Do *fault* to every watch that is open or comes; None: pass them on again."""
        self.fault = fault
        self.changed.set()
        self.changed = threading.Event()

    def connect(self) -> http.client.HTTPSConnection:
        """Return a connection to the API server."""
        address = urlsplit(self._plane.url)
        context = ssl.create_default_context(cafile=str(self._plane.ca_file))
        return http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=60)


class _Server(http.server.ThreadingHTTPServer):
    """Lets handlers find the proxy."""

    proxy: FaultProxy


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        assert isinstance(self.server, _Server)
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        watch = _WATCH in self.path
        if watch and proxy.fault is not None:
            proxy.broken += 1
            proxy.fault(self)
            return
        connection = proxy.connect()
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            if watch:
                self._stream(proxy, connection, answer)
            else:
                self.answer(answer.status, answer.read(), dict(answer.getheaders()))
        except OSError:
            self.close_connection = True
        finally:
            connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _pass_on  # noqa: N815 - the names of the base class

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            if name.lower() not in ("transfer-encoding", "content-length", "date", "server", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self) -> None:
        """Begin an answer of unknown length."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        """Send a piece of it."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _stream(
        self, proxy: FaultProxy, connection: http.client.HTTPSConnection, answer: http.client.HTTPResponse
    ) -> None:
        if answer.status != 200:
            self.answer(answer.status, answer.read())
            return
        self.begin_stream()
        broken = threading.Event()
        changed = proxy.changed

        def cut() -> None:
            changed.wait()
            broken.set()
            with contextlib.suppress(OSError, AttributeError):  # it ended by itself
                connection.sock.shutdown(2)

        threading.Thread(target=cut, daemon=True).start()
        with contextlib.suppress(OSError, http.client.HTTPException, AttributeError):
            while not broken.is_set() and (line := answer.readline()):
                self.chunk(line)
        proxy.broken += 1  # an open watch is cut; the next one meets the fault
        self.close_connection = True

    def log_message(self, format: str, *_: object) -> None:
        """Say nothing."""


def cut(handler: _Handler) -> None:
    """End the connection without an answer."""
    handler.close_connection = True


def refuse(status: int) -> Fault:
    """Answer with an error status."""

    def fault(handler: _Handler) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "fault"}
        handler.answer(status, json.dumps(body).encode())

    return fault


def say(*lines: bytes) -> Fault:
    """Begin a watch, send *lines*, and end it."""

    def fault(handler: _Handler) -> None:
        handler.begin_stream()
        for line in lines:
            handler.chunk(line + b"\n")
        handler.wfile.write(b"0\r\n\r\n")
        time.sleep(0.05)  # a server that does this without a pause is a load test of its own

    return fault


def error_event(code: int) -> bytes:
    """Return the event by which a server ends a watch."""
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return json.dumps({"type": "ERROR", "object": status}).encode()
