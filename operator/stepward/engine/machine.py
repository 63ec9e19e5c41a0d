"""The machine: `advance` takes an event in, changes the state, and answers with effects.

Two rules. Everything that changes a `State` happens below `advance`. And nothing here knows a
clock, chance, or I/O: time and chance come with events, effects leave as data.

Straight-line code runs in the closures of `code`; the machine acts at boundaries: calls, returns,
effects, retries, forks. A transition ends when every branch waits, or after a bounded number of
steps, so that one execution cannot keep the event loop.
"""

import functools
from typing import Final

from stepward.engine import boundaries, failures, parallel
from stepward.engine.code import Code
from stepward.engine.effects import Continue, Effect
from stepward.engine.events import Answered, Continued, Event, Failed, Started
from stepward.engine.outcome import Succeeded
from stepward.engine.state import Branch, Frame, State
from stepward.language import program
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError

_UNCOUNTED: Final = (program.Rethrow, program.EndBranch)


def advance(code: Code, state: State, event: Event) -> list[Effect]:
    """Let *event* happen to *state* and return the effects it asks for.

    An answer to an effect that is not pending, a second start, and anything after the end are
    ignored: events may be delivered more than once. `state.outcome` is set when the execution ends.
    """
    if state.outcome is not None:
        return []
    if state.digest != code.program.digest:
        raise ValueError("this state belongs to another program")
    state.now = max(state.now, event.at)
    turn = boundaries.Turn(code, state, [])
    match event:
        case Started():
            if state.started:
                return []
            _start(turn, event)
        case Answered():
            branch = _waiting_branch(state, event.effect_id)
            if branch is None:
                return []
            _resume(turn, branch, functools.partial(boundaries.complete, turn, branch, event.value))
        case Failed():
            branch = _waiting_branch(state, event.effect_id)
            if branch is None:
                return []
            fail(turn, branch, event.error)
        case Continued():
            pass
    _run(turn)
    return turn.effects


def _start(turn: boundaries.Turn, event: Started) -> None:
    state, main = turn.state, turn.code.routines[0].routine
    state.started = True
    state.seed = event.seed
    state.environment = dict(event.environment)
    frame = Frame(0, 0, [state.link(), *[None] * (main.slots - 1)], main.variables)
    branch = Branch(0, [frame])
    state.branches[0] = branch
    if main.parameters:
        default = main.parameters[0].default
        value = event.argument if event.argument_given or default is None else default.value
        frame.slots[1] = value

        _resume(turn, branch, lambda: state.grew(model.size_bytes(model.share(value))))


def _waiting_branch(state: State, effect_id: int) -> Branch | None:
    """Return the branch that waits for *effect_id*, which it then no longer does."""
    if effect_id not in state.waiting:
        return None
    del state.waiting[effect_id]
    branch = next(branch for branch in state.branches.values() if branch.waiting == effect_id)
    branch.waiting = 0
    return branch


def _resume(turn: boundaries.Turn, branch: Branch, action: "boundaries.Action") -> None:
    try:
        action()
    except WorkflowError as failure:
        fail(turn, branch, failure)


def _run(turn: boundaries.Turn) -> None:
    """Run branches until all wait, the execution ends, or the slice is used up."""
    state = turn.state
    budget = limits.SLICE_STEPS
    while state.outcome is None:
        branch = next(
            (b for b in state.branches.values() if not b.waiting and b.join is None and not b.resuming), None
        )
        if branch is None:
            break
        if budget <= 0:
            turn.effects.append(Continue())
            break
        budget -= _run_branch(turn, branch, budget)
    if state.outcome is not None:
        state.branches.clear()
        state.waiting.clear()


def _run_branch(turn: boundaries.Turn, branch: Branch, budget: int) -> int:
    """Run *branch* until it waits, ends or has done *budget* steps; return how many it did."""
    state = turn.state
    before = state.steps
    while (
        state.outcome is None and not branch.waiting and branch.join is None and branch.id in state.branches
    ):
        allowed = min(budget - (state.steps - before), limits.STEPS - state.steps)
        frame = branch.frames[-1]
        linked = turn.code.routines[frame.routine]
        try:
            if allowed <= 0:
                if state.steps < limits.STEPS:
                    break
                _check_steps(linked.routine.code[frame.address])
            elif _run_steps(linked.steps, frame, state, allowed):
                continue
            ending = boundaries.act(turn, branch, frame, linked)
        except WorkflowError as failure:
            fail(turn, branch, failure)
            continue
        if ending == "branch":
            _settle(turn, branch)
        elif ending is not None:
            end(turn, ending)
    return max(state.steps - before, 1)


def _run_steps(steps: "tuple[boundaries.Step, ...]", frame: Frame, state: State, allowed: int) -> bool:
    """Run closures from the frame's address; return whether *allowed* ended it, not a boundary."""
    slots, address, done = frame.slots, frame.address, 0
    try:
        for done in range(allowed):
            following = steps[address](slots)
            if following < 0:
                return False
            address = following
        done = allowed
        return True
    except WorkflowError:
        done += 1
        raise
    finally:
        frame.address = address
        state.steps += done


def _check_steps(instruction: program.Instruction) -> None:
    """Let pass, after the last step, what counts as none: leaving a routine or branch."""
    implicit = isinstance(instruction, program.Return) and instruction.implicit
    if not implicit and not isinstance(instruction, _UNCOUNTED):
        raise errors.resource_limit(f"Step limit exceeded: an execution may run {limits.STEPS} steps")


def fail(turn: boundaries.Turn, branch: Branch, failure: WorkflowError) -> None:
    """Take *failure* of *branch* to its handler, to its parallel step, or to the end of the execution."""
    state = turn.state
    recorded = failure.recorded
    stack = (
        failures.stack_from(recorded)
        if recorded
        else failures.stack_of(turn.code, state, branch, failure.span)
    )
    if failure.fatal:
        end(turn, failures.failed(failure.value, stack))
        return
    while branch.frames:
        frame = branch.frames[-1]
        routine = turn.code.routines[frame.routine].routine
        handler = routine.handler_at[frame.address]
        if handler >= 0:
            frame.slots[routine.handlers[handler].error] = recorded or failures.record(failure, stack)
            frame.address = routine.handlers[handler].entry
            return
        if len(branch.frames) == 1:
            break
        branch.frames.pop()
    if branch.parent < 0:
        end(turn, failures.failed(failure.value, stack))
        return
    parallel.branch_failed(turn.code, state, branch, failure, stack)
    _settle(turn, branch)


def _settle(turn: boundaries.Turn, branch: Branch) -> None:
    """After *branch* ended: go on with its parallel step if that was the last one."""
    parent = turn.state.branches[branch.parent]
    failure = parallel.branch_ended(turn.code, turn.state, branch)
    if failure:
        fail(turn, parent, failure)


def end(turn: boundaries.Turn, outcome: "boundaries.Outcome") -> None:
    """End the execution."""
    state = turn.state
    if isinstance(outcome, Succeeded):
        try:
            convert.encode_json(outcome.value)
        except WorkflowError:
            branch = state.branches[0]
            failure = errors.type_error(
                "the result of a workflow must be JSON: it must not hold bytes or functions"
            )
            outcome = failures.failed(
                failure.value, failures.stack_of(turn.code, state, branch, failure.span)
            )
    state.last_steps = current_steps(turn.code, state)
    state.outcome = outcome


def current_steps(code: Code, state: State) -> list[tuple[str, str]]:
    """Return routine and step of each branch, main first; after the end, where it ended."""
    if state.outcome is not None:
        return state.last_steps
    found = []
    for branch in state.branches.values():
        if branch.join is None and branch.frames:
            frame = branch.frames[-1]
            routine = code.routines[frame.routine].routine
            found.append((routine.name, routine.code[frame.address].step))
    return found
