"""Code: a program linked to closures, ready to run.

Each address has a closure `step(slots) -> next address`. What a closure cannot do alone (calling,
returning, waiting, forking) answers `BOUNDARY`, and the machine does it by the instruction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stepward.engine.closures import costs, extents, loops, steps
from stepward.engine.closures.binary import Closure, Slots
from stepward.engine.closures.evaluator import charged, compile_expression, split_location
from stepward.engine.closures.extents import Extents
from stepward.engine.closures.steps import Step
from stepward.engine.state import Frame
from stepward.language import program
from stepward.language.program import Expr, Instruction, Jump
from stepward.language.signatures import Library
from stepward.values.model import Value


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
    following: tuple[int, ...]
    """Where control goes behind each instruction."""
    left: tuple[tuple[int, ...], ...]
    """The slots that are free then, because their scopes end there."""
    extents: Extents

    def go_on(self, frame: Frame) -> None:
        """Move *frame* behind the instruction at its address."""
        for slot in self.left[frame.address]:
            frame.slots[slot] = None
        frame.address = self.following[frame.address]


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
        self._extents = extents.extents_of(routine)

    def link(self) -> LinkedRoutine:
        linked, operands, extra = [], [], []
        counted = list(map(costs.is_step, self._code))
        following = tuple(self._follow(address + 1) for address in range(len(self._code)))
        for address, instruction in enumerate(self._code):
            step = self._step(address, instruction)
            ticks = costs.ticks_of(instruction)
            is_boundary = step is steps.boundary
            if not is_boundary:
                step = steps.charging(ticks, step) if ticks else step
                step = step if counted[address] else steps.uncounted(step)
            linked.append(step)
            operands.append(self._operand(instruction) if is_boundary else None)
            extra.append(ticks if is_boundary else 0)
        return LinkedRoutine(
            self._routine,
            steps=tuple(linked),
            operands=tuple(operands),
            ticks=tuple(extra),
            counted=tuple(counted),
            following=following,
            left=tuple(extents.left_slots(self._extents, *way) for way in enumerate(following)),
            extents=self._extents,
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
        following = self._follow(address + 1)
        match instruction:
            case program.LoopStart():
                exit_ = self._exit(address, instruction.exit)
                return loops.start(instruction, self._compile(instruction.source), following, exit_)
            case program.LoopNext():
                return loops.next_turn(
                    instruction, self._follow(instruction.body), self._exit(address, following)
                )
            case Jump():
                target = self._follow(instruction.target)
                return self._leaving(address, steps.jump(target), target)
            case program.Choose():
                cases = [self._condition(*case) for case in instruction.cases]
                otherwise = self._follow(instruction.otherwise)
                targets = [target for _, _, target in cases]
                return self._leaving(address, steps.choose(cases, otherwise), otherwise, *targets)
            case _:
                step = self._simple_step(instruction, following)
                return step if step is steps.boundary else self._leaving(address, step, following)

    def _simple_step(self, instruction: Instruction, following: int) -> Step:
        match instruction:
            case program.Assign():
                return steps.assign(instruction, following, self._library)
            case program.CallFunction():
                return steps.call_function(instruction, following, self._library)
            case program.TryStart():
                return steps.try_start(instruction, following)
            case program.Catch():
                return steps.catch(instruction, following)
            case _:
                return steps.boundary

    def _exit(self, address: int, target: int) -> loops.Exit:
        target = self._follow(target)
        return loops.Exit(target, extents.left_slots(self._extents, address, target))

    def _leaving(self, address: int, step: Step, *targets: int) -> Step:
        """Return *step*, which also ends the scopes that it leaves."""
        left = {target: extents.left_slots(self._extents, address, target) for target in targets}
        return steps.leaving(left, step) if any(left.values()) else step

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
