"""What a partner says of a deal, and the bounds of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.kernel.money import Amount
from domain.kernel.refusals import InvalidInput
from domain.partners.customers.customer import CustomerSaid, KeyKind, normal_products

TITLE_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 2_000
OPPORTUNITY_LENGTH_MAX = 64
AMOUNT_MAX = 10**15
BATCH_MAX = 100
FILES_MAX = 10


@dataclass(frozen=True, kw_only=True)
class DealSaid:
    """A deal as its partner describes it; no products mean all of them; `value` is what it may be worth."""

    title: str
    customer: CustomerSaid
    products: tuple[str, ...] = ()
    opportunity: str | None = None
    value: Amount | None = None

    def checked(self) -> "CheckedDeal":
        """The same within its bounds. Refuses: InvalidInput."""
        text(self.title, "title", TITLE_LENGTH_MAX)
        if self.opportunity is not None:
            text(self.opportunity, "opportunity", OPPORTUNITY_LENGTH_MAX)
        if self.value is not None and not 0 <= self.value.minor <= AMOUNT_MAX:
            raise InvalidInput(field="value", problem=f"0 to {AMOUNT_MAX}")
        return CheckedDeal(said=self, keys=self.customer.keys(), products=normal_products(self.products))


@dataclass(frozen=True, kw_only=True)
class CheckedDeal:
    """A deal within its bounds, with its customer's keys and its products in normal form."""

    said: DealSaid
    keys: Mapping[KeyKind, str]
    products: tuple[str, ...]


def text(said: str, field: str, length_max: int) -> str:
    """The text without blanks around it. Refuses: InvalidInput for an empty or long one."""
    bare = said.strip()
    if not 1 <= len(bare) <= length_max or "\x00" in bare:
        raise InvalidInput(field=field, problem=f"1 to {length_max} characters")
    return bare
