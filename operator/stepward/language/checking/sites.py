"""A workflow as a flat list of actions, each with its step, its scope and the loops around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from stepward.language.names import Names
from stepward.language.parsing.places import Place
from stepward.language.scopes import Scope, ScopeTable
from stepward.language.structure import (
    Action,
    Assign,
    Call,
    Except,
    For,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Try,
    Workflow,
    own_lists,
    step_lists,
)
from stepward.language.syntax import (
    Constant,
    Expression,
    Index,
    Interpolation,
    ListTemplate,
    MapTemplate,
    Template,
    chain,
)


@dataclass(frozen=True, slots=True)
class Site:
    """One action where it stands. The loop of a parallel step is a site of its own."""

    action: Action
    place: Place
    scope: Scope
    loop_variables: frozenset[str]
    """Of all loops around the action in its routine."""


@dataclass(frozen=True)
class Context:
    """What a check may want to know of the workflow as a whole."""

    names: Names
    workflow: Workflow
    scopes: ScopeTable

    @cached_property
    def routines(self) -> dict[str, Routine]:
        """Return the routines by name."""
        return {routine.name.text: routine for routine in self.workflow.routines}

    @cached_property
    def variables(self) -> dict[str, list[Scope]]:
        """Return, for each name of a variable, the scopes that define it."""
        found: dict[str, list[Scope]] = {}
        for scope in self.scopes.values():
            for name in scope.names:
                found.setdefault(name, []).append(scope)
        return found

    @cached_property
    def routine_of_step(self) -> dict[str, str]:
        """Return, for each name of a step, a routine that has it."""
        found: dict[str, str] = {}
        for routine in self.workflow.routines:
            for name in _step_names(routine.steps):
                found.setdefault(name, routine.name.text)
        return found


def _step_names(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        yield step.name.text
        for inner in step_lists(step.action) if step.action else ():
            yield from _step_names(inner)


def sites_of(routine: Routine, place: Place, scopes: ScopeTable) -> Iterator[Site]:
    """Yield the sites of *routine* in the order of the source."""
    yield from _Walk(scopes).steps(routine.steps, place, scopes[routine], frozenset())


@dataclass(frozen=True, slots=True)
class _Walk:
    scopes: ScopeTable

    def steps(
        self, steps: tuple[Step, ...], place: Place, scope: Scope, loops: frozenset[str]
    ) -> Iterator[Site]:
        for step in steps:
            if step.action:
                here = place.at_step(step.name.text) if step.name.text else place
                yield from self.action(step.action, here, scope, loops)

    def action(self, action: Action, place: Place, scope: Scope, loops: frozenset[str]) -> Iterator[Site]:
        yield Site(action, place, scope, loops)
        for steps in own_lists(action):
            yield from self.steps(steps, place, scope, loops)
        match action:
            case For():
                own = {name.text for name in (action.value, action.index) if name}
                yield from self.steps(action.steps, place, self.scopes[action], loops | own)
            case Parallel():
                for branch in action.branches:
                    here = place.at_step(branch.name.text)
                    yield from self.steps(branch.steps, here, self.scopes[branch], loops)
                if action.loop:
                    yield from self.action(action.loop, place, scope, loops)
            case Try(handler=Except() as handler):
                yield from self.steps(handler.steps, place, self.scopes[handler], loops)
            case _:
                pass


def expressions_of(action: Action) -> Iterator[Expression]:
    """Yield the expressions that *action* itself evaluates, but for a predicate, which names one.

    Of an assignment target with accesses these are its root and its subscripts.
    """
    if isinstance(action, Assign):
        for assignment in action.assignments:
            root, accesses = chain(assignment.target)
            if accesses:
                yield root
            yield from (access.index for access in accesses if isinstance(access, Index))
    for template in _templates_of(action):
        yield from _expressions_in(template)


def _templates_of(action: Action) -> Iterator[Template]:
    match action:
        case Assign():
            yield from (assignment.value for assignment in action.assignments)
        case Call(arguments=arguments) if arguments:
            yield arguments
        case Switch():
            yield from (entry.condition for entry in action.entries)
        case For():
            yield from (source for source in (action.items, action.bounds) if source)
        case Parallel(concurrency_limit=limit) if limit:
            yield limit
        case Try(retry=retry) if retry:
            settings = (
                retry.policy, retry.max_retries, retry.initial_delay, retry.max_delay, retry.multiplier,
            )  # fmt: skip
            yield from (setting for setting in settings if setting)
        case Raise() | Return():
            yield action.value
        case _:
            pass


def _expressions_in(template: Template) -> Iterator[Expression]:
    match template:
        case Interpolation():
            yield template.expression
        case ListTemplate():
            for item in template.items:
                yield from _expressions_in(item)
        case MapTemplate():
            for entry in template.entries:
                for part in entry:
                    yield from _expressions_in(part)
        case Constant():
            pass
