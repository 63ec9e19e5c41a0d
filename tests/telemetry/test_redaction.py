"""The one door for text that somebody else wrote."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.telemetry import redaction
from stepward.telemetry.redaction import Secret

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
OPAQUE = "ya29.a0AfH6SMBxxxxxxxxxxxxxxxx"


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN} was refused",
        f"Authorization: Bearer {OPAQUE}",
        f'{{"authorization": "Bearer {OPAQUE}"}}',
        f"authorization=Basic {OPAQUE}",
        f"BEARER {OPAQUE}",
    ],
)
def test_credentials_are_taken_out(text: str) -> None:
    shown = redaction.presentable(text, 1_000)
    assert TOKEN not in shown
    assert OPAQUE not in shown
    assert "***" in shown


def test_json_stays_json() -> None:
    text = json.dumps({"headers": {"Authorization": f"Bearer {OPAQUE}"}, "n": 1})
    assert orjson.loads(redaction.without_credentials(text))["n"] == 1


@pytest.mark.parametrize("text", ["the bearer of bad news", "authorization failed", "eyJ", "a.b.c"])
def test_harmless_words_stay(text: str) -> None:
    assert redaction.presentable(text, 1_000) == text


@given(st.text(), st.integers(1, 50))
def test_what_comes_out_is_short_printable_and_one_line(text: str, limit: int) -> None:
    shown = redaction.presentable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    shown.encode()


@given(st.text(), st.integers(1, 50))
def test_a_paragraph_keeps_line_breaks_alone(text: str, limit: int) -> None:
    shown = redaction.paragraph(text, limit)
    assert len(shown) <= limit
    assert shown.replace("\n", "").isprintable()


def test_a_secret_is_silent() -> None:
    secret = Secret(OPAQUE)
    assert secret.reveal() == OPAQUE
    assert OPAQUE not in f"{secret} {secret!r} {[secret]} {orjson.dumps([1], default=str)!r}"
    assert orjson.dumps(secret, default=str) == b'"***"'
