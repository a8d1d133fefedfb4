"""The bounds of everything that a feed may say of an item: numbers, lengths, codes, plain text (pure)."""

from collections.abc import Callable

from catalog.items.content import DenominationContent, ItemContent
from catalog.items.item import Texts
from catalog.items.plain_text import RAW_LENGTH_MAX, is_image_address, is_storable, plain, printable
from catalog.items.pricing import Price
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, AmountOutOfBounds, is_whole
from domain.kernel.refusals import LOCALES, InvalidInput
from domain.partners.registration import PartnerType

EXTERNAL_ID_LENGTH_MAX = 128
NAME_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 5_000
BRAND_LENGTH_MAX = 100
ALT_LENGTH_MAX = 200
CODE_LENGTH_MAX = 64
CATEGORIES_MAX = 10
IMAGES_MAX = 10
COUNTRIES_MAX = 250
CODES_MAX = 50
SIDE_MAX = 20_000
DENOMINATIONS_MAX = 50
DENOMINATIONS_EVER_MAX = 200  # with those no longer offered
ROUTES_MAX = 5
MEMBER_LIMIT_MAX = 1_000
MEMBER_LIMIT_DAYS_MAX = 3_660

# The field and what must hold of it.
Trouble = tuple[str, str] | None


def check(content: ItemContent) -> None:
    """Nothing, if everything is within its bounds. Refuses: InvalidInput, of the first that is not."""
    trouble = next((found for judge in CHECKS if (found := judge(content)) is not None), None)
    if trouble is not None:
        raise InvalidInput(field=trouble[0], problem=trouble[1])


def _identity_trouble(content: ItemContent) -> Trouble:
    if not _is_code(content.external_id, EXTERNAL_ID_LENGTH_MAX):
        return ("externalId", f"1 to {EXTERNAL_ID_LENGTH_MAX} characters, none of control")
    if content.kind is None:
        return ("kind", "is needed for a new item")
    if not content.name.get("en"):
        return ("name", "is needed in English")
    return ("denominations", "are needed for a new item") if not content.denominations else None


def _image_trouble(content: ItemContent) -> Trouble:
    if len(content.images) > IMAGES_MAX:
        return ("images", f"at most {IMAGES_MAX}")
    if any(not is_image_address(image.url) for image in content.images):
        return ("images", "an address begins with https:// and has at most 2,048 characters")
    if any(not 1 <= side <= SIDE_MAX for image in content.images for side in (image.width, image.height)):
        return ("images", f"1 to {SIDE_MAX} pixels a side")
    return None


def _audience_trouble(content: ItemContent) -> Trouble:
    if len(content.countries) > COUNTRIES_MAX:
        return ("countries", f"at most {COUNTRIES_MAX}")
    if any(not _is_capitals(country, 2) for country in content.countries):
        return ("countries", "two capital letters of ISO 3166 each")
    if any(kind not in PartnerType.__members__ for kind in content.partner_types):
        return ("partnerTypes", f"some of {', '.join(PartnerType)}")
    return None


def _span_trouble(content: ItemContent) -> Trouble:
    for name, instant in (("validFrom", content.valid_from), ("validUntil", content.valid_until)):
        if instant is not None and instant.tzinfo is None:
            return (name, "says its offset")
    if content.valid_from and content.valid_until and content.valid_from >= content.valid_until:
        return ("validUntil", "must be after validFrom")
    if content.member_limit is not None and not 1 <= content.member_limit <= MEMBER_LIMIT_MAX:
        return ("memberLimit", f"1 to {MEMBER_LIMIT_MAX}")
    if content.member_limit_days is not None and not 1 <= content.member_limit_days <= MEMBER_LIMIT_DAYS_MAX:
        return ("memberLimitDays", f"1 to {MEMBER_LIMIT_DAYS_MAX}")
    if content.member_limit_days is not None and content.member_limit is None:
        return ("memberLimitDays", "needs a memberLimit")
    return None


def _denomination_trouble(content: ItemContent) -> Trouble:
    for one in content.denominations:
        trouble = _variant_trouble(one) if one.is_offered else None
        if trouble is not None:
            return (f"denominations.{trouble[0]}", f"{trouble[1]} ({printable(one.external_id, 40)})")
    return None


CHECKS: tuple[Callable[[ItemContent], Trouble], ...] = (
    _identity_trouble,
    _image_trouble,
    _audience_trouble,
    _span_trouble,
    _denomination_trouble,
)


def _variant_trouble(one: DenominationContent) -> Trouble:
    if not _is_code(one.external_id, EXTERNAL_ID_LENGTH_MAX):
        return ("externalId", f"1 to {EXTERNAL_ID_LENGTH_MAX} characters, none of control")
    if one.face_value is not None and not 1 <= one.face_value <= AMOUNT_ABSOLUTE_MAX:
        return ("faceValue", "1 to 10^15")
    for name, amount in (("fairValue", one.fair_value), ("cost", one.cost), ("stock", one.stock)):
        if amount is not None and not (is_whole(amount) and 0 <= amount <= AMOUNT_ABSOLUTE_MAX):
            return (name, "0 to 10^15")
    if one.currency is not None and not _is_capitals(one.currency, 3):
        return ("currency", "three capital letters of ISO 4217")
    if one.currency is None and (one.face_value, one.fair_value, one.cost) != (None, None, None):
        return ("currency", "is needed with faceValue, fairValue or cost")
    if any(not _is_code(route.sku, EXTERNAL_ID_LENGTH_MAX) for route in one.routes):
        return ("routes.sku", f"1 to {EXTERNAL_ID_LENGTH_MAX} characters, none of control")
    try:
        Price(fixed=one.price_fixed, numerator=one.price_numerator, denominator=one.price_denominator).of(
            one.face_value
        )
    except AmountOutOfBounds:
        return ("price", "is above 10^15")
    except ValueError as trouble:
        return ("price", str(trouble))
    return None


def plain_texts(name: str, texts: Texts, most: int) -> Texts:
    """Each language's text without markup. Refuses: InvalidInput (an unknown language, the length)."""
    if unknown := set(texts) - set(LOCALES):
        raise InvalidInput(field=name, problem=f"no language {sorted(unknown)[0][:20]}; {', '.join(LOCALES)} are known")
    return {locale: made for locale in sorted(texts) if (made := plain_line(name, texts[locale], most))}


def plain_line(name: str, text: str, most: int) -> str:
    """The text without markup. Refuses: InvalidInput (its length, with markup and without)."""
    if len(text) > RAW_LENGTH_MAX:
        raise InvalidInput(field=name, problem=f"at most {RAW_LENGTH_MAX} characters, with its markup")
    made = plain(text)
    if len(made) > most:
        raise InvalidInput(field=name, problem=f"at most {most} characters")
    return made


def plain_codes(name: str, codes: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Each code once, in the order given. Refuses: InvalidInput (their number, an empty or long one)."""
    if len(codes) > most:
        raise InvalidInput(field=name, problem=f"at most {most}")
    made = tuple(dict.fromkeys(plain_line(name, code, CODE_LENGTH_MAX) for code in codes))
    if not all(made):
        raise InvalidInput(field=name, problem=f"1 to {CODE_LENGTH_MAX} characters each")
    return made


def _is_code(text: str, most: int) -> bool:
    return bool(text.strip()) and len(text) <= most and is_storable(text)


def _is_capitals(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isalpha() and text.isupper()
