"""The queue of orders that people and other systems fulfil: claimed under a lease, completed behind its fence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from catalog.codes.refusals import CodeExists
from catalog.redemptions.attempting import (
    REFERENCE_LENGTH_MAX,
    WAIT_SECONDS_MAX,
    Decision,
    Deliver,
    Refuse,
    Wait,
    Waits,
)
from catalog.redemptions.delivering import check_tracking
from catalog.redemptions.machine import AttemptState
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.orders import orders_of
from catalog.redemptions.recording import Decided, record_in
from catalog.redemptions.taking import COLUMNS, Attempt, attempt_of, lock_attempts_in, take_in
from catalog.suppliers.outcomes import Goods, Order, RefusalReason
from catalog.suppliers.reading import AdapterKind, SupplierRecord, supplier_of_source, suppliers_by_id
from domain.access import audit
from domain.access.principals import Actor, Role
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Connection, Database

CLAIM_MAX = 100
COMPLETE_MAX = 100
LEASE_SECONDS_MIN = 10
LEASE_SECONDS_MAX = 3_600
GOODS_TEXT_MAX = 2_000

CLAIMED_KINDS = frozenset({AdapterKind.PULL_QUEUE, AdapterKind.BY_HAND})
CLAIMERS = frozenset({Role.CATALOG, Role.SUPPORT, Role.ADMIN, Role.SYSTEM})

LEASED = f"SELECT {COLUMNS}, lease_until FROM fulfilment_attempt WHERE id = ANY($1::uuid[])"


class Completion(StrEnum):
    """What somebody who claimed an order says of it."""

    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"
    LATER = "LATER"


class CompletionOutcome(StrEnum):
    """What became of one item of a report; a DUPLICATE was reported before and changes nothing."""

    COMPLETED = "COMPLETED"
    DUPLICATE = "DUPLICATE"
    STALE_LEASE = "STALE_LEASE"
    NOT_FOUND = "NOT_FOUND"
    CODE_EXISTS = "CODE_EXISTS"


@dataclass(frozen=True, kw_only=True)
class CompletionItem:
    """One claimed order's end. `after_seconds` belongs to LATER, `reason` to REFUSED, the rest to DELIVERED."""

    attempt_id: UUID
    fence: int
    outcome: Completion
    reason: RefusalReason | None = None
    after_seconds: int | None = None
    reference: str | None = None
    goods: Goods | None = field(default=None, repr=False)
    tracking: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class CompletionResult:
    """How the item of this attempt ended."""

    attempt_id: UUID
    outcome: CompletionOutcome


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An order under a lease: what is to be delivered, until when it is yours, under which fence you report."""

    attempt_id: UUID
    line_id: UUID
    supplier_id: UUID
    fence: int
    lease_until: datetime
    order: Order = field(repr=False)


async def claim_fulfilments(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    keyring: Keyring,
    *,
    first: int,
    lease_seconds: int,
    supplier_id: UUID | None = None,
) -> Sequence[Claim]:
    """Up to `first` waiting orders of the supplier are leased: the key's own supplier, or the one an operator names.

    The same key again answers the same claims, as far as nobody else has them by now. What is claimed stands in the
    audit log, since it names people.

    Refuses: NotFound (the supplier, or one whose orders are not claimed); InvalidInput (1 to 100; 10 to 3,600 s).
    """
    if not 1 <= first <= CLAIM_MAX:
        raise InvalidInput(field="first", problem=f"1 to {CLAIM_MAX}")
    if not LEASE_SECONDS_MIN <= lease_seconds <= LEASE_SECONDS_MAX:
        raise InvalidInput(field="leaseSeconds", problem=f"{LEASE_SECONDS_MIN} to {LEASE_SECONDS_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        supplier = await _supplier(op.sql, actor, supplier_id)
        held = await take_in(op, supplier.id, first, timedelta(seconds=lease_seconds))
        ids = [str(one.attempt.id) for one in held]
        if held:
            await audit.record_in(op, "fulfilment.claimed", "supplier", supplier.id, attempts=ids)
        return {"attempts": ids, "fences": [one.attempt.fence for one in held]}

    done = await door.operate_keyed(actor, "claimFulfilments", keyed, work)
    fences = dict(zip(map(UUID, done.facts["attempts"]), done.facts["fences"], strict=True))
    return await _claims(door.database, keyring, fences)


async def complete_fulfilments(
    door: Door, actor: Actor, keyring: Keyring, items: Sequence[CompletionItem]
) -> Sequence[CompletionResult]:
    """Each item ends its attempt, if it is still under the fence it names; one item's trouble is its own.

    (attempt, fence) is the key: a report sent twice is a DUPLICATE. Codes are sealed at once. A REFUSED order goes to
    the line's next route; LATER goes back to the queue.

    Refuses: InvalidInput (1 to 100 items, each attempt once; what an outcome needs); NotFound; TryLater.
    """
    if not 1 <= len(items) <= COMPLETE_MAX:
        raise InvalidInput(field="items", problem=f"1 to {COMPLETE_MAX}")
    if len({item.attempt_id for item in items}) < len(items):
        raise InvalidInput(field="items", problem="each attempt once")
    decisions = {item.attempt_id: _decision(item) for item in items}
    fences = {item.attempt_id: item.fence for item in items}
    results = dict[UUID, CompletionOutcome]()
    # Deliveries and refusals apart, as recording asks; codes first as a set, then one by one if one of them is known.
    for kind in (Deliver, Refuse, Wait):
        some = {each: decision for each, decision in decisions.items() if type(decision) is kind}
        if some:
            results |= await _complete(door, actor, keyring, some, fences)
    return [CompletionResult(attempt_id=item.attempt_id, outcome=results[item.attempt_id]) for item in items]


async def _complete(
    door: Door, actor: Actor, keyring: Keyring, decisions: Mapping[UUID, Decision], fences: Mapping[UUID, int]
) -> Mapping[UUID, CompletionOutcome]:
    try:
        return await door.operate(actor, lambda op: _complete_in(op, actor, keyring, decisions, fences))
    except CodeExists:
        if len(decisions) == 1:
            return dict.fromkeys(decisions, CompletionOutcome.CODE_EXISTS)
        results = dict[UUID, CompletionOutcome]()
        for attempt_id, decision in decisions.items():
            results |= await _complete(door, actor, keyring, {attempt_id: decision}, fences)
        return results


async def _complete_in(
    op: Operation,
    actor: Actor,
    keyring: Keyring,
    decisions: Mapping[UUID, Decision],
    fences: Mapping[UUID, int],
) -> Mapping[UUID, CompletionOutcome]:
    seen = {row["id"]: attempt_of(row) for row in await op.sql.fetch(LEASED, list(decisions))}
    own = await _own_suppliers(op.sql, actor, {one.supplier_id for one in seen.values()})
    mine = {one.id: one for one in seen.values() if one.supplier_id in own}
    lines = await lock_lines_in(op, {one.line_id for one in mine.values()})
    standing = await lock_attempts_in(op, mine)
    results = dict.fromkeys(decisions, CompletionOutcome.NOT_FOUND)
    decided = list[Decided]()
    for attempt_id, one in standing.items():
        results[attempt_id] = _judged(one, fences[attempt_id], decisions[attempt_id])
        if results[attempt_id] is CompletionOutcome.COMPLETED:
            decided.append(Decided(attempt=one, line=lines[one.line_id], decision=decisions[attempt_id]))
    await record_in(op, keyring, decided)
    op.failpoints.hit("complete.before_commit")
    return results


def _judged(attempt: Attempt, fence: int, decision: Decision) -> CompletionOutcome:
    if attempt.fence != fence or attempt.state is AttemptState.INTENT:
        return CompletionOutcome.STALE_LEASE
    if attempt.is_open:
        is_told = isinstance(decision, Wait) and attempt.reason == Waits.LATER
        return CompletionOutcome.DUPLICATE if is_told else CompletionOutcome.COMPLETED
    ended = {AttemptState.DELIVERED: Deliver, AttemptState.REFUSED: Refuse}[attempt.state]
    return CompletionOutcome.DUPLICATE if isinstance(decision, ended) else CompletionOutcome.STALE_LEASE


def _decision(item: CompletionItem) -> Decision:
    match item.outcome:
        case Completion.DELIVERED:
            _check_goods(item)
            expires_on = None if item.goods is None else item.goods.expires_on
            return Deliver(reference=item.reference, goods=item.goods, tracking=item.tracking, expires_on=expires_on)
        case Completion.REFUSED:
            return Refuse(reason=(item.reason or RefusalReason.FAILED).value)
        case Completion.LATER:
            after = item.after_seconds or 0
            if not 0 <= after <= WAIT_SECONDS_MAX:
                raise InvalidInput(field="afterSeconds", problem=f"0 to {WAIT_SECONDS_MAX}")
            return Wait(state=AttemptState.SENT, reason=Waits.LATER, after_seconds=after)


def _check_goods(item: CompletionItem) -> None:
    check_tracking(item.tracking)
    if item.reference is not None and len(item.reference) > REFERENCE_LENGTH_MAX:
        raise InvalidInput(field="reference", problem=f"at most {REFERENCE_LENGTH_MAX} characters")
    if item.goods is None:
        return
    texts = (item.goods.code, item.goods.pin, item.goods.url, item.goods.serial)
    if not any((item.goods.code, item.goods.url, item.goods.serial)):
        raise InvalidInput(field="goods", problem="a code, a link or a serial number")
    if any(text is not None and not 1 <= len(text) <= GOODS_TEXT_MAX for text in texts):
        raise InvalidInput(field="goods", problem=f"texts of 1 to {GOODS_TEXT_MAX} characters")


async def _supplier(source: Connection, actor: Actor, supplier_id: UUID | None) -> SupplierRecord:
    found = None
    if actor.role in CLAIMERS and supplier_id is not None:
        found = (await suppliers_by_id(source, [(actor, supplier_id)])).get((actor, supplier_id))
    elif actor.source_id is not None:
        found = await supplier_of_source(source, actor.source_id)
    if found is None or found.adapter not in CLAIMED_KINDS or supplier_id not in (None, found.id):
        raise NotFound(kind="supplier", id=str(supplier_id or ""))
    return found


async def _own_suppliers(source: Connection, actor: Actor, supplier_ids: Collection[UUID]) -> frozenset[UUID]:
    if actor.role in CLAIMERS:
        found = await suppliers_by_id(source, [(actor, supplier_id) for supplier_id in supplier_ids])
        return frozenset(each.id for each in found.values() if each.adapter in CLAIMED_KINDS)
    own = None if actor.source_id is None else await supplier_of_source(source, actor.source_id)
    return frozenset() if own is None or own.adapter not in CLAIMED_KINDS else frozenset({own.id})


async def _claims(database: Database, keyring: Keyring, fences: Mapping[UUID, int]) -> Sequence[Claim]:
    rows = {row["id"]: row for row in await database.fetch(LEASED, list(fences))}
    mine = [
        attempt_of(rows[each])
        for each, fence in fences.items()
        if rows[each]["fence"] == fence and rows[each]["lease_until"] is not None
    ]
    orders = await orders_of(database, keyring, mine)
    return [
        Claim(
            attempt_id=one.id,
            line_id=one.line_id,
            supplier_id=one.supplier_id,
            fence=one.fence,
            lease_until=rows[one.id]["lease_until"],
            order=orders[one.id],
        )
        for one in mine
        if one.id in orders
    ]
