"""How an exchange can fail, and how far the request got: what retries and recovery decide by."""

from enum import IntEnum, StrEnum


class Sent(IntEnum):
    """How much of a request its receiver may have seen. Never goes back."""

    NO = 0
    """No byte of it left this process: sending it again is safe."""
    MAYBE = 1
    """Bytes were handed over and no answer came: nobody knows."""
    YES = 2
    """The receiver began to answer."""


class Kind(StrEnum):
    """What went wrong."""

    NAME = "name"
    """The host name has no address."""
    DENIED = "denied"
    """Every address of the host is one that may not be called."""
    CONNECT = "connect"
    """No connection: refused, unreachable, too slow."""
    TLS = "tls"
    """The connection stands, its encryption does not."""
    CERTIFICATE = "certificate"
    """The caller's own CA certificate cannot be read."""
    CLOSED = "closed"
    """The connection ended before the answer did."""
    PROTOCOL = "protocol"
    """The answer is not valid HTTP."""
    TOO_LARGE = "too-large"
    """The body of the answer exceeds `limits.RESPONSE_BYTES`."""
    TIMEOUT = "timeout"
    """The caller's own time was up."""


class Progress:
    """How far one request got, over all its redirects."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = Sent.NO

    def reached(self, sent: Sent) -> None:
        """Note that at least *sent* holds."""
        self.sent = max(self.sent, sent)


class ExchangeError(Exception):
    """No answer. `reason` is for the workflow's author and holds no secret of the request."""

    def __init__(self, kind: Kind, reason: str, *, sent: Sent = Sent.NO) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.sent = sent
        """Set by whoever ends the exchange; until then a `Progress` knows."""
