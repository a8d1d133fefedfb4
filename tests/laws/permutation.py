"""The permutation law on PostgreSQL: one set of revisions comes in twice, in two orders, to two casts who are alike."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal, Amount, Basis, Change, Outcome
from domain.activities.states import states_of
from domain.earning.allocating import allocate_due
from domain.earning.drafting import draft
from domain.earning.evaluating import Knowledge, evaluate
from domain.earning.lines import lock_deals_in
from domain.earning.recording import correct_activities, record_activities
from domain.earning.rewalking import rewalk_due
from domain.earning.weighing import deals_of, weigh
from domain.kernel.expressions import ConditionCache
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database
from domain.ledger.holding import Reference, hold_in
from domain.ledger.wallets import Owner, OwnerKind
from domain.partners.facts import NewFact, SubjectKind, record_facts_in
from domain.programs.matching import TermsCache
from tests.laws.permutation_stage import MEMBERS, PARTNERS, START, Cast, stage

HOURS = 70 * 24
ORDERS = 2
STAGED = 3
"""So many seeds in a row are played under the same programs."""

WORTH = """
SELECT owner_id, unit, pending + available + held - receivable AS worth, held, receivable
FROM wallet WHERE owner_id = ANY($1::uuid[])
"""

SPENDABLE = """
SELECT owner_kind, owner_id, unit, available FROM wallet
WHERE owner_id = ANY($1::uuid[]) AND available > 0 AND receivable = 0
"""

LATE = """
SELECT EXISTS (SELECT FROM late_truth WHERE subject_id = ANY($1::uuid[]) AND kind = 'tier')
       OR EXISTS (SELECT FROM rewalk JOIN tally ON tally.id = tally_id WHERE tally.subject_id = ANY($1::uuid[]))
"""

WAITING = "SELECT EXISTS (SELECT FROM due WHERE beneficiary_id = ANY($1::uuid[]) AND waits_until IS NOT NULL)"

ACTIVITIES = "SELECT id FROM activity WHERE source_id = ANY($1::uuid[])"

Worth = dict[tuple[int, str], int]


class LawBroken(AssertionError):
    """Two orders of the same set, or a re-walk of it, disagree."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one revision says, in terms of any cast: people and deals by number."""

    member: int
    hours: int
    net: int
    currency: str
    quantity: int
    product: str
    moment: str
    deal: int | None
    helper: int | None
    discount: int | None

    @property
    def amounts(self) -> dict[Basis, Amount]:
        """NET, and LIST where a discount is known."""
        net = Amount(minor=self.net, unit=self.currency)
        if self.discount is None:
            return {Basis.NET: net}
        return {Basis.NET: net, Basis.LIST: Amount(minor=self.net * 100 // (100 - self.discount), unit=self.currency)}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One revision of activity `number` on its way in; without content it takes the activity back."""

    number: int
    version: int
    content: Content | None

    def item(self, cast: Cast) -> ActivityInput | ActivityReversal:
        """The delivery as this cast's source tells it."""
        external_id, version = f"a{self.number:02}", str(self.version)
        content = self.content
        if content is None:
            return ActivityReversal(external_id=external_id, source_version=version, reason="refunded")
        attributes: dict[str, Any] = {"product": content.product, "moment": content.moment}
        if content.deal is not None:
            attributes["opportunity"] = f"{cast.name}-o{content.deal}"
        if content.helper is not None:
            attributes["helper"] = str(cast.members[content.helper])
        return ActivityInput(
            external_id=external_id,
            type=cast.type,
            occurred_at=START + timedelta(hours=content.hours),
            member=cast.members[content.member],
            quantity=content.quantity,
            amounts=content.amounts,
            attributes=attributes,
            source_version=version,
        )


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A tier of one of the owners, by number, that becomes known at some time."""

    owner: int
    value: str
    hours: int
    until: int | None

    def fact(self, cast: Cast) -> NewFact:
        """The fact as it is recorded of this cast's owner."""
        return NewFact(
            subject_kind=SubjectKind.PARTNER if self.owner < PARTNERS else SubjectKind.MEMBER,
            subject_id=cast.owners[self.owner],
            kind="tier",
            value={"value": self.value},
            valid_from=START + timedelta(hours=self.hours),
            valid_until=None if self.until is None else START + timedelta(hours=self.until),
        )


@dataclass(kw_only=True)
class Tried:
    """What a run of schedules went through, so that a run that tried nothing is seen."""

    schedules: int = 0
    deliveries: int = 0
    paid: int = 0
    in_debt: int = 0
    holding: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    kinds: Counter[str] = field(default_factory=Counter[str])


async def prove(
    database: Database, seeds: Sequence[int], *, together: int = 3, done: Callable[[int], None] | None = None
) -> Tried:
    """Every seed's schedule kept the law; `together` run at once; `done` hears each seed that did.

    A seed's programs are those of seed // 3. Refuses: LawBroken with the seed and what differs.
    """
    tried = Tried()
    staged: dict[int, list[int]] = {}
    for seed in seeds:
        staged.setdefault(seed // STAGED, []).append(seed)
    waiting = list(reversed(staged.items()))

    async def work() -> None:
        while waiting:
            programs, group = waiting.pop()
            run = Run(door=Door(database), tried=tried)
            casts, exercised = await stage(run.door, programs, len(group) * ORDERS)
            tried.kinds.update(exercised)
            for place, seed in enumerate(group):
                await run.play(seed, casts[place * ORDERS : (place + 1) * ORDERS])
                if done is not None:
                    done(seed)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(together):
            tasks.create_task(work())
    return tried


@dataclass(kw_only=True)
class Run:
    """Schedules played one after another, through the real doors."""

    door: Door
    tried: Tried
    knowledge: Knowledge = field(default_factory=lambda: Knowledge(terms=TermsCache(), conditions=ConditionCache()))

    async def play(self, seed: int, casts: Sequence[Cast]) -> None:
        """Each cast got the seed's deliveries in an order of its own, and all ended alike. Refuses: LawBroken."""
        chance = random.Random(seed)
        given, facts = deliveries(chance), learned(chance)
        for cast in casts:
            batches: list[list[Delivery] | Learned] = [*in_some_order(chance, given)]
            for fact in facts:
                batches.insert(chance.randint(0, len(batches)), fact)
            for batch in batches:
                if isinstance(batch, Learned):
                    await self._learn(chance, cast, batch)
                else:
                    await self.deliver(chance, cast, batch)
        await self._catch_up(casts)
        found, rewalked = await self.worth(casts), await self.rewalked(casts)
        if found != rewalked:
            raise LawBroken(f"seed {seed}: wallets hold {found}, walked from scratch it is {rewalked}")
        if any(one != found[0] for one in found):
            raise LawBroken(f"seed {seed}: orders end differently: {found}")
        self.tried.schedules += 1
        self.tried.paid += bool(found[0])

    async def deliver(self, chance: random.Random, cast: Cast, batch: Sequence[Delivery]) -> None:
        """The batch came in, some by the door of corrections; what that door does not know is recorded instead."""
        opened = correct_activities if chance.random() < 0.15 else record_activities
        left = list(batch)
        while left:
            items = [one.item(cast) for one in left]
            told = await opened(self.door, self.knowledge, SYSTEM, cast.source_id, items)
            self.tried.deliveries += len(items)
            self.tried.outcomes.update(str(result.outcome) for result in told.results)
            refused = [
                one for one, result in zip(left, told.results, strict=True) if result.outcome is Outcome.REJECTED
            ]
            if refused and opened is record_activities:
                raise LawBroken(f"rejected: {[result.refusal for result in told.results]}")
            left, opened = refused, record_activities
        if chance.random() < 0.3:
            await self._hold(chance, cast)
        if chance.random() < 0.1:
            await allocate_due(self.door, self.knowledge, limit=3)

    async def _learn(self, chance: random.Random, cast: Cast, learned: Learned) -> None:
        """The fact is known, and what it changes of the past may be walked again by now, in part."""
        self.tried.outcomes["LEARNED"] += 1
        await self.door.operate(SYSTEM, lambda op: record_facts_in(op, [learned.fact(cast)]))
        if chance.random() < 0.3:
            await rewalk_due(self.door, self.knowledge)

    async def _catch_up(self, casts: Sequence[Cast]) -> None:
        """Nothing that was learned late about these casts is left to be walked again, and no close is left to come."""
        owners = [owner_id for cast in casts for owner_id in cast.owners]
        while await self.door.database.fetchval(LATE, owners):
            await rewalk_due(self.door, self.knowledge)
        while await self.door.database.fetchval(WAITING, owners):
            await allocate_due(self.door, self.knowledge)

    async def _hold(self, chance: random.Random, cast: Cast) -> None:
        """All that somebody has available is set aside, for good: later take-backs meet it as debt."""
        rows = await self.door.database.fetch(SPENDABLE, cast.owners)
        if rows:
            row = chance.choice(rows)
            owner = Owner(kind=OwnerKind(row["owner_kind"]), id=row["owner_id"], unit=row["unit"])
            reference = Reference(kind="redemption", id=new_id())
            await self.door.operate(SYSTEM, lambda op: hold_in(op, owner, row["available"], reference))

    async def worth(self, casts: Sequence[Cast]) -> list[Worth]:
        """pending + available + held − receivable of each cast, by (number of the owner, unit), without zeros."""
        rows = await self.door.database.fetch(WORTH, [owner_id for cast in casts for owner_id in cast.owners])
        self.tried.in_debt += any(row["receivable"] > 0 for row in rows)
        self.tried.holding += any(row["held"] > 0 for row in rows)
        return _by_cast(casts, [(row["owner_id"], row["unit"], row["worth"]) for row in rows])

    async def rewalked(self, casts: Sequence[Cast]) -> list[Worth]:
        """The same where every unit is walked from empty over all activities as they stand now."""

        async def work(op: Operation) -> list[Worth]:
            ids = [row["id"] for row in await op.sql.fetch(ACTIVITIES, [cast.source_id for cast in casts])]
            changes = [Change(previous=state, current=state) for state in (await states_of(op.sql, ids)).values()]
            evaluated = await evaluate(op, self.knowledge, changes)
            deals = deals_of(evaluated.units, changes)
            await lock_deals_in(op, deals)
            drafts = await weigh(op, self.knowledge.terms, evaluated.rates, await draft(op, evaluated.units), deals)
            return _by_cast(casts, [(one.line.beneficiary_id, one.line.unit, one.line.due) for one in drafts])

        return await self.door.operate(SYSTEM, work)


def _by_cast(casts: Sequence[Cast], amounts: Iterable[tuple[UUID, str, int]]) -> list[Worth]:
    places = {owner_id: (n, place) for n, cast in enumerate(casts) for place, owner_id in enumerate(cast.owners)}
    found: list[Worth] = [{} for _ in casts]
    for owner_id, unit, amount in amounts:
        n, place = places[owner_id]
        found[n][place, unit] = found[n].get((place, unit), 0) + amount
    return [{owner: amount for owner, amount in one.items() if amount} for one in found]


def deliveries(chance: random.Random) -> list[Delivery]:
    """Three to seven activities, some corrected, taken back or revived; instants and deals collide on purpose."""
    found = list[Delivery]()
    for number in range(chance.randint(3, 7)):
        for version in range(1, chance.choice([1, 1, 2, 3]) + 1):
            is_taken_back = version > 1 and chance.random() < 0.3
            found.append(Delivery(number=number, version=version, content=None if is_taken_back else content(chance)))
    return found


def learned(chance: random.Random) -> list[Learned]:
    """None to three tiers, each from another instant on, some for a while."""
    return [
        Learned(
            owner=chance.randrange(PARTNERS + MEMBERS),
            value=chance.choice(["GOLD", "GOLD", "SILVER"]),
            hours=hours,
            until=chance.choice([None, hours + chance.randrange(1, HOURS)]),
        )
        for hours in chance.sample(range(-HOURS, HOURS), chance.randint(0, 3))
    ]


def content(chance: random.Random) -> Content:
    """A random content within ten weeks."""
    return Content(
        member=chance.randrange(MEMBERS),
        hours=chance.randrange(0, HOURS, chance.choice([5, 24, 24 * 7])),
        net=chance.randrange(1_000, 60_000),
        currency=chance.choice(["USD", "USD", "USD", "EUR"]),
        quantity=chance.randint(1, 6),
        product=chance.choice("ABC"),
        moment=chance.choice(["BOOKED", "BOOKED", "PAID"]),
        deal=chance.choice([0, 0, 1, 2, None]),
        helper=chance.choice([0, 1, 2, None]),
        discount=chance.choice([0, 5, 20, 20, 50, None]),
    )


def in_some_order(chance: random.Random, given: Sequence[Delivery]) -> list[list[Delivery]]:
    """The deliveries in batches, in any order, some more than once; a take-back that comes too early is delayed."""
    mixed = [*given, *(one for one in given if chance.random() < 0.25)]
    chance.shuffle(mixed)
    known, delayed, ordered = set[int](), list[Delivery](), list[Delivery]()
    for one in mixed:
        is_early = one.content is None and one.number not in known
        (delayed if is_early else ordered).append(one)
        known |= set() if is_early else {one.number}
    ordered += delayed
    batches = list[list[Delivery]]()
    while ordered:
        size = chance.choice([1, 3, 6, 12])
        batches.append(ordered[:size])
        ordered = ordered[size:]
    return batches
