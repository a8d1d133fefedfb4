"""What a file is, judged by its content and never by its name."""

import codecs
from enum import StrEnum

# Controls that text files hold; everything else below the space says that it is no text.
TEXT_CONTROLS = frozenset(b"\t\n\r\x0c")
CONTROLS = frozenset(range(32)) - TEXT_CONTROLS
SEPARATORS = (",", ";", "\t")
MARK = "\ufeff"


class MediaType(StrEnum):
    """The kinds of files that are taken."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    CSV = "text/csv"


def media_type_of(content: bytes) -> MediaType | None:
    """The kind of this content; None for any that is not taken.

    A table is UTF-8 without control characters whose first line holds a comma, semicolon or tab and is no markup.
    """
    if content.startswith(b"%PDF-"):
        return MediaType.PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if content.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return MediaType.WEBP
    return MediaType.CSV if _is_table(content) else None


def _is_table(content: bytes) -> bool:
    if not CONTROLS.isdisjoint(content):
        return False
    try:
        text = codecs.decode(content, "utf-8").removeprefix(MARK)
    except UnicodeDecodeError:
        return False
    first = text.splitlines()[0] if text else ""
    return any(mark in first for mark in SEPARATORS) and not first.lstrip().startswith("<")
