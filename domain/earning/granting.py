"""The only place that makes awards: differences of dues meet campaign caps and budgets, then the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.activities.activity import Change
from domain.earning import differences as pure
from domain.earning.bundles import write_grants_in
from domain.earning.campaigns import Campaigns, limit_of, lock_campaigns_in, move_campaigns_in, named, seat_of
from domain.earning.drafting import Draft, draft
from domain.earning.evaluating import Evaluated, Knowledge
from domain.earning.lines import Line, insert_lines_in, lock_deals_in, update_lines_in
from domain.earning.trimming import Grant, Request, in_order_of_occurrence, trim
from domain.earning.units import store_tallies_in
from domain.earning.views import Beneficiary
from domain.earning.weighing import deals_of, weigh
from domain.kernel.operation import Operation
from domain.ledger.opening import lock_budgets_in, open_wallets_in
from domain.ledger.posting import Raise, post_in
from domain.ledger.reversing import Lower
from domain.ledger.wallets import Owner, OwnerKind
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

RateIds = Mapping[tuple[str, str, str], UUID]


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

    What shrank is taken back because of the revision that changed its activity, else of one that changed its deal, else
    of `cause_id`, else of the first change. The number of statements does not depend on the number of lines.
    """
    deals = deals_of(evaluated.units, changes)
    await lock_deals_in(op, deals)
    drafts = await weigh(op, knowledge.terms, evaluated.rates, await draft(op, evaluated.units), deals)
    changed = [one for one in drafts if one.is_changed]
    lowers = await _lowers(op, changed, changes, cause_id)
    known = {unit.binding.terms_id: unit.binding for unit in evaluated.units}
    await settle_in(op, knowledge, changed, known, lowers, evaluated.rate_ids, backfill=backfill)
    await store_tallies_in(op, {unit.row.id: unit.tally for unit in evaluated.units})


async def settle_in(
    op: Operation,
    knowledge: Knowledge,
    changed: Sequence[Draft],
    known: Mapping[UUID, Binding],
    lowers: Mapping[UUID, Sequence[Lower]],
    rate_ids: RateIds,
    *,
    backfill: bool,
) -> None:
    """These lines stand; what rose was asked of campaigns and budgets in order of occurrence, and what was granted,
    or taken back by `lowers` (by line), is posted. `known` are bindings by terms id that need no reading.
    """
    missing = {one.line.terms_id for one in changed} - set(known)
    bindings = {**known, **(await terms_facts(op.sql, knowledge.terms, missing) if missing else {})}
    moved = [one for one in changed if one.rise]
    opened = await open_wallets_in(
        op,
        {_owner(one.line) for one in moved},
        bookings=[(one.line.program_id, one.line.occurred_at) for one in moved],
    )
    terms = {terms_id: binding.terms for terms_id, binding in bindings.items()}
    campaigns = await lock_campaigns_in(op, changed, terms)
    funding = {bindings[one.line.terms_id].program.budget_id for one in moved}
    budgets = await lock_budgets_in(op, funding, wallets=opened.values())
    requests = in_order_of_occurrence([_request(one, bindings, campaigns) for one in changed if one.rise > 0])
    trimmed = trim(
        requests,
        campaigns=campaigns.amounts,
        budgets={str(budget_id): balance for budget_id, balance in budgets.items()},
        seats=campaigns.places,
        seated=campaigns.sitting,
    )
    grants = {UUID(grant.key): grant for grant in trimmed.grants}
    settled = [_settled(one, grants.get(one.line.id), lowers) for one in changed]
    pairs = list(zip(changed, settled, strict=True))
    await insert_lines_in(op, [line for one, line in pairs if one.stored is None])
    await update_lines_in(op, [line for one, line in pairs if one.stored is not None])
    raises = [
        _raise(one, line, grants[line.id].granted, bindings, rate_ids) for one, line in pairs if _granted(grants, line)
    ]
    await move_campaigns_in(op, campaigns, [(line, line.granted - one.line.granted) for one, line in pairs])
    taken_back = [lower for group in lowers.values() for lower in group]
    await post_in(op, raises=raises, lowers=taken_back, backfill=backfill)
    partners = {line.id: one.origin.partner_id if one.origin else None for one, line in pairs}
    await write_grants_in(op, [(line, one.stored) for one, line in pairs], partners)


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
    of_deals = {key: causes[change.current.activity_id] for change in changes for key in _deal_keys(change)}
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
        cause = causes.get(one.line.activity_id) or of_deals.get(one.line.deal_key) or otherwise
        found[one.line.id] = [
            Lower(award_id=rows[lower.n]["id"], amount=lower.amount, cause_id=cause, reason=None)
            for lower in pure.differences([old], {key: one.line.due}).lowers
        ]
    return found


def _deal_keys(change: Change) -> set[str | None]:
    """The deals whose lines may have shrunk because of this change."""
    return {state.deal_key for state in (change.current, change.previous) if state and state.deal_key}


async def _causes(op: Operation, changes: Sequence[Change]) -> dict[UUID | None, UUID]:
    rows = await op.sql.fetch(
        REVISIONS,
        [change.current.activity_id for change in changes],
        [change.current.revision for change in changes],
    )
    return {row["activity_id"]: row["id"] for row in rows}


def _line_key(line: Line) -> pure.LineKey:
    return pure.LineKey(
        unit_key=f"{line.tally_id}:{line.rule}",
        activity_id=line.activity_id,
        milestone=line.milestone,
        beneficiary=Beneficiary(kind=SubjectKind(line.beneficiary_kind), id=line.beneficiary_id),
    )


def _owner(line: Line) -> Owner:
    return Owner(kind=OwnerKind(line.beneficiary_kind), id=line.beneficiary_id, unit=line.unit)


def _request(one: Draft, bindings: Mapping[UUID, Binding], campaigns: Campaigns) -> Request:
    line, rule = one.line, campaigns.of(one.line)
    count = None if rule is None else rule.campaign_count
    return Request(
        key=str(line.id),
        order=one.origin.order if one.origin else (line.occurred_at, "", ""),
        amount=one.rise,
        unit=line.unit,
        campaign=None if rule is None or rule.campaign_cap is None else named(line),
        budget=str(bindings[line.terms_id].program.budget_id),
        counted=None if count is None else named(line),
        first=0 if count is None else limit_of(count, one),
        seat=seat_of(line),
        tie=f"{line.rule}:{line.milestone or ''}:{line.beneficiary_id}",
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


def _raise(one: Draft, line: Line, amount: int, bindings: Mapping[UUID, Binding], rate_ids: RateIds) -> Raise:
    is_member = line.beneficiary_kind == SubjectKind.MEMBER
    return Raise(
        due_id=line.id,
        n=line.awards,
        owner=_owner(line),
        program_id=line.program_id,
        budget_id=bindings[line.terms_id].program.budget_id,
        amount=amount,
        occurred_at=line.occurred_at,
        matures_at=line.matures_at,
        expires_at=line.expires_at,
        rate_id=_rate_id(line, rate_ids),
        explanation=line.explanation,
        rule=line.rule,
        activity_id=line.activity_id,
        milestone=line.milestone,
        member_id=line.beneficiary_id if is_member else None,
        partner_id=(one.origin.partner_id if one.origin else None) if is_member else line.beneficiary_id,
    )


def _rate_id(line: Line, rate_ids: RateIds) -> UUID | None:
    """The dated rate that turned the basis into the award's unit: the last one the explanation names."""
    used = [reason["facts"] for reason in line.explanation if reason["code"] == "RATE_USED"]
    if not used:
        return None
    facts = used[-1]
    return rate_ids.get((facts["from_unit"], facts["to_unit"], facts["valid_from_at"]))
