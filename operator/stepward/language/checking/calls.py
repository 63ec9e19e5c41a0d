"""Checks of calls: the function exists, may be called there, and gets what it takes (1.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stepward.language.checking.sites import Context, Site
from stepward.language.names import IN_EXPRESSIONS, Names, is_connector, is_connector_root
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import listed, quote
from stepward.language.source import Span
from stepward.language.structure import Call, Name
from stepward.language.syntax import Constant, Expression, FunctionCall, ListTemplate, MapTemplate, parts_of

_FOREIGN: Final = {
    "type": "get_type(…)",
    "typeof": "get_type(…)",
    "str": "string(…)",
    "float": "double(…)",
    "length": "len(…)",
    "size": "len(…)",
    "list.length": "len(…)",
    "list.size": "len(…)",
    "map.length": "len(…)",
    "map.keys": "keys(…)",
    "text.length": "len(…)",
    "text.concat": "the operator +",
    "bool": 'a comparison, such as x == "true"',
}
"""Functions of other languages, and what to use instead."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    other_names: tuple[str, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class _Callee:
    """What is called, and what it takes."""

    title: str
    parameters: tuple[_Parameter, ...]

    @property
    def takes(self) -> str:
        """What it takes, for a help text."""
        if not self.parameters:
            return "it takes no arguments"
        shown = ", ".join(p.name if p.required else f"[{p.name}]" for p in self.parameters)
        return f"it takes: {shown}"


def _callee(name: str, names: Names) -> _Callee | None:
    routine = names.routines.get(name)
    if routine:
        declared = (_Parameter(p.name.text, (), p.default is None) for p in routine.parameters)
        return _Callee(f"subworkflow {quote(name)}", tuple(declared))
    signature = names.signature(name)
    if signature is None:
        return None
    return _Callee(
        quote(name), tuple(_Parameter(p.name, p.aliases, p.required) for p in signature.parameters)
    )


def check_call_step(site: Site, context: Context) -> None:
    """Report what is wrong with a `call` step."""
    call, names = site.action, context.names
    if not isinstance(call, Call):
        return
    name, span = call.function.text, call.function.span
    if is_connector(name):
        _check_connector_arguments(call, site.place)
        return
    callee = _callee(name, names)
    signature = names.signature(name)
    if callee is None:
        _report_unknown(call.function, site, names)
    elif signature and signature.helper and name not in names.routines:
        message = f"{quote(name)} is an expression helper and cannot be called as a step"
        site.place.error("helper-as-step", span, message, f"use it in an expression: ${{{name}(…)}}")
    else:
        _check_arguments(call, callee, site.place, is_routine=name in names.routines)


def _check_arguments(call: Call, callee: _Callee, place: Place, *, is_routine: bool) -> None:
    span = call.function.span
    match call.arguments:
        case None:
            _check_names((), callee, span, place)
        case MapTemplate() | Constant(value=dict()):
            _check_names(call.argument_names, callee, span, place)
        case ListTemplate(items=items):
            # In a list, null means "not given" to the library, and null to a subworkflow (2.3).
            given = [is_routine or not (isinstance(i, Constant) and i.value is None) for i in items]
            _check_positions(given, callee, span, place)
        case Constant(value=list() as items):
            _check_positions([is_routine or item is not None for item in items], callee, span, place)
        case _:
            pass  # `args: ${…}`: known only at run time


def _check_connector_arguments(call: Call, place: Place) -> None:
    arguments = call.arguments
    if isinstance(arguments, ListTemplate) or (
        isinstance(arguments, Constant) and isinstance(arguments.value, list)
    ):
        message = f"connector '{call.function.text}' takes its arguments by name"
        place.error("invalid-args", arguments.span, message, "write `args: {name: value}`")


def check_expression(expression: Expression, site: Site, context: Context) -> None:
    """Report what is wrong with the calls in *expression*."""
    for part in parts_of(expression):
        if isinstance(part, FunctionCall):
            _check_call(part, site, context)


def _check_call(call: FunctionCall, site: Site, context: Context) -> None:
    """Report what is wrong with one call inside an expression."""
    name, names = call.name, context.names
    signature = names.signature(name)
    connector = is_connector(name)
    blocking = connector and not name.endswith(IN_EXPRESSIONS)
    blocking = blocking or bool(signature and signature.blocking and name not in names.routines)
    if blocking:
        site.place.error(
            "blocking-call-in-expression",
            call.name_span,
            f"{quote(name)} waits for the world and cannot be called inside an expression",
            f"make it a step of its own: `call: {name}` with `result:`",
        )
    elif not connector:
        callee = _callee(name, names)
        if callee is None:
            _report_unknown(Name(call.name_span, name), site, names)
        else:
            _check_positions([True] * len(call.arguments), callee, call.name_span, site.place)


def _report_unknown(function: Name, site: Site, names: Names) -> None:
    name, span = function.text, function.span
    kind = "variable" if site.scope.find(name) else "value" if names.constant(name) is not None else ""
    if kind:
        message = f"{quote(name)} is a {kind} and cannot be called (expecting callable)"
        site.place.error("not-callable", span, message, f"read it without brackets: ${{{name}}}")
    elif is_connector_root(name):
        message = f"{quote(name)} is not the name of a connector"
        help_ = "it is written googleapis.SERVICE.VERSION.RESOURCE.METHOD"
        site.place.error("unknown-function", span, message, help_)
    else:
        kind = "function" if "." in name else "function or subworkflow"
        known = f"use {_FOREIGN[name]}" if name in _FOREIGN else ""
        root = name.partition(".")[0]
        if site.scope.find(root):
            known = f"'{root}' is a variable: nothing in it can be called"
        help_ = known or site.place.did_you_mean(name, names.callables())
        site.place.error("unknown-function", span, f"there is no {kind} {quote(name)}", help_)


def _check_names(given: Sequence[Name], callee: _Callee, span: Span, place: Place) -> None:
    parameters = {name: p for p in callee.parameters for name in (p.name, *p.other_names)}
    found: dict[_Parameter, str] = {}
    complete = True
    for argument in given:
        name = argument.text
        parameter = parameters.get(name)
        if parameter is None:
            complete = False  # it may be a required one, misspelt, or known only at run time
            if not name.startswith("${"):
                message = f"{callee.title} has no parameter {quote(name)}"
                help_ = place.did_you_mean(name, parameters) or callee.takes
                place.error("unknown-argument", argument.span, message, help_)
        elif parameter in found:
            message = f"'{name}' and '{found[parameter]}' are two names of one parameter of {callee.title}"
            place.error("duplicate-argument", argument.span, message, "remove one of them")
        else:
            found[parameter] = name
    missing = [p.name for p in callee.parameters if p.required and p not in found]
    if complete:
        _report_missing(missing, callee, span, place)


def _check_positions(given: list[bool], callee: _Callee, span: Span, place: Place) -> None:
    """Report too many or too few arguments; *given* says of each whether it is one."""
    most = len(callee.parameters)
    if len(given) > most:
        takes = f"takes at most {most} argument{'s' * (most > 1)}" if most else "takes no arguments"
        message = f"{callee.title} {takes}; got {len(given)}"
        place.error("too-many-arguments", span, message, callee.takes)
        return
    padded = given + [False] * (most - len(given))
    pairs = zip(callee.parameters, padded, strict=True)
    _report_missing([p.name for p, is_given in pairs if p.required and not is_given], callee, span, place)


def _report_missing(missing: list[str], callee: _Callee, span: Span, place: Place) -> None:
    if missing:
        noun = "argument" if len(missing) == 1 else "arguments"
        message = f"{callee.title} needs the {noun} {listed(missing)}"
        place.error("missing-argument", span, message, callee.takes)
