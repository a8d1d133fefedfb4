"""From walked units to drafts: each due becomes the line it was before, or a new one; what vanished is due nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from domain.earning.evaluating import WalkedUnit
from domain.earning.lines import Line, LineKey, lines_of_units
from domain.earning.unit import Due
from domain.earning.weighing import GRANTED_ALREADY, Draft
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation


async def draft(op: Operation, walked: Sequence[WalkedUnit]) -> list[Draft]:
    """A draft for every due of the walked units, and for every stored line that its unit no longer has.

    `due` is still the amount before stacking. One statement for any number.
    """
    whole = {unit.row.id for unit in walked if unit.whole}
    # A milestone that was lost keeps its line, and a unit that is only extended may reach it again.
    reaching = {unit.row.id for unit in walked if any(due.milestone for due in unit.dues)} - whole
    stored = {line.key: line for line in await lines_of_units(op, whole, reaching)}
    ids = iter(new_ids(sum(len(unit.dues) for unit in walked)))
    drafts = list[Draft]()
    for unit in walked:
        for due in unit.dues:
            before = stored.pop(_key(unit, due), None)
            drafts.append(Draft(line=_line(unit, due, before, ids), stored=before))
    left = [
        line for line in stored.values() if line.tally_id in whole and (line.own_due or line.granted or line.bundles)
    ]
    drafts.extend(Draft(line=_gone(line), stored=line) for line in left)
    return drafts


def _key(unit: WalkedUnit, due: Due) -> LineKey:
    return (unit.row.id, due.activity_id or due.milestone or "", due.beneficiary.id)


def _line(unit: WalkedUnit, due: Due, before: Line | None, ids: Iterator[UUID]) -> Line:
    rule = unit.binding.terms.rule(unit.row.key.rule)
    explanation = due.explanation.to_json()
    if before is not None:
        explanation += [reason for reason in before.explanation if reason["code"] in GRANTED_ALREADY]
    return Line(
        id=before.id if before else next(ids),
        tally_id=unit.row.id,
        program_id=unit.binding.program.id,
        terms_id=unit.binding.terms_id,
        rule=unit.row.key.rule,
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
    )


def _gone(line: Line) -> Line:
    return replace(line, own_due=0, due=0, explanation=[{"code": "NO_LONGER_COUNTS", "facts": {}}])
