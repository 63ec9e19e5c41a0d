"""From a failure to where it is caught, or to the error of the execution (language.md 5.5, 5.7)."""

from typing import Any

from stepward.engine.code import Code
from stepward.engine.outcome import Failed, StackElement
from stepward.engine.state import Branch, Frame, State
from stepward.language.source import Span
from stepward.values import convert, errors
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map, Value


def stack_of(code: Code, state: State, branch: Branch, span: Span | None) -> list[StackElement]:
    """Return the stack of *branch*, innermost first; *span* is what its innermost frame executes."""
    elements = []
    current: Branch | None = branch
    skip_top = False
    while current is not None:
        frames = current.frames[:-1] if skip_top else current.frames
        for frame in reversed(frames):
            elements.append(_element(code, frame, span))
            span = None
        # the base frame of a branch stands for the frame that forked it
        skip_top = True
        current = state.branches.get(current.parent)
    return elements


def _element(code: Code, frame: Frame, span: Span | None) -> StackElement:
    routine = code.routines[frame.routine].routine
    instruction = routine.code[frame.address]
    position = code.program.source.position(span or instruction.span)
    return StackElement(instruction.step, routine.name, position.line, position.column, position.length)


def context_of(payload: Value, stack: list[StackElement]) -> str:
    """Return the text of `error.context`: the message, then a line per frame."""
    lines = [_headline(payload)]
    lines += [f'in step "{e.step}", routine "{e.routine}", line: {e.line}' for e in stack]
    return "\n".join(lines)


def _headline(payload: Value) -> str:
    if type(payload) is Map:
        message = payload.get("message")
        if type(message) is str and type(payload.get("tags")) is List:
            return message
    try:
        return f"RuntimeError: {convert.encode_json(payload)}"
    except WorkflowError:
        return "RuntimeError: a value that has no JSON form"


def failed(payload: Value, stack: list[StackElement]) -> Failed:
    """Return the outcome of an execution that *payload* ended."""
    return Failed(payload, context_of(payload, stack), tuple(stack))


def record(failure: WorkflowError, stack: list[StackElement]) -> Map:
    """Return what a handler keeps of a failure, in a hidden slot."""
    return Map(
        {
            "value": failure.value,
            "raised": failure.raised,
            "stack": List(List([e.step, e.routine, e.line, e.column, e.length]) for e in stack),
        }
    )


def stack_from(recorded: Map) -> list[StackElement]:
    """Return the stack that `record` kept."""
    return [StackElement(*element) for element in recorded["stack"]]


def unhandled_branches(branch_errors: list[dict[str, Any]], *, truncated: bool) -> WorkflowError:
    """Return the error of a parallel step some of whose branches failed (5.5)."""
    tags = ["UnhandledBranchError"]
    for item in branch_errors:
        payload = item["payload"]
        inner = payload.get("tags") if type(payload) is Map else None
        if type(inner) is List:
            tags += [tag for tag in inner if type(tag) is str and tag not in tags]
        if item["raised"] and "RuntimeError" not in tags:
            tags.append("RuntimeError")
    failure = errors.error(
        "UnhandledBranchError",
        "One or more branches or iterations encountered an unhandled runtime error",
        branches=List(
            Map(
                {
                    "id": item["id"],
                    "error": Map({"context": item["context"], "payload": item["payload"]}),
                }
            )
            for item in branch_errors
        ),
        truncated=truncated,
    )
    failure.value["tags"] = List(tags)
    return WorkflowError(Map(failure.value))
