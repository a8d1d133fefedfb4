"""How funds go in a story: a year's fund with its parts, requests with a plan, claims with proof, what stands where."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from domain.funds.accruing import accrue_due
from domain.funds.ending import expire_requests, reject_overdue_claims, remind_due, return_unused, roll_pools
from domain.kernel import outbox
from domain.kernel.rates import Rate
from domain.kernel.rating import record_rates_in
from domain.partners.facts import FactKind, NewFact, SubjectKind
from tests.stories.claiming import hand_in, now
from tests.stories.teller import Teller

BALANCE = "allocated requested approved claimed paid available"
REQUEST = "id state turn dueAt amount approved unclaimed availableActions steps { action isVendor note }"
CLAIM = f"""id n state amount approved bankReference availableActions lines {{ id amount costInUnit state reason }}
    activity {{ id }} request {{ {REQUEST} }}"""
EVENT = {"code": "event", "name": {"en": "An event"}, "cofundPpm": 500_000}
CAMPAIGN = {"code": "campaign", "name": {"en": "A campaign"}, "amountMax": 50_000}


async def people(teller: Teller) -> None:
    """Each firm has an admin beside its reps: `boss0` and `boss1`."""
    await teller.person("boss0", Role.PARTNER_ADMIN, 2)
    await teller.person("boss1", Role.PARTNER_ADMIN, 3)


async def fund(teller: Teller, *, days: int = 100, pool: int = 1_000_000, **said: Any) -> str:
    """A fund of a year that began a hundred days ago, whose money is to be used within so many days; answers its id."""
    at = await now(teller)
    year = {
        "code": f"fund-{next(teller.numbers)}",
        "name": {"en": "A fund"},
        "unit": "EUR",
        "kind": "DISCRETIONARY",
        "startsAt": (at - timedelta(days=100)).isoformat(),
        "useBy": (at + timedelta(days=days)).isoformat(),
        "endsAt": (at + timedelta(days=days + 100)).isoformat(),
        "activities": [EVENT, CAMPAIGN],
    }
    made = await teller.does("manager", "defineFund", "fund { id pool }", **year | said)
    if pool:
        filled = {"fundId": made["fund"]["id"], "amount": pool, "reason": "the plan of the year"}
        await teller.does("finance", "fillFund", "fund { pool }", **filled)
    return made["fund"]["id"]


async def allocate(teller: Teller, fund_id: str, partner: int, amount: int) -> str:
    """The manager gives the firm a part; answers the allocation's id."""
    partner_id = encode_id(Tag.PARTNER, teller.world.partners[partner])
    asked = {"fundId": fund_id, "partnerId": partner_id, "amount": amount}
    made = await teller.does("manager", "allocateFund", "allocation { id }", **asked)
    return made["allocation"]["id"]


async def plan(teller: Teller, *, cost: int = 10_000, cofund: int = 500_000, **said: Any) -> Mapping[str, Any]:
    """An event next week; by default the firm bears half of it."""
    at = await now(teller)
    return {
        "activity": "event",
        "title": "A breakfast for customers",
        "startsOn": (at + timedelta(days=7)).date().isoformat(),
        "endsOn": (at + timedelta(days=8)).date().isoformat(),
        "cost": cost,
        "currency": "EUR",
        "cofundPpm": cofund,
        **said,
    }


async def draft(teller: Teller, who: str, allocation_id: str, **said: Any) -> str:
    """The firm's admin plans; answers the request's id."""
    asked = await plan(teller, **said)
    made = await teller.does(who, "saveFundRequest", "request { id state }", allocationId=allocation_id, **asked)
    assert made["request"]["state"] == "DRAFT"
    return made["request"]["id"]


async def request(teller: Teller, who: str, allocation_id: str, **said: Any) -> str:
    """The firm's admin asks; answers the request's id."""
    request_id = await draft(teller, who, allocation_id, **said)
    await teller.does(who, "submitFundRequest", "request { state }", requestId=request_id)
    return request_id


async def decide(teller: Teller, request_id: str, decision: str = "APPROVE", **said: Any) -> Mapping[str, Any]:
    """The manager decides; answers the request as it stands then."""
    asked = {"requestId": request_id, "decision": decision, **said}
    return (await teller.does("manager", "decideFundRequest", f"request {{ {REQUEST} }}", **asked))["request"]


async def invoice(teller: Teller, cost: int, *, who: str | None = "boss0", **said: Any) -> Mapping[str, Any]:
    """An invoice of today with its proof, unless nobody hands it in."""
    line = {
        "invoice": f"INV-{next(teller.numbers)}",
        "invoicedOn": (await now(teller)).date().isoformat(),
        "cost": cost,
        "currency": "EUR",
    }
    return line | ({} if who is None else {"fileId": await hand_in(teller, who)}) | said


async def claim(teller: Teller, who: str, request_id: str, *lines: Mapping[str, Any]) -> str:
    """The firm's admin claims; answers the claim's id."""
    asked = {"requestId": request_id, "lines": list(lines)}
    return (await teller.does(who, "submitFundClaim", "claim { id state }", **asked))["claim"]["id"]


async def claim_seen(teller: Teller, who: str, claim_id: str) -> Any:
    """The claim as this person sees it, null if they do not."""
    return (await teller.ask(who, f"query($id: ID!) {{ fundClaim(id: $id) {{ {CLAIM} }} }}", id=claim_id))["fundClaim"]


async def request_seen(teller: Teller, who: str, request_id: str) -> Any:
    """The request as this person sees it, null if they do not."""
    document = f"query($id: ID!) {{ fundRequest(id: $id) {{ {REQUEST} }} }}"
    return (await teller.ask(who, document, id=request_id))["fundRequest"]


async def allocation_seen(teller: Teller, who: str, allocation_id: str, at: datetime | None = None) -> Any:
    """The allocation with its balance, then or now; null for whom it is not for."""
    document = f"""query($id: ID!, $at: DateTime) {{ fundAllocation(id: $id) {{
        useBy extensionState owed balance(at: $at) {{ {BALANCE} }} }} }}"""
    told = await teller.ask(who, document, id=allocation_id, at=at.isoformat() if at else None)
    return told["fundAllocation"]


async def balance(teller: Teller, allocation_id: str, at: datetime | None = None, who: str = "boss0") -> list[int]:
    """Allocated, requested, approved, claimed, paid and available, in this order, then or now."""
    told = (await allocation_seen(teller, who, allocation_id, at))["balance"]
    return [told[name] for name in BALANCE.split()]


async def events(teller: Teller, name: str, allocation_id: str) -> list[Mapping[str, Any]]:
    """What was told under this name of the allocation, in order."""
    rows = await teller.world.database.fetch(
        "SELECT aggregate_id, payload FROM outbox WHERE name = $1 ORDER BY id", name
    )
    return [row["payload"] for row in rows if encode_id(Tag.FUND_ALLOCATION, row["aggregate_id"]) == allocation_id]


async def rates(teller: Teller, *said: tuple[str, str, int, int, datetime]) -> None:
    """Dated rates become known: so many smallest steps of the second unit for so many of the first."""
    found = [
        Rate(from_unit=a, to_unit=b, numerator=numerator, denominator=denominator, valid_from=at)
        for a, b, numerator, denominator, at in said
    ]
    await teller.world.door.operate(teller.world.actor, lambda op: record_rates_in(op, found))


async def tier(teller: Teller, partner: int, name: str, at: datetime) -> None:
    """The firm has this tier from then on."""
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=teller.world.partners[partner],
        kind=FactKind.TIER,
        value={"value": name},
        valid_from=at,
    )
    await teller.world.know(fact)


BOOKS = """
SELECT held.id FROM fund_allocation AS held LEFT JOIN LATERAL (
  SELECT coalesce(sum(CASE WHEN to_bucket = 'AVAILABLE' THEN amount WHEN from_bucket = 'AVAILABLE' THEN -amount END), 0)
           AS available,
         coalesce(sum(CASE WHEN to_bucket = 'REQUESTED' THEN amount WHEN from_bucket = 'REQUESTED' THEN -amount END), 0)
           AS requested,
         coalesce(sum(CASE WHEN to_bucket = 'APPROVED' THEN amount WHEN from_bucket = 'APPROVED' THEN -amount END), 0)
           AS approved,
         coalesce(sum(CASE WHEN to_bucket = 'CLAIMED' THEN amount WHEN from_bucket = 'CLAIMED' THEN -amount END), 0)
           AS claimed,
         coalesce(sum(CASE WHEN to_bucket = 'PAID' THEN amount WHEN from_bucket = 'PAID' THEN -amount END), 0) AS paid
  FROM fund_movement WHERE allocation_id = held.id) AS summed ON true
WHERE (held.available, held.requested, held.approved, held.claimed, held.paid)
      <> (summed.available, summed.requested, summed.approved, summed.claimed, summed.paid)
UNION ALL
SELECT held.id FROM fund_allocation AS held
WHERE held.approved <> (SELECT coalesce(sum(unclaimed), 0) FROM fund_request
                        WHERE allocation_id = held.id AND state = 'APPROVED')
   OR held.requested <> (SELECT coalesce(sum(amount), 0) FROM fund_request
                         WHERE allocation_id = held.id AND state IN ('SUBMITTED', 'INFO_REQUESTED', 'REJECTED'))
UNION ALL
SELECT fund.id FROM fund
WHERE pool <> (SELECT coalesce(sum(CASE WHEN to_bucket = 'POOL' THEN amount WHEN from_bucket = 'POOL' THEN -amount END),
                               0) FROM fund_movement WHERE fund_id = fund.id)
"""


async def wrong_books(teller: Teller) -> list[Any]:
    """Allocations and funds whose columns are not what the journal, or their requests, sum up to."""
    return await teller.world.database.fetch(BOOKS)


async def accrue(teller: Teller) -> None:
    """What was recorded is stamped, and funds have followed it to its end."""
    door = teller.world.door
    while await outbox.stamp(teller.world.database, door.failpoints):
        pass
    while await accrue_due(door):
        pass


async def settle(teller: Teller) -> None:
    """The worker's steps of funds, in its order, to their end."""
    door = teller.world.door
    for step in (remind_due, reject_overdue_claims, expire_requests, return_unused, roll_pools):
        while await step(door):
            pass
