"""Whether what came of a case is what it wants, and if not, what differs: pure, as lines of text."""

import difflib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stepward.cli import output, reports
from stepward.cli.rehearsal.casefile import Case, Wanted
from stepward.cli.rehearsal.patterns import describe
from stepward.cli.rehearsal.rehearse import Performance
from stepward.engine.outcome import Failed, Succeeded
from stepward.language.source import Source, Span
from stepward.values import convert, model

_HINT = "(- expected, + actual):"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that differs: where the case says what is wanted, and the lines that tell the rest."""

    span: Span
    lines: tuple[str, ...]


def findings(case: Case, done: Performance, source: Source) -> list[Finding]:
    """Return what differs from what *case* wants; nothing if it passed. *source* is the workflow's."""
    found = [
        Finding(case.span, tuple(output.printable(line) for line in done.mocks.explain(call)))
        for call in done.mocks.unanswered
    ]
    if found:  # the execution did not get to what the case is about
        return found
    lines = tuple(_outcome(case.wanted, done, source))
    if lines:
        found.append(Finding(case.wanted.span, lines))
    return found + list(_calls(case, done))


def _outcome(wanted: Wanted, done: Performance, source: Source) -> Iterator[str]:
    outcome = done.outcome
    if isinstance(outcome, Succeeded):
        if wanted.fails:
            yield "an error was expected, but the execution succeeded with:"
            yield from _indented(_lines(outcome.value))
        elif wanted.result and not model.equal(outcome.value, wanted.result[0]):
            yield f"the result differs {_HINT}"
            yield from _difference(wanted.result[0], outcome.value)
        return
    differing = list(_error(wanted, outcome)) if wanted.fails else []
    yield from differing
    if differing or not wanted.fails:
        yield "the execution failed:"
        yield from _indented(reports.render_failure(outcome, source).split("\n"))


def _error(wanted: Wanted, failed: Failed) -> Iterator[str]:
    payload = failed.payload
    entries = payload if isinstance(payload, model.Map) else {}
    tags = entries.get("tags")
    for tag in wanted.tags:
        if not isinstance(tags, list) or tag not in tags:
            yield f"the error lacks the tag '{tag}'; its tags: {_short(tags)}"
    message = payload if isinstance(payload, str) else entries.get("message")
    if wanted.message is not None and not (isinstance(message, str) and wanted.message.search(message)):
        yield f"the message does not match '{wanted.message.pattern}': {_short(message)}"
    if wanted.code is not None and entries.get("code") != wanted.code:
        yield f"the code is not {wanted.code}: {_short(entries.get('code'))}"
    if wanted.payload and not model.equal(payload, wanted.payload[0]):
        yield f"the error differs {_HINT}"
        yield from _difference(wanted.payload[0], payload)


def _calls(case: Case, done: Performance) -> Iterator[Finding]:
    """Compare the calls, one by one in their order."""
    if case.calls is None:
        return
    lines, first_wrong = [], None
    for position, (wanted, call) in enumerate(itertools.zip_longest(case.calls, done.mocks.calls)):
        expected = output.one_line(wanted[1].text) if wanted else ""
        actual = output.one_line(describe(call)) if call else ""
        if wanted and call and wanted[1].matches(call):
            lines.append(f"    {actual}")
            continue
        if first_wrong is None:
            first_wrong = case.calls[min(position, len(case.calls) - 1)][0] if case.calls else case.span
        why = output.one_line("; ".join(wanted[1].differences(call))) if wanted and call else ""
        lines += [f"  - {expected}"] if wanted else []
        lines += [f"  + {actual}{f'   ({why})' if why else ''}"] if call else []
    if first_wrong is not None:
        yield Finding(first_wrong, (f"the calls differ {_HINT}", *lines))


def _difference(expected: Any, actual: Any) -> list[str]:
    """Return both values as JSON, with the lines marked that only one of them has."""
    marked = difflib.ndiff(_lines(expected), _lines(actual))
    return [f"  {line}" for line in marked if not line.startswith("?")]


def _lines(value: Any) -> list[str]:
    return output.printable(reports.error_json(value, indent="  ")).split("\n")


def _indented(lines: list[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _short(value: Any) -> str:
    return output.one_line(convert.encode_json(value)) if value is not None else "there is none"
