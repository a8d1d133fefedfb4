"""What a benefit gives and an entitlement may become; when it ends because a tier was lost (pure)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.kernel.periods import PeriodKind, period_of

ZONE = ZoneInfo("UTC")


class EntitlementState(StrEnum):
    """GRANTED until its first use, ACTIVE from then on, until it is CONSUMED, EXPIRED or REVOKED."""

    GRANTED = "GRANTED"
    ACTIVE = "ACTIVE"
    CONSUMED = "CONSUMED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class OwnerKind(StrEnum):
    """Whose a benefit is: the member's who got it, or their firm's."""

    MEMBER = "MEMBER"
    PARTNER = "PARTNER"


class OnTierLoss(StrEnum):
    """What becomes of a benefit whose tier is lost: it ends NOW, at the PERIOD_END, or its owner may KEEP it."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"
    KEEP = "KEEP"


class BenefitPeriod(StrEnum):
    """The calendar whose end is meant by PERIOD_END, in UTC."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


@dataclass(frozen=True, kw_only=True)
class BenefitDraft:
    """What a denomination of a BENEFIT item gives: so many uses, for so many days (None: no end).

    `tiers` are those whose people keep it, empty: everybody.
    """

    denomination_id: UUID
    quota: int = 1
    valid_days: int | None = None
    owner_kind: OwnerKind = OwnerKind.MEMBER
    is_transferable: bool = False
    tiers: tuple[str, ...] = ()
    on_tier_loss: OnTierLoss = OnTierLoss.KEEP
    period: BenefitPeriod = BenefitPeriod.QUARTER


def revokes_at(
    now: datetime,
    *,
    tiers: Collection[str],
    held: Collection[str],
    on_tier_loss: OnTierLoss,
    period: BenefitPeriod,
    before: datetime | None,
) -> datetime | None:
    """When an entitlement of these tiers ends for somebody who holds those today; None: it stands.

    A tier that is held again before the end saves it; one that stays lost does not move the end (`before`).
    """
    if not tiers or on_tier_loss is OnTierLoss.KEEP or set(tiers) & set(held):
        return None
    if before is not None:
        return before
    if on_tier_loss is OnTierLoss.NOW:
        return now
    return period_of(PeriodKind(period.value), now, ZONE).end.astimezone(UTC)
