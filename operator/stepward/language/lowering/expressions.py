"""Expressions and templates to resolved expressions.

A call that needs the machine (a subworkflow, or a function that reads time or chance) cannot be
evaluated inside an expression. It is taken out: its own instruction leaves the result in a temporary
slot, and whatever stands to its left and could fail or change is taken out before it, so that
the order of evaluation stays left to right (language.md 3.10).
"""

from collections.abc import Sequence

from stepward.language import program, syntax
from stepward.language.lowering.assembly import Label
from stepward.language.lowering.context import Context
from stepward.language.names import is_connector, library_value
from stepward.language.program import (
    Access,
    Arguments,
    Binary,
    Constant,
    Expr,
    Invoke,
    Located,
    MakeList,
    MakeMap,
    Read,
    Store,
    Take,
    Unary,
)
from stepward.language.scopes import Scope
from stepward.language.source import Span
from stepward.language.syntax import (
    Expression,
    FunctionCall,
    Index,
    Interpolation,
    ListDisplay,
    ListTemplate,
    Literal,
    MapTemplate,
    Member,
    Template,
    Variable,
)
from stepward.values import model


def calls_out(context: Context, template: Template) -> bool:
    """Return whether evaluating *template* needs instructions of its own."""
    known = context.calling.get(id(template))
    if known is None:
        # The entry holds the template, so that no other can get its id.
        known = context.calling[id(template)] = (template, _calls_out(context, template))
    return known[1]


def _calls_out(context: Context, template: Template) -> bool:
    match template:
        case Interpolation():
            return any(
                isinstance(part, FunctionCall) and _is_machine_call(context, part.name)
                for part in syntax.parts_of(template.expression)
            )
        case ListTemplate():
            return any(calls_out(context, item) for item in template.items)
        case MapTemplate():
            return any(calls_out(context, part) for entry in template.entries for part in entry)
        case syntax.Constant():
            return False


def _is_machine_call(context: Context, name: str) -> bool:
    if name in context.routine_index or is_connector(name):
        return True
    signature = context.names.signature(name)
    return signature is not None and (signature.ambient or signature.blocking)


def lower_template(context: Context, template: Template, scope: Scope) -> Expr:
    """Return the resolved expression of *template*, emitting what must run before it."""
    match template:
        case syntax.Constant():
            return Constant(template.value)
        case Interpolation():
            lowering = _Expressions(context, scope, template)
            return Located(template.span, lowering.expression(template.expression))
        case ListTemplate():
            return MakeList(lower_in_order(context, template.items, scope))
        case MapTemplate():
            parts = [part for entry in template.entries for part in entry]
            flat = lower_in_order(context, parts, scope)
            return MakeMap(tuple(zip(flat[::2], flat[1::2], strict=True)))


def lower_in_order(context: Context, templates: Sequence[Template], scope: Scope) -> tuple[Expr, ...]:
    """Return the resolved expressions of *templates*, evaluated left to right."""
    last = max((i for i, item in enumerate(templates) if calls_out(context, item)), default=-1)
    lowered = []
    for position, item in enumerate(templates):
        expr = lower_template(context, item, scope)
        lowered.append(_keep(context, expr, scope, item.span) if position < last else expr)
    return tuple(lowered)


def call_out(
    context: Context, name: str, arguments: Arguments, result: Store | None, span: Span, *, hidden: bool
) -> None:
    """Emit the instruction that calls *name* and leaves its value in *result*."""
    if name in context.routine_index:
        routine = context.routine_index[name]
        context.emit_part(
            lambda step: program.CallRoutine(
                step=step, span=span, routine=routine, arguments=arguments, result=result
            )
        )
    elif is_connector(name):
        values = MakeList(tuple(value for _, value in arguments.values))
        context.emit_part(
            lambda step: program.CallConnector(
                step=step, span=span, connector=name, arguments=values, result=result
            )
        )
    else:
        context.emit_part(
            lambda step: program.Ask(
                step=step, span=span, function=name, arguments=arguments, result=result, hidden=hidden
            )
        )


def _keep(context: Context, expr: Expr, scope: Scope, span: Span) -> Expr:
    """Evaluate *expr* now, into a temporary, unless that makes no difference.

    Nothing that is called can change a variable of this frame, but other branches can change those
    of the frames around it.
    """
    inner = expr.inner if isinstance(expr, Located) else expr
    if isinstance(inner, Constant | Take) or (isinstance(inner, Read) and inner.depth == 0):
        return expr
    slot = context.temporary(scope)
    _write(context, slot, Located(span, expr), span)
    return Take(slot)


def _write(context: Context, slot: int, value: Expr, span: Span) -> None:
    write = program.Write(span, Store(0, slot), (), value)
    context.emit_part(lambda step: program.Assign(step=step, span=span, writes=(write,), hidden=True))


class _Expressions:
    """Lowers the expression of one template, whose text its failures belong to."""

    def __init__(self, context: Context, scope: Scope, template: Interpolation) -> None:
        self._context = context
        self._scope = scope
        self._span = template.span
        calling = calls_out(context, template)
        self._calling = _calling_parts(context, template.expression) if calling else frozenset()

    def expression(self, expression: Expression) -> Expr:
        match expression:
            case Literal():
                return Constant(expression.value)
            case Variable() | Member() | Index():
                return self._chain(expression)
            case syntax.Unary():
                return Unary(expression.operator, self.expression(expression.operand))
            case syntax.Binary():
                if expression.operator in ("and", "or") and self._calls_out(expression.right):
                    return self._short_circuit(expression)
                left = self.expression(expression.left)
                if self._calls_out(expression.right):
                    left = self._keep(left)
                return Binary(expression.operator, left, self.expression(expression.right))
            case ListDisplay():
                return MakeList(self._in_order(expression.items))
            case FunctionCall():
                return self._call(expression)

    def _in_order(self, items: Sequence[Expression]) -> tuple[Expr, ...]:
        last = max((i for i, item in enumerate(items) if self._calls_out(item)), default=-1)
        lowered = []
        for position, item in enumerate(items):
            expr = self.expression(item)
            lowered.append(self._keep(expr) if position < last else expr)
        return tuple(lowered)

    def _chain(self, expression: Variable | Member | Index) -> Expr:
        """Lower a variable or library value with its accesses, or accesses of something else."""
        root, accesses = syntax.chain(expression)
        base: Expr
        if not isinstance(root, Variable):
            base = self.expression(root)
        elif self._scope.find(root.name) is None:
            base, accesses = self._named(root.name, accesses)
        else:
            base = self._read(root.name)
        for access in accesses:
            if isinstance(access, Member):
                base = Access(base, Constant(access.name))
                continue
            if self._calls_out(access.index):
                base = self._keep(base)
            base = Access(base, self.expression(access.index))
        return base

    def _named(
        self, name: str, accesses: tuple[Member | Index, ...]
    ) -> tuple[Expr, tuple[Member | Index, ...]]:
        """Return a library value, or a reference to a function, and the accesses that are left."""
        value = library_value(name, accesses, self._context.names)
        if value is None:  # only as a predicate: the checks let no other bare name through
            return Constant(model.FunctionRef(name)), accesses
        constant = self._context.names.constant(value.name)
        return Constant(model.FunctionRef(value.name) if constant is None else constant), value.rest

    def _read(self, name: str) -> Expr:
        home = self._scope.find(name)
        assert home is not None, "the caller has found it"
        return Read(home.depth, home.slot, name)

    def _call(self, call: FunctionCall) -> Expr:
        arguments = self._in_order(call.arguments)
        if not _is_machine_call(self._context, call.name):
            return Invoke(call.name, arguments)
        result = self._context.temporary(self._scope)
        passed = Arguments(tuple(enumerate(arguments)))
        call_out(self._context, call.name, passed, Store(0, result), self._span, hidden=True)
        return Take(result)

    def _short_circuit(self, expression: syntax.Binary) -> Expr:
        """Lower `left and right` whose right side calls out: it must not run if left decides."""
        decides = expression.operator == "or"
        neutral = Constant(not decides)
        result = self._context.temporary(self._scope)
        end, go_on = Label(), Label()
        span = self._span
        left = Binary(expression.operator, neutral, self.expression(expression.left))
        _write(self._context, result, Located(span, left), span)
        decided = Binary("==", Read(0, result, ""), Constant(decides))
        self._context.emit_part(
            lambda step: program.Choose(
                step=step, span=span, cases=((decided, end.target),), otherwise=go_on.target, hidden=True
            )
        )
        self._context.assembler.place(go_on)
        right = Binary(expression.operator, neutral, self.expression(expression.right))
        _write(self._context, result, Located(span, right), span)
        self._context.assembler.place(end)
        return Take(result)

    def _keep(self, expr: Expr) -> Expr:
        return _keep(self._context, expr, self._scope, self._span)

    def _calls_out(self, expression: Expression) -> bool:
        return id(expression) in self._calling


def _calling_parts(context: Context, expression: Expression) -> frozenset[int]:
    """Return the ids of the parts of *expression*, itself included, that need instructions of their own."""
    calling: set[int] = set()
    # Turned around, every part comes before what it is a part of.
    for part in reversed(list(syntax.parts_of(expression))):
        is_call = isinstance(part, FunctionCall) and _is_machine_call(context, part.name)
        if is_call or any(id(child) in calling for child in syntax.children(part)):
            calling.add(id(part))
    return frozenset(calling)
