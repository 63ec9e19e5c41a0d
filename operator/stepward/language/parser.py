"""Nodes to syntax tree: the document, its routines and their parameters.

Everything wrong is reported and parsing goes on; what cannot be made sense of is left out.
"""

from stepward.language import diagnostics, yamltree
from stepward.language.fields import Field, read_fields, report_missing
from stepward.language.source import Source, Span
from stepward.language.steps import parse_steps
from stepward.language.syntax import Name, ParameterDeclaration, Routine, Workflow
from stepward.language.templates import Place, key_text, parse_constant, parse_name, quote
from stepward.values import limits

_ROUTINE_FIELDS = ("params", "steps")


def parse_workflow(root: yamltree.Node, source: Source, report: diagnostics.Report) -> Workflow | None:
    """Return the tree of a whole document (language.md 1.1), or None if it has no `main`."""
    if isinstance(root, yamltree.ListNode):
        place = Place(report, source, "main")
        main = Routine(Name(Span(root.span.start, root.span.start), "main"), (), parse_steps(root, place))
        return Workflow((main,))
    if not isinstance(root, yamltree.MapNode):
        report.error(
            "not-a-workflow",
            root.span,
            "a workflow must be a map of routines with 'main', or a list of steps",
            "start with `main:` and, below it, `steps:`",
        )
        return None
    parsed = (_parse_routine(entry) for entry in _routine_entries(root, source, report))
    found = [routine for routine in parsed if routine is not None]
    main = next((routine for routine in found if routine.name.text == "main"), None)
    if main is None:
        if not any(key_text(entry.key) == "main" for entry in root.entries):
            report.error(
                "missing-main",
                Span(root.span.start, root.span.start + 1),
                "there is no routine 'main': execution starts there",
                "name the first routine `main:`",
            )
        return None
    return Workflow((main, *(routine for routine in found if routine is not main)))


def _routine_entries(
    root: yamltree.MapNode, source: Source, report: diagnostics.Report
) -> list[tuple[yamltree.Entry, Place]]:
    entries = []
    for entry in root.entries:
        name = key_text(entry.key)
        place = Place(report, source, name)
        parse_name(entry.key, place, "the name of a routine")
        entries.append((entry, place))
    return entries


def _parse_routine(item: tuple[yamltree.Entry, Place]) -> Routine | None:
    entry, place = item
    name = Name(entry.key.span, key_text(entry.key))
    if not isinstance(entry.value, yamltree.MapNode):
        place.error(
            "routine-not-a-map",
            entry.key.span,
            f"routine {quote(name.text)} must be a map with 'steps', and 'params' if it takes any",
        )
        return None
    found = read_fields(entry.value, place, _ROUTINE_FIELDS, "a routine")
    if report_missing(found, ("steps",), entry.key.span, place, "a routine"):
        return None
    parameters = _parse_parameters(found.get("params"), place)
    if name.text == "main" and len(parameters) > 1:
        place.error(
            "too-many-parameters",
            parameters[1].name.span,
            "'main' takes at most one parameter, the argument of the execution; "
            f"{quote(parameters[1].name.text)} is one too many",
            "pass one map and read its members",
        )
    return Routine(name, parameters, parse_steps(found["steps"].value, place))


def _parse_parameters(field: Field | None, place: Place) -> tuple[ParameterDeclaration, ...]:
    if field is None:
        return ()
    node = field.value
    if not isinstance(node, yamltree.ListNode):
        place.error("params-not-a-list", node.span, "'params' must be a list of names")
        return ()
    declared: dict[str, ParameterDeclaration] = {}
    for item in node.items:
        parameter = _parse_parameter(item, place)
        if parameter is None:
            continue
        name = parameter.name
        if name.text in declared:
            place.error("duplicate-parameter", name.span, f"parameter {quote(name.text)} is declared twice")
        declared.setdefault(name.text, parameter)
    parameters = tuple(declared.values())
    if len(parameters) > limits.PARAMETERS_PER_ROUTINE:
        extra = parameters[limits.PARAMETERS_PER_ROUTINE].name
        place.error(
            "too-many-parameters",
            extra.span,
            f"a routine takes at most {limits.PARAMETERS_PER_ROUTINE} parameters; {quote(extra.text)} is one too many",
        )
    return parameters


def _parse_parameter(node: yamltree.Node, place: Place) -> ParameterDeclaration | None:
    if isinstance(node, yamltree.MapNode):
        if len(node.entries) != 1:
            place.error(
                "invalid-parameter",
                node.span,
                "an optional parameter must be a map with exactly one entry, `name: default`",
            )
            return None
        entry = node.entries[0]
        name = parse_name(entry.key, place, "a parameter")
        default = parse_constant(entry.value, place, f"the default of parameter {quote(key_text(entry.key))}")
        return ParameterDeclaration(name, default) if name else None
    name = parse_name(node, place, "a parameter")
    return ParameterDeclaration(name, None) if name else None
