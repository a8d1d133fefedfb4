"""Opens the demo's shop through the ordinary doors: suppliers, codes and items, then orders in every state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from api.demo.shelves import FEEDS, LOW_STOCK_AT, POOLS, QUEUE, SANDBOX, SOURCES, STOREROOM, SUPPLIERS, codes_of
from catalog.codes.importing import create_code_pool, import_codes
from catalog.items.saving import save_goal
from catalog.items.upserting import upsert_items
from catalog.redemptions.ending import cancel_lines, refund_lines
from catalog.redemptions.fulfilling import fulfil_due
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.redeeming import Redeeming, redeem
from catalog.redemptions.revealing import reveal
from catalog.sends.claiming import claim_reward
from catalog.sends.composing import send_rewards
from catalog.sends.defining import define_benefit
from catalog.sends.entitlement import BenefitDraft
from catalog.sends.sent import Address, SendDraft, SendPolicy
from catalog.suppliers.outcomes import Adapter, Recipient
from catalog.suppliers.reading import SupplierRecord
from catalog.suppliers.registering import define_supplier
from catalog.suppliers.scripted import Scripted
from domain.access.principals import SYSTEM, Actor
from domain.activities.sources import ensure_source
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.sealing import Keyring
from domain.ledger.maturing import mature_due

MATURING_STEPS_MAX = 100
FULFILLING_STEPS_MAX = 20

DENOMINATIONS = """
SELECT supplier.code AS supplier, item.external_id AS item, denomination.external_id AS denomination, denomination.id
FROM denomination JOIN catalog_item AS item ON item.id = denomination.item_id
JOIN supplier ON supplier.id = item.supplier_id WHERE supplier.code = ANY($1::text[])
"""
SENT_TO = "SELECT id FROM send_recipient WHERE member_id = $1 ORDER BY id LIMIT 1"
LINE = "SELECT id FROM redemption_line WHERE redemption_id = $1 ORDER BY n LIMIT 1"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Who ordered what, and so many."""

    who: str
    item: str
    denomination: str = "one"
    quantity: int = 1


# What is left for the worker stays as it stands: an order in the platform's queue, one that waits for approval.
DELIVERED = (
    Ordered(who="ava", item="bistro-card", denomination="10"),
    Ordered(who="camille", item="cinema-ticket", denomination="12"),
    Ordered(who="ava", item="backpack"),
    Ordered(who="lena", item="sandbox-card", denomination="out-of-stock"),
    Ordered(who="lena", item="beta-access"),
)
REFUNDED = Ordered(who="lena", item="reef-donation")
WAITING = (
    Ordered(who="grace", item="books-card", denomination="20"),
    Ordered(who="camille", item="sailing-day"),
)
CANCELLED = Ordered(who="lena", item="sailing-day")
GOAL = Ordered(who="ava", item="club-year")
THANKED, CLAIMED_BY, THANKS_POINTS = ("ava", "camille", "lena"), "lena", 150
THANKS: Mapping[str, str] = {"en": "Thank you for a strong quarter!", "fr": "Merci pour ce beau trimestre !"}
PARCELS_TO = Recipient(
    name="Ava Brooks", lines=("12 Harbor Street",), city="Boston", region="MA", postcode="02110", country="US"
)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the demo's shop stands on."""

    door: Door
    keyring: Keyring
    policy: ShopPolicy


async def open_shop(shop: Shop) -> dict[str, UUID]:
    """Suppliers, pools with codes and items stand; answers the sources of the platform's keys, by code."""
    sources = {one.code: (await ensure_source(shop.door, SYSTEM, one)).source_id for one in SOURCES}
    suppliers = dict[str, UUID]()
    for code, definition in SUPPLIERS.items():
        bound = replace(definition, source_id=sources.get(code))
        made = await define_supplier(shop.door, SYSTEM, demo_key(f"supplier-{code}"), shop.keyring, bound, sandbox=True)
        suppliers[code] = UUID(made.facts["supplier_id"])
    for pool in POOLS:
        key, owner = demo_key(f"pool-{pool.code}"), suppliers[STOREROOM]
        made = await create_code_pool(shop.door, SYSTEM, key, shop.keyring, owner, pool.code, pool.name, LOW_STOCK_AT)
        rows = list(codes_of(pool))
        batch_key, pool_id = demo_key(f"codes-{pool.code}"), UUID(made.facts["pool_id"])
        await import_codes(shop.door, SYSTEM, batch_key, shop.keyring, pool_id, "demo", rows)
    for code, items in FEEDS.items():
        await upsert_items(shop.door, SYSTEM, demo_key(f"items-{code}"), suppliers[code], items)
    return sources


async def go_shopping(shop: Shop, people: Mapping[str, Actor], program_id: UUID) -> None:
    """Orders stand in their states: delivered, failed, refunded, cancelled, waiting for approval and in a queue; what
    the channel manager sent, paid by the program, waits for its people; a benefit may be used.
    """
    await _up_to_date(shop.door)
    rows = await shop.door.database.fetch(DENOMINATIONS, [STOREROOM, QUEUE, SANDBOX])
    offered: dict[tuple[str, str], UUID] = {(row["item"], row["denomination"]): row["id"] for row in rows}

    async def place(wanted: Ordered) -> UUID:
        return await _ordered(shop, people[wanted.who], wanted, offered[wanted.item, wanted.denomination])

    benefit = BenefitDraft(denomination_id=offered["beta-access", "one"], quota=5, valid_days=90)
    await define_benefit(shop.door, SYSTEM, demo_key("benefit"), benefit)
    delivered = [await place(wanted) for wanted in DELIVERED]
    refunded = await place(REFUNDED)
    await _fulfilled(shop)
    for wanted in WAITING:
        await place(wanted)
    cancelled = await place(CANCELLED)
    await cancel_lines(shop.door, people[CANCELLED.who], demo_key("cancel"), cancelled)
    await refund_lines(shop.door, people["finance"], demo_key("refund"), refunded, None, "given twice")
    seen = await shop.door.database.fetchval(LINE, delivered[1])
    await reveal(shop.door, people["camille"], demo_key("reveal"), shop.keyring, seen, shop.policy)
    await _give(shop, people, offered, program_id)
    await save_goal(shop.door, people[GOAL.who], demo_key("goal"), offered[GOAL.item, GOAL.denomination])


async def _give(
    shop: Shop, people: Mapping[str, Actor], offered: Mapping[tuple[str, str], UUID], program_id: UUID
) -> None:
    """Thank-you points wait to be claimed by three, and are claimed by one of them."""
    thanked = [people[who].member_id for who in THANKED]
    draft = SendDraft(
        program_id=program_id,
        message=THANKS,
        amount=THANKS_POINTS,
        addresses=[Address(text=str(one), member_id=one) for one in thanked],
    )
    await send_rewards(shop.door, people["manager"], demo_key("thanks"), draft, SendPolicy())
    claimed = await shop.door.database.fetchval(SENT_TO, people[CLAIMED_BY].member_id)
    await claim_reward(shop.door, people[CLAIMED_BY], demo_key("claim"), claimed)


async def _ordered(shop: Shop, actor: Actor, wanted: Ordered, denomination_id: UUID) -> UUID:
    lines = [Wanted(denomination_id=denomination_id, quantity=wanted.quantity)]
    quoted = await quote(shop.door, actor, lines, shop.policy)
    recipient = PARCELS_TO if quoted.needs_address else None
    chosen = Redeeming(quote_id=quoted.id, recipient=recipient)
    # A story cut short ordered it before: the key answers then, and the second quote just expires.
    key = demo_key(f"redeem-{wanted.who}-{wanted.item}-{wanted.denomination}")
    done = await redeem(shop.door, actor, key, chosen, shop.policy, shop.keyring)
    return UUID(done.facts["redemption_id"])


async def _up_to_date(door: Door) -> None:
    """What has matured is available, as the worker would have made it."""
    for _ in range(MATURING_STEPS_MAX):
        if not await mature_due(door, SYSTEM):
            return


async def _fulfilled(shop: Shop) -> None:
    """Every order that its supplier can deliver now is delivered."""
    for _ in range(FULFILLING_STEPS_MAX):
        if not await issue_due(shop.door, shop.keyring) + await fulfil_due(shop.door, shop.keyring, _played):
            return


def _played(_supplier: SupplierRecord) -> Adapter:
    return Scripted()


def demo_key(name: str) -> Keyed:
    """The key of one step of the story."""
    return Keyed(key=f"demo-{name}", request={"story": name})
