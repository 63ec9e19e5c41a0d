"""Steps to instructions."""

from dataclasses import dataclass, field, replace

from stepward.language import program
from stepward.language.assembly import Assembler, Label
from stepward.language.lowering_expressions import ExpressionLowering
from stepward.language.lowering_try import lower_try
from stepward.language.names import Names, is_connector
from stepward.language.program import Arguments, Constant, Expr, Store
from stepward.language.scopes import Layout, Scope, ScopeTable
from stepward.language.source import Span
from stepward.language.syntax import (
    Action,
    Assign,
    Assignment,
    Call,
    Expression,
    For,
    Index,
    Interpolation,
    ListTemplate,
    MapTemplate,
    Member,
    Name,
    Parallel,
    Raise,
    Return,
    Step,
    Steps,
    Switch,
    Template,
    Try,
    Variable,
)
from stepward.language import syntax


def _branch_code(name: str, entry: Label, layout: Layout) -> program.BranchCode:
    return program.BranchCode(name, entry.target, layout.size, layout.variables)


@dataclass(frozen=True, slots=True)
class Around:
    """Where the names of jump targets lead from here."""

    targets: dict[str, Label] = field(default_factory=dict)
    loop_next: Label | None = None
    loop_exit: Label | None = None


class BlockLowering:
    """Lowers the steps of one routine."""

    def __init__(
        self, assembler: Assembler, names: Names, routine_index: dict[str, int], scopes: ScopeTable
    ) -> None:
        self.assembler = assembler
        self.names = names
        self.scopes = scopes
        self.expressions = ExpressionLowering(assembler, names, routine_index)

    @property
    def step(self) -> str:
        """Name of the step being lowered."""
        return self.expressions.step

    def steps(self, steps: tuple[Step, ...], around: Around, scope: Scope) -> None:
        """Lower a step list; control falls out at its end."""
        labels = {step.name.text: Label() for step in steps if step.name.text}
        inside = replace(around, targets={**around.targets, **labels})
        outer = self.expressions.step
        for step in steps:
            if step.name.text:
                self.expressions.step = step.name.text
                self.assembler.place(labels[step.name.text])
            if step.action:
                self.action(step.action, inside, scope)
            if step.next:
                self.jump(step.next, inside)
        self.expressions.step = outer

    def jump(self, target: Name, around: Around) -> None:
        """Lower `next`. A step of that name wins over the special targets."""
        step, span = self.step, target.span
        label = around.targets.get(target.text)
        if label is None and target.text == "end":
            self.assembler.emit(lambda: program.Return(step=step, span=span, value=Constant(None)))
            return
        if label is None:
            label = around.loop_exit if target.text == "break" else around.loop_next
        assert label is not None
        found = label
        self.assembler.emit(lambda: program.Jump(step=step, span=span, target=found.target))

    def action(self, action: Action, around: Around, scope: Scope) -> None:
        """Lower one action; control falls out at its end."""
        match action:
            case Assign():
                self._assign(action, scope)
            case Call():
                self._call(action, scope)
            case Switch():
                self._switch(action, around, scope)
            case For():
                self._loop(action, scope)
            case Parallel():
                self._parallel(action, scope)
            case Steps():
                self.steps(action.steps, around, scope)
            case Try():
                lower_try(self, action, around, scope)
            case Raise():
                self._raise(action, scope)
            case Return():
                step, span = self.step, action.span
                value = self.expressions.template(action.value, scope)
                self.assembler.emit(lambda: program.Return(step=step, span=span, value=value))

    def _raise(self, action: Raise, scope: Scope) -> None:
        step, span = self.step, action.span
        value = self.expressions.template(action.value, scope)
        self.assembler.emit(lambda: program.Raise(step=step, span=span, value=value))

    def store(self, name: str, scope: Scope) -> Store:
        """Return where variable *name* is written."""
        place = scope.find(name)
        assert place is not None
        return Store(place.depth, place.slot)

    # --- assign ---------------------------------------------------------------------------------

    def _assign(self, action: Assign, scope: Scope) -> None:
        step = self.step
        batch: list[program.Write] = []

        def flush() -> None:
            if batch:
                writes = tuple(batch)
                batch.clear()
                self.assembler.emit(lambda: program.Assign(step=step, span=writes[0].span, writes=writes))

        for assignment in action.assignments:
            if self._assignment_calls_out(assignment):
                flush()
            batch.append(self._write(assignment, scope))
        flush()

    def _assignment_calls_out(self, assignment: Assignment) -> bool:
        path = Interpolation(assignment.span, assignment.target)
        return self.expressions.calls_out(assignment.value) or self.expressions.calls_out(path)

    def _write(self, assignment: Assignment, scope: Scope) -> program.Write:
        accesses: list[Expression] = []
        target = assignment.target
        while isinstance(target, Member | Index):
            accesses.append(target)
            target = target.container
        assert isinstance(target, Variable)
        path = tuple(self._key(access, assignment.span, scope) for access in reversed(accesses))
        value = self.expressions.template(assignment.value, scope)
        return program.Write(assignment.span, self.store(target.name, scope), path, value)

    def _key(self, access: Expression, span: Span, scope: Scope) -> Expr:
        if isinstance(access, Member):
            return Constant(access.name)
        assert isinstance(access, Index)
        return self.expressions.expression(access.index, scope, span)

    # --- call -----------------------------------------------------------------------------------

    def _call(self, action: Call, scope: Scope) -> None:
        name, step, span = action.function.text, self.step, action.keyword
        result = self.store(action.result.text, scope) if action.result else None
        if is_connector(name):
            values = (
                self.expressions.template(action.arguments, scope)
                if action.arguments
                else program.MakeMap(())
            )
            self.assembler.emit(
                lambda: program.CallConnector(
                    step=step, span=span, connector=name, arguments=values, result=result
                )
            )
            return
        arguments = self._arguments(action, scope)
        signature = self.names.signature(name)
        if name in self.names.routines or signature is None or signature.ambient or signature.blocking:
            self.expressions.call_out(name, arguments, result, span, hidden=False)
            return
        self.assembler.emit(
            lambda: program.CallFunction(
                step=step, span=span, function=name, arguments=arguments, result=result
            )
        )

    def _arguments(self, action: Call, scope: Scope) -> Arguments:
        match action.arguments:
            case None:
                return Arguments()
            case Interpolation():
                return Arguments(dynamic=self.expressions.template(action.arguments, scope))
            case syntax.Constant(span=span, value=list() as items):
                return Arguments(tuple((i, Constant(item)) for i, item in enumerate(items)))
            case syntax.Constant(span=span, value=dict() as entries):
                position = self._positions(action)
                return Arguments(tuple((position[key], Constant(item)) for key, item in entries.items()))
            case ListTemplate():
                lowered = self.expressions.template(action.arguments, scope)
                assert isinstance(lowered, program.MakeList)
                return Arguments(tuple(enumerate(lowered.items)))
            case MapTemplate():
                lowered = self.expressions.template(action.arguments, scope)
                assert isinstance(lowered, program.MakeMap)
                if not all(isinstance(key, Constant) for key, _ in lowered.entries):
                    return Arguments(dynamic=lowered)
                position = self._positions(action)
                return Arguments(
                    tuple((position[key.value], value) for key, value in lowered.entries)  # type: ignore[union-attr]
                )
            case _:
                raise AssertionError(action.arguments)

    def _positions(self, action: Call) -> dict[str, int]:
        name = action.function.text
        if name in self.names.routines:
            parameters = self.names.routines[name].parameters
            return {parameter.name.text: i for i, parameter in enumerate(parameters)}
        signature = self.names.signature(name)
        assert signature is not None
        return {
            spelling: i
            for i, parameter in enumerate(signature.parameters)
            for spelling in (parameter.name, *parameter.aliases)
        }

    # --- switch ---------------------------------------------------------------------------------

    def _switch(self, action: Switch, around: Around, scope: Scope) -> None:
        step = self.step
        end = Label()
        bodies = [Label() for _ in action.entries]
        pending: list[tuple[Expr, Label]] = []
        span = action.entries[0].condition.span if action.entries else Span(0, 0)

        def flush(otherwise: Label) -> None:
            cases = tuple(pending)
            pending.clear()
            self.assembler.emit(
                lambda: program.Choose(
                    step=step,
                    span=span,
                    cases=tuple((condition, label.target) for condition, label in cases),
                    otherwise=otherwise.target,
                )
            )

        for entry, body in zip(action.entries, bodies, strict=True):
            if pending and self.expressions.calls_out(entry.condition):
                go_on = Label()
                flush(go_on)
                self.assembler.place(go_on)
            condition = self.expressions.template(entry.condition, scope)
            if isinstance(condition, Constant):
                condition = program.Located(entry.condition.span, condition)
            pending.append((condition, body))
        flush(end)
        for entry, body in zip(action.entries, bodies, strict=True):
            self.assembler.place(body)
            if entry.action:
                self.action(entry.action, around, scope)
            if entry.next:
                self.jump(entry.next, around)
            else:
                self._skip_to(end, entry is action.entries[-1])
        self.assembler.place(end)

    def _skip_to(self, label: Label, adjacent: bool) -> None:
        if not adjacent:
            step = self.step
            self.assembler.emit(
                lambda: program.Jump(step=step, span=Span(0, 0), target=label.target, hidden=True)
            )

    # --- for ------------------------------------------------------------------------------------

    def _loop(self, loop: For, scope: Scope) -> None:
        inner = self.scopes[loop]
        step = self.step
        source, bounded, span = self._source(loop, scope)
        state = scope.layout.allocate()
        scope.layout.allocate()
        value, index, locals_ = self.loop_slots(loop, inner)
        body, next_, exit_ = Label(), Label(), Label()
        self.assembler.emit(
            lambda: program.LoopStart(
                step=step, span=span, source=source, bounded=bounded, state=state, value=value,
                index=index, locals=locals_, exit=exit_.target,
            )
        )  # fmt: skip
        self.assembler.place(body)
        self.steps(loop.steps, Around({}, next_, exit_), inner)
        self.assembler.place(next_)
        self.assembler.emit(
            lambda: program.LoopNext(
                step=step, span=span, bounded=bounded, state=state, value=value, index=index,
                locals=locals_, body=body.target,
            )
        )  # fmt: skip
        self.assembler.place(exit_)

    def _source(self, loop: For, scope: Scope) -> tuple[Expr, bool, Span]:
        template: Template | None = loop.items or loop.bounds
        assert template is not None
        return self.expressions.template(template, scope), loop.items is None, template.span

    def loop_slots(self, loop: For, inner: Scope) -> tuple[int, int | None, tuple[int, ...]]:
        """Return the slots of value and index, and of the variables local to the body."""
        value = inner.names[loop.value.text]
        index = inner.names[loop.index.text] if loop.index else None
        return value, index, tuple(slot for slot in inner.own_slots if slot not in (value, index))

    # --- parallel -------------------------------------------------------------------------------

    def _parallel(self, action: Parallel, scope: Scope) -> None:
        step = self.step
        limit = (
            self.expressions.template(action.concurrency_limit, scope) if action.concurrency_limit else None
        )
        end = Label()
        entries = [Label() for _ in action.branches]
        loop_entry = Label()
        source = self._source(action.loop, scope) if action.loop else None

        def fork() -> program.Instruction:
            iterations = None
            if action.loop and source:
                inner = self.scopes[action.loop]
                value, index, _ = self.loop_slots(action.loop, inner)
                iterations = program.IterationCode(
                    source[0],
                    source[1],
                    value,
                    index,
                    loop_entry.target,
                    inner.layout.size,
                    inner.layout.variables,
                )
            branches = tuple(
                _branch_code(branch.name.text, entry, self.scopes[branch].layout)
                for branch, entry in zip(action.branches, entries, strict=True)
            )
            return program.Fork(
                step=step, span=action.keyword, branches=branches, loop=iterations, limit=limit
            )

        self.assembler.emit(fork)
        self._skip_to(end, adjacent=False)
        with self.assembler.outside():
            for branch, entry in zip(action.branches, entries, strict=True):
                self.assembler.place(entry)
                self._branch_body(branch.steps, Around(), self.scopes[branch], branch.name.text)
            if action.loop:
                self.assembler.place(loop_entry)
                next_ = Label()
                self._branch_body(
                    action.loop.steps, Around({}, next_, next_), self.scopes[action.loop], step, next_
                )
        self.assembler.place(end)

    def _branch_body(
        self, steps: tuple[Step, ...], around: Around, scope: Scope, name: str, next_: Label | None = None
    ) -> None:
        outer = self.expressions.step
        self.expressions.step = name
        self.steps(steps, around, scope)
        if next_:
            self.assembler.place(next_)
        self.assembler.emit(lambda: program.EndBranch(step=name, span=Span(0, 0)))
        self.expressions.step = outer
