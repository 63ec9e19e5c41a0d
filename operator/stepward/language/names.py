"""What a name in an expression or a `call` means: variable, subworkflow, library, connector (4.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stepward.language.scopes import Scope
from stepward.language.signatures import Library, Signature
from stepward.language.syntax import Expression, Index, Member, Routine, Variable

_CONNECTOR_ROOTS: Final = {"googleapis": 4, "gke": 2}
"""First part of a connector's name -> how many parts a well-formed one has at least."""

IN_EXPRESSIONS: Final = (".secrets.versions.accessString", ".secrets.versions.accessRegionalString",
                         ".secrets.addVersionString")  # fmt: skip
"""Ends of the connectors that may be called inside `${}` (language.md 3.9)."""


@dataclass(frozen=True, slots=True)
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
        """Return whether library function *name* may be used as a value: a retry predicate (1.5)."""
        signature = self.library.signature(name)
        return signature is not None and [p.name for p in signature.parameters] == ["exception"]

    def reserved(self) -> set[str]:
        """Return the names a subworkflow must not have: modules and helpers of the library (1.1)."""
        return {name.split(".")[0] for name in self.library.names()} | set(_CONNECTOR_ROOTS)

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
    return name.split(".")[0] in _CONNECTOR_ROOTS


@dataclass(frozen=True, slots=True)
class LibraryValue:
    """The longest start of a chain of members that is a library value, and what follows it."""

    name: str
    rest: tuple[Expression, ...]
    """The accesses after the name, outermost last."""


def library_value(expression: Expression, scope: Scope, names: Names) -> LibraryValue | None:
    """Return what library value a chain such as `http.default_retry.backoff.max_delay` starts with.

    A variable of the same name hides the library (4.7).
    """
    chain: list[Expression] = []
    node = expression
    while isinstance(node, Member | Index):
        chain.append(node)
        node = node.container
    if not isinstance(node, Variable) or scope.find(node.name):
        return None
    parts = [node.name]
    found: LibraryValue | None = None
    for position, access in enumerate(reversed(chain)):
        if not isinstance(access, Member):
            break
        parts.append(access.name)
        name = ".".join(parts)
        if names.constant(name) is not None or names.is_predicate(name):
            found = LibraryValue(name, tuple(reversed(chain))[position + 1 :])
    return found
