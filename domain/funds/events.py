"""The events of funds: money that moved on an allocation, cases that moved, reminders before money is lost."""

from collections.abc import Mapping

from domain.funds.machine import ClaimState, RequestState
from domain.kernel.events import EventType

MOVED: Mapping[str, str] = {
    "from_state": "where it stood before",
    "action": "what was done, a code",
    "version": "its version afterwards",
}


def _request(name: str, description: str) -> EventType:
    return EventType(name=name, aggregate="fund_request", description=description, payload=MOVED)


def _claim(name: str, description: str) -> EventType:
    return EventType(name=name, aggregate="fund_claim", description=description, payload=MOVED)


FUND_DEFINED = EventType(
    name="mdf.fund_defined", aggregate="fund", description="A fund was defined.", payload={"unit": "what it counts"}
)
FUND_FILLED = EventType(
    name="mdf.fund_filled",
    aggregate="fund",
    description="Money was put into a fund's pool.",
    payload={"amount": "how much, in minor units", "unit": "of what"},
)
FUND_MOVED = EventType(
    name="mdf.moved",
    aggregate="fund_allocation",
    description="Money of an allocation moved from one column to another, into it or out of it.",
    payload={
        "kind": "what moved it, a code",
        "from_bucket": "the column it left",
        "to_bucket": "the column it came to",
        "amount": "how much, in minor units",
        "unit": "of what",
    },
)
FUND_REMINDER = EventType(
    name="mdf.reminder",
    aggregate="fund_allocation",
    description="Money will be lost unless it is used in time: told once a threshold.",
    payload={
        "amount": "what is still available, in minor units",
        "unit": "of what",
        "days": "the threshold, in days before",
        "use_by": "by when it is to be used",
    },
)
EXTENSION_REQUESTED = EventType(
    name="mdf.extension_requested",
    aggregate="fund_allocation",
    description="A partner asks for more time; the clock of the allocation stands still.",
    payload={"until": "until when"},
)
EXTENSION_ANSWERED = EventType(
    name="mdf.extension_answered",
    aggregate="fund_allocation",
    description="More time was granted or refused; the clock of the allocation runs again.",
    payload={"is_granted": "true if it was granted", "use_by": "by when the money is to be used"},
)
REQUEST_DRAFTED = _request("mdf.request_drafted", "A request for funds was drafted, or its draft changed.")
REQUEST_SUBMITTED = _request("mdf.request_submitted", "A request waits for the vendor; its money is set aside.")
REQUEST_QUESTIONED = _request("mdf.request_questioned", "The vendor asks for more; the partner's clock runs again.")
REQUEST_APPROVED = _request("mdf.request_approved", "A request was approved, in full or for less.")
REQUEST_REJECTED = _request("mdf.request_rejected", "A request was rejected, and may be submitted again.")
REQUEST_DECLINED = _request("mdf.request_declined", "A request was declined for good; its money is free again.")
REQUEST_EXPIRED = _request("mdf.request_expired", "The partner's time is over; what was not claimed is free again.")
REQUEST_CANCELLED = _request("mdf.request_cancelled", "The partner cancelled a request; its money is free again.")
CLAIM_SUBMITTED = _claim("mdf.claim_submitted", "A claim waits for the vendor.")
CLAIM_REVIEWED = _claim("mdf.claim_reviewed", "The vendor has a claim again, with what was asked for.")
CLAIM_QUESTIONED = _claim("mdf.claim_questioned", "The vendor asks for more.")
CLAIM_APPROVED = _claim("mdf.claim_approved", "All of a claim is to be paid.")
CLAIM_PARTIALLY_APPROVED = _claim("mdf.claim_partially_approved", "A part of a claim is to be paid.")
CLAIM_REJECTED = _claim("mdf.claim_rejected", "Nothing of a claim is to be paid.")
CLAIM_WITHDRAWN = _claim("mdf.claim_withdrawn", "The partner withdrew a claim.")
CLAIM_PAID = _claim("mdf.claim_paid", "A claim was paid.")
CLAIM_PARTIALLY_PAID = _claim("mdf.claim_partially_paid", "The approved part of a claim was paid.")
CLAIM_REVERSED = _claim("mdf.claim_reversed", "What was paid for a claim came back.")
BY_STATE: Mapping[RequestState, EventType] = {
    RequestState.DRAFT: REQUEST_DRAFTED,
    RequestState.SUBMITTED: REQUEST_SUBMITTED,
    RequestState.INFO_REQUESTED: REQUEST_QUESTIONED,
    RequestState.APPROVED: REQUEST_APPROVED,
    RequestState.REJECTED: REQUEST_REJECTED,
    RequestState.DECLINED: REQUEST_DECLINED,
    RequestState.EXPIRED: REQUEST_EXPIRED,
    RequestState.CANCELLED: REQUEST_CANCELLED,
}
BY_CLAIM_STATE: Mapping[ClaimState, EventType] = {
    ClaimState.SUBMITTED: CLAIM_SUBMITTED,
    ClaimState.IN_REVIEW: CLAIM_REVIEWED,
    ClaimState.INFO_REQUESTED: CLAIM_QUESTIONED,
    ClaimState.APPROVED: CLAIM_APPROVED,
    ClaimState.PARTIALLY_APPROVED: CLAIM_PARTIALLY_APPROVED,
    ClaimState.REJECTED: CLAIM_REJECTED,
    ClaimState.WITHDRAWN: CLAIM_WITHDRAWN,
    ClaimState.PAID: CLAIM_PAID,
    ClaimState.PARTIALLY_PAID: CLAIM_PARTIALLY_PAID,
    ClaimState.REVERSED: CLAIM_REVERSED,
}
