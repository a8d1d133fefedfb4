"""What a further message about an activity means: new, duplicate, correction, conflict or stale. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import orjson

from domain.activities.activity import ActivityState, ActivityStatus, Basis, OnChange, StoredValue
from domain.kernel.money import Amount

VERSION_LENGTH_MAX = 64
WHOLE_NUMBER = re.compile(r"\d{1,18}")


class Verdict(StrEnum):
    """What to do with an incoming content."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"
    CORRECTION = "CORRECTION"
    CONFLICT = "CONFLICT"
    STALE = "STALE"


@dataclass(frozen=True, kw_only=True)
class Stated:
    """The content a source states: `partner_id` only where it names one, for a default may change without its doing."""

    type: str
    occurred_at: datetime
    member_id: UUID | None
    partner_id: UUID | None
    quantity: int
    amounts: Mapping[Basis, Amount]
    attributes: Mapping[str, StoredValue]

    def document(self) -> dict[str, object]:
        """The content in JSON terms, as a revision stores it."""
        return {
            "type": self.type,
            "occurred_at": self.occurred_at.astimezone(UTC).isoformat(),
            "member_id": str(self.member_id) if self.member_id else None,
            "partner_id": str(self.partner_id) if self.partner_id else None,
            "quantity": self.quantity,
            "amounts": amounts_document(self.amounts),
            "attributes": dict(self.attributes),
        }

    def digest(self) -> bytes:
        """SHA-256 of the canonical content: equal exactly where the contents are, whatever the order of the fields."""
        return hashlib.sha256(orjson.dumps(self.document(), option=orjson.OPT_SORT_KEYS)).digest()


def amounts_document(amounts: Mapping[Basis, Amount]) -> dict[str, dict[str, object]]:
    """Amounts by basis in JSON terms, in the order of the bases."""
    return {
        basis.value: {"amount": amounts[basis].minor, "unit": amounts[basis].unit}
        for basis in Basis
        if basis in amounts
    }


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the verdict asks of the current revision."""

    digest: bytes
    status: ActivityStatus
    source_version: str | None


def standing_of(state: ActivityState) -> Standing:
    return Standing(digest=state.content_digest, status=state.status, source_version=state.source_version)


def verdict(
    current: Standing | None, digest: bytes, source_version: str | None, *, on_change: OnChange, correcting: bool
) -> Verdict:
    """What an incoming content means.

    A source's own versions decide first: an older one is STALE, whatever it holds. The same content is a DUPLICATE.
    Another one corrects through `correcting`, or from a source whose mapping says so unless it bears the very version
    that stands; else it conflicts. A reversed activity revives only by a correction that is not known to be old.
    """
    if current is None:
        return Verdict.NEW
    order = compared(source_version, current.source_version)
    if order == "OLDER":
        return Verdict.STALE
    allowed = correcting or (on_change is OnChange.CORRECT and order != "SAME")
    if digest == current.digest:
        revives = current.status is ActivityStatus.REVERSED and allowed and order != "SAME"
        return Verdict.CORRECTION if revives else Verdict.DUPLICATE
    return Verdict.CORRECTION if allowed else Verdict.CONFLICT


def reversal_verdict(current: Standing | None, source_version: str | None) -> Verdict:
    """What a wish to take back means; NEW says that there is nothing to take back, CORRECTION that it is done."""
    if current is None:
        return Verdict.NEW
    if compared(source_version, current.source_version) == "OLDER":
        return Verdict.STALE
    return Verdict.DUPLICATE if current.status is ActivityStatus.REVERSED else Verdict.CORRECTION


def compared(incoming: str | None, current: str | None) -> str:
    """OLDER, SAME, NEWER, or UNORDERED where one is absent or they are of different kinds."""
    if incoming is None or current is None:
        return "UNORDERED"
    left, right = version_order(incoming), version_order(current)
    if isinstance(left, int) and isinstance(right, int):
        return "SAME" if left == right else "OLDER" if left < right else "NEWER"
    if isinstance(left, datetime) and isinstance(right, datetime):
        return "SAME" if left == right else "OLDER" if left < right else "NEWER"
    return "UNORDERED"


def version_order(version: str) -> int | datetime | None:
    """A whole number or an instant with its offset, by which versions are ordered; None for anything else."""
    if WHOLE_NUMBER.fullmatch(version):
        return int(version)
    try:
        instant = datetime.fromisoformat(version)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def newest_version(incoming: str | None, current: str | None) -> str | None:
    """The version that stands afterwards: an incoming one, unless it is absent or older."""
    return current if incoming is None or compared(incoming, current) == "OLDER" else incoming


def changed_fields(state: ActivityState, stated: Stated, partner_id: UUID | None) -> list[str]:
    """Which fields of the content differ, by name."""
    pairs = {
        "type": (state.type, stated.type),
        "occurred_at": (state.occurred_at, stated.occurred_at),
        "member": (state.member_id, stated.member_id),
        "partner": (state.partner_id, partner_id),
        "quantity": (state.quantity, stated.quantity),
        "amounts": (dict(state.amounts), dict(stated.amounts)),
        "attributes": (dict(state.attributes), dict(stated.attributes)),
    }
    return [name for name, (old, new) in pairs.items() if old != new]


def rebinds(state: ActivityState, stated: Stated, partner_id: UUID | None) -> bool:
    """True where a correction binds the terms anew: occurredAt, member, partner or type changed."""
    return not {"type", "occurred_at", "member", "partner"}.isdisjoint(changed_fields(state, stated, partner_id))
