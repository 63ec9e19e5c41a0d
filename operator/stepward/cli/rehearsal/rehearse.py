"""Runs executions against mocks: for `stepward run --mocks`, and each case of `stepward test`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stepward.cli import exitcodes, jobs, output, reports
from stepward.cli.rehearsal import mockfile
from stepward.cli.rehearsal.mocks import Callback, Mocks, Setting, note_leftovers
from stepward.cli.rehearsal.reader import load
from stepward.engine.outcome import Outcome, Succeeded
from stepward.runtime.children import Family
from stepward.runtime.simulation import EPOCH, Arrival, Simulation


@dataclass(frozen=True, slots=True)
class Performance:
    """What came of a rehearsal."""

    outcome: Outcome
    mocks: Mocks
    callbacks: Sequence[tuple[Callback, Arrival]]
    """Each request to a callback, and how it fared."""

    @property
    def succeeded(self) -> bool:
        """Whether the execution did, and nothing it started met a call that no mock answers."""
        return isinstance(self.outcome, Succeeded) and not self.mocks.unanswered


def run(job: jobs.Job, path: str, *, as_json: bool) -> int:
    """Run *job* against the file of mocks *path*, show the outcome, and return the exit code."""
    source = load(path)
    setting, report = mockfile.read(source)
    if report.has_errors:
        reports.note_diagnostics(report, source)
        return exitcodes.USAGE
    done = perform(job, setting)
    reports.show_outcome(done.outcome, job.source, as_json=as_json)
    for call in done.mocks.unanswered:
        output.note("\n".join(done.mocks.explain(call)))
    if not done.mocks.unanswered:  # what the end cut off is no mistake of the file's
        note_leftovers(done.mocks.unused(), done.callbacks)
    return exitcodes.OK if done.succeeded else exitcodes.UNSUCCESSFUL


def perform(job: jobs.Job, setting: Setting, *, show_logs: bool = True) -> Performance:
    """Run *job* to its end in virtual time."""
    mocks = Mocks(setting.mocks, show_logs)
    callbacks = [(callback, replace(callback.arrival)) for callback in setting.callbacks]
    simulation = Simulation(mocks, Family(job.workflows), [arrival for _, arrival in callbacks])
    started = replace(job.started, at=EPOCH if setting.now is None else setting.now)
    return Performance(simulation.run(job.code, started), mocks, callbacks)
