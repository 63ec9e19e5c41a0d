"""`assign`, `call`, `switch`, `raise` and `return` to instructions."""

from stepward.language import program, syntax
from stepward.language.lowering import steps
from stepward.language.lowering.assembly import Label
from stepward.language.lowering.context import Around, Context
from stepward.language.lowering.expressions import call_out, calls_out, lower_in_order, lower_template
from stepward.language.names import is_connector
from stepward.language.program import Arguments, Constant, Expr, Located, MakeMap
from stepward.language.scopes import Scope
from stepward.language.source import Span
from stepward.language.structure import Assign, Assignment, Call, Raise, Return, Switch
from stepward.language.syntax import (
    Interpolation,
    ListTemplate,
    MapTemplate,
    Member,
    Template,
    Variable,
    chain,
)


def lower_return(context: Context, action: Return, scope: Scope) -> None:
    """Lower `return`."""
    value = lower_template(context, action.value, scope)
    context.emit(lambda step: program.Return(step=step, span=action.span, value=value))


def lower_raise(context: Context, action: Raise, scope: Scope) -> None:
    """Lower `raise`."""
    value = lower_template(context, action.value, scope)
    context.emit(lambda step: program.Raise(step=step, span=action.span, value=value))


# --- assign -------------------------------------------------------------------------------------


def lower_assign(context: Context, action: Assign, scope: Scope) -> None:
    """Lower `assign`: one instruction, or several if values need instructions of their own."""
    batch: list[program.Write] = []
    parts: list[tuple[program.Write, ...]] = []

    def flush() -> None:
        if batch:
            writes, hidden = tuple(batch), bool(parts)
            parts.append(writes)
            batch.clear()
            context.emit(
                lambda step: program.Assign(step=step, span=writes[0].span, writes=writes, hidden=hidden)
            )

    for assignment in action.assignments:
        operands = _operands(assignment)
        if any(calls_out(context, operand) for operand in operands):
            flush()
        *path, value = lower_in_order(context, operands, scope)
        root, _ = chain(assignment.target)
        assert isinstance(root, Variable), "a target begins with a variable"
        store = context.store(root.name, scope)
        batch.append(program.Write(assignment.span, store, tuple(path), value))
    flush()


def _operands(assignment: Assignment) -> tuple[Template, ...]:
    """Return what an assignment evaluates, in this order: the keys of its target, then the value (2.2)."""
    _, accesses = chain(assignment.target)
    keys = (
        syntax.Constant(access.span, access.name)
        if isinstance(access, Member)
        else Interpolation(assignment.span, access.index)
        for access in accesses
    )
    return (*keys, assignment.value)


# --- call ---------------------------------------------------------------------------------------


def lower_call(context: Context, action: Call, scope: Scope) -> None:
    """Lower `call`."""
    name, span = action.function.text, action.keyword
    result = context.store(action.result.text, scope) if action.result else None
    if is_connector(name):
        values = lower_template(context, action.arguments, scope) if action.arguments else MakeMap(())
        context.emit(
            lambda step: program.CallConnector(
                step=step, span=span, connector=name, arguments=values, result=result
            )
        )
        return
    arguments = _arguments(context, action, scope)
    signature = context.names.signature(name)
    if name in context.names.routines or signature is None or signature.ambient or signature.blocking:
        call_out(context, name, arguments, result, span, hidden=False)
        context.free()
        return
    context.emit(
        lambda step: program.CallFunction(
            step=step, span=span, function=name, arguments=arguments, result=result
        )
    )


def _arguments(context: Context, action: Call, scope: Scope) -> Arguments:
    match action.arguments:
        case None:
            return Arguments()
        case Interpolation():
            return Arguments(dynamic=lower_template(context, action.arguments, scope))
        case syntax.Constant(value=list() as items):
            return Arguments(tuple((i, Constant(item)) for i, item in enumerate(items)))
        case syntax.Constant(value=dict() as entries):
            position = _positions(context, action)
            return Arguments(tuple((position[key], Constant(item)) for key, item in entries.items()))
        case ListTemplate(items=items):
            return Arguments(tuple(enumerate(lower_in_order(context, items, scope))))
        case MapTemplate():
            lowered = lower_template(context, action.arguments, scope)
            assert isinstance(lowered, MakeMap), "a map template makes a map"
            return _by_name(context, action, lowered)
        case _:
            raise AssertionError(action.arguments)


def _by_name(context: Context, action: Call, lowered: MakeMap) -> Arguments:
    """Return arguments by position; a map made at run time if a name is known only then."""
    position = _positions(context, action)
    values = []
    for key, value in lowered.entries:
        if not isinstance(key, Constant):
            return Arguments(dynamic=lowered)
        values.append((position[key.value], value))
    return Arguments(tuple(values))


def _positions(context: Context, action: Call) -> dict[str, int]:
    name = action.function.text
    if name in context.names.routines:
        parameters = context.names.routines[name].parameters
        return {parameter.name.text: i for i, parameter in enumerate(parameters)}
    signature = context.names.signature(name)
    assert signature is not None, "the checks let no unknown function through"
    return {
        spelling: i
        for i, parameter in enumerate(signature.parameters)
        for spelling in (parameter.name, *parameter.aliases)
    }


# --- switch -------------------------------------------------------------------------------------


def lower_switch(context: Context, action: Switch, around: Around, scope: Scope) -> None:
    """Lower `switch`: the choice, then the bodies one after the other."""
    end = Label()
    bodies = [Label() for _ in action.entries]
    _lower_conditions(context, action, bodies, end, scope)
    last = len(bodies) - 1
    for position, (entry, body) in enumerate(zip(action.entries, bodies, strict=True)):
        context.assembler.place(body)
        steps.lower_steps(context, entry.steps, around, scope)
        if position < last:
            steps.skip_to(context, end)
    context.assembler.place(end)


def _lower_conditions(
    context: Context, action: Switch, bodies: list[Label], end: Label, scope: Scope
) -> None:
    """Lower the conditions: one instruction, or several if conditions need instructions of their own."""
    pending: list[tuple[Expr, Label]] = []
    emitted = 0

    def flush(otherwise: Label, span: Span) -> None:
        cases, hidden = tuple(pending), emitted > 0
        pending.clear()
        context.emit(
            lambda step: program.Choose(
                step=step,
                span=span,
                cases=tuple((condition, label.target) for condition, label in cases),
                otherwise=otherwise.target,
                hidden=hidden,
            )
        )

    for entry, body in zip(action.entries, bodies, strict=True):
        if pending and calls_out(context, entry.condition):
            go_on = Label()
            flush(go_on, entry.condition.span)
            emitted += 1
            context.assembler.place(go_on)
        condition = lower_template(context, entry.condition, scope)
        located = condition if isinstance(condition, Located) else Located(entry.condition.span, condition)
        pending.append((located, body))
    flush(end, action.entries[0].condition.span)
