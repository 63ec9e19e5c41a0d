"""Time, chance and environment, handed to the library functions that ask for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ambient:
    """What a function registered with a first parameter of this type may know of the world."""

    now: float
    """Seconds since 1970, UTC."""
    environment: Mapping[str, str]
    fresh_uuid: Callable[[], str]
    """Return a UUID (version 4) that this execution has not had before."""
