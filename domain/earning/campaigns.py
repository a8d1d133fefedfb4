"""Campaign totals in storage: what a rule may grant to everybody together, in amount and in number of activities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.earning.drafting import Draft
from domain.earning.lines import Line
from domain.earning.trimming import Seat
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.programs.document import Number, least, number_value
from domain.programs.rules import Rule
from domain.programs.terms import Terms

CAMPAIGNS_MISSING = """
INSERT INTO campaign_total (id, program_id, rule, granted, activities)
SELECT *, 0, 0 FROM unnest($1::uuid[], $2::uuid[], $3::text[]) ORDER BY 1
ON CONFLICT (program_id, rule) DO NOTHING
"""

CAMPAIGNS = """
SELECT id, program_id, rule, granted, activities FROM campaign_total
WHERE (program_id, rule) IN (SELECT * FROM unnest($1::uuid[], $2::text[])) ORDER BY id FOR UPDATE
"""

CAMPAIGNS_MOVED = """
UPDATE campaign_total SET granted = campaign_total.granted + moved.amount,
                          activities = greatest(campaign_total.activities + moved.places, 0)
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::int[]) AS moved (program_id, rule, amount, places)
WHERE campaign_total.program_id = moved.program_id AND campaign_total.rule = moved.rule
"""

GRANTED_LINES = """
SELECT id, program_id, rule, activity_id FROM due WHERE activity_id = ANY($1::uuid[]) AND rule = ANY($2::text[])
AND granted > 0
"""

Campaign = tuple[UUID, str]


@dataclass(frozen=True, kw_only=True)
class Campaigns:
    """The campaigns that an operation touches: what is left of each, which activities have a place, by which lines."""

    rules: Mapping[Campaign, Rule]
    amounts: Mapping[str, int]
    places: Mapping[str, int]
    sitting: Mapping[Seat, frozenset[UUID]]

    def of(self, line: Line) -> Rule | None:
        """The rule whose campaign limits this line."""
        return self.rules.get((line.program_id, line.rule))


def named(line: Line) -> str:
    """The name of the line's campaign among requests."""
    return f"{line.program_id}:{line.rule}"


def seat_of(line: Line) -> str:
    """What takes one place of a campaign that counts: the activity, or the milestone's own line."""
    return str(line.activity_id or line.id)


def limit_of(number: Number, draft: Draft) -> int:
    """The number as the enrollment of the draft's activity sets it; the least it may be where that is not known."""
    parameters = draft.parameters or {}
    return number_value(number, parameters) if isinstance(number, int) or number.name in parameters else least(number)


async def lock_campaigns_in(op: Operation, drafts: Sequence[Draft], terms: Mapping[UUID, Terms]) -> Campaigns:
    """The campaigns of these drafts, their totals locked; three statements at most. Where enrollments set a limit
    differently, the lowest of this operation holds.
    """
    rules: dict[Campaign, Rule] = {}
    for one in drafts:
        rule = terms[one.line.terms_id].rule(one.line.rule)
        if rule.campaign_cap is not None or rule.campaign_count is not None:
            rules[one.line.program_id, one.line.rule] = rule
    if not rules:
        return Campaigns(rules={}, amounts={}, places={}, sitting={})
    columns = ([program_id for program_id, _ in rules], [rule for _, rule in rules])
    await op.sql.execute(CAMPAIGNS_MISSING, new_ids(len(rules)), *columns)
    totals = {(row["program_id"], row["rule"]): row for row in await op.sql.fetch(CAMPAIGNS, *columns)}
    amounts: dict[str, int] = {}
    places: dict[str, int] = {}
    for one in drafts:
        campaign = (one.line.program_id, one.line.rule)
        if campaign not in rules or one.rise <= 0:
            continue
        rule, name = terms[one.line.terms_id].rule(one.line.rule), named(one.line)
        if rule.campaign_cap is not None:
            left: int = limit_of(rule.campaign_cap, one) - totals[campaign]["granted"]
            amounts[name] = min(left, amounts.get(name, left))
        if rule.campaign_count is not None:
            left = limit_of(rule.campaign_count, one) - totals[campaign]["activities"]
            places[name] = min(left, places.get(name, left))
    counting = {campaign for campaign, rule in rules.items() if _counts(rule)}
    counted = [one.line for one in drafts if (one.line.program_id, one.line.rule) in counting]
    return Campaigns(rules=rules, amounts=amounts, places=places, sitting=await _sitting(op, counted))


def _counts(rule: Rule) -> bool:
    return rule.campaign_count is not None


async def _sitting(op: Operation, lines: Sequence[Line]) -> dict[Seat, frozenset[UUID]]:
    """Which lines hold each place: all lines of these lines' activities that something is granted to."""
    found: dict[Seat, set[UUID]] = {}
    for line in lines:
        if line.activity_id is None and line.granted > 0:
            found.setdefault((named(line), seat_of(line)), set()).add(line.id)
    activity_ids = {line.activity_id for line in lines if line.activity_id is not None}
    if activity_ids:
        for row in await op.sql.fetch(GRANTED_LINES, list(activity_ids), sorted({line.rule for line in lines})):
            seat = (f"{row['program_id']}:{row['rule']}", str(row["activity_id"]))
            found.setdefault(seat, set()).add(row["id"])
    return {seat: frozenset(ids) for seat, ids in found.items()}


async def move_campaigns_in(op: Operation, campaigns: Campaigns, settled: Sequence[tuple[Line, int]]) -> None:
    """The totals follow what these lines moved by: (the line as it stands, what was granted or taken back)."""
    if not campaigns.rules:
        return
    moved: dict[Campaign, list[int]] = {}
    holding = {seat: set(ids) for seat, ids in campaigns.sitting.items()}
    for line, amount in settled:
        rule = campaigns.of(line)
        if rule is None:
            continue
        moved.setdefault((line.program_id, line.rule), [0, 0])[0] += amount
        if _counts(rule):
            ids = holding.setdefault((named(line), seat_of(line)), set())
            (ids.add if line.granted > 0 else ids.discard)(line.id)
    names = {f"{program_id}:{rule}": (program_id, rule) for program_id, rule in moved}
    for seat, ids in holding.items():
        change = bool(ids) - bool(campaigns.sitting.get(seat))
        if change and seat[0] in names:
            moved[names[seat[0]]][1] += change
    if moved:
        amounts, places = zip(*moved.values(), strict=True)
        keys: list[list[Any]] = [[key[0] for key in moved], [key[1] for key in moved]]
        await op.sql.execute(CAMPAIGNS_MOVED, *keys, list(amounts), list(places))
