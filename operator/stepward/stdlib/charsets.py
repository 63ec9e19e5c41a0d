"""Character sets by their IANA names (stdlib 16.1).

Python's codecs are looked up in a list of ours, never by a name from a workflow: among the codecs are
compressors, and encodings whose output is no valid text.
"""

import encodings.aliases
from typing import Final

from stepward.values import errors

_FAMILIES: Final = (
    "ascii utf_8 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le",
    "latin_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9",
    "iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16",
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 tis_620",
    "cp437 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874",
    "cp037 cp273 cp500 cp1026 cp1140 koi8_r koi8_u mac_roman mac_cyrillic mac_greek mac_turkish",
    "big5 big5hkscs cp950 gb2312 gbk gb18030 hz",
    "shift_jis cp932 euc_jp iso2022_jp euc_kr cp949 iso2022_kr johab",
)
CODECS: Final = frozenset(" ".join(_FAMILIES).split())


def codec(charset: str, asked_by: str) -> str:
    """Return Python's name of *charset*; ValueError if it is none that we know."""
    name = charset.lower().replace("-", "_").replace(" ", "_").replace(":", "_")
    for candidate in (name, encodings.aliases.aliases.get(name, "")):
        if candidate in CODECS:
            return candidate
    raise errors.value_error(f"{asked_by}: unknown charset {errors.quoted(charset)}")
