"""Registers the partners and members that an import's side files name, before its rows name them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from uuid import UUID

from domain.access.principals import Actor
from domain.activities.mapping import MembersFrom, PartnersFrom, Row, RowMapping
from domain.kernel.operation import Door
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import BATCH_MAX, ItemResult, MemberRow, PartnerRow, PartnerType, Result

Table = Mapping[str, Row]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PeopleRegistered:
    """How many partners and members stand, and who was refused: (external id, why)."""

    partners: int = 0
    members: int = 0
    refused: tuple[tuple[str, str], ...] = ()


async def register_people(
    door: Door, actor: Actor, source_id: UUID, mapping: RowMapping, files: Mapping[str, Table]
) -> PeopleRegistered:
    """Partners, then members, of the mapping's side files stand, in batches of a thousand; the same again is no change.

    One that is refused loses no other: the rows that name it will say so.
    """
    partners: list[ItemResult] = []
    members: list[ItemResult] = []
    if mapping.partners is not None:
        for rows in _batches(partner_rows(mapping.partners, files[mapping.partners.file])):
            partners += await door.operate(actor, lambda op, rows=rows: register_partners_in(op, source_id, rows))
    if mapping.members is not None:
        for rows in _batches(member_rows(mapping.members, files[mapping.members.file])):
            members += await door.operate(actor, lambda op, rows=rows: register_members_in(op, source_id, rows))
    return PeopleRegistered(
        partners=sum(result.result is not Result.REFUSED for result in partners),
        members=sum(result.result is not Result.REFUSED for result in members),
        refused=tuple(
            (result.external_id, str(result.refusal)) for result in (*partners, *members) if result.refusal is not None
        ),
    )


def partner_rows(stated: PartnersFrom, table: Table) -> Iterator[PartnerRow]:
    """The partners of a table, each once: the first row of an external id says its name."""
    seen: set[str] = set()
    for row in table.values():
        external_id = row[stated.external_id].strip()
        if external_id and external_id not in seen:
            seen.add(external_id)
            yield PartnerRow(
                external_id=external_id,
                name=row[stated.name].strip() or external_id,
                types=tuple(PartnerType(name) for name in stated.types),
            )


def member_rows(stated: MembersFrom, table: Table) -> Iterator[MemberRow]:
    """The members of a table, each once, with the partner each stands under."""
    seen: set[str] = set()
    for row in table.values():
        external_id = row[stated.external_id].strip()
        if external_id and external_id not in seen:
            seen.add(external_id)
            yield MemberRow(
                external_id=external_id,
                name=row[stated.name].strip() or external_id,
                partner_external_id=(row[stated.partner].strip() or None) if stated.partner else None,
                locale=stated.locale,
            )


def _batches(rows: Iterator[T]) -> Iterator[Sequence[T]]:
    while batch := list(islice(rows, BATCH_MAX)):
        yield batch
