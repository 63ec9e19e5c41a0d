"""Redirects of HTTP calls (language.md 6.6), as a pure function from one hop to the next.

What an author gave for one origin goes to no other: headers may hold credentials of any name, and
so may the body. A redirect that could only be followed with them is left to the author.
"""

from dataclasses import dataclass, replace
from typing import Final

from stepward.engine import effects
from stepward.stdlib import http_headers, http_url

_TO_GET: Final = frozenset({301, 302, 303})
_UNCHANGED: Final = frozenset({307, 308})
_OF_THE_BODY: Final = "content-"


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain. `ca_certificate` is the author's and meant for their origin."""

    method: str
    url: http_url.Url
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    ca_certificate: bytes | None


def first(request: effects.HttpRequest) -> Hop:
    """Return the hop that *request* asks for; UrlError if its URL is none (the library checks it)."""
    return Hop(
        request.method,
        http_url.parse(request.url),
        request.headers,
        request.body,
        request.ca_certificate,
    )


def following(hop: Hop, code: int, location: str | None) -> Hop | None:
    """Return where an answer with *code* and *location* to *hop* sends us; None: nowhere."""
    if location is None or code not in _TO_GET | _UNCHANGED:
        return None
    try:
        url = http_url.join(hop.url, location)
    except http_url.UrlError:
        return None
    same_origin = url.origin == hop.url.origin
    if code in _UNCHANGED:
        return replace(hop, url=url) if same_origin else None
    method = "HEAD" if hop.method == "HEAD" else "GET"
    if same_origin:
        kept = tuple(header for header in hop.headers if not header[0].lower().startswith(_OF_THE_BODY))
        return replace(hop, method=method, url=url, headers=kept, body=None)
    product = (("User-Agent", http_headers.USER_AGENT),)
    return Hop(method, url, product, body=None, ca_certificate=None)
