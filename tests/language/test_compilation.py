"""From text to program as a whole: what it may cost, how deep it may nest, what it says of itself."""

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance import runner
from conformance.runner import LIBRARY
from stepward.engine import code
from stepward.language import compilation
from stepward.language.diagnostics import Report
from stepward.language.program import Program
from stepward.language.source import Source
from stepward.values import limits
from stepward.values.errors import WorkflowError


def compile_text(text: str) -> tuple[Program | None, Report]:
    return compilation.compile_workflow(Source("w.yaml", text), LIBRARY)


# --- what it says of itself ------------------------------------------------------------------------


def test_the_digest_is_that_of_the_text() -> None:
    first, _ = compile_text("- a: {return: 1}\n")
    same, _ = compile_text("- a: {return: 1}\n")
    other, _ = compile_text("- a: {return: 2}\n")
    assert first
    assert same
    assert other
    assert first.digest == same.digest != other.digest


def test_a_program_is_the_same_each_time_it_is_made() -> None:
    for row in runner_cases():
        text = runner.workflow_of(row)
        assert compile_text(text)[0] == compile_text(text)[0]


def runner_cases() -> list[dict[str, Any]]:
    from conformance.test_conformance import RUN

    return [row.values[0] for row in RUN if row.id.startswith("steps/")]


def test_a_program_knows_how_many_steps_its_author_wrote() -> None:
    program, _ = compile_text(
        """\
        main:
          steps:
            - a:
                steps:
                  - b: {next: end}
                  - c: {try: {steps: [d: {next: end}]}, except: {steps: [e: {next: end}]}}
            - f: {switch: [{condition: true, steps: [g: {next: end}]}, {condition: true, next: end}]}
            - h: {for: {value: v, in: [], steps: [i: {next: continue}]}}
            - j: {parallel: {branches: [k: {steps: [l: {assign: [x: 1]}]}, m: {assign: [x: 1]}]}}
            - n: {parallel: {for: {value: w, in: [], steps: [o: {next: continue}]}}}
        sub:
          steps:
            - a: {return: 1}
        """.replace("\n        ", "\n").removeprefix("        ")
    )
    assert program
    assert program.step_count == len("abcdefghijlno") + 1


def test_collection_of_garbage_goes_on_afterwards() -> None:
    compile_text("- a: {return: 1}\n")
    assert gc.isenabled()
    gc.disable()
    try:
        compile_text("- a: {return: 1}\n")
        assert not gc.isenabled()
    finally:
        gc.enable()


# --- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, value",
    [
        ('{"a": 1, "b": [1.0, null]}', {"a": 1, "b": [1.0, None]}),
        ("a: 1\nb: yes\n", {"a": 1, "b": "yes"}),
        ("- 1\n- 2024-01-01\n", [1, "2024-01-01"]),
        ("5", 5),
        ("plain text", "plain text"),
        ('"${x}"', "${x}"),
        ("{1: 2, true: 3}", {"1": 2, "true": 3}),
    ],
)
def test_an_argument_is_json_or_yaml(text: str, value: object) -> None:
    assert json.dumps(compilation.read_argument(text)) == json.dumps(value)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "neither JSON nor YAML: line 1, column"),
        ("a: 1\na: 2", "line 2, column 1: key 'a' occurs twice"),
        ("", "line 1, column 1"),
        ("x" * (limits.ARGUMENT_BYTES + 1), "must not be larger than 512 KiB"),
    ],
)
def test_another_argument_is_a_value_error_that_says_where(text: str, message: str) -> None:
    with pytest.raises(WorkflowError) as failed:
        compilation.read_argument(text)
    assert failed.value.value["tags"] == ["ValueError"]
    assert message in failed.value.value["message"]


# --- cost ------------------------------------------------------------------------------------------


def _filled(unit: Callable[[int], str], head: str = "") -> str:
    """Return as many units as fit into the largest source."""
    parts, size, number = [head], len(head), 0
    while size + len(unit(number)) <= limits.SOURCE_BYTES:
        parts.append(unit(number))
        size += len(parts[-1])
        number += 1
    return "".join(parts)


_CHAIN = "".join([".k"] * 195)
_SUM = "".join(["+x"] * 195)
_HEAVY = {
    "usual steps": _filled(
        lambda i: (
            f"    - get_{i}:\n        try:\n          call: http.get\n          args:\n"
            f'            url: ${{"https://a.test/" + string(n)}}\n          result: answer\n'
            f"        retry: ${{http.default_retry}}\n        except:\n          as: e\n          steps:\n"
            f"            - log_{i}: {{call: sys.log, args: {{text: '${{e.message}}'}}}}\n"
            f"    - choose_{i}:\n        switch:\n"
            f"          - condition: ${{answer.code == 200 and 'k' in answer.body}}\n"
            f"            assign:\n              - n: ${{n + len(answer.body.items) * 2}}\n"
            f"          - condition: true\n            next: get_{i}\n"
        ),
        "main:\n  steps:\n    - init:\n        assign: [{n: 0}, {answer: null}]\n",
    ),
    "short steps": _filled(lambda i: f"- a{i}: {{next: end}}\n"),
    "groups": _filled(lambda i: f"- a{i}: {{steps: [b{i}: {{next: end}}]}}\n"),
    "loops": _filled(lambda i: f"- a{i}: {{for: {{value: v, in: [], steps: [b{i}: {{next: continue}}]}}}}\n"),
    "tries": _filled(lambda i: f"- a{i}: {{try: {{next: end}}, except: {{as: e}}}}\n"),
    "parallel steps": _filled(lambda i: f"- a{i}: {{parallel: {{branches: [b{i}: {{raise: x}}]}}}}\n"),
    "subworkflows": _filled(
        lambda i: f"s{i}: {{steps: [a: {{next: end}}]}}\n", "main: {steps: [a: {next: end}]}\n"
    ),
    "unknown steps": _filled(lambda i: f"- a{i}: {{next: x{i}}}\n"),
    "unknown variables": _filled(lambda i: f"- a{i}: {{return: '${{y{i}}}'}}\n"),
    "variables of another routine": _filled(
        lambda i: f"s{i}: {{steps: [a: {{return: '${{y}}'}}]}}\n", "main: {steps: [a: {assign: [y: 1]}]}\n"
    ),
    "unknown functions": _filled(lambda i: f"- a{i}: {{call: f{i}}}\n"),
    "unknown arguments": _filled(lambda i: f"q{i}: 1, ", "- a: {call: http.get, args: {url: x, ") + "z: 1}}",
    "unknown keys": _filled(lambda i: f"- a{i}: {{nxt: b}}\n"),
    "repeated names": _filled(lambda _: "- a: {next: end}\n"),
    "long chains": _filled(lambda i: f"- a{i}: {{return: '${{x{_CHAIN}}}'}}\n", "- i: {assign: [x: 1]}\n"),
    "chains of the library": _filled(lambda i: f"- a{i}: {{return: '${{http{_CHAIN}}}'}}\n"),
    "long sums": _filled(lambda i: f"- a{i}: {{return: '${{x{_SUM}}}'}}\n", "- i: {assign: [x: 1]}\n"),
    "sums of calls": _filled(lambda i: f"- a{i}: {{return: '${{sys.now(){'+sys.now()' * 38}}}'}}\n"),
    "repeated expressions": (
        "- i: {assign: [x: 1]}\n- a:\n    return:\n      - &a ["
        + ",".join([f"'${{x{_SUM}}}'"] * 20)
        + "]\n"
        + "".join(f"      - [{','.join(['*a'] * 100)}]\n" for _ in range(20))
    ),
    "brackets": "[" * 60_000 + "]" * 60_000,
}
_SECONDS = 6.0
"""Ten times what the slowest takes on a slow machine. Anything quadratic takes a minute."""


@pytest.mark.parametrize("text", _HEAVY.values(), ids=_HEAVY.keys())
def test_no_source_takes_long_to_check_and_link(text: str) -> None:
    begin = time.perf_counter()
    program, report = compile_text(text)
    if program:
        code.link(program, LIBRARY)
    assert time.perf_counter() - begin < _SECONDS
    assert program or report.has_errors


# --- depth -----------------------------------------------------------------------------------------


def _nested(before: str, inner: str, after: str, depth: int) -> str:
    return before * depth + inner + after * depth


def _in_lists(expression: str) -> str:
    """Return a workflow that returns *expression* as deep in lists as can be."""
    return "- i: {assign: [x: [0]]}\n- a: {return: " + _nested("[", f"'${{{expression}}}'", "]", 97) + "}"


_DEEP = {
    "sum": _in_lists(f"1{_SUM.replace('x', '1')}"),
    "chain": "- i: {assign: [x: 1]}\n- a: {return: " + _nested("{k: ", f"'${{x{_CHAIN}}}'", "}", 97) + "}",
    "brackets": _in_lists(_nested("(", "1", ")", 60)),
    "list displays": _in_lists(_nested("[", "1", "]", 60)),
    "negations": _in_lists("not " * 60 + "true"),
    "subscripts": _in_lists(_nested("x[", "0", "]", 60)),
    "library calls": _in_lists(_nested("len(", '"a"', ")", 60)),
    "calls": "main: {steps: [a: {return: " + _nested("[", "'${" + _nested("s(", "1", ")", 60) + "}'", "]", 95)
    + "}]}\ns: {params: [x], steps: [a: {return: '${x}'}]}",
    "calls behind operators": "main: {steps: [a: {return: '${" + _nested("true and (s(", "1", "))", 28)
    + "}'}]}\ns: {params: [x], steps: [a: {return: true}]}",
    "tries": "- a: {" + _nested("try: {", "raise: x", "}, except: {as: e}", 97) + "}",
    "switches": "- a: {" + _nested("switch: [{condition: true, ", "next: end", "}]", 48) + "}",
    "loops": "- a: " + _nested("{for: {value: v, in: [], steps: [a: ", "{next: end}", "]}}", 24),
}  # fmt: skip
_EXPECTED = {"duplicate-step", "loop-variable-reused"}
"""What is wrong with the loops: names for each would not make them deeper."""


@pytest.mark.parametrize("text", _DEEP.values(), ids=_DEEP.keys())
def test_the_deepest_sources_fit_on_the_stack(text: str) -> None:
    """With room to spare: the operator calls from deeper than this test does."""
    spare, limit = 200, sys.getrecursionlimit()
    sys.setrecursionlimit(limit - spare)
    try:
        program, report = compile_text(text)
        if program:
            runner.run({"workflow": text}, "straight")
    finally:
        sys.setrecursionlimit(limit)
    assert {d.code for d in report.diagnostics if d.severity == "error"} <= {
        "duplicate-step",
        "loop-variable-reused",
    }
