"""The grammar of expressions: language.md 3.3.

A Pratt parser: `_BINARY` is the whole table of binary operators. `not`, `-` and `+` in front bind tighter
than any of them, `.`, `[]` and calls tighter still: `not "k" in m` is `(not "k") in m`, as the language says.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from stepward.language import expression_errors
from stepward.language.expression_errors import ExpressionError, cut
from stepward.language.source import Span
from stepward.language.syntax import (
    Binary,
    BinaryOperator,
    Expression,
    FunctionCall,
    Index,
    ListDisplay,
    Literal,
    Member,
    Unary,
    UnaryOperator,
    Variable,
)
from stepward.language.tokens import Token, tokenize
from stepward.values import limits

Locate: TypeAlias = Callable[[int, int], Span]
"""From start and end in the text to the place in the source, such as `ScalarNode.source_span`."""

_BINARY: Final[dict[str, tuple[int, BinaryOperator]]] = {
    # spelling: (how tightly it binds, operator); all associate to the left
    "or": (1, "or"),
    "OR": (1, "or"),
    "and": (2, "and"),
    "AND": (2, "and"),
    "<": (3, "<"),
    "<=": (3, "<="),
    ">": (3, ">"),
    ">=": (3, ">="),
    "==": (3, "=="),
    "!=": (3, "!="),
    "in": (3, "in"),
    "IN": (3, "in"),
    "+": (4, "+"),
    "-": (4, "-"),
    "*": (5, "*"),
    "/": (5, "/"),
    "//": (5, "//"),
    "%": (5, "%"),
}
_PREFIX: Final[dict[str, UnaryOperator]] = {"not": "not", "NOT": "not", "-": "-", "+": "+"}
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL"), None),
}
RESERVED: Final = frozenset({*_CONSTANTS, "and", "AND", "or", "OR", "not", "NOT", "in", "IN"})
"""Words of expressions: no variable can have one as its name."""
_NESTING: Final = 60
"""Open brackets and prefix operators at a time: parsing, lowering and evaluation recurse that deep."""


class Parser:
    """One pass over the tokens of one expression. Offsets are those of the text."""

    def __init__(self, text: str, start: int, end: int, locate: Locate) -> None:
        self._tokens = tokenize(text, start, end)
        self._at = 0
        self._depth = 0
        self._locate = locate
        if self._next.kind == "end":
            place = max(start - 2, 0), min(end + 1, len(text))
            raise ExpressionError("expression-empty", place, "the expression is empty")

    def whole_expression(self) -> Expression:
        """Parse everything; raises `ExpressionError`."""
        expression = self._expression(1)
        if self._next.kind != "end":
            raise self._operator_expected()
        return expression

    def whole_target(self) -> Expression:
        """Parse everything as an assignment target; raises `ExpressionError`."""
        first = self._take()
        if first.kind != "name" or first.text in RESERVED:
            message = "it must begin with the name of a variable"
            raise ExpressionError("invalid-target", first.place, message)
        target: Expression = Variable(self._span(first), first.text)
        while self._next.text in (".", "["):
            target = self._postfix(target, first)
        if self._next.kind != "end":
            message = "only .member and [subscript] may follow the name"
            hint = 'keys that are no names need quotes: m["some-key"]'
            raise ExpressionError("invalid-target", self._next.place, message, hint)
        return target

    # --- the grammar -------------------------------------------------------------------------------

    def _expression(self, tightness: int) -> Expression:
        """Parse operators that bind at least as tightly as *tightness*."""
        first = self._next
        left = self._operand()
        while True:
            binding, operator = _BINARY.get(self._next.text, (0, None))
            if operator is None or binding < tightness:
                return left
            self._take()
            right = self._expression(binding + 1)
            left = Binary(self._span(first), operator, left, right)

    def _operand(self) -> Expression:
        """Parse prefix operators and what they apply to."""
        prefixes = []
        while self._next.text in _PREFIX:
            prefixes.append(self._take())
            self._enter()
        self._depth -= len(prefixes)
        operand = self._least_integer(prefixes) or self._postfixed()
        for prefix in reversed(prefixes):
            operand = Unary(self._span(prefix), _PREFIX[prefix.text], operand)
        return operand

    def _least_integer(self, prefixes: list[Token]) -> Expression | None:
        # -9223372036854775808 is an integer although 9223372036854775808 is none.
        if not prefixes or prefixes[-1].text != "-" or self._next.value != -limits.INTEGER_MIN:
            return None
        if self._next.kind != "integer" or self._tokens[self._at + 1].text in (".", "["):
            return None
        self._take()
        return Literal(self._span(prefixes.pop()), limits.INTEGER_MIN)

    def _postfixed(self) -> Expression:
        first = self._next
        operand = self._primary()
        while self._next.text in (".", "[", "("):
            operand = self._postfix(operand, first)
        return operand

    def _postfix(self, operand: Expression, first: Token) -> Expression:
        """Parse `.name`, `[index]` or `(arguments)` behind *operand*, which begins with *first*."""
        symbol = self._take()
        if symbol.text == ".":
            name = self._take()
            if name.kind != "name":
                raise ExpressionError(
                    "expression-syntax",
                    name.place,
                    f"a name must follow '.'; got '{cut(name.text)}'"
                    if name.text
                    else "a name must follow '.'",
                    'write other keys in brackets: m["some-key"], list[0]',
                )
            return Member(self._span(first), operand, name.text)
        if symbol.text == "[":
            index = self._nested()
            self._expect("]", symbol)
            return Index(self._span(first), operand, index)
        return self._call(operand, first, symbol)

    def _call(self, callee: Expression, first: Token, bracket: Token) -> Expression:
        name = _dotted_name(callee)
        if name is None or first.text == "(":
            raise ExpressionError(
                "expression-syntax",
                bracket.place,
                f"only a function can be called, by its name; got '(' behind '{self._before(bracket)}'",
                "put an operator before the bracket if no call is meant",
            )
        name_span = self._locate(first.start, self._tokens[self._at - 2].end)
        arguments = self._items(bracket, ")")
        return FunctionCall(self._span(first), name_span, name, arguments)

    def _primary(self) -> Expression:
        token = self._next
        match token.kind:
            case "string" | "double":
                return Literal(self._span(self._take()), token.value)
            case "integer":
                return self._integer()
            case "name" if token.text in _CONSTANTS:
                return Literal(self._span(self._take()), _CONSTANTS[token.text])
            case "name" if token.text not in RESERVED:
                return Variable(self._span(self._take()), token.text)
            case _:
                pass
        if token.text == "(":
            self._take()
            inner = self._nested()
            self._expect(")", token)
            return inner
        if token.text == "[":
            self._take()
            items = self._items(token, "]")
            return ListDisplay(self._span(token), items)
        raise expression_errors.value_expected(self._before(token), token.text, token.place)

    def _integer(self) -> Expression:
        token = self._take()
        if not isinstance(token.value, int) or token.value > limits.INTEGER_MAX:
            raise ExpressionError(
                "number-out-of-range",
                token.place,
                f"'{cut(token.text)}' does not fit into a 64-bit integer",
                "write it as a double, such as 1e20",
            )
        return Literal(self._span(token), token.value)

    def _items(self, bracket: Token, closing: str) -> tuple[Expression, ...]:
        """Parse what stands between *bracket*, which has been taken, and *closing*."""
        items: list[Expression] = []
        if self._next.text != closing:
            items.append(self._nested())
            while self._next.text == ",":
                self._take()
                items.append(self._nested())
        self._expect(closing, bracket)
        return tuple(items)

    def _nested(self) -> Expression:
        self._enter()
        expression = self._expression(1)
        self._depth -= 1
        return expression

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _NESTING:
            raise ExpressionError(
                "expression-too-deep",
                self._next.place,
                f"the expression is nested more than {_NESTING} deep",
                "assign parts of it to variables first",
            )

    # --- tokens ------------------------------------------------------------------------------------

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        # The last token, "end", stays: whatever meets it reports it.
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _span(self, first: Token) -> Span:
        """Return the place of what begins with *first* and ends with the token taken last."""
        return self._locate(first.start, self._tokens[self._at - 1].end)

    def _before(self, token: Token) -> str:
        """Return the text of the token before *token*, which is the next or was the last."""
        at = self._at if self._tokens[self._at] is token else self._at - 1
        return self._tokens[at - 1].text if at else ""

    def _expect(self, closing: str, opening: Token) -> None:
        if self._next.text == closing:
            self._take()
        elif self._next.kind == "end":
            message = f"'{opening.text}' is never closed"
            raise ExpressionError("expression-syntax", opening.place, message, f"add '{closing}'")
        else:
            raise self._operator_expected()

    def _operator_expected(self) -> ExpressionError:
        token = self._next
        return expression_errors.operator_expected(self._before(token), token.text, token.place)


def _dotted_name(expression: Expression) -> str | None:
    """Return `a.b.c` if that is all *expression* is."""
    parts = []
    while isinstance(expression, Member):
        parts.append(expression.name)
        expression = expression.container
    if not isinstance(expression, Variable):
        return None
    return ".".join((expression.name, *reversed(parts)))
