"""Warnings of what is legal but hardly meant."""

from typing import Final

from stepward.language.checking.sites import Context, Site
from stepward.language.structure import Switch
from stepward.language.syntax import Binary, Constant, Expression, Literal, Unary, parts_of

_ORDER: Final = frozenset({"<", "<=", ">", ">="})
_EQUALITY: Final = frozenset({"==", "!="})
_COMPARISONS: Final = _ORDER | _EQUALITY | {"in"}


def check_expression(expression: Expression, site: Site, _: Context) -> None:
    """Warn of `not a in b`, which is `(not a) in b`, and of `a < b < c` (language.md 3.3)."""
    for part in parts_of(expression):
        # In brackets the whole begins before its left side: then it is meant.
        if not isinstance(part, Binary) or part.span.start != part.left.span.start:
            continue
        if isinstance(part.left, Unary) and part.left.operator == "not" and _takes_no_boolean(part):
            site.place.warning(
                "not-binds-tighter",
                part.span,
                f"`not` binds tighter than `{part.operator}`: this is `(not …) {part.operator} …`",
                f"write not(… {part.operator} …)",
            )
        elif isinstance(part.left, Binary) and part.operator in _ORDER and part.left.operator in _COMPARISONS:
            site.place.warning(
                "chained-comparison",
                part.span,
                f"this compares a boolean by `{part.operator}`: it raises a TypeError",
                "compare twice: a < b and b < c",
            )


def _takes_no_boolean(part: Binary) -> bool:
    if part.operator in _EQUALITY:
        return isinstance(part.right, Literal) and not isinstance(part.right.value, bool)
    return part.operator in _ORDER or part.operator == "in"


def check_order_of_conditions(site: Site, _: Context) -> None:
    """Warn of the first entry of a `switch` behind one that is always met."""
    if not isinstance(site.action, Switch):
        return
    always = False
    for entry in site.action.entries:
        if always:
            message = "no entry behind `condition: true` is ever reached"
            site.place.warning("unreachable-entry", entry.condition.span, message, "make it the last entry")
            return
        always = isinstance(entry.condition, Constant) and entry.condition.value is True
