"""Foreign text made harmless: markup out, control characters out; addresses of images checked; words for searching."""

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

URL_LENGTH_MAX = 2_048
RAW_LENGTH_MAX = 20_000
WORDS_MAX = 8
WORD_LENGTH_MAX = 40
LAYERS_MAX = 4  # markup that was escaped, and escaped again

# Each part stops at the next bracket, so that reading is linear in the text.
TAG = re.compile(r"<(/?)([A-Za-z!?][^<>]*)>?|<(?=/)")
HIDDEN = frozenset({"script", "style", "template", "noscript", "iframe"})
BREAKS = frozenset({"br", "p", "div", "li", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})
BLANKS = re.compile(r"[^\S\n]+")
LINES = re.compile(r"\s*\n\s*\n\s*")
# Marks that turn the direction of what follows, in texts that are not the writer's own page.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
WORD = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """The same text without markup, hidden parts, control characters and runs of blanks; NFC; paragraphs are kept.

    Afterwards no `<` stands before a letter, a slash or a mark of markup, however often it was escaped before.
    """
    for _ in range(LAYERS_MAX):
        stripped = html.unescape("".join(_outside_tags(text))) if "<" in text or "&" in text else text
        if stripped == text:
            break
        text = stripped
    text = "".join(_outside_tags(text))
    text = unicodedata.normalize("NFC", "".join(letter for letter in text if _is_shown(letter)))
    lines = (BLANKS.sub(" ", line).strip() for line in LINES.sub("\n\n", text).split("\n"))
    return "\n".join(lines).strip()


def _outside_tags(text: str) -> Iterator[str]:
    """The text between tags, a line for a tag that breaks one, nothing for what is inside a hidden element."""
    place, hidden = 0, ""
    for found in TAG.finditer(text):
        if not hidden:
            yield text[place : found.start()]
        place = found.end()
        closes, name = found.group(1), re.split(r"[\s/]", found.group(2) or "", maxsplit=1)[0].lower()
        if hidden:
            hidden = "" if closes and name == hidden else hidden
        elif name in HIDDEN and not closes:
            hidden = name
        elif name in BREAKS:
            yield "\n"
    if not hidden:
        yield text[place:]


def _is_shown(letter: str) -> bool:
    return letter == "\n" or (letter not in TURNING and unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn"))


def is_storable(text: str) -> bool:
    """True for text without characters of control, lone surrogates and such: others never come near a statement."""
    return text.isprintable()


def printable(text: str, most: int) -> str:
    """The text to show of what was refused: at most so many characters, a mark for each that cannot be shown."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:most])


def is_image_address(url: str) -> bool:
    """True for an https address with a host, without credentials, spaces or control characters, ≤ 2,048 characters."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or re.search(r"[\s\"'<>\\]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def folded(text: str) -> str:
    """The words of the text in small letters without accents, a blank between them: what is searched."""
    bare = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return " ".join(WORD.findall(bare.casefold()))


def search_expression(asked: str) -> str | None:
    """What `to_tsquery('simple', …)` takes: every word must begin a word of the item; None if nothing is asked.

    The first eight words count, of each the first forty letters.
    """
    words = folded(asked).split()[:WORDS_MAX]
    return " & ".join(f"{word[:WORD_LENGTH_MAX]}:*" for word in words) or None
