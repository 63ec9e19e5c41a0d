"""What a plain scalar stands for: the rules of language.md 1.2, for YAML and JSON alike."""

import math
import re
from typing import Final, TypeAlias

from stepward.values import limits

Scalar: TypeAlias = str | int | float | bool | None

_CONSTANTS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_MAYBE_NUMBER: Final = frozenset("0123456789+-.")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DOUBLE: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
_DIGITS: Final = 40
"""More characters than any integer in range needs: converting longer ones takes quadratic time."""


class NotANumber(ValueError):
    """The text is written like a number that the language does not have; says which rule it breaks."""

    def __init__(self, code: str, message: str, help: str) -> None:
        """Take what a diagnostic needs."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


def resolve(text: str) -> Scalar:
    """Return the value of the plain scalar *text*; raises `NotANumber`."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _MAYBE_NUMBER:
        return text
    if _DECIMAL.fullmatch(text):
        return _integer(text, 10)
    if _BASED.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    if _DOUBLE.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise NotANumber(
                "number-out-of-range",
                f"'{_cut(text)}' is too large for a 64-bit double",
                "put it in quotes if it is text",
            )
        return value
    if _NOT_FINITE.fullmatch(text):
        raise NotANumber(
            "number-out-of-range",
            f"'{text}' is not a finite number",
            "put it in quotes if it is text",
        )
    return text


def _integer(text: str, base: int) -> int:
    if base == 10 and _LEADING_ZERO.fullmatch(text):
        return _with_leading_zero(text)
    value = int(text, base if base == 10 else 0) if len(text) <= _DIGITS else None
    if value is None or not limits.INTEGER_MIN <= value <= limits.INTEGER_MAX:
        raise NotANumber(
            "number-out-of-range",
            f"'{_cut(text)}' does not fit into a 64-bit integer",
            "put it in quotes if it is text, or write it as a double, such as 1e20",
        )
    return value


def _with_leading_zero(text: str) -> int:
    # `010` is 8 for YAML 1.1, which the services of this family grew up with, and 10 for YAML 1.2.
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > 1 or digits in ("8", "9"):
        raise NotANumber(
            "ambiguous-number",
            f"'{_cut(text)}' has a leading zero: it could be octal, decimal, or text",
            f"write '{_cut(text)}' in quotes for text, 0o… for an octal number, or drop the zero",
        )
    return int(text[-1]) * (-1 if text[0] == "-" else 1)


def _cut(text: str) -> str:
    return text if len(text) <= _DIGITS else f"{text[:_DIGITS]}…"
