"""Who may be called: decided on the address that a socket is about to connect to.

Names, redirects and every spelling of an address end here, because nothing else is looked at
(threat-model.md, attacks 1 to 6). A `Policy` is a value: connections are pooled per policy, so none
is ever reused by somebody whose policy would not have let it be made.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NEVER: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local; the metadata servers of Google, AWS, Azure and others
        "fe80::/10",  # link-local
        "fd20:ce::254/128",  # Google, metadata
        "fd00:ec2::/32",  # AWS, metadata and other link-local services
        "100.100.100.200/32",  # Alibaba, metadata
        "192.0.0.192/32",  # Oracle, metadata
        "168.63.129.16/32",  # Azure, wire server
        "0.0.0.0/8",  # "this network"; 0.0.0.0 itself is judged as loopback, which it reaches
        "224.0.0.0/4",  # multicast
        "ff00::/8",
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
_IPV4_MASK: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Destination:
    """One place that the administrator allows: a network or a host name, and a port."""

    network: Network | None
    host: str | None
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what `host-or-cidr:port` means, such as `10.0.0.0/8:443` or `[fd00::/8]:443`.

        Raises a Python ValueError that says what is wrong: settings are the administrator's.
        """
        place, colon, port = text.rpartition(":")
        if not (colon and place and port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
            raise ValueError(f"'{text}' is not of the form HOST-OR-CIDR:PORT")
        bare = place.removeprefix("[").removesuffix("]")
        if ":" in bare or "/" in bare or bare.replace(".", "").isdigit():
            return cls(ipaddress.ip_network(bare), None, int(port))
        return cls(None, bare.lower().rstrip("."), int(port))

    def covers(self, host: str, address: Ip, port: int) -> bool:
        """Return whether this is the place that *host*, found at *address*, and *port* name."""
        if port != self.port:
            return False
        if self.network is None:
            return host.rstrip(".") == self.host
        return address in self.network


@dataclass(frozen=True)
class Policy:
    """Who may be called. The default is the operator's: not this machine itself, nor metadata servers."""

    allow_loopback: bool = False
    """Let the addresses of this machine be called: for the local runner."""
    allow: tuple[Destination, ...] = ()
    """Places that may be called although a rule below denies them. Metadata servers never are."""

    def permits(self, host: str, address: str, port: int) -> bool:
        """Return whether a socket may connect to *address* and *port*, asked for as *host*.

        *host* is a lower-case name or an address; *address* is numeric, a zone id is ignored.
        """
        outer = ipaddress.ip_address(address.partition("%")[0])
        every = (outer, *_embedded(outer))
        if any(each in network for each in every if not each.is_unspecified for network in _NEVER):
            return False
        if any(place.covers(host, each, port) for place in self.allow for each in every):
            return True
        if any(each.is_loopback or each.is_unspecified for each in every):
            return self.allow_loopback
        return True


OPERATOR: Final = Policy()
"""What applies in the cluster if the administrator says nothing."""
LOCAL: Final = Policy(allow_loopback=True)
"""What applies in the local runner: the person who runs it may call their own machine."""


def _embedded(address: Ip) -> Iterator[Ip]:
    """Yield the IPv4 addresses that packets to an IPv6 *address* may end at."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    number = int(address)
    compatible = address in _IPV4_COMPATIBLE and number > 1  # ::1 and :: are themselves
    tunnelled = (number >> 32) & _IPV4_MASK in _ISATAP
    if compatible or tunnelled or any(address in network for network in _NAT64):
        yield ipaddress.IPv4Address(number & _IPV4_MASK)
