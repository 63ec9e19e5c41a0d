"""Module text beyond its conformance cases: character sets, and what must hold for any text."""

import codecs
import urllib.parse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward import stdlib
from stepward.stdlib import charsets, registry
from stepward.values.errors import WorkflowError

stdlib.library()


def call(name: str, *arguments: Any) -> Any:
    return registry.FUNCTIONS[name].implementation(*arguments)


def attempt(name: str, *arguments: Any) -> Any:
    """Return what came of a call: its result, or the tags of its error."""
    try:
        return call(name, *arguments)
    except WorkflowError as refused:
        return refused.value["tags"]


@pytest.mark.parametrize("codec", sorted(charsets.CODECS))
@given(data=st.binary(max_size=20))
def test_every_charset_decodes_any_bytes_to_valid_text(codec: str, data: bytes) -> None:
    text = call("text.decode", data, codec)
    assert type(text) is str
    text.encode("utf-8")


@pytest.mark.parametrize("codec", sorted(charsets.CODECS))
def test_every_charset_is_known_to_python_by_that_name(codec: str) -> None:
    assert codecs.lookup(codec)
    assert call("text.encode", "", codec) is not None


@pytest.mark.parametrize(
    "name",
    ["UTF-8", "utf8", "ISO-8859-1", "latin1", "US-ASCII", "windows-1252", "Shift_JIS", "GB18030", "EUC-KR"],
)
def test_charsets_have_their_usual_names(name: str) -> None:
    assert call("text.decode", call("text.encode", "abc", name), name) == "abc"


@pytest.mark.parametrize(
    "name",
    [
        "zlib",
        "bz2",
        "base64",
        "rot13",
        "hex",
        "utf-7",
        "punycode",
        "idna",
        "undefined",
        "",
        "../x",
        "unicode_escape",
    ],
)
def test_codecs_that_are_no_charsets_are_unknown(name: str) -> None:
    for function, data in (("text.encode", "a"), ("text.decode", b"a")):
        with pytest.raises(WorkflowError, match=r"ValueError.*unknown charset"):
            call(function, data, name)


@given(st.text())
def test_what_is_encoded_for_a_url_comes_back(text: str) -> None:
    for name in ("text.url_encode", "text.url_encode_plus"):
        encoded = call(name, text)
        assert call("text.url_decode", encoded) == text
        assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_%+")
        assert urllib.parse.unquote_plus(encoded) == text


@given(st.text())
def test_decoding_for_a_url_never_makes_text_longer(text: str) -> None:
    decoded = attempt("text.url_decode", text)
    assert decoded == ["ValueError"] or len(decoded.encode()) <= len(text.encode())


@given(st.text("ab,", max_size=20), st.text("ab,", min_size=1, max_size=2))
def test_splitting_and_joining_are_opposites(text: str, separator: str) -> None:
    assert separator.join(call("text.split", text, separator)) == text


@given(st.binary(), st.booleans())
def test_base64_comes_back(data: bytes, padding: bool) -> None:  # noqa: FBT001 - the language's argument
    assert call("base64.decode", call("base64.encode", data, padding), padding) == data


@given(st.text())
def test_base64_of_any_text_is_decoded_or_a_value_error(text: str) -> None:
    for padding in (True, False):
        decoded = attempt("base64.decode", text, padding)
        assert type(decoded) is bytes or decoded == ["ValueError"]
