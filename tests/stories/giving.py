"""How the vendor gives in a story: programs that pay, bundles, sends and benefits, and the worker that follows them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.graph.ids import Tag, encode_id
from catalog.sends.delivering import deliver_due, expire_due
from catalog.sends.entitling import check_tiers, end_due
from catalog.sends.following import follow_lines
from catalog.sends.granting import follow_grants
from catalog.sends.settling import settle_due
from domain.kernel import outbox
from domain.partners.facts import NewFact, SubjectKind, end_facts_in, record_facts_in
from tests.building import START
from tests.stories.teller import STEPS_MAX, Teller

REWARD = """id state reason isGift amount fairValue currency bundleOrder { id state
    parts { n state reason fairValue currency denomination { id } redemption { id lines { id } } } }"""
SEND = f"send {{ id state counts {{ state count }} recipients {{ edges {{ node {{ {REWARD} address }} }} }} }}"


async def settled(teller: Teller) -> None:
    """The worker has done all that it can do now."""
    door = teller.world.door
    for _ in range(STEPS_MAX):
        await outbox.stamp(teller.world.database, door.failpoints)
        done = await follow_grants(door) + await settle_due(door, sandbox=True) + await teller.work()
        done += await deliver_due(door) + await expire_due(door) + await follow_lines(door)
        if not done:
            return


async def tiers_checked(teller: Teller) -> None:
    """What a lost tier does to benefits is done, as far as its time has come."""
    await check_tiers(teller.world.door, again_after=timedelta(0))
    await end_due(teller.world.door)


async def program(teller: Teller, budget: int, unit: str = "POINTS") -> str:
    """A live program with so much in its budget; answers its id."""
    number = next(teller.numbers)
    rule = {"trigger": "demo.given", "effect": {"kind": "FIXED", "amount": 1}}
    return encode_id(Tag.PROGRAM, await teller.world.launch(rule, code=f"gifts-{number}", budget=budget, unit=unit))


async def budget_of(teller: Teller, program_id: str) -> int:
    """What the channel manager is told is left in the program's budget."""
    document = "query($id: ID!) { node(id: $id) { ... on Program { budget { balance } } } }"
    return (await teller.ask("manager", document, id=program_id))["node"]["budget"]["balance"]


async def bundle(teller: Teller, mode: str, *items: str | Mapping[str, Any]) -> str:
    """The catalog's keeper defines a bundle of these denominations; answers its id."""
    asked = [{"denominationId": one} if isinstance(one, str) else one for one in items]
    code = f"bundle-{next(teller.numbers)}"
    made = await teller.does(
        "catalog", "defineBundle", "bundle { id }", code=code, name={"en": "A bundle"}, mode=mode, items=asked
    )
    return made["bundle"]["id"]


async def send(teller: Teller, program_id: str, *members: int, **what: Any) -> Mapping[str, Any]:
    """The channel manager sends it to these members; answers the send."""
    recipients = [{"memberId": teller.member(place)} for place in members] + what.pop("more", [])
    fields: dict[str, Any] = {"message": {"en": "Well done", "fr": "Bravo"}, "recipients": recipients}
    answer = await teller.does("manager", "sendRewards", SEND, programId=program_id, **fields, **what)
    return answer["send"]


async def send_again(teller: Teller, send_id: str) -> Mapping[str, Any]:
    """The send as the channel manager sees it now."""
    document = f"query($id: ID!) {{ send: rewardSend(id: $id) {{ {SEND.removeprefix('send {').removesuffix('}')} }} }}"
    return (await teller.ask("manager", document, id=send_id))["send"]


def lines_of(sent: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """State and reason of each line of a send, in order."""
    return [(edge["node"]["state"], edge["node"]["reason"]) for edge in sent["recipients"]["edges"]]


async def rewards(teller: Teller, who: str) -> Sequence[Mapping[str, Any]]:
    """What was sent to this person, as she sees it."""
    fields = REWARD.replace(" reason isGift", " isGift")
    found = await teller.ask(who, f"{{ viewer {{ rewards {{ edges {{ node {{ {fields} }} }} }} }} }}")
    return [edge["node"] for edge in found["viewer"]["rewards"]["edges"]]


async def employer_says(teller: Teller, partner: int, **policy: Any) -> None:
    """The partner states what its people may be given."""
    await fact(teller, partner, "gift_policy", policy)


async def fact(teller: Teller, partner: int, kind: str, value: Mapping[str, Any]) -> UUID:
    """Something is true of the partner from the start on."""
    told = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=teller.world.partners[partner],
        kind=kind,
        value=value,
        valid_from=START,
    )
    return (await teller.world.door.operate(teller.world.actor, lambda op: record_facts_in(op, [told])))[0]


async def ended(teller: Teller, fact_id: UUID) -> None:
    """The fact is true no longer."""
    now = await teller.world.database.fetchval("SELECT guerdon_now()")
    await teller.world.door.operate(teller.world.actor, lambda op: end_facts_in(op, {fact_id: now}))
