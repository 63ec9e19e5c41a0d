"""From a failure to where it is caught, or to the error of the execution (language.md 5.5, 5.7)."""

from stepward.engine.code import Code
from stepward.engine.outcome import Failed, StackElement
from stepward.engine.state import Branch, BranchError, Frame, State
from stepward.language.source import Span
from stepward.values import convert, errors, limits
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map, Value


def stack_of(code: Code, state: State, branch: Branch, span: Span | None) -> tuple[StackElement, ...]:
    """Return the stack of *branch*, innermost first; *span* is what its innermost frame executes."""
    elements = []
    current: Branch | None = branch
    frames = branch.frames
    while current is not None:
        for frame in reversed(frames):
            elements.append(_element(code, frame, span))
            span = None
        current = state.branches.get(current.parent)
        # the base frame of a branch stands for the frame that forked it
        frames = current.frames[:-1] if current else []
    return tuple(elements)


def _element(code: Code, frame: Frame, span: Span | None) -> StackElement:
    routine = code.routines[frame.routine].routine
    instruction = routine.code[frame.address]
    position = code.program.source.position(span or instruction.span)
    return StackElement(instruction.step, routine.name, position.line, position.column, position.length)


def context_of(payload: Value, stack: tuple[StackElement, ...]) -> str:
    """Return the text of `error.context`: the message, then a line per frame."""
    lines = [_headline(payload)]
    lines += [f'in step "{e.step}", routine "{e.routine}", line: {e.line}' for e in stack]
    return "\n".join(lines)


def _headline(payload: Value) -> str:
    text = _message(payload)
    most = limits.CONTEXT_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _message(payload: Value) -> str:
    if type(payload) is Map:
        message = payload.get("message")
        if type(message) is str and type(payload.get("tags")) is List:
            return message
    try:
        return f"RuntimeError: {convert.encode_json(payload)}"
    except WorkflowError:
        return "RuntimeError: a value that has no JSON form"


def failed(payload: Value, stack: tuple[StackElement, ...]) -> Failed:
    """Return the outcome of an execution that *payload* ended."""
    return Failed(payload, context_of(payload, stack), stack)


def unhandled_branches(branch_errors: list[BranchError], *, truncated: bool) -> WorkflowError:
    """Return the error of a parallel step some of whose branches failed (5.5).

    It is a ResourceLimitError if it would be larger, or deeper, than a value may be.
    """
    found = [tag for error in branch_errors for tag in _tags(error)]
    found += ["RuntimeError"] * any(error.raised for error in branch_errors)
    tags = dict.fromkeys(["UnhandledBranchError", *found])
    try:
        payload = Map(
            {
                "tags": List(tags),
                "message": "UnhandledBranchError: "
                "One or more branches or iterations encountered an unhandled runtime error",
                "branches": List(_branch(error) for error in branch_errors),
                "truncated": truncated,
            }
        )
    except WorkflowError as too_deep:
        return too_deep
    return (
        WorkflowError(payload) if payload.size_bytes <= limits.VARIABLES_BYTES else errors.memory_exceeded()
    )


def _tags(error: BranchError) -> list[str]:
    inner = error.payload.get("tags") if type(error.payload) is Map else None
    return [tag for tag in inner if type(tag) is str] if type(inner) is List else []


def _branch(error: BranchError) -> Map:
    return Map({"id": error.id, "error": Map({"context": error.context, "payload": error.payload})})
