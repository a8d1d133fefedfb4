"""Stacking in storage: every line that shares a deal with a changed one is weighed again, under the deal's lock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.activities.activity import Change
from domain.activities.states import states_of_deals
from domain.earning.cases import Placed, place, views
from domain.earning.evaluating import WalkedUnit
from domain.earning.explanation import Explanation
from domain.earning.lines import Line, lines_of_deals
from domain.earning.stacking import DealLine, Place, deal_of, stacked
from domain.earning.views import ActivityView, Beneficiary
from domain.kernel.operation import Operation
from domain.kernel.rates import Rates
from domain.programs.document import number_value
from domain.programs.matching import TermsCache
from domain.programs.rules import SubjectKind

WEIGHED_AGAIN = ("STACKING_EXCLUSIVE", "STACKING_BEST_OF", "STACKING_CEILING", "STACKING_NET_MISSING")
GRANTED_ALREADY = ("CAMPAIGN_CAP", "BUDGET_TRIM")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A line as it is to stand (`line`) beside what it stood at (`stored`, None for a new one)."""

    line: Line
    stored: Line | None

    @property
    def rise(self) -> int:
        """What its due grew by; negative where it shrank."""
        return self.line.due - (self.stored.due if self.stored else 0)

    @property
    def is_changed(self) -> bool:
        return self.stored is None or self.line != self.stored


def deals_of(walked: Sequence[WalkedUnit], changes: Sequence[Change]) -> set[str]:
    """The deals that must be weighed again: all that the walked units' stacking rules touch, and those that a changed
    activity left, stayed in or entered, whose NET may be another although no due of theirs is."""
    stacking = [unit for unit in walked if unit.binding.terms.rule(unit.row.key.rule).stacking is not None]
    states = [state for change in changes for state in (change.previous, change.current) if state is not None]
    return {due.deal_key for unit in stacking for due in unit.dues if due.deal_key is not None} | {
        state.deal_key for state in states if state.deal_key is not None
    }


async def weigh(
    op: Operation, terms: TermsCache, rates: Rates, drafts: Sequence[Draft], deals: Collection[str]
) -> list[Draft]:
    """The drafts with their dues after stacking, and drafts of all other lines of these deals, which the caller locked.

    A line that left a deal (its deal key was corrected) is weighed out of it. Four statements for any number.
    """
    known = {draft.line.id: draft for draft in drafts}
    for line in await lines_of_deals(op, deals):
        if line.id not in known:
            known[line.id] = Draft(line=line, stored=line)
    if not any(draft.line.stacking_group for draft in known.values()):
        return list(drafts)
    activities, placed = await _activities(op, terms, deals)
    by_deal: dict[str, list[Draft]] = {}
    for draft in known.values():
        if draft.line.stacking_group is not None and _is_in_its_deal(draft.line, activities):
            by_deal.setdefault(draft.line.deal_key or "", []).append(draft)
    for key, members in by_deal.items():
        lines = [_deal_line(draft.line, activities, placed) for draft in members]
        deal = deal_of(key, [view for view in activities.values() if view.deal_key == key], lines, rates)
        for draft, weighed in zip(members, stacked(deal, rates), strict=True):
            known[draft.line.id] = replace(draft, line=_weighed(draft.line, weighed))
    return list(known.values())


def _is_in_its_deal(line: Line, activities: Mapping[UUID, ActivityView]) -> bool:
    """False for a line of an activity that was taken back, or that a correction moved to another deal."""
    found = activities.get(line.activity_id) if line.activity_id else None
    return found is not None and found.deal_key == line.deal_key


async def _activities(
    op: Operation, terms: TermsCache, keys: Collection[str]
) -> tuple[dict[UUID, ActivityView], dict[tuple[UUID, UUID, str], Placed]]:
    states = await states_of_deals(op.sql, keys)
    placed = await place(op, terms, states)
    found = await views(op, states)
    return found, {(one.state.activity_id, one.binding.terms_id, one.rule.code): one for one in placed}


def _deal_line(
    line: Line, activities: Mapping[UUID, ActivityView], placed: Mapping[tuple[UUID, UUID, str], Placed]
) -> DealLine:
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
        place=None if one is None else _place(one),
        explanation=Explanation.from_json(_without(line.explanation, WEIGHED_AGAIN + GRANTED_ALREADY)),
    )


def _place(one: Placed) -> Place | None:
    stacking = one.rule.stacking
    if stacking is None:
        return None
    ceiling = stacking.ceiling_ppm
    return Place(
        group=stacking.group,
        mode=stacking.mode,
        priority=stacking.priority,
        ceiling_ppm=None if ceiling is None else number_value(ceiling, one.binding.parameters),
    )


def _weighed(line: Line, weighed: DealLine) -> Line:
    granted = [reason for reason in line.explanation if reason["code"] in GRANTED_ALREADY]
    return replace(line, due=weighed.due, explanation=[*weighed.explanation.to_json(), *granted])


def _without(explanation: Sequence[dict[str, Any]], codes: tuple[str, ...]) -> list[dict[str, Any]]:
    return [reason for reason in explanation if reason["code"] not in codes]
