"""A rebate in a story: a program with tiers, a source without favours, two firms' administrators, and the worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.graph.ids import Tag, encode_id
from domain.access.principals import SYSTEM, Role
from domain.activities.activity import ActivityReversal
from domain.activities.sources import SourceDefinition, ensure_source
from domain.earning.recording import correct_activities, record_activities
from domain.kernel.periods import Period, PeriodKind, period_of
from domain.ledger.maturing import mature_due
from domain.rebates.advancing import advance_periods
from tests.building import deal
from tests.stories.teller import STEPS_MAX, Teller

UTC = ZoneInfo("UTC")
GRACE_DAYS, DISPUTE_DAYS = 5, 14
ACCRUAL = """accrual { isFinal total totalUnit activities due granted difference growthPpm
    nextTier { startsAt missing rate worth gain } }"""
PERIOD = f"""id state baseline finalTotal finalDue finalGranted passedOn dispute answer availableActions
    payout {{ id state amount }} partner {{ id }} {ACCRUAL}"""
TIERS = ((0, 0), (100_000, 50_000), (200_000, 100_000))


@dataclass(kw_only=True)
class Rebate:
    """A rebate program of a story and how its people act on it."""

    teller: Teller
    program_id: UUID
    source_id: UUID
    sold: int = field(default=0)

    async def now(self) -> datetime:
        return await self.teller.world.database.fetchval("SELECT guerdon_now()")

    async def sells(
        self, member: int, net: int, *, at: datetime | None = None, unit: str = "USD", product: str = "GTX Basic"
    ) -> str:
        """The member's firm sells for so much, now or at an instant; answers the sale's id."""
        self.sold += 1
        won = deal(f"sale-{self.sold}", self.teller.world.members[member], net, product=product)
        amounts = {basis: replace(amount, unit=unit) for basis, amount in won.amounts.items()}
        won = replace(won, occurred_at=at or await self.now(), amounts=amounts)
        world = self.teller.world
        batch = await record_activities(world.door, world.knowledge, SYSTEM, self.source_id, [won])
        assert batch.results[0].refusal is None, batch.results[0].refusal
        await self.works()
        return won.external_id

    async def takes_back(self, sale: str) -> None:
        """The customer sent everything back."""
        world = self.teller.world
        taken = ActivityReversal(external_id=sale, reason="returned")
        await correct_activities(world.door, world.knowledge, SYSTEM, self.source_id, [taken])
        await self.works()

    async def works(self) -> None:
        """The worker has done all that it can do now."""
        door = self.teller.world.door
        for _ in range(STEPS_MAX):
            await self.teller.world.catch_up()
            if not await mature_due(door, SYSTEM) + await advance_periods(door):
                return

    async def later(self, **span: int) -> None:
        await self.teller.later(**span)
        await self.works()

    async def until(self, instant: datetime) -> None:
        """Time passes until then."""
        await self.later(seconds=int((instant - await self.now()).total_seconds()) + 1)

    async def periods(self, who: str) -> list[Mapping[str, Any]]:
        """This program's periods as this person sees them, latest first."""
        document = f"""query($id: ID!) {{ rebatePeriods(filter: {{programId: $id}}) {{
            edges {{ node {{ {PERIOD} }} }} }} }}"""
        found = await self.teller.ask(who, document, id=encode_id(Tag.PROGRAM, self.program_id))
        return [edge["node"] for edge in found["rebatePeriods"]["edges"]]

    async def reviewed(self, period: Period, who: str = "boss") -> Mapping[str, Any]:
        """The period is over, its grace too, and it is in review; answers it as this person sees it."""
        await self.until(period.end + timedelta(days=GRACE_DAYS))
        (found,) = [one for one in await self.periods(who) if one["state"] == "IN_REVIEW"]
        return found

    async def acts(self, who: str, name: str, period: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
        """The person tries something with the period: the period after it, or the refusal."""
        answer = await self.teller.says(
            who, name, f"period {{ {PERIOD} }}", idempotencyKey=self.teller.key(), periodId=period["id"], **more
        )
        return answer.get("period") or answer

    async def approved(self, period: Mapping[str, Any]) -> Mapping[str, Any]:
        """The partner accepts, finance approves; answers the period."""
        await self.acts("boss", "acceptRebate", period)
        return await self.acts("finance", "approveRebate", period)

    async def paid(self, period: Mapping[str, Any]) -> Mapping[str, Any]:
        """Accepted, approved, exported, and the bank says it is paid; answers the period as its partner sees it."""
        approved = await self.approved(period)
        payout_id = approved["payout"]["id"]
        await self.teller.does("finance", "approvePayouts", "results { refusal { code } }", payoutIds=[payout_id])
        await self.teller.does("finance", "exportPayouts", "export { csv }", unit="USD")
        settled = [{"payoutId": payout_id, "outcome": "PAID", "bankReference": "SEPA-1"}]
        await self.teller.does("finance", "settlePayouts", "results { refusal { code } }", items=settled)
        await self.works()
        return next(one for one in await self.periods("boss") if one["id"] == period["id"])

    async def wallet(self, partner: int) -> Mapping[str, int]:
        return await self.teller.world.balances(self.teller.world.partners[partner], "USD")

    def partner(self, place: int) -> str:
        return encode_id(Tag.PARTNER, self.teller.world.partners[place])


def tiered(*tiers: tuple[Any, Any], mode: str = "RETROACTIVE", **more: Any) -> Mapping[str, Any]:
    """A rule per quarter, for the firm, in dollars: (from, rate in millionths)."""
    brackets = [{"from": start, "rate": rate} for start, rate in tiers or TIERS]
    return {
        "code": "volume",
        "subject": "PARTNER",
        "period": "QUARTER",
        "basis_unit": "USD",
        "effect": {"kind": "BRACKETS", "mode": mode, "brackets": brackets},
    } | more


async def rebate(
    teller: Teller,
    rule: Mapping[str, Any] | None = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Rebate:
    """A live rebate of the two firms, whose administrators are `boss` and `rival`; a new quarter has just begun."""
    world = teller.world
    if "boss" not in teller.tokens:
        await teller.person("boss", Role.PARTNER_ADMIN, 0)
        await teller.person("rival", Role.PARTNER_ADMIN, 1)
    now = await world.database.fetchval("SELECT guerdon_now()")
    program_id = await world.launch(
        rule or tiered(),
        unit="USD",
        starts_at=now - timedelta(days=800),
        grace_days=GRACE_DAYS,
        debt_policy="ALLOW",
        parameters=parameters,
    )
    source = await ensure_source(world.door, SYSTEM, SourceDefinition(code="erp", name="ERP", backfill=False))
    told = Rebate(teller=teller, program_id=program_id, source_id=source.source_id)
    asked = {"programId": encode_id(Tag.PROGRAM, program_id), "rule": "volume", "disputeDays": DISPUTE_DAYS} | settings
    await teller.does("manager", "defineRebate", "program { id }", **asked)
    await told.until((await quarter(told)).end)
    return told


async def quarter(told: Rebate) -> Period:
    """The quarter that it is now."""
    return period_of(PeriodKind.QUARTER, await told.now(), UTC)
