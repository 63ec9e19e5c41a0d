"""`for` and `parallel` to instructions."""

from stepward.language import program
from stepward.language.lowering import steps
from stepward.language.lowering.assembly import Label
from stepward.language.lowering.context import Around, Context
from stepward.language.lowering.expressions import lower_template
from stepward.language.program import Expr
from stepward.language.scopes import Scope
from stepward.language.source import Span
from stepward.language.structure import For, Parallel, Step


def lower_for(context: Context, loop: For, scope: Scope) -> None:
    """Lower `for`: the test for a further turn stands behind the body."""
    inner = context.scopes[loop]
    source, bounded, span = _source(context, loop, scope)
    state = scope.layout.allocate()
    scope.layout.allocate()
    value, index = _loop_slots(loop, inner)
    locals_ = tuple(slot for slot in inner.own_slots if slot not in (value, index))
    body, next_, exit_ = Label(), Label(), Label()
    context.emit(
        lambda step: program.LoopStart(
            step=step, span=span, source=source, bounded=bounded, state=state, value=value,
            index=index, locals=locals_, exit=exit_.target,
        )
    )  # fmt: skip
    context.assembler.place(body)
    steps.lower_steps(context, loop.steps, Around(loop_next=next_, loop_exit=exit_), inner)
    context.assembler.place(next_)
    context.emit(
        lambda step: program.LoopNext(
            step=step, span=span, bounded=bounded, state=state, value=value, index=index,
            locals=locals_, body=body.target,
        )
    )  # fmt: skip
    context.assembler.place(exit_)


def _source(context: Context, loop: For, scope: Scope) -> tuple[Expr, bool, Span]:
    """Return what the loop runs over, whether that is a range, and where it stands."""
    template = loop.items or loop.bounds
    assert template is not None, "the parser lets no loop without a source through"
    return lower_template(context, template, scope), loop.items is None, template.span


def _loop_slots(loop: For, inner: Scope) -> tuple[int, int | None]:
    return inner.names[loop.value.text], inner.names[loop.index.text] if loop.index else None


def lower_parallel(context: Context, action: Parallel, scope: Scope) -> None:
    """Lower `parallel`: the fork, a jump over the branches, and the code of each branch."""
    limit = lower_template(context, action.concurrency_limit, scope) if action.concurrency_limit else None
    source = _source(context, action.loop, scope) if action.loop else None
    end, loop_entry = Label(), Label()
    entries = [Label() for _ in action.branches]

    def fork(step: str) -> program.Instruction:
        # Built when all code is emitted: only then are the sizes of the frames known.
        loop = None
        if action.loop and source:
            loop = _iterations(action.loop, context.scopes[action.loop], source, loop_entry)
        branches = (
            program.BranchCode(branch.name.text, entry.target, layout.size, layout.variables)
            for branch, entry in zip(action.branches, entries, strict=True)
            for layout in (context.scopes[branch].layout,)
        )
        return program.Fork(step=step, span=action.keyword, branches=tuple(branches), loop=loop, limit=limit)

    context.emit(fork)
    steps.skip_to(context, end)
    with context.assembler.outside():
        for branch, entry in zip(action.branches, entries, strict=True):
            context.assembler.place(entry)
            _lower_branch(context, branch.steps, branch.name.text, context.scopes[branch], Around(), Label())
        if action.loop:
            context.assembler.place(loop_entry)
            next_ = Label()
            around = Around(loop_next=next_)
            _lower_branch(
                context, action.loop.steps, context.step, context.scopes[action.loop], around, next_
            )
    context.assembler.place(end)


def _iterations(
    loop: For, inner: Scope, source: tuple[Expr, bool, Span], entry: Label
) -> program.IterationCode:
    expr, bounded, span = source
    value, index = _loop_slots(loop, inner)
    return program.IterationCode(
        source=expr,
        span=span,
        bounded=bounded,
        value=value,
        index=index,
        entry=entry.target,
        slots=inner.layout.size,
        variables=inner.layout.variables,
    )


def _lower_branch(
    context: Context, body: tuple[Step, ...], name: str, scope: Scope, around: Around, end: Label
) -> None:
    outer, context.step = context.step, name
    steps.lower_steps(context, body, around, scope)
    context.assembler.place(end)
    context.emit(lambda step: program.EndBranch(step=step, span=program.NOWHERE))
    context.step = outer
