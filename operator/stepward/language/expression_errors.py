"""What can be wrong with an expression, in words, with what to write instead."""

from typing import Final

_RECOGNITION: Final = "token recognition error at"
_NESTED: Final = "write names bare inside ${…}, and let one expression be the whole value"
_KEY: Final = 'keys that are no names need quotes: m["some-key"]'
_BITS: Final = "there are no bitwise operators"
_POWER: Final = "there is no power operator"
_STRAIGHT: Final = "use straight quotes"

_CHARACTERS: Final[tuple[tuple[str, str, str], ...]] = (
    # what stands there, code, help; the first row that fits counts
    ("${", "nested-expression", _NESTED),
    ("}", "nested-expression", 'one expression must be the whole value: ${a + " and " + b}'),
    ("{", "map-literal", "assign the map in a step of its own, or write it as YAML"),
    ("===", "unknown-operator", "use == to compare"),
    ("==", "unknown-operator", "use == to compare"),
    ("=", "unknown-operator", "use == to compare"),
    ("!==", "unknown-operator", "use != to compare"),
    ("&&", "unknown-operator", "use and"),
    ("||", "unknown-operator", "use or"),
    ("!", "unknown-operator", "use not"),
    ("?", "unknown-operator", "use if(condition, value, other)"),
    (
        ":",
        "unknown-operator",
        "there are no slices and no maps; for a choice use if(condition, value, other)",
    ),
    ("&", "unknown-operator", _BITS),
    ("|", "unknown-operator", _BITS),
    ("^", "unknown-operator", _BITS),
    ("~", "unknown-operator", _BITS),
    ("\N{NO-BREAK SPACE}", "expression-token", "replace the no-break space by an ordinary one"),
    ("\N{LEFT DOUBLE QUOTATION MARK}", "expression-token", _STRAIGHT),
    ("\N{RIGHT DOUBLE QUOTATION MARK}", "expression-token", _STRAIGHT),
    ("\N{LEFT SINGLE QUOTATION MARK}", "expression-token", _STRAIGHT),
    ("\N{RIGHT SINGLE QUOTATION MARK}", "expression-token", _STRAIGHT),
)
_WORD_OPERATORS: Final = frozenset({"and", "or", "not", "in"})
_FOREIGN_WORDS: Final = {
    "if": "use if(condition, value, other)",
    "else": "use if(condition, value, other)",
    "then": "use if(condition, value, other)",
    "is": "use ==",
    "eq": "use ==",
    "ne": "use !=",
    "mod": "use %",
    "div": "use //",
    "for": "there are no comprehensions: use a `for` step",
    "not": 'for "not in" write not("key" in map)',
}
_PAIRS: Final = {
    ("*", "*"): _POWER,
    ("<", ">"): "use != to compare",
    ("", "."): "write a digit before the point: 0.5",
    ("not", "in"): 'write not("key" in map)',
}


class ExpressionError(Exception):
    """What is wrong with an expression, and where in its text. Never leaves `expressions`."""

    def __init__(self, code: str, place: tuple[int, int], message: str, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.start, self.end = place
        self.message = message
        self.help = help


def unrecognized(text: str, at: int, end: int) -> ExpressionError:
    """Return the complaint about a character that begins no token, at `text[at]`."""
    if text[at] in "\"'":
        message = f"the string that begins with {text[at]} does not end"
        return ExpressionError("expression-string", (at, end), message, f"close it with {text[at]}")
    behind_name = text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()
    what, code, hint = text[at], "expression-token", _KEY if behind_name else ""
    if not (behind_name and what in "!&|^~"):
        for row in _CHARACTERS:
            if text.startswith(row[0], at, end):
                what, code, hint = row
                break
    return ExpressionError(code, (at, at + len(what)), f"{_RECOGNITION} '{what}'", hint)


def not_a_number(text: str, place: tuple[int, int]) -> ExpressionError:
    """Return the complaint about *text*, which begins like a number."""
    if text.endswith("."):
        hint = f"write {text}0, or {text[:-1]}"
    elif text[:2].lower() in ("0x", "0o", "0b"):
        hint = "numbers are decimal inside expressions"
    else:
        hint = "a name must not begin with a digit; text needs quotes"
    return ExpressionError("expression-number", place, f"'{cut(text)}' is not a number", hint)


def value_expected(before: str, found: str, place: tuple[int, int]) -> ExpressionError:
    """Return the complaint about *found*, behind *before*, where a value must stand."""
    if not found:
        return ExpressionError("expression-syntax", place, f"a value must follow '{cut(before)}'")
    hint = _PAIRS.get((before, found)) or _PAIRS.get(("", found), "")
    if not hint and found in ("in", "and", "or", "IN", "AND", "OR"):
        hint = f"'{found}' is an operator and needs a value on both sides"
    must = f"a value must follow '{cut(before)}'" if before else "an expression must begin with a value"
    return ExpressionError("expression-syntax", place, f"{must}; got '{cut(found)}'", hint)


def operator_expected(before: str, found: str, place: tuple[int, int]) -> ExpressionError:
    """Return the complaint about *found*, which cannot follow the value that *before* ends."""
    message = f"'{cut(found)}' cannot follow '{cut(before)}'"
    for word in (found, before):
        lower = word.lower()
        if lower in _WORD_OPERATORS and word not in (lower, word.upper()):
            hint = f"word operators are all lower or all upper case: write {lower}"
            return ExpressionError("unknown-operator", place, message, hint)
    if found in _FOREIGN_WORDS:
        return ExpressionError("unknown-operator", place, message, _FOREIGN_WORDS[found])
    if found in (")", "]"):
        message = f"'{found}' closes nothing that is open here"
        return ExpressionError("expression-syntax", place, message, "remove it, or add what opens it")
    if found == ",":
        hint = "a comma stands only between the items of a list or the arguments of a call"
    else:
        hint = "put an operator between two values, or a comma between items"
    return ExpressionError("expression-syntax", place, message, hint)


def cut(text: str) -> str:
    """Return *text* short enough to quote."""
    return text if len(text) <= 40 else f"{text[:40]}…"
