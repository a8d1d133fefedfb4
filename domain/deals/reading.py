"""Every question the face may ask of deals: registrations, what stands in their way, what was said for them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.deals.conflict import NEED_EVIDENCE, ConflictKind, ConflictState
from domain.deals.machine import HOLDING, DealAction, DealState, available_actions
from domain.deals.policy import DealPolicy
from domain.files.reading import FileRecord, files_of
from domain.kernel.sql import Connection, Database, Row
from domain.kernel.turns import Turn

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

EVIDENCE_FILES = "deal_evidence"
PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

RELATION = relation_sql(member="deal.member_id", partner="deal.partner_id")
DISPUTABLE = f"""EXISTS (
    SELECT FROM deal_conflict AS conflict WHERE conflict.deal_id = deal.id AND (conflict.state = 'DISPUTED'
      OR conflict.state = 'OPEN' AND conflict.due_at > guerdon_now()
      AND conflict.kind IN ({", ".join(f"'{kind}'" for kind in sorted(NEED_EVIDENCE))})))"""
ASKED = """EXISTS (
    SELECT FROM deal_extension AS extension WHERE extension.deal_id = deal.id AND extension.answered_at IS NULL)"""
COLUMNS = f"""
deal.*, {DISPUTABLE} AS disputable, {ASKED} AS extension_asked, guerdon_now() AS now, {RELATION} AS relation
"""
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN deal ON deal.id = asked.id) AS seen
WHERE relation IS NOT NULL
"""
PAGE = f"""
SELECT * FROM (
  SELECT {COLUMNS} FROM {VIEWERS} CROSS JOIN deal
  WHERE ($6::text IS NULL OR deal.state = $6) AND ($7::uuid IS NULL OR deal.partner_id = $7)
    AND ($8::timestamptz IS NULL OR (deal.recorded_at, deal.id) < ($8, $9::uuid)) {{narrowed}}) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $10
"""
SEEN = f"""{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place
JOIN deal ON deal.id = asked.id AND {RELATION} IS NOT NULL"""
CONFLICTS = f"""
SELECT place, conflict.* FROM {SEEN} JOIN deal_conflict AS conflict ON conflict.deal_id = deal.id
ORDER BY place, conflict.recorded_at, conflict.id
"""
# What a former partner said for itself stays between it and the vendor.
EVIDENCE = f"""
SELECT place, evidence.* FROM {SEEN} JOIN deal_evidence AS evidence ON evidence.deal_id = deal.id
WHERE {RELATION} = 'OPERATOR' OR evidence.partner_id = deal.partner_id
ORDER BY place, evidence.n
"""
EXTENSIONS = f"""
SELECT place, extension.* FROM {SEEN} JOIN deal_extension AS extension ON extension.deal_id = deal.id
WHERE {RELATION} = 'OPERATOR' OR extension.partner_id = deal.partner_id
ORDER BY place, extension.n
"""
POLICIES = "SELECT * FROM deal_policy WHERE $1::text IS NULL OR code > $1 ORDER BY code LIMIT $2"


# A narrow viewer gets a condition that an index serves; the relation still decides.
NARROWED: Mapping[Role, str] = {
    Role.MEMBER: "AND deal.member_id = viewer.member_id",
    Role.PARTNER_ADMIN: "AND (deal.partner_id = viewer.partner_id OR deal.member_id = viewer.member_id)",
}


@dataclass(frozen=True, kw_only=True)
class DealRecord:
    """A registration as this viewer may see it. `due_at` is the deadline as it stands now, `customer` what its partner
    says of the customer."""

    id: UUID
    partner_id: UUID
    member_id: UUID
    policy: str
    title: str
    opportunity: str | None
    customer: Mapping[str, Any]
    customer_id: UUID | None
    products: tuple[str, ...]
    value: int | None
    currency: str | None
    state: DealState
    reason: str | None
    note: str | None
    bound: DealPolicy | None
    due_at: datetime | None
    is_with_vendor: bool
    extensions: int
    submitted_at: datetime | None
    approved_at: datetime | None
    won_at: datetime | None
    won_net: int | None
    won_list: int | None
    won_currency: str | None
    recorded_at: datetime
    version: int
    relation: Relation
    available_actions: tuple[DealAction, ...]

    @property
    def holds_customer(self) -> bool:
        """True while nobody else is let in for this customer and these products."""
        return self.state in HOLDING


@dataclass(frozen=True, kw_only=True)
class ConflictRecord:
    """Something in a registration's way; who else is concerned, `against_id` tells the vendor alone."""

    id: UUID
    kind: ConflictKind
    state: ConflictState
    outcome: str | None
    due_at: datetime | None
    against_id: UUID | None
    recorded_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class EvidenceRecord:
    """What was said for a registration, and the files that show it."""

    n: int
    id: UUID
    note: str
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ExtensionRecord:
    """A request for more time: the progress that was stated, and the answer, None while it waits."""

    n: int
    progress: str
    requested_at: datetime
    answered_at: datetime | None
    granted: bool | None


@dataclass(frozen=True, kw_only=True)
class DealPolicyRecord:
    """A policy by its code."""

    id: UUID
    code: str
    policy: DealPolicy
    recorded_at: datetime
    version: int


async def deals_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, DealRecord]:
    """Those of the registrations that the actor may see."""
    rows = await source.fetch(BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _deal(row, pairs[row["place"] - 1][0]) for row in rows}


async def deals_page(
    source: Source,
    actor: Actor,
    *,
    state: DealState | None = None,
    partner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[DealRecord]:
    """A page of the registrations that the actor may see, newest first."""
    page = PAGE.format(narrowed=NARROWED.get(actor.role, ""))
    arguments = (state and state.value, partner_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_deal(row, actor) for row in await source.fetch(page, *viewer_arguments([actor]), *arguments)]


async def conflicts_of_deals(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[ConflictRecord]]:
    """What stands, or stood, in the way of each registration; against which other one, the vendor alone is told."""
    found = defaultdict[Pair, list[ConflictRecord]](list)
    for row in await source.fetch(CONFLICTS, *_asked(pairs)):
        pair = pairs[row["place"] - 1]
        found[pair].append(
            ConflictRecord(
                id=row["id"],
                kind=ConflictKind(row["kind"]),
                state=ConflictState(row["state"]),
                outcome=row["outcome"],
                due_at=row["due_at"],
                against_id=row["against_id"] if pair[0].is_operator else None,
                recorded_at=row["recorded_at"],
                settled_at=row["settled_at"],
            )
        )
    return found


async def evidence_of_deals(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[EvidenceRecord]]:
    """What was said for each registration, in order, at most ten."""
    found = defaultdict[Pair, list[EvidenceRecord]](list)
    for row in await source.fetch(EVIDENCE, *_asked(pairs)):
        found[pairs[row["place"] - 1]].append(
            EvidenceRecord(n=row["n"], id=row["id"], note=row["note"], recorded_at=row["recorded_at"])
        )
    return found


async def files_of_evidence(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[FileRecord]]:
    """The files of each piece of evidence that was handed out."""
    found = await files_of(source, EVIDENCE_FILES, {evidence_id for _, evidence_id in pairs})
    return {pair: found[pair[1]] for pair in pairs if pair[1] in found}


async def extensions_of_deals(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[ExtensionRecord]]:
    """The requests for more time of each registration, in order, at most fifty."""
    found = defaultdict[Pair, list[ExtensionRecord]](list)
    for row in await source.fetch(EXTENSIONS, *_asked(pairs)):
        found[pairs[row["place"] - 1]].append(
            ExtensionRecord(
                n=row["n"],
                progress=row["progress"],
                requested_at=row["requested_at"],
                answered_at=row["answered_at"],
                granted=row["granted"],
            )
        )
    return found


async def deal_policies(source: Source, *, after: str | None = None, limit: int = PAGE_MAX) -> list[DealPolicyRecord]:
    """Policies in order of their codes."""
    return [
        DealPolicyRecord(
            id=row["id"],
            code=row["code"],
            policy=DealPolicy.from_json(row["document"]),
            recorded_at=row["recorded_at"],
            version=row["version"],
        )
        for row in await source.fetch(POLICIES, after, min(limit, PAGE_MAX))
    ]


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return (*viewer_arguments(actor for actor, _ in pairs), [deal_id for _, deal_id in pairs])


def _deal(row: Row, actor: Actor) -> DealRecord:
    state, relation = DealState(row["state"]), Relation(row["relation"])
    actions = available_actions(
        state,
        relation=relation,
        role=actor.role,
        disputable=row["disputable"],
        extension_asked=row["extension_asked"],
    )
    return DealRecord(
        **{
            name: row[name]
            for name in (
                "id",
                "partner_id",
                "member_id",
                "policy",
                "title",
                "opportunity",
                "customer",
                "value",
                "currency",
                "reason",
                "note",
                "extensions",
                "submitted_at",
                "approved_at",
                "won_at",
                "won_net",
                "won_list",
                "won_currency",
                "recorded_at",
                "version",
            )
        },
        customer_id=row["customer_id"] if actor.is_operator else None,
        products=tuple(row["products"]),
        state=state,
        bound=DealPolicy.from_json(row["bound"]) if row["bound"] else None,
        due_at=Turn(due_at=row["due_at"], with_vendor_since=row["with_vendor_since"]).due_by(row["now"]),
        is_with_vendor=row["with_vendor_since"] is not None,
        relation=relation,
        available_actions=actions,
    )
