"""Texts that hurt: what property tests of the front end are fed with."""

from hypothesis import strategies as st

# fmt: off
_YAML_PIECES = [
    "a", "b", "key", "é", "字", "\U0001f600", "e\u0301", "1", "-1", "0x1F", "010", "1.5", ".inf", "~", "true",
    " ", "  ", "    ", "\n", "\n\n", "\r\n", "\r", "\t", "\x85", "\u2028", "\xa0", "\ufeff", "\x00", "\x1b",
    "\ud83d", ":", ": ", "? ", "- ", "-", ",", ", ", "[", "]", "{", "}", "#", " #", "&a", "&a ", "*a", "*a ",
    "!", "!!str ", "!<x> ", "|", ">", "|\n", "|-\n  ", ">+\n  ", ">2\n", "\n  ", "\n    ", '"', "'", "''",
    '\\"', "\\", "\\\n", "\\n", "\\u0041", "\\ud83d\\ude00", "\\x41", "%", "%YAML 1.1\n", "%TAG ! x\n", "---",
    "--- ", "\n---\n", "...", "\n...\n", "@", "`", "<<", "<<: *a\n", "${", "${a}", "${a + 1}", '"k": ',
    '{"k": 1}', "=", "null",
]
_EXPRESSION_PIECES = [
    "a", "b.c", "f(", "text.split(", "(", ")", "[", "]", ",", ".", "not ", " and ", "OR", " in ", "And",
    "true", "null", "0", "1", "9223372036854775808", "1.5", "1e3", "1e999", "1.", ".5", "0x1", '"', "'",
    '"s"', "'s'", "\\", "\\n", "\\q", "\\ud83d", "\\ude00", "\\u12", "+", "-", "*", "/", "//", "%",
    "<", "<=", "==", "===", "!=", "!", "&&", "|", "?", ":", "{", "}", "${", " ", "\n",
    "\t", "\xa0", "é", "\U0001f600", "\x00", "\ud800", "“", "=", ";",
]
# fmt: on

yaml_texts = st.lists(st.sampled_from(_YAML_PIECES), max_size=40).map("".join) | st.text(max_size=60)
expression_texts = st.lists(st.sampled_from(_EXPRESSION_PIECES), max_size=30).map("".join) | st.text(
    max_size=60
)
