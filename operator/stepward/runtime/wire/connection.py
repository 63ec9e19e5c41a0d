"""One HTTP/1.1 connection: h11 knows the protocol, asyncio the socket, this file joins the two.

Rules: a request is written once and never again; whoever reads the answer learns how far the request
got; bytes that nobody asked for end the connection, so that no answer can meet the wrong request.
"""

import asyncio
import select
from dataclasses import dataclass
from typing import Final, cast

import h11

from stepward.runtime.wire import body
from stepward.runtime.wire.failures import ExchangeError, Kind, Progress, Sent
from stepward.values import limits


@dataclass(frozen=True, slots=True)
class Request:
    """What goes on the wire. `headers` are complete: framing and Host included."""

    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    content: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `content` is decompressed; then the headers say nothing of the compression."""

    code: int
    headers: list[tuple[str, str]]
    content: bytes


class _Reading:
    """An answer on its way."""

    __slots__ = ("answer", "body", "events", "head", "head_bytes", "progress")

    def __init__(self, answer: asyncio.Future[Answer], progress: Progress) -> None:
        self.answer = answer
        self.progress = progress
        self.head: h11.Response | None = None
        self.body = body.Body("")
        self.head_bytes = 0
        self.events = 0

    def take_head(self, event: h11.Response | h11.InformationalResponse | h11.EndOfMessage) -> None:
        """Count the headers of *event*: of the answer, of an interim one, or its trailers."""
        self.head_bytes += sum(len(name) + len(value) + 4 for name, value in event.headers)
        if self.head_bytes > limits.RESPONSE_HEADER_BYTES:
            raise ExchangeError(Kind.PROTOCOL, "the headers of the answer are too long")
        if type(event) is h11.Response:
            self.progress.reached(Sent.YES)
            self.head = event
            self.body = body.Body(_header(event, b"content-encoding"))

    def finish(self) -> Answer:
        """Return the answer; its last byte is here."""
        if self.head is None:
            raise _not_http()
        content = self.body.finish()
        # After decompression these two describe bytes that nobody will see.
        dropped = (b"content-encoding", b"content-length") if self.body.decoded else ()
        headers = [(_text(name), _text(value)) for name, value in self.head.headers if name not in dropped]
        return Answer(self.head.status_code, headers, content)


class Connection(asyncio.Protocol):
    """Made by the event loop. Carries one exchange at a time; `reusable` says if another may follow."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.RESPONSE_HEADER_BYTES)
        self._transport: asyncio.Transport
        self._reading: _Reading | None = None
        self._ended: str | None = None
        """Why no more bytes will come; None while they may."""
        self._pump_waits = False
        self.reusable = False

    async def exchange(self, request: Request, progress: Progress) -> Answer:
        """Send *request* and return the answer. ExchangeError, and cancellation, end the connection."""
        self.reusable = False
        try:
            data = self._encoded(request)
            reading = self._reading = _Reading(self._loop.create_future(), progress)
            progress.reached(Sent.MAYBE)
            self._transport.write(data)
            answer = await reading.answer
            self.reusable = self._ready_for_next()
            return answer
        finally:
            self._reading = None
            if not self.reusable:
                self.abort()

    def _encoded(self, request: Request) -> bytes:
        """Return the bytes of *request*; h11 checks its grammar once more."""
        head = h11.Request(method=request.method, target=request.target, headers=request.headers)
        pieces = [self._http.send(head)]
        if request.content:
            pieces.append(self._http.send(h11.Data(data=request.content)))
        pieces.append(self._http.send(h11.EndOfMessage()))
        return b"".join(filter(None, pieces))

    def is_quiet(self) -> bool:
        """Return whether an idle connection still stands: not closed, and nothing came unasked.

        Looks at the socket itself: the event loop may not have seen yet that the server closed it.
        """
        if self._ended is not None or self._transport.is_closing():
            return False
        if not hasattr(select, "poll"):
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    # --- what the event loop tells us ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # of a class of the loop's own

    def data_received(self, data: bytes) -> None:
        """Read on; bytes that belong to no answer end the connection."""
        if self._reading is None:
            self.abort()
            return
        try:
            self._http.receive_data(data)
        except h11.RemoteProtocolError:
            self._fail(_not_http())
            return
        if not self._pump_waits:
            self._pump()

    def eof_received(self) -> None:
        """The server will send no more; for some answers that is their end."""
        self._end("the server closed the connection before its answer was complete")

    def connection_lost(self, exc: Exception | None) -> None:
        """No more bytes either way."""
        if exc is None:
            self.eof_received()
        else:
            self._end("the connection broke before the answer was complete")

    # --- reading ---------------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        if self._ended is not None:
            return
        self._ended = reason
        if self._reading is not None and not self._pump_waits:
            self._read_end(self._reading)

    def _read_end(self, reading: _Reading) -> None:
        """Let h11 judge whether the end of the bytes is the end of the answer."""
        try:
            self._http.receive_data(b"")
            self._pump()
        except h11.RemoteProtocolError:
            pass
        if not reading.answer.done() and not self._pump_waits:
            self._fail(ExchangeError(Kind.CLOSED, self._ended or ""))

    def _pump(self) -> None:
        """Turn received bytes into the answer, a bounded number of pieces at a time."""
        reading = self._reading
        if reading is None or reading.answer.done():
            return
        try:
            for _ in range(limits.RESPONSE_EVENTS_PER_TURN):
                if self._take_event(reading):
                    return
        except ExchangeError as failure:
            self._fail(failure)
        except h11.RemoteProtocolError:
            # What breaks off is reported as broken off, whatever h11 makes of the rest.
            broken_off = ExchangeError(Kind.CLOSED, self._ended) if self._ended is not None else None
            self._fail(broken_off or _not_http())
        else:
            # A server that sends its answer byte by byte must not keep everybody else waiting.
            self._pump_waits = True
            if self._ended is None:
                self._transport.pause_reading()
            self._loop.call_soon(self._pump_on)

    def _take_event(self, reading: _Reading) -> bool:
        """Take the next piece; return True if there is none yet or it was the last."""
        event = self._http.next_event()
        if event is h11.NEED_DATA:
            return True
        reading.events += 1
        if reading.events > limits.RESPONSE_EVENTS:
            raise ExchangeError(Kind.PROTOCOL, "the answer comes in too many pieces")
        if type(event) is h11.Data:
            reading.body.feed(event.data)
        elif isinstance(event, h11.Response | h11.InformationalResponse):
            reading.take_head(event)
        elif type(event) is h11.EndOfMessage:
            reading.take_head(event)
            reading.answer.set_result(reading.finish())
            return True
        else:  # PAUSED or ConnectionClosed before the end: an upgrade or an end that we never asked for
            raise ExchangeError(Kind.CLOSED, self._ended) if self._ended is not None else _not_http()
        return False

    def _pump_on(self) -> None:
        self._pump_waits = False
        if self._reading is None:
            return
        if self._ended is not None:
            self._read_end(self._reading)
            return
        self._transport.resume_reading()
        self._pump()

    def _fail(self, failure: ExchangeError) -> None:
        if self._reading is not None and not self._reading.answer.done():
            self._reading.answer.set_exception(failure)

    def _ready_for_next(self) -> bool:
        """Return whether the connection is clean, and make it ready for another exchange."""
        if (
            self._ended is not None
            or self._http.our_state is not h11.DONE
            or self._http.their_state is not h11.DONE
            or self._http.trailing_data[0]
            or self._transport.get_write_buffer_size()
        ):
            return False
        self._http.start_next_cycle()
        return True


_NOT_HTTP: Final = "the answer is not valid HTTP"


def _not_http() -> ExchangeError:
    return ExchangeError(Kind.PROTOCOL, _NOT_HTTP)


def _header(event: h11.Response, wanted: bytes) -> str:
    return ", ".join(_text(value) for name, value in event.headers if name == wanted)


def _text(raw: bytes) -> str:
    """Return a header as text: UTF-8 if it is, else every byte a character as HTTP says."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
