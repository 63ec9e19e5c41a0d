"""Linking: every address leads somewhere, and jumps that nobody wrote are never executed."""

import pytest

from engine import programs, reference, running
from engine.running import main_of
from stepward.engine import code
from stepward.language import program


def test_linking_is_the_same_again() -> None:
    linked = running.link(main_of("a: {return: '${args}'}"))
    again = code.link(linked.program, running.LIBRARY)
    assert running.run(again, 5).value == running.run(linked, 5).value == 5


def test_a_code_runs_many_executions() -> None:
    """Nothing of one execution stays in the closures: constants and defaults are copied when written."""
    text = main_of("a: {assign: [{m: {l: []}}]}", "b: {call: f, result: r}", "c: {return: ['${m}', '${r}']}")
    text = text.replace(
        "a: {assign: [{m: {l: []}}]}", "a: {assign: [{m: {l: []}}, {m.l: '${list.concat(m.l, 1)}'}]}"
    )
    text += "f:\n  params: [x: {}]\n  steps:\n    - d: {assign: [{x.y: 1}]}\n    - e: {return: '${x}'}\n"
    linked = running.link(text)
    for _ in range(3):
        assert running.run(linked).value == [{"l": [1]}, {"y": 1}]


@pytest.mark.parametrize("seed", range(40))
def test_control_never_reaches_a_hidden_jump(seed: int) -> None:
    linked = running.link(reference.render(programs.Author(seed).program()))
    for routine in linked.routines:
        instructions = routine.routine.code
        for address in routine.following:
            if address < len(instructions):
                instruction = instructions[address]
                assert not (isinstance(instruction, program.Jump) and instruction.hidden)


def test_a_routine_that_does_not_exist_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        running.link(main_of("a: {return: 1}")).routine_index("other")
