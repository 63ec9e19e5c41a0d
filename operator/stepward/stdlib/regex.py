"""The regular expressions of module `text` (stdlib 16.4): RE2, leftmost-longest.

What a search may cost is bounded, because the thread that searches runs everybody's workflows:

* One pass over a text costs at most its size times the size of the compiled program
  (`limits.REGEX_SCAN_WORK`): RE2 is linear, but falls back to simulating the whole program for every
  byte when its automaton outgrows `limits.REGEX_MEMORY_BYTES`.
* Finding *all* matches starts a pass at each match. A pass can look far beyond the match it finds, as
  `a|a.*b` does in a text of many `a`. Summed up, it cannot if the pattern is a plain sequence: whatever
  kept the earlier pass going would have made its match longer as well. Nor by much, if the pattern has no
  loop. Others pay for the rest of the text at each match (`limits.REGEX_RESCAN_BYTES`).
"""

import functools
import importlib
import sys
from collections.abc import Iterator
from typing import Any, Final

from stepward.stdlib.registry import function, require_string_bytes, require_value_bytes
from stepward.values import errors, limits
from stepward.values.model import SCALAR_BYTES, List, Map, text_bytes

_PROGRAM_UNIT: Final = 8
"""Instructions that simulate about as fast as the automaton runs."""
_LONGEST_CHARACTER: Final = 4
"""Bytes of one character in UTF-8, at most."""
_ENTRY_BYTES: Final = 2 * SCALAR_BYTES + text_bytes("index") + text_bytes("match")
"""Counted size of `{"index": 0, "match": ""}` without the text of the match."""


@function(
    "text.find_all_regex",
    example=(
        'text.find_all_regex("a1b22", "[0-9]+")',
        [{"index": 1, "match": "1"}, {"index": 3, "match": "22"}],
    ),
)
def find_all_regex(source: str, regexp: str) -> List:
    """Return a map with `index` and `match` for each match of *regexp* in *source*, without overlaps."""
    data = source.encode("utf-8", "replace")
    found, size = [], SCALAR_BYTES
    index, counted = 0, 0
    for start, end in _matches("text.find_all_regex", data, regexp):
        match = data[start:end].decode("utf-8", "replace")
        index += len(data[counted:start].decode("utf-8", "replace"))
        counted = start
        entry_size = _ENTRY_BYTES + text_bytes(match)
        size += entry_size
        require_value_bytes(size)
        found.append(Map.sized({"index": index, "match": match}, entry_size, 1))
    return List.sized(found, size, 2 if found else 1)


@function("text.match_regex", example=('text.match_regex("hello world", "wor")', True))
def match_regex(source: str, regexp: str) -> bool:
    """Return whether *source* contains a match of *regexp*; `^` and `$` anchor it."""
    data = source.encode("utf-8", "replace")
    pattern = _compiled_for("text.match_regex", regexp, data)
    return pattern.search(data) is not None


@function(
    "text.replace_all_regex",
    aliases={"substr": "regexp"},
    example=('text.replace_all_regex("a1b22", "[0-9]+", "#")', "a#b#"),
)
def replace_all_regex(source: str, regexp: str, repl: str) -> str:
    """Return *source* with every match of *regexp* replaced by the literal text *repl*."""
    data, literal = source.encode("utf-8", "replace"), repl.encode("utf-8", "replace")
    pieces: list[bytes] = []
    done, size = 0, len(data)
    for start, end in _matches("text.replace_all_regex", data, regexp):
        size += len(literal) - (end - start)
        if size > limits.STRING_BYTES + len(data) - done:
            break  # too long even if all that is left were removed
        pieces += (data[done:start], literal)
        done = end
    require_string_bytes(size)
    return b"".join((*pieces, data[done:])).decode("utf-8", "replace")


def _matches(asked_by: str, data: bytes, regexp: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each match, leftmost-longest and without overlaps.

    An empty match where the previous match ended is skipped, as RE2's own global replace does.
    """
    pattern = _compiled_for(asked_by, regexp, data)
    reach, cost = _reach(regexp, pattern), 1 + pattern.programsize // _PROGRAM_UNIT
    left = limits.REGEX_RESCAN_BYTES
    at, previous_end = 0, -1
    while at <= len(data):
        match = pattern.search(data, at)
        if match is None:
            return
        start, end = match.span()
        if start == end == previous_end:
            at = _next_character(data, at)
            continue
        yield start, end
        at = previous_end = end
        left -= cost * min(reach, len(data) - end)
        if left < 0:
            raise _too_costly(asked_by)


def _next_character(data: bytes, at: int) -> int:
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:  # inside a character of several bytes
        at += 1
    return at


def _reach(regexp: str, pattern: Any) -> int:
    """Return how far, in bytes, a pass may look beyond the match it finds; 0 if it sums up to one pass.

    The tests look at characters only: an escaped one may count as what it is not, to the safe side.
    """
    is_sequence = "|" not in regexp and not any(f"){sign}" in regexp for sign in "*+?{")
    if is_sequence:
        return 0
    has_loop = "*" in regexp or "+" in regexp or ",}" in regexp
    if has_loop:
        return sys.maxsize
    # No instruction runs twice, and without counts no part of the pattern stands for two characters.
    return int(pattern.programsize) if "{" in regexp else _LONGEST_CHARACTER * len(regexp)


def _too_costly(asked_by: str) -> errors.WorkflowError:
    return errors.resource_limit(f"{asked_by}: regular expression too costly for a text of this size")


@functools.lru_cache(maxsize=1)
def _re2() -> Any:
    """Return the module re2, loaded when the first pattern is: most processes never need it."""
    return importlib.import_module("re2")


def _compiled_for(asked_by: str, regexp: str, data: bytes) -> Any:
    """Return *regexp* compiled, if one pass of it over *data* is affordable."""
    if text_bytes(regexp) - SCALAR_BYTES > limits.REGEX_PATTERN_BYTES:
        raise errors.value_error(
            f"{asked_by}: a regular expression may have at most {limits.REGEX_PATTERN_BYTES} bytes"
        )
    try:
        pattern = compiled(regexp)
    except _re2().error as failure:
        reason = failure.args[0].decode("utf-8", "replace")
        raise errors.value_error(
            f"{asked_by}: invalid regular expression: {errors.quoted(reason)}"
        ) from failure
    if len(data) * pattern.programsize > limits.REGEX_SCAN_WORK:
        raise _too_costly(asked_by)
    return pattern


@functools.lru_cache(maxsize=limits.REGEX_CACHED)
def compiled(regexp: str) -> Any:
    """Return *regexp* compiled, as few as possible times; `re2.error` if it is invalid."""
    options = _re2().Options()
    options.max_mem = limits.REGEX_MEMORY_BYTES
    options.longest_match = True
    options.log_errors = False
    # Nobody asks for groups, and finding them would take RE2's slow paths.
    options.never_capture = True
    return _re2().compile(regexp.encode("utf-8", "replace"), options)
