"""What keeps a claim from being submitted, line by line. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.claims.claim import Campaign, EligibleSku, Line

BLOCK, ROUTE_TO_FIRM = "BLOCK", "ROUTE_TO_FIRM"


class ProblemCode(StrEnum):
    """Why a claim, or one line of it, cannot be submitted."""

    CLAIMS_CLOSED = "CLAIMS_CLOSED"
    NOT_ENROLLED = "NOT_ENROLLED"
    SKU_NOT_ELIGIBLE = "SKU_NOT_ELIGIBLE"
    SOLD_OUTSIDE_WINDOW = "SOLD_OUTSIDE_WINDOW"
    SOLD_IN_FUTURE = "SOLD_IN_FUTURE"
    NO_EMPLOYER = "NO_EMPLOYER"
    SEVERAL_EMPLOYERS = "SEVERAL_EMPLOYERS"
    EMPLOYER_FORBIDS = "EMPLOYER_FORBIDS"
    REP_NOT_A_COLLEAGUE = "REP_NOT_A_COLLEAGUE"
    SERIALS_MISSING = "SERIALS_MISSING"
    PROOF_MISSING = "PROOF_MISSING"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is in the way; `line` is the number of the line, None where it is the whole claim."""

    code: ProblemCode
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a claim's surroundings: who employed whom as of each sale, and what those firms consent to."""

    now: datetime
    takes_part: bool
    skus: Sequence[EligibleSku]
    employers: Mapping[tuple[UUID, datetime], UUID | None]
    consents: Mapping[tuple[UUID, datetime], str]
    has_proof: bool


def problems_of(claimant: UUID, lines: Sequence[Line], campaign: Campaign, known: Known) -> list[Problem]:
    """Everything that is in the way, the whole claim's first; none: it may be submitted."""
    found: list[Problem] = []
    if known.now >= campaign.claims_until:
        found.append(Problem(code=ProblemCode.CLAIMS_CLOSED))
    if not known.takes_part:
        found.append(Problem(code=ProblemCode.NOT_ENROLLED))
    if campaign.needs_proof and not known.has_proof:
        found.append(Problem(code=ProblemCode.PROOF_MISSING))
    employers = {known.employers.get((claimant, line.sold_at)) for line in lines}
    if len(employers) > 1:
        found.append(Problem(code=ProblemCode.SEVERAL_EMPLOYERS))
    for line in lines:
        found += [Problem(code=code, line=line.n) for code in _of_line(claimant, line, campaign, known)]
    return found


def _of_line(claimant: UUID, line: Line, campaign: Campaign, known: Known) -> Collection[ProblemCode]:
    found: list[ProblemCode] = []
    if not any(one.sku == line.sku and one.covers(line.sold_on) for one in known.skus):
        found.append(ProblemCode.SKU_NOT_ELIGIBLE)
    if not campaign.sold_from <= line.sold_at < campaign.sold_until:
        found.append(ProblemCode.SOLD_OUTSIDE_WINDOW)
    if line.sold_at > known.now:
        found.append(ProblemCode.SOLD_IN_FUTURE)
    if campaign.needs_serials and len(line.serials) < line.quantity:
        found.append(ProblemCode.SERIALS_MISSING)
    employer = known.employers.get((claimant, line.sold_at))
    if employer is None:
        found.append(ProblemCode.NO_EMPLOYER)
    elif known.consents.get((employer, line.sold_at)) == BLOCK:
        found.append(ProblemCode.EMPLOYER_FORBIDS)
    colleagues = [known.employers.get((rep.member_id, line.sold_at)) for rep in line.reps]
    if employer is not None and any(firm != employer for firm in colleagues):
        found.append(ProblemCode.REP_NOT_A_COLLEAGUE)
    return found
