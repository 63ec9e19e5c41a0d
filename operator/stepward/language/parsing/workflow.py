"""Nodes to syntax tree: the document, its routines and their parameters."""

from typing import Final

from stepward.language.diagnostics import Report
from stepward.language.nodes import Entry, ListNode, MapNode, Node
from stepward.language.parsing.fields import Field, read_fields
from stepward.language.parsing.places import Place
from stepward.language.parsing.steps import parse_steps
from stepward.language.parsing.templates import parse_constant
from stepward.language.parsing.words import (
    describe,
    describe_entries,
    is_identifier,
    key_text,
    parse_name,
    quote,
    word_of,
)
from stepward.language.source import Source, Span
from stepward.language.structure import Name, ParameterDeclaration, Routine, Workflow
from stepward.values import limits

_MAIN: Final = "main"
_ROUTINE_FIELDS: Final = ("params", "steps")


def parse_workflow(root: Node, source: Source, report: Report) -> Workflow | None:
    """Return the tree of a whole document (language.md 1.1), or None if it is none at all."""
    place = Place(report, source, _MAIN)
    start = Span(root.span.start, root.span.start)
    if isinstance(root, ListNode):
        return Workflow((Routine(Name(start, _MAIN), (), parse_steps(Field("steps", start, root), place)),))
    if not isinstance(root, MapNode):
        report.error(
            "not-a-workflow",
            root.span,
            f"a workflow must be a map of routines with 'main', or a list of steps; got {describe(root)}",
            "start with `main:` and, below it, `steps:`",
        )
        return None
    routines = [_parse_routine(entry, place) for entry in root.entries]
    main = next((routine for routine in routines if routine.name.text == _MAIN), None)
    if main is None:
        _report_no_main(root, routines, report)
        return None
    return Workflow((main, *(routine for routine in routines if routine is not main)))


def _report_no_main(root: MapNode, routines: list[Routine], report: Report) -> None:
    similar = report.did_you_mean(_MAIN, [routine.name.text for routine in routines])
    near = similar.removeprefix("did you mean ").removesuffix("?")
    report.error(
        "missing-main",
        Span(root.span.start, root.span.start + 1),
        "there is no routine 'main': execution starts there",
        f"did you mean 'main'? {near} is spelled differently" if near else "name the first routine `main:`",
    )


def _parse_routine(entry: Entry, document: Place) -> Routine:
    """Return a routine; one that is malformed has no steps, but its name is known."""
    name = Name(entry.key.span, key_text(entry.key))
    place = document.in_routine(name.text)
    parse_name(entry.key, place, "the name of a routine")
    if not isinstance(entry.value, MapNode):
        place.error(
            "routine-not-a-map",
            name.span,
            "a routine must be a map with 'steps', and 'params' if it takes any; "
            f"got {describe(entry.value)}",
            "put the steps below `steps:`",
        )
        return Routine(name, (), ())
    fields = read_fields(entry.value, place, _ROUTINE_FIELDS, "a routine")
    fields.require(("steps",), name.span, place, "a routine", "put the steps below `steps:`")
    parameters = _parse_parameters(fields["params"], place) if "params" in fields else ()
    _check_count(name, parameters, place)
    return Routine(name, parameters, parse_steps(fields["steps"], place) if "steps" in fields else ())


def _check_count(routine: Name, parameters: tuple[ParameterDeclaration, ...], place: Place) -> None:
    if routine.text == _MAIN and len(parameters) > 1:
        extra = parameters[1].name
        place.error(
            "too-many-parameters",
            extra.span,
            "'main' takes at most one parameter, the argument of the execution; "
            f"{quote(extra.text)} is one too many",
            "pass one map and read its members",
        )
    elif len(parameters) > limits.PARAMETERS_PER_ROUTINE:
        extra = parameters[limits.PARAMETERS_PER_ROUTINE].name
        place.error(
            "too-many-parameters",
            extra.span,
            f"a routine takes at most {limits.PARAMETERS_PER_ROUTINE} parameters; "
            f"{quote(extra.text)} is one too many",
            "pass a map of several values in one parameter",
        )


def _parse_parameters(field: Field, place: Place) -> tuple[ParameterDeclaration, ...]:
    node = field.value
    items: tuple[Node, ...]
    if isinstance(node, ListNode):
        items = node.items
    else:
        place.error(
            "params-not-a-list",
            node.span,
            f"'params' must be a list of names; got {describe(node)}",
            f"write `params: [{word_of(node)}]`"
            if is_identifier(word_of(node))
            else "put a dash before each: `- name`, or `- name: default`",
        )
        items = (node,) if is_identifier(word_of(node)) else ()
    declared: dict[str, ParameterDeclaration] = {}
    for item in items:
        for parameter in _parse_parameter(item, place):
            name = parameter.name
            if name.text in declared:
                message = f"parameter {quote(name.text)} is declared twice"
                place.error("duplicate-parameter", name.span, message, "rename one of them")
            declared.setdefault(name.text, parameter)
    return tuple(declared.values())


def _parse_parameter(node: Node, place: Place) -> list[ParameterDeclaration]:
    """Return the parameter that *node* declares; several if it should have been several items."""
    if not isinstance(node, MapNode):
        name = parse_name(node, place, "a parameter")
        return [ParameterDeclaration(name, None)] if name else []
    if len(node.entries) != 1:
        place.error(
            "invalid-parameter",
            node.span,
            "an optional parameter must be a map with exactly one entry, `name: default`; "
            f"{describe_entries(node)}",
            "put a dash before each parameter",
        )
    declared = []
    for entry in node.entries:
        name = parse_name(entry.key, place, "a parameter")
        what = f"the default of parameter {quote(key_text(entry.key))}"
        default = parse_constant(entry.value, place, what)
        if name:
            declared.append(ParameterDeclaration(name, default))
    return declared
