"""Letters of other scripts that look like Latin ones, and Latin letters in disguise.

Small on purpose, from general knowledge of the scripts: what a reader takes for the Latin letter at a glance. Folded
only in words that mix scripts (``canonical``), so that words which are really Cyrillic, Greek or Armenian stay as they
are.
"""

from typing import Final

_CYRILLIC: Final = (
    ("АВСЕНІЈКМОРЅТУХԚԜҮ", "ABCEHIJKMOPSTYXQWY"),
    ("асеһіјорԛѕԝхуѵԁԍүӏӀ", "acehijopqswxyvdgyll"),
)
_GREEK: Final = (
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϺ", "ABEZHIKMNOPTYXCM"),
    ("αικνορυχϲϳγ", "aikvopuxcjy"),
)
_ARMENIAN: Final = (
    ("ՍՏՕԼՈ", "USOLN"),
    ("օսոհցզքյ", "ounhgqpj"),
)
# Latin itself, drawn as small capitals: no language needs them to write a name or an address.
_DRAWN: Final = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "ABCDEFGHIJKLMNOPRSTUVWYZ")

LOOKALIKES: Final[dict[str, str]] = {
    odd: plain for pairs in (*_CYRILLIC, *_GREEK, *_ARMENIAN) for odd, plain in zip(*pairs, strict=True)
}
"""Letter of another script -> the Latin letter (or digit) that it looks like; one to one."""

DRAWN: Final[dict[str, str]] = dict(zip(*_DRAWN, strict=True))
"""Small capitals -> capitals; one to one."""
