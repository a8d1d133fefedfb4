"""The drawn machines of a request for funds and of a claim against it: edges, whose turn it is, who may do what.

Request: DRAFT → SUBMITTED ⇄ INFO_REQUESTED → APPROVED | REJECTED (may be submitted again) | DECLINED; EXPIRED once the
partner's own time is over; CANCELLED by the partner. Claim: SUBMITTED → IN_REVIEW ⇄ INFO_REQUESTED → APPROVED |
PARTIALLY_APPROVED | REJECTED; then PAID | PARTIALLY_PAID, and REVERSED; WITHDRAWN by the partner.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class RequestState(StrEnum):
    """Where a request stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    INFO_REQUESTED = "INFO_REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class RequestAction(StrEnum):
    """What somebody may do with a request now."""

    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    ANSWER = "ANSWER"
    CLAIM = "CLAIM"
    CANCEL = "CANCEL"
    REQUEST_INFORMATION = "REQUEST_INFORMATION"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    DECLINE = "DECLINE"
    EXPIRE = "EXPIRE"


class ClaimState(StrEnum):
    """Where a claim stands."""

    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    INFO_REQUESTED = "INFO_REQUESTED"
    APPROVED = "APPROVED"
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    PAID = "PAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    REVERSED = "REVERSED"


class ClaimAction(StrEnum):
    """What somebody may do with a claim now."""

    SUBMIT = "SUBMIT"
    WITHDRAW = "WITHDRAW"
    ANSWER = "ANSWER"
    REQUEST_INFORMATION = "REQUEST_INFORMATION"
    DECIDE = "DECIDE"
    PAY = "PAY"
    REVERSE = "REVERSE"


class FundTurn(StrEnum):
    """Who has to act next: the partner's clock stands still while it is the vendor."""

    PARTNER = "PARTNER"
    VENDOR = "VENDOR"


EDGES: Mapping[RequestState, frozenset[RequestState]] = {
    RequestState.DRAFT: frozenset({RequestState.SUBMITTED, RequestState.CANCELLED}),
    RequestState.SUBMITTED: frozenset(
        {
            RequestState.INFO_REQUESTED,
            RequestState.APPROVED,
            RequestState.REJECTED,
            RequestState.DECLINED,
            RequestState.CANCELLED,
        }
    ),
    RequestState.INFO_REQUESTED: frozenset({RequestState.SUBMITTED, RequestState.EXPIRED, RequestState.CANCELLED}),
    RequestState.REJECTED: frozenset({RequestState.SUBMITTED, RequestState.EXPIRED, RequestState.CANCELLED}),
    RequestState.APPROVED: frozenset({RequestState.EXPIRED, RequestState.CANCELLED}),
    RequestState.DECLINED: frozenset(),
    RequestState.EXPIRED: frozenset(),
    RequestState.CANCELLED: frozenset(),
}
DECIDED = frozenset({ClaimState.APPROVED, ClaimState.PARTIALLY_APPROVED, ClaimState.REJECTED})
CLAIM_EDGES: Mapping[ClaimState, frozenset[ClaimState]] = {
    ClaimState.SUBMITTED: frozenset({ClaimState.INFO_REQUESTED, ClaimState.WITHDRAWN, *DECIDED}),
    ClaimState.IN_REVIEW: frozenset({ClaimState.INFO_REQUESTED, ClaimState.WITHDRAWN, *DECIDED}),
    ClaimState.INFO_REQUESTED: frozenset({ClaimState.IN_REVIEW, ClaimState.REJECTED, ClaimState.WITHDRAWN}),
    ClaimState.APPROVED: frozenset({ClaimState.PAID}),
    ClaimState.PARTIALLY_APPROVED: frozenset({ClaimState.PARTIALLY_PAID}),
    ClaimState.PAID: frozenset({ClaimState.REVERSED}),
    ClaimState.PARTIALLY_PAID: frozenset({ClaimState.REVERSED}),
    ClaimState.REJECTED: frozenset(),
    ClaimState.WITHDRAWN: frozenset(),
    ClaimState.REVERSED: frozenset(),
}
# In which states money waits: with the request, or with the claim.
HOLDING = frozenset({RequestState.SUBMITTED, RequestState.INFO_REQUESTED, RequestState.REJECTED})
OPEN_CLAIMS = frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.INFO_REQUESTED})

POSSIBLE: Mapping[RequestAction, frozenset[RequestState]] = {
    RequestAction.EDIT: frozenset({RequestState.DRAFT, RequestState.REJECTED}),
    RequestAction.SUBMIT: frozenset({RequestState.DRAFT, RequestState.REJECTED}),
    RequestAction.ANSWER: frozenset({RequestState.INFO_REQUESTED}),
    RequestAction.CLAIM: frozenset({RequestState.APPROVED}),
    RequestAction.CANCEL: HOLDING | {RequestState.DRAFT, RequestState.APPROVED},
    RequestAction.REQUEST_INFORMATION: frozenset({RequestState.SUBMITTED}),
    RequestAction.APPROVE: frozenset({RequestState.SUBMITTED}),
    RequestAction.REJECT: frozenset({RequestState.SUBMITTED}),
    RequestAction.DECLINE: frozenset({RequestState.SUBMITTED}),
    RequestAction.EXPIRE: frozenset({RequestState.INFO_REQUESTED, RequestState.REJECTED, RequestState.APPROVED}),
}
CLAIM_POSSIBLE: Mapping[ClaimAction, frozenset[ClaimState]] = {
    ClaimAction.SUBMIT: frozenset(),
    ClaimAction.WITHDRAW: OPEN_CLAIMS,
    ClaimAction.ANSWER: frozenset({ClaimState.INFO_REQUESTED}),
    ClaimAction.REQUEST_INFORMATION: frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW}),
    ClaimAction.DECIDE: frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW}),
    ClaimAction.PAY: frozenset({ClaimState.APPROVED, ClaimState.PARTIALLY_APPROVED}),
    ClaimAction.REVERSE: frozenset({ClaimState.PAID, ClaimState.PARTIALLY_PAID}),
}
TURNS: Mapping[RequestState, FundTurn] = {
    RequestState.DRAFT: FundTurn.PARTNER,
    RequestState.SUBMITTED: FundTurn.VENDOR,
    RequestState.INFO_REQUESTED: FundTurn.PARTNER,
    RequestState.REJECTED: FundTurn.PARTNER,
    RequestState.APPROVED: FundTurn.PARTNER,
}
CLAIM_TURNS: Mapping[ClaimState, FundTurn] = {
    ClaimState.SUBMITTED: FundTurn.VENDOR,
    ClaimState.IN_REVIEW: FundTurn.VENDOR,
    ClaimState.INFO_REQUESTED: FundTurn.PARTNER,
    ClaimState.APPROVED: FundTurn.VENDOR,
    ClaimState.PARTIALLY_APPROVED: FundTurn.VENDOR,
}
ASKS = frozenset(
    {RequestAction.EDIT, RequestAction.SUBMIT, RequestAction.ANSWER, RequestAction.CLAIM, RequestAction.CANCEL}
)
DECIDES = frozenset(
    {RequestAction.REQUEST_INFORMATION, RequestAction.APPROVE, RequestAction.REJECT, RequestAction.DECLINE}
)
SETTLES = frozenset({ClaimAction.REQUEST_INFORMATION, ClaimAction.DECIDE})
PAYS = frozenset({ClaimAction.PAY, ClaimAction.REVERSE})
# Who of the vendor's people may do what; a partner's admin may do what ASKS says, its reps look on.
GRANTED: Mapping[Role, frozenset[RequestAction]] = {Role.CHANNEL_MANAGER: DECIDES, Role.ADMIN: DECIDES}
CLAIM_GRANTED: Mapping[Role, frozenset[ClaimAction]] = {
    Role.CHANNEL_MANAGER: SETTLES,
    Role.FINANCE: PAYS,
    Role.ADMIN: SETTLES | PAYS,
}


def turn_of(state: RequestState) -> FundTurn | None:
    """Who has to act next on a request; nobody once it is over."""
    return TURNS.get(state)


def claim_turn_of(state: ClaimState) -> FundTurn | None:
    """Who has to act next on a claim; nobody once it is paid or over."""
    return CLAIM_TURNS.get(state)


def request_actions(
    state: RequestState, claims: Collection[ClaimState], *, relation: Relation, role: Role
) -> tuple[RequestAction, ...]:
    """What this viewer may do with the request, whose claims stand so, in the order of `RequestAction`."""
    granted = ASKS if relation is not Relation.OPERATOR and role is Role.PARTNER_ADMIN else frozenset[RequestAction]()
    if relation is Relation.OPERATOR:
        granted = GRANTED.get(role, frozenset())
    return tuple(action for action in RequestAction if action in granted and is_possible(action, state, claims))


def is_possible(action: RequestAction, state: RequestState, claims: Collection[ClaimState] = ()) -> bool:
    """True where the request's state allows it; one with open claims is neither cancelled nor expired."""
    waits = any(claim in OPEN_CLAIMS for claim in claims)
    return state in POSSIBLE[action] and not (waits and action in (RequestAction.CANCEL, RequestAction.EXPIRE))


def claim_actions(state: ClaimState, *, relation: Relation, role: Role) -> tuple[ClaimAction, ...]:
    """What this viewer may do with the claim, in the order of `ClaimAction`."""
    granted = frozenset[ClaimAction]()
    if relation is Relation.OPERATOR:
        granted = CLAIM_GRANTED.get(role, frozenset())
    elif role is Role.PARTNER_ADMIN:
        granted = frozenset({ClaimAction.WITHDRAW, ClaimAction.ANSWER})
    return tuple(action for action in ClaimAction if action in granted and state in CLAIM_POSSIBLE[action])
