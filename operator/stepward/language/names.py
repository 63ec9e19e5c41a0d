"""What a name in an expression or a `call` means: variable, subworkflow, library, connector (4.7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from stepward.language.signatures import Library, Signature
from stepward.language.structure import Routine
from stepward.language.syntax import Index, Member

_CONNECTOR_ROOTS: Final = {"googleapis": 4, "gke": 2}
"""First part of a connector's name -> how many parts a well-formed one has at least."""

IN_EXPRESSIONS: Final = (
    ".secrets.versions.accessString",
    ".secrets.versions.accessRegionalString",
    ".secrets.addVersionString",
)
"""Ends of the connectors that may be called inside `${}` (language.md 3.9)."""


@dataclass(frozen=True)
class Names:
    """The names a workflow can use besides its variables."""

    routines: Mapping[str, Routine]
    library: Library

    def signature(self, name: str) -> Signature | None:
        """Return the signature of library function *name*, or None."""
        return self.library.signature(name)

    def constant(self, name: str) -> Any:
        """Return library value *name*, or None (no library value is null)."""
        try:
            return self.library.constant(name)
        except KeyError:
            return None

    def is_predicate(self, name: str) -> bool:
        """Return whether library function *name* may be used as a value: a retry predicate (stdlib 1.5)."""
        signature = self.library.signature(name)
        return signature is not None and [p.name for p in signature.parameters] == ["exception"]

    @cached_property
    def modules(self) -> frozenset[str]:
        """Return the first parts of dotted names of the library."""
        return frozenset(name.partition(".")[0] for name in self.library.names() if "." in name)

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Return the names a subworkflow must not have: modules and helpers of the library (1.1)."""
        helpers = frozenset(name for name in self.library.names() if "." not in name)
        return self.modules | helpers | set(_CONNECTOR_ROOTS)

    def callables(self) -> Iterator[str]:
        """Yield every name that can be called, for suggestions."""
        yield from self.routines
        yield from (name for name in self.library.names() if self.library.signature(name))


def is_connector(name: str) -> bool:
    """Return whether *name* is the well-formed name of a connector (2.12)."""
    parts = name.split(".")
    return len(parts) >= _CONNECTOR_ROOTS.get(parts[0], len(parts) + 1)


def is_connector_root(name: str) -> bool:
    """Return whether the first part of *name* is that of connectors."""
    return name.partition(".")[0] in _CONNECTOR_ROOTS


@dataclass(frozen=True, slots=True)
class LibraryValue:
    """The longest start of a chain of members that is a library value, and what follows it."""

    name: str
    rest: tuple[Member | Index, ...]
    """The accesses after the name, in the order of their evaluation."""


def library_value(root: str, accesses: Sequence[Member | Index], names: Names) -> LibraryValue | None:
    """Return what library value a chain such as `http.default_retry.backoff.max_delay` starts with.

    *root* must be no variable: one of that name would hide the library (4.7).
    """
    if root not in names.modules:
        return None
    name = root
    found: LibraryValue | None = None
    for position, access in enumerate(accesses, 1):
        if not isinstance(access, Member):
            break
        name += f".{access.name}"
        if names.constant(name) is not None or names.is_predicate(name):
            found = LibraryValue(name, tuple(accesses[position:]))
    return found
