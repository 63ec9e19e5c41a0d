"""A program as text, one line for each instruction: what tests of lowering compare."""

import json
from collections.abc import Callable
from typing import Any

from stepward.language import program
from stepward.language.program import Expr, Instruction, Store
from stepward.values import model


def listing(whole: program.Program) -> str:
    """Return the code of all routines.

    A line holds the address, the handler of errors (`.`: none), the step, and what is done. `$3` is a slot,
    `^` leads to the frame around a branch, `+` marks what does not count as a step.
    """
    return "".join(map(_routine, whole.routines))


def _routine(routine: program.Routine) -> str:
    names = ", ".join(
        p.name + (f"={_value(p.default.value)}" if p.default else "") for p in routine.parameters
    )
    hidden = routine.slots - routine.variables
    lines = [f"{routine.name}({names}): {routine.variables - 1} variables, {hidden} hidden"]
    for address, instruction in enumerate(routine.code):
        handler = routine.handler_at[address]
        marks = "+" if _is_hidden(instruction) else " "
        where = "." if handler < 0 else str(handler)
        lines.append(f"{address:3} {where} {marks} {instruction.step}: {_instruction(instruction)}")
    for number, handler_code in enumerate(routine.handlers):
        lines.append(f"    handler {number}: ${handler_code.error}, go to {handler_code.entry}")
    return "\n".join(lines) + "\n"


def _is_hidden(instruction: Instruction) -> bool:
    return bool(getattr(instruction, "hidden", False) or getattr(instruction, "implicit", False))


def _instruction(instruction: Instruction) -> str:
    match instruction:
        case program.Assign():
            return "; ".join(map(_write, instruction.writes))
        case program.Jump():
            return f"go to {instruction.target}"
        case program.Choose():
            cases = [f"{_expr(condition)}: {target}" for condition, target in instruction.cases]
            return f"choose {', '.join(cases)}, else {instruction.otherwise}"
        case program.LoopStart():
            kind = "range" if instruction.bounded else "each"
            return (
                f"loop {kind} {_expr(instruction.source)} in ${instruction.state}: "
                f"{_turn(instruction)}, exit {instruction.exit}"
            )
        case program.LoopNext():
            return f"next of ${instruction.state}: {_turn(instruction)}, body {instruction.body}"
        case program.CallFunction() | program.Ask():
            word = "ask" if isinstance(instruction, program.Ask) else "call"
            return _called(word, instruction.function, _arguments(instruction.arguments), instruction.result)
        case program.CallConnector():
            return _called(
                "connector", instruction.connector, _expr(instruction.arguments), instruction.result
            )
        case program.CallRoutine():
            return _called(
                "routine", str(instruction.routine), _arguments(instruction.arguments), instruction.result
            )
        case program.Return() | program.Raise():
            return f"{type(instruction).__name__.lower()} {_expr(instruction.value)}"
        case program.Fork():
            return _fork(instruction)
        case _:
            return _try_code(instruction)


def _try_code(instruction: Instruction) -> str:
    match instruction:
        case program.TryStart():
            return f"try, state ${instruction.retry_state}"
        case program.RetryStart():
            return (
                f"retry ${instruction.error} by {_expr(instruction.policy)}, "
                f"state ${instruction.retry_state}, answer {_store(instruction.result)}, "
                f"give up at {instruction.give_up}"
            )
        case program.RetryWait():
            return (
                f"wait if ${instruction.answer}, go to {instruction.body}, give up at {instruction.give_up}"
            )
        case program.Catch():
            slots = "".join(f" ${slot}" for slot in instruction.locals)
            variable = "" if instruction.variable is None else f" as ${instruction.variable}"
            return f"catch ${instruction.error}{variable}, clear{slots or ' nothing'}"
        case program.Rethrow():
            return f"rethrow ${instruction.error}"
        case program.EndBranch():
            return "end of branch"
        case _:
            raise AssertionError(instruction)


def _turn(loop: program.LoopStart | program.LoopNext) -> str:
    index = "" if loop.index is None else f", index ${loop.index}"
    cleared = "".join(f" ${slot}" for slot in loop.locals)
    return f"value ${loop.value}{index}, clear{cleared or ' nothing'}"


def _fork(fork: program.Fork) -> str:
    parts = [f"{b.name} at {b.entry} with {b.variables - 1} variables" for b in fork.branches]
    if fork.loop:
        kind = "range" if fork.loop.bounded else "each"
        index = "" if fork.loop.index is None else f", index ${fork.loop.index}"
        parts.append(f"{kind} {_expr(fork.loop.source)} as ${fork.loop.value}{index} at {fork.loop.entry}")
    if fork.limit:
        parts.append(f"at most {_expr(fork.limit)}")
    return f"fork {'; '.join(parts)}"


def _called(word: str, name: str, arguments: str, result: Store | None) -> str:
    return f"{word} {name}{arguments}" + (f" -> {_store(result)}" if result else "")


def _arguments(arguments: program.Arguments) -> str:
    if arguments.dynamic is not None:
        return f" with {_expr(arguments.dynamic)}"
    return "(" + ", ".join(f"{position}: {_expr(value)}" for position, value in arguments.values) + ")"


def _write(write: program.Write) -> str:
    path = "".join(f"[{_expr(key)}]" for key in write.path)
    return f"{_store(write.store)}{path} = {_expr(write.value)}"


def _store(store: Store) -> str:
    return f"{'^' * store.depth}${store.slot}"


def _expr(expr: Expr) -> str:
    parts: Callable[..., str] = lambda *exprs: ", ".join(map(_expr, exprs))  # noqa: E731
    match expr:
        case program.Constant():
            return _value(expr.value)
        case program.Read():
            return f"{'^' * expr.depth}{expr.name or f'${expr.slot}'}"
        case program.Take():
            return f"take ${expr.slot}"
        case program.Access():
            return f"{_expr(expr.container)}[{_expr(expr.key)}]"
        case program.Unary():
            return f"({expr.operator} {_expr(expr.operand)})"
        case program.Binary():
            return f"({_expr(expr.left)} {expr.operator} {_expr(expr.right)})"
        case program.MakeList():
            return f"[{parts(*expr.items)}]"
        case program.MakeMap():
            return "{" + ", ".join(f"{_expr(key)}: {_expr(value)}" for key, value in expr.entries) + "}"
        case program.Invoke():
            return f"{expr.function}({parts(*expr.arguments)})"
        case program.Located():
            return _expr(expr.inner)


def _value(value: Any) -> str:
    return f"<{value}>" if type(value) is model.FunctionRef else json.dumps(value)
