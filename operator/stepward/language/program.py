"""`Program`: a checked workflow as flat tables of instructions, with every name resolved to a slot.

Data only: the engine links it to closures. Everything keeps its span, so that a run-time error
still knows its line.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from stepward.language.source import Source, Span
from stepward.language.syntax import BinaryOperator, UnaryOperator

NOWHERE: Final = Span(0, 0)
"""Of instructions that stand for nothing the author wrote, and that cannot fail."""

# --- expressions with slots --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A value known before anything runs."""

    value: Any


@dataclass(frozen=True, slots=True)
class Read:
    """A variable: `depth` frames outwards, in `slot`."""

    depth: int
    slot: int
    name: str


@dataclass(frozen=True, slots=True)
class Take:
    """A value that waits in a hidden slot to be read once; reading it empties the slot."""

    slot: int


@dataclass(frozen=True, slots=True)
class Access:
    """`container[key]` or `container.key`."""

    container: "Expr"
    key: "Expr"


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x`, `-x`, `+x`."""

    operator: UnaryOperator
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: BinaryOperator
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class MakeList:
    """A list of the values of its items."""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class MakeMap:
    """A map; keys that are not constants must yield strings; of equal keys the later wins."""

    entries: tuple[tuple["Expr", "Expr"], ...]


@dataclass(frozen=True, slots=True)
class Invoke:
    """A pure library function with positional arguments."""

    function: str
    arguments: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Located:
    """An expression whose failures belong to `span`."""

    span: Span
    inner: "Expr"


Expr: TypeAlias = Constant | Read | Take | Access | Unary | Binary | MakeList | MakeMap | Invoke | Located

# --- instructions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Store:
    """A variable that is written: `depth` frames outwards, in `slot`."""

    depth: int
    slot: int


@dataclass(frozen=True, slots=True)
class Write:
    """One assignment: into a variable, or along `path` into the container it holds."""

    span: Span
    store: Store
    path: tuple[Expr, ...]
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What all instructions have: the step they belong to, and the source they stand for."""

    step: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Instruction):
    """Do the writes in order. `hidden`: part of another step, so it counts as no step."""

    writes: tuple[Write, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump(Instruction):
    """Go to `target`. `hidden`: no jump the author wrote, so it counts as no step."""

    target: int
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Instruction):
    """Go to the target of the first case whose condition is true, else to `otherwise`."""

    cases: tuple[tuple[Expr, int], ...]
    otherwise: int
    hidden: bool = False
    """Part of another step, so it counts as no step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStart(Instruction):
    """Snapshot `source` into `state` (items) and `state + 1` (position), and enter the first turn.

    `bounded`: the source is `[first, last]` of a range. `locals` become null each turn.
    """

    source: Expr
    bounded: bool
    state: int
    value: int
    index: int | None
    locals: tuple[int, ...]
    exit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopNext(Instruction):
    """Enter the next turn at `body`, or fall through when there is none."""

    bounded: bool
    state: int
    value: int
    index: int | None
    locals: tuple[int, ...]
    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFunction(Instruction):
    """Call a pure library function as a step."""

    function: str
    arguments: "Arguments"
    result: Store | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Instruction):
    """Call a library function that needs the world: it may read time and chance, or return an effect.

    `hidden`: taken out of an expression, so it counts as no step.
    """

    function: str
    arguments: "Arguments"
    result: Store | None
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConnector(Instruction):
    """Call a connector (`googleapis.*` and kin)."""

    connector: str
    arguments: Expr
    result: Store | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoutine(Instruction):
    """Call a subworkflow."""

    routine: int
    arguments: "Arguments"
    result: Store | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Instruction):
    """Leave the routine with a value. `implicit`: the end of the step list, which counts as no step."""

    value: Expr
    implicit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise(Instruction):
    """Raise a value."""

    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class TryStart(Instruction):
    """Enter a `try`: forget the retry state of an earlier entry."""

    retry_state: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStart(Instruction):
    """Ask the policy whether the error in `error` is retried; its answer goes to `result`.

    Falls through to `RetryWait`; goes to `give_up` when no retry is left. `policy` yields a map as
    in `http.default_retry`.
    """

    policy: Expr
    error: int
    retry_state: int
    result: Store
    give_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryWait(Instruction):
    """Wait for the back-off and run `body` again, or go to `give_up` if the answer is false."""

    retry_state: int
    answer: int
    body: int
    give_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch(Instruction):
    """Enter an `except` block: bind the error to `variable`, forget its other variables."""

    error: int
    variable: int | None
    locals: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rethrow(Instruction):
    """Let the error in `error` go on outwards with the stack it had."""

    error: int


@dataclass(frozen=True, slots=True)
class BranchCode:
    """Where a parallel branch starts and the slots its frame needs."""

    name: str
    entry: int
    slots: int
    variables: int


@dataclass(frozen=True, slots=True)
class IterationCode:
    """The iterations of a parallel loop: one branch per value of `source`."""

    source: Expr
    span: Span
    """What stands for `source` in the text."""
    bounded: bool
    value: int
    index: int | None
    entry: int
    slots: int
    variables: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork(Instruction):
    """Run branches, or iterations, and go on when all have finished."""

    branches: tuple[BranchCode, ...]
    loop: IterationCode | None
    limit: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndBranch(Instruction):
    """The branch has finished."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call passes: by position of the parameter, or a map made at run time (`dynamic`)."""

    values: tuple[tuple[int, Expr], ...] = ()
    dynamic: Expr | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a routine; `default` is None for a required one."""

    name: str
    default: Constant | None


@dataclass(frozen=True, slots=True)
class Handler:
    """Where errors of the instructions it covers go: the error to slot `error`, control to `entry`."""

    entry: int
    error: int


@dataclass(frozen=True, slots=True)
class Routine:
    """The code of one routine. Its parameters live in slots 1, 2, …"""

    name: str
    parameters: tuple[Parameter, ...]
    slots: int
    variables: int
    """How many leading slots hold variables, which count as memory; the others are hidden."""
    code: tuple[Instruction, ...]
    handler_at: tuple[int, ...]
    """Address -> index into `handlers`, or -1: a failure there leaves the routine (or the branch)."""
    handlers: tuple[Handler, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A checked workflow. `routines[0]` is `main`."""

    source: Source
    digest: str
    """SHA-256 of the source text, in hexadecimal."""
    routines: tuple[Routine, ...]
    step_count: int
    """How many steps the author wrote."""
