"""Targets on what a partner sells while somebody is embedded: counted again by a step, reported by milestones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.access.reading import reaches
from domain.activities.activity import ActivityInput, ActivityReversal
from domain.assignments.credit import Reached, Sale, Stay, attained
from domain.assignments.events import MILESTONE_REACHED, TARGET_SET
from domain.assignments.rewarding import MILESTONE, WORKFLOW, activity_of, reversal_of, told_of
from domain.assignments.storing import LOCK_PARTNERS
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import report_in, workflow_source_in
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.points import SHARES_PPM_WHOLE
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Row

TITLE_LENGTH_MAX = 200
TYPE_LENGTH_MAX = 64
DAYS_MAX = 400
MILESTONES_MAX = 10
AMOUNT_MAX = 10**15
TARGETS_MAX = 10
SALES_MAX = 50_000
AGAIN = timedelta(minutes=5)
# What is told later than this after the end is counted no longer.
GRACE = timedelta(days=90)

INSERT = """
INSERT INTO assignment_target (id, partner_id, title, activity_type, currency, partner_share_ppm, starts_at, ends_at,
                               attained, cost, look_at, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $9, 1)
"""
INSERT_MILESTONES = """
INSERT INTO assignment_milestone (id, target_id, amount, reports) SELECT id, $2, amount, 0
FROM unnest($1::uuid[], $3::bigint[]) AS set (id, amount)
"""
KNOWN = """
SELECT EXISTS (SELECT FROM activity_type WHERE code = $1), EXISTS (SELECT FROM unit WHERE code = $2 AND kind = 'MONEY')
"""
DUE = "SELECT id, partner_id FROM assignment_target WHERE look_at <= $1 ORDER BY look_at, id LIMIT $2"
TARGETS = "SELECT * FROM assignment_target WHERE id = ANY($1::uuid[]) AND look_at <= $2"
MILESTONES = "SELECT * FROM assignment_milestone WHERE target_id = ANY($1::uuid[]) ORDER BY target_id, amount"
STAYS = """
SELECT partner_id, member_id, weight, monthly_cost, valid_from, valid_until
FROM assignment JOIN assignment_span AS span ON span.assignment_id = assignment.id
WHERE partner_id = ANY($1::uuid[])
"""
# The first sales of each, as many as are counted.
SALES = """
SELECT target.id, sale.occurred_at, sale.amount FROM assignment_target AS target
CROSS JOIN LATERAL (
  SELECT occurred_at, (amounts -> 'NET' ->> 'amount')::bigint AS amount FROM activity
  WHERE activity.partner_id = target.partner_id AND activity.type = target.activity_type AND state = 'ACTIVE'
    AND occurred_at >= target.starts_at AND occurred_at < target.ends_at
    AND amounts -> 'NET' ->> 'unit' = target.currency
  ORDER BY occurred_at, activity.id LIMIT $2) AS sale
WHERE target.id = ANY($1::uuid[])
"""
COUNTED = """
UPDATE assignment_target SET attained = found.attained, cost = found.cost, look_at = found.look_at,
       version = version + 1
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS found (id, attained, cost, look_at)
WHERE assignment_target.id = found.id
"""
TOLD = """
UPDATE assignment_milestone SET reached_at = found.reached_at, reports = found.reports, told = found.told
FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::jsonb[]) AS found (id, reached_at, reports, told)
WHERE assignment_milestone.id = found.id
"""


@dataclass(frozen=True, kw_only=True)
class TargetSaid:
    """What a partner is to sell inside these dates: the net of activities of a type, in a currency, with milestones in
    minor units; of each reward the partner has `partner_share_ppm`, the embedded people the rest.

    Refuses: InvalidInput.
    """

    partner_id: UUID
    title: str
    currency: str
    starts_at: datetime
    ends_at: datetime
    milestones: tuple[int, ...]
    activity_type: str = "deal.won"
    partner_share_ppm: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.title.strip()) <= TITLE_LENGTH_MAX or "\x00" in self.title:
            raise InvalidInput(field="title", problem=f"1 to {TITLE_LENGTH_MAX} characters")
        if not timedelta() < self.ends_at - self.starts_at <= timedelta(days=DAYS_MAX):
            raise InvalidInput(field="endsAt", problem=f"after startsAt, at most {DAYS_MAX} days")
        if not 1 <= len(self.milestones) <= MILESTONES_MAX or len(set(self.milestones)) < len(self.milestones):
            raise InvalidInput(field="milestones", problem=f"1 to {MILESTONES_MAX}, each once")
        if any(not 1 <= amount <= AMOUNT_MAX for amount in self.milestones):
            raise InvalidInput(field="milestones", problem=f"each 1 to {AMOUNT_MAX}")
        if not 0 <= self.partner_share_ppm <= SHARES_PPM_WHOLE:
            raise InvalidInput(field="partnerSharePpm", problem=f"0 to {SHARES_PPM_WHOLE}")
        if self.activity_type == MILESTONE:
            raise InvalidInput(field="activityType", problem="a milestone is no sale")


async def set_target(door: Door, actor: Actor, keyed: Keyed, said: TargetSaid) -> Outcome:
    """The target stands, also for dates in the past, and is counted soon. The type `assignment.milestone` is declared.
    Facts: target_id.

    Refuses: NotFound (partner); InvalidInput (no such type or currency).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        if not await op.sql.fetch(LOCK_PARTNERS, [said.partner_id]) or not await reaches(
            op.sql, actor, said.partner_id
        ):
            raise NotFound(kind="partner", id=str(said.partner_id))
        known = await op.sql.fetchrow(KNOWN, said.activity_type, said.currency)
        for field, there in zip(("activityType", "currency"), known or (), strict=True):
            if not there:
                raise InvalidInput(field=field, problem="is not declared")
        await workflow_source_in(op, WORKFLOW)
        target_id = new_id()
        await op.sql.execute(
            INSERT,
            target_id,
            said.partner_id,
            said.title.strip(),
            said.activity_type,
            said.currency,
            said.partner_share_ppm,
            said.starts_at,
            said.ends_at,
            op.now,
        )
        amounts = sorted(said.milestones)
        await op.sql.execute(INSERT_MILESTONES, new_ids(len(amounts)), target_id, amounts)
        starts_at, ends_at = said.starts_at.isoformat(), said.ends_at.isoformat()
        op.tell(TARGET_SET.about(target_id, partner_id=said.partner_id, starts_at=starts_at, ends_at=ends_at))
        return {"target_id": str(target_id)}

    return await door.operate_keyed(actor, "setAssignmentTarget", keyed, work)


async def attain_due(door: Door, knowledge: Knowledge) -> int:
    """A step: up to 10 targets are counted again; milestones that are reached, reached otherwise, or reached no longer
    are reported, corrected, or taken back. Answers how many targets there were.
    """

    async def work(op: Operation) -> int:
        due = await op.sql.fetch(DUE, op.now, TARGETS_MAX)
        if not due:
            return 0
        await op.sql.fetch(LOCK_PARTNERS, list({row["partner_id"] for row in due}))
        targets = await op.sql.fetch(TARGETS, [row["id"] for row in due], op.now)
        await _count(op, knowledge, targets)
        return len(due)

    return await door.operate(SYSTEM, work)


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A milestone is reached, or (None) is no longer."""

    milestone: Row
    target: Row
    reached: Reached | None
    told: Mapping[str, Any] | None

    @property
    def reports(self) -> int:
        """How often it was reported anew: what was taken back comes under another id."""
        return self.milestone["reports"] + (1 if self.milestone["told"] is None else 0)

    @property
    def external_id(self) -> str:
        return f"{self.milestone['id']}:{self.reports}"


async def _count(op: Operation, knowledge: Knowledge, targets: Sequence[Row]) -> None:
    ids = [target["id"] for target in targets]
    milestones = defaultdict[UUID, list[Row]](list)
    for row in await op.sql.fetch(MILESTONES, ids):
        milestones[row["target_id"]].append(row)
    stays = defaultdict[UUID, list[Stay]](list)
    for row in await op.sql.fetch(STAYS, [target["partner_id"] for target in targets]):
        stays[row["partner_id"]].append(_stay(row))
    sales = defaultdict[UUID, list[Sale]](list)
    for row in await op.sql.fetch(SALES, ids, SALES_MAX):
        sales[row["id"]].append(Sale(at=row["occurred_at"], amount=row["amount"]))
    changes, amounts, costs = list[_Change](), list[int](), list[int]()
    for target in targets:
        of_one = milestones[target["id"]]
        wanted = [row["amount"] for row in of_one]
        there = stays[target["partner_id"]]
        found = attained(sales[target["id"]], there, wanted, target["starts_at"], target["ends_at"])
        amounts.append(found.amount)
        costs.append(found.cost)
        changes += [change for row in of_one if (change := _change(target, row, found.reached.get(row["amount"])))]
    looks = [op.now + AGAIN if op.now < target["ends_at"] + GRACE else None for target in targets]
    await op.sql.execute(COUNTED, ids, amounts, costs, looks)
    await _report(op, knowledge, changes)


def _change(target: Row, milestone: Row, reached: Reached | None) -> _Change | None:
    share = target["partner_share_ppm"]
    told = told_of(reached, amount=milestone["amount"], partner_share_ppm=share) if reached else None
    if told == milestone["told"]:
        return None
    return _Change(milestone=milestone, target=target, reached=reached, told=told)


async def _report(op: Operation, knowledge: Knowledge, changes: Sequence[_Change]) -> None:
    if not changes:
        return
    await op.sql.execute(
        TOLD,
        [change.milestone["id"] for change in changes],
        [change.reached and change.reached.at for change in changes],
        [change.reports for change in changes],
        [change.told for change in changes],
    )
    for change in changes:
        op.tell(
            MILESTONE_REACHED.about(
                change.target["id"],
                partner_id=change.target["partner_id"],
                amount=change.milestone["amount"],
                reached_at=change.reached and change.reached.at.isoformat(),
            )
        )
    items: Mapping[bool, list[ActivityInput | ActivityReversal]] = {False: [], True: []}
    for change in changes:
        items[change.milestone["told"] is not None].append(_item(change))
    for correcting, told in items.items():
        if told:
            await report_in(op, knowledge, WORKFLOW, told, correcting=correcting)


def _item(change: _Change) -> ActivityInput | ActivityReversal:
    if change.reached is None or change.told is None:
        return reversal_of(change.external_id)
    return activity_of(
        change.external_id,
        change.reached,
        change.told,
        target_id=change.target["id"],
        partner_id=change.target["partner_id"],
        currency=change.target["currency"],
    )


def _stay(row: Row) -> Stay:
    return Stay(
        member_id=row["member_id"],
        start=row["valid_from"],
        end=row["valid_until"],
        weight=row["weight"],
        monthly_cost=row["monthly_cost"],
    )
