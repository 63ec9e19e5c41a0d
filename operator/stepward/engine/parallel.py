"""Parallel steps: branches start as room allows, and the step ends when all have ended (2.6).

Every branch that waits for its own parallel step gives up its place, so that nesting cannot lock up.
Inner steps therefore come first when there is room: else each place given up would start one more
outer branch, and all of them would wait at the same time.
"""

from typing import Any

from stepward.engine import failures
from stepward.engine.closures import loops
from stepward.engine.code import Code
from stepward.engine.outcome import Caught
from stepward.engine.state import Branch, BranchError, Frame, Join, State
from stepward.language import program
from stepward.values import convert, errors, limits
from stepward.values.errors import WorkflowError
from stepward.values.model import Value


def fork(code: Code, state: State, branch: Branch, instruction: program.Fork, operand: Any) -> None:
    """Begin the parallel step that *branch* is at; it waits for it from then on."""
    slots = branch.frames[-1].slots
    if branch.depth >= limits.PARALLEL_DEPTH:
        raise errors.error(
            "ParallelNestingError", f"parallel steps must not be nested deeper than {limits.PARALLEL_DEPTH}"
        )
    source, limit = operand
    allowed = _limit(limit(slots), instruction) if limit else 0
    if not instruction.loop:
        branch.join = Join(limit=allowed, total=len(instruction.branches), items=None)
        return
    items = source(slots)
    try:
        total = _turns(items, bounded=instruction.loop.bounded)
    except WorkflowError as failure:
        failure.span = instruction.loop.span
        raise
    if total == 0:
        _go_on(code, branch)
        return
    branch.join = Join(limit=allowed, total=total, items=items)
    state.meter.store(items)


def _turns(items: Value, *, bounded: bool) -> int:
    """Return how many iterations there are; TypeError or ValueError if there is no value for each."""
    source = loops.check_bounds(items) if bounded else loops.check_items(items)
    total = loops.count_turns(source, bounded=bounded)
    if total:
        loops.turn_value(source, total - 1, bounded=bounded)  # now, while nothing has started
    return total


def _limit(value: Any, instruction: program.Fork) -> int:
    if type(value) is int and value > 0:
        return value
    got = value if type(value) is int else convert.operand_name(value)
    failure = errors.value_error(f"'concurrency_limit' must be an integer above 0; got: {got}")
    failure.span = instruction.limit.span if isinstance(instruction.limit, program.Located) else None
    raise failure


def find_startable(state: State) -> Branch | None:
    """Return a branch whose parallel step has another branch to start and room for it.

    Branches whose parallel step has ended go on before new ones start.
    """
    if len(state.branches) == 1 and state.branches[0].join is None:
        return None
    room = limits.CONCURRENT_BRANCHES
    room -= sum(b.parent >= 0 and b.join is None and not b.resuming for b in state.branches.values())
    found = None
    for branch in state.branches.values():
        if room <= 0:
            return None
        if branch.resuming:
            branch.resuming = False
            room -= 1
        elif branch.join and _may_start(branch.join) and (found is None or branch.depth > found.depth):
            found = branch
    return found if room > 0 else None


def _may_start(join: Join) -> bool:
    return join.started < join.total and (join.limit == 0 or join.running < join.limit)


def start(code: Code, state: State, parent: Branch, join: Join) -> None:
    """Start the next branch of the parallel step that *parent* waits for."""
    frame = parent.frames[-1]
    instruction = _fork_of(code, parent)
    position = join.started
    join.started += 1
    join.running += 1
    layout = instruction.loop or instruction.branches[position]
    slots: list[Any] = [None] * layout.slots
    if instruction.loop:
        slots[instruction.loop.value] = loops.turn_value(
            join.items, position, bounded=instruction.loop.bounded
        )
        if instruction.loop.index is not None:
            slots[instruction.loop.index] = position
    state.last_branch += 1
    branch = Branch(
        id=state.last_branch, frames=[], parent=parent.id, position=position, depth=parent.depth + 1
    )
    state.branches[branch.id] = branch
    state.enter(branch, Frame(frame.routine, layout.entry, slots, layout.variables), outer=frame.slots)


def _fork_of(code: Code, parent: Branch) -> program.Fork:
    frame = parent.frames[-1]
    instruction = code.routines[frame.routine].routine.code[frame.address]
    if not isinstance(instruction, program.Fork):
        raise TypeError(f"waits for no parallel step: {instruction}")
    return instruction


def branch_failed(code: Code, state: State, branch: Branch, caught: Caught) -> None:
    """Record that *branch* ended with an error nothing caught."""
    parent = state.branches[branch.parent]
    join = join_of(parent)
    instruction = _fork_of(code, parent)
    error = BranchError(
        position=branch.position,
        id=str(branch.position) if instruction.loop else instruction.branches[branch.position].name,
        payload=caught.value,
        context=failures.context_of(caught.value, caught.stack),
        raised=caught.raised,
    )
    # Together they become one error, which leaves room for other variables when it is caught.
    recorded = sum(known.size_bytes for known in join.errors)
    too_large = join.errors and recorded + error.size_bytes > limits.BRANCH_ERROR_BYTES
    if too_large or state.branch_errors >= limits.BRANCH_ERRORS:
        join.truncated = True
        return
    state.branch_errors += 1
    join.errors.append(error)
    state.meter.grew(error.size_bytes)


def join_of(parent: Branch) -> Join:
    """Return the parallel step that *parent* waits for."""
    if parent.join is None:
        raise ValueError(f"branch {parent.id} waits for no parallel step")
    return parent.join


def branch_ended(code: Code, state: State, branch: Branch) -> WorkflowError | None:
    """Take *branch* away; if its parallel step is done, let the parent go on.

    Return the error of the parallel step if it is done and branches failed: the caller raises it in
    the parent.
    """
    parent = state.branches[branch.parent]
    join = join_of(parent)
    del state.branches[branch.id]
    join.running -= 1
    if join.running or join.started < join.total:
        return None
    parent.join = None
    parent.resuming = parent.parent >= 0
    if join.errors or join.truncated:
        ordered = sorted(join.errors, key=lambda error: error.position)
        return failures.unhandled_branches(ordered, truncated=join.truncated)
    _go_on(code, parent)
    return None


def _go_on(code: Code, branch: Branch) -> None:
    frame = branch.frames[-1]
    code.routines[frame.routine].go_on(frame)
