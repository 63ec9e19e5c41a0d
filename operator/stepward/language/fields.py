"""The fields of a map whose keys the grammar fixes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stepward.language import yamltree
from stepward.language.source import Span
from stepward.language.templates import Place, key_text, quote


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of such a map: the keyword where it stands, and its value."""

    keyword: Span
    value: yamltree.Node

    @property
    def span(self) -> Span:
        """The whole entry."""
        return Span(self.keyword.start, max(self.keyword.end, self.value.span.end))


def read_fields(node: yamltree.MapNode, place: Place, allowed: Iterable[str], what: str) -> dict[str, Field]:
    """Return the fields of *node* by name; unknown ones are reported and left out."""
    known = tuple(allowed)
    found = {}
    for entry in node.entries:
        name = key_text(entry.key)
        if name in known:
            found[name] = Field(entry.key.span, entry.value)
        else:
            place.error(
                "unknown-key",
                entry.key.span,
                f"{what} has no key {quote(name)}",
                place.did_you_mean(name, known) or f"allowed here: {', '.join(known)}",
            )
    return found


def report_missing(
    found: Mapping[str, Field], required: Iterable[str], where: Span, place: Place, what: str
) -> bool:
    """Report the *required* fields that *found* lacks; return whether there are any."""
    missing = [name for name in required if name not in found]
    for name in missing:
        place.error("missing-key", where, f"{what} must have the key '{name}'")
    return bool(missing)
