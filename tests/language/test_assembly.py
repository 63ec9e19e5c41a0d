"""Labels and handlers of the assembler."""

import pytest

from stepward.language.lowering.assembly import Assembler, Build, Label
from stepward.language.program import NOWHERE, Instruction, Jump
from stepward.language.scopes import Layout


def jump_to(label: Label) -> Build:
    return lambda step: Jump(step=step, span=NOWHERE, target=label.target)


def targets(code: tuple[Instruction, ...]) -> list[int]:
    return [instruction.target for instruction in code if isinstance(instruction, Jump)]


def test_a_label_may_be_used_before_and_after_it_is_placed() -> None:
    assembler, label = Assembler(), Label()
    assembler.emit(jump_to(label), "a")
    assembler.place(label)
    assembler.emit(jump_to(label), "b")
    code, handler_at, handlers = assembler.finish()
    assert targets(code) == [1, 1]
    assert [instruction.step for instruction in code] == ["a", "b"]
    assert handler_at == (-1, -1)
    assert handlers == ()


def test_a_label_that_was_never_placed_is_a_fault_of_ours() -> None:
    assembler = Assembler()
    assembler.emit(jump_to(Label()), "a")
    with pytest.raises(AssertionError):
        assembler.finish()


def test_handlers_nest_and_end() -> None:
    assembler, layout, label = Assembler(), Layout(), Label()
    outer, inner = Label(), Label()
    assembler.place(label)
    assembler.emit(jump_to(label), "before")
    first = assembler.protect(outer, layout)
    assembler.emit(jump_to(label), "outer")
    second = assembler.protect(inner, layout)
    assembler.emit(jump_to(label), "inner")
    assembler.unprotect()
    assembler.place(inner)
    assembler.emit(jump_to(label), "handler of inner")
    assembler.unprotect()
    assembler.place(outer)
    assembler.emit(jump_to(label), "handler of outer")
    _, handler_at, handlers = assembler.finish()
    assert handler_at == (-1, 0, 1, 0, -1)
    assert [(handler.entry, handler.error) for handler in handlers] == [(4, first), (3, second)]
    assert first != second


def test_code_of_branches_is_outside_of_all_handlers() -> None:
    assembler, layout, label = Assembler(), Layout(), Label()
    assembler.place(label)
    assembler.protect(label, layout)
    with assembler.outside():
        assembler.emit(jump_to(label), "branch")
        assembler.protect(label, layout)
        assembler.emit(jump_to(label), "in the branch's own try")
        assembler.unprotect()
    assembler.emit(jump_to(label), "after")
    assert assembler.finish()[1] == (-1, 1, 0)
