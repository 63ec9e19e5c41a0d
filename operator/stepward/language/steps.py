"""Nodes to syntax tree: step lists, steps, and what a step body may hold together.

`actions` parses each kind of action; it and this module call each other, as steps nest.
"""

from stepward.language import actions, yamltree
from stepward.language.fields import Field, read_fields
from stepward.language.source import Span
from stepward.language.syntax import Action, Name, Step
from stepward.language.templates import Place, key_text, quote

_COMPANIONS: dict[str, tuple[str, ...]] = {
    "assign": ("next",),
    "call": ("args", "result", "next"),
    "switch": ("next",),
    "for": ("next",),
    "parallel": ("next",),
    "steps": ("next",),
    "try": ("retry", "except", "next"),
    "raise": (),
    "return": (),
}
"""Action key -> keys that may stand beside it (language.md 1.5)."""

_STEP_KEYS = (*_COMPANIONS, "args", "result", "retry", "except", "next")


def parse_steps(node: yamltree.Node, place: Place, *, may_be_empty: bool = False) -> tuple[Step, ...]:
    """Return the steps of a step list (language.md 1.4)."""
    if isinstance(node, yamltree.ScalarNode) and node.value is None and may_be_empty:
        return ()
    if not isinstance(node, yamltree.ListNode):
        place.error(
            "steps-not-a-list",
            node.span,
            "'steps' must be a list of steps, each a map with one entry, `name:`",
            "start each step with a dash: `- name:`",
        )
        return ()
    if not node.items and not may_be_empty:
        place.error("empty-steps", node.span, "'steps' must hold at least one step")
    steps = (_parse_step(item, place) for item in node.items)
    return tuple(step for step in steps if step is not None)


def _parse_step(node: yamltree.Node, place: Place) -> Step | None:
    if not isinstance(node, yamltree.MapNode) or len(node.entries) != 1:
        shown = ""
        if isinstance(node, yamltree.MapNode) and len(node.entries) > 1:
            names = ", ".join(quote(key_text(entry.key)) for entry in node.entries[:4])
            shown = f"; got {len(node.entries)} entries: {names}"
        elif isinstance(node, yamltree.ScalarNode):
            shown = f"; got {quote(key_text(node))}"
        place.error(
            "invalid-step",
            node.span,
            f"a step must be a map with exactly one entry, its name{shown}",
            "indent the body of the step below its name",
        )
        return None
    entry = node.entries[0]
    name = Name(entry.key.span, key_text(entry.key))
    here = place.at_step(name.text)
    if not name.text:
        here.error("invalid-name", name.span, "the name of a step must not be empty")
    if name.text == "end":
        here.error(
            "reserved-step-name", name.span, "a step must not be called 'end': `next: end` ends the routine"
        )
    if not isinstance(entry.value, yamltree.MapNode):
        here.error(
            "invalid-step",
            entry.key.span,
            f"the body of step {quote(name.text)} must be a map, such as `call:` or `assign:` with what belongs to it",
        )
        return None
    action, next_ = parse_body(entry.value, here, entry.key.span)
    return Step(name, action, next_)


def parse_body(node: yamltree.MapNode, place: Place, where: Span) -> tuple[Action | None, Name | None]:
    """Return action and jump of a step body (language.md 1.5); *where* is what owns the body."""
    found = read_fields(node, place, _STEP_KEYS, "a step")
    return parse_action(found, place, where, len(found) == len(node.entries))


def parse_action(
    found: dict[str, Field], place: Place, where: Span, complete: bool
) -> tuple[Action | None, Name | None]:
    """Return action and jump of the fields of a step body.

    *complete*: no unknown key was dropped, so an empty body is worth a message of its own.
    """
    kinds = [name for name in found if name in _COMPANIONS]
    next_ = _parse_next(found["next"], place) if "next" in found else None
    if len(kinds) > 1:
        place.error(
            "two-actions",
            found[kinds[1]].keyword,
            f"a step does one thing: '{kinds[1]}' cannot stand beside '{kinds[0]}'",
            f"put '{kinds[1]}' into a step of its own",
        )
        return None, next_
    kind = kinds[0] if kinds else None
    allowed = _COMPANIONS[kind] if kind else ("next",)
    for name, field in found.items():
        if name != kind and name not in allowed:
            _report_companion(name, kind, field, place)
    if kind is None:
        if next_ is None and complete and not found:
            place.error(
                "empty-step", where, "a step must have an action, such as `call:` or `assign:`, or `next:`"
            )
        return None, next_
    return actions.PARSERS[kind](found, place), next_


def _report_companion(name: str, kind: str | None, field: Field, place: Place) -> None:
    owner = next(
        (action for action, companions in _COMPANIONS.items() if name in companions and name != "next"), None
    )
    if name == "next":
        message = f"'next' cannot stand beside '{kind}', which ends the routine"
    elif kind is None:
        message = f"'{name}' needs '{owner}' in the same step"
    else:
        message = f"'{name}' cannot stand beside '{kind}'; it belongs to '{owner}'"
    place.error("misplaced-key", field.keyword, message)


def _parse_next(field: Field, place: Place) -> Name | None:
    node = field.value
    if isinstance(node, yamltree.ScalarNode) and node.value is not None and key_text(node):
        return Name(node.span, key_text(node))
    place.error(
        "invalid-next", node.span, "'next' must be the name of a step, or `end`, `break` or `continue`"
    )
    return None
