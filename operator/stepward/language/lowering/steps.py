"""Step lists and jumps to instructions, and the table of all actions."""

from stepward.language import program
from stepward.language.lowering import actions, loops, tries
from stepward.language.lowering.assembly import Label
from stepward.language.lowering.context import Around, Context
from stepward.language.program import Constant
from stepward.language.scopes import Scope
from stepward.language.structure import (
    Action,
    Assign,
    Call,
    For,
    Name,
    Parallel,
    Raise,
    Return,
    Step,
    Steps,
    Switch,
    Try,
)


def lower_steps(context: Context, steps: tuple[Step, ...], around: Around, scope: Scope) -> None:
    """Lower a step list; control falls out at its end."""
    labels = {step.name.text: Label() for step in steps if step.name.text}
    inside = around.inside(labels)
    outer = context.step
    for step in steps:
        if step.name.text:
            context.step = step.name.text
            context.assembler.place(labels[step.name.text])
        if step.action:
            lower_action(context, step.action, inside, scope)
        if step.next:
            lower_jump(context, step.next, inside)
    context.step = outer


def lower_jump(context: Context, target: Name, around: Around) -> None:
    """Lower `next`. A step of that name wins over the special targets."""
    span = target.span
    label = around.find(target.text)
    if label is None and target.text == "end":
        context.emit(lambda step: program.Return(step=step, span=span, value=Constant(None)))
        return
    if label is None:
        label = around.loop_exit if target.text == "break" else around.loop_next
    assert label is not None, "the checks let no unknown target through"
    found = label
    context.emit(lambda step: program.Jump(step=step, span=span, target=found.target))


def lower_action(context: Context, action: Action, around: Around, scope: Scope) -> None:
    """Lower one action; control falls out at its end."""
    match action:
        case Assign():
            actions.lower_assign(context, action, scope)
        case Call():
            actions.lower_call(context, action, scope)
        case Switch():
            actions.lower_switch(context, action, around, scope)
        case For():
            loops.lower_for(context, action, scope)
        case Parallel():
            loops.lower_parallel(context, action, scope)
        case Steps():
            lower_steps(context, action.steps, around, scope)
        case Try():
            tries.lower_try(context, action, around, scope)
        case Raise():
            actions.lower_raise(context, action, scope)
        case Return():
            actions.lower_return(context, action, scope)


def skip_to(context: Context, label: Label) -> None:
    """Emit a jump that the author did not write."""
    context.emit(lambda step: program.Jump(step=step, span=program.NOWHERE, target=label.target, hidden=True))
