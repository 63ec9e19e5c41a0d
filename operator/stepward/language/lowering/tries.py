"""`try`, `retry` and `except` to instructions (language.md 2.8).

The body is protected by a handler; the handler's code asks the retry policy, waits, runs the body
again, or enters the `except` block. That code lies outside its own protection.
"""

from dataclasses import dataclass

from stepward.language import program, syntax
from stepward.language.lowering import steps
from stepward.language.lowering.assembly import Label
from stepward.language.lowering.context import Around, Context
from stepward.language.lowering.expressions import calls_out, lower_template
from stepward.language.program import NOWHERE, Binary, Constant, Read, Store
from stepward.language.scopes import Scope
from stepward.language.structure import Except, RetryPolicy, Try
from stepward.language.syntax import Template
from stepward.values import limits


@dataclass(frozen=True, slots=True)
class _Retry:
    """What the code of a handler works with."""

    error: int
    """Slot of the error that was caught."""
    state: int
    """Slot of the policy and what is left of it."""
    body: Label
    give_up: Label


def lower_try(context: Context, action: Try, around: Around, scope: Scope) -> None:
    """Lower `try`, also one without `retry` and `except`, which catches nothing."""
    assembler = context.assembler
    retry_state = scope.layout.allocate()
    body, entry, give_up, end = Label(), Label(), Label(), Label()
    # A `try` counts as the step and as the `try` (section 9): hence the jump to where it goes anyway.
    context.emit(lambda step: program.TryStart(step=step, span=NOWHERE, retry_state=retry_state))
    context.emit(lambda step: program.Jump(step=step, span=NOWHERE, target=body.target))
    assembler.place(body)
    if action.retry is None and action.handler is None:
        steps.lower_steps(context, action.body, around, scope)
        return
    error = assembler.protect(entry, scope.layout)
    steps.lower_steps(context, action.body, around, scope)
    assembler.unprotect()
    steps.skip_to(context, end)
    assembler.place(entry)
    if action.retry:
        _lower_retry(context, action.retry, scope, _Retry(error, retry_state, body, give_up))
    assembler.place(give_up)
    if action.handler is None:
        context.emit(lambda step: program.Rethrow(step=step, span=NOWHERE, error=error))
    else:
        _lower_except(context, action.handler, error, around, scope)
    assembler.place(end)


def _lower_except(context: Context, handler: Except, error: int, around: Around, scope: Scope) -> None:
    inner = context.scopes[handler]
    variable = inner.names[handler.error.text] if handler.error else None
    locals_ = tuple(slot for slot in inner.own_slots if slot != variable)
    context.emit(
        lambda step: program.Catch(
            step=step,
            span=NOWHERE,
            error=error,
            variable=variable,
            # What a failed statement left in temporaries is no longer needed, either.
            locals=(*locals_, *context.temporaries(scope)),
        )
    )
    steps.lower_steps(context, handler.steps, around, inner)


def _lower_retry(context: Context, retry: RetryPolicy, scope: Scope, at: _Retry) -> None:
    answer = scope.layout.allocate()
    start = Label()
    template = retry.policy or _as_map(retry)
    if calls_out(context, template):
        _skip_unless_first(context, at.state, start)
    policy = lower_template(context, template, scope)
    context.assembler.place(start)
    context.emit(
        lambda step: program.RetryStart(
            step=step,
            span=retry.span,
            policy=policy,
            error=at.error,
            retry_state=at.state,
            result=Store(0, answer),
            give_up=at.give_up.target,
        )
    )
    context.emit(
        lambda step: program.RetryWait(
            step=step,
            span=retry.span,
            retry_state=at.state,
            answer=answer,
            body=at.body.target,
            give_up=at.give_up.target,
        )
    )


def _skip_unless_first(context: Context, state: int, start: Label) -> None:
    """Skip what a policy needs when it was evaluated already: that happens once (2.8)."""
    go_on = Label()
    is_first = Binary("==", Read(0, state, ""), Constant(None))
    context.emit_part(
        lambda step: program.Choose(
            step=step, span=NOWHERE, cases=((is_first, go_on.target),), otherwise=start.target, hidden=True
        )
    )
    context.assembler.place(go_on)


def _as_map(retry: RetryPolicy) -> Template:
    """Return the policy as a map like `http.default_retry`, so that it is evaluated in this order."""
    backoff = {
        "initial_delay": retry.initial_delay or _default(limits.RETRY_INITIAL_DELAY_SECONDS),
        "max_delay": retry.max_delay or _default(limits.RETRY_MAX_DELAY_SECONDS),
        "multiplier": retry.multiplier or _default(limits.RETRY_MULTIPLIER),
    }
    assert retry.predicate is not None, "the parser lets no policy without a predicate through"
    return _map(
        {
            "predicate": retry.predicate,
            "max_retries": retry.max_retries or _default(limits.RETRY_MAX_RETRIES),
            "backoff": _map(backoff),
        }
    )


def _default(value: float) -> syntax.Constant:
    return syntax.Constant(NOWHERE, value)


def _map(entries: dict[str, Template]) -> syntax.MapTemplate:
    return syntax.MapTemplate(
        NOWHERE, tuple((syntax.Constant(NOWHERE, key), value) for key, value in entries.items())
    )
