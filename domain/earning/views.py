"""What evaluation is given of the world: an activity as it stands, dated facts as of it, and who may benefit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel.money import Amount
from domain.kernel.points import checked_amount, checked_quantity
from domain.programs.matching import Withheld
from domain.programs.rules import Basis, Moment, SubjectKind

NOTHING: Mapping[str, object] = {}

OrderKey = tuple[datetime, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beneficiary:
    """A member or a partner, as the owner of a wallet and as the subject of a unit."""

    kind: SubjectKind
    id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityView:
    """One activity in the revision that counts now; `occurred_at`, source and external id are its place in time."""

    id: UUID
    revision: int
    source: str
    external_id: str
    type: str
    occurred_at: datetime
    first_recorded_at: datetime
    member_id: UUID | None
    partner_id: UUID | None
    attributes: Mapping[str, int | str | bool | datetime] = field(
        default_factory=dict[str, "int | str | bool | datetime"]
    )
    amounts: Mapping[Basis, Amount] = field(default_factory=dict[Basis, Amount])
    quantity: int = 1
    deal_key: str | None = None
    moment: Moment = Moment.BOOKED

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None or self.first_recorded_at.tzinfo is None:
            raise ValueError("the instants of an activity are aware")
        checked_quantity(self.quantity)
        for amount in self.amounts.values():
            checked_amount(amount.minor)

    @property
    def order(self) -> OrderKey:
        """Its place in the order of occurrence."""
        return (self.occurred_at, self.source, self.external_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Dated facts as of the activity's `occurred_at`, by kind: about the unit's subject, the member, the partner."""

    subject: Mapping[str, object] = field(default_factory=dict[str, object])
    member: Mapping[str, object] = field(default_factory=dict[str, object])
    partner: Mapping[str, object] = field(default_factory=dict[str, object])


NO_FACTS = Facts()


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An activity with all that a rule may know of it besides its unit: as of when it occurred.

    `parameters` are the enrollment's, resolved by the terms (`Terms.resolved`); `withheld` says why it earns nothing.
    """

    activity: ActivityView
    facts: Facts = NO_FACTS
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    enrolled: bool = True
    withheld: Withheld | None = None
