"""A small world in memory: deliveries of activity revisions run through walk, stacking and differences, no storage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.earning.course import asked_of
from domain.earning.differences import Awarded, LineKey, OldLine, differences
from domain.earning.evaluation import Walk, walk
from domain.earning.stacking import DealLine, deal_of, place_of, stacked
from domain.earning.tally import EMPTY, Tally
from domain.earning.together import Together, walk_together
from domain.earning.unit import Due, Unit
from domain.earning.views import ActivityView, Beneficiary, Case, Facts
from domain.kernel.expressions import ConditionCache
from domain.kernel.rates import Rates
from domain.programs.rules import Rule, SubjectKind
from domain.programs.terms import Terms

UnitKey = tuple[UUID, str, UUID, str]
Walker = Callable[[Unit, Tally, list[Case]], Walk]


@dataclass(frozen=True)
class Delivery:
    """One revision of one activity on its way in; `view` None withdraws the activity."""

    id: UUID
    version: int
    view: ActivityView | None


@dataclass
class Line:
    """A line as posted: its deal or else its own name, what its rule says, what stacking left, and its awards."""

    key: LineKey
    name: str
    own: Due
    rule: Rule
    terms_id: UUID
    zone: ZoneInfo
    due: int = 0
    next_due: int = 0
    awards: list[int] = field(default_factory=list[int])


@dataclass
class World:
    """Everything recorded so far. The budget is unlimited, so an award is granted what it asks."""

    terms: dict[UUID, Terms]
    rates: Rates
    conditions: ConditionCache
    walker: Walker = walk
    versions: dict[UUID, int] = field(default_factory=dict[UUID, int])
    activities: dict[UUID, ActivityView] = field(default_factory=dict[UUID, ActivityView])
    tallies: dict[UnitKey, Tally] = field(default_factory=dict[UnitKey, Tally])
    lines: dict[str, Line] = field(default_factory=dict[str, Line])
    of_unit: dict[UnitKey, set[str]] = field(default_factory=dict[UnitKey, set[str]])
    inside: dict[UnitKey, set[UUID]] = field(default_factory=dict[UnitKey, set[UUID]])

    def deliver(self, delivery: Delivery) -> None:
        """The revision counts if it is newer than what is known; else it changes nothing."""
        known = self.versions.get(delivery.id, 0)
        if delivery.version <= known:
            return
        self.versions[delivery.id] = delivery.version
        before = self.activities.pop(delivery.id, None)
        if delivery.view is not None:
            self.activities[delivery.id] = delivery.view
        # The deals it left and entered are stacked again even where no due of theirs changed: their NET did.
        changed = {view.deal_key for view in (before, delivery.view) if view and view.deal_key}
        rewalked: set[UnitKey] = set()
        left, entered = list(self._units(before)), list(self._units(delivery.view))
        for key, _ in left:
            self.inside[key].discard(delivery.id)
        for key, _ in entered:
            self.inside.setdefault(key, set()).add(delivery.id)
        for view, is_new, units in ((before, False, left), (delivery.view, before is None, entered)):
            for key, unit in units:
                if key not in rewalked:
                    rewalked.add(key)
                    changed |= self._evaluate(key, unit, [view] if is_new and view else None)
        self._post(changed)

    def balances(self) -> dict[tuple[str, UUID, str], int]:
        """What stands granted per beneficiary and unit of points, without zeros."""
        found: dict[tuple[str, UUID, str], int] = {}
        for line in self.lines.values():
            who = (line.own.beneficiary.kind.value, line.own.beneficiary.id, line.own.unit)
            found[who] = found.get(who, 0) + sum(line.awards)
        return {who: amount for who, amount in found.items() if amount}

    def _units(self, view: ActivityView | None) -> Iterable[tuple[UnitKey, Unit]]:
        if view is None:
            return
        for terms_id, terms in self.terms.items():
            for rule in terms.rules:
                subject = view.member_id if rule.subject is SubjectKind.MEMBER else view.partner_id
                if rule.trigger != view.type or subject is None:
                    continue
                unit = self._unit(terms_id, terms, rule, Beneficiary(kind=rule.subject, id=subject), view)
                yield (terms_id, terms.unit_code(rule.code), subject, unit.period.key), unit

    def _unit(self, terms_id: UUID, terms: Terms, rule: Rule, subject: Beneficiary, view: ActivityView) -> Unit:
        return Unit(
            terms=terms,
            terms_id=terms_id,
            terms_version=1,
            rule=rule,
            subject=subject,
            period=terms.period_of(rule, view.occurred_at),
            rates=self.rates,
            conditions=self.conditions,
        )

    def _evaluate(self, key: UnitKey, unit: Unit, added: list[ActivityView] | None) -> set[str]:
        """Own dues of the unit are right again; answers the keys of the deals (or lines without one) that changed."""
        walked = None
        if added is not None:
            walked = self._walked(unit, self.tallies.get(key, EMPTY), [self._case(view) for view in added])
        is_whole = walked is None or walked.rewalk_needed
        if is_whole:
            everything = [self.activities[each] for each in self.inside[key]]
            walked = self._walked(unit, EMPTY, [self._case(view) for view in everything])
        assert walked is not None
        self.tallies[key] = Tally.from_json(walked.tally.to_json())
        changed, fresh = set[str](), set[str]()
        for due in walked.dues:
            unit_key = f"{due.rule}|{unit.terms_id}|{unit.subject.id}|{unit.period.key}"
            label = f"{unit_key}|{due.activity_id and due.activity_id.int}|{due.milestone}|{due.beneficiary.id.int}"
            fresh.add(label)
            line = self.lines.get(label)
            if line is None:
                rule, zone = unit.terms.rule(due.rule), unit.terms.zone
                key_of = _line_key(unit_key, due)
                line = Line(key=key_of, name="", own=due, rule=rule, terms_id=unit.terms_id, zone=zone)
                self.lines[label] = line
            changed |= {line.name, due.deal_key or label}
            line.name, line.own = due.deal_key or label, due
        self.of_unit.setdefault(key, set()).update(fresh)
        for label in (self.of_unit[key] - fresh) if is_whole else ():
            gone = self.lines[label]
            changed.add(gone.name)
            gone.own = replace(gone.own, amount=0)
        return changed

    def _post(self, changed: set[str]) -> None:
        touched = [line for line in self.lines.values() if line.name in changed]
        deals: dict[str, list[Line]] = {}
        for line in touched:
            line.next_due = line.own.amount
            if line.own.deal_key is not None:
                deals.setdefault(line.own.deal_key, []).append(line)
        for deal_key, lines in deals.items():
            self._restack(deal_key, lines)
        by_key = {line.key: line for line in touched}
        old = [OldLine(key=line.key, due=line.due, awards=_awarded(line)) for line in touched]
        found = differences(old, {line.key: line.next_due for line in touched})
        for lower in found.lowers:
            by_key[lower.key].awards[lower.n - 1] -= lower.amount
        for up in found.raises:
            assert len(by_key[up.key].awards) == up.n - 1
            by_key[up.key].awards.append(up.amount)
        for line in touched:
            line.due = line.next_due
            assert sum(line.awards) == line.due

    def _restack(self, deal_key: str, lines: list[Line]) -> None:
        members = [view for view in self.activities.values() if view.deal_key == deal_key]
        live = [line for line in lines if line.own.amount > 0]
        if not live:
            return
        deal = deal_of(deal_key, members, [self._deal_line(line) for line in live], self.rates)
        for line, after in zip(live, stacked(deal, self.rates), strict=True):
            line.next_due = after.due

    def _deal_line(self, line: Line) -> DealLine:
        assert line.key.activity_id is not None
        return DealLine(
            terms_id=line.terms_id,
            rule=line.rule.code,
            activity_id=line.key.activity_id,
            order=self.activities[line.key.activity_id].order,
            beneficiary=line.key.beneficiary,
            due=line.own.amount,
            unit=line.own.unit,
            place=place_of(line.rule, {}),
            explanation=line.own.explanation,
            asked=asked_of(line.rule, {}, line.zone),
        )

    def _walked(self, unit: Unit, tally: Tally, cases: list[Case]) -> Walk:
        shared = unit.terms.shared_cap(unit.rule.code)
        if shared is None:
            return self.walker(unit, tally, cases)
        rules = unit.terms.rules_of(shared.code)
        units = tuple(replace(unit, rule=rule) for rule in rules)
        return walk_together(Together(units=units, shared=shared), tally, {rule.code: cases for rule in rules})

    def _case(self, view: ActivityView) -> Case:
        tier = "GOLD" if view.occurred_at.day > 3 else "NONE"
        return Case(activity=view, facts=Facts(subject={"tier": tier}))


def _line_key(unit_key: str, due: Due) -> LineKey:
    return LineKey(
        unit_key=unit_key,
        activity_id=due.activity_id,
        milestone=due.milestone,
        beneficiary=due.beneficiary,
    )


def _awarded(line: Line) -> tuple[Awarded, ...]:
    return tuple(Awarded(n=n, standing=amount) for n, amount in enumerate(line.awards, 1))
