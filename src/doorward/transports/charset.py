"""The charset that a ``Content-Type`` names: whether whoever believes it reads what we read, which is UTF-8.

JSON-RPC messages of MCP are UTF-8, but body parsers and stream readers do what the header says. In UTF-7, UTF-16 or
ISO-2022-JP the same bytes are other letters, quotes among them; in Shift_JIS a byte can swallow a backslash behind it.
"""

import re

# Those in which every byte below 0x80 is the letter that ASCII has there, and stands alone: they cannot hide one.
_ALIKE = rb"utf-?8|(?:us-)?ascii|iso-?8859-?[0-9]{1,2}|latin-?1|(?:windows|cp)-?125[0-9]"
_PARAMETER = re.compile(rb';[ \t]*charset=(?:(?:%b)|"(?:%b)")[ \t]*(?=;|\Z)' % (_ALIKE, _ALIKE))


def reads_alike(content_type: bytes) -> bool:
    """Whether a value of ``Content-Type`` leaves no doubt about the letters; also where it names no charset."""
    value = content_type.lower()
    # What is left behind is another charset, or one that is spelt so that parsers differ (RFC 2231, blanks, twice).
    return b"charset" not in value or b"charset" not in _PARAMETER.sub(b"", value)
