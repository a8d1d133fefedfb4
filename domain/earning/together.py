"""Walks the units that a shared cap makes one: each rule for itself, then the cap over all their dues in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from domain.earning.caps import left_by, used
from domain.earning.evaluation import UnitTooLong, Walk, walk
from domain.earning.explanation import Explanation, Reason
from domain.earning.tally import EMPTY, UNIT_ACTIVITIES_MAX, CapUse, Tally
from domain.earning.unit import Due, Unit
from domain.earning.views import Case, OrderKey
from domain.kernel.periods import period_of
from domain.programs.caps import Cap, SharedCap

Parameters = Mapping[OrderKey, Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Together:
    """One unit of evaluation over several rules of the terms, in their order; all of one subject and period."""

    units: tuple[Unit, ...]
    shared: SharedCap


def walk_together(together: Together, tally: Tally, cases: Mapping[str, Sequence[Case]]) -> Walk:
    """As `walk`, over the cases of each rule by its code: the rules' own caps come first, then the shared ones, in
    order of occurrence and, for one activity, in the order of the rules.

    Refuses: as `walk`; UnitTooLong also for all rules together.
    """
    keys = sorted(
        case.activity.order
        for unit in together.units
        for case in cases.get(unit.rule.code, ())
        if case.activity.type == unit.rule.trigger
    )
    if tally.seen + len(keys) > UNIT_ACTIVITIES_MAX:
        raise UnitTooLong(f"a unit holds at most {UNIT_ACTIVITIES_MAX} activities")
    if not keys:
        return Walk(tally=tally, dues=())
    if tally.last_key is not None and keys[0] <= tally.last_key:
        return Walk(tally=tally, dues=(), rewalk_needed=True)
    walks = [
        (unit, walk(unit, tally.parts.get(unit.rule.code, EMPTY), cases.get(unit.rule.code, ())))
        for unit in together.units
    ]
    if any(walked.rewalk_needed for _, walked in walks):
        return Walk(tally=tally, dues=(), rewalk_needed=True)
    places = {unit.rule.code: place for place, unit in enumerate(together.units)}
    dues = sorted(
        chain.from_iterable(walked.dues for _, walked in walks), key=lambda due: (due.order, places[due.rule])
    )
    parameters = {case.activity.order: case.parameters for case in chain.from_iterable(cases.values())}
    uses = dict(tally.caps)
    capped = tuple(_capped(together, due, parameters, uses) for due in dues)
    parts = {unit.rule.code: walked.tally for unit, walked in walks}
    after = Tally(seen=tally.seen + len(keys), last_key=keys[-1], caps=uses, parts=parts)
    return Walk(tally=after, dues=capped)


def _capped(together: Together, due: Due, parameters: Parameters, uses: dict[str, CapUse]) -> Due:
    """The due within the shared caps, whose use it adds to."""
    shared, given = together.shared, parameters.get(due.order, {})
    bears = any(reason.code == "GRANTS_BUNDLE" for reason in due.explanation.reasons)
    if due.amount == 0 and not bears:
        return due
    amount, told = due.amount, list[Reason]()
    found: list[tuple[str, CapUse]] = []
    for index, cap in enumerate(shared.caps):
        key = f"{index}:{due.beneficiary.kind}:{due.beneficiary.id}"
        use = used(uses, key, _period_key(together, cap, due.occurred_at))
        found.append((key, use))
        left = left_by(cap, use, amount, given, is_paid=amount > 0 or (bears and not told))
        amount = left.amount
        if left.limit is not None:
            code = "SHARED_CAP_COUNT" if left.limit == "count" else "SHARED_CAP_AMOUNT"
            facts = {**left.facts, "shared_cap": shared.code, "rules": ", ".join(shared.rules)}
            facts |= {"cap_unit": due.unit, "unit": due.unit} if left.limit == "amount" else {}
            told.append(Reason(code=code, facts=facts))
    counts = amount > 0 or (bears and due.amount == 0 and not told)
    for key, use in found:
        uses[key] = CapUse(period=use.period, amount=use.amount + amount, count=use.count + counts)
    if not told:
        return due
    kept = [reason for reason in due.explanation.reasons if counts or reason.code != "GRANTS_BUNDLE"]
    return replace(due, amount=amount, explanation=Explanation(tuple(kept)).plus(*told))


def _period_key(together: Together, cap: Cap, at: datetime) -> str:
    unit = together.units[0]
    return unit.period.key if cap.period is unit.period.kind else period_of(cap.period, at, unit.terms.zone).key
