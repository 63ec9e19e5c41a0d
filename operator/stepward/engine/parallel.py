"""Parallel steps: branches start as room allows, and the step ends when all have ended (2.6)."""

from typing import Any

from stepward.engine import failures, loops
from stepward.engine.code import Code
from stepward.engine.outcome import StackElement
from stepward.engine.state import Branch, Frame, Join, State
from stepward.language import program
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError


def fork(
    code: Code, state: State, branch: Branch, frame: Frame, instruction: program.Fork, operand: Any
) -> None:
    """Start the parallel step at the frame's address; *branch* waits for it."""
    source, limit = operand
    if branch.depth >= limits.PARALLEL_DEPTH:
        raise errors.error(
            "ParallelNestingError", f"parallel steps must not be nested deeper than {limits.PARALLEL_DEPTH}"
        )
    items = None
    total = len(instruction.branches)
    allowed = _limit(limit(frame.slots)) if limit else 0
    if instruction.loop:
        bounded = instruction.loop.bounded
        items = model.share(source(frame.slots))
        items = loops.check_bounds(items) if bounded else loops.check_items(items)
        total = _turns(items) if bounded else len(items)
    branch.join = Join(limit=allowed, total=total, items=items)
    if total == 0:
        branch.join = None
        frame.address += 1
        return
    start_waiting(code, state)


def _limit(value: Any) -> int:
    if type(value) is not int:
        raise errors.type_error(f"'concurrency_limit' must be an integer; got: {convert.operand_name(value)}")
    if value <= 0:
        raise errors.value_error(f"'concurrency_limit' must be above 0; got: {value}")
    return value


def _turns(bounds: model.List) -> int:
    first, last = bounds
    return max(int((last - first) // 1) + 1, 0)


def start_waiting(code: Code, state: State) -> None:
    """Let branches that wait for room go on or start, in order, while there is room."""
    running = sum(1 for b in state.branches.values() if b.parent >= 0 and b.join is None and not b.resuming)
    for branch in list(state.branches.values()):
        if branch.resuming and running < limits.CONCURRENT_BRANCHES:
            branch.resuming = False
            running += 1
    for branch in list(state.branches.values()):
        join = branch.join
        while (
            join is not None
            and join.started < join.total
            and running < limits.CONCURRENT_BRANCHES
            and (join.limit == 0 or join.running < join.limit)
        ):
            _start(code, state, branch, join)
            running += 1


def _start(code: Code, state: State, parent: Branch, join: Join) -> None:
    frame = parent.frames[-1]
    instruction = code.routines[frame.routine].routine.code[frame.address]
    assert isinstance(instruction, program.Fork)
    position = join.started
    join.started += 1
    join.running += 1
    layout = instruction.loop or instruction.branches[position]
    slots: list[Any] = [state.link(frame.slots), *[None] * (layout.slots - 1)]
    if instruction.loop:
        slots[instruction.loop.value] = loops.turn_value(join.items, instruction.loop.bounded, position)
        if instruction.loop.index is not None:
            slots[instruction.loop.index] = position
    state.last_branch += 1
    state.branches[state.last_branch] = Branch(
        id=state.last_branch,
        frames=[Frame(frame.routine, layout.entry, slots, layout.variables)],
        parent=parent.id,
        position=position,
        depth=parent.depth + 1,
    )


def branch_failed(
    code: Code, state: State, branch: Branch, failure: WorkflowError, stack: list[StackElement]
) -> None:
    """Record that *branch* ended with an error nothing caught."""
    parent = state.branches[branch.parent]
    assert parent.join is not None
    if state.branch_errors >= limits.BRANCH_ERRORS:
        parent.join.truncated = True
        return
    state.branch_errors += 1
    parent.join.errors.append(
        {
            "position": branch.position,
            "id": _branch_id(code, parent, branch.position),
            "payload": model.share(failure.value),
            "context": failures.context_of(failure.value, stack),
            "raised": failure.raised,
        }
    )


def _branch_id(code: Code, parent: Branch, position: int) -> str:
    frame = parent.frames[-1]
    instruction = code.routines[frame.routine].routine.code[frame.address]
    assert isinstance(instruction, program.Fork)
    return str(position) if instruction.loop else instruction.branches[position].name


def branch_ended(code: Code, state: State, branch: Branch) -> WorkflowError | None:
    """Take *branch* away; if its parallel step is done, let the parent go on.

    Return the error of the parallel step if it is done and branches failed: the caller raises it in
    the parent.
    """
    parent = state.branches[branch.parent]
    join = parent.join
    assert join is not None
    del state.branches[branch.id]
    join.running -= 1
    if join.running or join.started < join.total:
        start_waiting(code, state)
        return None
    parent.join = None
    parent.resuming = parent.parent >= 0
    failure = None
    if join.errors or join.truncated:
        ordered = sorted(join.errors, key=lambda item: int(item["position"]))
        failure = failures.unhandled_branches(ordered, truncated=join.truncated)
    else:
        parent.frames[-1].address += 1
    start_waiting(code, state)
    return failure
