"""Syntax tree to `Program`: flat code, slots instead of names, addresses instead of step names.

Runs only on a workflow that the checker found nothing wrong with, so it trusts every name.
"""

import hashlib
from stepward.language import program
from stepward.language.assembly import Assembler
from stepward.language.checker import count_steps
from stepward.language.lowering_blocks import Around, BlockLowering
from stepward.language.names import Names
from stepward.language.scopes import ScopeTable
from stepward.language.source import Source
from stepward.language.syntax import Routine, Workflow


def lower(workflow: Workflow, scopes: ScopeTable, names: Names, source: Source) -> program.Program:
    """Return the program of a checked workflow."""
    index = {routine.name.text: position for position, routine in enumerate(workflow.routines)}
    return program.Program(
        source=source,
        digest=hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest(),
        routines=tuple(_lower_routine(routine, scopes, names, index) for routine in workflow.routines),
        step_count=sum(count_steps(routine.steps) for routine in workflow.routines),
    )


def _lower_routine(
    routine: Routine, scopes: ScopeTable, names: Names, index: dict[str, int]
) -> program.Routine:
    assembler = Assembler()
    scope = scopes[routine]
    lowering = BlockLowering(assembler, names, index, scopes)
    lowering.steps(routine.steps, Around(), scope)
    end = routine.name.span
    last_step = routine.steps[-1].name.text if routine.steps else routine.name.text
    assembler.emit(
        lambda: program.Return(step=last_step, span=end, value=program.Constant(None), implicit=True)
    )
    code, handler_at, handlers = assembler.finish()
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
