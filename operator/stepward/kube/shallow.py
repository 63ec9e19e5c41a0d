"""JSON that somebody else wrote, made shallow enough to read.

The API server stores nesting of ten thousand levels; Python's readers give up at a thousand, and with
them every list and watch that such an object is in. What is deeper than any object of ours is cut out.
"""

import re
from typing import Any, Final

import orjson

from stepward.kube import bounds

_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_CUT: Final = b"null"


def loads(data: bytes) -> Any:
    """Return what *data* says, without what is too deep. Raises orjson.JSONDecodeError if it is no JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        flat = flattened(data)
        if flat is data:
            raise
        return orjson.loads(flat)


def flattened(data: bytes) -> bytes:
    """Return *data* with every container below `bounds.OBJECT_DEPTH` replaced by null.

    The very same object comes back if there is none.
    """
    if data.count(b"[") + data.count(b"{") <= bounds.OBJECT_DEPTH:
        return data
    kept: list[bytes] = []
    depth, start = 0, 0
    for token in _TOKENS.finditer(data):
        character = data[token.start()]
        if character in b"[{":
            depth += 1
            if depth == bounds.OBJECT_DEPTH + 1:
                kept += [data[start : token.start()], _CUT]
        elif character in b"]}":
            if depth == bounds.OBJECT_DEPTH + 1:
                start = token.end()
            depth -= 1
    if not kept:
        return data
    return b"".join([*kept, data[start:]])
