"""Nodes to templates: the values below `assign`, `args`, `return` … and the names beside them."""

from collections.abc import Iterable
from dataclasses import dataclass

from stepward.language import diagnostics, expressions, yamltree
from stepward.language.source import Source, Span
from stepward.language.syntax import (
    Constant,
    Expression,
    Interpolation,
    ListTemplate,
    Literal,
    MapTemplate,
    Name,
    Template,
)
from stepward.values import limits, model


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the workflow the parser is; every message begins with it."""

    report: diagnostics.Report
    source: Source
    routine: str
    step: str | None = None

    def at_step(self, step: str) -> "Place":
        """Return the place of *step* in the same routine."""
        return Place(self.report, self.source, self.routine, step)

    def error(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Report an error at *span*; the message is led by the step or routine."""
        self.report.error(code, span, f"{self}: {message}", help)

    def warning(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Report a warning at *span*; the message is led by the step or routine."""
        self.report.warning(code, span, f"{self}: {message}", help)

    def did_you_mean(self, word: str, candidates: Iterable[str]) -> str:
        """Return "did you mean 'x'?", or "" if nothing is close."""
        return self.report.did_you_mean(word, candidates)

    def line_of(self, span: Span) -> int:
        """Return the 1-based line of *span*."""
        return self.source.position(span).line

    def __str__(self) -> str:
        return f"step '{self.step}'" if self.step is not None else f"routine '{self.routine}'"


def parse_template(node: yamltree.Node, place: Place) -> Template:
    """Return the template of *node*; a broken expression becomes a null constant, reported."""
    match node:
        case yamltree.ScalarNode():
            return _parse_scalar(node, place)
        case yamltree.ListNode():
            items = tuple(parse_template(item, place) for item in node.items)
            if all(isinstance(item, Constant) for item in items):
                return Constant(node.span, model.List(item.value for item in items))  # type: ignore[union-attr]
            return ListTemplate(node.span, items)
        case yamltree.MapNode():
            entries = tuple(
                (_parse_key(entry.key, place), parse_template(entry.value, place)) for entry in node.entries
            )
            if all(isinstance(key, Constant) and isinstance(value, Constant) for key, value in entries):
                return Constant(node.span, model.Map((key.value, value.value) for key, value in entries))  # type: ignore[union-attr]
            return MapTemplate(node.span, entries)


def parse_constant(node: yamltree.Node, place: Place, what: str) -> Constant:
    """Return the value of *node*, in which expressions are not allowed."""
    template = parse_template(node, place)
    if isinstance(template, Constant):
        return template
    place.error("expression-not-allowed", node.span, f"{what} must be a plain value, not an expression")
    return Constant(node.span, None)


def _parse_scalar(node: yamltree.ScalarNode, place: Place) -> Constant | Interpolation:
    value = node.value
    if not isinstance(value, str):
        return Constant(node.span, value)
    if not expressions.is_expression(value):
        if "${" in value and "}" in value:
            place.warning(
                "partial-expression",
                node.span,
                f"{quote(value)} is plain text: `${{` works only when it starts the whole value and `}}` ends it",
                'build text inside one expression: ${"text " + variable}',
            )
        if len(value) > limits.STRING_BYTES:
            place.error("string-too-long", node.span, "a text must not be longer than 256 KiB")
        return Constant(node.span, value)
    expression = parse_expression(node, place)
    return Interpolation(node.span, expression) if expression else Constant(node.span, None)


def parse_expression(node: yamltree.ScalarNode, place: Place) -> Expression | None:
    """Return the expression of `${…}` in *node*, or None after reporting what is wrong."""
    return expressions.parse(node.text, node.source_span, place)


def _parse_key(key: yamltree.ScalarNode, place: Place) -> Constant | Interpolation:
    template = _parse_scalar(key, place)
    if isinstance(template, Constant):
        return Constant(template.span, key_text(key))
    return template


def key_text(key: yamltree.ScalarNode) -> str:
    """Return a map key as the string it stands for (language.md 1.2: `1` is `"1"`)."""
    return key.text if not isinstance(key.value, str) else key.value


def parse_name(node: yamltree.Node, place: Place, what: str) -> Name | None:
    """Return a literal identifier, such as the variable of `result`."""
    if isinstance(node, yamltree.ScalarNode) and is_identifier(key_text(node)):
        return Name(node.span, key_text(node))
    shown = quote(key_text(node)) if isinstance(node, yamltree.ScalarNode) else "this"
    place.error(
        "invalid-name",
        node.span,
        f"{what} must be a name of letters, digits and underscores that does not start with a digit; got {shown}",
    )
    return None


def is_identifier(text: str) -> bool:
    """Return whether *text* is `[A-Za-z_][A-Za-z0-9_]*`."""
    return text.isascii() and text.isidentifier()


def quote(text: str, width: int = 60) -> str:
    """Return *text* in quotes for a message, cut to *width* characters."""
    return f"'{text}'" if len(text) <= width else f"'{text[:width]}…'"


def literal_number(template: Template) -> int | float | None:
    """Return the number *template* is, if it is visible without running anything."""
    value = template.value if isinstance(template, Constant) else None
    if isinstance(template, Interpolation) and isinstance(template.expression, Literal):
        value = template.expression.value
    return value if type(value) in (int, float) else None
