"""`stepward run`: a workflow on this machine, on the operator's own engine and library.

Start-up is most of what a short run costs. So this module imports what every run needs; `world`, which
brings the event loop and the HTTP client, is only for workflows that wait for something, and
`rehearsal` for those that meet mocks instead.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stepward import stdlib
from stepward.cli import check, exitcodes, inputs, jobs, once, output, reports
from stepward.engine import events
from stepward.engine.outcome import Outcome, Succeeded
from stepward.language import compilation
from stepward.values.errors import WorkflowError


class Run(Protocol):
    """One execution, from its start to its outcome."""

    def to_end(self, started: events.Started) -> Outcome:
        """Run from *started* to the outcome."""

    def current_steps(self) -> list[tuple[str, str]]:
        """Return routine and step of every branch, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of `stepward run`."""

    data: str | None = None
    data_file: str | None = None
    assignments: Sequence[str] = ()
    """Variables, each `NAME=VALUE`."""
    workflows: Sequence[str] = ()
    """Workflows that this one may start, each `ID=FILE`."""
    mocks: str | None = None
    """File of what answers in place of the world."""
    auth: bool = False
    """Let requests use the Google credentials of the user."""
    as_json: bool = False


def run(path: str, options: Options) -> int:
    """Run the source file *path* to its end, show its outcome, and return the exit code."""
    files = inputs.parse_workflows(options.workflows)
    _check_options(path, options, files)
    variables = inputs.parse_environment(options.assignments)
    argument = _read_argument(inputs.read_argument_text(options.data, options.data_file))
    library = stdlib.library()
    main, *others = [check.examine(each, library) for each in (path, *files.values())]
    if not _accepted([main, *others], as_json=options.as_json):
        return exitcodes.INVALID
    linked, *startable = [jobs.link(one, library) for one in (main, *others)]
    execution_id = jobs.REHEARSED_ID if options.mocks is not None else str(uuid.uuid4())
    job = jobs.job(
        linked,
        jobs.Begin(time.time(), execution_id, argument, variables),
        {name: jobs.startable(name, one, variables) for name, one in zip(files, startable, strict=True)},
    )
    if options.mocks is not None:
        from stepward.cli.rehearsal import rehearse  # see the head of this file

        return rehearse.run(job, options.mocks, as_json=options.as_json)
    outcome = _to_end(job, auth=options.auth)
    reports.show_outcome(outcome, job.source, as_json=options.as_json)
    return exitcodes.OK if isinstance(outcome, Succeeded) else exitcodes.UNSUCCESSFUL


def _check_options(path: str, options: Options, files: Mapping[str, str]) -> None:
    if path == options.data_file == inputs.STDIN:
        raise output.CommandError("FILE and --data-file cannot both be standard input")
    if [path, options.data_file, options.mocks, *files.values()].count(inputs.STDIN) > 1:
        raise output.CommandError("standard input can be read only once")
    if options.auth and options.mocks is not None:
        raise output.CommandError("--auth has no use with --mocks: nothing is sent")


def _read_argument(text: str | None) -> tuple[Any, ...]:
    """Return the argument, or nothing when there is none: an argument may be null."""
    if text is None:
        return ()
    try:
        return (compilation.read_argument(text),)
    except WorkflowError as failure:
        _, _, reason = failure.value["message"].partition(": ")  # the kind is no news to the caller
        subject = "" if reason.startswith("the argument") else "the argument: "
        raise output.CommandError(output.one_line(subject + reason)) from failure


def _accepted(examined: Sequence[check.Examined], *, as_json: bool) -> bool:
    """Show what there is to say about the sources, and return whether all are valid."""
    valid = all(one.program is not None for one in examined)
    if as_json and not valid:
        reports.emit_diagnostics("Invalid", [(one.report, one.source) for one in examined])
        return False
    for one in examined:
        reports.note_diagnostics(one.report, one.source)
    return valid


def _to_end(job: jobs.Job, *, auth: bool) -> Outcome:
    execution: Run = once.RunAtOnce(job.code)
    if once.waits(job.code):
        from stepward.cli import world  # see the head of this file

        execution = world.RunInWorld(job.code, job.workflows, with_credentials=auth)
    try:
        return execution.to_end(job.started)
    except KeyboardInterrupt:
        steps = execution.current_steps()
        place = f" at {'/'.join(steps[0])}" if steps else ""
        message = f"interrupted: {job.source.name} was abandoned{place}; what it asked for may still happen"
        raise KeyboardInterrupt(output.one_line(message)) from None
