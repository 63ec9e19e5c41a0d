"""Modules `base64` and `hash` (stdlib 5, 8)."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from stepward.stdlib.registry import function, require_string_bytes
from stepward.values import errors

_ALGORITHMS: Final = {name: name.lower() for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")}


@function("base64.decode", example=('text.decode(base64.decode("SGVsbG8="))', "Hello"))
def decode(data: str, padding: bool = True) -> bytes:  # noqa: FBT001, FBT002 - the language's signature
    """Return the bytes that the Base64 text *data* stands for; line ends are skipped.

    The length must be filled up with `=` to a multiple of four, or without *padding* must not be.
    """
    text = data.replace("\r", "").replace("\n", "")
    if padding:
        if len(text) % 4:
            raise errors.value_error("base64.decode: the length must be a multiple of four")
    elif "=" in text or len(text) % 4 == 1:
        raise errors.value_error("base64.decode: not unpadded Base64 text")
    else:
        text += "=" * (-len(text) % 4)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as failure:
        raise errors.value_error("base64.decode: not standard Base64 text") from failure


@function("base64.encode", example=('base64.encode(text.encode("Hello"))', "SGVsbG8="))
def encode(data: bytes, padding: bool = True) -> str:  # noqa: FBT001, FBT002 - as above
    """Return *data* as Base64 text on one line; without *padding* there is no `=` at the end."""
    require_string_bytes((len(data) + 2) // 3 * 4)
    text = base64.b64encode(data).decode("ascii")
    return text if padding else text.rstrip("=")


@function(
    "hash.compute_checksum",
    example=(
        'base64.encode(hash.compute_checksum(text.encode("Hello World"), "MD5"))',
        "sQqNsWTgdUEFt6mb5y4/5Q==",
    ),
)
def compute_checksum(data: bytes, algorithm: str) -> bytes:
    """Return the digest of *data* by MD5, SHA1, SHA224, SHA256, SHA384 or SHA512."""
    name = _algorithm("hash.compute_checksum", algorithm)
    return hashlib.new(name, data, usedforsecurity=False).digest()


@function(
    "hash.compute_hmac",
    example=(
        'base64.encode(hash.compute_hmac(text.encode("key"), text.encode("Hello World"), "MD5"))',
        "Qyw+o7mlAxg/PRJY2QFqDA==",
    ),
)
def compute_hmac(key: bytes, data: bytes, algorithm: str) -> bytes:
    """Return the HMAC of *data* with *key*, by MD5, SHA1, SHA224, SHA256, SHA384 or SHA512."""
    return hmac.digest(key, data, _algorithm("hash.compute_hmac", algorithm))


def _algorithm(asked_by: str, name: str) -> str:
    if name not in _ALGORITHMS:
        known = ", ".join(_ALGORITHMS)
        raise errors.value_error(
            f"{asked_by}: argument 'algorithm' must be one of {known}; got: {errors.quoted(name)}"
        )
    return _ALGORITHMS[name]
