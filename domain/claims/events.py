"""The events of claims: each names the claim and where it came to stand; of a conflict only operators hear."""

from collections.abc import Mapping

from domain.claims.machine import ClaimState
from domain.kernel.events import EventType

MOVED: Mapping[str, str] = {
    "from_state": "where it stood before",
    "action": "what was done, a code",
    "version": "the claim's version afterwards",
}


def _moved(name: str, description: str) -> EventType:
    return EventType(name=name, aggregate="claim", description=description, payload=MOVED)


CLAIM_DRAFTED = _moved("claim.drafted", "A claim was drafted, or its draft changed.")
CLAIM_SUBMITTED = _moved("claim.submitted", "A claim waits for the vendor.")
CLAIM_REVIEWED = _moved("claim.reviewed", "The vendor looks at a claim, or decided a part of it.")
CLAIM_QUESTIONED = _moved("claim.questioned", "The vendor asks for more; the claimant's clock runs again.")
CLAIM_APPROVED = _moved("claim.approved", "All lines of a claim were approved.")
CLAIM_PARTIALLY_APPROVED = _moved("claim.partially_approved", "Some lines of a claim were approved and stand.")
CLAIM_REJECTED = _moved("claim.rejected", "No line of a claim was approved.")
CLAIM_WITHDRAWN = _moved("claim.withdrawn", "The claimant withdrew a claim.")
CLAIM_REVERSED = _moved("claim.reversed", "Nothing of a claim that was approved stands any more.")
CLAIM_CAMPAIGN_CHANGED = EventType(
    name="claim_campaign.changed",
    aggregate="claim_campaign",
    description="What may be claimed in a program, or for which SKUs, was said anew.",
    payload={"version": "the version of the window that holds now"},
)
CLAIM_CONFLICT_FOUND = EventType(
    name="claim_conflict.found",
    aggregate="claim_conflict",
    description="A claim names an invoice or serial number that another claim holds.",
    payload={"first_claim_id": "the claim that holds it", "second_claim_id": "the claim that names it too"},
)
CLAIM_CONFLICT_DECIDED = EventType(
    name="claim_conflict.decided",
    aggregate="claim_conflict",
    description="A conflict of two claims was decided, or is one no longer.",
    payload={
        "first_claim_id": "the claim that held it",
        "second_claim_id": "the claim that named it too",
        "state": "FIRST, SECOND, BOTH or GONE",
    },
)
BY_STATE: Mapping[ClaimState, EventType] = {
    ClaimState.DRAFT: CLAIM_DRAFTED,
    ClaimState.SUBMITTED: CLAIM_SUBMITTED,
    ClaimState.IN_REVIEW: CLAIM_REVIEWED,
    ClaimState.INFO_REQUESTED: CLAIM_QUESTIONED,
    ClaimState.APPROVED: CLAIM_APPROVED,
    ClaimState.PARTIALLY_APPROVED: CLAIM_PARTIALLY_APPROVED,
    ClaimState.REJECTED: CLAIM_REJECTED,
    ClaimState.WITHDRAWN: CLAIM_WITHDRAWN,
    ClaimState.REVERSED: CLAIM_REVERSED,
}
EVENTS = (*BY_STATE.values(), CLAIM_CAMPAIGN_CHANGED, CLAIM_CONFLICT_FOUND, CLAIM_CONFLICT_DECIDED)
