"""Static checks before anything runs (language.md 1.6): a list of checks, each reporting all it finds."""

from dataclasses import dataclass

from stepward.language import calls, jumps
from stepward.language.diagnostics import Report
from stepward.language.names import Names, library_value
from stepward.language.scopes import Scope, ScopeTable, own_actions
from stepward.language.source import Source, Span
from stepward.language.syntax import (
    Action,
    Assign,
    Binary,
    Call,
    Constant,
    Expression,
    For,
    FunctionCall,
    Index,
    Interpolation,
    ListDisplay,
    ListTemplate,
    Literal,
    MapTemplate,
    Member,
    Name,
    Parallel,
    Raise,
    RetryPolicy,
    Return,
    Routine,
    Step,
    Steps,
    Switch,
    Template,
    Try,
    Unary,
    Variable,
    Workflow,
)
from stepward.language.templates import Place, quote


def check(workflow: Workflow, scopes: ScopeTable, names: Names, source: Source, report: Report) -> None:
    """Report everything that is wrong with a parsed workflow."""
    _check_routine_names(workflow, names, source, report)
    for routine in workflow.routines:
        place = Place(report, source, routine.name.text)
        jumps.check_jumps(routine, place)
        _Uses(scopes, names).steps(routine.steps, scopes[routine], place, frozenset())


def _check_routine_names(workflow: Workflow, names: Names, source: Source, report: Report) -> None:
    reserved = names.reserved()
    for routine in workflow.routines:
        if routine.name.text in reserved:
            Place(report, source, routine.name.text).error(
                "reserved-name",
                routine.name.span,
                f"a subworkflow must not be called {quote(routine.name.text)}: the standard library has that name",
            )


@dataclass(frozen=True, slots=True)
class _Uses:
    """The check that every variable, function and argument that is used exists and may be used."""

    scopes: ScopeTable
    names: Names

    def steps(self, steps: tuple[Step, ...], scope: Scope, place: Place, loops: frozenset[str]) -> None:
        """Check a step list; *loops* are the loop variables of the loops around it."""
        for step in steps:
            here = place.at_step(step.name.text) if step.name.text else place
            if step.action:
                self.action(step.action, scope, here, loops)

    def action(self, action: Action, scope: Scope, place: Place, loops: frozenset[str]) -> None:
        match action:
            case Assign():
                for assignment in action.assignments:
                    self._target(assignment.target, scope, place)
                    self.template(assignment.value, scope, place)
            case Call():
                self._call(action, scope, place)
            case Switch():
                for entry in action.entries:
                    self.template(entry.condition, scope, place)
                    if entry.action:
                        self.action(entry.action, scope, place, loops)
            case For():
                self._loop(action, scope, place, loops)
            case Parallel():
                self._parallel(action, scope, place, loops)
            case Steps():
                self.steps(action.steps, scope, place, loops)
            case Try():
                self.action(action.body, scope, place, loops)
                if action.retry:
                    self._retry(action.retry, scope, place)
                if action.handler:
                    self.steps(action.handler.steps, self.scopes[action.handler], place, loops)
            case Raise() | Return():
                self.template(action.value, scope, place)

    def _call(self, call: Call, scope: Scope, place: Place) -> None:
        calls.check_call_step(call, place, self.names)
        if call.arguments:
            self.template(call.arguments, scope, place)
        if call.result:
            self._write(call.result, scope, place)

    def _loop(self, loop: For, scope: Scope, place: Place, loops: frozenset[str]) -> None:
        for source in (loop.items, loop.bounds):
            if source:
                self.template(source, scope, place)
        own = [loop.value, *([loop.index] if loop.index else [])]
        for name in own:
            if name.text in loops:
                place.error(
                    "loop-variable-reused",
                    name.span,
                    f"loop variable {quote(name.text)} is already the variable of a loop around this one",
                )
        self.steps(loop.steps, self.scopes[loop], place, loops | {name.text for name in own})

    def _parallel(self, action: Parallel, scope: Scope, place: Place, loops: frozenset[str]) -> None:
        if action.concurrency_limit:
            self.template(action.concurrency_limit, scope, place)
        for name in action.shared:
            if scope.find(name.text) is None:
                place.error(
                    "unknown-variable",
                    name.span,
                    f"shared variable {quote(name.text)} is not defined outside the parallel step",
                    "assign it before the parallel step",
                )
            else:
                self._write(name, scope, place)
        for branch in action.branches:
            self.steps(branch.steps, self.scopes[branch], place, loops)
        if action.loop:
            self._loop(action.loop, scope, place, loops)

    def _retry(self, retry: RetryPolicy, scope: Scope, place: Place) -> None:
        fields = (retry.policy, retry.max_retries, retry.initial_delay, retry.max_delay, retry.multiplier)
        for template in fields:
            if template:
                self.template(template, scope, place)
        if retry.predicate:
            self._predicate(retry.predicate, scope, place)

    def _predicate(self, predicate: Template, scope: Scope, place: Place) -> None:
        if isinstance(predicate, Constant):
            place.error(
                "invalid-predicate",
                predicate.span,
                "'predicate' must be an expression that names a predicate, such as ${http.default_retry_predicate}",
            )
            return
        if isinstance(predicate, Interpolation) and isinstance(predicate.expression, Variable):
            name = predicate.expression.name
            routine = self.names.routines.get(name)
            if routine and scope.find(name) is None:
                required = [p for p in routine.parameters if p.default is None]
                if len(required) != 1:
                    place.error(
                        "invalid-predicate",
                        predicate.span,
                        f"predicate {quote(name)} must have exactly one required parameter, the error; "
                        f"it has {len(required)}",
                    )
                return
        self.template(predicate, scope, place)

    def template(self, template: Template, scope: Scope, place: Place) -> None:
        """Check a template."""
        match template:
            case Interpolation():
                self.expression(template.expression, scope, place)
            case ListTemplate():
                for item in template.items:
                    self.template(item, scope, place)
            case MapTemplate():
                for key, value in template.entries:
                    self.template(key, scope, place)
                    self.template(value, scope, place)
            case Constant():
                pass

    def expression(self, expression: Expression, scope: Scope, place: Place) -> None:
        """Check an expression."""
        value = library_value(expression, scope, self.names)
        if value:
            for access in value.rest:
                if isinstance(access, Index):
                    self.expression(access.index, scope, place)
            return
        match expression:
            case Literal():
                pass
            case Variable():
                self._read(expression.name, expression.span, scope, place)
            case Member():
                self.expression(expression.container, scope, place)
            case Index():
                self.expression(expression.container, scope, place)
                self.expression(expression.index, scope, place)
            case Unary():
                self.expression(expression.operand, scope, place)
            case Binary():
                self.expression(expression.left, scope, place)
                self.expression(expression.right, scope, place)
            case ListDisplay():
                for item in expression.items:
                    self.expression(item, scope, place)
            case FunctionCall():
                calls.check_expression_call(expression, scope, place, self.names)
                for argument in expression.arguments:
                    self.expression(argument, scope, place)

    def _target(self, target: Expression, scope: Scope, place: Place) -> None:
        match target:
            case Variable():
                self._write(Name(target.span, target.name), scope, place)
            case Member():
                self._target_root(target, scope, place)
                self._target(target.container, scope, place)
            case Index():
                self._target_root(target, scope, place)
                self._target(target.container, scope, place)
                self.expression(target.index, scope, place)
            case _:
                raise AssertionError(f"not a target: {target}")

    def _target_root(self, target: Member | Index, scope: Scope, place: Place) -> None:
        root = target.container
        if isinstance(root, Variable) and scope.find(root.name) is None:
            self._read(root.name, root.span, scope, place)

    def _write(self, name: Name, scope: Scope, place: Place) -> None:
        found = scope.find(name.text)
        if found is None:
            return
        for branch in found.crossed:
            if branch.shared is not None and name.text not in branch.shared:
                place.error(
                    "unshared-variable",
                    name.span,
                    f"variable {quote(name.text)} belongs to the steps around the parallel step and is not in 'shared'",
                    f"add `shared: [{name.text}]` to the parallel step, or use a variable of the branch",
                )
                return

    def _read(self, name: str, span: Span, scope: Scope, place: Place) -> None:
        if scope.find(name):
            return
        if name in self.names.routines:
            place.error(
                "function-as-value",
                span,
                f"{quote(name)} is a subworkflow, which is no value",
                f"call it: {name}(…)",
            )
            return
        visible = scope.visible()
        elsewhere = [
            inner
            for inner in self.scopes.values()
            if name in inner.names and _routine_of(inner) is _routine_of(scope)
        ]
        help_ = place.did_you_mean(name, visible)
        if elsewhere:
            help_ = (
                f"{quote(name)} exists only inside a loop, 'except' block or branch; assign it before that"
            )
        elif not help_ and visible:
            help_ = f"variables in scope: {', '.join(sorted(visible)[:10])}"
        place.error(
            "unknown-variable", span, f"symbol '{name}' is neither a variable nor a sub-workflow name", help_
        )


def _routine_of(scope: Scope) -> Scope:
    while scope.parent:
        scope = scope.parent
    return scope


def count_steps(steps: tuple[Step, ...]) -> int:
    """Return how many steps the author wrote in *steps*, nested ones included."""
    total = sum(1 for step in steps if step.name.text)
    for action in own_actions(steps):
        match action:
            case Steps():
                total += sum(1 for step in action.steps if step.name.text)
            case For():
                total += count_steps(action.steps)
            case Try(handler=handler) if handler:
                total += count_steps(handler.steps)
            case Parallel():
                total += sum(count_steps(branch.steps) for branch in action.branches)
                total += count_steps(action.loop.steps) if action.loop else 0
            case _:
                pass
    return total
