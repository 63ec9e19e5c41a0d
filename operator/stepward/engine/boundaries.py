"""What the machine does where a closure cannot: call, return, ask the world, retry, fork."""

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Final

from stepward.engine import parallel, retry
from stepward.engine.ambient import Ambient
from stepward.engine.closures.binary import Closure
from stepward.engine.closures.evaluator import charged
from stepward.engine.closures.steps import in_order, storer
from stepward.engine.code import Code, LinkedRoutine, Question
from stepward.engine.effects import (
    EFFECTS,
    AwaitCallback,
    ConnectorCall,
    CreateCallback,
    Effect,
    HttpRequest,
    Log,
    Sleep,
)
from stepward.engine.outcome import Caught, Succeeded
from stepward.engine.state import Branch, Frame, State
from stepward.language import program
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import Map, Value


@dataclass(slots=True)
class Turn:
    """One call of `advance`: what it works on, and the effects it has asked for so far."""

    code: Code
    state: State
    effects: list[Effect] = field(default_factory=list)


def act(turn: Turn, branch: Branch, frame: Frame, linked: LinkedRoutine) -> Succeeded | None:
    """Do the boundary instruction at the frame's address; return the outcome if `main` returned."""
    instruction = linked.routine.code[frame.address]
    operand = linked.operands[frame.address]
    if linked.ticks[frame.address]:
        turn.state.meter.charge(linked.ticks[frame.address])
    match instruction:
        case program.Return():
            return _return(turn, branch, operand(frame.slots))
        case program.CallRoutine():
            _enter(turn, branch, instruction.routine, operand(frame.slots))
        case program.Ask():
            _ask(turn, branch, operand)
        case program.CallConnector():
            arguments = _by_name(operand(frame.slots))
            _suspend(turn, branch, ConnectorCall(instruction.connector, arguments))
        case program.Raise():
            _raise(operand(frame.slots), instruction)
        case program.Rethrow():
            _rethrow(frame.slots[instruction.error])
        case program.RetryStart():
            _retry(turn, branch, frame, instruction, operand)
        case program.RetryWait():
            _retry_wait(turn, branch, frame, instruction)
        case program.Fork():
            parallel.fork(turn.code, turn.state, branch, instruction, operand)
        case _:
            raise AssertionError(f"no boundary: {instruction}")
    return None


# --- calls and returns ---------------------------------------------------------------------------


def _enter(turn: Turn, branch: Branch, routine: int, given: dict[int, Value]) -> None:
    """Push a frame for *routine* with arguments by position."""
    callee = turn.code.routines[routine].routine
    if _call_depth(turn.state, branch) >= limits.CALL_DEPTH:
        raise errors.error("RecursionError", f"call stack deeper than {limits.CALL_DEPTH} calls")
    slots: list[Any] = [None] * callee.slots
    for position, parameter in enumerate(callee.parameters):
        if position in given:
            slots[position + 1] = given[position]
        elif parameter.default is not None:
            slots[position + 1] = parameter.default.value
        else:
            raise errors.type_error(f"subworkflow '{callee.name}' needs the argument '{parameter.name}'")
    turn.state.enter(branch, Frame(routine, 0, slots, callee.variables))


def _call_depth(state: State, branch: Branch) -> int:
    """Return how many calls below `main` the top frame of *branch* is, through parallel steps."""
    depth = len(branch.frames) - 1
    while branch.parent >= 0:
        branch = state.branches[branch.parent]
        depth += len(branch.frames) - 1
    return depth


def _return(turn: Turn, branch: Branch, value: Value) -> Succeeded | None:
    if len(branch.frames) == 1:
        return Succeeded(model.share(value))
    branch.frames.pop()
    complete(turn.code, branch, value)
    return None


def complete(code: Code, branch: Branch, value: Value) -> None:
    """Give *value* to the instruction the top frame of *branch* waits at, and go on behind it."""
    frame = branch.frames[-1]
    linked = code.routines[frame.routine]
    match linked.routine.code[frame.address]:
        case program.RetryWait(body=body):
            frame.address = body
        case program.CallRoutine() | program.Ask() | program.CallConnector() | program.RetryStart() as asked:
            if asked.result is not None:
                storer(asked.result)(frame.slots, value)
            linked.go_on(frame)
        case instruction:
            raise AssertionError(f"waits for nothing: {instruction}")


# --- the world -----------------------------------------------------------------------------------


def _ask(turn: Turn, branch: Branch, operand: Question) -> None:
    slots = branch.frames[-1].slots
    arguments = [model.share(argument) for argument in in_order(operand.arguments(slots))]
    if operand.ambient:
        arguments.insert(0, _ambient(turn.state))
    made = operand.function(slots, arguments)
    if isinstance(made, EFFECTS):
        _suspend(turn, branch, made)
    else:
        complete(turn.code, branch, made)


def _ambient(state: State) -> Ambient:
    def fresh_uuid() -> str:
        state.drawn += 1
        drawn = hashlib.sha256(f"{state.seed}/{state.drawn}".encode()).digest()
        return str(uuid.UUID(bytes=drawn[:16], version=4))

    return Ambient(state.now, state.environment, fresh_uuid)


_KINDS: Final[dict[type, str]] = {
    HttpRequest: "http",
    Log: "log",
    ConnectorCall: "connector",
    CreateCallback: "endpoint",
    AwaitCallback: "callback",
}
"""What a branch that waits for an effect waits for, as the state says it; a `Sleep` has its reason."""


def _suspend(turn: Turn, branch: Branch, effect: Effect) -> None:
    """Let *branch* wait for *effect*, which gets the next ordinal as its id."""
    state = turn.state
    state.effects += 1
    asked = replace(effect, id=state.effects)
    branch.waiting = asked.id
    state.waiting[asked.id] = asked.reason if isinstance(asked, Sleep) else _KINDS[type(asked)]
    turn.effects.append(asked)


def _by_name(arguments: Value) -> dict[str, Any]:
    if type(arguments) is not Map:
        raise errors.type_error("a connector takes its arguments by name")
    return dict(model.share(arguments))


# --- errors --------------------------------------------------------------------------------------


def _raise(value: Value, instruction: program.Raise) -> None:
    if type(value) not in {str, Map}:
        raise errors.type_error(f"'raise' takes a string or a map; got: {convert.operand_name(value)}")
    failure = WorkflowError(model.share(value), raised=True)
    failure.span = instruction.span
    raise failure


def _rethrow(caught: Caught) -> None:
    failure = WorkflowError(caught.value, raised=caught.raised)
    failure.caught = caught
    raise failure


def _retry(
    turn: Turn, branch: Branch, frame: Frame, instruction: program.RetryStart, policy: Closure
) -> None:
    slots = frame.slots
    if slots[instruction.retry_state] is None:
        slots[instruction.retry_state] = retry.begin(policy(slots))
    state = slots[instruction.retry_state]
    if state["left"] <= 0:
        frame.address = instruction.give_up
        return
    error = slots[instruction.error].value
    name = str(state["predicate"])
    if turn.code.library.signature(name) is None:
        _enter(turn, branch, turn.code.routine_index(name), {0: error})
    else:
        ask = charged(name, turn.code.library.implementation(name))
        complete(turn.code, branch, ask(slots, [error]))


def _retry_wait(turn: Turn, branch: Branch, frame: Frame, instruction: program.RetryWait) -> None:
    slots = frame.slots
    answer = slots[instruction.answer]
    if answer is not True and answer is not False:
        raise errors.type_error(
            f"a retry predicate must return a boolean; got: {convert.operand_name(answer)}"
        )
    if not answer:
        frame.address = instruction.give_up
        return
    delay, slots[instruction.retry_state] = retry.next_delay(slots[instruction.retry_state])
    question = turn.code.routines[frame.routine].routine.code[frame.address - 1]
    if isinstance(question, program.RetryStart):
        slots[question.error] = None  # it is being retried: nobody asks for the error any more
    _suspend(turn, branch, Sleep(turn.state.now + delay, "retry"))
