"""The fields of a map whose keys the grammar fixes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stepward.language.nodes import MapNode, Node
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import key_text, listed, quote, word_of
from stepward.language.source import Span


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of such a map: the keyword where it stands, and its value."""

    name: str
    keyword: Span
    value: Node

    @property
    def span(self) -> Span:
        """The whole entry."""
        return Span(self.keyword.start, max(self.keyword.end, self.value.span.end))

    @property
    def place(self) -> Span:
        """The value, or the keyword if the value is nothing that one could see."""
        return self.value.span if self.value.span.end > self.value.span.start else self.keyword


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one map, in the order of the source."""

    known: dict[str, Field]
    unknown: tuple[Field, ...] = ()
    """Entries with a key that the grammar does not have here: reported already."""

    def __getitem__(self, name: str) -> Field:
        return self.known[name]

    def __contains__(self, name: str) -> bool:
        return name in self.known

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def get(self, name: str) -> Field | None:
        """Return the field called *name*, or None."""
        return self.known.get(name)

    def require(self, names: Iterable[str], where: Span, place: Place, what: str, help: str = "") -> None:
        """Report those of *names* that are missing, at *where*.

        An unknown key is reported as such, before anything is said of missing ones (1.6): it may be
        one of them, misspelt.
        """
        missing = [name for name in names if name not in self.known]
        if missing and not self.unknown:
            noun = "key" if len(missing) == 1 else "keys"
            place.error("missing-key", where, f"{what} must have the {noun} {listed(missing)}", help)


def read_fields(node: MapNode, place: Place, allowed: tuple[str, ...], what: str) -> Fields:
    """Return the fields of *node*; unknown ones are reported."""
    found: dict[str, Field] = {}
    unknown = []
    for entry in node.entries:
        name = key_text(entry.key)
        field = Field(name, entry.key.span, entry.value)
        if name in allowed:
            found[name] = field
        else:
            unknown.append(field)
    for field in unknown:
        help_ = (
            place.did_you_mean(field.name, allowed) or _hint(found) or f"allowed here: {', '.join(allowed)}"
        )
        place.error("unknown-key", field.keyword, f"{what} has no key {quote(field.name)}", help_)
    return Fields(found, tuple(unknown))


def _hint(found: dict[str, Field]) -> str:
    """Return what an unknown key beside *found* may have been meant for."""
    called = word_of(found["call"].value) if "call" in found else ""
    return f"put it below `args:`, if '{called}' takes it" if called else ""
