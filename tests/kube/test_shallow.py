"""Objects too deep to read are read without what is too deep."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepward.kube import bounds, shallow

DEEP = 9_000


@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_what_is_too_deep_is_cut_and_the_rest_kept(pair: str) -> None:
    start, end = ("[", "]") if pair == "[]" else ('{"a":', "}")
    deep = start * DEEP + "1" + end * DEEP
    data = f'{{"before": "{{[\\"[[", "deep": {deep}, "after": [1, {{"x": "]"}}]}}'.encode()
    found = shallow.loads(data)
    assert found["before"] == '{["[['
    assert found["after"] == [1, {"x": "]"}]


def test_several_deep_places_are_cut() -> None:
    deep = "[" * DEEP + "]" * DEEP
    found = shallow.loads(f'{{"items": [{deep}, 1, {deep}, {{"a": {deep}}}]}}'.encode())
    assert found["items"][1] == 1


def test_what_is_shallow_is_the_very_same_object() -> None:
    data = b'{"a": [' + b"{}," * 500 + b"1]}"
    assert shallow.flattened(data) is data


def test_what_is_no_json_is_said() -> None:
    for data in (b"", b"{", b"[" * 50_000, b"nothing", b"\xff"):
        with pytest.raises(orjson.JSONDecodeError):
            shallow.loads(data)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(
    st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_nothing_else_is_changed(value: object) -> None:
    wrapped: object = value
    for _ in range(bounds.OBJECT_DEPTH - depth_of(value)):
        wrapped = [wrapped]
    data = json.dumps(wrapped).encode()
    assert json.loads(shallow.flattened(data)) == wrapped
