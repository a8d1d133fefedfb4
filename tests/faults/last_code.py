"""Rounds in which many members want the last of something: the rows of each, and what must stand after it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.auditing import questions
from domain.kernel.ids import new_ids
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import deal
from tests.faults.buyers import WON, Purchase, race
from tests.shop import Shop, build_shop

MEMBERS = 200
PRICE = 10
POINTS = 10_000
LAWS = ("L1", "L2", "L3", "L4", "L7", "L8", "C1", "C2", "C3")
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"

# What one member was told, everybody is told: quoting is no part of the race.
QUOTE_EVERYBODY = """
INSERT INTO quote (id, member_id, unit, total, lines, recorded_at, expires_at)
SELECT told.id, told.member_id, unit, total, lines, recorded_at, expires_at
FROM quote, unnest($2::uuid[], $3::uuid[]) AS told (id, member_id) WHERE quote.id = $1
"""
STATES = "SELECT denomination_id, state FROM redemption_line WHERE denomination_id = ANY($1::uuid[])"


@dataclass(frozen=True, kw_only=True)
class Scarce:
    """So many of one item: in stock, or as codes of its pool."""

    denomination_id: UUID
    there: int
    pool_id: UUID | None
    purchases: Sequence[Purchase]


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a series of rounds came to; `wrong` names every round that did not end as it must."""

    rounds: int
    winners: int
    overlap: int
    deadlocks: int
    wrong: list[str]

    def __str__(self) -> str:
        return (
            f"rounds {self.rounds}, members {MEMBERS}, winners {self.winners}, peak overlap {self.overlap},"
            f" deadlocks {self.deadlocks}, wrong {len(self.wrong)}"
        )


async def crowded_shop(database: Database) -> Shop:
    """A shop of two hundred members with points for a thousand rounds."""
    shop = await build_shop(database, members=MEMBERS)
    await shop.world.launch({"effect": {"kind": "FIXED", "amount": POINTS}}, budget=MEMBERS * POINTS)
    await shop.world.record(*(deal(f"d-{n}", member_id) for n, member_id in enumerate(shop.world.members)))
    return shop


async def scarce(shop: Shop, number: int, there: int = 1, *, by_codes: bool = True) -> Scarce:
    """An item that everybody was offered and of which there are so many."""
    pool_id = await shop.pool(there) if by_codes else None
    routes = [(shop.supplier_id, pool_id)] if by_codes else [(await shop.supplier(), None)]
    card = await shop.item(PRICE, stock=None if by_codes else there, routes=routes)
    asked = await shop.quote(shop.rep(number % MEMBERS), card)
    ids = new_ids(MEMBERS)
    await shop.execute(QUOTE_EVERYBODY, asked.id, ids, shop.world.members)
    purchases = [
        Purchase(member_id=member_id, quote_id=quote_id)
        for quote_id, member_id in zip(ids, shop.world.members, strict=True)
    ]
    return Scarce(denomination_id=card, there=there, pool_id=pool_id, purchases=purchases)


def judged(ended: Sequence[str], there: int, states: Sequence[str], left: int) -> list[str]:
    """What is wrong with a round in which so many were there and so many are left."""
    wrong = list[str]()
    if (counts := Counter(ended)) != {WON: there, "CANNOT_REDEEM": MEMBERS - there}:
        wrong.append(f"ended as {dict(counts)}")
    if list(states) != ["ORDERED"] * there:
        wrong.append(f"lines are {states}")
    return wrong + ([f"{left} are left"] if left else [])


async def _left(shop: Shop, one: Scarce) -> int:
    """What is still to be had; a code that is neither free nor reserved counts, too."""
    if one.pool_id is None:
        return await shop.stock(one.denomination_id)
    free, reserved, issued, void = await shop.pool_counts(one.pool_id)
    return free + issued + void + abs(reserved - one.there)


async def play(shop: Shop, offered: Sequence[Scarce]) -> Played:
    """All rounds are raced, and each is compared with what was there."""
    database = shop.world.database
    raced = await race(database, [one.purchases for one in offered])
    rows = await database.fetch(STATES, [one.denomination_id for one in offered])
    wrong = list[str]()
    for number, (one, ended) in enumerate(zip(offered, raced.rounds, strict=True)):
        states = [row["state"] for row in rows if row["denomination_id"] == one.denomination_id]
        wrong += [f"round {number}: {what}" for what in judged(ended, one.there, states, await _left(shop, one))]
    report = await audit(database, LAWS, questions())
    wrong += [str(check) for check in report.checks if check.violations]
    return Played(
        rounds=len(offered),
        winners=sum(ended.count(WON) for ended in raced.rounds),
        overlap=raced.overlap,
        deadlocks=await database.fetchval(DEADLOCKS),
        wrong=wrong,
    )
