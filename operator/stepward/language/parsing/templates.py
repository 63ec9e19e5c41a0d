"""Nodes to templates: the values below `assign`, `args`, `return` …"""

from collections.abc import Sequence
from typing import Any

from stepward.language import expressions
from stepward.language.nodes import ListNode, MapNode, Node, ScalarNode
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import describe, key_text, quote
from stepward.language.syntax import (
    Constant,
    Expression,
    Interpolation,
    ListTemplate,
    Literal,
    MapTemplate,
    Template,
)
from stepward.values import model


def parse_template(node: Node, place: Place) -> Template:
    """Return the template of *node*; a broken expression is reported and becomes `${null}`."""
    match node:
        case ScalarNode():
            return _parse_scalar(node, place)
        case ListNode():
            items = []
            for item in node.items:  # no generator: its frame would double the depth of the stack
                items.append(parse_template(item, place))  # noqa: PERF401
            if all(isinstance(item, Constant) for item in items):
                return Constant(node.span, model.List(_constants(items)))
            return ListTemplate(node.span, tuple(items))
        case MapNode():
            entries = []
            for entry in node.entries:
                entries.append((_parse_key(entry.key, place), parse_template(entry.value, place)))  # noqa: PERF401
            if all(isinstance(part, Constant) for pair in entries for part in pair):
                keys, values = [key for key, _ in entries], [value for _, value in entries]
                return Constant(node.span, model.Map(zip(_constants(keys), _constants(values), strict=True)))
            return MapTemplate(node.span, tuple(entries))


def _constants(templates: Sequence[Template]) -> list[Any]:
    return [template.value for template in templates if isinstance(template, Constant)]


def parse_constant(node: Node, place: Place, what: str) -> Constant:
    """Return the value of *node*, in which expressions are reported: they are not allowed."""
    return Constant(node.span, _plain(node, place, what))


def _plain(node: Node, place: Place, what: str) -> Any:
    match node:
        case ScalarNode():
            if isinstance(node.value, str) and expressions.is_expression(node.value):
                message = f"{what} must be a plain value, not an expression; got {describe(node)}"
                place.error("expression-not-allowed", node.span, message, "assign it in a step instead")
            return node.value
        case ListNode():
            return model.List(_plain(item, place, what) for item in node.items)
        case MapNode():
            return model.Map(
                (str(_plain(entry.key, place, what)), _plain(entry.value, place, what))
                for entry in node.entries
            )


def _parse_scalar(node: ScalarNode, place: Place) -> Constant | Interpolation:
    value = node.value
    if not isinstance(value, str):
        return Constant(node.span, value)
    if expressions.is_expression(value):
        return Interpolation(node.span, _parse_expression(node, place) or Literal(node.span, None))
    if "${" in value:
        _warn_of_delimiters(node, value, place)
    return Constant(node.span, value)


def _warn_of_delimiters(node: ScalarNode, value: str, place: Place) -> None:
    if "}" in value:
        place.warning(
            "partial-expression",
            node.span,
            f"{quote(value)} is plain text: an expression must be the whole value, from `${{` to `}}`",
            'build text inside one expression: ${"text " + variable}',
        )
    elif value.lstrip().startswith("${") and not _is_cut_by_comment(node, place):
        place.warning(
            "partial-expression",
            node.span,
            f"{quote(value)} is plain text: the `${{` is never closed",
            "add `}`",
        )


def _is_cut_by_comment(node: ScalarNode, place: Place) -> bool:
    """Return whether a YAML comment ends *node*, of which there is a warning already."""
    behind = place.source.text[node.span.end : node.span.end + 80]
    return node.plain and behind.lstrip(" ").startswith("#")


def _parse_expression(node: ScalarNode, place: Place) -> Expression | None:
    left = place.budget.expression_characters
    place.budget.expression_characters -= len(node.text)
    if place.budget.expression_characters >= 0:
        return expressions.parse(node.text, node.source_span, place)
    if left >= 0:
        place.error(
            "too-many-nodes",
            node.span,
            "the source repeats too many expressions through aliases",
            "assign the value to a variable once, and use that",
        )
    return None


def _parse_key(key: ScalarNode, place: Place) -> Constant | Interpolation:
    template = _parse_scalar(key, place)
    return Constant(template.span, key_text(key)) if isinstance(template, Constant) else template
