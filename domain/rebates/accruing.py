"""What periods have accrued, live: estimated until their review, and how far the next tier is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.earning.accruing import AccrualKey as Key
from domain.earning.accruing import Accrued, accrued_of
from domain.kernel.sql import Connection, Database
from domain.programs.effects.brackets import Brackets
from domain.programs.effects.effect import Measure
from domain.programs.matching import Bindable, Binding, TermsCache, bindings
from domain.programs.rules import Rule
from domain.rebates.accrual import NextTier, growth_ppm, next_tier
from domain.rebates.machine import FINAL
from domain.rebates.reading import Pair, Pairs, PeriodRecord, periods_by_id

Source = Database | Connection
EARLIER = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class AccrualRecord:
    """What a period has accrued as of now.

    `total` is what its brackets measure, in minor units of `total_unit` (None: activities or pieces are counted); `due`
    what that is worth, `granted` what the budget gave of it. `difference` is by how much that left the final figure
    since, None while there is none.
    """

    is_final: bool
    total: int
    total_unit: str | None
    activities: int
    due: int
    granted: int
    difference: int | None
    growth_ppm: int | None
    next_tier: NextTier | None
    is_recalculating: bool


async def accruals_of(source: Source, pairs: Pairs, *, terms: TermsCache) -> Mapping[Pair, AccrualRecord]:
    """The accrual of each period that the actor may see; five statements for any number."""
    seen = await periods_by_id(source, pairs)
    records = list({record.id: record for record in seen.values()}.values())
    accrued = await accrued_of(source, [_key(record) for record in records])
    rules = await _rules(source, terms, records, accrued)
    return {pair: _accrual(record, accrued[_key(record)], rules.get(record.id)) for pair, record in seen.items()}


async def _rules(
    source: Source, terms: TermsCache, records: Sequence[PeriodRecord], accrued: Mapping[Key, Accrued]
) -> Mapping[object, tuple[Rule, Mapping[str, object]]]:
    """Of each period the rule and the partner's parameters, as they are now, or were at its end."""
    instants = {record.id: min(record.now, record.ends_at - EARLIER) for record in records}
    triggers = await terms.of(source, {one.terms_id for one in accrued.values() if one.terms_id is not None})
    asked, of = list[Bindable](), list[PeriodRecord]()
    for record in records:
        terms_id = accrued[_key(record)].terms_id
        if terms_id is not None:
            rule = triggers[terms_id].rule(record.rule)
            asked.append(
                Bindable(
                    type=rule.trigger,
                    occurred_at=instants[record.id],
                    bound_at=record.now,
                    member_id=None,
                    partner_id=record.partner_id,
                )
            )
            of.append(record)
    found = dict[object, tuple[Rule, Mapping[str, object]]]()
    for record, bound in zip(of, await bindings(source, terms, asked), strict=True):
        binding: Binding | None = next((one for one in bound if one.program.id == record.program_id), None)
        if binding is not None and any(rule.code == record.rule for rule in binding.terms.rules):
            found[record.id] = (binding.terms.rule(record.rule), binding.parameters)
    return found


def _accrual(record: PeriodRecord, found: Accrued, bound: tuple[Rule, Mapping[str, object]] | None) -> AccrualRecord:
    coming, unit = None, None
    if bound is not None:
        rule, parameters = bound
        if isinstance(rule.effect, Brackets):
            by_basis = rule.effect.measure is Measure.BASIS
            unit = rule.basis_unit if by_basis else None
            total = found.newest_total if by_basis else found.newest_count
            coming = next_tier(rule.effect, total, parameters, rule.rounding)
    is_final = record.state in FINAL
    final = record.final_granted if is_final else None
    return AccrualRecord(
        is_final=is_final,
        total=found.total,
        total_unit=unit,
        activities=found.count,
        due=found.due,
        granted=found.granted,
        difference=None if final is None else found.granted - final,
        growth_ppm=growth_ppm(found.total, record.baseline),
        next_tier=coming,
        is_recalculating=found.is_waiting,
    )


def _key(record: PeriodRecord) -> Key:
    return Key(
        program_id=record.program_id, rule=record.rule, subject_id=record.partner_id, period_start=record.starts_at
    )
