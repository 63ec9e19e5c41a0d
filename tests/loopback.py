"""Real servers on this machine that say exactly what a test scripts, and remember what they were told."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of header *name* in the spelling that was sent, or None."""
        return dict(self.headers).get(name)


@dataclass
class Conversation:
    """One connection, seen from the server."""

    server: "Server"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> Seen:
        """Read one request; asyncio.IncompleteReadError when the client has gone."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rows = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = [(name, value) for name, _, value in (row.partition(": ") for row in rows)]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        seen = Seen(line, headers, await self.reader.readexactly(length))
        self.server.requests.append(seen)
        return seen

    async def send(self, data: bytes) -> None:
        """Write *data*."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client closes the connection."""
        while await self.reader.read(65_536):
            pass
        self.server.left.set()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Conversation], Awaitable[None]]


@dataclass
class Server:
    """Runs *script* for each connection; ends the connection when the script returns."""

    script: Script
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """A script saw its client leave."""
    port: int = 0

    def url(self, path: str = "/", host: str | None = None) -> str:
        """Return the URL of *path* here."""
        name = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self.context else 'http'}://{name}:{self.port}{path}"

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports are told in the next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        clean = False
        try:
            await self.script(Conversation(self, reader, writer))
            clean = True
        except (OSError, asyncio.IncompleteReadError):
            self.left.set()
        except asyncio.CancelledError:
            pass  # by __aexit__; asyncio's streams would report it as an error
        finally:
            self._tasks.discard(task)
            if clean:
                writer.close()
            else:
                writer.transport.abort()


def answer(body: bytes = b"", *, code: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return an answer with a length."""
    given = {"Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {code} X\r\n{lines}\r\n".encode() + body


def always(*data: bytes) -> Script:
    """Return a script that answers the requests of a connection with *data* in turn, then the last again."""

    async def script(conversation: Conversation) -> None:
        pending = list(data)
        while True:
            await conversation.request()
            await conversation.send(pending.pop(0) if len(pending) > 1 else pending[0])

    return script


def once(data: bytes) -> Script:
    """Return a script that reads one request, sends *data* and closes."""

    async def script(conversation: Conversation) -> None:
        await conversation.request()
        await conversation.send(data)

    return script


def then_silence(data: bytes) -> Script:
    """Return a script that reads one request, sends *data* and nothing more."""

    async def script(conversation: Conversation) -> None:
        await conversation.request()
        await conversation.send(data)
        await conversation.gone()

    return script
