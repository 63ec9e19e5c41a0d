"""The conformance cases as a whole: no rule of the language, and no diagnostic, goes without one."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance import runner
from conformance.test_conformance import CASES
from stepward import language
from stepward.language import codes

_ITEMS_OF_STEPS = range(1, 116)
"""Source, assign, call, switch, for, parallel, try (language.md, section 11)."""
_OF_THE_DOCUMENT = {
    "ambiguous-number", "duplicate-key", "expression-cut-short", "invalid-character", "key-not-a-scalar",
    "merge-key", "missing-main", "nested-too-deep", "not-a-workflow", "null-key", "number-out-of-range",
    "recursive-alias", "several-documents", "source-empty", "source-too-large", "tag-not-allowed",
    "too-many-nodes", "unknown-anchor", "yaml-syntax",
}  # fmt: skip
"""Codes of what is found before there are steps."""
_WITHOUT_ADVICE = {
    "expression-empty", "expression-syntax", "expression-token", "invalid-character", "invalid-target",
    "number-out-of-range", "recursive-alias", "unknown-function", "unknown-variable", "yaml-syntax",
}  # fmt: skip
"""Codes of findings of which some have no help: what was meant cannot be guessed."""


def _expected_codes() -> Counter[str]:
    found: Counter[str] = Counter()
    for row in CASES:
        case: dict[str, Any] = row.values[0]
        for entry in [*case.get("refused", ()), *case.get("warned", ())]:
            found[entry if isinstance(entry, str) else entry["code"]] += 1
    return found


def _reported_codes() -> set[str]:
    """Return the codes that stand in the source of the language."""
    folder = Path(language.__path__[0])
    files = [file for file in folder.rglob("*.py") if file.name != "codes.py"]
    words = {word for file in files for word in re.findall(r'"([a-z-]+)"', file.read_text(encoding="utf-8"))}
    return words & set(codes.CODES)


@pytest.mark.parametrize("code", sorted(_reported_codes()))
def test_a_case_expects_every_diagnostic(code: str) -> None:
    assert _expected_codes()[code]


@pytest.mark.parametrize("code", sorted(codes.CODES))
def test_a_code_has_an_explanation(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
    explanation = codes.CODES[code]
    assert explanation.endswith(".")
    assert 20 <= len(explanation) <= 110


def test_two_codes_do_not_share_an_explanation() -> None:
    assert len(set(codes.CODES.values())) == len(codes.CODES)


@pytest.mark.parametrize("item", _ITEMS_OF_STEPS)
def test_a_case_proves_every_rule_of_steps(item: int) -> None:
    assert any(f"language-{item}" in row.values[0].get("items", ()) for row in CASES)


@pytest.mark.parametrize("case", [row for row in CASES if "refused" in row.values[0]])
def test_an_error_says_where_it_is_and_what_to_do(case: dict[str, Any]) -> None:
    _, report, _ = runner.compile_case(case)
    for diagnostic in report.diagnostics:
        if diagnostic.code not in _OF_THE_DOCUMENT:
            assert re.match("(step|routine) '", diagnostic.message), diagnostic
        if diagnostic.code not in _WITHOUT_ADVICE:
            assert diagnostic.help, diagnostic
