"""Regular expressions: RE2's matches, at a bounded price."""

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward import stdlib
from stepward.stdlib import regex, registry
from stepward.values import limits
from stepward.values.errors import WorkflowError

stdlib.library()

ATOMS = st.sampled_from(["a", "b", "é", "[ab]", "[^a]", ".", "(ab)", "(a|ab)", "(b|é|)", "^", r"\b", "$"])
PATTERNS = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "", "*", "+", "?", "{0,2}"])), min_size=1, max_size=4
).map(lambda parts: "".join(atom + (sign if atom not in ("^", r"\b", "$") else "") for atom, sign in parts))


def call(name: str, *arguments: Any) -> Any:
    return registry.FUNCTIONS[name].implementation(*arguments)


def expected(source: str, pattern: str) -> list[tuple[int, str]]:
    """Find what the language promises by trying every end at every start, longest first."""
    compiled, found, at, previous_end = re.compile(pattern), [], 0, -1
    while at <= len(source):
        ends = [end for end in range(len(source), at - 1, -1) if matches(compiled, source, at, end)]
        end = ends[0] if ends else -1
        if end < 0 or at == end == previous_end:
            at += 1
            continue
        found.append((at, source[at:end]))
        at = previous_end = end
    return found


def matches(compiled: re.Pattern[str], source: str, start: int, end: int) -> bool:
    # The pattern must see what stands around the match, as `$` and `\b` look at it.
    around = f"(?<![\\s\\S]{{{start + 1}}})(?:{compiled.pattern})(?![\\s\\S]{{{len(source) - end + 1}}})"
    ends_here = f"(?=[\\s\\S]{{{len(source) - end}}}\\Z)"
    pattern = around.replace("$", r"\Z") + ends_here
    return re.compile(pattern, re.ASCII).match(source, start) is not None


@given(st.text("abé", max_size=8), PATTERNS)
def test_matches_are_the_leftmost_and_of_these_the_longest(source: str, pattern: str) -> None:
    found = call("text.find_all_regex", source, pattern)
    assert [(entry["index"], entry["match"]) for entry in found] == expected(source, pattern)
    assert call("text.match_regex", source, pattern) == bool(found)
    replaced, done = "", 0
    for entry in found:
        replaced += source[done : entry["index"]] + "<>"
        done = entry["index"] + len(entry["match"])
    assert call("text.replace_all_regex", source, pattern, "<>") == replaced + source[done:]


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|aa)+$", r"(.*)*x", "(a*)*b", "([a-zA-Z]+)*$", "(x+x+)+y", r"^(\w+\s?)*$"],
)
def test_what_explodes_elsewhere_takes_one_pass(pattern: str) -> None:
    assert call("text.match_regex", "a" * 100_000 + "!", pattern) in (True, False)


@pytest.mark.parametrize(
    "pattern,text",
    [
        ("a|a.*b", "a" * 100_000),
        ("a(a*c)?", "a" * 100_000),
        ("(a|b)*a(a|b){12}c|a", "ab" * 50_000),
        ("(ab?)+c|a", "ab" * 50_000),
    ],
)
def test_patterns_that_look_at_the_same_text_again_and_again_are_stopped(pattern: str, text: str) -> None:
    for name, rest in (("text.find_all_regex", ()), ("text.replace_all_regex", ("",))):
        with pytest.raises(WorkflowError, match="regular expression too costly"):
            call(name, text, pattern, *rest)
    assert call("text.match_regex", text, pattern), "one pass is affordable"


@pytest.mark.parametrize("pattern", [r"(x?){500}x{500}y", r"[\pL]{1,20}", "a{0,900}b{0,900}"])
def test_a_program_too_large_for_the_text_is_not_run(pattern: str) -> None:
    with pytest.raises(WorkflowError, match="too costly"):
        call("text.match_regex", "x" * limits.STRING_BYTES, pattern)
    assert call("text.match_regex", "x", pattern) in (True, False)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+",
        r"\w+",
        "[^,]+,",
        r"[a-z0-9.]+@[a-z0-9.]+\.[a-z]{2,}",
        r"(\d+)-(\d+)",
        "a",
        "",
        "foo|bar|baz",
        r"\r\n|\n",
    ],
)
def test_ordinary_patterns_find_all_there_is_in_the_longest_text(pattern: str) -> None:
    text = ("foo, a.b@example.com 12-34\n" * 10_000)[: limits.STRING_BYTES // 2]
    replaced = call("text.replace_all_regex", text, pattern, "")
    assert len(replaced) < len(text) or not pattern


def test_a_unicode_class_runs_over_the_longest_text() -> None:
    assert call("text.match_regex", "1" * limits.STRING_BYTES, r"[\pL\pN_]+$")


@pytest.mark.parametrize(
    "pattern", ["(" * 2000, "a{1001}", "(((a{100}){100}){100})", "[", "*", r"\1", "(?=a)", r"\q"]
)
def test_an_invalid_pattern_is_a_value_error(pattern: str) -> None:
    with pytest.raises(WorkflowError, match=r"ValueError: text\.match_regex: "):
        call("text.match_regex", "a", pattern)


def test_a_pattern_has_a_greatest_length() -> None:
    assert call("text.match_regex", "a" * 2000, "a" * limits.REGEX_PATTERN_BYTES)
    with pytest.raises(WorkflowError, match="at most 1024 bytes"):
        call("text.match_regex", "a", "é" * (limits.REGEX_PATTERN_BYTES // 2 + 1))


def test_a_byte_of_a_character_can_be_matched_without_breaking_anything() -> None:
    assert call("text.replace_all_regex", "é", r"\C", "x") == "xx"
    assert [entry["match"] for entry in call("text.find_all_regex", "é", r"\C")] == ["\ufffd", "\ufffd"]


def test_few_compiled_patterns_are_kept() -> None:
    for number in range(limits.REGEX_CACHED * 2):
        call("text.match_regex", "a", f"a{number}")
    assert regex.compiled.cache_info().currsize <= limits.REGEX_CACHED


def test_the_engine_is_loaded_with_the_first_pattern_only() -> None:
    program = "import sys; from stepward import stdlib; stdlib.library(); sys.exit('re2' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})
