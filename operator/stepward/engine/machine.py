"""The machine: `advance` takes an event in, changes the state, and answers with effects.

Two rules. Everything that changes a `State` happens below `advance`. And nothing here knows a
clock, chance, or I/O: time and chance come with events, effects leave as data.

Straight-line code runs in the closures of `code`; the machine acts at boundaries: calls, returns,
effects, retries, forks. A transition ends when every branch waits, or when its slice of work is used
up, so that one execution cannot keep the event loop.
"""

from stepward.engine import boundaries, failures, parallel
from stepward.engine.boundaries import Turn
from stepward.engine.closures import extents
from stepward.engine.closures.steps import Step, boundary
from stepward.engine.code import Code, LinkedRoutine
from stepward.engine.effects import Continue, Effect
from stepward.engine.events import Answered, Continued, Event, Failed, Started
from stepward.engine.meter import Meter
from stepward.engine.outcome import Caught, Outcome, Succeeded
from stepward.engine.state import Branch, Frame, State
from stepward.language import program
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError


def advance(code: Code, state: State, event: Event) -> list[Effect]:
    """Let *event* happen to *state* and return the effects it asks for.

    An answer to an effect that is not pending, a second start, and anything after the end are
    ignored: events may be delivered more than once. `state.outcome` is set when the execution ends.
    """
    if state.outcome is not None:
        return []
    if state.digest != code.program.digest:
        raise ValueError("this state belongs to another program")
    turn = Turn(code, state)
    state.meter.begin(min(limits.SLICE_TICKS, limits.STEPS - state.steps))
    match event:
        case Started():
            if state.started:
                return []
            state.now = event.at
            _start(turn, event)
        case Answered() | Failed():
            branch = _waiting_branch(state, event.effect_id)
            if branch is None:
                return []
            state.now = max(state.now, event.at)
            _resume(turn, branch, event)
        case Continued():
            state.now = max(state.now, event.at)
    _run(turn)
    state.steps += state.meter.steps_taken
    return turn.effects


def _start(turn: Turn, event: Started) -> None:
    state, main = turn.state, turn.code.routines[0].routine
    state.started = True
    state.seed = event.seed
    state.environment = dict(event.environment)
    branch = state.branches[0] = Branch(0, [])
    frame = Frame(0, 0, [None] * main.slots, main.variables)
    if main.parameters:
        default = main.parameters[0].default
        frame.slots[1] = event.argument if event.argument_given or default is None else default.value
    try:
        state.enter(branch, frame)
    except WorkflowError as failure:
        end(turn, failures.failed(failure.value, ()))


def _waiting_branch(state: State, effect_id: int) -> Branch | None:
    """Return the branch that waits for *effect_id*, which it then no longer does."""
    if state.waiting.pop(effect_id, None) is None:
        return None
    branch = next(branch for branch in state.branches.values() if branch.waiting == effect_id)
    branch.waiting = 0
    return branch


def _resume(turn: Turn, branch: Branch, event: Answered | Failed) -> None:
    if isinstance(event, Failed):
        fail(turn, branch, event.error)
        return
    try:
        boundaries.complete(turn.code, branch, event.value)
    except WorkflowError as failure:
        fail(turn, branch, failure)


# --- running -------------------------------------------------------------------------------------


def _run(turn: Turn) -> None:
    """Run branches until all wait, the execution ends, or the slice is used up."""
    state = turn.state
    while state.outcome is None:
        parent = parallel.find_startable(state)
        branch = parent or _next_branch(state)
        if branch is None:
            state.interrupted = -1
            break
        if not (_start_branch(turn, branch) if parent else _run_branch(turn, branch)):
            state.interrupted = branch.id
            turn.effects.append(Continue())
            break
    if state.outcome is not None:
        state.branches.clear()
        state.waiting.clear()


def _next_branch(state: State) -> Branch | None:
    """Return the first branch that can run, from behind the one that used up the last slice."""
    first = None
    for branch in state.branches.values():
        if branch.runnable:
            if branch.id > state.interrupted:
                return branch
            first = first or branch
    return first


def _start_branch(turn: Turn, parent: Branch) -> bool:
    """Start the next branch of the step *parent* waits for; return False if the slice is used up."""
    join = parallel.join_of(parent)
    try:
        # an iteration counts as a step; named branches belong to the step that starts them
        if join.items is not None and not turn.state.meter.take_step():
            if not _at_step_limit(turn.state):
                return False
            raise errors.step_limit()
        parallel.start(turn.code, turn.state, parent, join)
    except WorkflowError as failure:
        fail(turn, parent, failure)
    return True


def _run_branch(turn: Turn, branch: Branch) -> bool:
    """Run *branch* until it waits or ends; return False if the slice is used up before."""
    state = turn.state
    while branch.runnable and state.outcome is None and branch.id in state.branches:
        frame = branch.frames[-1]
        linked = turn.code.routines[frame.routine]
        try:
            if _run_steps(linked.steps, frame, state.meter):
                if not linked.counted[frame.address]:
                    state.meter.uncount()
            elif not _at_step_limit(state):
                return False
            elif linked.counted[frame.address]:
                raise errors.step_limit()
            elif linked.steps[frame.address] is not boundary:
                # The last step is done, but not what belongs to it: that takes a tick, too.
                state.steps += state.meter.steps_taken
                state.meter.begin(1)
                continue
            _act(turn, branch, frame, linked)
        except WorkflowError as failure:
            fail(turn, branch, failure)
    return True


def _run_steps(steps: tuple[Step, ...], frame: Frame, meter: Meter) -> bool:
    """Run closures from the frame's address, a tick each; return False if there are no more ticks."""
    slots, address = frame.slots, frame.address
    try:
        for _ in meter.ticks:
            following = steps[address](slots)
            if following < 0:
                return True
            address = following
        return False
    finally:
        frame.address = address


def _at_step_limit(state: State) -> bool:
    return state.steps + state.meter.steps_taken >= limits.STEPS


def _act(turn: Turn, branch: Branch, frame: Frame, linked: LinkedRoutine) -> None:
    instruction = linked.routine.code[frame.address]
    if isinstance(instruction, program.EndBranch):
        _settle(turn, branch)
        return
    outcome = boundaries.act(turn, branch, frame, linked)
    if outcome is not None:
        end(turn, outcome)


# --- endings -------------------------------------------------------------------------------------


def fail(turn: Turn, branch: Branch, failure: WorkflowError) -> None:
    """Take *failure* of *branch* to its handler, to its parallel step, or to the end of the execution."""
    caught = failure.caught
    if caught is None:
        stack = failures.stack_of(turn.code, turn.state, branch, failure.span)
        caught = Caught(model.share(failure.value), failure.raised, stack)
    if failure.fatal:
        end(turn, failures.failed(caught.value, caught.stack))
        return
    try:
        _hand_over(turn, branch, caught)
    except WorkflowError as worse:  # what is kept of a failure counts, too
        end(turn, failures.failed(worse.value, caught.stack))


def _hand_over(turn: Turn, branch: Branch, caught: Caught) -> None:
    state = turn.state
    state.meter.spend(len(caught.stack))
    while True:
        frame = branch.frames[-1]
        linked = turn.code.routines[frame.routine]
        position = linked.routine.handler_at[frame.address]
        if position >= 0:
            handler = linked.routine.handlers[position]
            for slot in extents.left_slots(linked.extents, frame.address, handler.entry):
                frame.slots[slot] = None
            frame.slots[handler.error] = caught
            frame.address = handler.entry
            state.meter.grew(model.size_bytes(caught.value))
            return
        if len(branch.frames) == 1:
            break
        branch.frames.pop()
    if branch.parent < 0:
        end(turn, failures.failed(caught.value, caught.stack))
        return
    parallel.branch_failed(turn.code, state, branch, caught)
    _settle(turn, branch)


def _settle(turn: Turn, branch: Branch) -> None:
    """After *branch* ended: go on with its parallel step if that was the last one."""
    parent = turn.state.branches[branch.parent]
    failure = parallel.branch_ended(turn.code, turn.state, branch)
    if failure:
        fail(turn, parent, failure)


def end(turn: Turn, outcome: Outcome) -> None:
    """End the execution."""
    state = turn.state
    if isinstance(outcome, Succeeded):
        try:
            convert.encode_json(outcome.value)
        except WorkflowError:
            failure = errors.type_error(
                "the result of a workflow must be JSON: it must not hold bytes or functions"
            )
            stack = failures.stack_of(turn.code, state, state.branches[0], None)
            outcome = failures.failed(failure.value, stack)
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
