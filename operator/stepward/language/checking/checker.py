"""All checks of a workflow: a list of functions, each reporting everything it finds."""

from collections.abc import Callable
from typing import Final, TypeAlias

from stepward.language.checking import calls, flow, jumps, retries, surprises, variables
from stepward.language.checking.sites import Context, Site, sites_of
from stepward.language.diagnostics import Report
from stepward.language.names import Names
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import quote
from stepward.language.scopes import ScopeTable
from stepward.language.source import Source
from stepward.language.structure import Workflow

Check: TypeAlias = Callable[[Site, Context], None]

CHECKS: Final[tuple[Check, ...]] = (
    variables.check_reads,
    variables.check_writes,
    variables.check_shared,
    variables.check_loop_variables,
    variables.check_error_variable,
    calls.check_call_step,
    calls.check_calls_in_expressions,
    retries.check_predicate,
    surprises.check_precedence,
    surprises.check_order_of_conditions,
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
            for one in CHECKS:
                one(site, context)
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
