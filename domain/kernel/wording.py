"""Numbers as people read them, in English or French."""

from collections.abc import Mapping


def language_of(locale: str) -> str:
    """The language that texts exist in: "fr" for any French, else "en"."""
    return "fr" if locale.lower().startswith("fr") else "en"


def number_text(value: int, exponent: int, language: str) -> str:
    """A whole number of minor units with `exponent` decimals, grouped by thousands."""
    group, mark = (",", ".") if language == "en" else ("\u202f", ",")
    digits = str(abs(value)).rjust(exponent + 1, "0")
    whole, decimals = (digits[:-exponent], digits[-exponent:]) if exponent else (digits, "")
    text = f"{int(whole):,}".replace(",", group) + (f"{mark}{decimals}" if decimals else "")
    return f"-{text}" if value < 0 else text


def percent_text(ppm: int, language: str) -> str:
    """Millionths as a percentage."""
    whole, rest = divmod(ppm, 10_000)
    text = f"{whole}.{rest:04}".rstrip("0").rstrip(".")
    return f"{text}%" if language == "en" else f"{text.replace('.', ',')}\u202f%"


def amount_text(value: int, unit: str | None, language: str, exponents: Mapping[str, int]) -> str:
    """An amount with its unit; without one a plain number."""
    if unit is None:
        return number_text(value, 0, language)
    return f"{number_text(value, exponents.get(unit, 0), language)} {unit}"
