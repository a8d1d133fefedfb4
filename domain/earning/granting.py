"""The only place that makes awards: differences of dues meet campaign caps and budgets, then the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.activities.activity import Change
from domain.earning import differences as pure
from domain.earning.bundles import write_grants_in
from domain.earning.drafting import draft
from domain.earning.evaluating import Evaluated, Knowledge, WalkedUnit
from domain.earning.lines import Line, insert_lines_in, lock_deals_in, update_lines_in
from domain.earning.trimming import Grant, Request, in_order_of_occurrence, trim
from domain.earning.units import store_tallies_in
from domain.earning.views import Beneficiary
from domain.earning.weighing import Draft, deals_of, weigh
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.ledger.opening import lock_budgets_in, open_wallets_in
from domain.ledger.posting import Raise, post_in
from domain.ledger.reversing import Lower
from domain.ledger.wallets import Owner, OwnerKind
from domain.programs.document import number_value
from domain.programs.matching import Binding, terms_facts
from domain.programs.rules import SubjectKind

STANDING = """
SELECT id, due_id, n, amount - reversed_total AS standing, wallet_id FROM award
WHERE due_id = ANY($1::uuid[]) AND amount > reversed_total
"""

REVISIONS = """
SELECT id, activity_id FROM activity_revision
WHERE (activity_id, revision) IN (SELECT * FROM unnest($1::uuid[], $2::int[]))
"""

CAMPAIGNS_MISSING = """
INSERT INTO campaign_total (id, program_id, rule, granted)
SELECT * , 0 FROM unnest($1::uuid[], $2::uuid[], $3::text[]) ORDER BY 1
ON CONFLICT (program_id, rule) DO NOTHING
"""

CAMPAIGNS = """
SELECT id, program_id, rule, granted FROM campaign_total
WHERE (program_id, rule) IN (SELECT * FROM unnest($1::uuid[], $2::text[])) ORDER BY id FOR UPDATE
"""

CAMPAIGNS_MOVED = """
UPDATE campaign_total SET granted = campaign_total.granted + moved.amount
FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS moved (program_id, rule, amount)
WHERE campaign_total.program_id = moved.program_id AND campaign_total.rule = moved.rule
"""

Campaign = tuple[UUID, str]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a line's activity stands in time, and whose partner it was: for the order of trimming and the events."""

    order: tuple[datetime, str, str]
    partner_id: UUID | None


async def grant_in(
    op: Operation,
    knowledge: Knowledge,
    evaluated: Evaluated,
    changes: Sequence[Change],
    *,
    backfill: bool,
    cause_id: UUID | None = None,
) -> None:
    """Lines, awards, entries and tallies follow what the walks say; what grew is asked of the budgets once.

    What shrank is taken back because of the revision that changed its activity, else of `cause_id`, else of the first
    change. The number of statements does not depend on the number of lines.
    """
    deals = deals_of(evaluated.units, changes)
    await lock_deals_in(op, deals)
    drafts = await weigh(op, knowledge.terms, evaluated.rates, await draft(op, evaluated.units), deals)
    changed = [one for one in drafts if one.is_changed]
    bindings = await _bindings(op, knowledge, evaluated.units, changed)
    origins = _origins(evaluated.units)
    lowers = await _lowers(op, changed, changes, cause_id)
    rising = [one for one in changed if one.rise > 0]
    moved = [one for one in changed if one.rise]
    opened = await open_wallets_in(
        op,
        {_owner(one.line) for one in moved},
        bookings=[(one.line.program_id, one.line.occurred_at) for one in moved],
    )
    campaigns = await _campaigns(op, changed, bindings)
    funding = {bindings[one.line.terms_id].program.budget_id for one in moved}
    budgets = await lock_budgets_in(op, funding, wallets=opened.values())
    requests = in_order_of_occurrence([_request(one, bindings, origins) for one in rising])
    trimmed = trim(
        requests,
        campaigns={_named(campaign): left for campaign, left in campaigns.items()},
        budgets={str(budget_id): balance for budget_id, balance in budgets.items()},
    )
    grants = {UUID(grant.key): grant for grant in trimmed.grants}
    settled = [_settled(one, grants.get(one.line.id), lowers) for one in changed]
    await insert_lines_in(op, [line for one, line in zip(changed, settled, strict=True) if one.stored is None])
    await update_lines_in(op, [line for one, line in zip(changed, settled, strict=True) if one.stored is not None])
    raises = [_raise(line, grants[line.id], bindings, origins, evaluated) for line in settled if _granted(grants, line)]
    await _move_campaigns(op, bindings, trimmed.grants, lowers, {line.id: line for line in settled})
    taken_back = [lower for group in lowers.values() for lower in group]
    await post_in(op, raises=raises, lowers=taken_back, backfill=backfill)
    places = {line.id: origins.get(line.activity_id) if line.activity_id else None for line in settled}
    partners = {line_id: place.partner_id if place else None for line_id, place in places.items()}
    await write_grants_in(op, [(line, one.stored) for one, line in zip(changed, settled, strict=True)], partners)
    await store_tallies_in(op, {unit.row.id: unit.tally for unit in evaluated.units})


async def _bindings(
    op: Operation, knowledge: Knowledge, units: Sequence[WalkedUnit], changed: Sequence[Draft]
) -> dict[UUID, Binding]:
    known = {unit.binding.terms_id: unit.binding for unit in units}
    missing = {one.line.terms_id for one in changed} - set(known)
    return known | (await terms_facts(op.sql, knowledge.terms, missing) if missing else {})


def _origins(units: Sequence[WalkedUnit]) -> dict[UUID, Origin]:
    return {
        state.activity_id: Origin(
            order=(state.occurred_at, str(state.source_id), state.external_id), partner_id=state.partner_id
        )
        for unit in units
        for state in unit.states
    }


async def _lowers(
    op: Operation, changed: Sequence[Draft], changes: Sequence[Change], cause_id: UUID | None
) -> dict[UUID, list[Lower]]:
    shrunk = [one for one in changed if one.rise < 0 and one.line.granted > one.line.due]
    if not shrunk:
        return {}
    awards: dict[UUID, list[Any]] = {}
    for row in await op.sql.fetch(STANDING, [one.line.id for one in shrunk]):
        awards.setdefault(row["due_id"], []).append(row)
    causes = await _causes(op, changes) if changes else {}
    otherwise = cause_id or next(iter(causes.values()))
    found: dict[UUID, list[Lower]] = {}
    for one in shrunk:
        rows = {row["n"]: row for row in awards.get(one.line.id, [])}
        assert one.stored is not None, "only a stored line can have shrunk"
        key = _line_key(one.line)
        old = pure.OldLine(
            key=key,
            due=one.stored.due,
            awards=tuple(pure.Awarded(n=n, standing=row["standing"]) for n, row in rows.items()),
        )
        cause = causes.get(one.line.activity_id, otherwise)
        found[one.line.id] = [
            Lower(award_id=rows[lower.n]["id"], amount=lower.amount, cause_id=cause, reason=None)
            for lower in pure.differences([old], {key: one.line.due}).lowers
        ]
    return found


async def _causes(op: Operation, changes: Sequence[Change]) -> dict[UUID | None, UUID]:
    rows = await op.sql.fetch(
        REVISIONS,
        [change.current.activity_id for change in changes],
        [change.current.revision for change in changes],
    )
    return {row["activity_id"]: row["id"] for row in rows}


def _line_key(line: Line) -> pure.LineKey:
    return pure.LineKey(
        unit_key=str(line.tally_id),
        activity_id=line.activity_id,
        milestone=line.milestone,
        beneficiary=Beneficiary(kind=SubjectKind(line.beneficiary_kind), id=line.beneficiary_id),
    )


def _owner(line: Line) -> Owner:
    return Owner(kind=OwnerKind(line.beneficiary_kind), id=line.beneficiary_id, unit=line.unit)


def _campaign(line: Line, bindings: Mapping[UUID, Binding]) -> tuple[Campaign, int] | None:
    binding = bindings[line.terms_id]
    cap = binding.terms.rule(line.rule).campaign_cap
    return None if cap is None else ((line.program_id, line.rule), number_value(cap, binding.parameters))


async def _campaigns(op: Operation, changed: Sequence[Draft], bindings: Mapping[UUID, Binding]) -> dict[Campaign, int]:
    caps = dict(found for one in changed if (found := _campaign(one.line, bindings)) is not None)
    if not caps:
        return {}
    columns = ([program_id for program_id, _ in caps], [rule for _, rule in caps])
    await op.sql.execute(CAMPAIGNS_MISSING, new_ids(len(caps)), *columns)
    rows = await op.sql.fetch(CAMPAIGNS, *columns)
    return {(row["program_id"], row["rule"]): caps[row["program_id"], row["rule"]] - row["granted"] for row in rows}


async def _move_campaigns(
    op: Operation,
    bindings: Mapping[UUID, Binding],
    grants: Sequence[Grant],
    lowers: Mapping[UUID, Sequence[Lower]],
    lines: Mapping[UUID, Line],
) -> None:
    moved: dict[Campaign, int] = {}
    amounts = [(UUID(grant.key), grant.granted) for grant in grants]
    amounts += [(line_id, -sum(lower.amount for lower in group)) for line_id, group in lowers.items()]
    for line_id, amount in amounts:
        found = _campaign(lines[line_id], bindings)
        if found is not None:
            moved[found[0]] = moved.get(found[0], 0) + amount
    if moved:
        await op.sql.execute(
            CAMPAIGNS_MOVED, [program_id for program_id, _ in moved], [rule for _, rule in moved], list(moved.values())
        )


def _named(campaign: Campaign) -> str:
    return f"{campaign[0]}:{campaign[1]}"


def _request(one: Draft, bindings: Mapping[UUID, Binding], origins: Mapping[UUID, Origin]) -> Request:
    line = one.line
    campaign = _campaign(line, bindings)
    origin = origins.get(line.activity_id) if line.activity_id else None
    return Request(
        key=str(line.id),
        order=origin.order if origin else (line.occurred_at, "", ""),
        amount=one.rise,
        unit=line.unit,
        campaign=None if campaign is None else _named(campaign[0]),
        budget=str(bindings[line.terms_id].program.budget_id),
    )


def _granted(grants: Mapping[UUID, Grant], line: Line) -> bool:
    return line.id in grants and grants[line.id].granted > 0


def _settled(one: Draft, grant: Grant | None, lowers: Mapping[UUID, Sequence[Lower]]) -> Line:
    line = one.line
    if grant is not None:
        return replace(
            line,
            granted=line.granted + grant.granted,
            awards=line.awards + (grant.granted > 0),
            explanation=[*line.explanation, *grant.explanation.to_json()],
        )
    lowered = sum(lower.amount for lower in lowers.get(line.id, ()))
    return replace(line, granted=line.granted - lowered)


def _raise(
    line: Line,
    grant: Grant,
    bindings: Mapping[UUID, Binding],
    origins: Mapping[UUID, Origin],
    evaluated: Evaluated,
) -> Raise:
    binding = bindings[line.terms_id]
    origin = origins.get(line.activity_id) if line.activity_id else None
    is_member = line.beneficiary_kind == SubjectKind.MEMBER
    return Raise(
        due_id=line.id,
        n=line.awards,
        owner=_owner(line),
        program_id=line.program_id,
        budget_id=binding.program.budget_id,
        amount=grant.granted,
        occurred_at=line.occurred_at,
        matures_at=line.matures_at,
        expires_at=line.expires_at,
        rate_id=_rate_id(line, evaluated),
        explanation=line.explanation,
        rule=line.rule,
        activity_id=line.activity_id,
        milestone=line.milestone,
        member_id=line.beneficiary_id if is_member else None,
        partner_id=(origin.partner_id if origin else None) if is_member else line.beneficiary_id,
    )


def _rate_id(line: Line, evaluated: Evaluated) -> UUID | None:
    """The dated rate that turned the basis into the award's unit: the last one the explanation names."""
    used = [reason["facts"] for reason in line.explanation if reason["code"] == "RATE_USED"]
    if not used:
        return None
    facts = used[-1]
    return evaluated.rate_ids.get((facts["from_unit"], facts["to_unit"], facts["valid_from_at"]))
