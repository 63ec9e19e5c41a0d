"""Failures as the author sees them: bounded, and with the place where they happened."""

import pytest

from engine import running
from engine.running import main_of
from stepward.engine.outcome import Failed
from stepward.values import limits


def failed(text: str, argument: object = None) -> Failed:
    """Run *text*, which must fail."""
    outcome = running.run(text, argument).outcome
    assert isinstance(outcome, Failed)
    return outcome


@pytest.mark.parametrize("raised", ["${args}", "{message: '${args}', tags: []}", "{a: ['${args}']}"])
def test_the_first_line_of_the_context_is_cut(raised: str) -> None:
    text = main_of(f"a: {{raise: {raised}}}".replace("raise: ${args}", "raise: '${args}'"))
    outcome = failed(text, "x" * 100_000)
    first, second = outcome.context.split("\n")
    assert len(first) == limits.CONTEXT_CHARACTERS
    assert first.endswith("…")
    assert second.startswith('in step "a"')


@pytest.mark.parametrize("expression", ["args.m[args.k]", "args.n[args.k]"])
def test_a_message_quotes_only_the_start_of_a_long_key(expression: str) -> None:
    argument = {"k": "x" * 100_000, "m": {}, "n": 5}
    payload = failed(main_of(f"a: {{return: '${{{expression}}}'}}"), argument).payload
    assert len(payload["message"]) < limits.MESSAGE_EXCERPT_CHARACTERS + 100
    assert "…" in payload["message"]


def test_tags_of_all_branches_come_together_once() -> None:
    text = main_of(
        "a: {parallel: {branches: [{one: {steps: [{b: {raise: {tags: [X, 5, X], message: m}}}]}}, "
        "{two: {steps: [{c: {assign: [{x: '${args.y}'}]}}]}}, "
        "{three: {steps: [{d: {assign: [{z: '${args.y}'}]}}]}}]}}"
    )
    assert failed(text, {}).payload["tags"] == [
        "UnhandledBranchError", "X", "KeyError", "LookupError", "RuntimeError",
    ]  # fmt: skip


def test_tags_that_are_none_do_no_harm() -> None:
    for tags in ("text", "5", "{a: b}", "null"):
        text = main_of(
            f"a: {{parallel: {{branches: [{{one: {{steps: [{{b: {{raise: {{tags: {tags}}}}}}}]}}}}]}}}}"
        )
        assert failed(text).payload["tags"] == ["UnhandledBranchError", "RuntimeError"]


def test_a_branch_error_that_is_caught_and_raised_again_counts_as_raised() -> None:
    body = "{try: {assign: [{x: '${1 / 0}'}]}, except: {as: e, steps: [{c: {raise: '${e}'}}]}}"
    text = main_of(f"a: {{parallel: {{branches: [{{one: {{steps: [{{b: {body}}}]}}}}]}}}}")
    assert failed(text).payload["tags"] == ["UnhandledBranchError", "ZeroDivisionError", "RuntimeError"]


def test_the_frame_of_a_branch_is_the_one_that_forked_it() -> None:
    text = """
main:
  steps:
    - a: {call: sub}
sub:
  steps:
    - b:
        parallel:
          branches:
            - one:
                steps:
                  - c: {call: deeper}
deeper:
  steps:
    - d: {return: "${1 / 0}"}
"""
    context = failed(text).payload["branches"][0]["error"]["context"]
    assert [line.split(", line")[0] for line in context.split("\n")[1:]] == [
        'in step "d", routine "deeper"',
        'in step "c", routine "sub"',
        'in step "a", routine "main"',
    ]
