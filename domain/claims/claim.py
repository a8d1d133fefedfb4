"""What a claim is made of, its bounds, and under which keys a sale can be claimed once. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.activities.types import is_clean
from domain.claims.machine import ClaimLineState, ClaimState
from domain.kernel.money import UNIT_CODE
from domain.kernel.points import SHARES_PPM_WHOLE
from domain.kernel.refusals import InvalidInput
from domain.kernel.turns import Turn

KIND = "claim"  # what files are attached to
LINES_MAX = 10
REPS_MAX = 5
SERIALS_MAX = 50
SKU_LENGTH_MAX = 64
INVOICE_LENGTH_MAX = 64
SERIAL_LENGTH_MAX = 64
QUANTITY_MAX = 100_000
AMOUNT_MAX = 10**12
NOTE_LENGTH_MAX = 500
BULK_MAX = 100
LOOSE = re.compile(r"[^0-9A-Z]")


class KeyKind(StrEnum):
    """By what a sale is known again."""

    INVOICE = "INVOICE"
    SERIAL = "SERIAL"


class RejectionReason(StrEnum):
    """Why a line is not approved."""

    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    PROOF_MISSING = "PROOF_MISSING"
    WRONG_DATA = "WRONG_DATA"
    NO_SALE = "NO_SALE"
    CLAIMED_BEFORE = "CLAIMED_BEFORE"
    OVERDUE = "OVERDUE"
    OTHER = "OTHER"


class ReversalReason(StrEnum):
    """Why an approved line is taken back."""

    REFUNDED = "REFUNDED"
    CLAIMED_BEFORE = "CLAIMED_BEFORE"
    APPROVED_IN_ERROR = "APPROVED_IN_ERROR"
    OTHER = "OTHER"


@dataclass(frozen=True, kw_only=True)
class NamedRep:
    """Who shares in a line, and the part in millionths."""

    member_id: UUID
    share_ppm: int


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """What a rep states of one product of a sale; no `reps`: all is the claimant's. `amount` is net, in minor units."""

    sku: str
    quantity: int
    sold_on: date
    invoice: str
    serials: Sequence[str] = ()
    amount: int | None = None
    currency: str | None = None
    reps: Sequence[NamedRep] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line as it stands; `sold_at` is the start of its day where the program is."""

    id: UUID
    claim_id: UUID
    n: int
    sku: str
    quantity: int
    sold_on: date
    sold_at: datetime
    invoice: str
    serials: tuple[str, ...]
    amount: int | None
    currency: str | None
    reps: tuple[NamedRep, ...]
    state: ClaimLineState
    reason: str | None

    @property
    def keys(self) -> frozenset[tuple[KeyKind, str]]:
        """What can be claimed once: its invoice and its serial numbers, however they are spelled."""
        return frozenset(
            {(KeyKind.INVOICE, spelled(self.invoice)), *((KeyKind.SERIAL, spelled(one)) for one in self.serials)}
        )

    @property
    def stands(self) -> bool:
        """True while the line is, or may yet be, paid."""
        return self.state in (ClaimLineState.OPEN, ClaimLineState.APPROVED)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim as it stands, with its lines in order."""

    id: UUID
    program_id: UUID
    campaign_id: UUID
    member_id: UUID
    partner_id: UUID | None
    state: ClaimState
    due_at: datetime | None
    with_vendor_since: datetime | None
    version: int
    lines: tuple[Line, ...]

    @property
    def turn(self) -> Turn:
        return Turn(due_at=self.due_at, with_vendor_since=self.with_vendor_since)

    @property
    def line_states(self) -> frozenset[ClaimLineState]:
        return frozenset(line.state for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One version of what may be claimed in a program: sales from `sold_from` until `sold_until`, claimed until
    `claims_until` (each end excluded); `answer_days` are for answering a question."""

    id: UUID
    program_id: UUID
    version: int
    sold_from: datetime
    sold_until: datetime
    claims_until: datetime
    answer_days: int
    needs_proof: bool
    needs_serials: bool
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class EligibleSku:
    """A SKU that may be claimed for sales from a day until another (included)."""

    sku: str
    valid_from: date
    valid_until: date | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


def spelled(text: str) -> str:
    """The number without what people spell differently: case, spaces, dashes; as it is where nothing would be left."""
    return LOOSE.sub("", text.upper()) or text


def check_lines(lines: Sequence[NewLine]) -> None:
    """Refuses: InvalidInput for anything out of bounds, naming the field."""
    if not 1 <= len(lines) <= LINES_MAX:
        raise InvalidInput(field="lines", problem=f"1 to {LINES_MAX}")
    for n, line in enumerate(lines):
        _check_text(line.sku, f"lines[{n}].sku", SKU_LENGTH_MAX)
        _check_text(line.invoice, f"lines[{n}].invoice", INVOICE_LENGTH_MAX)
        if not 1 <= line.quantity <= QUANTITY_MAX:
            raise InvalidInput(field=f"lines[{n}].quantity", problem=f"1 to {QUANTITY_MAX}")
        _check_serials(line, n)
        _check_amount(line, n)
        _check_reps(line.reps, n)
    serials = [spelled(one) for line in lines for one in line.serials]
    if len(set(serials)) < len(serials):
        raise InvalidInput(field="lines", problem="a serial number stands in one line only")


def check_note(note: str | None, field: str = "note") -> None:
    """Refuses: InvalidInput for an empty or too long note; None is none."""
    if note is not None and not 1 <= len(note) <= NOTE_LENGTH_MAX:
        raise InvalidInput(field=field, problem=f"1 to {NOTE_LENGTH_MAX} characters")


def reps_json(reps: Sequence[NamedRep]) -> list[Mapping[str, object]]:
    """As they are stored."""
    return [{"member_id": str(rep.member_id), "share_ppm": rep.share_ppm} for rep in reps]


def _check_text(text: str, field: str, length_max: int) -> None:
    if not 1 <= len(text) <= length_max or not is_clean(text) or text != text.strip():
        raise InvalidInput(field=field, problem=f"1 to {length_max} printable characters")


def _check_serials(line: NewLine, n: int) -> None:
    if len(line.serials) > min(SERIALS_MAX, line.quantity):
        raise InvalidInput(field=f"lines[{n}].serials", problem=f"at most {SERIALS_MAX}, and one a unit")
    for one in line.serials:
        _check_text(one, f"lines[{n}].serials", SERIAL_LENGTH_MAX)


def _check_amount(line: NewLine, n: int) -> None:
    if (line.amount is None) != (line.currency is None):
        raise InvalidInput(field=f"lines[{n}].amount", problem="comes with its currency")
    if line.amount is not None and not 0 <= line.amount <= AMOUNT_MAX:
        raise InvalidInput(field=f"lines[{n}].amount", problem=f"0 to {AMOUNT_MAX}")
    if line.currency is not None and not UNIT_CODE.fullmatch(line.currency):
        raise InvalidInput(field=f"lines[{n}].currency", problem="an ISO 4217 code")


def _check_reps(reps: Sequence[NamedRep], n: int) -> None:
    if not reps:
        return
    if len(reps) > REPS_MAX or len({rep.member_id for rep in reps}) < len(reps):
        raise InvalidInput(field=f"lines[{n}].reps", problem=f"at most {REPS_MAX} different people")
    if sum(rep.share_ppm for rep in reps) != SHARES_PPM_WHOLE or any(rep.share_ppm < 1 for rep in reps):
        raise InvalidInput(field=f"lines[{n}].reps", problem=f"shares of at least 1 that sum to {SHARES_PPM_WHOLE}")
