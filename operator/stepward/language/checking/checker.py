"""All checks of a workflow: lists of functions, each reporting everything it finds."""

from collections.abc import Callable
from typing import Final, TypeAlias

from stepward.language.checking import calls, flow, jumps, retries, surprises, variables
from stepward.language.checking.sites import Context, Site, expressions_of, sites_of
from stepward.language.diagnostics import Report
from stepward.language.names import Names
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import quote
from stepward.language.scopes import ScopeTable
from stepward.language.source import Source
from stepward.language.structure import Action, Assign, Call, For, Parallel, Switch, Try, Workflow
from stepward.language.syntax import Expression

ActionCheck: TypeAlias = Callable[[Site, Context], None]
ExpressionCheck: TypeAlias = Callable[[Expression, Site, Context], None]

ACTION_CHECKS: Final[dict[type[Action], tuple[ActionCheck, ...]]] = {
    Assign: (variables.check_writes,),
    Call: (calls.check_call_step, variables.check_writes),
    Switch: (surprises.check_order_of_conditions,),
    For: (variables.check_loop_variables,),
    Parallel: (variables.check_shared,),
    Try: (variables.check_error_variable, retries.check_predicate),
}
"""Kind of action -> what is checked of it, beside its expressions."""

EXPRESSION_CHECKS: Final[tuple[ExpressionCheck, ...]] = (
    variables.check_expression,
    calls.check_expression,
    surprises.check_expression,
)


def check(workflow: Workflow, scopes: ScopeTable, names: Names, source: Source, report: Report) -> None:
    """Report everything that is wrong with a parsed workflow."""
    context = Context(names, workflow, scopes)
    document = Place(report, source, workflow.routines[0].name.text)
    for routine in workflow.routines:
        place = document.in_routine(routine.name.text)
        _check_name(routine.name.text, names, place, context)
        jumps.check_jumps(routine, place, context)
        for site in sites_of(routine, place, scopes):
            for action_check in ACTION_CHECKS.get(type(site.action), ()):
                action_check(site, context)
            for expression in expressions_of(site.action):
                for expression_check in EXPRESSION_CHECKS:
                    expression_check(expression, site, context)
    if not report.has_errors:
        # Of a workflow with errors one cannot say what its author meant to be reached.
        for routine in workflow.routines:
            flow.check_flow(routine, document.in_routine(routine.name.text))


def _check_name(name: str, names: Names, place: Place, context: Context) -> None:
    if name in names.reserved:
        place.error(
            "reserved-name",
            context.routines[name].name.span,
            f"a subworkflow must not be called {quote(name)}: the library has that name",
            "choose another name",
        )
