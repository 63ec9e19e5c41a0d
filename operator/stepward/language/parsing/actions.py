"""Nodes to syntax tree: the actions that hold no steps, and the table of all actions."""

import re
from collections.abc import Callable
from typing import Final

from stepward.language import expressions
from stepward.language.nodes import ListNode, MapNode, Node
from stepward.language.parsing import loops, steps, switches, tries
from stepward.language.parsing.fields import Field, Fields
from stepward.language.parsing.places import Place
from stepward.language.parsing.templates import parse_template
from stepward.language.parsing.words import (
    describe,
    describe_entries,
    is_identifier,
    key_text,
    parse_name,
    word_of,
)
from stepward.language.structure import (
    Action,
    Assign,
    Assignment,
    Call,
    Name,
    Raise,
    Return,
    Steps,
    Try,
)
from stepward.language.syntax import (
    Constant,
    Interpolation,
    ListTemplate,
    Literal,
    MapTemplate,
    Template,
    Variable,
)
from stepward.values import limits

_GLUED: Final = re.compile(r"([A-Za-z_][\w.]*)\s*(=|:)\s*(\S.*)")


def parse_assign(fields: Fields, place: Place, _: "steps.Body") -> Assign | None:
    """Return `assign:` (2.2)."""
    field = fields["assign"]
    node = field.value
    if isinstance(node, MapNode) and node.entries:
        place.error(
            "invalid-assign",
            node.span,
            "'assign' must be a list of assignments; got a map",
            f"put a dash before each variable: `- {key_text(node.entries[0].key)}: …`",
        )
        return Assign(_parse_assignments(node, place))
    if not isinstance(node, ListNode) or not node.items:
        place.error(
            "invalid-assign",
            field.keyword,
            "'assign' must be a list with at least one `- variable: value`",
            "add one, such as `- x: 1`",
        )
        return None
    if len(node.items) > limits.ASSIGNMENTS_PER_STEP:
        place.error(
            "too-many-assignments",
            node.items[limits.ASSIGNMENTS_PER_STEP].span,
            f"a step must not have more than {limits.ASSIGNMENTS_PER_STEP} assignments; "
            f"got {len(node.items)}",
            "split the step in two",
        )
    return Assign(tuple(assignment for item in node.items for assignment in _parse_item(item, place)))


def _parse_item(node: Node, place: Place) -> tuple[Assignment, ...]:
    """Return the assignment that *node* is; several if it should have been several items."""
    if isinstance(node, MapNode):
        if len(node.entries) != 1:
            place.error(
                "invalid-assign",
                node.span,
                "an assignment must be a map with exactly one entry, `variable: value`; "
                f"{describe_entries(node)}",
                "put a dash before each variable",
            )
        return _parse_assignments(node, place)
    glued = _GLUED.fullmatch(word_of(node))
    if glued:
        help_ = f"write `- {glued[1]}: {glued[3]}`"
        help_ += ", with a blank behind the colon" if glued[2] == ":" else ""
    else:
        help_ = "put a colon and the value behind the variable"
    message = f"an assignment must be a map with exactly one entry, `variable: value`; got {describe(node)}"
    place.error("invalid-assign", node.span, message, help_)
    return ()


def _parse_assignments(node: MapNode, place: Place) -> tuple[Assignment, ...]:
    found = []
    for entry in node.entries:
        target = expressions.parse_target(key_text(entry.key), entry.key.source_span, place)
        value = parse_template(entry.value, place)
        if target:
            found.append(Assignment(entry.key.span, target, value))
    return tuple(found)


def parse_call(fields: Fields, place: Place, _: "steps.Body") -> Action | None:
    """Return `call:` with `args` and `result` (2.3)."""
    field = fields["call"]
    node, text = field.value, word_of(field.value)
    result = parse_name(fields["result"].value, place, "'result'") if "result" in fields else None
    arguments, names = _parse_arguments(fields.get("args"), place)
    if all(is_identifier(part) for part in text.split(".")):
        if fields.unknown:  # the caller probably meant them to be arguments
            arguments = Interpolation(node.span, Literal(node.span, None))
        return Call(field.keyword, Name(node.span, text), arguments, names, result)
    help_ = "such as `call: http.get`"
    if expressions.is_expression(text):
        help_ = "it is never an expression: write the name, or choose between calls with `switch`"
    elif "(" in text:
        help_ = "write the name alone, and its arguments below `args:`"
    place.error(
        "invalid-call",
        field.place,
        "'call' must be the name of a function or subworkflow" + (f"; got {describe(node)}" if text else ""),
        help_,
    )
    return stand_in(result) if result else None


def _parse_arguments(field: Field | None, place: Place) -> tuple[Template | None, tuple[Name, ...]]:
    if field is None:
        return None, ()
    node = field.value
    arguments = parse_template(node, place)
    names: tuple[Name, ...] = ()
    if isinstance(node, MapNode):
        names = tuple(Name(entry.key.span, key_text(entry.key)) for entry in node.entries)
    match arguments:
        case MapTemplate() | ListTemplate() | Interpolation() | Constant(value=list() | dict()):
            return arguments, names
        case Constant(value=None):
            return None, ()
        case Constant():
            pass
    place.error(
        "invalid-args",
        node.span,
        f"'args' must be a map of arguments by name, or a list by position; got {describe(node)}",
        "write `args: {name: value}`",
    )
    return Interpolation(node.span, Literal(node.span, None)), ()


def parse_raise(fields: Fields, place: Place, _: "steps.Body") -> Raise:
    """Return `raise:` (2.9)."""
    field = fields["raise"]
    value = parse_template(field.value, place)
    literal = value.value if isinstance(value, Constant) else None
    if isinstance(value, ListTemplate) or (
        isinstance(value, Constant) and not isinstance(literal, str | dict)
    ):
        message = f"'raise' must be a text or a map; got {describe(field.value)}"
        is_list = isinstance(field.value, ListNode)
        help_ = "put it into a map: `{items: […]}`" if is_list else "put it in quotes if it is text"
        place.error("invalid-raise", field.place, message, help_)
    return Raise(field.span, value)


def parse_return(fields: Fields, place: Place, _: "steps.Body") -> Return:
    """Return `return:` (2.9)."""
    field = fields["return"]
    return Return(field.span, parse_template(field.value, place))


def parse_group(fields: Fields, place: Place, body: "steps.Body") -> Steps:
    """Return `steps:` inside a body (2.7)."""
    return Steps(steps.parse_steps(fields["steps"], place, may_be_empty=body is steps.ENTRY))


def stand_in(variable: Name) -> Assign:
    """Return an action that defines *variable*: what is left of one that could not be read."""
    span = variable.span
    return Assign((Assignment(span, Variable(span, variable.text), Constant(span, None)),))


def salvage(field: Field, place: Place) -> Action | None:
    """Return what a field that stands in the wrong place defines."""
    if field.name == "result":
        result = parse_name(field.value, place, "'result'")
        return stand_in(result) if result else None
    if field.name == "except":
        return Try(field.keyword, (), None, tries.parse_except(field, place))
    return None


PARSERS: Final[dict[str, Callable[[Fields, Place, "steps.Body"], Action | None]]] = {
    "assign": parse_assign,
    "call": parse_call,
    "switch": switches.parse_switch,
    "for": loops.parse_for,
    "parallel": loops.parse_parallel,
    "steps": parse_group,
    "try": tries.parse_try,
    "raise": parse_raise,
    "return": parse_return,
}
"""Action key -> its parser."""
