"""What a workflow decided comes in as activities of the workflow's own source, whole, and is awarded at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal, OnChange, RecordedBatch
from domain.activities.sources import (
    SourceDefinition,
    SourceRecord,
    TypeDefinition,
    define_types_in,
    ensure_source_in,
    source_of,
)
from domain.activities.types import UNITS_MAX, declared_type
from domain.earning.evaluating import Knowledge
from domain.earning.recording import record_and_award_in
from domain.kernel.operation import Operation

SOURCE = "SELECT id, code, name, mapping, on_change, backfill FROM source WHERE code = $1"
STANDING = "SELECT code, name, declaration FROM activity_type WHERE code = ANY($1::text[])"
CURRENCIES = "SELECT code FROM unit WHERE kind = 'MONEY' ORDER BY code LIMIT $1"


@dataclass(frozen=True, kw_only=True)
class ReportedType:
    """A type of activity that a workflow reports: its code, its name by locale, its attributes as declarations spell
    them, the amounts it carries (in any currency), and the attribute that is the deal key.
    """

    code: str
    name: Mapping[str, str]
    attributes: Sequence[Mapping[str, Any]] = ()
    amounts: Sequence[str] = ()
    deal_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """Who reports: the code and name of the source, and the types it may report."""

    code: str
    name: str
    types: Sequence[ReportedType]


async def report_in(
    op: Operation,
    knowledge: Knowledge,
    workflow: Workflow,
    items: Sequence[ActivityInput | ActivityReversal],
    *,
    correcting: bool = False,
) -> RecordedBatch:
    """The activities stand and what they earn is posted, all or none: the first refusal of an item is raised.

    An external id is the workflow's own (`<thing's id>` or `<thing's id>:<part>`): reported again with the same content
    it changes nothing, with another it needs `correcting`. The caller has locked its root before.

    Refuses: BatchTooLarge; the first refusal of an item.
    """
    source = await workflow_source_in(op, workflow)
    batch = await record_and_award_in(op, knowledge, source.source_id, items, correcting=correcting)
    for result in batch.results:
        if result.refusal is not None:
            raise result.refusal
    return batch


async def workflow_source_in(op: Operation, workflow: Workflow) -> SourceRecord:
    """The workflow's source, with its types as they are declared today; written only where something differs, so that
    reports do not wait for each other."""
    found = await op.sql.fetchrow(SOURCE, workflow.code)
    currencies = [cast("str", row["code"]) for row in await op.sql.fetch(CURRENCIES, UNITS_MAX)]
    wanted = [_definition(kind, currencies) for kind in workflow.types]
    rows = await op.sql.fetch(STANDING, [kind.code for kind in workflow.types])
    standing = {row["code"]: (row["name"], row["declaration"]) for row in rows}
    changed = [each for each in wanted if standing.get(each.code) != _stored(each)]
    if changed:
        await define_types_in(op, SYSTEM, changed)
    if found is not None:
        return source_of(found)
    definition = SourceDefinition(code=workflow.code, name=workflow.name, on_change=OnChange.REFUSE)
    return await ensure_source_in(op, SYSTEM, definition)


def _definition(kind: ReportedType, currencies: Sequence[str]) -> TypeDefinition:
    declaration: dict[str, Any] = {
        "attributes": [dict(attribute) for attribute in kind.attributes],
        "amounts": [{"basis": basis, "units": list(currencies)} for basis in kind.amounts],
    }
    if kind.deal_key is not None:
        declaration["deal_key"] = kind.deal_key
    return TypeDefinition(code=kind.code, name=kind.name, declaration=declaration)


def _stored(definition: TypeDefinition) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    return definition.name, declared_type(definition.code, definition.name, definition.declaration).document()
