"""`stepward test`: runs the cases of many files, and says how they fared.

One process, no event loop: time is virtual, so a thousand cases take as long as their steps.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stepward import stdlib
from stepward.cli import check, exitcodes, jobs, output, reports
from stepward.cli.rehearsal import casefile, junit, rehearse, verdict
from stepward.cli.rehearsal.casefile import Case, CaseFile, Reference
from stepward.cli.rehearsal.mocks import Callback, Mock, note_leftovers
from stepward.cli.rehearsal.reader import load
from stepward.language.source import Source
from stepward.runtime.simulation import EPOCH, Arrival
from stepward.stdlib.registry import StandardLibrary

_NAMES: Final = ("_test.yaml", ".test.yaml")


@dataclass(slots=True)
class Result:
    """How one case fared."""

    name: str
    seconds: float
    findings: Sequence[str] = ()
    """What differs, as text; nothing if it passed."""


@dataclass(slots=True)
class FileResult:
    """How one file fared."""

    name: str
    results: list[Result] = field(default_factory=list)
    code: int = exitcodes.OK
    """USAGE if the file itself is wrong, INVALID if a workflow is."""


def run(paths: Sequence[str], *, wanted: str, junit_file: str | None) -> int:
    """Run the cases below *paths* whose name, or whose file's, holds *wanted*; return the exit code."""
    files = list(dict.fromkeys(found for path in paths for found in _found(path)))
    if not files:
        raise output.CommandError(f"there is no file *{_NAMES[0]} or *{_NAMES[1]} in {', '.join(paths)}")
    suite = _Suite(wanted.casefold())
    results = [result for result in map(suite.run, files) if result.results or result.code]
    if not results:
        raise output.CommandError(f"no case has '{wanted}' in its name")
    output.emit(_summary(results))
    if junit_file is not None:
        junit.write(junit_file, results)
    codes = {result.code for result in results}
    if any(one.findings for result in results for one in result.results):
        codes.add(exitcodes.UNSUCCESSFUL)
    return next(
        code
        for code in (exitcodes.USAGE, exitcodes.INVALID, exitcodes.UNSUCCESSFUL, exitcodes.OK)
        if code in codes
    )


def _found(path: str) -> Iterator[str]:
    """Yield the files of cases that *path* means: itself, or those below it."""
    if not Path(path).is_dir():
        yield path
        return
    for folder, folders, names in os.walk(os.path.normpath(path)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(_NAMES))  # noqa: PTH118


def _summary(results: Sequence[FileResult]) -> str:
    cases = [one for result in results for one in result.results]
    failed = sum(bool(one.findings) for one in cases)
    wrong = sum(result.code != exitcodes.OK for result in results)
    parts = [f"{len(cases) - failed} passed", f"{failed} failed"]
    if wrong:
        parts.append(f"{wrong} file{'s' * (wrong != 1)} could not be run")
    return (
        f"{len(results)} file{'s' * (len(results) != 1)}, {len(cases)} case{'s' * (len(cases) != 1)}: "
        f"{', '.join(parts)}\n"
    )


class _Suite:
    """Runs files of cases."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._library: StandardLibrary = stdlib.library()

    def run(self, path: str) -> FileResult:
        """Run the cases of one file that are wanted, and tell how they fared."""
        source = load(path)
        result = FileResult(output.one_line(source.name))
        file, report = casefile.read(source)
        reports.note_diagnostics(report, source)
        if file is None:
            result.code = exitcodes.USAGE
            return self._told(result)
        cases = [case for case in file.cases if self._wanted in f"{path}\n{case.name}".casefold()]
        if not cases:
            return result
        linked = self._sources(file, path)
        if isinstance(linked, int):
            result.code = linked
            return self._told(result)
        self._run_cases(file, cases, linked, result)
        return self._told(result)

    def _sources(self, file: CaseFile, path: str) -> dict[str, jobs.Linked] | int:
        """Return the workflow, under "", and those it may start; or the exit code if one is wrong."""
        references: dict[str, Reference] = {"": file.workflow, **file.workflows}
        found, code = {}, exitcodes.OK
        for name, reference in references.items():
            try:
                one = check.examine(os.path.normpath(Path(path).parent / reference.path), self._library)
            except output.CommandError as failure:
                reports.note_finding("invalid-test", str(failure), reference.span, file.source)
                return exitcodes.USAGE
            reports.note_diagnostics(one.report, one.source)
            if one.program is None:
                code = exitcodes.INVALID
            else:
                found[name] = jobs.link(one, self._library)
        return found if code == exitcodes.OK else code

    def _run_cases(
        self, file: CaseFile, cases: Sequence[Case], linked: dict[str, jobs.Linked], result: FileResult
    ) -> None:
        used: set[int] = set()
        mocks: dict[int, Mock] = {}
        callbacks: list[tuple[Callback, Arrival]] = []
        for case in cases:
            began = time.perf_counter()
            done = rehearse.perform(_job(case, linked), case.setting, show_logs=False)
            found = verdict.findings(case, done, linked[""].source)
            lasted = time.perf_counter() - began
            told = [_text(one, case, file.source) for one in found]
            logs = [f"  log: {line}" for line in done.mocks.logs[-reports.LINES :]] if told else []
            told[-1:] = ["\n".join([last, *logs]) for last in told[-1:]]
            result.results.append(Result(case.name, lasted, told))
            mocks.update({id(mock): mock for mock in case.setting.mocks})
            if found:  # what a failure cut off is no mistake of the file's
                used.update(map(id, case.setting.mocks))
            else:
                used.update({id(mock) for mock in case.setting.mocks} - {id(m) for m in done.mocks.unused()})
                callbacks += done.callbacks
        if len(cases) == len(file.cases):  # what the others are for, nobody knows now
            note_leftovers([mock for key, mock in mocks.items() if key not in used], callbacks)

    def _told(self, result: FileResult) -> FileResult:
        lines = [result.name + (": could not be run" if result.code else "")]
        lines += [f"  {'FAILED' if one.findings else 'ok    '}  {one.name}" for one in result.results]
        for one in result.results:
            for finding in one.findings:
                lines += ["", finding]
        output.emit("\n".join(lines) + "\n\n")
        return result


def _job(case: Case, linked: dict[str, jobs.Linked]) -> jobs.Job:
    begin = jobs.Begin(EPOCH, jobs.REHEARSED_ID, case.argument, case.variables)
    others = {name: jobs.startable(name, one, case.variables) for name, one in linked.items() if name}
    return jobs.job(linked[""], begin, others)


def _text(finding: verdict.Finding, case: Case, source: Source) -> str:
    """Return *finding* as people read it: the place, the case, what differs."""
    position = source.position(finding.span)
    place = f"{output.one_line(source.name)}:{position.line}:{position.column}"
    return "\n".join([f"{place}: {output.one_line(case.name)}", *(f"  {line}" for line in finding.lines)])
