"""Walks every unit that a batch touches: the newest activities extend its tally, anything else re-walks it whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.activities.activity import ActivityState, Change
from domain.activities.states import states_of
from domain.earning.cases import Placed, cases, place
from domain.earning.evaluation import Walk, walk
from domain.earning.refusals import UnitIsFull
from domain.earning.tally import EMPTY, UNIT_ACTIVITIES_MAX, Tally
from domain.earning.together import Together, walk_together
from domain.earning.unit import Due, Unit
from domain.earning.units import LockedUnit, UnitKey, activities_of, lock_known_units_in, lock_units_in
from domain.earning.views import Case
from domain.kernel.expressions import ConditionCache
from domain.kernel.operation import Operation
from domain.kernel.rates import Rate, Rates
from domain.programs.matching import Binding, TermsCache, terms_facts
from domain.programs.program import ProgramFacts

RATES = "SELECT id, from_unit, to_unit, numerator, denominator, valid_from FROM rate"


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What evaluation keeps between operations: parsed terms and compiled conditions, both bounded, both immutable;
    and how many activities a unit takes (at most 10,000).
    """

    terms: TermsCache
    conditions: ConditionCache
    unit_activities_max: int = UNIT_ACTIVITIES_MAX


def closes_at(period_end: datetime, program: ProgramFacts) -> datetime:
    """When a unit's period is closed: at its end, or the program's, and the days of grace after it."""
    ends_at = period_end if program.ends_at is None else min(period_end, program.ends_at)
    return ends_at + timedelta(days=program.grace_days)


class UnitsAreFull(Exception):
    """Activities that do not fit into a unit: external id → the refusal that names the rule."""

    def __init__(self, refused: Mapping[str, UnitIsFull]) -> None:
        super().__init__(f"{len(refused)} activities do not fit")
        self.refused = refused


@dataclass(frozen=True, kw_only=True)
class WalkedUnit:
    """A unit after its walk over `states`. `whole`: these are all its activities, else only the ones added.

    `parameters` are those of the enrollment as of each activity, by its id.
    """

    row: LockedUnit
    binding: Binding
    tally: Tally
    dues: tuple[Due, ...]
    states: tuple[ActivityState, ...]
    whole: bool
    parameters: Mapping[UUID, Mapping[str, object]] = field(default_factory=dict[UUID, Mapping[str, object]])


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """All walked units of a batch, and the ids of the rates that applied, by (from, to, valid from)."""

    units: tuple[WalkedUnit, ...]
    rates: Rates
    rate_ids: dict[tuple[str, str, str], UUID]


async def evaluate(op: Operation, knowledge: Knowledge, changes: Sequence[Change]) -> Evaluated:
    """Locks the units that these changes touch and walks them; nothing is written yet but missing units.

    The number of statements does not depend on the number of changes. Refuses: UnitsAreFull, naming every activity
    that finds no room; of one batch those that occurred first find it.
    """
    placed = await place(op, knowledge.terms, [change.current for change in changes])
    known = [change.current.activity_id for change in changes if change.previous is not None]
    locked = await lock_units_in(op, {one.key: one.new_unit for one in placed}, known)
    rates, rate_ids = await rates_in(op)
    walker = Walker(op=op, knowledge=knowledge, rates=rates)
    added: dict[UnitKey, list[Placed]] = {}
    for one in placed:
        added.setdefault(one.key, []).append(one)
    cases_added = await walker.cases_by_unit(added)
    extended, whole = list[WalkedUnit](), list[LockedUnit]()
    for key, unit in locked.items():
        walked = None if unit.held_changed else walker.extended(unit, added.get(key, []), cases_added.get(key, []))
        if walked is None:
            whole.append(unit)
        else:
            extended.append(walked)
    rewalked = await walker.rewalked(whole, added, {change.current.activity_id for change in changes})
    if walker.refused:
        raise UnitsAreFull(walker.refused)
    return Evaluated(units=(*extended, *rewalked), rates=rates, rate_ids=rate_ids)


async def evaluate_again(op: Operation, knowledge: Knowledge, unit_ids: Collection[UUID]) -> Evaluated:
    """Locks these units and walks each from empty over what it holds, by the facts and rates known now."""
    locked = await lock_known_units_in(op, unit_ids)
    rates, rate_ids = await rates_in(op)
    walker = Walker(op=op, knowledge=knowledge, rates=rates)
    units = await walker.rewalked(list(locked.values()), {}, set())
    return Evaluated(units=tuple(units), rates=rates, rate_ids=rate_ids)


@dataclass(frozen=True, kw_only=True)
class Walker:
    """Walks locked units of one operation; `refused` gathers the activities that found no room."""

    op: Operation
    knowledge: Knowledge
    rates: Rates
    refused: dict[str, UnitIsFull] = field(default_factory=dict[str, UnitIsFull])

    async def cases_by_unit(self, placed: dict[UnitKey, list[Placed]]) -> dict[UnitKey, list[Case]]:
        """The cases of the placed activities, unit by unit."""
        flat = [one for group in placed.values() for one in group]
        made = iter(await cases(self.op, flat)) if flat else iter(())
        return {key: [next(made) for _ in group] for key, group in placed.items()}

    def extended(self, row: LockedUnit, placed: Sequence[Placed], added: Sequence[Case]) -> WalkedUnit | None:
        """The unit with these activities at its end; None where it must be walked whole."""
        unit = self._unit(row, placed[0])
        if not self._fits(unit, row.tally.seen, placed):
            return WalkedUnit(row=row, binding=placed[0].binding, tally=row.tally, dues=(), states=(), whole=False)
        walked = self._walked(unit, row.tally, placed, added)
        if walked.rewalk_needed:
            return None
        return _unit_walked(row, placed, walked, whole=False)

    async def rewalked(
        self, rows: Sequence[LockedUnit], added: dict[UnitKey, list[Placed]], changed: set[UUID]
    ) -> list[WalkedUnit]:
        """The units walked from empty, over what they held (less what changed) and what is added now."""
        if not rows:
            return []
        held = await activities_of(self.op, [row.id for row in rows])
        wanted = {activity_id for ids in held.values() for activity_id in ids} - changed
        states = await states_of(self.op.sql, wanted)
        placed = await self._placed_again(rows, held, states)
        everything = {row.key: [*placed.get(row.key, []), *added.get(row.key, [])] for row in rows}
        made = await self.cases_by_unit(everything)
        empty = await terms_facts(
            self.op.sql, self.knowledge.terms, [row.key.terms_id for row in rows if not everything[row.key]]
        )
        walked = list[WalkedUnit]()
        for row in rows:
            group = everything[row.key]
            if not group:
                binding = empty[row.key.terms_id]
                walked.append(WalkedUnit(row=row, binding=binding, tally=EMPTY, dues=(), states=(), whole=True))
                continue
            unit = self._unit(row, group[0])
            if self._fits(unit, len(placed.get(row.key, ())), added.get(row.key, ())):
                walked.append(_unit_walked(row, group, self._walked(unit, EMPTY, group, made[row.key]), whole=True))
        return walked

    async def _placed_again(
        self, rows: Sequence[LockedUnit], held: dict[UUID, set[UUID]], states: dict[UUID, ActivityState]
    ) -> dict[UnitKey, list[Placed]]:
        ids = {row.key: held[row.id] for row in rows}
        found: dict[UnitKey, list[Placed]] = {}
        for one in await place(self.op, self.knowledge.terms, list(states.values())):
            if one.state.activity_id in ids.get(one.key, ()):
                found.setdefault(one.key, []).append(one)
        return found

    def _fits(self, unit: Unit, held: int, added: Sequence[Placed]) -> bool:
        limit = self.knowledge.unit_activities_max
        excess = held + len(added) - limit
        if excess > 0:
            ordered = sorted(added, key=lambda one: (one.state.occurred_at, one.state.external_id))
            refusal = UnitIsFull(rule=unit.terms.unit_code(unit.rule.code), limit=limit)
            self.refused.update((one.state.external_id, refusal) for one in ordered[max(limit - held, 0) :])
        return excess <= 0 or not added

    def _walked(self, unit: Unit, tally: Tally, placed: Sequence[Placed], made: Sequence[Case]) -> Walk:
        """The walk of the unit, or of the units that a shared cap makes one."""
        shared = unit.terms.shared_cap(unit.rule.code)
        if shared is None:
            return walk(unit, tally, made)
        units = tuple(replace(unit, rule=rule) for rule in unit.terms.rules_of(shared.code))
        by_rule: dict[str, list[Case]] = {}
        for one, case in zip(placed, made, strict=True):
            by_rule.setdefault(one.rule.code, []).append(case)
        return walk_together(Together(units=units, shared=shared), tally, by_rule)

    def _unit(self, row: LockedUnit, placed: Placed) -> Unit:
        return Unit(
            terms=placed.binding.terms,
            terms_id=placed.binding.terms_id,
            terms_version=placed.binding.terms_version,
            rule=placed.rule,
            subject=placed.subject,
            period=placed.period,
            rates=self.rates,
            conditions=self.knowledge.conditions,
            closes_at=closes_at(row.period_end, placed.binding.program),
        )


def _unit_walked(row: LockedUnit, placed: Sequence[Placed], walked: Walk, *, whole: bool) -> WalkedUnit:
    return WalkedUnit(
        row=row,
        binding=placed[0].binding,
        tally=walked.tally,
        dues=walked.dues,
        states=tuple({one.state.activity_id: one.state for one in placed}.values()),
        whole=whole,
        parameters={one.state.activity_id: one.binding.parameters for one in placed},
    )


async def rates_in(op: Operation) -> tuple[Rates, dict[tuple[str, str, str], UUID]]:
    """Every rate, and their ids by (from, to, valid from)."""
    rows = await op.sql.fetch(RATES)
    rates = Rates.of(
        Rate(
            from_unit=row["from_unit"],
            to_unit=row["to_unit"],
            numerator=row["numerator"],
            denominator=row["denominator"],
            valid_from=row["valid_from"],
        )
        for row in rows
    )
    return rates, {(row["from_unit"], row["to_unit"], row["valid_from"].isoformat()): row["id"] for row in rows}
