"""Code: a program linked to closures, ready to run.

Each address has a closure `step(slots) -> next address`. What a closure cannot do alone (calling,
returning, waiting, forking) answers `BOUNDARY`, and the machine does it by the instruction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stepward.engine import costs, loops, steps
from stepward.engine.binary import Closure, Slots
from stepward.engine.evaluator import charged, compile_expression, split_location
from stepward.engine.steps import Step
from stepward.language import program
from stepward.language.program import Expr, Instruction, Jump
from stepward.language.signatures import Library
from stepward.values.model import Value


@dataclass(frozen=True, slots=True)
class Extent:
    """The addresses of a loop, and the slot of its snapshot."""

    start: int
    end: int
    """Exclusive."""
    state: int

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end


def left_loops(loops: Iterable[Extent], address: int, target: int) -> tuple[int, ...]:
    """Return the slots of the snapshots of those *loops* that control leaves from *address* to *target*."""
    return tuple(loop.state for loop in loops if address in loop and target not in loop)


@dataclass(frozen=True, slots=True)
class Question:
    """What it takes to ask a library function that needs the world."""

    arguments: steps.Bound
    function: Callable[[Slots, list[Value]], Value]
    ambient: bool


@dataclass(frozen=True, slots=True)
class LinkedRoutine:
    """One routine, linked. `operands` holds the closures of what boundary instructions evaluate."""

    routine: program.Routine
    steps: tuple[Step, ...]
    operands: tuple[Any, ...]
    ticks: tuple[int, ...]
    """What boundary instructions take beside the tick of their step."""
    counted: tuple[bool, ...]
    """Whether each instruction counts as a step."""
    loops: tuple[Extent, ...]


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
    linked = tuple(_Linker(routine, checked, library).link() for routine in checked.routines)
    return Code(checked, library, linked)


class _Linker:
    """Links one routine."""

    def __init__(self, routine: program.Routine, checked: program.Program, library: Library) -> None:
        self._code = routine.code
        self._routine = routine
        self._program = checked
        self._library = library
        self._loops = tuple(
            Extent(address, instruction.exit, instruction.state)
            for address, instruction in enumerate(routine.code)
            if isinstance(instruction, program.LoopStart)
        )

    def link(self) -> LinkedRoutine:
        linked, operands, extra = [], [], []
        for address, instruction in enumerate(self._code):
            step = self._step(address, instruction)
            ticks = costs.ticks_of(instruction)
            is_boundary = step is steps.boundary
            linked.append(step if is_boundary or not ticks else steps.charging(ticks, step))
            operands.append(self._operand(instruction) if is_boundary else None)
            extra.append(ticks if is_boundary else 0)
        return LinkedRoutine(
            self._routine,
            steps=tuple(linked),
            operands=tuple(operands),
            ticks=tuple(extra),
            counted=tuple(map(costs.is_step, self._code)),
            loops=self._loops,
        )

    def _follow(self, address: int) -> int:
        """Return where control really goes at *address*: hidden jumps are never executed."""
        while address < len(self._code):
            instruction = self._code[address]
            if not (isinstance(instruction, Jump) and instruction.hidden):
                break
            address = instruction.target
        return address

    def _step(self, address: int, instruction: Instruction) -> Step:
        following, library = self._follow(address + 1), self._library
        match instruction:
            case program.Assign():
                return steps.assign(instruction, following, library)
            case Jump():
                return self._jump(address, self._follow(instruction.target))
            case program.Choose():
                return steps.choose(
                    [self._condition(*case) for case in instruction.cases],
                    self._follow(instruction.otherwise),
                )
            case program.LoopStart():
                source = self._compile(instruction.source)
                return loops.start(instruction, source, following, self._follow(instruction.exit))
            case program.LoopNext():
                return loops.next_turn(instruction, self._follow(instruction.body), following)
            case program.CallFunction():
                return steps.call_function(instruction, following, library)
            case program.TryStart():
                return steps.try_start(instruction, following)
            case program.Catch():
                return steps.catch(instruction, following)
            case _:
                return steps.boundary

    def _operand(self, instruction: Instruction) -> Any:
        match instruction:
            case program.Return() | program.Raise():
                return self._compile(instruction.value)
            case program.RetryStart():
                return self._compile(instruction.policy)
            case program.CallRoutine():
                callee = self._program.routines[instruction.routine]
                return steps.arguments(instruction.arguments, callee, self._library)
            case program.Ask():
                return self._question(instruction)
            case program.CallConnector():
                return self._compile(instruction.arguments)
            case program.Fork():
                source = self._compile(instruction.loop.source) if instruction.loop else None
                return source, self._compile(instruction.limit) if instruction.limit else None
            case _:
                return None

    def _jump(self, address: int, target: int) -> Step:
        return steps.jump(target, left_loops(self._loops, address, target))

    def _condition(self, condition: Expr, target: int) -> steps.Condition:
        expr, span = split_location(condition)
        return self._compile(expr), span, self._follow(target)

    def _compile(self, expr: Expr) -> Closure:
        return compile_expression(expr, self._library)

    def _question(self, instruction: program.Ask) -> Question:
        name, library = instruction.function, self._library
        signature = steps.signature_of(name, library)
        arguments = steps.arguments(instruction.arguments, signature, library)
        return Question(arguments, charged(name, library.implementation(name)), signature.ambient)
