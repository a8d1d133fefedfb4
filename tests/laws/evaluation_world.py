"""A small world in memory: deliveries of activity revisions run through walk, stacking and differences, no storage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from domain.earning.differences import Awarded, LineKey, OldLine, differences
from domain.earning.evaluation import Walk, walk
from domain.earning.stacking import DealLine, deal_of, place_of, stacked
from domain.earning.tally import EMPTY, Tally
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
    """A line as posted: what its rule says, what stacking left, and what the awards stand at."""

    own: Due
    case: Case
    unit: Unit
    due: int = 0
    awards: list[int] = field(default_factory=list[int])


@dataclass
class World:
    """Everything recorded so far. The budget is unlimited, so an award is granted what it asks."""

    terms: dict[UUID, Terms]
    rates: Rates
    walker: Walker = walk
    conditions: ConditionCache = field(default_factory=ConditionCache)
    versions: dict[UUID, int] = field(default_factory=dict[UUID, int])
    activities: dict[UUID, ActivityView] = field(default_factory=dict[UUID, ActivityView])
    tallies: dict[UnitKey, Tally] = field(default_factory=dict[UnitKey, Tally])
    lines: dict[LineKey, Line] = field(default_factory=dict[LineKey, Line])
    of_unit: dict[UnitKey, set[LineKey]] = field(default_factory=dict[UnitKey, set[LineKey]])

    def deliver(self, delivery: Delivery) -> None:
        """The revision counts if it is newer than what is known; else it changes nothing."""
        known = self.versions.get(delivery.id, 0)
        if delivery.version <= known:
            return
        self.versions[delivery.id] = delivery.version
        before = self.activities.pop(delivery.id, None)
        if delivery.view is not None:
            self.activities[delivery.id] = delivery.view
        changed: set[str] = set()
        rewalked: set[UnitKey] = set()
        for view, is_new in ((before, False), (delivery.view, before is None)):
            for key, unit in self._units(view):
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
                yield (terms_id, rule.code, subject, unit.period.key), unit

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
            walked = self.walker(unit, self.tallies.get(key, EMPTY), [self._case(unit, view) for view in added])
        is_whole = walked is None or walked.rewalk_needed
        if is_whole:
            everything = [v for v in self.activities.values() if key in {k for k, _ in self._units(v)}]
            walked = self.walker(unit, EMPTY, [self._case(unit, view) for view in everything])
        assert walked is not None
        self.tallies[key] = Tally.from_json(walked.tally.to_json())
        changed: set[str] = set()
        fresh = {_line_key(unit, due): due for due in walked.dues}
        for line_key, due in fresh.items():
            old = self.lines.get(line_key)
            if old is not None:
                changed.add(_deal(old.own, line_key))
            changed.add(_deal(due, line_key))
            view = self.activities.get(due.activity_id) if due.activity_id else None
            case = self._case(unit, view or next(iter(self.activities.values())))
            line = Line(own=due, case=case, unit=unit)
            if old is not None:
                line.due, line.awards = old.due, old.awards
            self.lines[line_key] = line
            self.of_unit.setdefault(key, set()).add(line_key)
        for line_key in (self.of_unit.get(key, set()) - set(fresh)) if is_whole else ():
            gone = self.lines[line_key]
            changed.add(_deal(gone.own, line_key))
            gone.own = Due(**{name: getattr(gone.own, name) for name in gone.own.__slots__} | {"amount": 0})
        return changed

    def _post(self, changed: set[str]) -> None:
        new: dict[LineKey, int] = {}
        deals: dict[str, list[LineKey]] = {}
        for key, line in self.lines.items():
            name = _deal(line.own, key)
            if name in changed:
                new[key] = line.own.amount
                if line.own.deal_key is not None:
                    deals.setdefault(line.own.deal_key, []).append(key)
        for deal_key, keys in deals.items():
            new |= self._restacked(deal_key, keys)
        old = [OldLine(key=key, due=self.lines[key].due, awards=_awarded(self.lines[key])) for key in new]
        found = differences(old, new)
        for lower in found.lowers:
            self.lines[lower.key].awards[lower.n - 1] -= lower.amount
        for up in found.raises:
            assert len(self.lines[up.key].awards) == up.n - 1
            self.lines[up.key].awards.append(up.amount)
        for key, due in new.items():
            self.lines[key].due = due
            assert sum(self.lines[key].awards) == due

    def _restacked(self, deal_key: str, keys: list[LineKey]) -> dict[LineKey, int]:
        members = [view for view in self.activities.values() if view.deal_key == deal_key]
        if not members:
            return dict.fromkeys(keys, 0)
        live = [key for key in keys if self.lines[key].own.amount > 0]
        lines = [self._deal_line(key) for key in live]
        result = stacked(deal_of(deal_key, members, lines, self.rates), self.rates)
        return dict.fromkeys(keys, 0) | {key: line.due for key, line in zip(live, result, strict=True)}

    def _deal_line(self, key: LineKey) -> DealLine:
        line = self.lines[key]
        assert key.activity_id is not None
        return DealLine(
            terms_id=line.unit.terms_id,
            rule=line.unit.rule.code,
            activity_id=key.activity_id,
            order=line.case.activity.order,
            beneficiary=key.beneficiary,
            due=line.own.amount,
            unit=line.own.unit,
            place=place_of(line.unit.rule, line.case.parameters),
            explanation=line.own.explanation,
        )

    def _case(self, unit: Unit, view: ActivityView) -> Case:
        tier = "GOLD" if view.occurred_at.day > 3 else "NONE"
        return Case(activity=view, facts=Facts(subject={"tier": tier}), parameters=unit.terms.resolved({}))


def _line_key(unit: Unit, due: Due) -> LineKey:
    return LineKey(
        unit_key=f"{unit.rule.code}|{unit.terms_id}|{unit.subject.id}|{unit.period.key}",
        activity_id=due.activity_id,
        milestone=due.milestone,
        beneficiary=due.beneficiary,
    )


def _deal(due: Due, key: LineKey) -> str:
    return f"deal:{due.deal_key}" if due.deal_key is not None else repr(key)


def _awarded(line: Line) -> tuple[Awarded, ...]:
    return tuple(Awarded(n=n, standing=amount) for n, amount in enumerate(line.awards, 1))
