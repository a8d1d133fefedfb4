"""From stored activities to what evaluation is given: placed in units, with facts and parameters as of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.activities.activity import ActivityState
from domain.earning.units import NewUnit, UnitKey
from domain.earning.views import ActivityView, Beneficiary, Case, Facts
from domain.kernel.expressions import ValueType
from domain.kernel.money import Amount
from domain.kernel.operation import Operation
from domain.kernel.periods import Period, period_of, program_window
from domain.partners.facts import QUESTIONS_MAX, FactKind, facts_as_of
from domain.partners.parting import not_earning
from domain.programs.kinds import Aggregation
from domain.programs.matching import Bindable, Binding, TermsCache, bindings
from domain.programs.rules import Basis, Moment, Rule, SubjectKind
from domain.programs.terms import Declared

SOURCES = "SELECT id, code FROM source WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One activity under one rule of the terms that bind it: in which unit it stands."""

    state: ActivityState
    binding: Binding
    rule: Rule
    subject: Beneficiary
    period: Period

    @property
    def key(self) -> UnitKey:
        return UnitKey(
            terms_id=self.binding.terms_id,
            rule=self.binding.terms.unit_code(self.rule.code),
            subject_id=self.subject.id,
            period_start=self.period.start,
        )

    @property
    def new_unit(self) -> NewUnit:
        return NewUnit(program_id=self.binding.program.id, period_end=self.period.end)


async def place(op: Operation, cache: TermsCache, states: Sequence[ActivityState]) -> list[Placed]:
    """Every (activity, rule) pair whose rule the activity's type triggers, with its unit."""
    active = await _of_lasting_relations(op, [state for state in states if state.is_active])
    bound = await bindings(op.sql, cache, [bindable(state) for state in active])
    groups = await _groups(op, list(zip(active, bound, strict=True)))
    return [
        Placed(
            state=state,
            binding=binding,
            rule=rule,
            subject=subject,
            period=period_of(rule.period, state.occurred_at, binding.terms.zone, _window(binding)),
        )
        for state, found in zip(active, bound, strict=True)
        for binding in found
        for rule in binding.terms.rules
        if rule.trigger == state.type and (subject := _subject(rule, state, groups)) is not None
    ]


async def _of_lasting_relations(op: Operation, states: Sequence[ActivityState]) -> list[ActivityState]:
    """The states without those of a partner whose relation was suspended or over when they happened."""
    asked = list({(state.partner_id, state.occurred_at) for state in states if state.partner_id is not None})
    stopped = set[tuple[UUID, datetime]]()
    for start in range(0, len(asked), QUESTIONS_MAX):
        stopped |= await not_earning(op.sql, asked[start : start + QUESTIONS_MAX])
    return [state for state in states if (state.partner_id, state.occurred_at) not in stopped]


def bindable(state: ActivityState) -> Bindable:
    """What binding looks at of an activity."""
    return Bindable(
        type=state.type,
        occurred_at=state.occurred_at,
        bound_at=state.bound_at,
        member_id=state.member_id,
        partner_id=state.partner_id,
    )


async def cases(op: Operation, placed: Sequence[Placed]) -> list[Case]:
    """The case of each placed activity, in the order given; two statements for any number."""
    codes = {
        row["id"]: row["code"] for row in await op.sql.fetch(SOURCES, list({one.state.source_id for one in placed}))
    }
    facts = await _facts(op, placed)
    return [
        Case(
            activity=_view(one.state, codes[one.state.source_id], one.binding.terms.attributes),
            facts=Facts(
                subject=facts.get((one.subject.id, one.state.occurred_at), {}),
                member=_of(facts, one.state.member_id, one.state.occurred_at),
                partner=_of(facts, one.state.partner_id, one.state.occurred_at),
            ),
            parameters=one.binding.parameters,
            withheld=one.binding.withheld,
        )
        for one in placed
    ]


async def views(op: Operation, states: Sequence[ActivityState]) -> dict[UUID, ActivityView]:
    """The states as evaluation sees them, their attributes as stored; one statement for any number."""
    codes = {row["id"]: row["code"] for row in await op.sql.fetch(SOURCES, list({one.source_id for one in states}))}
    return {state.activity_id: _view(state, codes[state.source_id], {}) for state in states}


async def _groups(
    op: Operation, bound: Sequence[tuple[ActivityState, tuple[Binding, ...]]]
) -> Mapping[tuple[UUID, datetime], UUID]:
    """To which group's partner each partner belonged when its activity happened, where a rule asks for that."""
    asked = dict.fromkeys(
        (state.partner_id, state.occurred_at)
        for state, found in bound
        for binding in found
        if state.partner_id is not None
        and any(rule.aggregate is Aggregation.GROUP and rule.trigger == state.type for rule in binding.terms.rules)
    )
    pairs, groups = list(asked), dict[tuple[UUID, datetime], UUID]()
    for start in range(0, len(pairs), QUESTIONS_MAX):
        known = await facts_as_of(op.sql, pairs[start : start + QUESTIONS_MAX], (FactKind.GROUP,))
        groups |= {pair: UUID(str(values[FactKind.GROUP])) for pair, values in known.items()}
    return groups


def _subject(rule: Rule, state: ActivityState, groups: Mapping[tuple[UUID, datetime], UUID]) -> Beneficiary | None:
    subject_id = state.member_id if rule.subject is SubjectKind.MEMBER else state.partner_id
    if rule.aggregate is Aggregation.GROUP and state.partner_id is not None:
        subject_id = groups.get((state.partner_id, state.occurred_at), state.partner_id)
    return None if subject_id is None else Beneficiary(kind=rule.subject, id=subject_id)


def _window(binding: Binding) -> Period:
    return program_window(binding.program.starts_at, binding.program.ends_at)


def _of(
    facts: Mapping[tuple[UUID, datetime], Mapping[str, object]], subject_id: UUID | None, at: datetime
) -> Mapping[str, object]:
    return {} if subject_id is None else facts.get((subject_id, at), {})


async def _facts(op: Operation, placed: Sequence[Placed]) -> Mapping[tuple[UUID, datetime], Mapping[str, object]]:
    """What rules read of dated facts: (subject, instant) → kind → value; the latest where several hold at once."""
    rules = {(one.binding.terms_id, one.rule.code): one for one in placed}.values()
    kinds = sorted({kind for one in rules for kind in one.binding.terms.fact_kinds(one.rule)})
    if not kinds:
        return {}
    asked = list(
        dict.fromkeys(
            (subject_id, one.state.occurred_at)
            for one in placed
            for subject_id in (one.subject.id, one.state.member_id, one.state.partner_id)
            if subject_id is not None
        )
    )
    found: dict[tuple[UUID, datetime], dict[str, Any]] = {}
    for start in range(0, len(asked), QUESTIONS_MAX):
        found |= await facts_as_of(op.sql, asked[start : start + QUESTIONS_MAX], kinds)
    return found


def _view(state: ActivityState, source: str, declared: Mapping[str, Declared]) -> ActivityView:
    attributes = {
        name: datetime.fromisoformat(value)
        if isinstance(value, str) and name in declared and declared[name].type is ValueType.TIMESTAMP
        else value
        for name, value in state.attributes.items()
    }
    moment = state.attributes.get("moment")
    return ActivityView(
        id=state.activity_id,
        revision=state.revision,
        source=source,
        external_id=state.external_id,
        type=state.type,
        occurred_at=state.occurred_at,
        first_recorded_at=state.first_recorded_at,
        member_id=state.member_id,
        partner_id=state.partner_id,
        attributes=attributes,
        amounts={Basis(basis.value): Amount(minor=a.minor, unit=a.unit) for basis, a in state.amounts.items()},
        quantity=state.quantity,
        deal_key=state.deal_key,
        moment=Moment(moment) if isinstance(moment, str) and moment in set(Moment) else Moment.BOOKED,
    )
