"""A checked workflow to its program."""

import hashlib

from stepward.language import program
from stepward.language.lowering.context import Around, Context
from stepward.language.lowering.steps import lower_steps
from stepward.language.names import Names
from stepward.language.scopes import ScopeTable
from stepward.language.source import Source
from stepward.language.structure import Routine, Workflow, count_steps


def lower(workflow: Workflow, scopes: ScopeTable, names: Names, source: Source) -> program.Program:
    """Return the program of a checked workflow."""
    index = {routine.name.text: position for position, routine in enumerate(workflow.routines)}
    return program.Program(
        source=source,
        digest=hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest(),
        routines=tuple(
            _lower_routine(routine, Context(names, index, scopes)) for routine in workflow.routines
        ),
        step_count=sum(count_steps(routine.steps) for routine in workflow.routines),
    )


def _lower_routine(routine: Routine, context: Context) -> program.Routine:
    scope = context.scopes[routine]
    lower_steps(context, routine.steps, Around(), scope)
    # The end of the list belongs to the step that control comes from.
    context.step = next((step.name.text for step in reversed(routine.steps) if step.name.text), "")
    end = routine.name.span
    context.emit(
        lambda step: program.Return(step=step, span=end, value=program.Constant(None), implicit=True)
    )
    code, handler_at, handlers = context.assembler.finish()
    return program.Routine(
        name=routine.name.text,
        parameters=tuple(
            program.Parameter(p.name.text, program.Constant(p.default.value) if p.default else None)
            for p in routine.parameters
        ),
        slots=scope.layout.size,
        variables=scope.layout.variables,
        code=code,
        handler_at=handler_at,
        handlers=handlers,
    )
