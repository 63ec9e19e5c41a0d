"""The report of `stepward test` for machines: JUnit's XML, as CI systems read it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from stepward.cli import output

if TYPE_CHECKING:
    from stepward.cli.rehearsal.suite import FileResult, Result


def write(path: str, results: "Sequence[FileResult]") -> None:
    """Write the report of *results* to the file *path*; CommandError if it cannot be written."""
    text = render(results).encode("utf-8", "backslashreplace")
    try:
        Path(path).write_bytes(text)
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise output.CommandError(f"cannot write '{path}': {reason.lower()}") from failure


def render(results: "Sequence[FileResult]") -> str:
    """Return the report: a suite for each file, a test for each case."""
    suites = "".join(map(_suite, results))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="stepward">\n{suites}</testsuites>\n'


def _suite(result: "FileResult") -> str:
    failures = sum(bool(one.findings) for one in result.results)
    seconds = sum(one.seconds for one in result.results)
    tests, errors = len(result.results), 0
    body = "".join(_case(one, result.name) for one in result.results)
    if result.code:
        tests, errors = 1, 1
        body = (
            f"    <testcase name={_quoted(result.name)} classname={_quoted(result.name)}>"
            '<error message="the file could not be run; standard error says why"/></testcase>\n'
        )
    counts = f'tests="{tests}" failures="{failures}" errors="{errors}" time="{seconds:.6f}"'
    return f"  <testsuite name={_quoted(result.name)} {counts}>\n{body}  </testsuite>\n"


def _case(one: "Result", file: str) -> str:
    head = f'    <testcase name={_quoted(one.name)} classname={_quoted(file)} time="{one.seconds:.6f}"'
    if not one.findings:
        return f"{head}/>\n"
    text = escape(output.printable("\n\n".join(one.findings)))
    first = one.findings[0].split("\n")[1:2] or ["failed"]
    message = _quoted(first[0].strip())
    return f"{head}>\n      <failure message={message}>{text}</failure>\n    </testcase>\n"


def _quoted(text: str) -> str:
    return quoteattr(output.printable(text))
