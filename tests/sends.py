"""Ways to say what is sent, in tests: points and gifts, and what became of every line."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from catalog.sends.bundling import BundleMode, ItemDraft
from catalog.sends.claiming import claim_reward
from catalog.sends.composing import send_rewards
from catalog.sends.defining import BundleDraft, define_bundle
from catalog.sends.sent import Address, SendDraft, SendPolicy
from domain.access.principals import SYSTEM, Actor
from domain.kernel.clock import advance_clock_in
from domain.kernel.keys import Keyed
from domain.partners.facts import NewFact, SubjectKind, record_facts_in
from tests.building import START
from tests.shop import Shop

NO_POLICY = SendPolicy()


def to(*members: UUID) -> tuple[Address, ...]:
    return tuple(Address(text=str(one), member_id=one) for one in members)


async def send(
    shop: Shop, draft: SendDraft, *, actor: Actor = SYSTEM, policy: SendPolicy = NO_POLICY, key: str | None = None
) -> UUID:
    keyed = Keyed(key=key, request={"amount": draft.amount}) if key else shop.world.key(n=1)
    return UUID((await send_rewards(shop.world.door, actor, keyed, draft, policy)).facts["send_id"])


async def points(shop: Shop, *members: int, amount: int = 100, budget: int = 1_000, **more: Any) -> SendDraft:
    program_id = await shop.world.launch({"effect": {"kind": "FIXED", "amount": 1}}, budget=budget)
    addresses = to(*(shop.world.members[place] for place in members))
    return SendDraft(program_id=program_id, message={"en": "Well done"}, amount=amount, addresses=addresses, **more)


async def gift(
    shop: Shop, *items: UUID, budget: int = 10_000, mode: BundleMode = BundleMode.BEST_EFFORT, **more: Any
) -> SendDraft:
    """A bundle for the first member, paid by a program that counts in euro cents."""
    program_id = await shop.world.launch({"effect": {"kind": "FIXED", "amount": 1}}, budget=budget, unit="EUR")
    choose = 1 if mode is BundleMode.CHOICE else None
    drafts = [ItemDraft(denomination_id=one) for one in items]
    code = f"b{next(shop.world.numbers)}"
    draft = BundleDraft(code=code, name={"en": "A gift"}, mode=mode, choose=choose, items=drafts)
    made = await define_bundle(shop.world.door, SYSTEM, shop.world.key(n=1), draft)
    bundle_id = UUID(made.facts["bundle_id"])
    addresses = more.pop("addresses", to(shop.world.members[0]))
    return SendDraft(program_id=program_id, message={"en": "For you"}, bundle_id=bundle_id, addresses=addresses, **more)


async def lines(shop: Shop, send_id: UUID) -> list[tuple[str, str | None, int]]:
    """State, reason and what is set aside, line by line."""
    rows = await shop.world.database.fetch(
        "SELECT state, reason, set_aside FROM send_recipient WHERE send_id = $1 ORDER BY n", send_id
    )
    return [(row["state"], row["reason"], row["set_aside"]) for row in rows]


async def line_ids(shop: Shop, send_id: UUID) -> Sequence[UUID]:
    rows = await shop.world.database.fetch("SELECT id FROM send_recipient WHERE send_id = $1 ORDER BY n", send_id)
    return [row["id"] for row in rows]


async def budget(shop: Shop, draft: SendDraft) -> int:
    return await shop.world.database.fetchval("SELECT balance FROM budget WHERE program_id = $1", draft.program_id)


async def state(shop: Shop, send_id: UUID) -> str:
    return await shop.world.database.fetchval("SELECT state FROM reward_send WHERE id = $1", send_id)


async def claim(shop: Shop, send_id: UUID, place: int = 0, *, line: int = 0, **more: Any) -> Any:
    recipient_id = (await line_ids(shop, send_id))[line]
    return await claim_reward(shop.world.door, shop.rep(place), shop.world.key(n=1), recipient_id, **more)


async def policy_of(shop: Shop, partner: int, **value: Any) -> None:
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=shop.world.partners[partner],
        kind="gift_policy",
        value=value,
        valid_from=START,
    )
    await shop.world.door.operate(SYSTEM, lambda op: record_facts_in(op, [fact]))


async def later(shop: Shop, **span: int) -> None:
    await shop.world.door.operate(SYSTEM, lambda op: advance_clock_in(op.sql, timedelta(**span)))
