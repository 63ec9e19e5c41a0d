"""How diagnostics and outcomes are told: JSON for machines, carets and words for people."""

import base64
import bisect
import json
from collections.abc import Iterable
from typing import Any, Final

from stepward.cli.output import emit, note, one_line, printable
from stepward.engine import effects
from stepward.engine.outcome import Failed, Outcome, StackElement, Succeeded
from stepward.language import diagnostics
from stepward.language.source import Source, Span
from stepward.values import convert, model
from stepward.values.errors import WorkflowError

LINES: Final = 20
LINE_CHARACTERS: Final = 1_000
"""Of each part of an error that is shown to people; machines get all of it."""


def note_diagnostics(report: diagnostics.Report, source: Source) -> None:
    """Show what was found in *source*, if anything, with carets."""
    shown = diagnostics.render_all(report, source)
    if shown:
        note(shown)


def note_finding(code: str, message: str, span: Span, source: Source) -> None:
    """Show one error that is found outside of a check, with a caret."""
    note(diagnostics.render(diagnostics.Diagnostic("error", code, span, message), source))


def emit_diagnostics(state: str, found: Iterable[tuple[diagnostics.Report, Source]]) -> None:
    """Write *state* and the diagnostics of all sources as one JSON object."""
    listed = [diagnostics.to_json(one, source) for report, source in found for one in report.diagnostics]
    emit(f'{{"state":"{state}","diagnostics":{_json(listed)}}}\n')


def show_outcome(outcome: Outcome, source: Source, *, as_json: bool) -> None:
    """Say how an execution of *source* ended: to machines, or to people."""
    if as_json:
        emit_outcome(outcome)
    elif isinstance(outcome, Succeeded):
        emit_result(outcome.value)
    else:
        note(render_failure(outcome, source))


def emit_outcome(outcome: Outcome) -> None:
    """Write how an execution ended as one JSON object; the keys of values are sorted."""
    if isinstance(outcome, Succeeded):
        emit(f'{{"state":"Succeeded","result":{convert.encode_json(outcome.value)}}}\n')
        return
    stack = _json([_stack_element(frame) for frame in outcome.stack])
    payload, context = error_json(outcome.payload), _json(outcome.context)
    error = f'{{"payload":{payload},"context":{context},"stackTrace":{stack}}}'
    emit(f'{{"state":"Failed","error":{error}}}\n')


def error_json(payload: Any, indent: str | None = None) -> str:
    """Return the JSON of an error's *payload*; bytes in it, such as the body of an answer, as base64."""
    try:
        return convert.encode_json(payload, indent=indent)
    except WorkflowError:
        return convert.encode_json(_without_bytes(payload), indent=indent)


def _without_bytes(value: Any) -> Any:
    if isinstance(value, model.Map):
        return model.Map({key: _without_bytes(item) for key, item in value.items()})
    if isinstance(value, model.List):
        return model.List([_without_bytes(item) for item in value])
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value) if isinstance(value, model.FunctionRef) else value


def _stack_element(frame: StackElement) -> dict[str, Any]:
    # Positions are decimal text because they are in Google's API.
    position = {"line": str(frame.line), "column": str(frame.column), "length": str(frame.length)}
    return {"step": frame.step, "routine": frame.routine, "position": position}


def _json(plain: Any) -> str:
    # Unlike orjson, this lets lone surrogates through; `emit` escapes them.
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def emit_result(value: Any) -> None:
    """Write the result of an execution for people: JSON, indented."""
    emit(printable(convert.encode_json(value, indent="  ")) + "\n")


def render_failure(failed: Failed, source: Source) -> str:
    """Return why an execution of *source* failed: place, message, the failing piece, the stack."""
    name = one_line(source.name)
    frames = [
        one_line(f"{frame.routine}/{frame.step} ({name}:{frame.line}:{frame.column})")
        for frame in failed.stack
    ]
    # The last lines of the context are the stack in Google's words; ours follows below.
    message = failed.context.split("\n")[: -len(frames) or None]
    lines = [f"error: {name} failed" + (f" at {frames[0]}" if frames else ""), *_bounded(message)]
    if frames:
        lines += _snippet(failed.stack[0], source)
    if len(frames) > 1:
        lines += [f"  at {frame}" for frame in frames]
    return "\n".join(lines + _details(failed.payload))


def _snippet(frame: StackElement, source: Source) -> list[str]:
    offsets = range(len(source.text) + 1)
    line_start = bisect.bisect_left(offsets, frame.line, key=lambda at: source.position(Span(at, at)).line)
    start = line_start + frame.column - 1
    finding = diagnostics.Diagnostic("error", "", Span(start, start + frame.length), "")
    return diagnostics.render(finding, source).split("\n")[1:]  # without the headline, which is a checker's


def _details(payload: Any) -> list[str]:
    """Return what an error map holds beyond message and tags, such as the answer of a server."""
    if type(payload) is not model.Map or not {"message", "tags"} <= payload.keys():
        return []
    rest = model.Map({key: item for key, item in payload.items() if key not in {"message", "tags"}})
    return _bounded(error_json(rest, indent="  ").split("\n")) if rest else []


def render_log(entry: effects.Log) -> str:
    """Return what `sys.log` writes: one line, JSON if the entry is structured."""
    if type(entry.payload) is model.Map:
        payload = convert.encode_json(entry.payload)
        return printable(f'{{"severity":"{entry.severity}","jsonPayload":{payload}}}')
    text = str(entry.payload).replace("\\", "\\\\").replace("\n", "\\n")
    return printable(f"[{entry.severity}] {text}")


def _bounded(lines: list[str]) -> list[str]:
    """Return *lines* as they may be shown to people: indented, printable, and not too many."""
    shown = [f"  {printable(line[:LINE_CHARACTERS])}" for line in lines[:LINES]]
    return [*shown, f"  ... ({len(lines) - LINES} more lines)"] if len(lines) > LINES else shown
