"""The state of one execution: plain data between transitions.

Only `machine.advance` changes it. `to_json` and `from_json` keep everything that matters, so that an
execution can go on in another process and do there exactly what it would have done here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from stepward.engine import outcome as outcomes
from stepward.engine.meter import HEAVY, SLOTS_PER_TICK, Meter, Usage
from stepward.engine.outcome import Caught, Outcome
from stepward.values import convert, model
from stepward.values.model import Value

FORMAT: Final = 1
"""Raised whenever the saved form changes; another format is refused."""
_CAUGHT_TAG: Final = "$caught"
"""No frozen value has this key: `convert.freeze` doubles the `$` of a user's."""


class Link:
    """Slot 0 of every frame: the meter of the execution, and for parallel branches the frame around it."""

    __slots__ = ("meter", "outer")

    def __init__(self, meter: Meter, outer: list[Any] | None = None) -> None:
        self.meter = meter
        self.outer = outer


@dataclass(slots=True)
class Frame:
    """One activation of a routine, or the body of a parallel branch."""

    routine: int
    address: int
    slots: list[Any]
    variables: int
    """How many leading slots hold variables; the others are the machine's own."""


@dataclass(frozen=True, slots=True)
class BranchError:
    """What is recorded of a branch that failed."""

    position: int
    id: str
    payload: Value
    context: str
    raised: bool

    @property
    def size_bytes(self) -> int:
        """How much of the memory it takes that the machine may use."""
        return model.size_bytes(self.payload) + len(self.context)


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
    errors: list[BranchError] = field(default_factory=list)
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

    @property
    def runnable(self) -> bool:
        """Whether it waits for nothing."""
        return not self.waiting and self.join is None and not self.resuming


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
    """By id, in the order in which they began."""
    last_branch: int = 0
    interrupted: int = -1
    """The branch that used up the last slice: those behind it come first in the next. -1: none."""
    branch_errors: int = 0
    waiting: dict[int, str] = field(default_factory=dict)
    """Pending effect -> what kind of wait it is: `http`, `sleep`, `retry`, `log`, `connector`."""
    outcome: Outcome | None = None
    last_steps: list[tuple[str, str]] = field(default_factory=list)
    """Routine and step of each branch where the execution ended."""
    meter: Meter = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.meter = Meter(self.usage)

    def enter(self, branch: Branch, frame: Frame, outer: list[Any] | None = None) -> None:
        """Put *frame* on top of *branch* and account for its variables; *outer* is the frame around it."""
        frame.slots[0] = Link(self.meter, outer)
        branch.frames.append(frame)
        size = (frame.variables - 1) * model.SCALAR_BYTES
        for value in frame.slots[1 : frame.variables]:
            if type(value) in HEAVY:
                size += model.size_bytes(model.share(value))
        self.meter.spend(len(frame.slots) // SLOTS_PER_TICK)
        self.meter.grew(size)

    def usage(self) -> Usage:
        """Measure what variables and the machine hold."""
        variables = kept = looked_at = 0
        for frame in self._frames():
            variables += sum(map(model.size_bytes, frame.slots[1 : frame.variables]))
            kept += sum(map(_kept_bytes, frame.slots[frame.variables :]))
            looked_at += len(frame.slots)
        for branch in self.branches.values():
            if branch.join is not None:
                kept += model.size_bytes(branch.join.items)
                kept += sum(error.size_bytes for error in branch.join.errors)
        return Usage(variables, kept, looked_at)

    def _frames(self) -> Iterator[Frame]:
        for branch in self.branches.values():
            yield from branch.frames

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON data, which may share structure with it: write it out at once."""
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
            "interrupted": self.interrupted,
            "branch_errors": self.branch_errors,
            "waiting": [[effect, kind] for effect, kind in self.waiting.items()],
            "outcome": outcomes.to_json(self.outcome),
            "last_steps": [list(step) for step in self.last_steps],
            "left_bytes": self.meter.left_bytes,
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
            branches={saved["id"]: _branch_from_json(saved) for saved in data["branches"]},
            last_branch=data["last_branch"],
            interrupted=data["interrupted"],
            branch_errors=data["branch_errors"],
            waiting=dict(data["waiting"]),
            outcome=outcomes.from_json(data["outcome"]),
            last_steps=[(routine, step) for routine, step in data["last_steps"]],
        )
        state.meter.left_bytes = data["left_bytes"]
        for branch in state.branches.values():
            outer = state.branches[branch.parent].frames[-1].slots if branch.parent >= 0 else None
            for position, frame in enumerate(branch.frames):
                frame.slots[0] = Link(state.meter, outer if position == 0 else None)
        return state


def _kept_bytes(slot: Any) -> int:
    return model.size_bytes(slot.value if type(slot) is Caught else slot)


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
            [frame.routine, frame.address, frame.variables, [_slot_to_json(slot) for slot in frame.slots[1:]]]
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
            Frame(routine, address, [None, *map(_slot_from_json, slots)], variables)
            for routine, address, variables, slots in data["frames"]
        ],
    )


def _slot_to_json(slot: Any) -> Any:
    return {_CAUGHT_TAG: slot.to_json()} if type(slot) is Caught else convert.freeze(slot)


def _slot_from_json(data: Any) -> Any:
    if type(data) is dict and data.keys() == {_CAUGHT_TAG}:
        return Caught.from_json(data[_CAUGHT_TAG])
    return convert.thaw(data)


def _join_to_json(join: Join) -> dict[str, Any]:
    return {
        "limit": join.limit,
        "total": join.total,
        "items": convert.freeze(join.items),
        "started": join.started,
        "running": join.running,
        "errors": [[e.position, e.id, convert.freeze(e.payload), e.context, e.raised] for e in join.errors],
        "truncated": join.truncated,
    }


def _join_from_json(data: dict[str, Any]) -> Join:
    return Join(
        limit=data["limit"],
        total=data["total"],
        items=convert.thaw(data["items"]),
        started=data["started"],
        running=data["running"],
        errors=[
            BranchError(position, id_, convert.thaw(payload), context, raised)
            for position, id_, payload, context, raised in data["errors"]
        ],
        truncated=data["truncated"],
    )
