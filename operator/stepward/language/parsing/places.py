"""Where in a workflow a finding belongs: every message begins with the step, or else the routine."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stepward.language import diagnostics
from stepward.language.source import Source, Span
from stepward.values import limits


@dataclass(slots=True)
class Budget:
    """What may still be spent on one source, so that a small text cannot cost much time."""

    expression_characters: int = limits.EXPANDED_EXPRESSION_CHARACTERS
    """Of expressions to parse: an alias repeats what it stands for without making the text larger."""


@dataclass(frozen=True, slots=True)
class Place:
    """A step, or a routine as a whole."""

    report: diagnostics.Report
    source: Source
    routine: str
    step: str | None = None
    budget: Budget = field(default_factory=Budget)

    def in_routine(self, routine: str) -> "Place":
        """Return the place of another routine of the same source."""
        return Place(self.report, self.source, routine, None, self.budget)

    def at_step(self, step: str) -> "Place":
        """Return the place of *step* in the same routine."""
        return Place(self.report, self.source, self.routine, step, self.budget)

    def error(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Report an error at *span*; the message is led by the step or routine."""
        self.report.error(code, span, f"{self}: {message}", help)

    def warning(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Report a warning at *span*; the message is led by the step or routine."""
        self.report.warning(code, span, f"{self}: {message}", help)

    def did_you_mean(self, word: str, candidates: Iterable[str]) -> str:
        """Return "did you mean 'x'?", or "" if nothing is close."""
        return self.report.did_you_mean(word, candidates)

    def line_of(self, span: Span) -> int:
        """Return the 1-based line of *span*."""
        return self.source.position(span).line

    def __str__(self) -> str:
        return f"step '{self.step}'" if self.step is not None else f"routine '{self.routine}'"
