"""Static checks of calls: the function exists, may be called there, and gets what it takes (1.6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from stepward.language.names import IN_EXPRESSIONS, Names, is_connector, is_connector_root
from stepward.language.scopes import Scope
from stepward.language.source import Span
from stepward.language.syntax import (
    Call,
    Constant,
    FunctionCall,
    ListTemplate,
    MapTemplate,
    Name,
    Routine,
)
from stepward.language.templates import Place, quote


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a callee takes: (name, other names, required) per parameter."""

    title: str
    parameters: tuple[tuple[str, tuple[str, ...], bool], ...]

    @property
    def required(self) -> int:
        return sum(required for _, _, required in self.parameters)


def _routine_shape(routine: Routine) -> _Shape:
    return _Shape(
        f"subworkflow {quote(routine.name.text)}",
        tuple((p.name.text, (), p.default is None) for p in routine.parameters),
    )


def _shape(name: str, names: Names) -> _Shape | None:
    if name in names.routines:
        return _routine_shape(names.routines[name])
    signature = names.signature(name)
    if signature is None:
        return None
    return _Shape(f"{quote(name)}", tuple((p.name, p.aliases, p.required) for p in signature.parameters))


def check_call_step(call: Call, place: Place, names: Names) -> None:
    """Check a `call` step."""
    name = call.function.text
    if is_connector(name):
        _check_connector_arguments(call, place)
        return
    signature = names.signature(name)
    if signature and signature.helper and name not in names.routines:
        place.error(
            "helper-as-step",
            call.function.span,
            f"{quote(name)} is an expression helper and cannot be called as a step",
            f"use it in an expression: ${{{name}(…)}}",
        )
        return
    shape = _shape(name, names)
    if shape is None:
        _report_unknown(name, call.function.span, place, names)
        return
    match call.arguments:
        case None:
            _check_names((), shape, call.function.span, place)
        case MapTemplate() | Constant(value=dict()):
            _check_names(call.argument_names, shape, call.function.span, place)
        case ListTemplate():
            _check_count(
                _given(call.arguments.items), len(call.arguments.items), shape, call.function.span, place
            )
        case Constant(value=list() as items):
            given = [item is not None or name in names.routines for item in items]
            _check_count(given, len(items), shape, call.function.span, place)
        case _:
            pass  # `args: ${…}`: known only at run time


def _given(items: Sequence[object]) -> list[bool]:
    return [not (isinstance(item, Constant) and item.value is None) for item in items]


def _check_connector_arguments(call: Call, place: Place) -> None:
    if isinstance(call.arguments, ListTemplate) or (
        isinstance(call.arguments, Constant) and isinstance(call.arguments.value, list)
    ):
        place.error(
            "invalid-args",
            call.function.span,
            f"connector {quote(call.function.text)} takes its arguments by name",
        )


def check_expression_call(call: FunctionCall, scope: Scope, place: Place, names: Names) -> None:
    """Check a call inside an expression."""
    name = call.name
    signature = names.signature(name)
    if (signature and signature.blocking) or (is_connector(name) and not name.endswith(IN_EXPRESSIONS)):
        if name not in names.routines:
            place.error(
                "blocking-call-in-expression",
                call.name_span,
                f"{quote(name)} waits for the world and cannot be called inside an expression",
                f"make it a step of its own: `call: {name}` with `result:`",
            )
            return
    if is_connector(name):
        return
    shape = _shape(name, names)
    if shape is None:
        if scope.find(name):
            place.error(
                "not-callable",
                call.name_span,
                f"{quote(name)} is a variable and cannot be called (expecting callable)",
            )
            return
        _report_unknown(name, call.name_span, place, names)
        return
    _check_count([True] * len(call.arguments), len(call.arguments), shape, call.name_span, place)


def _report_unknown(name: str, span: Span, place: Place, names: Names) -> None:
    if is_connector_root(name):
        place.error("unknown-function", span, f"{quote(name)} is not a well-formed name of a connector")
        return
    kind = "function" if "." in name else "function or subworkflow"
    suggestion = place.did_you_mean(name, names.callables())
    place.error("unknown-function", span, f"there is no {kind} {quote(name)}", suggestion)


def _check_names(given: tuple[Name, ...], shape: _Shape, span: Span, place: Place) -> None:
    known = {name for name, aliases, _ in shape.parameters for name in (name, *aliases)}
    names = {argument.text for argument in given}
    for argument in given:
        if argument.text not in known and not argument.text.startswith("${"):
            place.error(
                "unknown-argument",
                argument.span,
                f"{shape.title} has no parameter {quote(argument.text)}",
                place.did_you_mean(argument.text, known) or _takes(shape),
            )
    if any(name.startswith("${") for name in names):
        return
    for name, aliases, required in shape.parameters:
        if required and not names & {name, *aliases}:
            place.error(
                "missing-argument", span, f"{shape.title} needs the argument {quote(name)}", _takes(shape)
            )


def _check_count(given: list[bool], count: int, shape: _Shape, span: Span, place: Place) -> None:
    if count > len(shape.parameters):
        place.error(
            "too-many-arguments",
            span,
            f"{shape.title} takes at most {len(shape.parameters)} arguments; got {count}",
            _takes(shape),
        )
        return
    for position, (name, _, required) in enumerate(shape.parameters):
        if required and not (position < count and given[position]):
            place.error(
                "missing-argument", span, f"{shape.title} needs the argument {quote(name)}", _takes(shape)
            )


def _takes(shape: _Shape) -> str:
    if not shape.parameters:
        return "it takes no arguments"
    shown = ", ".join(name if required else f"[{name}]" for name, _, required in shape.parameters)
    return f"it takes: {shown}"
