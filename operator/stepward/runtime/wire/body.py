"""The body of an answer: collected and decompressed under a cap, never past it."""

import zlib
from typing import Final

from stepward.runtime.wire.failures import ExchangeError, Kind
from stepward.values import limits

ACCEPTED: Final = "gzip, deflate"
"""The codings we ask for, as Accept-Encoding lists them."""

_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_HEADER: Final = zlib.MAX_WBITS | 32
"""zlib finds out by itself whether the stream is gzip or zlib."""
_GZIP_MAGIC: Final = 0x1F
_ZLIB_METHOD: Final = 8
_CHECK_MODULUS: Final = 31


class Body:
    """Collects one body. *coding* is its Content-Encoding; one that we do not know is left as it is."""

    def __init__(self, coding: str) -> None:
        self._content = bytearray()
        self._received = 0
        self._coded = coding.strip().lower() in _CODINGS
        self._stream: zlib._Decompress | None = None
        self._streams = 1

    @property
    def decoded(self) -> bool:
        """Whether the content differs from what was received, as long as anything was."""
        return self._coded and self._received > 0

    def feed(self, data: bytes) -> None:
        """Take what was received next; ExchangeError if that is too much or no valid stream."""
        self._received += len(data)
        if self._coded:
            if self._received > limits.RESPONSE_ENCODED_BYTES:
                raise too_large()
            self._inflate(data)
        else:
            if self._received > limits.RESPONSE_BYTES:
                raise too_large()
            self._content += data

    def finish(self) -> bytes:
        """Return the whole content; ExchangeError if a compressed stream has no end."""
        if self._stream is not None and not self._stream.eof:
            raise _damaged()
        return bytes(self._content)

    def _inflate(self, data: bytes) -> None:
        """Decompress *data*, never making more than one byte above the cap."""
        while data:
            if self._stream is None:
                self._stream = _first_stream(data)
            elif self._stream.eof:
                if data[0] != _GZIP_MAGIC:
                    return  # padding behind the stream: everybody ignores it
                self._stream = self._next_stream()
            room = limits.RESPONSE_BYTES + 1 - len(self._content)
            try:
                self._content += self._stream.decompress(data, room)
            except zlib.error:
                raise _damaged() from None
            if len(self._content) > limits.RESPONSE_BYTES:
                raise too_large()
            data = self._stream.unused_data

    def _next_stream(self) -> "zlib._Decompress":
        self._streams += 1
        if self._streams > limits.RESPONSE_GZIP_MEMBERS:
            raise ExchangeError(Kind.PROTOCOL, "the answer holds too many compressed streams")
        return zlib.decompressobj(_ANY_HEADER)


def _first_stream(data: bytes) -> "zlib._Decompress":
    # "deflate" means a zlib stream; some servers send it without the zlib header.
    headed = data[0] & 0x0F == _ZLIB_METHOD and (
        len(data) == 1 or int.from_bytes(data[:2]) % _CHECK_MODULUS == 0
    )
    return zlib.decompressobj(_ANY_HEADER if headed or data[0] == _GZIP_MAGIC else -zlib.MAX_WBITS)


def too_large() -> ExchangeError:
    """The body exceeds the limit of the language."""
    return ExchangeError(Kind.TOO_LARGE, f"HTTP response larger than {limits.RESPONSE_BYTES} bytes")


def _damaged() -> ExchangeError:
    return ExchangeError(Kind.PROTOCOL, "the compressed body of the answer is damaged")
