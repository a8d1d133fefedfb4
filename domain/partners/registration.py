"""What a source may say of partners and members, judged as values: bounds, repeats, hierarchy and membership."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from domain.kernel.refusals import LOCALES, InvalidInput, Refusal
from domain.partners.refusals import HierarchyRefused, MembershipOutOfOrder, PartnerUnknown, RepeatedInBatch

BATCH_MAX = 1_000
EXTERNAL_ID_LENGTH_MAX = 128
NAME_LENGTH_MAX = 200
EMAIL_LENGTH_MAX = 254
HIERARCHY_LEVELS_MAX = 8
# A first membership whose beginning nobody told holds for all the past, so that history can be imported later.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class PartnerType(StrEnum):
    """What kind of firm a partner is."""

    VAR = "VAR"
    MSP = "MSP"
    ISV = "ISV"
    SI = "SI"
    DISTRIBUTOR = "DISTRIBUTOR"
    AGENCY = "AGENCY"
    CONSULTANT = "CONSULTANT"
    AFFILIATE = "AFFILIATE"
    STARTUP = "STARTUP"
    EDUCATION = "EDUCATION"
    NONPROFIT = "NONPROFIT"
    APP = "APP"


class JourneyStage(StrEnum):
    """How far the partnership has come."""

    CONSIDERATION = "CONSIDERATION"
    CONVERSION = "CONVERSION"
    ENGAGEMENT = "ENGAGEMENT"
    ENDING = "ENDING"


class MemberKind(StrEnum):
    """A partner's person, or one of the vendor's own."""

    REP = "REP"
    VENDOR_STAFF = "VENDOR_STAFF"


class Result(StrEnum):
    """What became of one row of a batch."""

    REGISTERED = "REGISTERED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, kw_only=True)
class PartnerRow:
    """All that a source says of a partner; what is left out is thereby unsaid."""

    external_id: str
    name: str
    types: tuple[PartnerType, ...] = ()
    parent_external_id: str | None = None
    country: str | None = None
    vertical: str | None = None
    size: str | None = None
    journey_stage: JourneyStage = JourneyStage.ENGAGEMENT


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """All that a source says of a member.

    `partner_since` dates the beginning of the membership under `partner_external_id`: unsaid, a first membership holds
    from the beginning and a later one from now. It is not read again while the member stays with the partner.
    """

    external_id: str
    name: str
    partner_external_id: str | None = None
    kind: MemberKind = MemberKind.REP
    email: str | None = None
    locale: str = "en"
    partner_since: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ItemResult:
    """What became of one row; `id` is None and `refusal` says why where it was refused."""

    external_id: str
    result: Result
    id: UUID | None = None
    refusal: Refusal | None = None


class _Row(Protocol):
    @property
    def external_id(self) -> str: ...


R = TypeVar("R", bound=_Row)
# The field and what must hold of it.
Trouble = tuple[str, str] | None


@dataclass(kw_only=True)
class Batch(Generic[R]):
    """A batch sorted out: which rows to write, by external id in order of it, and which places were refused."""

    rows: Sequence[R]
    accepted: dict[str, R]
    refused: dict[int, Refusal] = field(default_factory=dict[int, Refusal])

    def refuse(self, external_id: str, refusal: Refusal) -> None:
        """The row under this external id is not written."""
        row = self.accepted.pop(external_id)
        for place, other in enumerate(self.rows):
            if other == row and place not in self.refused:
                self.refused[place] = refusal

    def results(self, done: Mapping[str, tuple[UUID, Result]]) -> list[ItemResult]:
        """One result per row, in the order given; an exact repeat inside the batch is unchanged."""
        seen: set[str] = set()
        results: list[ItemResult] = []
        for place, row in enumerate(self.rows):
            if place in self.refused:
                results.append(
                    ItemResult(external_id=row.external_id, result=Result.REFUSED, refusal=self.refused[place])
                )
                continue
            row_id, result = done[row.external_id]
            result = Result.UNCHANGED if row.external_id in seen else result
            seen.add(row.external_id)
            results.append(ItemResult(external_id=row.external_id, result=result, id=row_id))
        return results


def partner_batch(rows: Sequence[PartnerRow]) -> Batch[PartnerRow]:
    """The partners to write. Refuses: InvalidInput for more than 1,000 rows; bad rows are refused one by one."""
    return _sorted_out(rows, _partner_trouble)


def member_batch(rows: Sequence[MemberRow]) -> Batch[MemberRow]:
    """The members to write. Refuses: InvalidInput for more than 1,000 rows; bad rows are refused one by one."""
    return _sorted_out(rows, _member_trouble)


def _sorted_out(rows: Sequence[R], trouble_of: Callable[[R], Trouble]) -> Batch[R]:
    if len(rows) > BATCH_MAX:
        raise InvalidInput(field="items", problem=f"at most {BATCH_MAX}")
    batch = Batch[R](rows=rows, accepted={})
    for place, row in enumerate(rows):
        trouble = trouble_of(row)
        if trouble is not None:
            batch.refused[place] = InvalidInput(field=trouble[0], problem=trouble[1])
        elif batch.accepted.setdefault(row.external_id, row) != row:
            batch.refused[place] = RepeatedInBatch(external_id=row.external_id)
    batch.accepted = dict(sorted(batch.accepted.items()))
    return batch


def _partner_trouble(row: PartnerRow) -> Trouble:
    return (
        _text("externalId", row.external_id, EXTERNAL_ID_LENGTH_MAX)
        or _text("name", row.name, NAME_LENGTH_MAX)
        or (None if row.parent_external_id is None else _text("parent", row.parent_external_id, EXTERNAL_ID_LENGTH_MAX))
        or (None if row.country is None or _is_country(row.country) else ("country", "two capital letters of ISO 3166"))
        or (None if row.vertical is None else _text("vertical", row.vertical, 64))
        or (None if row.size is None else _text("size", row.size, 32))
        or (("types", "each at most once") if len(set(row.types)) < len(row.types) else None)
    )


def _member_trouble(row: MemberRow) -> Trouble:
    return (
        _text("externalId", row.external_id, EXTERNAL_ID_LENGTH_MAX)
        or _text("name", row.name, NAME_LENGTH_MAX)
        or (None if row.email is None or is_email(row.email) else ("email", "name@host, at most 254 characters"))
        or (None if row.locale in LOCALES else ("locale", f"one of {', '.join(LOCALES)}"))
        or (("partner", "a rep needs one") if row.kind is MemberKind.REP and not row.partner_external_id else None)
        or _instants_trouble(row)
    )


def _instants_trouble(row: MemberRow) -> Trouble:
    for name, instant in (("partnerSince", row.partner_since), ("leftAt", row.left_at)):
        if instant is not None and (instant.tzinfo is None or instant < BEGINNING):
            return (name, "an instant with its zone, from 1970 on")
    if row.left_at is not None and row.left_at <= (row.partner_since or BEGINNING):
        return ("leftAt", "must be after partnerSince")
    return None


def _text(name: str, text: str, most: int) -> Trouble:
    if not text.strip() or len(text) > most:
        return (name, f"1 to {most} characters")
    return (name, "holds a character that cannot be stored") if any(c == "\x00" or _is_lone(c) for c in text) else None


def _is_lone(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()


def is_email(text: str) -> bool:
    """True for name@host of at most 254 characters."""
    name, _, host = text.rpartition("@")
    return bool(name and host) and len(text) <= EMAIL_LENGTH_MAX and not any(c.isspace() or c < " " for c in text)


def check_hierarchy(batch: Batch[PartnerRow], known_parents: Mapping[str, str | None]) -> None:
    """Afterwards every accepted row's parent exists, and no chain is a circle or longer than eight levels.

    `known_parents` holds what is stored: partner → its parent, for all parents named in the batch and their ancestors.
    """
    while True:
        parents = {**known_parents, **{row.external_id: row.parent_external_id for row in batch.accepted.values()}}
        refused = [
            (row.external_id, refusal)
            for row in batch.accepted.values()
            if (refusal := _hierarchy_refusal(row, parents)) is not None
        ]
        if not refused:
            return
        for external_id, refusal in refused:
            batch.refuse(external_id, refusal)


def _hierarchy_refusal(row: PartnerRow, parents: Mapping[str, str | None]) -> Refusal | None:
    above = row.parent_external_id
    if above is not None and above not in parents:
        return PartnerUnknown(external_id=above)
    for _ in range(HIERARCHY_LEVELS_MAX - 1):
        if above is None:
            return None
        if above == row.external_id:
            break
        above = parents.get(above)
    if above is None:
        return None
    return HierarchyRefused(external_id=row.external_id, levels_max=HIERARCHY_LEVELS_MAX)


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A span under a partner: half-open, `until` None while it lasts."""

    partner_id: UUID
    since: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class MembershipChange:
    """What to do: end the latest span at `ends_at`, and begin another."""

    ends_at: datetime | None = None
    begins: Membership | None = None


def membership_change(
    row: MemberRow, wanted: UUID | None, latest: Membership | None, now: datetime
) -> MembershipChange | Refusal:
    """How the latest membership becomes what the row says, spans never overlapping nor running backwards."""
    lasting = latest if latest is not None and latest.until is None else None
    if lasting is not None and lasting.partner_id == wanted:
        if row.left_at is None:
            return MembershipChange()
        return MembershipChange(ends_at=row.left_at) if row.left_at > lasting.since else _backwards(row, lasting.since)
    if lasting is None and latest is not None and row.left_at is not None and latest.partner_id == wanted:
        if row.left_at == latest.until:
            return MembershipChange()
        return InvalidInput(field="leftAt", problem="the member left at another instant already")
    since = row.partner_since or (BEGINNING if latest is None else now)
    if latest is not None and (since <= latest.since if latest.until is None else since < latest.until):
        return _backwards(row, latest.until or latest.since)
    if row.left_at is not None and row.left_at <= since:
        return InvalidInput(field="leftAt", problem="must be after partnerSince")
    begins = None if wanted is None else Membership(partner_id=wanted, since=since, until=row.left_at)
    return MembershipChange(ends_at=since if lasting is not None else None, begins=begins)


def _backwards(row: MemberRow, since: datetime) -> MembershipOutOfOrder:
    return MembershipOutOfOrder(external_id=row.external_id, since=since)
