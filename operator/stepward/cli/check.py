"""`stepward check`: sources in, diagnostics out. `examine` is also the first half of `stepward run`."""

from collections.abc import Sequence
from dataclasses import dataclass

from stepward import stdlib
from stepward.cli import exitcodes, inputs, output, reports
from stepward.language import compilation, diagnostics
from stepward.language.program import Program
from stepward.language.signatures import Library
from stepward.language.source import Source, Span
from stepward.values import limits


@dataclass(frozen=True, slots=True)
class Examined:
    """A source, what there is to say about it, and its program if it is valid."""

    source: Source
    program: Program | None
    report: diagnostics.Report


def examine(path: str, library: Library) -> Examined:
    """Read and compile the source file *path*; CommandError if it cannot be read."""
    content = inputs.read_bytes(path, limits.SOURCE_BYTES)
    # "replace" never shortens: the text of a file that was read in part is still too large.
    source = Source(inputs.display_name(path), content.decode("utf-8", "replace"))
    if len(content) <= limits.SOURCE_BYTES:
        try:
            content.decode()
        except UnicodeDecodeError as failure:
            return Examined(source, None, _not_utf8(content, failure.start))
    program, report = compilation.compile_workflow(source, library)
    return Examined(source, program, report)


def _not_utf8(content: bytes, offset: int) -> diagnostics.Report:
    report = diagnostics.Report()
    start = len(content[:offset].decode())
    message = f"a source must be UTF-8 text; the byte 0x{content[offset]:02x} is not part of any"
    report.error("invalid-character", Span(start, start + 1), message, help="save the file as UTF-8")
    return report


def check(paths: Sequence[str], *, as_json: bool) -> int:
    """Check the source files *paths*, show what there is to say, and return the exit code."""
    if paths.count(inputs.STDIN) > 1:
        raise output.CommandError("standard input can be read only once")
    library = stdlib.library()
    examined = [examine(path, library) for path in paths]
    wrong = [one for one in examined if one.program is None]
    if as_json:
        reports.emit_diagnostics(
            "Invalid" if wrong else "Valid", [(one.report, one.source) for one in examined]
        )
    else:
        for one in examined:
            reports.note_diagnostics(one.report, one.source)
        output.emit("".join(f"{_verdict(one)}\n" for one in examined))
    return exitcodes.INVALID if wrong else exitcodes.OK


def _verdict(one: Examined) -> str:
    name = output.one_line(one.source.name)
    count = sum(
        found.severity == ("error" if one.program is None else "warning") for found in one.report.diagnostics
    )
    if one.program is None:
        return f"{name}: invalid, {count} error{'s' * (count != 1)}"
    return f"{name}: valid" + (f", {count} warning{'s' * (count != 1)}" if count else "")
