"""Defining bundles by their code, and what a benefit gives; changes touch what is ordered later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from catalog.items.events import ITEM_CHANGED
from catalog.items.item import ItemKind
from catalog.sends.bundling import (
    BUNDLE_ITEMS_MAX,
    BUNDLE_UNITS_MAX,
    QUANTITY_MAX,
    SUBSTITUTES_MAX,
    BundleMode,
    ItemDraft,
)
from catalog.sends.entitlement import BenefitDraft
from catalog.sends.events import BUNDLE_CHANGED
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome, Principal
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import json_texts
from domain.programs.document import CODE

NAME_LENGTH_MAX = 200
QUOTA_MAX = 1_000_000
VALID_DAYS_MAX = 3_660
TIERS_MAX = 20

UPSERT = """
INSERT INTO bundle (id, code, name, mode, choose, recorded_at, version) VALUES ($1, $2, $3, $4, $5, $6, 1)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, mode = excluded.mode, choose = excluded.choose,
                                 version = bundle.version + 1
RETURNING id, version
"""

INSERT_ITEMS = """
INSERT INTO bundle_item (id, bundle_id, place, denomination_id, quantity, substitutes)
SELECT id, $2, place, denomination_id, quantity, substitutes::jsonb
FROM unnest($1::uuid[], $3::uuid[], $4::int[], $5::text[])
     WITH ORDINALITY AS new (id, denomination_id, quantity, substitutes, place)
"""

KINDS = """
SELECT denomination.id, item.kind FROM denomination JOIN catalog_item AS item ON item.id = denomination.item_id
WHERE denomination.id = ANY($1::uuid[])
"""

UPSERT_BENEFIT = """
INSERT INTO benefit (denomination_id, quota, valid_days, owner_kind, is_transferable, tiers, on_tier_loss, period,
                     recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
ON CONFLICT (denomination_id) DO UPDATE SET quota = excluded.quota, valid_days = excluded.valid_days,
  owner_kind = excluded.owner_kind, is_transferable = excluded.is_transferable, tiers = excluded.tiers,
  on_tier_loss = excluded.on_tier_loss, period = excluded.period, version = benefit.version + 1
"""

CHANGED = """
UPDATE catalog_item SET version = version + 1, updated_at = $2
WHERE id = (SELECT item_id FROM denomination WHERE id = $1) RETURNING id, version, supplier_id, state
"""


@dataclass(frozen=True, kw_only=True)
class BundleDraft:
    """What the vendor states of a bundle; `choose` is how many of its items a CHOICE takes."""

    code: str
    name: Mapping[str, str]
    mode: BundleMode
    items: Sequence[ItemDraft]
    choose: int | None = None


async def define_bundle(door: Door, actor: Principal, keyed: Keyed, draft: BundleDraft) -> Outcome:
    """The bundle of this code stands as stated, new or changed. Facts: bundle_id.

    Refuses: InvalidInput (code, name, items, quantities, choose); NotFound (denomination).
    """
    _check(draft)

    async def work(op: Operation) -> Mapping[str, Any]:
        named = {one for item in draft.items for one in (item.denomination_id, *item.substitutes)}
        await _known(op, named)
        row = await op.sql.fetchrow(UPSERT, new_id(), draft.code, dict(draft.name), draft.mode, draft.choose, op.now)
        assert row is not None, "an upsert answers its row"
        await op.sql.execute("DELETE FROM bundle_item WHERE bundle_id = $1", row["id"])
        await op.sql.execute(
            INSERT_ITEMS,
            new_ids(len(draft.items)),
            row["id"],
            [item.denomination_id for item in draft.items],
            [item.quantity for item in draft.items],
            json_texts([str(one) for one in item.substitutes] for item in draft.items),
        )
        op.tell(BUNDLE_CHANGED.about(row["id"], code=draft.code, version=row["version"]))
        return {"bundle_id": str(row["id"])}

    return await door.operate_keyed(actor, "defineBundle", keyed, work)


async def define_benefit(door: Door, actor: Principal, keyed: Keyed, draft: BenefitDraft) -> Outcome:
    """A denomination of a BENEFIT item gives this from now on. Facts: denomination_id.

    Refuses: InvalidInput (the item is no BENEFIT; bounds); NotFound (denomination).
    """
    if not 1 <= draft.quota <= QUOTA_MAX:
        raise InvalidInput(field="quota", problem=f"1 to {QUOTA_MAX}")
    if draft.valid_days is not None and not 1 <= draft.valid_days <= VALID_DAYS_MAX:
        raise InvalidInput(field="validDays", problem=f"1 to {VALID_DAYS_MAX}")
    if len(draft.tiers) > TIERS_MAX or any(not 1 <= len(tier) <= 64 for tier in draft.tiers):
        raise InvalidInput(field="tiers", problem=f"at most {TIERS_MAX}, 1 to 64 characters each")

    async def work(op: Operation) -> Mapping[str, Any]:
        kinds = await _known(op, {draft.denomination_id})
        if kinds[draft.denomination_id] is not ItemKind.BENEFIT:
            raise InvalidInput(field="denominationId", problem="its item is not of the kind BENEFIT")
        await op.sql.execute(
            UPSERT_BENEFIT,
            draft.denomination_id,
            draft.quota,
            draft.valid_days,
            draft.owner_kind,
            draft.is_transferable,
            list(draft.tiers),
            draft.on_tier_loss,
            draft.period,
            op.now,
        )
        item = await op.sql.fetchrow(CHANGED, draft.denomination_id, op.now)
        assert item is not None, "the denomination is of an item"
        told: dict[str, Any] = {"supplier_id": str(item["supplier_id"]), "state": item["state"]}
        op.tell(ITEM_CHANGED.about(item["id"], version=item["version"], **told))
        return {"denomination_id": str(draft.denomination_id)}

    return await door.operate_keyed(actor, "defineBenefit", keyed, work)


async def _known(op: Operation, ids: Collection[UUID]) -> Mapping[UUID, ItemKind]:
    kinds = {row["id"]: ItemKind(row["kind"]) for row in await op.sql.fetch(KINDS, list(ids))}
    for missing in sorted(set(ids) - kinds.keys()):
        raise NotFound(kind="denomination", id=str(missing))
    return kinds


def _check(draft: BundleDraft) -> None:
    if not CODE.fullmatch(draft.code):
        raise InvalidInput(field="code", problem="a lower-case letter, then lower-case letters, digits, dots, dashes")
    if not draft.name.get("en") or any(len(text) > NAME_LENGTH_MAX for text in draft.name.values()):
        raise InvalidInput(field="name", problem=f"an English name is needed; at most {NAME_LENGTH_MAX} characters")
    if not 1 <= len(draft.items) <= BUNDLE_ITEMS_MAX:
        raise InvalidInput(field="items", problem=f"1 to {BUNDLE_ITEMS_MAX}")
    for item in draft.items:
        if not 1 <= item.quantity <= QUANTITY_MAX:
            raise InvalidInput(field="quantity", problem=f"1 to {QUANTITY_MAX}")
        if len(item.substitutes) > SUBSTITUTES_MAX:
            raise InvalidInput(field="substitutes", problem=f"at most {SUBSTITUTES_MAX}")
    is_choice = draft.mode is BundleMode.CHOICE
    if is_choice != (draft.choose is not None):
        raise InvalidInput(field="choose", problem="belongs to a CHOICE, and to nothing else")
    if is_choice and not 1 <= (draft.choose or 0) <= len(draft.items):
        raise InvalidInput(field="choose", problem="at least one, at most as many as there are items")
    if len({item.denomination_id for item in draft.items}) < len(draft.items):
        raise InvalidInput(field="items", problem="each denomination stands once")
    given = sorted((item.quantity for item in draft.items), reverse=True)[: draft.choose or BUNDLE_ITEMS_MAX]
    if sum(given) > BUNDLE_UNITS_MAX:
        raise InvalidInput(field="items", problem=f"at most {BUNDLE_UNITS_MAX} units are given together")
