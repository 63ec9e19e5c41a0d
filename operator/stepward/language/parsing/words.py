"""How nodes are read as words, and how messages quote them."""

import re
from typing import Final

from stepward.language import expressions, grammar
from stepward.language.nodes import ListNode, MapNode, Node, ScalarNode
from stepward.language.parsing.places import Place
from stepward.language.structure import Name

_QUOTED: Final = 60
"""Characters of a piece of source that a message repeats."""
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9_]+")


def quote(text: str) -> str:
    """Return *text* in quotes for a message, cut if it is long."""
    return f"'{text}'" if len(text) <= _QUOTED else f"'{text[:_QUOTED]}…'"


def describe(node: Node) -> str:
    """Return what *node* is, for a message that says "got …"."""
    if isinstance(node, ScalarNode):
        return "null" if node.value is None else quote(node.text)
    return "a list" if isinstance(node, ListNode) else "a map"


def listed(words: list[str]) -> str:
    """Return *words*, of which there is one at least, in quotes as part of a sentence; four at most."""
    shown = [f"'{word}'" for word in words[:4]]
    if len(words) > len(shown):
        return ", ".join(shown) + ", …"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]


def describe_entries(node: MapNode) -> str:
    """Return how many entries *node* has and which, for a message about a map that should have one."""
    words = [quote(key_text(entry.key)) for entry in node.entries]
    shown = ", ".join(words[:4]) + (", …" if len(words) > 4 else "")
    return f"got {len(words)} entries: {shown}" if words else "got an empty map"


def key_text(node: ScalarNode) -> str:
    """Return the string that a map key, or a word that names one, stands for (language.md 1.2)."""
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return str(node.value) if isinstance(node.value, int) else node.text


def word_of(node: Node) -> str:
    """Return the text of a node that is a single value, and "" for any other."""
    return key_text(node) if isinstance(node, ScalarNode) and node.value is not None else ""


def is_identifier(text: str) -> bool:
    """Return whether *text* is `[A-Za-z_][A-Za-z0-9_]*`."""
    return text.isascii() and text.isidentifier()


def parse_name(node: Node, place: Place, what: str) -> Name | None:
    """Return the identifier that *node* is, such as the variable of `result`.

    After an error it is the name that was probably meant, so that its uses are not reported, too.
    """
    text = key_text(node) if isinstance(node, ScalarNode) else ""
    if text in grammar.RESERVED:
        place.error(
            "reserved-name",
            node.span,
            f"{what} must not be called {quote(text)}: expressions use this word",
            "choose another name",
        )
        return None
    if is_identifier(text):
        return Name(node.span, text)
    inner = text.strip()[2:-1].strip() if expressions.is_expression(text) else ""
    place.error(
        "invalid-name",
        node.span,
        f"{what} must be a name of letters, digits and underscores, no digit first; got {describe(node)}",
        "write it without ${}" if inner else _similar_name(text),
    )
    return Name(node.span, inner) if is_identifier(inner) else None


def _similar_name(text: str) -> str:
    """Return what to write instead of *text*, which is no name."""
    if "." in text or "[" in text:
        return "only a whole variable can stand here: take the parts out of it with `assign`"
    similar = _NO_WORD.sub("_", text)[:_QUOTED]
    similar = f"_{similar}" if similar[:1].isdigit() else similar
    return f"write '{similar}'" if similar.strip("_") else "write a name, such as 'x'"
