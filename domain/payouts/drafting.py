"""Payouts are drafted here: their money is payable from then on, and nobody spends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.ledger.holding import AMOUNT_MAX, Reference
from domain.ledger.opening import bring_up_to_date_in
from domain.ledger.paying import Claim, prepare_each_in
from domain.ledger.wallets import OwnerKind, WalletState
from domain.payouts.machine import PayoutState
from domain.payouts.moving import PAYOUTS_MAX, Payout, tell_in
from domain.payouts.refusals import NothingToPay

REFERENCE = "payout"

IS_MONEY = "SELECT kind = 'MONEY' FROM unit WHERE code = $1"
# What is due may be settled or expire when a wallet is brought up to date: the minimum is judged after that.
CANDIDATES = """
SELECT id FROM wallet
WHERE unit = $1 AND ($2::text IS NULL OR owner_kind = $2) AND (available >= $3 OR next_due_at <= $4)
  AND ($5::uuid IS NULL OR id > $5)
ORDER BY id LIMIT $6
"""
STAFF = "SELECT id FROM member WHERE id = ANY($1::uuid[]) AND kind = 'VENDOR_STAFF'"
INSERT = """
INSERT INTO payout (id, wallet_id, owner_kind, owner_id, unit, amount, payment_id, state, by_payroll, origin_kind,
                    origin_id, created_by, recorded_at, version)
SELECT drafted.*, $10::uuid, $11::timestamptz, 1
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bigint[], $7::uuid[], $12::text[],
            $8::bool[], $9::text[], $13::uuid[]) AS drafted
"""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """So much of a wallet (None: all of it) is to be paid out, for something of a room above, if for anything."""

    wallet: WalletState
    amount: int | None
    origin_kind: str | None = None
    origin_id: UUID | None = None


async def draft_payout(door: Door, actor: Actor, keyed: Keyed, wallet_id: UUID, amount: int | None = None) -> Outcome:
    """A draft pays so much of the wallet, or all it has available. Facts: payout_id.

    Refuses: NotFound; InvalidInput (a unit that is no money; the amount); InsufficientPoints; NothingToPay.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        if not await op.sql.fetchval("SELECT true FROM wallet WHERE id = $1", wallet_id):
            raise NotFound(kind="wallet", id=str(wallet_id))
        wallet = (await bring_up_to_date_in(op, [wallet_id]))[wallet_id]
        drafted = await draft_in(op, [Wish(wallet=wallet, amount=amount)])
        if not drafted:
            raise NothingToPay(unit=wallet.owner.unit)
        return {"payout_id": str(drafted[0].id)}

    return await door.operate_keyed(actor, "draftPayout", keyed, work)


async def draft_payouts(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    unit: str,
    minimum: int,
    owner_kind: OwnerKind | None = None,
    after: UUID | None = None,
) -> Outcome:
    """Every wallet in the unit that has at least the minimum available has a draft of all of it; at most 1,000 wallets
    are looked at, in order of their ids, those after `after`. Facts: payout_ids, last (where to go on, or null).

    Refuses: InvalidInput (a unit that is no money; the minimum).
    """
    if not 1 <= minimum <= AMOUNT_MAX:
        raise InvalidInput(field="minimum", problem=f"1 to {AMOUNT_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        await _check_money(op, {unit})
        kind = owner_kind.value if owner_kind else None
        rows = await op.sql.fetch(CANDIDATES, unit, kind, minimum, op.now, after, PAYOUTS_MAX)
        ids = [row["id"] for row in rows]
        wallets = await bring_up_to_date_in(op, ids) if ids else {}
        wishes = [Wish(wallet=wallet, amount=None) for wallet in wallets.values() if wallet.available >= minimum]
        drafted = await draft_in(op, wishes)
        last = str(ids[-1]) if len(ids) == PAYOUTS_MAX else None
        return {"payout_ids": [str(payout.id) for payout in drafted], "last": last}

    return await door.operate_keyed(actor, "draftPayouts", keyed, work)


async def draft_in(op: Operation, wishes: Sequence[Wish]) -> list[Payout]:
    """Drafts of what the wallets have: one each, none for a wallet that has nothing. The wallets are up to date.

    Refuses: InvalidInput (a unit that is no money; the amount); InsufficientPoints.
    """
    if not wishes:
        return []
    await _check_money(op, {wish.wallet.owner.unit for wish in wishes})
    ids = new_ids(len(wishes))
    claims = [
        Claim(wallet_id=wish.wallet.id, amount=wish.amount, reference=Reference(kind=REFERENCE, id=payout_id))
        for wish, payout_id in zip(wishes, ids, strict=True)
    ]
    prepared = await prepare_each_in(op, claims)
    members = [wish.wallet.owner.id for wish in wishes if wish.wallet.owner.kind is OwnerKind.MEMBER]
    staff = {row["id"] for row in await op.sql.fetch(STAFF, members)} if members else set[UUID]()
    drafted = [
        (
            wish,
            Payout(
                id=payout_id,
                owner_kind=wish.wallet.owner.kind.value,
                owner_id=wish.wallet.owner.id,
                unit=wish.wallet.owner.unit,
                amount=one.amount,
                payment_id=one.payment_id,
                state=PayoutState.DRAFT,
                by_payroll=wish.wallet.owner.id in staff,
                bank_reference=None,
                created_by=op.actor.principal_id,
                version=1,
            ),
        )
        for wish, payout_id, one in zip(wishes, ids, prepared, strict=True)
        if one is not None
    ]
    await _insert(op, drafted)
    for _, payout in drafted:
        tell_in(op, payout, before=None, after=PayoutState.DRAFT)
    return [payout for _, payout in drafted]


async def _insert(op: Operation, drafted: Sequence[tuple[Wish, Payout]]) -> None:
    if not drafted:
        return
    await op.sql.execute(
        INSERT,
        [payout.id for _, payout in drafted],
        [wish.wallet.id for wish, _ in drafted],
        [payout.owner_kind for _, payout in drafted],
        [payout.owner_id for _, payout in drafted],
        [payout.unit for _, payout in drafted],
        [payout.amount for _, payout in drafted],
        [payout.payment_id for _, payout in drafted],
        [payout.by_payroll for _, payout in drafted],
        [wish.origin_kind for wish, _ in drafted],
        op.actor.principal_id,
        op.now,
        [PayoutState.DRAFT.value] * len(drafted),
        [wish.origin_id for wish, _ in drafted],
    )


async def _check_money(op: Operation, units: set[str]) -> None:
    for unit in units:
        if not await op.sql.fetchval(IS_MONEY, unit):
            raise InvalidInput(field="unit", problem=f"{unit} is no unit of money")
