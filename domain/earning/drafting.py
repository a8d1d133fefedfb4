"""From walked units to drafts: each due becomes the line it was before, or a new one; what vanished is due nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.activities.activity import ActivityState
from domain.earning.evaluating import WalkedUnit
from domain.earning.explanation import told_at
from domain.earning.lines import Line, LineKey, lines_of_units
from domain.earning.unit import Due
from domain.earning.views import OrderKey
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation

GRANTED_ALREADY = ("CAMPAIGN_COUNT", "CAMPAIGN_CAP", "BUDGET_TRIM")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a line's activity stands in time, and whose partner it was: for the order of trimming and the events."""

    order: OrderKey
    partner_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A line as it is to stand (`line`) beside what it stood at (`stored`, None for a new one).

    `origin` and the enrollment's `parameters` are those of its activity, where that is known to the operation.
    """

    line: Line
    stored: Line | None
    origin: Origin | None = None
    parameters: Mapping[str, object] | None = None

    @property
    def rise(self) -> int:
        """What is asked of campaigns and budgets; negative where the due shrank."""
        return self.line.asked - (self.stored.asked if self.stored else 0)

    @property
    def is_changed(self) -> bool:
        return self.stored is None or self.line != self.stored


def origin_of(state: ActivityState) -> Origin:
    """The origin of this activity's lines."""
    return Origin(order=(state.occurred_at, str(state.source_id), state.external_id), partner_id=state.partner_id)


def said_waiting(line: Line, zone: ZoneInfo) -> Line:
    """The line, whose last reason says that it waits for the close of its period, if it does and is due something."""
    told = [reason for reason in line.explanation if reason["code"] != "WAITS_FOR_CLOSE"]
    if line.waits_until is not None and line.due > 0:
        told.append({"code": "WAITS_FOR_CLOSE", "facts": {"closes_at": told_at(line.waits_until, zone)}})
    return replace(line, explanation=told)


async def draft(op: Operation, walked: Sequence[WalkedUnit]) -> list[Draft]:
    """A draft for every due of the walked units, and for every stored line that its unit no longer has.

    `due` is still the amount before stacking. One statement for any number.
    """
    whole = {unit.row.id for unit in walked if unit.whole}
    # A milestone that was lost keeps its line, and a unit that is only extended may reach it again.
    reaching = {unit.row.id for unit in walked if any(due.milestone for due in unit.dues)} - whole
    stored = {line.key: line for line in await lines_of_units(op, whole, reaching)}
    ids = iter(new_ids(sum(len(unit.dues) for unit in walked)))
    drafts, known = list[Draft](), dict[UUID, Origin]()
    for unit in walked:
        origins = {state.activity_id: origin_of(state) for state in unit.states}
        known |= origins
        for due in unit.dues:
            before = stored.pop(_key(unit, due), None)
            found = due.activity_id
            drafts.append(
                Draft(
                    line=_line(unit, due, before, ids),
                    stored=before,
                    origin=origins.get(found) if found else None,
                    parameters=unit.parameters.get(found) if found else None,
                )
            )
    for line in stored.values():
        if line.tally_id in whole and (line.own_due or line.granted or line.bundles):
            origin = known.get(line.activity_id) if line.activity_id else None
            drafts.append(Draft(line=_gone(line), stored=line, origin=origin))
    return drafts


def _key(unit: WalkedUnit, due: Due) -> LineKey:
    return (unit.row.id, due.rule, due.activity_id or due.milestone or "", due.beneficiary.id)


def _line(unit: WalkedUnit, due: Due, before: Line | None, ids: Iterator[UUID]) -> Line:
    rule = unit.binding.terms.rule(due.rule)
    explanation = due.explanation.to_json()
    if before is not None:
        explanation += [reason for reason in before.explanation if reason["code"] in GRANTED_ALREADY]
    line = Line(
        id=before.id if before else next(ids),
        tally_id=unit.row.id,
        program_id=unit.binding.program.id,
        terms_id=unit.binding.terms_id,
        rule=due.rule,
        activity_id=due.activity_id,
        milestone=due.milestone,
        beneficiary_kind=due.beneficiary.kind.value,
        beneficiary_id=due.beneficiary.id,
        unit=due.unit,
        own_due=due.amount,
        due=due.amount,
        granted=before.granted if before else 0,
        awards=before.awards if before else 0,
        deal_key=due.deal_key,
        stacking_group=rule.stacking.group if rule.stacking else None,
        occurred_at=due.occurred_at,
        matures_at=due.matures_at,
        expires_at=due.expires_at,
        explanation=explanation,
        is_weighed=rule.is_weighed,
        waits_until=before.waits_until if before else due.waits_until,
    )
    return said_waiting(line, unit.binding.terms.zone)


def _gone(line: Line) -> Line:
    return replace(line, own_due=0, due=0, explanation=[{"code": "NO_LONGER_COUNTS", "facts": {}}])
