"""What to say when a text is no YAML: the parser's words, and the trap the author fell into."""

import re
from typing import Final

import yaml

from stepward.language.diagnostics import Report
from stepward.language.source import Source, Span

_QUOTE: Final = "put the whole value in single quotes: '${…}'"
_STARTERS: Final = {
    "\t": "indent with blanks: YAML does not allow tabs there",
    "@": "put text that begins with @ in single quotes",
    "`": "put text that begins with a backtick in single quotes",
    "%": "put text that begins with % in single quotes",
}
_EXPRESSION: Final = re.compile(r"\$\{")
_FLOW_EXPRESSION: Final = re.compile(r"[\[{,:]\s*\$$")


def report_syntax_error(source: Source, wrong: yaml.MarkedYAMLError, shift: int, report: Report) -> None:
    """Report *wrong*; its marks count from character *shift*."""
    mark = wrong.problem_mark or wrong.context_mark
    at = min(mark.index + shift if mark else 0, max(len(source.text) - 1, 0))
    problem = str(wrong.problem or "the text is not well-formed")
    started = ""
    if wrong.context and wrong.context_mark and wrong.problem_mark:
        line = source.position(Span(wrong.context_mark.index + shift, 0)).line
        if line != source.position(Span(at, at)).line:
            started = f" ({wrong.context}, which began in line {line})"
        else:
            started = f" ({wrong.context})"
    message = f"not well-formed YAML: {problem}{started}"
    report.error("yaml-syntax", Span(at, at + 1), message, _hint(source, at, problem))


def _hint(source: Source, at: int, problem: str) -> str:
    """Return what most probably went wrong at offset *at*."""
    position = source.position(Span(at, at + 1))
    line = source.line_text(position.line)
    before = line[: position.column - 1]
    character = source.text[at : at + 1]
    if "cannot start any token" in problem:
        return _STARTERS.get(character, "put the value in single quotes")
    if _FLOW_EXPRESSION.search(before) or (character == "{" and before.endswith("$")):
        return "inside [ ] or { } an expression needs quotes: ['${a}', '${b}'], or one expression: ${[a, b]}"
    if _EXPRESSION.search(line) and position.column > 1:
        return _QUOTE
    if "mapping values" in problem:
        return "put a value that contains ': ' in quotes, and check the indentation of this line"
    if "expected ':'" in problem:
        return "a key is followed by ': ' with a blank behind the colon"
    if "end of stream" in problem:
        return "close the quote that was opened"
    if "expected key" in problem or "block" in problem:
        return "check the indentation: entries of one map or list begin in the same column"
    return ""
