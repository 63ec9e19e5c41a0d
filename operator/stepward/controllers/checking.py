"""From a source to code that runs, or to the first of its problems in one sentence."""

from stepward.controllers.workflow import Checked
from stepward.engine import code
from stepward.language import compilation
from stepward.language.signatures import Library
from stepward.language.source import Source


class Checker:
    """Checks sources against a library. Thread-safe."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def check(self, name: str, text: str) -> Checked:
        """Return what came of the source *text* of the workflow *name*."""
        source = Source(name, text)
        program, report = compilation.compile_workflow(source, self._library)
        if program is not None:
            return Checked(code.link(program, self._library), steps=program.step_count)
        errors = [found for found in report.diagnostics if found.severity == "error"]
        first = errors[0]
        where = source.position(first.span)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        hint = f" - {first.help}" if first.help else ""
        return Checked(problem=f"{where.line}:{where.column}: {first.message}{hint}{more}")
