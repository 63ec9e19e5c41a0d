"""What the engine asks of the world. Each effect is answered by one `events.Answered` or `Failed`.

A library function returns an effect without an id; the machine gives it one when the branch
suspends. Ids are ordinals of the execution: the same effect has the same id after a restart.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(slots=True)
class HttpRequest:
    """Send one HTTP request; the answer is the map of language.md 6.5.

    `url` is absolute and already holds the query; `headers` holds every header the author or the
    language asks for (User-Agent and Content-Type included); `body` is ready for the wire.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout_seconds: float = 300.0
    auth: dict[str, Any] | None = None
    """The `auth` map as the author wrote it, checked for shape only. None: no credentials."""
    ca_certificate: bytes | None = None
    """DER certificate to trust instead of the standard pool."""
    id: int = 0


@dataclass(slots=True)
class Sleep:
    """Wake the branch at `until` (seconds since 1970, UTC); the answer is null."""

    until: float
    reason: str = "sleep"
    """`sleep`, or `retry` for the back-off of a retry policy."""
    id: int = 0


@dataclass(slots=True)
class Log:
    """Write one log entry of the workflow (`sys.log`); the answer is null."""

    severity: str
    payload: Any
    """A map for a structured entry, else text."""
    id: int = 0


@dataclass(slots=True)
class ConnectorCall:
    """Call a connector by its dotted name; the answer is its result."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(slots=True)
class CreateCallback:
    """Open an endpoint that takes requests with `method`; the answer is the map with its `url`."""

    method: str
    id: int = 0


@dataclass(slots=True)
class AwaitCallback:
    """Take the next request to the endpoint `url`; the answer is the map of language.md 8.2."""

    url: str
    timeout_seconds: float
    id: int = 0


@dataclass(slots=True)
class Continue:
    """Nothing to wait for: hand `events.Continued` in once others had their turn."""

    id: int = 0


Effect: TypeAlias = HttpRequest | Sleep | Log | ConnectorCall | CreateCallback | AwaitCallback | Continue

EFFECTS = (HttpRequest, Sleep, Log, ConnectorCall, CreateCallback, AwaitCallback, Continue)
