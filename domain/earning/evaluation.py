"""Walks a unit of evaluation: its activities in order of occurrence become dues, each with its explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.earning.credit import Credit
from domain.earning.qualification import Qualification
from domain.earning.tally import UNIT_ACTIVITIES_MAX, Tally
from domain.earning.unit import Due, Judged, Running, Unit
from domain.earning.views import Case, OrderKey
from domain.programs.effects.effect import Totals


class UnitTooLong(ValueError):
    """More than 10,000 activities in one unit."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The tally after the walk and the dues of its activities; after `rewalk_needed` nothing was done."""

    tally: Tally
    dues: tuple[Due, ...]
    rewalk_needed: bool = False


def walk(unit: Unit, tally: Tally, cases: Sequence[Case]) -> Walk:
    """The dues of these activities, which extend the tally; each activity has one or more dues, non-awards are 0.

    Asks for a re-walk, and does nothing, when an activity is not later than all that the tally has seen, or when a
    retroactive rate changes: the caller then walks from the empty tally with every activity of the unit.
    Refuses: UnitTooLong above 10,000 activities; ValueError for one activity given twice.
    """
    ordered = sorted((case for case in cases if case.activity.type == unit.rule.trigger), key=_order)
    if tally.seen + len(ordered) > UNIT_ACTIVITIES_MAX:
        raise UnitTooLong(f"a unit holds at most {UNIT_ACTIVITIES_MAX} activities")
    keys = [case.activity.order for case in ordered]
    if any(keys[index] == keys[index - 1] for index in range(1, len(keys))):
        raise ValueError("an activity stands once in a walk")
    if not ordered:
        return Walk(tally=tally, dues=())
    if tally.last_key is not None and keys[0] <= tally.last_key:
        return Walk(tally=tally, dues=(), rewalk_needed=True)
    running = Running(
        seen=tally.seen + len(ordered),
        totals=Totals(count=tally.count, basis=tally.basis_total),
        quantity_total=tally.quantity_total,
        due_total=tally.due_total,
        last_counted_at=tally.last_counted_at,
        milestones=tally.milestones,
        caps=dict(tally.caps),
    )
    walked = _rerated(unit, tally, running, ordered) if unit.rule.effect.rerates else _valued(unit, running, ordered)
    if walked is None:
        return Walk(tally=tally, dues=(), rewalk_needed=True)
    dues, rated_at = walked
    return Walk(tally=_tally(running, keys[-1], rated_at), dues=tuple(dues))


def _order(case: Case) -> OrderKey:
    return case.activity.order


def _valued(unit: Unit, running: Running, ordered: Sequence[Case]) -> tuple[list[Due], int | None]:
    judge, credit = Qualification(unit), Credit(unit, running)
    dues: list[Due] = []
    for case in ordered:
        judged = judge.judged(running, case)
        if isinstance(judged, Judged):
            dues.extend(credit.dues(judged, judged.after, case.parameters))
        else:
            dues.append(credit.nothing(case, judged))
    return dues, None


def _rerated(
    unit: Unit, tally: Tally, running: Running, ordered: Sequence[Case]
) -> tuple[list[Due], int | None] | None:
    judge, credit = Qualification(unit), Credit(unit, running)
    found = [(case, judge.judged(running, case)) for case in ordered]
    counted = [judged for _, judged in found if isinstance(judged, Judged)]
    rated_at = tally.rated_at
    parameters: Mapping[str, object] = {}
    if counted:
        # The whole unit is rated by the parameters of its latest activity.
        parameters = counted[-1].case.parameters
        rated_at = unit.rule.effect.unit_rate(running.totals, parameters)
        if tally.count and rated_at != tally.rated_at:
            return None
    dues: list[Due] = []
    for case, judged in found:
        if isinstance(judged, Judged):
            dues.extend(credit.dues(judged, running.totals, parameters))
        else:
            dues.append(credit.nothing(case, judged))
    return dues, rated_at


def _tally(running: Running, last_key: OrderKey, rated_at: int | None) -> Tally:
    return Tally(
        seen=running.seen,
        count=running.totals.count,
        basis_total=running.totals.basis,
        quantity_total=running.quantity_total,
        due_total=running.due_total,
        last_key=last_key,
        last_counted_at=running.last_counted_at,
        milestones=running.milestones,
        rated_at=rated_at,
        caps=running.caps,
    )
