"""The records of activities: what comes in, what stands, and what became of each item of a batch. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.kernel.money import Amount
from domain.kernel.refusals import Refusal

ITEMS_MAX = 1_000
EXTERNAL_ID_LENGTH_MAX = 128
QUANTITY_MAX = 1_000_000_000
AMOUNT_MAX = 10**15
PAYLOAD_BYTES_MAX = 16_384
REASON_LENGTH_MAX = 500


class Basis(StrEnum):
    """What an amount measures: before discount, after it, what is left after cost, what was paid."""

    LIST = "LIST"
    NET = "NET"
    MARGIN = "MARGIN"
    PAID = "PAID"


class OnChange(StrEnum):
    """What another content under a known external id means for a source."""

    REFUSE = "REFUSE"
    CORRECT = "CORRECT"


class ActivityStatus(StrEnum):
    """Whether an activity counts."""

    ACTIVE = "ACTIVE"
    REVERSED = "REVERSED"


class Outcome(StrEnum):
    """What became of one item."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    CORRECTED = "CORRECTED"
    REVERSED = "REVERSED"
    STALE = "STALE"
    REJECTED = "REJECTED"


class Mode(StrEnum):
    """EACH: every item ends on its own. WHOLE: the first refusal is raised and nothing is written."""

    EACH = "EACH"
    WHOLE = "WHOLE"


AttributeValue = str | int | bool | datetime
StoredValue = str | int | bool


@dataclass(frozen=True, kw_only=True)
class ActivityInput:
    """One activity as a source tells it; `member` and `partner` are our ids or the source's external ids.

    Without `partner` it is the partner of the member as of `occurred_at`. `payload` is the raw row or document: it is
    kept apart and may be erased. `source_version` (a whole number or an ISO 8601 instant) orders revisions.
    """

    external_id: str
    type: str
    occurred_at: datetime
    member: UUID | str | None = None
    partner: UUID | str | None = None
    quantity: int = 1
    amounts: Mapping[Basis, Amount] = field(default_factory=dict[Basis, Amount])
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    source_version: str | None = None
    reason: str | None = None
    payload: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class ActivityReversal:
    """The wish to take an activity back whole."""

    external_id: str
    reason: str | None = None
    source_version: str | None = None
    payload: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class ActivityState:
    """An activity as its current revision says.

    `bound_at` is the instant whose published terms bind: first recorded, or the correction that changed occurredAt,
    member, partner or type.
    """

    activity_id: UUID
    source_id: UUID
    external_id: str
    revision: int
    status: ActivityStatus
    type: str
    occurred_at: datetime
    member_id: UUID | None
    partner_id: UUID | None
    quantity: int
    amounts: Mapping[Basis, Amount]
    attributes: Mapping[str, StoredValue]
    deal_key: str | None
    source_version: str | None
    content_digest: bytes
    first_recorded_at: datetime
    bound_at: datetime
    recorded_at: datetime

    @property
    def is_active(self) -> bool:
        return self.status is ActivityStatus.ACTIVE


@dataclass(frozen=True, kw_only=True)
class ItemResult:
    """What became of one item: the activity as it stands after the item (also of a duplicate), or the refusal."""

    external_id: str
    outcome: Outcome
    activity: ActivityState | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One activity whose content or status differs after the batch; `previous` is None for a new one."""

    previous: ActivityState | None
    current: ActivityState

    @property
    def rebinds(self) -> bool:
        """True where the old is to be reversed whole and the new evaluated as first recorded."""
        return self.previous is not None and self.previous.bound_at != self.current.bound_at


@dataclass(frozen=True, kw_only=True)
class RecordedBatch:
    """Results in the order of the items; changes, one an activity, in order of external id."""

    results: tuple[ItemResult, ...]
    changes: tuple[Change, ...]
