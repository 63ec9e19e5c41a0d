"""Checks that every variable exists where it is used, and may be written there (1.6, section 4)."""

from itertools import islice

from stepward.language.checking.sites import Context, Site
from stepward.language.names import library_value
from stepward.language.parsing.words import quote
from stepward.language.scopes import Scope
from stepward.language.source import Span
from stepward.language.structure import Assign, Call, Except, For, Name, Parallel, Try
from stepward.language.syntax import Expression, Index, Member, Variable, chain, children


def check_expression(expression: Expression, site: Site, context: Context) -> None:
    """Report names in *expression* that are no variables there."""
    stack = [expression]
    while stack:
        root, accesses = chain(stack.pop())
        if isinstance(root, Variable):
            _check_read(root, accesses, site, context)
        else:
            stack += children(root)
        stack += [access.index for access in accesses if isinstance(access, Index)]


def _check_read(root: Variable, accesses: tuple[Member | Index, ...], site: Site, context: Context) -> None:
    """Report *root* unless it is a variable, or begins the name of a library value."""
    name = root.name
    if site.scope.find(name) or library_value(name, accesses, context.names):
        return
    function = _function_named(root, accesses, context)
    if function:
        title, text, span = function
        message = f"{quote(text)} is a {title}, which is no value"
        site.place.error("function-as-value", span, message, f"call it: {text}({_arguments(text, context)})")
        return
    report_unknown(Name(root.span, name), site, context)


def _function_named(
    root: Variable, accesses: tuple[Member | Index, ...], context: Context
) -> tuple[str, str, Span] | None:
    """Return what kind of function the chain names, its name, and where it stands."""
    if root.name in context.names.routines:
        return "subworkflow", root.name, root.span
    name: str = root.name
    reached: list[tuple[str, Expression]] = [(name, root)]
    for access in accesses:
        if not isinstance(access, Member):
            break
        name += f".{access.name}"
        reached.append((name, access))
    for text, part in reached:
        if context.names.signature(text):
            return "function", text, Span(root.span.start, part.span.end)
    return None


def _arguments(name: str, context: Context) -> str:
    signature = context.names.signature(name)
    routine = context.names.routines.get(name)
    takes = routine.parameters if routine else signature.parameters if signature else ()
    return "…" if takes else ""


def report_unknown(name: Name, site: Site, context: Context, help: str = "") -> None:
    """Report a name that is no variable here."""
    site.place.error(
        "unknown-variable",
        name.span,
        f"symbol '{name.text}' is neither a variable nor a sub-workflow name",
        help or _where_it_is(name.text, site, context),
    )


def _where_it_is(name: str, site: Site, context: Context) -> str:
    here = _routine_of(site.scope)
    others = context.variables.get(name, [])
    nearby = [scope for scope in others if _routine_of(scope) is here]
    if nearby:
        return f"{quote(name)} exists only in {nearby[0].title}; assign it before that"
    similar = site.place.did_you_mean(name, site.scope.visible())
    if similar:
        return similar
    if name in context.names.modules:
        return f"{quote(name)} is a module of the library: call one of its functions"
    if others:
        title = _routine_of(others[0]).title
        return f"{quote(name)} is a variable of {title}: to pass it on, add a parameter to `params`"
    shown = ", ".join(islice(site.scope.visible(), 10))
    return f"variables in scope: {shown}" if shown else ""


def _routine_of(scope: Scope) -> Scope:
    while scope.parent:
        scope = scope.parent
    return scope


def check_writes(site: Site, _: Context) -> None:
    """Report writes of a branch to variables around its parallel step that are not shared (2.6)."""
    match site.action:
        case Assign():
            for assignment in site.action.assignments:
                root, _accesses = chain(assignment.target)
                if isinstance(root, Variable):
                    _check_write(Name(root.span, root.name), site)
        case Call(result=Name() as result):
            _check_write(result, site)
        case _:
            pass


def _check_write(name: Name, site: Site) -> None:
    home = site.scope.find(name.text)
    if home is None:
        return
    for branch in home.crossed:
        if branch.shared is not None and name.text not in branch.shared:
            step = branch.step
            site.place.error(
                "unshared-variable",
                name.span,
                f"variable {quote(name.text)} belongs to the steps around the parallel step '{step}' "
                "and is not in its 'shared'",
                f"add {quote(name.text)} to `shared` of step '{step}'"
                if branch.shared
                else f"add `shared: [{name.text}]` to step '{step}', or use a variable of the branch",
            )
            return


def check_shared(site: Site, context: Context) -> None:
    """Report shared variables that do not exist around the parallel step, or are not shared there."""
    if not isinstance(site.action, Parallel):
        return
    for name in site.action.shared:
        if site.scope.find(name.text):
            _check_write(name, site)
        else:
            report_unknown(name, site, context, "shared variables are assigned before the parallel step")


def check_loop_variables(site: Site, _: Context) -> None:
    """Report loop variables that an enclosing loop uses already, or that hide another variable."""
    if not isinstance(site.action, For):
        return
    for name in (site.action.value, site.action.index):
        if name is None or not name.text:
            continue
        if name.text in site.loop_variables:
            site.place.error(
                "loop-variable-reused",
                name.span,
                f"loop variable {quote(name.text)} is already the variable of a loop around this one",
                "rename it",
            )
        elif site.scope.find(name.text):
            _warn_hidden("loop variable", name, site)


def check_error_variable(site: Site, _: Context) -> None:
    """Warn of a variable of `as` that hides a variable, other than the error of an enclosing block."""
    if not isinstance(site.action, Try) or not site.action.handler or not site.action.handler.error:
        return
    name = site.action.handler.error
    home = site.scope.find(name.text)
    if home and not isinstance(home.scope.owner, Except):
        _warn_hidden("error variable", name, site)


def _warn_hidden(kind: str, name: Name, site: Site) -> None:
    message = f"{kind} {quote(name.text)} hides the variable {quote(name.text)} of the steps around it"
    site.place.warning("hidden-variable", name.span, message, "rename one of them")
