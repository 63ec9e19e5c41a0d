"""The state of one execution: plain data between transitions.

Only `machine.advance` changes it. `to_json` and `from_json` keep everything that matters, so an
execution can go on in another process; what they leave out (links, the memory estimate) is
derived again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from stepward.engine.outcome import Failed, Outcome, StackElement, Succeeded
from stepward.values import convert, errors, limits, model
from stepward.values.model import Value

FORMAT: Final = 1
"""Raised whenever the saved form changes; another format is refused."""


class Link:
    """Slot 0 of every frame: the frame around it, for parallel branches, and the execution."""

    __slots__ = ("outer", "state")

    def __init__(self, state: "State", outer: list[Any] | None = None) -> None:
        self.state = state
        self.outer = outer


@dataclass(slots=True)
class Frame:
    """One activation of a routine, or the body of a parallel branch."""

    routine: int
    address: int
    slots: list[Any]
    variables: int
    """How many leading slots hold variables; the others are the machine's own."""


@dataclass(slots=True)
class Join:
    """A parallel step that waits for its branches. Branches start in order, as room allows."""

    limit: int
    """How many may run at once; 0: no limit of its own."""
    total: int
    items: Value
    """The list a parallel loop runs over, or `[first, last]`; null for named branches."""
    started: int = 0
    running: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    """`{"position", "id", "payload", "context", "raised"}` of each branch that failed."""
    truncated: bool = False


@dataclass(slots=True)
class Branch:
    """A line of control. Branch 0 runs `main`; the others belong to parallel steps."""

    id: int
    frames: list[Frame]
    parent: int = -1
    position: int = 0
    """Which branch or iteration of its parallel step it is."""
    depth: int = 0
    """How many parallel steps are around it."""
    waiting: int = 0
    """The effect it waits for; 0: none."""
    join: Join | None = None
    """Set while it waits for its own parallel step."""
    resuming: bool = False
    """Its parallel step is done, and it waits for room to go on."""


@dataclass(slots=True)
class State:
    """One execution."""

    digest: str
    """Of the program that runs."""
    started: bool = False
    now: float = 0.0
    """Time of the latest event."""
    steps: int = 0
    effects: int = 0
    """Ordinal of the latest effect."""
    seed: str = ""
    drawn: int = 0
    """How many random values were drawn from the seed."""
    environment: dict[str, str] = field(default_factory=dict)
    branches: dict[int, Branch] = field(default_factory=dict)
    last_branch: int = 0
    branch_errors: int = 0
    waiting: dict[int, str] = field(default_factory=dict)
    """Pending effect -> what kind of wait it is: `http`, `sleep`, `retry`, `log`, `connector`."""
    outcome: Outcome | None = None
    last_steps: list[tuple[str, str]] = field(default_factory=list)
    """Routine and step of each branch where the execution ended."""
    memory_bytes: int = 0
    """No less than what all variables count; made exact by `_recount` when it passes the limit."""

    def link(self, outer: list[Any] | None = None) -> Link:
        """Return slot 0 for a new frame."""
        return Link(self, outer)

    def grew(self, size_bytes: int) -> None:
        """Account for variables that grew; ResourceLimitError if all together are too large (4.8)."""
        self.memory_bytes += size_bytes
        if self.memory_bytes > limits.VARIABLES_BYTES:
            self.memory_bytes = self._recount()
            if self.memory_bytes > limits.VARIABLES_BYTES:
                raise errors.memory_exceeded()

    def _recount(self) -> int:
        return sum(
            model.size_bytes(value) for frame in self._frames() for value in frame.slots[1 : frame.variables]
        )

    def _frames(self) -> Iterator[Frame]:
        for branch in self.branches.values():
            yield from branch.frames

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON data."""
        return {
            "format": FORMAT,
            "digest": self.digest,
            "started": self.started,
            "now": self.now,
            "steps": self.steps,
            "effects": self.effects,
            "seed": self.seed,
            "drawn": self.drawn,
            "environment": self.environment,
            "branches": [_branch_to_json(branch) for branch in self.branches.values()],
            "last_branch": self.last_branch,
            "branch_errors": self.branch_errors,
            "waiting": [[effect, kind] for effect, kind in self.waiting.items()],
            "outcome": _outcome_to_json(self.outcome),
            "last_steps": [list(step) for step in self.last_steps],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "State":
        """Return the state that `to_json` gave *data* for; ValueError if it is of another format."""
        if data.get("format") != FORMAT:
            raise ValueError(f"state of format {data.get('format')}, expected {FORMAT}")
        state = cls(
            digest=data["digest"],
            started=data["started"],
            now=float(data["now"]),
            steps=data["steps"],
            effects=data["effects"],
            seed=data["seed"],
            drawn=data["drawn"],
            environment=dict(data["environment"]),
            last_branch=data["last_branch"],
            branch_errors=data["branch_errors"],
            waiting={effect: kind for effect, kind in data["waiting"]},
            outcome=_outcome_from_json(data["outcome"]),
            last_steps=[(routine, step) for routine, step in data["last_steps"]],
        )
        for saved in data["branches"]:
            branch = _branch_from_json(saved)
            state.branches[branch.id] = branch
        for branch in state.branches.values():
            outer = state.branches[branch.parent].frames[-1].slots if branch.parent >= 0 else None
            for position, frame in enumerate(branch.frames):
                frame.slots[0] = state.link(outer if position == 0 else None)
        state.memory_bytes = state._recount()
        return state


def _branch_to_json(branch: Branch) -> dict[str, Any]:
    return {
        "id": branch.id,
        "parent": branch.parent,
        "position": branch.position,
        "depth": branch.depth,
        "waiting": branch.waiting,
        "resuming": branch.resuming,
        "join": _join_to_json(branch.join) if branch.join else None,
        "frames": [
            [
                frame.routine,
                frame.address,
                frame.variables,
                [convert.freeze(value) for value in frame.slots[1:]],
            ]
            for frame in branch.frames
        ],
    }


def _branch_from_json(data: dict[str, Any]) -> Branch:
    return Branch(
        id=data["id"],
        parent=data["parent"],
        position=data["position"],
        depth=data["depth"],
        waiting=data["waiting"],
        resuming=data["resuming"],
        join=_join_from_json(data["join"]) if data["join"] else None,
        frames=[
            Frame(routine, address, [None, *(convert.thaw(value) for value in slots)], variables)
            for routine, address, variables, slots in data["frames"]
        ],
    )


def _join_to_json(join: Join) -> dict[str, Any]:
    return {
        "limit": join.limit,
        "total": join.total,
        "items": convert.freeze(join.items),
        "started": join.started,
        "running": join.running,
        "errors": [{**error, "payload": convert.freeze(error["payload"])} for error in join.errors],
        "truncated": join.truncated,
    }


def _join_from_json(data: dict[str, Any]) -> Join:
    return Join(
        limit=data["limit"],
        total=data["total"],
        items=convert.thaw(data["items"]),
        started=data["started"],
        running=data["running"],
        errors=[{**error, "payload": convert.thaw(error["payload"])} for error in data["errors"]],
        truncated=data["truncated"],
    )


def _outcome_to_json(outcome: Outcome | None) -> dict[str, Any] | None:
    match outcome:
        case None:
            return None
        case Succeeded():
            return {"succeeded": convert.freeze(outcome.value)}
        case Failed():
            stack = [[e.step, e.routine, e.line, e.column, e.length] for e in outcome.stack]
            return {"failed": convert.freeze(outcome.payload), "context": outcome.context, "stack": stack}


def _outcome_from_json(data: dict[str, Any] | None) -> Outcome | None:
    if data is None:
        return None
    if "succeeded" in data:
        return Succeeded(convert.thaw(data["succeeded"]))
    stack = tuple(StackElement(*element) for element in data["stack"])
    return Failed(convert.thaw(data["failed"]), data["context"], stack)
