"""What denominations cost members as of now, and what stands in each one's way: judged purely, read by set."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from catalog.items.eligibility import Person, Terms, left_of_limit, obstacles
from catalog.items.item import DenominationRecord, ItemRecord, ItemState, Offer
from catalog.items.loading import (
    DENOMINATION_COLUMNS,
    ITEM_COLUMNS,
    NO_SUPPLY,
    Source,
    Supply,
    denomination_record,
    item_record,
    supplies_of,
)
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.partners.facts import FactKind, facts_as_of
from domain.partners.registration import MemberKind

PAIRS_MAX = 5_000
SEGMENT = "segment"  # the kind of the dated fact that names one segment, or a list of them

Pair = tuple[UUID, UUID]  # of a member and a denomination

DENOMINATIONS = f"SELECT {DENOMINATION_COLUMNS} FROM denomination WHERE id = ANY($1::uuid[])"
ITEMS = f"""
SELECT {", ".join(f"item.{column.strip()}" for column in ITEM_COLUMNS.split(","))}, supplier.is_test AS is_of_tests
FROM catalog_item AS item JOIN supplier ON supplier.id = item.supplier_id WHERE item.id = ANY($1::uuid[])
"""
PEOPLE = """
SELECT member.id, member.kind, member.left_at, partner.id AS partner_id, partner.country, partner.types,
       partner.vertical, partner.size, guerdon_now() AS now
FROM member LEFT JOIN partner ON partner.id = member.partner_id WHERE member.id = ANY($1::uuid[])
"""
# What was given back or never came counts no more. Read here though redemptions write it: a limit is an item's own.
REDEEMED = """
SELECT asked.place, line.recorded_at
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY AS asked (member_id, item_id, most, place)
CROSS JOIN LATERAL (
  SELECT recorded_at FROM redemption_line
  WHERE member_id = asked.member_id AND item_id = asked.item_id AND state NOT IN ('REFUNDED', 'CANCELLED', 'FAILED')
  ORDER BY recorded_at DESC LIMIT asked.most) AS line
ORDER BY asked.place, line.recorded_at DESC
"""
LOCK_LIMITS = "SELECT pg_advisory_xact_lock(hashtextextended('guerdon.member_limit' || $1::uuid::text, 0))"


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """One denomination with its item and who delivers it."""

    item: ItemRecord
    denomination: DenominationRecord
    supply: Supply
    terms: Terms


async def offers_in(
    op: Operation, member_id: UUID, denomination_ids: Collection[UUID], *, sandbox: bool = False
) -> Mapping[UUID, Offer]:
    """The offer of each denomination that exists, to this member, as of the operation; nothing is locked.

    Who counts on a member's limit takes `lock_limits_in` first. `sandbox`: test items are for everybody.
    Refuses: InvalidInput (more than 5,000).
    """
    asked = [(member_id, denomination_id) for denomination_id in denomination_ids]
    found = await offers_of(op.sql, asked, sandbox=sandbox)
    return {denomination_id: offer for (_, denomination_id), offer in found.items()}


async def lock_limits_in(op: Operation, member_id: UUID) -> None:
    """Until the operation ends nobody else redeems for this member: what `offers_in` counts then stays true.

    Taken before every row's lock.
    """
    await op.sql.execute(LOCK_LIMITS, member_id)


async def offers_of(source: Source, asked: Sequence[Pair], *, sandbox: bool = False) -> Mapping[Pair, Offer]:
    """The offer of each (member, denomination), as of now; pairs with one that does not exist are absent.

    Six statements, whatever the number. Refuses: InvalidInput (more than 5,000).
    """
    if len(asked) > PAIRS_MAX:
        raise InvalidInput(field="denominations", problem=f"at most {PAIRS_MAX}")
    if not asked:
        return {}
    wanted = await _wanted(source, {denomination_id for _, denomination_id in asked})
    people = await persons_of(source, {member_id for member_id, _ in asked}, sandbox=sandbox)
    known = [pair for pair in dict.fromkeys(asked) if pair[0] in people and pair[1] in wanted]
    redeemed = await _redeemed(source, known, wanted)
    offers: dict[Pair, Offer] = {}
    for member_id, denomination_id in known:
        one = wanted[denomination_id]
        person = people[member_id].having(redeemed.get((member_id, one.item.id), ()))
        offers[member_id, denomination_id] = Offer(
            item=one.item,
            denomination=one.denomination,
            routes=one.supply.routes,
            obstacles=obstacles(one.terms, person),
            left_of_limit=left_of_limit(one.terms, person),
            left_in_stock=one.terms.left_in_stock,
        )
    return offers


async def _wanted(source: Source, denomination_ids: Collection[UUID]) -> Mapping[UUID, _Wanted]:
    denominations = [denomination_record(row) for row in await source.fetch(DENOMINATIONS, list(denomination_ids))]
    rows = await source.fetch(ITEMS, list({denomination.item_id for denomination in denominations}))
    items = {row["id"]: (item_record(row), row["is_of_tests"]) for row in rows}
    supplies = await supplies_of(source, [denomination.id for denomination in denominations])
    found: dict[UUID, _Wanted] = {}
    for denomination in denominations:
        item, is_of_tests = items[denomination.item_id]
        supply = supplies.get(denomination.id, NO_SUPPLY)
        found[denomination.id] = _Wanted(
            item=item,
            denomination=denomination,
            supply=supply,
            terms=terms_of(item, denomination, supply, is_of_tests=is_of_tests),
        )
    return found


def terms_of(item: ItemRecord, denomination: DenominationRecord, supply: Supply, *, is_of_tests: bool) -> Terms:
    """What eligibility judges of a denomination; stock is what is left of it, or of what its pools hold."""
    counts = [count for count in (denomination.stock, supply.left) if count is not None]
    return Terms(
        is_listed=item.state is ItemState.LISTED and denomination.is_offered,
        is_test=item.is_test or is_of_tests,
        valid_from=item.valid_from,
        valid_until=item.valid_until,
        countries=frozenset(item.countries),
        tiers=frozenset(item.tiers),
        segments=frozenset(item.segments),
        partner_types=frozenset(item.partner_types),
        member_limit=item.member_limit,
        member_limit_days=item.member_limit_days,
        left_in_stock=min(counts) if counts else None,
        can_be_delivered=supply.can_be_delivered,
    )


async def persons_of(source: Source, member_ids: Collection[UUID], *, sandbox: bool = False) -> Mapping[UUID, Person]:
    """What eligibility knows of each member as of now, except what they redeemed; two statements."""
    rows = await source.fetch(PEOPLE, list(member_ids))
    subjects: list[tuple[UUID, datetime]] = []
    for row in rows:
        subjects += [(subject, row["now"]) for subject in (row["id"], row["partner_id"]) if subject is not None]
    facts = await facts_as_of(source, list(dict.fromkeys(subjects)), (FactKind.TIER, SEGMENT))
    people: dict[UUID, Person] = {}
    for row in rows:
        of_member = facts.get((row["id"], row["now"]), {})
        of_partner = facts.get((row["partner_id"], row["now"]), {})
        people[row["id"]] = Person(
            at=row["now"],
            country=row["country"],
            # A member's own tier speaks before the firm's.
            tiers=_codes(of_member.get(FactKind.TIER)) or _codes(of_partner.get(FactKind.TIER)),
            segments=_codes(of_member.get(SEGMENT))
            | _codes(of_partner.get(SEGMENT))
            | {said for said in (row["vertical"], row["size"]) if said},
            partner_types=frozenset(row["types"] or ()),
            may_test=sandbox or row["kind"] == MemberKind.VENDOR_STAFF,
            left_at=row["left_at"],
        )
    return people


async def _redeemed(
    source: Source, asked: Iterable[Pair], wanted: Mapping[UUID, _Wanted]
) -> Mapping[Pair, tuple[datetime, ...]]:
    """When each member redeemed each item that has a limit, newest first, at most as many as the limit."""
    limited = {
        (member_id, wanted[denomination_id].item.id): wanted[denomination_id].item.member_limit
        for member_id, denomination_id in asked
        if wanted[denomination_id].item.member_limit is not None
    }
    if not limited:
        return {}
    pairs = list(limited)
    rows = await source.fetch(
        REDEEMED, [pair[0] for pair in pairs], [pair[1] for pair in pairs], list(limited.values())
    )
    found = defaultdict[Pair, list[datetime]](list)
    for row in rows:
        found[pairs[row["place"] - 1]].append(row["recorded_at"])
    return {pair: tuple(instants) for pair, instants in found.items()}


def _codes(value: object) -> frozenset[str]:
    """The codes that a fact's value names: one text, or a list of them."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, list):
        return frozenset(str(part) for part in cast("list[Any]", value))
    return frozenset()
