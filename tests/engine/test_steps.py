"""Steps: the order of what they evaluate, and the place of what fails."""

import pytest

from engine import running
from engine.running import main_of
from stepward.engine.outcome import Failed

ORDER = """
main:
  steps:
    - a: {assign: [{m: {}}, {l: [0, 0]}]}
    - b: {STEP}
say:
  params: [what, value]
  steps:
    - s: {call: sys.log, args: {text: "${what}"}}
    - r: {return: "${value}"}
"""


@pytest.mark.parametrize(
    "step,wanted",
    [
        ("""assign: [{'m[say("key", "k")]': '${say("value", 1)}'}]""", "key value"),
        ("""assign: [{'l[say("first", 0)]': 1}, {'m[say("second", "k")]': 1}]""", "first second"),
        ("""return: ['${say("one", 1)}', {a: '${say("two", 2)}'}]""", "one two"),
        ("""return: '${say("left", 1) + say("right", 2)}'""", "left right"),
        ("""call: say, args: {value: '${say("value", 1)}', what: '${say("what", "x")}'}""", "value what x"),
        ("switch: [{condition: '${A}'}, {condition: '${B}'}, {condition: '${C}'}]", "a b"),
        ("""for: {value: v, in: '${say("once", [1, 2])}', steps: [{x: {assign: [{y: 1}]}}]}""", "once"),
    ],
)  # fmt: skip
def test_things_are_evaluated_in_order_and_once(step: str, wanted: str) -> None:
    for short, asked in {"A": '"a", false', "B": '"b", true', "C": '"c", true'}.items():
        step = step.replace(f"${{{short}}}", f"${{say({asked})}}")
    done = running.run(ORDER.replace("STEP", step))
    assert done.logs == wanted.split()


@pytest.mark.parametrize(
    "step,blamed",
    [
        ("assign: [{x: 1}, {y: '${args.no}'}]", "${args.no}"),
        ("assign: [{x: '${args.no}'}]", "${args.no}"),
        ("assign: [{'args[args.no]': 1}]", "'args[args.no]'"),
        ("assign: [{x: 1}, {'x.y': '${1 + 1}'}]", "'x.y'"),
        ("assign: [{x: {}}, {'x.y': '${args.no}'}]", "${args.no}"),
        ("switch: [{condition: '${args.no}'}]", "${args.no}"),
        ("switch: [{condition: false}, {condition: '${5}'}]", "${5}"),
        ("return: [1, {a: '${args.no}'}]", "${args.no}"),
        ("call: text.to_upper, args: {source: '${args.no}'}", "${args.no}"),
        ("call: text.to_upper, args: {source: 5}", "call"),
        ("for: {value: v, in: '${args}', steps: [{b: {next: end}}]}", "${args}"),
        ("raise: '${args.no}'", "${args.no}"),
    ],
)
def test_the_place_of_a_failure_is_what_failed(step: str, blamed: str) -> None:
    text = main_of(f"a: {{{step}}}")
    outcome = running.run(text, {}).outcome
    assert isinstance(outcome, Failed)
    element = outcome.stack[0]
    line = text.split("\n")[element.line - 1]
    assert line[element.column - 1 :].startswith(blamed) or line[element.column :].startswith(blamed)


def test_what_was_assigned_before_a_failure_stays() -> None:
    text = main_of(
        "s: {assign: [{x: 0}, {y: 0}]}",
        "a: {try: {assign: [{x: 1}, {y: '${args.no}'}, {x: 2}]}, except: {}}",
        "b: {return: ['${x}', '${y}']}",
    )
    assert running.run(text, {}).value == [1, 0]
