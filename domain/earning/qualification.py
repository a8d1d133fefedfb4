"""Judges whether an activity counts for a rule: window, enrollment, moment, condition, cooldown, basis and its rate."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from domain.earning.discount import discount_ppm, step_of
from domain.earning.explanation import Reason, told_at
from domain.earning.unit import Judged, Lowered, Running, Unit
from domain.earning.views import Case
from domain.kernel.expressions import Condition, ExpressionProblem, value_fits
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, Rounding
from domain.kernel.rates import Rate, RateMissing, converted
from domain.programs.document import number_value
from domain.programs.effects.effect import Totals
from domain.programs.rules import Basis

ONE = Fraction(1)
AMOUNT_NAMES: Mapping[str, Basis] = {
    f"amount_{basis.value.lower()}": basis for basis in Basis if basis is not Basis.UNITS
}
SHOWN_CHARACTERS_MAX = 200

Read = Callable[[Running, Case], object]


class Qualification:
    """The judge of one unit's activities; each one judged advances the running totals when it counts."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._condition: Condition | ExpressionProblem | None = None
        if unit.rule.condition is not None:
            self._condition = unit.conditions.compiled(unit.rule.condition, unit.terms.variables, unit.terms.digest)
        self._readers = tuple(
            (name, read_of(name, unit), unit.terms.variables[name], unit.terms.defaults.get(name))
            for name in (self._condition.variables if isinstance(self._condition, Condition) else ())
        )
        self._matched = Reason(
            code="RULE_MATCHED",
            facts={"rule": unit.rule.code, "terms": str(unit.terms_id), "version": unit.terms_version},
        )

    def judged(self, running: Running, case: Case) -> Judged | Reason:
        """The activity as it counts, the running totals now including it; or the reason why it does not."""
        reasons = [self._matched]
        hindrance = self._outside(case) or self._unmet(running, case, reasons) or self._paused(running, case)
        if hindrance is not None:
            return hindrance
        lowered = self._lowered(case)
        if isinstance(lowered, Reason):
            return lowered
        basis = self._basis(case, reasons)
        if isinstance(basis, Reason):
            return basis
        factor = self._factor(case, reasons)
        if isinstance(factor, Reason):
            return factor
        before = running.totals
        after = Totals(count=before.count + 1, basis=before.basis + basis)
        if after.basis > AMOUNT_ABSOLUTE_MAX:
            return Reason(code="AMOUNT_OUT_OF_BOUNDS", facts={})
        running.totals = after
        running.quantity_total += case.activity.quantity
        running.last_counted_at = case.activity.occurred_at
        return Judged(
            case=case, basis=basis, factor=factor, before=before, after=after, reasons=tuple(reasons), lowered=lowered
        )

    def _outside(self, case: Case) -> Reason | None:
        activity, rule = case.activity, self._unit.rule
        if not self._unit.terms.window.holds(activity.occurred_at):
            return Reason(code="OUTSIDE_WINDOW", facts={"occurred_at": self._told(activity.occurred_at)})
        if case.withheld is not None:
            told = {name: self._told_if_instant(name, value) for name, value in case.withheld.facts.items()}
            return Reason(code=case.withheld.code, facts=told)
        if not case.enrolled:
            return Reason(code="NOT_ENROLLED", facts={"occurred_at": self._told(activity.occurred_at)})
        if rule.moment is not None and activity.moment is not rule.moment:
            facts = {"expected": rule.moment.value, "moment": activity.moment.value}
            return Reason(code="MOMENT_OTHER", facts=facts)
        if rule.course.sought is not None and activity.deal_key is None:
            return Reason(code="DEAL_MISSING", facts={"trigger": rule.course.sought.trigger})
        return None

    def _lowered(self, case: Case) -> Lowered | Reason | None:
        """What the discount takes of the reward; a reason where it bars it or is not known."""
        steps = self._unit.rule.discount
        if not steps:
            return None
        discount = discount_ppm(case.activity)
        if discount is None:
            return Reason(code="DISCOUNT_UNKNOWN", facts={})
        step = step_of(steps, discount, case.parameters)
        if step is None:
            return None
        above, keeps = number_value(step.above_ppm, case.parameters), number_value(step.keeps_ppm, case.parameters)
        if keeps == 0:
            return Reason(code="DISCOUNT_BARRED", facts={"discount": discount, "above": above})
        return Lowered(discount=discount, above=above, keeps_ppm=keeps)

    def _unmet(self, running: Running, case: Case, reasons: list[Reason]) -> Reason | None:
        condition, rule = self._condition, self._unit.rule
        if condition is None:
            return None
        if isinstance(condition, ExpressionProblem):
            return Reason(code="CONDITION_ERROR", facts={"rule": rule.code, "problem": condition.reason})
        values: dict[str, object] = {}
        for name, read, value_type, default in self._readers:
            value = read(running, case)
            value = default if value is None else value
            if value is not None and value_fits(value, value_type):
                values[name] = value
        holds = condition.holds(values)
        if isinstance(holds, ExpressionProblem):
            return Reason(code="CONDITION_ERROR", facts={"rule": rule.code, "problem": holds.reason})
        facts: dict[str, object] = {"rule": rule.code, "inputs": _shown(values)}
        if not holds:
            return Reason(code="CONDITION_FALSE", facts=facts)
        reasons.append(Reason(code="CONDITION_TRUE", facts=facts))
        return None

    def _paused(self, running: Running, case: Case) -> Reason | None:
        pause = self._unit.rule.cooldown_minutes
        if pause is None or running.last_counted_at is None:
            return None
        until = running.last_counted_at + timedelta(minutes=number_value(pause, case.parameters))
        if case.activity.occurred_at >= until:
            return None
        return Reason(code="COOLDOWN", facts={"pause_until": self._told(until)})

    def _basis(self, case: Case, reasons: list[Reason]) -> int | Reason:
        rule = self._unit.rule
        if rule.basis is Basis.UNITS:
            return case.activity.quantity
        amount = case.activity.amounts.get(rule.basis)
        if amount is None:
            is_needed = rule.effect.uses_basis
            return Reason(code="BASIS_MISSING", facts={"basis": rule.basis.value}) if is_needed else 0
        if not rule.effect.uses_basis:
            return max(amount.minor, 0) if amount.unit == rule.basis_unit else 0
        if amount.minor < 0:
            facts = {"basis": rule.basis.value, "basis_amount": amount.minor, "basis_unit": amount.unit}
            return Reason(code="BASIS_NEGATIVE", facts=facts)
        if amount.unit == rule.basis_unit or rule.basis_unit is None:
            return amount.minor
        rate = self._rate(amount.unit, rule.basis_unit, case.activity.occurred_at, reasons)
        if isinstance(rate, Reason):
            return rate
        basis = converted(amount.minor, rate, Rounding.HALF_EVEN)
        return basis if basis <= AMOUNT_ABSOLUTE_MAX else Reason(code="AMOUNT_OUT_OF_BOUNDS", facts={})

    def _factor(self, case: Case, reasons: list[Reason]) -> Fraction | Reason:
        rule, award_unit = self._unit.rule, self._unit.terms.unit
        if not rule.effect.converts or rule.basis_unit is None or rule.basis_unit == award_unit:
            return ONE
        rate = self._rate(rule.basis_unit, award_unit, case.activity.occurred_at, reasons)
        return rate if isinstance(rate, Reason) else rate.factor()

    def _rate(self, from_unit: str, to_unit: str, at: datetime, reasons: list[Reason]) -> Rate | Reason:
        facts: dict[str, object] = {"from_unit": from_unit, "to_unit": to_unit}
        try:
            rate = self._unit.rates.as_of(from_unit, to_unit, at)
        except RateMissing:
            return Reason(code="RATE_MISSING", facts={**facts, "rated_at": self._told(at)})
        dated = {"rate": rate.text(), "valid_from_at": rate.valid_from.isoformat()}
        reasons.append(Reason(code="RATE_USED", facts={**facts, **dated}))
        return rate

    def _told_if_instant(self, name: str, value: object) -> object:
        return self._told(datetime.fromisoformat(str(value))) if name.endswith("_at") else value

    def _told(self, instant: datetime) -> str:
        return told_at(instant, self._unit.terms.zone)


def _shown(values: Mapping[str, object]) -> Mapping[str, object]:
    """The values in JSON terms, long text cut; usually they are so already."""
    shown = dict(values)
    for name, value in values.items():
        if isinstance(value, datetime):
            shown[name] = value.isoformat()
        elif isinstance(value, str) and len(value) > SHOWN_CHARACTERS_MAX:
            shown[name] = value[:SHOWN_CHARACTERS_MAX]
    return shown


def read_of(variable: str, unit: Unit) -> Read:
    """What reads the variable off the tally and the case; it answers None where the value is absent."""
    root, name = variable.split(".", 1)
    if root == "activity":
        return _activity_read(name, unit)
    if root == "tally":
        return _tally_read(name)
    if root == "parameters":
        return lambda running, case: case.parameters.get(name)
    if variable == "member.id":
        return lambda running, case: _id_text(case.activity.member_id)
    if variable == "partner.id":
        return lambda running, case: _id_text(case.activity.partner_id)
    if root == "member":
        return lambda running, case: case.facts.member.get(name)
    if root == "partner":
        return lambda running, case: case.facts.partner.get(name)
    return lambda running, case: case.facts.subject.get(name)


def _activity_read(name: str, unit: Unit) -> Read:
    if name in unit.terms.attributes:
        return lambda running, case: case.activity.attributes.get(name)
    if name in AMOUNT_NAMES:
        basis, basis_unit = AMOUNT_NAMES[name], unit.rule.basis_unit

        def amount_read(running: Running, case: Case) -> object:
            amount = case.activity.amounts.get(basis)
            return amount.minor if amount is not None and basis_unit in (None, amount.unit) else None

        return amount_read
    built_in: dict[str, Read] = {
        "source": lambda running, case: case.activity.source,
        "external_id": lambda running, case: case.activity.external_id,
        "type": lambda running, case: case.activity.type,
        "occurred_at": lambda running, case: case.activity.occurred_at,
        "quantity": lambda running, case: case.activity.quantity,
        "discount_ppm": lambda running, case: discount_ppm(case.activity),
    }
    return built_in[name]


def _tally_read(name: str) -> Read:
    totals: dict[str, Read] = {
        "count": lambda running, case: running.totals.count,
        "basis_total": lambda running, case: running.totals.basis,
        "quantity_total": lambda running, case: running.quantity_total,
        "due_total": lambda running, case: running.due_total,
    }
    return totals[name]


def _id_text(found: UUID | None) -> str | None:
    return None if found is None else str(found)
