"""Stacking: all dues that one deal has under every rule and program, reduced by mode, priority and ceiling."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from domain.earning.course import Asked, along
from domain.earning.explanation import Explanation, Reason
from domain.earning.views import ActivityView, Beneficiary, OrderKey
from domain.kernel.money import Amount
from domain.kernel.points import Rounding
from domain.kernel.rates import RateMissing, Rates, converted
from domain.programs.document import number_value
from domain.programs.effects.percent import PPM_WHOLE
from domain.programs.rules import Basis, Rule, StackingMode

DEAL_LINES_MAX = 10_000


class DealTooLong(ValueError):
    """More than 10,000 dues on one deal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A rule's place in the stacking of a deal, its ceiling resolved with the enrollment's parameters."""

    group: str
    mode: StackingMode
    priority: int
    ceiling_ppm: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DealLine:
    """One due of the deal: whose rule it is, where its activity stands in time, and what it is due before stacking.

    `place` None means that the rule does not stack: the due passes unchanged. `asked` is what it asks of the deal's
    other activities; None is nothing.
    """

    terms_id: UUID
    rule: str
    activity_id: UUID
    order: OrderKey
    beneficiary: Beneficiary
    due: int
    unit: str
    place: Place | None
    explanation: Explanation
    asked: Asked | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deal:
    """Everything that one deal key gathers; `net` is what ceilings are a part of, rated at `occurred_at`.

    `activities` are those of the deal, in which dues that ask of its course look.
    """

    key: str
    net: Amount | None
    occurred_at: datetime
    lines: tuple[DealLine, ...]
    activities: tuple[ActivityView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Contender:
    terms_id: UUID
    rule: str
    place: Place
    total: Fraction

    @property
    def precedence(self) -> tuple[int, str, str]:
        return (-self.place.priority, str(self.terms_id), self.rule)


def place_of(rule: Rule, parameters: Mapping[str, object]) -> Place | None:
    """The rule's place in stacking, its ceiling resolved; None when it does not stack."""
    if rule.stacking is None:
        return None
    ceiling = rule.stacking.ceiling_ppm
    return Place(
        group=rule.stacking.group,
        mode=rule.stacking.mode,
        priority=rule.stacking.priority,
        ceiling_ppm=None if ceiling is None else number_value(ceiling, parameters),
    )


def stacked(deal: Deal, rates: Rates) -> tuple[DealLine, ...]:
    """The deal's lines in the order given, each with its due after the deal's course and stacking, the reasons added.

    First what a line asks of the deal's other activities. Then, within a group: the first EXCLUSIVE rule alone if one
    has anything due; else the largest BEST_OF and every ADDITIVE rule. Then the lowest ceiling of the rules that are
    left, shared in order of priority (highest first), terms id, rule, occurrence. BEST_OF across units, and a ceiling,
    need a rate into the deal's unit; without one the line gets nothing and says so. Refuses: DealTooLong.
    """
    if len(deal.lines) > DEAL_LINES_MAX:
        raise DealTooLong(f"a deal has at most {DEAL_LINES_MAX} dues")
    found = _along(deal)
    groups: dict[str, list[int]] = {}
    for index, line in enumerate(found):
        if line.place is not None and line.due > 0:
            groups.setdefault(line.place.group, []).append(index)
    for group, indexes in groups.items():
        reduced = _reduced(group, [found[index] for index in indexes], deal, rates)
        for index, line in zip(indexes, _under_ceiling(reduced, deal, rates), strict=True):
            found[index] = line
    return tuple(found)


def _along(deal: Deal) -> list[DealLine]:
    activities = {activity.id: activity for activity in deal.activities}
    found: list[DealLine] = []
    for line in deal.lines:
        own = activities.get(line.activity_id)
        if line.asked is None or line.due == 0 or own is None:
            found.append(line)
            continue
        due, reasons = along(line.asked, own, deal.activities, line.due, line.unit)
        found.append(replace(line, due=due, explanation=line.explanation.plus(*reasons)))
    return found


def deal_of(key: str, activities: Iterable[ActivityView], lines: Sequence[DealLine], rates: Rates) -> Deal:
    """The deal with its NET: summed over its activities of one (type, moment), the largest such sum.

    It occurred when its earliest activity did, in whose NET unit it is stated. A NET without a rate into that unit
    leaves the deal without a NET. Refuses: ValueError without activities.
    """
    ordered = sorted(activities, key=lambda activity: activity.order)
    if not ordered:
        raise ValueError("a deal has at least one activity")
    stated = [(activity, activity.amounts[Basis.NET]) for activity in ordered if Basis.NET in activity.amounts]
    occurred_at, sums = ordered[0].occurred_at, dict[tuple[str, str], int]()
    net: Amount | None = None
    if stated:
        unit = stated[0][1].unit
        try:
            for activity, amount in stated:
                kind = (activity.type, activity.moment.value)
                sums[kind] = sums.get(kind, 0) + _in_unit(amount, unit, rates, occurred_at)
            net = Amount(minor=max(0, *sums.values()), unit=unit)
        except RateMissing:
            net = None
    return Deal(key=key, net=net, occurred_at=occurred_at, lines=tuple(lines), activities=tuple(ordered))


def _in_unit(amount: Amount, unit: str, rates: Rates, at: datetime) -> int:
    if amount.unit == unit:
        return amount.minor
    return converted(amount.minor, rates.as_of(amount.unit, unit, at), Rounding.HALF_EVEN)


def _reduced(group: str, lines: Sequence[DealLine], deal: Deal, rates: Rates) -> list[DealLine]:
    if all(line.place is not None and line.place.mode is StackingMode.ADDITIVE for line in lines):
        return list(lines)
    contenders = _contenders(lines, deal, rates)
    exclusive = [item for item in contenders if item.place.mode is StackingMode.EXCLUSIVE]
    if exclusive:
        return [_lost(line, group, exclusive[0], "STACKING_EXCLUSIVE") for line in lines]
    rivals = [item for item in contenders if item.place.mode is StackingMode.BEST_OF]
    if not rivals:
        return list(lines)
    best = max(rivals, key=lambda item: item.total)
    return [
        line
        if line.place and line.place.mode is StackingMode.ADDITIVE
        else _lost(line, group, best, "STACKING_BEST_OF")
        for line in lines
    ]


def _contenders(lines: Sequence[DealLine], deal: Deal, rates: Rates) -> list[_Contender]:
    """The rules in order of precedence, with their totals in one unit where several units meet."""
    units = {line.unit for line in lines}
    common = next(iter(units)) if len(units) == 1 else deal.net.unit if deal.net else min(units)
    totals: dict[tuple[UUID, str], tuple[Place, Fraction]] = {}
    for line in lines:
        if line.place is None:
            continue
        factor = _factor(line.unit, common, deal.occurred_at, rates) or Fraction(0)
        _, total = totals.get((line.terms_id, line.rule), (line.place, Fraction(0)))
        totals[line.terms_id, line.rule] = (line.place, total + line.due * factor)
    found = [
        _Contender(terms_id=terms_id, rule=rule, place=place, total=total)
        for (terms_id, rule), (place, total) in totals.items()
    ]
    return sorted(found, key=lambda item: item.precedence)


def _lost(line: DealLine, group: str, winner: _Contender, code: str) -> DealLine:
    if (line.terms_id, line.rule) == (winner.terms_id, winner.rule):
        return line
    reason = Reason(code=code, facts={"group": group, "winner": winner.rule, "winner_terms": str(winner.terms_id)})
    return replace(line, due=0, explanation=line.explanation.plus(reason))


def _under_ceiling(lines: Sequence[DealLine], deal: Deal, rates: Rates) -> list[DealLine]:
    ceilings = [
        line.place.ceiling_ppm for line in lines if line.due > 0 and line.place and line.place.ceiling_ppm is not None
    ]
    if not ceilings:
        return list(lines)
    ppm, found = min(ceilings), list(lines)
    ceiling = Fraction((deal.net.minor if deal.net else 0) * ppm, PPM_WHOLE)
    left = Fraction(int(ceiling))
    for index in sorted(range(len(found)), key=lambda each: _turn(found[each])):
        line = found[index]
        if line.due == 0:
            continue
        if deal.net is None:
            facts: dict[str, object] = {"asked": line.due, "unit": line.unit}
            found[index] = _trimmed(line, 0, Reason(code="STACKING_NET_MISSING", facts=facts))
            continue
        factor = _factor(line.unit, deal.net.unit, deal.occurred_at, rates)
        if factor is None:
            facts = {"from_unit": line.unit, "to_unit": deal.net.unit, "rated_at": deal.occurred_at.isoformat()}
            found[index] = _trimmed(line, 0, Reason(code="RATE_MISSING", facts=facts))
            continue
        most = int(left / factor)
        kept = min(line.due, most)
        left -= kept * factor
        if kept < line.due:
            facts = {"ppm": ppm, "ceiling": int(ceiling), "ceiling_unit": deal.net.unit}
            facts |= {"left": kept, "asked": line.due, "unit": line.unit}
            found[index] = _trimmed(line, kept, Reason(code="STACKING_CEILING", facts=facts))
    return found


def _turn(line: DealLine) -> tuple[int, str, str, OrderKey, str, str]:
    priority = line.place.priority if line.place else 0
    who = line.beneficiary
    return (-priority, str(line.terms_id), line.rule, line.order, who.kind.value, str(who.id))


def _trimmed(line: DealLine, due: int, reason: Reason) -> DealLine:
    return replace(line, due=due, explanation=line.explanation.plus(reason))


def _factor(unit: str, into: str, at: datetime, rates: Rates) -> Fraction | None:
    if unit == into:
        return Fraction(1)
    try:
        return rates.as_of(unit, into, at).factor()
    except RateMissing:
        return None
