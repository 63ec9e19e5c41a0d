"""Expressions and templates to resolved expressions.

A call that needs the machine (a subworkflow, or a function that reads time or chance) cannot be
evaluated inside an expression. It is taken out: its own instruction leaves the result in a hidden
slot, and whatever stands to its left and could fail or change is taken out before it, so that
the order of evaluation stays left to right (language.md 3.10).
"""

from collections.abc import Sequence

from stepward.language import program
from stepward.language.assembly import Assembler, Label
from stepward.language.names import Names, is_connector, library_value
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
from stepward.language import syntax
from stepward.values import model


class ExpressionLowering:
    """Lowers the expressions of one routine into *assembler*."""

    def __init__(self, assembler: Assembler, names: Names, routine_index: dict[str, int]) -> None:
        self._assembler = assembler
        self._names = names
        self._routine_index = routine_index
        self.step = ""
        """Name of the step being lowered."""

    def template(self, template: Template, scope: Scope) -> Expr:
        """Return the resolved expression of *template*, emitting what must run before it."""
        match template:
            case syntax.Constant():
                return Constant(template.value)
            case Interpolation():
                return Located(template.span, self.expression(template.expression, scope, template.span))
            case ListTemplate():
                return MakeList(self._in_order([(item, scope) for item in template.items]))
            case MapTemplate():
                flat = self._in_order([(part, scope) for entry in template.entries for part in entry])
                return MakeMap(tuple(zip(flat[::2], flat[1::2], strict=True)))

    def _in_order(self, templates: Sequence[tuple[Template, Scope]]) -> tuple[Expr, ...]:
        last = max((i for i, (item, _) in enumerate(templates) if self._needs_machine(item)), default=-1)
        lowered = []
        for position, (item, scope) in enumerate(templates):
            expr = self.template(item, scope)
            if position < last:
                expr = self._keep(expr, scope, item.span)
            lowered.append(expr)
        return tuple(lowered)

    def expressions(self, items: Sequence[Expression], scope: Scope, span: Span) -> tuple[Expr, ...]:
        """Return the resolved expressions of *items*, evaluated left to right."""
        last = max((i for i, item in enumerate(items) if self._calls_out(item)), default=-1)
        lowered = []
        for position, item in enumerate(items):
            expr = self.expression(item, scope, span)
            if position < last:
                expr = self._keep(expr, scope, span)
            lowered.append(expr)
        return tuple(lowered)

    def expression(self, expression: Expression, scope: Scope, span: Span) -> Expr:
        """Return the resolved *expression*; *span* is the text its failures belong to."""
        value = library_value(expression, scope, self._names)
        if value:
            constant = self._names.constant(value.name)
            base: Expr = Constant(model.FunctionRef(value.name) if constant is None else constant)
            for access in value.rest:
                base = self._access(base, access, scope, span)
            return base
        match expression:
            case Literal():
                return Constant(expression.value)
            case Variable():
                return self._read(expression.name, scope)
            case Member() | Index():
                container, *rest = self._pair(expression, scope, span)
                return Access(container, rest[0])
            case syntax.Unary():
                return Unary(expression.operator, self.expression(expression.operand, scope, span))
            case syntax.Binary():
                if expression.operator in ("and", "or") and self._calls_out(expression.right):
                    return self._short_circuit(expression, scope, span)
                left, right = self.expressions((expression.left, expression.right), scope, span)
                return Binary(expression.operator, left, right)
            case ListDisplay():
                return MakeList(self.expressions(expression.items, scope, span))
            case FunctionCall():
                return self._call(expression, scope, span)

    def _read(self, name: str, scope: Scope) -> Expr:
        place = scope.find(name)
        if place is None:  # only as a predicate: the checker lets no other bare name through
            return Constant(model.FunctionRef(name))
        return Read(place.depth, place.slot, name)

    def _pair(self, expression: Member | Index, scope: Scope, span: Span) -> tuple[Expr, ...]:
        if isinstance(expression, Member):
            return self.expression(expression.container, scope, span), Constant(expression.name)
        return self.expressions((expression.container, expression.index), scope, span)

    def _access(self, base: Expr, access: Expression, scope: Scope, span: Span) -> Expr:
        if isinstance(access, Index):
            return Access(base, self.expression(access.index, scope, span))
        assert isinstance(access, Member)
        return Access(base, Constant(access.name))

    def _call(self, call: FunctionCall, scope: Scope, span: Span) -> Expr:
        arguments = self.expressions(call.arguments, scope, span)
        if not self._is_machine_call(call.name):
            return Invoke(call.name, arguments)
        result = scope.layout.allocate()
        self.call_out(call.name, Arguments(tuple(enumerate(arguments))), Store(0, result), span, hidden=True)
        return Read(0, result, "")

    def call_out(
        self, name: str, arguments: Arguments, result: Store | None, span: Span, *, hidden: bool
    ) -> None:
        """Emit the instruction that calls *name* and leaves its value in *result*."""
        step = self.step
        if name in self._routine_index:
            routine = self._routine_index[name]
            self._assembler.emit(
                lambda: program.CallRoutine(
                    step=step, span=span, routine=routine, arguments=arguments, result=result
                )
            )
        elif is_connector(name):
            values = MakeList(tuple(value for _, value in arguments.values))
            self._assembler.emit(
                lambda: program.CallConnector(
                    step=step, span=span, connector=name, arguments=values, result=result
                )
            )
        else:
            self._assembler.emit(
                lambda: program.Ask(
                    step=step, span=span, function=name, arguments=arguments, result=result, hidden=hidden
                )
            )

    def _short_circuit(self, expression: syntax.Binary, scope: Scope, span: Span) -> Expr:
        """Lower `left and right` whose right side calls out: it must not run if left decides."""
        decides = expression.operator == "or"
        neutral = Constant(not decides)
        result = scope.layout.allocate()
        end, go_on = Label(), Label()
        step = self.step
        left = Binary(expression.operator, neutral, self.expression(expression.left, scope, span))
        self._write(result, Located(span, left), span)
        cases = ((Binary("==", Read(0, result, ""), Constant(decides)), end),)
        self._assembler.emit(
            lambda: program.Choose(
                step=step,
                span=span,
                cases=tuple((condition, label.target) for condition, label in cases),
                otherwise=go_on.target,
            )
        )
        self._assembler.place(go_on)
        right = Binary(expression.operator, neutral, self.expression(expression.right, scope, span))
        self._write(result, Located(span, right), span)
        self._assembler.place(end)
        return Read(0, result, "")

    def _keep(self, expr: Expr, scope: Scope, span: Span) -> Expr:
        """Evaluate *expr* now, into a hidden slot, unless that makes no difference."""
        if isinstance(expr, Constant) or (isinstance(expr, Read) and expr.depth == 0):
            return expr
        slot = scope.layout.allocate()
        self._write(slot, Located(span, expr), span)
        return Read(0, slot, "")

    def _write(self, slot: int, value: Expr, span: Span) -> None:
        step = self.step
        write = program.Write(span, Store(0, slot), (), value)
        self._assembler.emit(lambda: program.Assign(step=step, span=span, writes=(write,)))

    def _is_machine_call(self, name: str) -> bool:
        if name in self._routine_index or is_connector(name):
            return True
        signature = self._names.signature(name)
        return signature is not None and (signature.ambient or signature.blocking)

    def _needs_machine(self, template: Template) -> bool:
        match template:
            case Interpolation():
                return self._calls_out(template.expression)
            case ListTemplate():
                return any(self._needs_machine(item) for item in template.items)
            case MapTemplate():
                return any(self._needs_machine(part) for entry in template.entries for part in entry)
            case syntax.Constant():
                return False

    def _calls_out(self, expression: Expression) -> bool:
        match expression:
            case FunctionCall():
                return self._is_machine_call(expression.name) or any(
                    self._calls_out(argument) for argument in expression.arguments
                )
            case Member():
                return self._calls_out(expression.container)
            case Index():
                return self._calls_out(expression.container) or self._calls_out(expression.index)
            case syntax.Unary():
                return self._calls_out(expression.operand)
            case syntax.Binary():
                return self._calls_out(expression.left) or self._calls_out(expression.right)
            case ListDisplay():
                return any(self._calls_out(item) for item in expression.items)
            case Literal() | Variable():
                return False

    def calls_out(self, template: Template) -> bool:
        """Return whether evaluating *template* needs instructions of its own."""
        return self._needs_machine(template)
