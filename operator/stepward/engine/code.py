"""Code: a program linked to closures, ready to run.

Each address has a closure `step(slots) -> next address`. What a closure cannot do alone (calling,
returning, waiting, forking) answers `BOUNDARY`, and the machine does it by the instruction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from stepward.engine import assignment, loops, operators
from stepward.engine.evaluator import Closure, Slots, compile_expression, split_location
from stepward.language import program
from stepward.language.program import (
    Arguments,
    Assign,
    CallFunction,
    Choose,
    Expr,
    Instruction,
    Jump,
    LoopNext,
    LoopStart,
    Store,
    TryStart,
    Write,
)
from stepward.language.signatures import Library
from stepward.language.source import Span
from stepward.values import errors
from stepward.values.errors import WorkflowError
from stepward.values.model import Map, Value

BOUNDARY: Final = -1
"""A step's answer when the machine must act."""

Step: TypeAlias = Callable[[Slots], int]


@dataclass(frozen=True, slots=True)
class LinkedRoutine:
    """One routine, linked. `operands` holds the closures of what boundary instructions evaluate."""

    routine: program.Routine
    steps: tuple[Step, ...]
    operands: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A program ready to run, with the library it was linked to."""

    program: program.Program
    library: Library
    routines: tuple[LinkedRoutine, ...]

    def routine_index(self, name: str) -> int:
        """Return the index of routine *name*; KeyError if there is none."""
        for index, linked in enumerate(self.routines):
            if linked.routine.name == name:
                return index
        raise KeyError(name)


def link(checked: program.Program, library: Library) -> Code:
    """Return the code of *checked*."""
    return Code(checked, library, tuple(_Linker(routine, library).link() for routine in checked.routines))


def _boundary(_: Slots) -> int:
    return BOUNDARY


class _Linker:
    def __init__(self, routine: program.Routine, library: Library) -> None:
        self._routine = routine
        self._library = library

    def link(self) -> LinkedRoutine:
        steps, operands = [], []
        for address, instruction in enumerate(self._routine.code):
            step = self._step(instruction, self._follow(address + 1))
            steps.append(step)
            operands.append(self._operand(instruction) if step is _boundary else None)
        return LinkedRoutine(self._routine, tuple(steps), tuple(operands))

    def _follow(self, address: int) -> int:
        """Return where control really goes at *address*: hidden jumps are never executed."""
        code = self._routine.code
        while address < len(code):
            instruction = code[address]
            if not (isinstance(instruction, Jump) and instruction.hidden):
                break
            address = instruction.target
        return address

    def compile(self, expr: Expr) -> Closure:
        return compile_expression(expr, self._library)

    def _step(self, instruction: Instruction, following: int) -> Step:
        match instruction:
            case Assign():
                return self._assign(instruction, following)
            case Jump():
                target = self._follow(instruction.target)
                return lambda slots: target
            case Choose():
                return self._choose(instruction)
            case LoopStart():
                source = self.compile(instruction.source)
                return loops.start(instruction, source, following, self._follow(instruction.exit))
            case LoopNext():
                return loops.next_turn(instruction, self._follow(instruction.body), following)
            case CallFunction():
                return self._call_function(instruction, following)
            case TryStart():
                return _try_start(instruction.retry_state, following)
            case program.Catch():
                return _catch(instruction, following)
            case _:
                return _boundary

    def _operand(self, instruction: Instruction) -> Any:
        match instruction:
            case program.Return() | program.Raise():
                return self.compile(instruction.value)
            case program.RetryStart():
                return self.compile(instruction.policy)
            case program.CallRoutine() | program.Ask():
                return self._arguments(instruction.arguments)
            case program.CallConnector():
                return self.compile(instruction.arguments)
            case program.Fork():
                source = self.compile(instruction.loop.source) if instruction.loop else None
                return source, self.compile(instruction.limit) if instruction.limit else None
            case _:
                return None

    def _arguments(self, arguments: Arguments) -> Any:
        """Return `closure(slots) -> {position: value}`, or of a map if the arguments are dynamic."""
        if arguments.dynamic is not None:
            return self.compile(arguments.dynamic)
        pairs = [(position, self.compile(value)) for position, value in arguments.values]
        return lambda slots: {position: value(slots) for position, value in pairs}

    # --- assign ---------------------------------------------------------------------------------

    def _assign(self, instruction: Assign, following: int) -> Step:
        writes = instruction.writes
        if len(writes) == 1 and not writes[0].path and writes[0].store.depth == 0:
            return self._assign_variable(writes[0], following)
        actions = [self._write(write) for write in writes]

        def assign(slots: Slots) -> int:
            for action in actions:
                action(slots)
            return following

        return assign

    def _assign_variable(self, write: Write, following: int) -> Step:
        """Return the step of `variable: value`, the most frequent one."""
        expr, span = split_location(write.value)
        value, slot = self.compile(expr), write.store.slot
        heavy, account = assignment.HEAVY, assignment.account

        def assign(slots: Slots) -> int:
            try:
                slots[slot] = made = value(slots)
                if type(made) in heavy:
                    account(slots, made)
            except WorkflowError as failure:
                if failure.span is None:
                    failure.span = span
                raise
            return following

        return assign

    def _write(self, write: Write) -> Callable[[Slots], None]:
        expr, span = split_location(write.value)
        value = self.compile(expr)
        store = self._stored(write.store)
        if not write.path:
            span = span or write.span

            def assign(slots: Slots) -> None:
                with _Blame(span):
                    store(slots, value(slots))

            return assign
        keys = [self.compile(key) for key in write.path]
        depth, slot = write.store.depth, write.store.slot

        def assign_path(slots: Slots) -> None:
            with _Blame(write.span):
                path = [key(slots) for key in keys]
                with _Blame(span):
                    made = value(slots)
                grown = assignment.put(_frame(slots, depth), slot, path, made)
                slots[0].state.grew(grown)

        return assign_path

    def _stored(self, store: Store) -> Callable[[Slots, Value], None]:
        return storer(store)

    # --- switch ---------------------------------------------------------------------------------

    def _choose(self, instruction: Choose) -> Step:
        cases = []
        for condition, target in instruction.cases:
            expr, span = split_location(condition)
            cases.append((self.compile(expr), span, self._follow(target)))
        otherwise = self._follow(instruction.otherwise)
        if len(cases) == 1:
            return _choose_one(cases[0], otherwise)

        def choose(slots: Slots) -> int:
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

        return choose

    # --- call -----------------------------------------------------------------------------------

    def _call_function(self, instruction: CallFunction, following: int) -> Step:
        function = self._library.implementation(instruction.function)
        arguments = self._arguments(instruction.arguments)
        signature = self._library.signature(instruction.function)
        assert signature is not None
        dynamic = instruction.arguments.dynamic is not None
        store = storer(instruction.result) if instruction.result else None

        def call(slots: Slots) -> int:
            given = arguments(slots)
            positions = bind(given, signature) if dynamic else given
            made = function(*in_order(positions))
            if store:
                store(slots, made)
            return following

        return call


def _choose_one(case: tuple[Closure, Span | None, int], otherwise: int) -> Step:
    condition, span, target = case

    def choose(slots: Slots) -> int:
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

    return choose


class _Blame:
    """Context manager: failures inside belong to *span*, unless they say more exactly where."""

    __slots__ = ("_span",)

    def __init__(self, span: Span | None) -> None:
        self._span = span

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, failure: BaseException | None, __: object) -> None:
        if isinstance(failure, WorkflowError) and failure.span is None:
            failure.span = self._span


def _frame(slots: Slots, depth: int) -> Slots:
    for _ in range(depth):
        slots = slots[0].outer
    return slots


def storer(store: Store) -> Callable[[Slots, Value], None]:
    """Return the function that writes a value to a variable, accounting for it."""
    slot, depth = store.slot, store.depth

    def put(slots: Slots, value: Value) -> None:
        _frame(slots, depth)[slot] = value
        if type(value) in assignment.HEAVY:
            assignment.account(slots, value)

    return put


def _try_start(retry_state: int, following: int) -> Step:
    def start(slots: Slots) -> int:
        slots[retry_state] = None
        return following

    return start


def _catch(instruction: program.Catch, following: int) -> Step:
    error, variable, locals_ = instruction.error, instruction.variable, instruction.locals

    def catch(slots: Slots) -> int:
        for slot in locals_:
            slots[slot] = None
        if variable is not None:
            slots[variable] = slots[error]["value"]
        slots[error] = None
        return following

    return catch


def bind(given: Value, signature: Any) -> dict[int, Value]:
    """Return arguments by position for a map made at run time (`args: ${…}`); TypeError if it does not fit."""
    if type(given) is not Map:
        raise errors.type_error(f"{signature.name}: args must be a map of arguments by name")
    spellings = {
        spelling: position
        for position, parameter in enumerate(signature.parameters)
        for spelling in (parameter.name, *getattr(parameter, "aliases", ()))
    }
    bound = {}
    for name, value in given.items():
        if name not in spellings:
            raise errors.type_error(f"{signature.name} has no parameter '{name}'")
        bound[spellings[name]] = value
    return bound


def in_order(positions: dict[int, Value]) -> list[Value]:
    """Return arguments as a list; positions that were not given are null."""
    return [positions.get(position) for position in range(max(positions, default=-1) + 1)]
