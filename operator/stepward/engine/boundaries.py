"""What the machine does where a closure cannot: call, return, ask the world, retry, fork."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from stepward.engine import parallel, retry
from stepward.engine.ambient import Ambient
from stepward.engine.code import Code, LinkedRoutine, Step, bind, in_order, storer
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
from stepward.engine.outcome import Outcome, Succeeded
from stepward.engine.state import Branch, Frame, State
from stepward.language import program
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import Map, Value

Action: TypeAlias = Callable[[], None]
Ending: TypeAlias = Outcome | Literal["branch"] | None
"""What a boundary ended: the execution, the branch, or nothing."""

__all__ = ["Action", "Ending", "Outcome", "Step", "Turn", "act", "complete"]


@dataclass(slots=True)
class Turn:
    """One call of `advance`: what it works on, and the effects it has asked for so far."""

    code: Code
    state: State
    effects: list[Effect] = field(default_factory=list)


def act(turn: Turn, branch: Branch, frame: Frame, linked: LinkedRoutine) -> Ending:
    """Do the boundary instruction at the frame's address."""
    instruction = linked.routine.code[frame.address]
    operand = linked.operands[frame.address]
    match instruction:
        case program.Return():
            turn.state.steps += not instruction.implicit
            return _return(turn, branch, _located(instruction.value, operand, frame))
        case program.CallRoutine():
            turn.state.steps += 1
            _call(turn, branch, frame, instruction, operand)
        case program.Ask():
            turn.state.steps += not instruction.hidden
            _ask(turn, branch, frame, instruction, operand)
        case program.CallConnector():
            turn.state.steps += 1
            arguments = _located(instruction.arguments, operand, frame)
            _suspend(turn, branch, ConnectorCall(instruction.connector, _connector_arguments(arguments)))
        case program.Raise():
            turn.state.steps += 1
            _raise(_located(instruction.value, operand, frame), instruction)
        case program.Rethrow():
            _rethrow(frame.slots[instruction.error])
        case program.RetryStart():
            turn.state.steps += 1
            _retry(turn, branch, frame, instruction, operand)
        case program.RetryWait():
            turn.state.steps += 1
            _retry_wait(turn, branch, frame, instruction)
        case program.Fork():
            turn.state.steps += 1
            parallel.fork(turn.code, turn.state, branch, frame, instruction, operand)
        case program.EndBranch():
            return "branch"
        case _:
            raise AssertionError(f"no boundary: {instruction}")
    return None


def _located(expr: program.Expr, closure: Callable[[Any], Value], frame: Frame) -> Value:
    return closure(frame.slots)


# --- calls and returns --------------------------------------------------------------------------


def _call(turn: Turn, branch: Branch, frame: Frame, instruction: program.CallRoutine, operand: Any) -> None:
    callee = turn.code.routines[instruction.routine].routine
    given = operand(frame.slots)
    if instruction.arguments.dynamic is not None:
        given = bind(given, callee)
    _enter(turn, branch, instruction.routine, given)


def _enter(turn: Turn, branch: Branch, routine: int, given: dict[int, Value]) -> None:
    """Push a frame for *routine* with arguments by position."""
    callee = turn.code.routines[routine].routine
    if _call_depth(turn.state, branch) >= limits.CALL_DEPTH:
        raise errors.error("RecursionError", f"call stack deeper than {limits.CALL_DEPTH} calls")
    slots: list[Any] = [turn.state.link(), *[None] * (callee.slots - 1)]
    size = 0
    for position, parameter in enumerate(callee.parameters):
        if position in given:
            value = given[position]
        elif parameter.default is not None:
            value = parameter.default.value
        else:
            raise errors.type_error(f"subworkflow '{callee.name}' needs the argument '{parameter.name}'")
        slots[position + 1] = model.share(value)
        size += model.size_bytes(value)
    branch.frames.append(Frame(routine, 0, slots, callee.variables))
    turn.state.grew(size)


def _call_depth(state: State, branch: Branch) -> int:
    """Return how many calls below `main` the top frame of *branch* is, through parallel steps."""
    depth = len(branch.frames) - 1
    while branch.parent >= 0:
        branch = state.branches[branch.parent]
        depth += len(branch.frames) - 1
    return depth


def _return(turn: Turn, branch: Branch, value: Value) -> Ending:
    if len(branch.frames) == 1:
        return Succeeded(model.share(value))
    branch.frames.pop()
    complete(turn, branch, value)
    return None


def complete(turn: Turn, branch: Branch, value: Value) -> None:
    """Give *value* to the instruction the top frame of *branch* waits at, and go on behind it."""
    frame = branch.frames[-1]
    instruction = turn.code.routines[frame.routine].routine.code[frame.address]
    if isinstance(instruction, program.RetryWait):
        frame.address = instruction.body
        return
    result = getattr(instruction, "result", None)
    frame.address += 1
    if result is not None:
        try:
            storer(result)(frame.slots, value)
        except WorkflowError:
            frame.address -= 1
            raise


# --- the world ----------------------------------------------------------------------------------


def _ask(turn: Turn, branch: Branch, frame: Frame, instruction: program.Ask, operand: Any) -> None:
    library = turn.code.library
    signature = library.signature(instruction.function)
    assert signature is not None
    given = operand(frame.slots)
    if instruction.arguments.dynamic is not None:
        given = bind(given, signature)
    arguments = [model.share(argument) for argument in in_order(given)]
    function = library.implementation(instruction.function)
    made = function(_ambient(turn.state), *arguments) if signature.ambient else function(*arguments)
    if isinstance(made, EFFECTS):
        _suspend(turn, branch, made)
    else:
        complete(turn, branch, made)


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


def _connector_arguments(arguments: Value) -> dict[str, Any]:
    if type(arguments) is not Map:
        raise errors.type_error("a connector takes its arguments by name")
    return dict(model.share(arguments))


# --- errors -------------------------------------------------------------------------------------


def _raise(value: Value, instruction: program.Raise) -> None:
    if type(value) not in (str, Map):
        raise errors.type_error(f"'raise' takes a string or a map; got: {convert.operand_name(value)}")
    failure = WorkflowError(model.share(value), raised=True)
    failure.span = instruction.span
    raise failure


def _rethrow(recorded: Map) -> None:
    failure = WorkflowError(recorded["value"], raised=recorded["raised"])
    failure.recorded = recorded
    raise failure


def _retry(turn: Turn, branch: Branch, frame: Frame, instruction: program.RetryStart, operand: Any) -> None:
    slots = frame.slots
    if slots[instruction.retry_state] is None:
        slots[instruction.retry_state] = retry.begin(operand(slots))
    policy = slots[instruction.retry_state]
    if policy["left"] <= 0:
        frame.address = instruction.give_up
        return
    error = slots[instruction.error]["value"]
    name = str(policy["predicate"])
    if turn.code.library.signature(name) is not None:
        complete(turn, branch, turn.code.library.implementation(name)(error))
        return
    _enter(turn, branch, turn.code.routine_index(name), {0: error})


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
    _suspend(turn, branch, Sleep(turn.state.now + delay, "retry"))
