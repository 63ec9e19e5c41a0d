"""URLs of HTTP calls, parsed once by rules that leave nothing to a second reader.

Whatever judges a URL (who may be called, who may get a token) and whatever sends it must see the
same host. So there is one parser, it refuses every spelling that two parsers read differently, and
what it returns is what goes on the wire: percent-encodings and dots in a path are never touched.
"""

from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Final
from urllib.parse import quote

from stepward.values import limits

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_HOST_CHARACTERS: Final = frozenset(ascii_letters + digits + "-_")
_SENT_AS_WRITTEN: Final = ascii_letters + digits + "-._~:/?#[]@!$&'()*+,;=%"
_SENT_AS_WRITTEN_SET: Final = frozenset(_SENT_AS_WRITTEN)
_PORT_MAX: Final = 65_535
_HOST_CHARACTERS_MAX: Final = 253  # RFC 1035
_LABEL_CHARACTERS_MAX: Final = 63  # RFC 1035


class UrlError(Exception):
    """The text is no URL that may be called; the message says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https URL, ready to be sent."""

    scheme: str
    """`http` or `https`."""
    host: str
    """Lower case; an IPv6 address stands without brackets."""
    port: int
    path: str
    """Starts with `/`."""
    query: str | None = None
    """What stands behind the first `?`; None if there is none."""

    @property
    def target(self) -> str:
        """Return path and query: what the request line holds."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def authority(self) -> str:
        """Return the value of the `Host` header: the port only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return scheme, host and port: what two URLs share when they are the same origin."""
        return self.scheme, self.host, self.port

    @property
    def public(self) -> str:
        """Return the URL without its query, which may hold secrets: for messages."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(text: str) -> Url:
    """Return the URL that *text* spells; UrlError if it is not absolute, http(s) and unambiguous.

    Characters that no URL may hold are percent-encoded in path and query, as a browser does. A
    fragment is dropped: it is never sent.
    """
    if len(text) > limits.URL_CHARACTERS:
        raise UrlError(f"is longer than {limits.URL_CHARACTERS} characters")
    if not text.isprintable():
        for character in text:
            if character < " " or character == "\x7f":
                raise UrlError(f"holds the control character U+{ord(character):04X}")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise UrlError("must start with http:// or https://")
    rest = rest.partition("#")[0]
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    host, port = _authority(rest[:end])
    path, mark, query = rest[end:].partition("?")
    return Url(
        scheme=scheme,
        host=host,
        port=DEFAULT_PORTS[scheme] if port is None else port,
        path=_escaped(path) or "/",
        query=_escaped(query) if mark else None,
    )


def join(base: Url, reference: str) -> Url:
    """Return the URL that *reference* (a `Location`) means at *base* (RFC 3986, 5.2); or UrlError."""
    reference = reference.partition("#")[0]
    head = reference.partition("/")[0].partition("?")[0]
    root = f"{base.scheme}://{base.authority}"
    if ":" in head:
        return parse(reference)
    if reference.startswith("//"):
        return parse(f"{base.scheme}:{reference}")
    if reference.startswith("/"):
        return parse(root + reference)
    if not reference or reference.startswith("?"):
        query = "" if reference or base.query is None else f"?{base.query}"
        return parse(root + base.path + (reference or query))
    path, mark, query = reference.partition("?")
    folder = base.path[: base.path.rfind("/") + 1]
    return parse(root + _without_dots(folder + path) + mark + query)


def _authority(text: str) -> tuple[str, int | None]:
    """Split `host[:port]`."""
    if "@" in text:
        raise UrlError("must not hold a user name or password; use headers or auth")
    if text.startswith("["):
        literal, bracket, tail = text[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise UrlError("holds an IPv6 address without its closing bracket")
        return _ipv6(literal), _port(tail[1:]) if tail else None
    host, colon, port = text.partition(":")
    return _name(host), _port(port) if colon else None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_PORT_MAX))):
        raise UrlError("holds a port that is not a number")
    port = int(text)
    if not 0 < port <= _PORT_MAX:
        raise UrlError(f"holds a port outside 1 to {_PORT_MAX}")
    return port


def _ipv6(text: str) -> str:
    import ipaddress  # few URLs need it, and every start of the local runner would pay

    try:
        if "%" in text:
            raise ValueError(text)  # a zone names an interface of this machine
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise UrlError("holds an invalid IPv6 address") from None


def _name(text: str) -> str:
    """Check a host name or IPv4 address."""
    if not text:
        raise UrlError("has no host")
    if not text.isascii():
        raise UrlError("has a host that is not ASCII; write it in its xn-- form")
    host = text.lower()
    labels = host.removesuffix(".").split(".")
    if len(host) > _HOST_CHARACTERS_MAX or any(len(label) > _LABEL_CHARACTERS_MAX for label in labels):
        raise UrlError("has a host that is too long")
    for label in labels:
        if not label or not _HOST_CHARACTERS.issuperset(label):
            raise UrlError("has an invalid host")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        # 127.1, 0x7f000001 and 0177.0.0.1 are addresses to some readers and names to others.
        octets = [label for label in labels if label.isdigit() and str(int(label[:4])) == label]
        if len(labels) != 4 or len(octets) != 4 or max(map(int, octets)) > 255 or host.endswith("."):
            raise UrlError("has a host that is neither a name nor four decimal numbers with dots")
    return host


def _escaped(text: str) -> str:
    """Percent-encode what a URL cannot hold; leave the rest, encodings included, as written."""
    if _SENT_AS_WRITTEN_SET.issuperset(text):
        return text
    try:
        return quote(text, safe=_SENT_AS_WRITTEN)
    except UnicodeEncodeError:
        raise UrlError("holds a character that cannot be encoded") from None


def _without_dots(path: str) -> str:
    """Resolve the `.` and `..` segments of an absolute path (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
