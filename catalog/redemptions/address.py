"""What an address must say before goods can be sent to it (pure)."""

import re

from catalog.redemptions.refusals import AddressNeeded
from catalog.suppliers.outcomes import Recipient
from domain.kernel.refusals import InvalidInput

ADDRESS_LINES_MAX = 5
TEXT_LENGTH_MAX = 200
COUNTRY = re.compile(r"[A-Z]{2}")


def checked_address(recipient: Recipient | None, *, is_needed: bool) -> Recipient | None:
    """The recipient as it may be sealed; complete where goods are shipped.

    Refuses: AddressNeeded; InvalidInput (texts of 1 to 200 characters, at most 5 lines, a country of two capitals).
    """
    if recipient is None:
        if is_needed:
            raise AddressNeeded
        return None
    if len(recipient.lines) > ADDRESS_LINES_MAX:
        raise InvalidInput(field="address.lines", problem=f"at most {ADDRESS_LINES_MAX}")
    texts = {
        "name": recipient.name,
        "email": recipient.email,
        "city": recipient.city,
        "postcode": recipient.postcode,
        "region": recipient.region,
        "phone": recipient.phone,
        **{f"lines.{place}": line for place, line in enumerate(recipient.lines)},
    }
    for name, text in texts.items():
        if text is not None and not 1 <= len(text.strip()) <= TEXT_LENGTH_MAX:
            raise InvalidInput(field=f"address.{name}", problem=f"1 to {TEXT_LENGTH_MAX} characters")
    if recipient.country is not None and not COUNTRY.fullmatch(recipient.country):
        raise InvalidInput(field="address.country", problem="two capital letters (ISO 3166)")
    if is_needed and not (recipient.lines and recipient.city and recipient.country):
        raise AddressNeeded
    return recipient
