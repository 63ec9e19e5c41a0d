"""From text to `Program`: the passes of this floor in their order."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from stepward.language import diagnostics, scopes, yamltree
from stepward.language.checking import checker
from stepward.language.lowering import routines
from stepward.language.names import Names
from stepward.language.parsing.workflow import parse_workflow
from stepward.language.program import Program
from stepward.language.signatures import Library
from stepward.language.source import Source
from stepward.values import convert, errors, limits, model
from stepward.values.model import Value


def compile_workflow(source: Source, library: Library) -> tuple[Program | None, diagnostics.Report]:
    """Return the program of *source* and what there is to say about it.

    The program is None exactly if the report has errors. No text raises anything.
    """
    with _without_collection():
        return _compile(source, library)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep the garbage collector still: all that is made here is needed to the end."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _compile(source: Source, library: Library) -> tuple[Program | None, diagnostics.Report]:
    report = diagnostics.Report()
    root = yamltree.compose(source, report)
    workflow = parse_workflow(root, source, report) if root is not None else None
    if workflow is None:
        return None, report
    names = Names({routine.name.text: routine for routine in workflow.routines}, library)
    table: scopes.ScopeTable = {}
    for routine in workflow.routines:
        table |= scopes.build_scopes(routine)
    checker.check(workflow, table, names, source, report)
    if report.has_errors:
        return None, report
    return routines.lower(workflow, table, names, source), report


def read_argument(text: str) -> Value:
    """Return the value of an execution argument: JSON, or the same YAML as a workflow.

    Raises WorkflowError (ValueError) that says what is wrong and where.
    """
    if len(text.encode("utf-8", "surrogatepass")) > limits.ARGUMENT_BYTES:
        raise errors.value_error(
            f"the argument must not be larger than {limits.ARGUMENT_BYTES // limits.KIB} KiB"
        )
    try:
        return convert.decode_json(text)
    except errors.WorkflowError as failure:
        if failure.fatal:
            raise
    source = Source("argument", text)
    report = diagnostics.Report()
    root = yamltree.compose(source, report, limit_bytes=limits.ARGUMENT_BYTES)
    if root is None or report.has_errors:
        first = next(iter(report.diagnostics), None)
        where = source.position(first.span) if first else None
        what = (
            f"line {where.line}, column {where.column}: {first.message}" if first and where else "it is empty"
        )
        raise errors.value_error(f"the argument is neither JSON nor YAML: {what}")
    return model.adopt(plain(root))


def plain(node: yamltree.Node) -> object:
    """Return the plain Python data of *node*."""
    match node:
        case yamltree.ScalarNode():
            return node.value
        case yamltree.ListNode():
            return [plain(item) for item in node.items]
        case yamltree.MapNode():
            return {str(entry.key.value): plain(entry.value) for entry in node.entries}
