"""Nodes to syntax tree: `switch` (language.md 2.4)."""

from typing import Final

from stepward.language.nodes import ListNode, MapNode, Node
from stepward.language.parsing import steps
from stepward.language.parsing.fields import Field, Fields, read_fields
from stepward.language.parsing.places import Place
from stepward.language.parsing.templates import parse_template
from stepward.language.parsing.words import describe, word_of
from stepward.language.structure import Switch, SwitchEntry
from stepward.language.syntax import Constant, Interpolation, Template
from stepward.values import limits

_CONDITION: Final = "condition"


def parse_switch(fields: Fields, place: Place, _: "steps.Body") -> Switch | None:
    """Return `switch:`."""
    field = fields["switch"]
    node = field.value
    if not isinstance(node, ListNode) or not node.items:
        shown = node if isinstance(node, MapNode) or word_of(node) else None
        place.error(
            "invalid-switch",
            shown.span if shown else field.keyword,
            "'switch' must be a list with at least one entry that has a 'condition'"
            + (f"; got {describe(shown)}" if shown else ""),
            "begin each entry with a dash: `- condition: ${…}`",
        )
        return None
    if len(node.items) > limits.CONDITIONS_PER_SWITCH:
        place.error(
            "too-many-conditions",
            node.items[limits.CONDITIONS_PER_SWITCH].span,
            f"a switch must not have more than {limits.CONDITIONS_PER_SWITCH} conditions; "
            f"got {len(node.items)}",
            "let the last entry hold a `switch` of its own",
        )
    entries = (_parse_entry(item, place) for item in node.items)
    return Switch(tuple(entry for entry in entries if entry))


def _parse_entry(node: Node, place: Place) -> SwitchEntry | None:
    if not isinstance(node, MapNode):
        place.error(
            "invalid-switch",
            node.span,
            "an entry of 'switch' must be a map with a 'condition'"
            + (f"; got {describe(node)}" if word_of(node) else ""),
            "write `- condition: ${…}`, and what to do below it",
        )
        return None
    what = steps.ENTRY.what
    fields = read_fields(node, place, (_CONDITION, *steps.BODY_KEYS), what)
    fields.require((_CONDITION,), node.span, place, what, "for all other cases use `condition: true`")
    body = Fields({name: fields[name] for name in fields if name != _CONDITION}, fields.unknown)
    inner = steps.unnamed(*steps.parse_action(body, place, steps.ENTRY, node.span))
    if _CONDITION in fields:
        condition = _parse_condition(fields[_CONDITION], place)
    else:
        condition = Constant(node.span, value=False)
    return SwitchEntry(condition, inner)


def _parse_condition(field: Field, place: Place) -> Template:
    template = parse_template(field.value, place)
    value = template.value if isinstance(template, Constant) else None
    if isinstance(template, Interpolation) or isinstance(value, bool):
        return template
    text = isinstance(value, str)
    kind = "plain text, neither true nor false" if text else "neither true nor false"
    place.warning(
        "constant-condition",
        field.place,
        f"condition {describe(field.value)} is {kind}: it raises a TypeError",
        f"if it is an expression, write ${{{value}}}"
        if text
        else "for all other cases use `condition: true`",
    )
    return template
