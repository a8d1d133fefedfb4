"""Deals in storage: every line that shares a deal with a changed one is weighed again, under the deal's lock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.activities.activity import ActivityState, Change
from domain.activities.states import states_of_deals
from domain.earning.cases import Placed, place, views
from domain.earning.course import asked_of
from domain.earning.drafting import GRANTED_ALREADY, Draft, origin_of, said_waiting
from domain.earning.evaluating import WalkedUnit
from domain.earning.explanation import Explanation
from domain.earning.lines import Line, lines_of_deals
from domain.earning.stacking import DealLine, deal_of, place_of, stacked
from domain.earning.views import ActivityView, Beneficiary
from domain.kernel.operation import Operation
from domain.kernel.rates import Rates
from domain.programs.matching import TermsCache
from domain.programs.rules import SubjectKind

BY_COURSE = ("TOUCHED_BY_ANOTHER", "NOT_PRECEDED", "AWAITED", "AWAITED_CAME", "CHURNED")
BY_STACKING = ("STACKING_EXCLUSIVE", "STACKING_BEST_OF", "STACKING_CEILING", "STACKING_NET_MISSING")
WEIGHED_AGAIN = (*BY_COURSE, *BY_STACKING)

WAITS = "WAITS_FOR_CLOSE"

Pair = tuple[UUID, UUID, str]


def deals_of(walked: Sequence[WalkedUnit], changes: Sequence[Change]) -> set[str]:
    """The deals that must be weighed again: all that the walked units' weighed rules touch, and those that a changed
    activity left, stayed in or entered, whose NET or course may be another although no due of theirs is."""
    states = [state for change in changes for state in (change.previous, change.current) if state is not None]
    return {
        due.deal_key
        for unit in walked
        for due in unit.dues
        if due.deal_key is not None and unit.binding.terms.rule(due.rule).is_weighed
    } | {state.deal_key for state in states if state.deal_key is not None}


async def weigh(
    op: Operation, terms: TermsCache, rates: Rates, drafts: Sequence[Draft], deals: Collection[str]
) -> list[Draft]:
    """The drafts with their dues after their deals' course and stacking, and drafts of all other lines of these deals,
    which the caller locked.

    A line that left a deal (its deal key was corrected) is weighed out of it. Four statements for any number.
    """
    known = {draft.line.id: draft for draft in drafts}
    for line in await lines_of_deals(op, deals):
        if line.id not in known:
            known[line.id] = Draft(line=line, stored=line)
    if not any(draft.line.is_weighed for draft in known.values()):
        return list(drafts)
    deal_states = {state.activity_id: state for state in await states_of_deals(op.sql, deals)}
    found = await views(op, list(deal_states.values()))
    placed = await _placed(op, terms, list(deal_states.values()))
    by_deal: dict[str, list[Draft]] = {}
    for draft in known.values():
        if draft.line.is_weighed and _is_in_its_deal(draft.line, found):
            by_deal.setdefault(draft.line.deal_key or "", []).append(draft)
    for key, members in by_deal.items():
        lines = [_deal_line(draft.line, found, placed) for draft in members]
        deal = deal_of(key, [view for view in found.values() if view.deal_key == key], lines, rates)
        for draft, weighed in zip(members, stacked(deal, rates), strict=True):
            known[draft.line.id] = _weighed(draft, weighed, deal_states, placed)
    return list(known.values())


def _is_in_its_deal(line: Line, activities: Mapping[UUID, ActivityView]) -> bool:
    """False for a line of an activity that was taken back, or that a correction moved to another deal."""
    found = activities.get(line.activity_id) if line.activity_id else None
    return found is not None and found.deal_key == line.deal_key


async def _placed(op: Operation, terms: TermsCache, states: Sequence[ActivityState]) -> dict[Pair, Placed]:
    placed = await place(op, terms, states)
    return {(one.state.activity_id, one.binding.terms_id, one.rule.code): one for one in placed}


def _deal_line(line: Line, activities: Mapping[UUID, ActivityView], placed: Mapping[Pair, Placed]) -> DealLine:
    assert line.activity_id is not None, "only activities have deals"
    one = placed.get((line.activity_id, line.terms_id, line.rule))
    return DealLine(
        terms_id=line.terms_id,
        rule=line.rule,
        activity_id=line.activity_id,
        order=activities[line.activity_id].order,
        beneficiary=Beneficiary(kind=SubjectKind(line.beneficiary_kind), id=line.beneficiary_id),
        due=line.own_due,
        unit=line.unit,
        place=None if one is None else place_of(one.rule, one.binding.parameters),
        explanation=Explanation.from_json(_without(line.explanation, (*WEIGHED_AGAIN, *GRANTED_ALREADY, WAITS))),
        asked=None if one is None else asked_of(one.rule, one.binding.parameters, one.binding.terms.zone),
    )


def _weighed(
    draft: Draft, weighed: DealLine, states: Mapping[UUID, ActivityState], placed: Mapping[Pair, Placed]
) -> Draft:
    """The draft at its due within the deal, and what its activity tells where no unit of it was walked."""
    one = placed.get((weighed.activity_id, weighed.terms_id, weighed.rule))
    kept = [reason for reason in draft.line.explanation if reason["code"] in GRANTED_ALREADY]
    line = replace(draft.line, due=weighed.due, explanation=[*weighed.explanation.to_json(), *kept])
    return replace(
        draft,
        line=line if one is None else said_waiting(line, one.binding.terms.zone),
        origin=draft.origin or origin_of(states[weighed.activity_id]),
        parameters=draft.parameters if draft.parameters is not None or one is None else one.binding.parameters,
    )


def _without(explanation: Sequence[dict[str, Any]], codes: tuple[str, ...]) -> list[dict[str, Any]]:
    return [reason for reason in explanation if reason["code"] not in codes]
