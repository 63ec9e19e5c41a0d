"""Expressions: what is one, and from its text to its tree (language.md 3.1)."""

from typing import Final

from stepward.language.diagnostics import Reporter
from stepward.language.expression_errors import ExpressionError, cut
from stepward.language.grammar import Locate, Parser
from stepward.language.syntax import Expression
from stepward.values import limits

_SPACE: Final = " \t\r\n"


def is_expression(text: str) -> bool:
    """Return whether *text* as a whole is `${…}`, white space around it aside."""
    trimmed = text.strip(_SPACE)
    return trimmed.startswith("${") and trimmed.endswith("}")


def parse(text: str, locate: Locate, report: Reporter) -> Expression | None:
    """Return the expression of *text*, which `is_expression`; None after reporting what is wrong."""
    start = text.index("${") + 2
    return _parse(text, start, len(text.rstrip(_SPACE)) - 1, locate, report)


def parse_inner(text: str, locate: Locate, report: Reporter) -> Expression | None:
    """Return the expression of *text*, which has no delimiters; None after reporting what is wrong."""
    return _parse(text, 0, len(text), locate, report)


def parse_target(text: str, locate: Locate, report: Reporter) -> Expression | None:
    """Return an assignment target as chain of `Member` and `Index` down to a `Variable` (2.2).

    None after reporting what is wrong.
    """
    try:
        _refuse_length(0, len(text))
        if is_expression(text):
            message = "it must be the name of a variable, not an expression"
            hint = "write it without ${}: `name: value`, or `name[key]: value`"
            raise ExpressionError("invalid-target", (0, len(text)), message, hint)
        return Parser(text, 0, len(text), locate).whole_target()
    except ExpressionError as wrong:
        message = f"'{cut(text.strip(_SPACE))}' is not an assignment target: {wrong.message}"
        report.error(wrong.code, locate(wrong.start, wrong.end), message, wrong.help)
        return None


def _parse(text: str, start: int, end: int, locate: Locate, report: Reporter) -> Expression | None:
    try:
        _refuse_length(start, end)
        return Parser(text, start, end, locate).whole_expression()
    except ExpressionError as wrong:
        report.error(wrong.code, locate(wrong.start, wrong.end), wrong.message, wrong.help)
        return None


def _refuse_length(start: int, end: int) -> None:
    if end - start > limits.EXPRESSION_CHARACTERS:
        raise ExpressionError(
            "expression-too-long",
            (start, end),
            f"an expression must not have more than {limits.EXPRESSION_CHARACTERS} characters; "
            f"this one has {end - start:,}",
            "assign parts of it to variables first",
        )
