"""`try`, `retry` and `except` to instructions (language.md 2.8).

The body is protected by a handler; the handler's code asks the retry policy, waits, runs the body
again, or enters the `except` block. That code lies outside its own protection.
"""

from typing import TYPE_CHECKING

from stepward.language import program
from stepward.language.assembly import Label
from stepward.language.program import Constant, Expr, MakeMap, Store
from stepward.language.scopes import Scope
from stepward.language.source import Span
from stepward.language.syntax import RetryPolicy, Template, Try
from stepward.values import limits

if TYPE_CHECKING:
    from stepward.language.lowering_blocks import Around, BlockLowering

_NOWHERE = Span(0, 0)


def lower_try(lowering: "BlockLowering", action: Try, around: "Around", scope: Scope) -> None:
    """Lower a `try` step."""
    assembler, step = lowering.assembler, lowering.step
    if action.retry is None and action.handler is None:
        lowering.action(action.body, around, scope)
        return
    retry_state = scope.layout.allocate()
    body, entry, give_up, end = Label(), Label(), Label(), Label()
    # A `try` counts as the step and as the `try` (section 9).
    assembler.emit(lambda: program.TryStart(step=step, span=_NOWHERE, retry_state=retry_state))
    after = assembler.address + 1
    assembler.emit(lambda: program.Jump(step=step, span=_NOWHERE, target=after))
    assembler.place(body)
    error = assembler.protect(entry, scope.layout)
    lowering.action(action.body, around, scope)
    assembler.unprotect()
    assembler.emit(lambda: program.Jump(step=step, span=_NOWHERE, target=end.target, hidden=True))
    assembler.place(entry)
    if action.retry:
        _lower_retry(lowering, action.retry, scope, error, retry_state, body, give_up)
    assembler.place(give_up)
    handler = action.handler
    if handler is None:
        assembler.emit(lambda: program.Rethrow(step=step, span=_NOWHERE, error=error))
    else:
        inner = lowering.scopes[handler]
        variable = inner.names[handler.error.text] if handler.error else None
        locals_ = tuple(slot for slot in inner.own_slots if slot != variable)
        assembler.emit(
            lambda: program.Catch(step=step, span=_NOWHERE, error=error, variable=variable, locals=locals_)
        )
        lowering.steps(handler.steps, around, inner)
    assembler.place(end)


def _lower_retry(
    lowering: "BlockLowering",
    retry: RetryPolicy,
    scope: Scope,
    error: int,
    retry_state: int,
    body: Label,
    give_up: Label,
) -> None:
    assembler, step = lowering.assembler, lowering.step
    answer = scope.layout.allocate()
    policy = _policy(lowering, retry, scope)
    assembler.emit(
        lambda: program.RetryStart(
            step=step,
            span=retry.span,
            policy=policy,
            error=error,
            retry_state=retry_state,
            result=Store(0, answer),
            give_up=give_up.target,
        )
    )
    assembler.emit(
        lambda: program.RetryWait(
            step=step,
            span=retry.span,
            retry_state=retry_state,
            answer=answer,
            body=body.target,
            give_up=give_up.target,
        )
    )


def _policy(lowering: "BlockLowering", retry: RetryPolicy, scope: Scope) -> Expr:
    if retry.policy:
        return lowering.expressions.template(retry.policy, scope)

    def value(template: Template | None, default: int | float) -> Expr:
        return lowering.expressions.template(template, scope) if template else Constant(default)

    assert retry.predicate is not None
    backoff = MakeMap(
        (
            (Constant("initial_delay"), value(retry.initial_delay, limits.RETRY_INITIAL_DELAY_SECONDS)),
            (Constant("max_delay"), value(retry.max_delay, limits.RETRY_MAX_DELAY_SECONDS)),
            (Constant("multiplier"), value(retry.multiplier, limits.RETRY_MULTIPLIER)),
        )
    )
    return MakeMap(
        (
            (Constant("predicate"), lowering.expressions.template(retry.predicate, scope)),
            (Constant("max_retries"), value(retry.max_retries, limits.RETRY_MAX_RETRIES)),
            (Constant("backoff"), backoff),
        )
    )
