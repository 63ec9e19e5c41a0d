"""Instructions to closures `step(slots) -> next address`, for all that needs no machine."""

from collections.abc import Callable
from typing import Final, TypeAlias

from stepward.engine.closures import assignment, operators
from stepward.engine.closures.binary import Closure, Slots
from stepward.engine.closures.evaluator import charged, compile_expression, split_location
from stepward.engine.meter import HEAVY
from stepward.language import program
from stepward.language.program import Arguments, Store, Write
from stepward.language.signatures import Library, Signature
from stepward.language.source import Span
from stepward.values import errors
from stepward.values.errors import WorkflowError
from stepward.values.model import Map, Value

Step: TypeAlias = Callable[[Slots], int]
Condition: TypeAlias = tuple[Closure, Span | None, int]
"""What is asked, the text its failures belong to, and where to go if it is true."""

BOUNDARY: Final = -1
"""A step's answer when the machine must act."""


def boundary(_: Slots) -> int:
    """Stand for an instruction that only the machine can do."""
    return BOUNDARY


def charging(ticks: int, step: Step) -> Step:
    """Return *step*, taking *ticks* more than others."""

    def step_and_pay(slots: Slots) -> int:
        slots[0].meter.charge(ticks)
        return step(slots)

    return step_and_pay


def uncounted(step: Step) -> Step:
    """Return *step*, counting as none of the author's."""

    def step_uncounted(slots: Slots) -> int:
        slots[0].meter.uncount()
        return step(slots)

    return step_uncounted


def leaving(left: dict[int, tuple[int, ...]], step: Step) -> Step:
    """Return *step*, freeing the slots of the scopes that it leaves: *left* has them by target."""

    def step_and_leave(slots: Slots) -> int:
        following = step(slots)
        for slot in left[following]:
            slots[slot] = None
        return following

    return step_and_leave


def jump(target: int) -> Step:
    """Return the step that goes to *target*."""
    return lambda slots: target


# --- assign --------------------------------------------------------------------------------------


def assign(instruction: program.Assign, following: int, library: Library) -> Step:
    """Return the step that does the writes of *instruction* in order."""
    writes = instruction.writes
    if len(writes) == 1 and not writes[0].path and writes[0].store.depth == 0:
        return _assign_variable(writes[0], following, library)
    actions = [_write(write, library) for write in writes]

    def assign_all(slots: Slots) -> int:
        for action in actions:
            action(slots)
        return following

    return assign_all


def _assign_variable(write: Write, following: int, library: Library) -> Step:
    """Return the step of `variable: value`, the most frequent one."""
    expr, span = split_location(write.value)
    value, slot = compile_expression(expr, library), write.store.slot

    def assign_variable(slots: Slots) -> int:
        try:
            slots[slot] = made = value(slots)
            if type(made) in HEAVY:
                slots[0].meter.store(made)
        except WorkflowError as failure:
            if failure.span is None:
                failure.span = span
            raise
        return following

    return assign_variable


def _write(write: Write, library: Library) -> Callable[[Slots], None]:
    expr, span = split_location(write.value)
    value = compile_expression(expr, library)
    if write.path:
        return _write_path(write, value, span or write.span, library)
    store, blamed = storer(write.store), span or write.span

    def write_variable(slots: Slots) -> None:
        try:
            store(slots, value(slots))
        except WorkflowError as failure:
            if failure.span is None:
                failure.span = blamed
            raise

    return write_variable


def _write_path(write: Write, value: Closure, value_span: Span, library: Library) -> Callable[[Slots], None]:
    keys = [compile_expression(key, library) for key in write.path]
    depth, slot, put = write.store.depth, write.store.slot, assignment.put

    def write_path(slots: Slots) -> None:
        blamed = write.span
        try:
            path = [key(slots) for key in keys]
            blamed = value_span
            made = value(slots)
            blamed = write.span
            put(slots[0].meter, frame_at(slots, depth), slot, path, made)
        except WorkflowError as failure:
            if failure.span is None:
                failure.span = blamed
            raise

    return write_path


def frame_at(slots: Slots, depth: int) -> Slots:
    """Return the slots of the frame *depth* branches outwards."""
    for _ in range(depth):
        slots = slots[0].outer
    return slots


def storer(store: Store) -> Callable[[Slots, Value], None]:
    """Return the function that writes a value to a variable, accounting for it."""
    slot, depth = store.slot, store.depth

    def put(slots: Slots, value: Value) -> None:
        frame_at(slots, depth)[slot] = value
        if type(value) in HEAVY:
            slots[0].meter.store(value)

    return put


# --- switch --------------------------------------------------------------------------------------


def choose(cases: list[Condition], otherwise: int) -> Step:
    """Return the step that goes where the first true condition says, else to *otherwise*."""
    if len(cases) == 1:
        return _choose_one(cases[0], otherwise)

    def choose_first(slots: Slots) -> int:
        for condition, span, target in cases:
            try:
                answer = condition(slots)
                if answer is True:
                    return target
                if answer is not False:
                    raise operators.condition(answer)
            except WorkflowError as failure:
                if failure.span is None:
                    failure.span = span
                raise
        return otherwise

    return choose_first


def _choose_one(case: Condition, otherwise: int) -> Step:
    condition, span, target = case

    def choose_one(slots: Slots) -> int:
        try:
            answer = condition(slots)
            if answer is True:
                return target
            if answer is False:
                return otherwise
            raise operators.condition(answer)
        except WorkflowError as failure:
            if failure.span is None:
                failure.span = span
            raise

    return choose_one


# --- call ----------------------------------------------------------------------------------------


def call_function(instruction: program.CallFunction, following: int, library: Library) -> Step:
    """Return the step that calls a pure library function."""
    name = instruction.function
    given = arguments(instruction.arguments, signature_of(name, library), library)
    function = charged(name, library.implementation(name))
    store = storer(instruction.result) if instruction.result else None

    def call(slots: Slots) -> int:
        made = function(slots, in_order(given(slots)))
        if store:
            store(slots, made)
        return following

    return call


def signature_of(function: str, library: Library) -> Signature:
    """Return the signature of a function that the checker found in *library*."""
    signature = library.signature(function)
    if signature is None:
        raise ValueError(f"the library has no function {function}")
    return signature


Callee: TypeAlias = Signature | program.Routine
Bound: TypeAlias = Callable[[Slots], dict[int, Value]]
"""Evaluates the arguments of a call: values by position of the parameter."""


def arguments(given: Arguments, callee: Callee, library: Library) -> Bound:
    """Return the closure that evaluates the arguments of a call of *callee*."""
    if given.dynamic is not None:
        dynamic = compile_expression(given.dynamic, library)
        return lambda slots: _bind(dynamic(slots), callee)
    pairs = [(position, compile_expression(value, library)) for position, value in given.values]
    return lambda slots: {position: value(slots) for position, value in pairs}


def _bind(given: Value, callee: Callee) -> dict[int, Value]:
    """Return by position the arguments that a map made at run time holds (`args: ${…}`)."""
    if type(given) is not Map:
        raise errors.type_error(f"{callee.name}: args must be a map of arguments by name")
    spellings = [(parameter.name, *getattr(parameter, "aliases", ())) for parameter in callee.parameters]
    positions = {name: position for position, names in enumerate(spellings) for name in names}
    for name in given:
        if name not in positions:
            raise errors.type_error(f"{callee.name} has no parameter '{errors.shortened(name)}'")
    return {positions[name]: value for name, value in given.items()}


def in_order(positions: dict[int, Value]) -> list[Value]:
    """Return arguments as a list; positions that were not given are null."""
    return [positions.get(position) for position in range(max(positions, default=-1) + 1)]


# --- try -----------------------------------------------------------------------------------------


def try_start(instruction: program.TryStart, following: int) -> Step:
    """Return the step that enters a `try`."""
    retry_state = instruction.retry_state

    def start(slots: Slots) -> int:
        slots[retry_state] = None
        return following

    return start


def catch(instruction: program.Catch, following: int) -> Step:
    """Return the step that enters an `except` block."""
    error, variable, locals_ = instruction.error, instruction.variable, instruction.locals

    def bind_error(slots: Slots) -> int:
        for slot in locals_:
            slots[slot] = None
        caught = slots[error]
        slots[error] = None
        if variable is not None:
            slots[variable] = caught.value
            slots[0].meter.store(caught.value)
        return following

    return bind_error
