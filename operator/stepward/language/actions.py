"""Nodes to syntax tree: one `parse_<action>` for each kind of step (language.md, section 2)."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from stepward.language import blocks, expressions, steps, yamltree
from stepward.language.fields import Field, read_fields
from stepward.language.source import Span
from stepward.language.syntax import (
    Action,
    Assign,
    Assignment,
    Call,
    Constant,
    Interpolation,
    ListTemplate,
    MapTemplate,
    Name,
    Raise,
    Return,
    Steps,
    Switch,
    SwitchEntry,
    Template,
)
from stepward.language.templates import (
    Place,
    is_identifier,
    key_text,
    parse_name,
    parse_template,
    quote,
)
from stepward.values import limits

Fields: TypeAlias = Mapping[str, Field]

_ENTRY_KEYS: Final = (
    "condition", "assign", "call", "args", "result", "steps", "switch", "for", "parallel", "try",
    "retry", "except", "raise", "return", "next",
)  # fmt: skip


def parse_assign(found: Fields, place: Place) -> Assign | None:
    """Return `assign:` (2.2)."""
    node = found["assign"].value
    if not isinstance(node, yamltree.ListNode) or not node.items:
        place.error(
            "invalid-assign",
            node.span if not isinstance(node, yamltree.ListNode) else found["assign"].keyword,
            "'assign' must be a list with at least one `- variable: value`",
        )
        return None
    if len(node.items) > limits.ASSIGNMENTS_PER_STEP:
        place.error(
            "too-many-assignments",
            node.items[limits.ASSIGNMENTS_PER_STEP].span,
            f"a step must not have more than {limits.ASSIGNMENTS_PER_STEP} assignments; got {len(node.items)}",
            "split the step in two",
        )
    assignments = (_parse_assignment(item, place) for item in node.items)
    return Assign(tuple(assignment for assignment in assignments if assignment))


def _parse_assignment(node: yamltree.Node, place: Place) -> Assignment | None:
    if not isinstance(node, yamltree.MapNode) or len(node.entries) != 1:
        shown = f"; got {quote(key_text(node))}" if isinstance(node, yamltree.ScalarNode) else ""
        place.error(
            "invalid-assign",
            node.span,
            f"an assignment must be a map with exactly one entry, `variable: value`{shown}",
        )
        return None
    entry = node.entries[0]
    target = expressions.parse_target(key_text(entry.key), entry.key.source_span, place)
    value = parse_template(entry.value, place)
    return Assignment(entry.key.span, target, value) if target else None


def parse_call(found: Fields, place: Place) -> Call | None:
    """Return `call:` with `args` and `result` (2.3)."""
    field = found["call"]
    result = parse_name(found["result"].value, place, "'result'") if "result" in found else None
    arguments, names = _parse_arguments(found.get("args"), place)
    node = field.value
    text = key_text(node) if isinstance(node, yamltree.ScalarNode) else ""
    if not text or not all(is_identifier(part) for part in text.split(".")):
        place.error(
            "invalid-call",
            node.span,
            f"'call' must be the name of a function or subworkflow; got {quote(text)}"
            if text
            else "'call' must be the name of a function or subworkflow",
        )
        return None
    return Call(field.keyword, Name(node.span, text), arguments, names, result)


def _parse_arguments(field: Field | None, place: Place) -> tuple[Template | None, tuple[Name, ...]]:
    if field is None:
        return None, ()
    node = field.value
    arguments = parse_template(node, place)
    names: tuple[Name, ...] = ()
    if isinstance(node, yamltree.MapNode):
        names = tuple(Name(entry.key.span, key_text(entry.key)) for entry in node.entries)
    match arguments:
        case MapTemplate() | ListTemplate() | Interpolation():
            return arguments, names
        case Constant() if arguments.value is None:
            return None, ()
        case Constant() if isinstance(arguments.value, list | dict):
            return arguments, names
        case _:
            pass
    place.error("invalid-args", node.span, "'args' must be a map of arguments by name, or a list by position")
    return None, ()


def parse_switch(found: Fields, place: Place) -> Switch | None:
    """Return `switch:` (2.4)."""
    node = found["switch"].value
    if not isinstance(node, yamltree.ListNode) or not node.items:
        place.error(
            "invalid-switch",
            node.span if not isinstance(node, yamltree.ListNode) else found["switch"].keyword,
            "'switch' must be a list with at least one entry that has a 'condition'",
        )
        return None
    if len(node.items) > limits.CONDITIONS_PER_SWITCH:
        place.error(
            "too-many-conditions",
            node.items[limits.CONDITIONS_PER_SWITCH].span,
            f"a switch must not have more than {limits.CONDITIONS_PER_SWITCH} conditions; got {len(node.items)}",
        )
    entries = (_parse_switch_entry(item, place) for item in node.items)
    return Switch(tuple(entry for entry in entries if entry))


def _parse_switch_entry(node: yamltree.Node, place: Place) -> SwitchEntry | None:
    if not isinstance(node, yamltree.MapNode):
        place.error("invalid-switch", node.span, "an entry of 'switch' must be a map with a 'condition'")
        return None
    found = read_fields(node, place, _ENTRY_KEYS, "an entry of 'switch'")
    condition = found.pop("condition", None)
    if "steps" in found:
        body = found.pop("steps")
        others = [name for name in found if name != "next"]
        inner: Action | None = Steps(steps.parse_steps(body.value, place, may_be_empty=True))
        if others:
            place.error(
                "two-actions",
                found[others[0]].keyword,
                f"'{others[0]}' cannot stand beside 'steps' in an entry",
            )
        _, next_ = steps.parse_action(
            {key: field for key, field in found.items() if key == "next"}, place, node.span, False
        )
    else:
        inner, next_ = steps.parse_action(found, place, node.span, False)
    if condition is None:
        if len(found) == len(node.entries) or "steps" in (key_text(entry.key) for entry in node.entries):
            place.error("missing-key", node.span, "an entry of 'switch' must have the key 'condition'")
        return None
    return SwitchEntry(_parse_condition(condition, place), inner, next_)


def _parse_condition(field: Field, place: Place) -> Template:
    template = parse_template(field.value, place)
    if isinstance(template, Constant) and not isinstance(template.value, bool):
        shown = key_text(field.value) if isinstance(field.value, yamltree.ScalarNode) else ""
        if isinstance(template.value, str):
            place.warning(
                "constant-condition",
                template.span,
                f"condition {quote(shown)} is plain text, which is neither true nor false",
                "put the condition into `${…}`",
            )
    return template


def parse_raise(found: Fields, place: Place) -> Raise:
    """Return `raise:` (2.9)."""
    field = found["raise"]
    value = parse_template(field.value, place)
    if isinstance(value, Constant) and not isinstance(value.value, str | dict):
        shown = key_text(field.value) if isinstance(field.value, yamltree.ScalarNode) else "a list"
        place.error("invalid-raise", value.span, f"'raise' must be a text or a map; got {shown or 'null'}")
    return Raise(field.span, value)


def parse_return(found: Fields, place: Place) -> Return:
    """Return `return:` (2.9)."""
    field = found["return"]
    return Return(Span(field.keyword.start, field.value.span.end), parse_template(field.value, place))


def parse_steps_action(found: Fields, place: Place) -> Steps:
    """Return `steps:` inside a step (2.7)."""
    return Steps(steps.parse_steps(found["steps"].value, place))


PARSERS: Final[dict[str, Callable[[Fields, Place], Action | None]]] = {
    "assign": parse_assign,
    "call": parse_call,
    "switch": parse_switch,
    "for": blocks.parse_for,
    "parallel": blocks.parse_parallel,
    "steps": parse_steps_action,
    "try": blocks.parse_try,
    "raise": parse_raise,
    "return": parse_return,
}
"""Action key -> its parser."""
