"""How a day is written in the reader's language (pure)."""

from collections.abc import Mapping
from datetime import UTC, datetime

MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
}


def day_of(instant: datetime, locale: str) -> str:
    """The instant's day in UTC: 1 June 2026, 1er juin 2026; in English where the locale has no months here."""
    at = instant.astimezone(UTC)
    months = MONTHS.get(locale, MONTHS["en"])
    first = "1er" if locale == "fr" and at.day == 1 else str(at.day)
    return f"{first} {months[at.month - 1]} {at.year}"
