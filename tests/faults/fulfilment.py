"""A shop whose suppliers are real processes, for tests that kill its workers: what is ordered, by which role, and the
judgement afterwards: nothing lost, nothing twice, the supplier's book is ours.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import httpx2

from catalog.auditing import questions
from catalog.redemptions.fulfilling import LEASE, Bounds, Fulfiller
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.leasing import Claim, claim_fulfilments
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.releasing import release_waiting
from catalog.suppliers.definition import SupplierDefinition
from catalog.suppliers.reading import AdapterKind
from catalog.suppliers.registering import define_supplier
from catalog.suppliers.registry import adapter_for
from domain.access.principals import SYSTEM
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import build_world, deal
from tests.faults.hands import HANDS, do_work, order_for
from tests.faults.supplying import SECRET, RunningSupplier
from tests.faults.workers import SANDBOX
from tests.orders import KEYRING, KEYS_ENVIRONMENT, Shop, Way

LINES = 3
PRICE = 10
GIVEN = 10_000_000
LAWS = ("L1", "L2", "L3", "L4", "L5", "L7", "L8", "C1", "C2", "C3", "E1")
OPERATION = ("operation.after_begin", "operation.after_work", "operation.before_commit", "operation.after_commit")

# Every workflow of fulfilment with the points that it passes.
PASSED: Mapping[str, Sequence[str]] = {
    "fulfil": (
        "fulfil.after_take",
        "fulfil.before_call",
        "fulfil.after_call",
        "fulfil.before_record",
        "fulfil.after_record",
        *OPERATION,
    ),
    "issue": ("issue.before_commit", *OPERATION),
    "release": ("release.before_commit", *OPERATION),
    "complete": ("complete.before_commit", *OPERATION),
    "reveal": ("reveal.before_commit", *OPERATION),
    "redeem": ("redeem.after_hold", "redeem.after_codes", *OPERATION),
    **dict.fromkeys(HANDS, OPERATION),
}
# Somebody waits for their answer, and asks again without one.
ASKED = frozenset({"complete", "reveal", "redeem", *HANDS})
OWN_POINTS = tuple(point for points in PASSED.values() for point in points if point not in OPERATION)

REDEEMED = """
SELECT line.id FROM redemption_line AS line JOIN redemption ON redemption.id = line.redemption_id
WHERE redemption.origin_id = $1 AND redemption.origin = 'QUOTE'
"""
CODES = "SELECT count(*) FROM voucher_code WHERE line_id = ANY($1::uuid[]) AND state = 'ISSUED'"
TOLD = """
SELECT attempt.state, line.id, line.state AS line, count(code.id) AS codes
FROM redemption_line AS line JOIN fulfilment_attempt AS attempt ON attempt.line_id = line.id
LEFT JOIN voucher_code AS code ON code.line_id = line.id AND code.state = 'ISSUED'
WHERE attempt.supplier_id = $1 GROUP BY attempt.state, line.id, line.state
"""


@dataclass(kw_only=True)
class FulfilmentStage:
    """A shop with one supplier of each kind, and the goods that each delivers."""

    shop: Shop
    http: httpx2.AsyncClient
    called: UUID
    goods: Mapping[str, tuple[UUID, UUID]]
    pulled: UUID
    pool_id: UUID
    environment: Mapping[str, str]

    @property
    def member(self) -> UUID:
        return self.shop.world.members[0]

    async def prepare(self, role: str) -> tuple[list[UUID], dict[str, Any]]:
        """Lines that this role has work with; answers them, and what its process is told."""
        if role == "redeem":
            return [], await self.quoted()
        if role in HANDS:
            return await order_for(self.shop, role, self.member, self.goods["pooled"][1], LINES)
        kind = {"fulfil": "called", "complete": "pulled"}.get(role, "pooled")
        pool_id = self.pool_id if kind == "pooled" else None
        held_for = 0.0 if role == "release" else None
        line_ids = await self.shop.order(
            self.member, self.goods[kind], quantity=LINES, pool_id=pool_id, held_for=held_for, price=PRICE
        )
        if role == "complete":
            claims = await self.claimed()
            told = [
                {"attempt": str(one.attempt_id), "fence": one.fence, "code": f"PULL-{one.line_id.hex}"}
                for one in claims
            ]
            return line_ids, {"does": role, "items": told}
        if role == "reveal":
            await issue_due(self.shop.door, KEYRING)
            key = f"reveal-{line_ids[0]}"
            return line_ids, {"does": role, "member": str(self.member), "line": str(line_ids[0]), "key": key}
        return line_ids, {"does": role}

    async def quoted(self) -> dict[str, Any]:
        """A member's quote of so many units, and the key that she redeems it under."""
        owner = self.shop.owner(self.member)
        wanted = [Wanted(denomination_id=self.goods["pooled"][1], quantity=LINES)]
        made = await quote(self.shop.door, owner, wanted, SANDBOX)
        return {"does": "redeem", "member": str(self.member), "quote": str(made.id), "key": f"redeem-{made.id}"}

    async def lines(self, line_ids: Sequence[UUID], told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The lines that were prepared, or redeemed since."""
        rows = await self.shop.world.database.fetch(REDEEMED, UUID(told["quote"])) if "quote" in told else []
        return await self.shop.lines([*line_ids, *(row["id"] for row in rows)])

    async def again(self, told: Mapping[str, Any]) -> None:
        """What the client or worker that got no answer does once more."""
        await do_work(self.shop.door, KEYRING, told)

    async def ended(self, role: str, line_ids: Sequence[UUID], told: Mapping[str, Any], before: int) -> str:
        """What is wrong with the lines, codes and points of a workflow that was done once; nothing: empty.

        `before` is what the member had before it was prepared.
        """
        lines = await self.lines(line_ids, told)
        states = {line["state"] for line in lines}
        wanted, is_paid = (HANDS[role].ends, HANDS[role].is_paid) if role in HANDS else ("FULFILLED", True)
        balances = await self.shop.world.balances(self.member)
        spent = before - balances["available"]
        codes = await self.shop.world.database.fetchval(CODES, [line["id"] for line in lines])
        is_right = (
            len(lines) == LINES
            and states == {wanted}
            and (spent, balances["held"]) == (LINES * PRICE * is_paid, 0)
            and codes == LINES * (wanted == "FULFILLED")
        )
        return "" if is_right else f"lines are {states}, have {codes} codes, {spent} points were spent: {balances}"

    async def claimed(self) -> Sequence[Claim]:
        return await claim_fulfilments(
            self.shop.door,
            SYSTEM,
            self.shop.world.key(),
            KEYRING,
            first=100,
            lease_seconds=int(LEASE.total_seconds()),
            supplier_id=self.pulled,
        )

    async def recover(self, steps_max: int = 50, *, must_end: bool = True) -> None:
        """What any worker does once the leases are over, until nothing is due, or for so many steps."""
        await release_waiting(self.shop.door)
        for _ in range(steps_max):
            fulfiller = Fulfiller(
                self.shop.door,
                KEYRING,
                partial(adapter_for, keyring=KEYRING, http=self.http, sandbox=True),
                Bounds(call_seconds=5),
            )
            done = await issue_due(self.shop.door, KEYRING) + await fulfiller.step()
            await fulfiller.settle()
            if not done and not await self.open_calls():
                return
            await self.shop.wait(LEASE.total_seconds() + 1)
        assert not must_end, "orders are still open"

    async def open_calls(self) -> int:
        """How many attempts at suppliers that we deliver from or call are open."""
        return await self.shop.world.database.fetchval(
            "SELECT count(*) FROM fulfilment_attempt WHERE supplier_id <> $1 AND ended_at IS NULL", self.pulled
        )

    async def judged(self, supplier: RunningSupplier) -> int:
        """The books are right, and the supplier's is ours; answers how many orders it had."""
        report = await audit(self.shop.world.database, LAWS, more=questions())
        assert report.is_clean(strict=True), report.to_json()
        ours = await self.shop.world.database.fetch(TOLD, self.called)
        theirs = {external_id: state for external_id, state, _, _ in supplier.book()["orders"]}
        delivered = {row["id"].hex for row in ours if row["state"] == "DELIVERED"}
        assert {each for each, state in theirs.items() if state == "DELIVERED"} == delivered
        assert all(row["codes"] == 1 and row["line"] == "FULFILLED" for row in ours if row["state"] == "DELIVERED")
        return len(theirs)


@asynccontextmanager
async def fulfilment_stage(
    database: Database,
    supplier: RunningSupplier,
    environment: Mapping[str, str],
    *,
    codes: int = 500,
    members: int = 4,
) -> AsyncGenerator[FulfilmentStage]:
    """The stage on an empty, migrated database; `environment` is how a process of its own finds everything."""
    shop = Shop(world=await build_world(database, members=members))
    await shop.rich(shop.world.members[0], GIVEN)
    await shop.world.record(*(deal(f"rich-{member}", member) for member in shop.world.members[1:]))
    definition = SupplierDefinition(
        code="called",
        name="A supplier",
        adapter=AdapterKind.HTTP_PUSH,
        settings={"url": supplier.url},
        secret=SECRET,
        rate_calls=1_000,
        rate_seconds=1,
        is_test=True,
    )
    made = await define_supplier(shop.door, SYSTEM, shop.world.key(), KEYRING, definition, sandbox=True)
    called, pulled, pooled = (
        UUID(made.facts["supplier_id"]),
        await shop.supplier("PULL_QUEUE"),
        await shop.supplier("CODE_POOL"),
    )
    pool_id = await shop.pool(pooled, [f"POOL-{n:05d}" for n in range(codes)])
    goods = {
        "called": await shop.denomination(Way(supplier_id=called, sku="gift-25")),
        "pulled": await shop.denomination(Way(supplier_id=pulled, sku="mug")),
        "pooled": await shop.denomination(Way(supplier_id=pooled, sku="own", pool_id=pool_id)),
    }
    async with httpx2.AsyncClient(trust_env=False) as http:
        yield FulfilmentStage(
            shop=shop,
            http=http,
            called=called,
            goods=goods,
            pulled=pulled,
            pool_id=pool_id,
            environment={**environment, **KEYS_ENVIRONMENT},
        )
