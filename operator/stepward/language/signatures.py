"""What a checker may know of a library: names, parameters, where a call may stand.

The language does not import the library; whoever composes the program passes a `Library` in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a library function, in positional order."""

    name: str
    required: bool
    aliases: tuple[str, ...] = ()
    """Other spellings that are accepted (stdlib.md, open point O13)."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call of a library function must look like (stdlib.md, section 1)."""

    name: str
    parameters: tuple[Parameter, ...]
    blocking: bool = False
    """Must be run by a `call` step, never inside `${}` (language.md 3.9)."""
    helper: bool = False
    """An expression helper such as `len`: never a `call` step (stdlib.md, section 4)."""
    ambient: bool = False
    """Reads time, chance or the environment: called with an `Ambient` as first argument."""

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter called *name*, or None."""
        for parameter in self.parameters:
            if name == parameter.name or name in parameter.aliases:
                return parameter
        return None

    @property
    def required_count(self) -> int:
        """How many arguments a positional call needs at least."""
        return sum(parameter.required for parameter in self.parameters)


class Library(Protocol):
    """The functions and constants that programs may use."""

    def signature(self, name: str) -> Signature | None:
        """Return the signature of function *name*, or None if there is none."""

    def constant(self, name: str) -> Any:
        """Return the value of a dotted library value such as `http.default_retry`; KeyError if none."""

    def implementation(self, name: str) -> Callable[..., Any]:
        """Return the callable of function *name*: positional arguments in, value or Effect out."""

    def names(self) -> Iterable[str]:
        """Yield every function and constant name, for suggestions and reserved words."""
