"""A late sale rewrites no tier: what it would have been worth is an activity of its own, at the period's close."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.activities.activity import ActivityInput, Basis
from domain.earning.evaluating import Knowledge
from domain.earning.measuring import Measured, MeasuredKind, measured
from domain.earning.metric import Metric
from domain.earning.reporting import ReportedType, Workflow, report_in
from domain.earning.tiers import Tiers
from domain.kernel.money import Amount
from domain.kernel.operation import Operation

TOP_UP = "tier.top_up"
WORKFLOW = Workflow(
    code="tiers",
    name="Tiers",
    types=(
        ReportedType(
            code=TOP_UP,
            name={"en": "Tier top-up", "fr": "Complément de niveau"},
            attributes=(
                {"name": "tiers", "kind": "STRING"},
                {"name": "held", "kind": "STRING"},
                {"name": "deserved", "kind": "STRING"},
            ),
            amounts=("LIST", "NET", "MARGIN", "PAID"),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Held:
    """The tier that a partner had in the period that closes, None for none."""

    partner_id: UUID
    tier: str | None


async def top_up_in(
    op: Operation,
    knowledge: Knowledge,
    tier_set: tuple[UUID, str],
    tiers: Tiers,
    past: Sequence[tuple[Held, Mapping[str, int]]],
    period: tuple[datetime, datetime],
) -> int:
    """Who, by all that is known now, would have had a higher tier in the period has an activity `tier.top_up` at its
    close: the tier held, the tier deserved, and what was sold in the period. Rules decide what that earns; answers how
    many there are. Nobody is cut: a lower tier that would have been right is left alone.
    """
    metric = tiers.top_up
    deserving = [
        (held, code)
        for held, values in past
        if (code := deserved(tiers, held.tier, values)) is not None and metric is not None
    ]
    if not deserving or metric is None:
        return 0
    start, end = period
    sold = await measured(
        op.sql,
        [
            Measured(kind=MeasuredKind.PARTNER, subject_id=held.partner_id, metric=metric, start=start, end=end)
            for held, _ in deserving
        ],
    )
    set_id, set_code = tier_set
    items = [
        _activity(set_id, set_code, metric, held, code, value, end)
        for (held, code), value in zip(deserving, sold, strict=True)
        if value > 0
    ]
    if items:
        await report_in(op, knowledge, WORKFLOW, items)
    return len(items)


def deserved(tiers: Tiers, held: str | None, values: Mapping[str, int]) -> str | None:
    """The higher tier that these values would have earned; None where what was held was right, or too high."""
    place = tiers.qualified(values)
    tier = tiers.at(place)
    return tier.code if tier is not None and place > tiers.place(held) else None


def _activity(
    set_id: UUID, set_code: str, metric: Metric, held: Held, code: str, value: int, end: datetime
) -> ActivityInput:
    amounts: dict[Basis, Amount] = {}
    if metric.basis is not None and metric.unit is not None:
        amounts[Basis(metric.basis.value)] = Amount(minor=value, unit=metric.unit)
    return ActivityInput(
        external_id=f"{set_id}:{held.partner_id}:{end:%Y%m%d}",
        type=TOP_UP,
        occurred_at=end,
        partner=held.partner_id,
        quantity=1 if amounts else value,
        amounts=amounts,
        attributes={"tiers": set_code, "deserved": code} | ({"held": held.tier} if held.tier else {}),
    )
