"""Which variables exist where, and in which slot of which frame (language.md, section 4)."""

import textwrap
from collections.abc import Iterator

from stepward.language import yamltree
from stepward.language.diagnostics import Report
from stepward.language.parsing.workflow import parse_workflow
from stepward.language.scopes import Scope, build_scopes
from stepward.language.source import Source
from stepward.language.structure import Routine


def routine_of(steps: str, params: str = "[]") -> Routine:
    text = f"main:\n  params: {params}\n  steps:\n{textwrap.indent(textwrap.dedent(steps), '    ')}"
    source, report = Source("w.yaml", text), Report()
    root = yamltree.compose(source, report)
    assert root is not None
    workflow = parse_workflow(root, source, report)
    assert workflow is not None
    assert not report.has_errors, report.diagnostics
    return workflow.routines[0]


def scopes_of(steps: str, params: str = "[]") -> dict[str, Scope]:
    """Return the scopes of a routine by their titles."""
    return {scope.title: scope for scope in build_scopes(routine_of(steps, params)).values()}


def around(scope: Scope) -> Iterator[Scope]:
    found: Scope | None = scope
    while found:
        yield found
        found = found.parent


def test_parameters_come_first() -> None:
    scope = scopes_of("- a: {assign: [{c: 1}, {b: 2}, {a: 2}]}\n", "[{b: 1}]")["the routine 'main'"]
    assert scope.names == {"b": 1, "c": 2, "a": 3}
    assert scope.layout.names == ["", "b", "c", "a"]
    assert scope.layout.variables == 4


def test_groups_switches_and_try_bodies_are_no_scopes() -> None:
    scopes = scopes_of("""\
        - a:
            steps:
              - b: {assign: [v: 1]}
              - c:
                  switch:
                    - {condition: true, assign: [w: 1]}
                    - {condition: true, steps: [d: {assign: [x: 1]}]}
              - e: {try: {call: sys.now, result: y}, retry: "${http.default_retry}"}
              - f: {try: {steps: [g: {assign: [z: 1]}]}, retry: "${http.default_retry}"}
        """)
    assert list(scopes) == ["the routine 'main'"]
    assert list(scopes["the routine 'main'"].names) == ["v", "w", "x", "y", "z"]


def test_a_member_that_is_assigned_defines_nothing() -> None:
    assert scopes_of("- a:\n    assign:\n      - m.k: 1\n      - l[0]: 2\n")["the routine 'main'"].names == {}


def test_a_loop_has_its_variables_and_those_first_assigned_in_it() -> None:
    scopes = scopes_of("""\
        - a:
            for:
              value: v
              index: i
              in: []
              steps:
                - b: {assign: [own: 1, outer: 2]}
        - c: {assign: [outer: 0]}
        """)
    routine, loop = scopes["the routine 'main'"], scopes["the loop 'a'"]
    assert routine.names == {"outer": 1}
    assert loop.names == {"v": 2, "i": 3, "own": 4}
    assert loop.own_slots == [2, 3, 4]
    assert loop.layout is routine.layout
    assert [scope.title for scope in around(loop)] == ["the loop 'a'", "the routine 'main'"]


def test_loops_behind_each_other_have_slots_of_their_own() -> None:
    scopes = scopes_of("""\
        - a: {for: {value: v, in: [], steps: [b: {assign: [x: 1]}]}}
        - c: {for: {value: v, in: [], steps: [d: {assign: [x: 1]}]}}
        """)
    slots = [*scopes["the loop 'a'"].names.values(), *scopes["the loop 'c'"].names.values()]
    assert len(set(slots)) == 4


def test_an_except_block_has_its_error_and_what_is_first_assigned_in_it() -> None:
    scopes = scopes_of("""\
        - a:
            try: {assign: [body: 1]}
            except: {as: e, steps: [b: {assign: [own: 1, body: 2]}]}
        """)
    assert scopes["the routine 'main'"].names == {"body": 1}
    assert scopes["the 'except' of step 'a'"].names == {"e": 2, "own": 3}


def test_a_branch_has_a_frame_of_its_own() -> None:
    scopes = scopes_of("""\
        - a: {assign: [x: 1, y: 2]}
        - b:
            parallel:
              shared: [x]
              branches:
                - one: {assign: [x: 1, own: 2]}
                - two: {steps: [c: {assign: [own: 1]}]}
        """)
    routine, one, two = (scopes[t] for t in ("the routine 'main'", "the branch 'one'", "the branch 'two'"))
    assert one.layout is not two.layout
    assert one.layout is not routine.layout
    assert one.names == two.names == {"own": 1}
    assert one.shared == two.shared == frozenset({"x"})
    assert one.step == "b"
    home = one.find("x")
    assert home
    assert (home.depth, home.slot, home.scope, home.crossed) == (1, 1, routine, (one,))
    own = one.find("own")
    assert own
    assert (own.depth, own.crossed) == (0, ())
    assert one.find("nothing") is None


def test_nested_branches_are_crossed_from_the_inside() -> None:
    scopes = scopes_of("""\
        - a: {assign: [x: 1]}
        - b:
            parallel:
              for:
                value: v
                in: []
                steps:
                  - c: {for: {value: w, in: [], steps: [d: {parallel: {branches: [e: {assign: [own: 1]}]}}]}}
        """)
    inner, outer = scopes["the branch 'e'"], scopes["the parallel loop 'b'"]
    far, near = inner.find("x"), inner.find("w")
    assert far
    assert near
    assert (far.depth, far.crossed) == (2, (inner, outer))
    assert (near.depth, near.crossed) == (1, (inner,))
    assert list(inner.visible()) == ["own", "w", "v", "x"]


def test_the_innermost_definition_counts() -> None:
    scopes = scopes_of("""\
        - a: {assign: [v: 1]}
        - b: {for: {value: v, in: [], steps: [c: {assign: [v: 2]}]}}
        """)
    home = scopes["the loop 'b'"].find("v")
    assert home
    assert home.scope is scopes["the loop 'b'"]


def test_a_hidden_slot_is_no_variable() -> None:
    layout = scopes_of("- a: {assign: [x: 1]}\n")["the routine 'main'"].layout
    assert layout.allocate() == 2
    assert (layout.size, layout.variables) == (3, 2)
