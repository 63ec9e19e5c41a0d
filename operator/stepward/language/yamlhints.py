"""What to say when a text is no YAML: the parser's words, and the trap the author fell into."""

import re
from typing import Final

import yaml

from stepward.language.diagnostics import Report
from stepward.language.source import Source, Span

_STARTERS: Final = {
    "\t": "indent with blanks: YAML does not allow tabs there",
    "@": "put text that begins with @ in single quotes",
    "`": "put text that begins with a backtick in single quotes",
    "%": "put text that begins with % in single quotes",
}
_NOISE: Final = frozenset({"while scanning for the next token"})
_QUOTE: Final = "put the whole value in single quotes: '${…}'"
_GLUED_KEY: Final = re.compile(r"\s*(?:- )*([A-Za-z_][\w-]*):[^\s:/]")


def report_syntax_error(source: Source, wrong: yaml.MarkedYAMLError, shift: int, report: Report) -> None:
    """Report *wrong*; its marks count from character *shift*."""
    problem = wrong.problem or "this is not well-formed"
    began = wrong.context_mark.index + shift if wrong.context_mark else None
    at = wrong.problem_mark.index + shift if wrong.problem_mark else began or 0
    if began is not None and "unexpected end of stream" in problem:
        # The end of the text is where it was noticed; the quote is what to look at.
        cause = "not well-formed YAML: the quote that is opened here is never closed"
        hint = (
            _QUOTE if "${" in _line_before(source, began) else "close it, or write text in the other quotes"
        )
        report.error("yaml-syntax", Span(began, began + 1), cause, hint)
        return
    message = f"not well-formed YAML: {problem}"
    if wrong.context and wrong.context not in _NOISE:
        message += f" ({wrong.context}"
        if (
            began is not None
            and source.position(Span(began, began)).line != source.position(Span(at, at)).line
        ):
            message += f" that began in line {source.position(Span(began, began)).line}"
        message += ")"
    report.error("yaml-syntax", Span(at, at + 1), message, _hint(source, at, wrong))


def _hint(source: Source, at: int, wrong: yaml.MarkedYAMLError) -> str:
    """Return what most probably went wrong at offset *at*."""
    problem = wrong.problem or ""
    before, character = _line_before(source, at), source.text[at : at + 1]
    if "cannot start any token" in problem:
        return _STARTERS.get(character, "put the value in single quotes")
    if wrong.context in ("while scanning an alias", "while scanning an anchor"):
        return "put text that begins with * or & in single quotes"
    if character == "{" and before.endswith("$"):
        return "between [ ] or { } an expression needs quotes: ['${a}', '${b}'], or one expression: ${[a, b]}"
    if "'${" in before:
        return "inside single quotes write the strings of an expression with double quotes: '${f(\"a\")}'"
    if "${" in before:
        return _QUOTE
    if "mapping values" in problem:
        return _colon_hint(source, source.position(Span(at, at)).line)
    if "expected ':'" in problem:
        return "a key is followed by a colon and a blank"
    if "expected key" in problem or "block" in problem:
        return "check the indentation: the entries of a map or list begin in the same column"
    return ""


def _line_before(source: Source, at: int) -> str:
    position = source.position(Span(at, at))
    return source.line_text(position.line)[: position.column - 1]


def _colon_hint(source: Source, number: int) -> str:
    """Return why a colon may not stand where it does in line *number*."""
    if number > 1:
        line, previous = source.line_text(number), source.line_text(number - 1)
        glued = _GLUED_KEY.match(previous)
        if glued:
            return f"in line {number - 1} a blank is missing behind '{glued[1]}:'"
        if len(line) - len(line.lstrip()) > len(previous) - len(previous.lstrip()):
            return f"line {number - 1} has a value already: nothing may be indented below it"
    return "put a value that contains ': ' in single quotes"
