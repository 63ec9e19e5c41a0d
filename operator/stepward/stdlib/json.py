"""Module `json` (stdlib 10)."""

from typing import Any, Final, TypeAlias

from stepward.stdlib.registry import function, require_string_bytes, require_value_bytes
from stepward.stdlib.text import utf8_bytes
from stepward.values import convert, errors, model
from stepward.values.model import Map

Layout: TypeAlias = bool | Map
"""What `indent` may be."""

_DEFAULT_INDENT: Final = " " * 4


@function("json.decode", example=("json.decode('[1, 2.5, null]')", [1, 2.5, None]))
def decode(data: bytes | str) -> Any:
    """Return the value that the JSON text *data* holds."""
    return convert.decode_json(data)


@function("json.encode", example=("text.decode(json.encode([1, true]))", "[1,true]"))
def encode(data: Any, indent: Layout = False) -> bytes:  # noqa: FBT002 - the language's signature
    """Return *data* as JSON text in UTF-8 bytes; *indent* as in `json.encode_to_string`."""
    return _encoded("json.encode", data, indent, require_value_bytes).encode()


@function("json.encode_to_string", example=('json.encode_to_string([1, "b", null])', '[1,"b",null]'))
def encode_to_string(data: Any, indent: Layout = False) -> str:  # noqa: FBT002 - as above
    """Return *data* as JSON text with sorted keys, compact or one element a line.

    *indent* true or a map gives lines; the map may hold `prefix`, with which every line but the first
    begins, and `indent`, which is repeated by depth (four blanks).
    """
    return _encoded("json.encode_to_string", data, indent, require_string_bytes)


def _encoded(asked_by: str, data: Any, indent: Layout, require_bytes: Any) -> str:
    compact = convert.encode_json(data)
    size = utf8_bytes(compact)
    if indent is False:
        require_bytes(size)
        return compact
    prefix, step = _layout(asked_by, indent)
    # An indent of many characters at many depths is how a small value becomes a huge text.
    require_bytes(size + convert.indented_bytes(data, prefix=prefix, indent=step))
    return convert.encode_json(data, prefix=prefix, indent=step)


def _layout(asked_by: str, indent: Layout) -> tuple[str, str]:
    if not isinstance(indent, Map):
        return "", _DEFAULT_INDENT
    prefix, step = indent.get("prefix"), indent.get("indent")
    for name, text in (("prefix", prefix), ("indent", step)):
        if text is not None and type(text) is not str:
            raise errors.type_error(
                f"{asked_by}: '{name}' in 'indent' must be string; got: {model.type_name(text)}"
            )
    return prefix or "", _DEFAULT_INDENT if step is None else step
