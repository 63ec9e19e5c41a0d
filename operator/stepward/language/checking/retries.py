"""Checks of retry policies: what `predicate` names (language.md 2.8)."""

from stepward.language.checking import calls, variables
from stepward.language.checking.sites import Context, Site
from stepward.language.parsing.words import quote
from stepward.language.structure import Try
from stepward.language.syntax import FunctionCall, Interpolation, Variable, chain


def check_predicate(site: Site, context: Context) -> None:
    """Report a predicate that is none: a subworkflow of one required parameter, or one of the library."""
    retry = site.action.retry if isinstance(site.action, Try) else None
    predicate = retry.predicate if retry else None
    if not isinstance(predicate, Interpolation):
        return
    expression = predicate.expression
    root, accesses = chain(expression)
    names = context.names
    if isinstance(root, Variable) and not accesses and not site.scope.find(root.name):
        routine = names.routines.get(root.name)
        if routine:
            required = sum(parameter.default is None for parameter in routine.parameters)
            if required != 1:
                message = (
                    f"predicate {quote(root.name)} must have exactly one required parameter, the error; "
                    f"it has {required}"
                )
                help_ = "give the others defaults" if required else "add it: `params: [e]`"
                site.place.error("invalid-predicate", predicate.span, message, help_)
            return
    if isinstance(expression, FunctionCall) and names.is_predicate(expression.name):
        message = f"'predicate' names a function and does not call it; got '{expression.name}(…)'"
        site.place.error("invalid-predicate", predicate.span, message, f"write ${{{expression.name}}}")
        return
    variables.check_expression(expression, site, context)
    calls.check_expression(expression, site, context)
