"""The drawn machine of a claim: its states and those of its lines, their edges, whose turn it is, who may do what.

DRAFT → SUBMITTED → IN_REVIEW ⇄ INFO_REQUESTED → APPROVED | PARTIALLY_APPROVED | REJECTED; WITHDRAWN by the rep before
anything was approved; REVERSED once nothing that was approved stands any more.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class ClaimState(StrEnum):
    """Where a claim stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    INFO_REQUESTED = "INFO_REQUESTED"
    APPROVED = "APPROVED"
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    REVERSED = "REVERSED"


class ClaimLineState(StrEnum):
    """Where one line of a claim stands: what is approved has an activity that counts, nothing else has."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    REVERSED = "REVERSED"


class ClaimAction(StrEnum):
    """What somebody may do with a claim now."""

    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    WITHDRAW = "WITHDRAW"
    ANSWER = "ANSWER"
    REVIEW = "REVIEW"
    REQUEST_INFORMATION = "REQUEST_INFORMATION"
    DECIDE = "DECIDE"
    REVERSE = "REVERSE"


class ClaimTurn(StrEnum):
    """Who has to act next: the partner's clock stands still while it is the vendor."""

    PARTNER = "PARTNER"
    VENDOR = "VENDOR"


DECIDED = frozenset({ClaimState.APPROVED, ClaimState.PARTIALLY_APPROVED, ClaimState.REJECTED})
EDGES: Mapping[ClaimState, frozenset[ClaimState]] = {
    ClaimState.DRAFT: frozenset({ClaimState.SUBMITTED, ClaimState.WITHDRAWN}),
    ClaimState.SUBMITTED: frozenset({ClaimState.IN_REVIEW, ClaimState.INFO_REQUESTED, ClaimState.WITHDRAWN, *DECIDED}),
    ClaimState.IN_REVIEW: frozenset({ClaimState.INFO_REQUESTED, ClaimState.WITHDRAWN, ClaimState.REVERSED, *DECIDED}),
    ClaimState.INFO_REQUESTED: frozenset({ClaimState.IN_REVIEW, ClaimState.WITHDRAWN, ClaimState.REVERSED, *DECIDED}),
    ClaimState.APPROVED: frozenset({ClaimState.PARTIALLY_APPROVED, ClaimState.REVERSED}),
    ClaimState.PARTIALLY_APPROVED: frozenset({ClaimState.REVERSED}),
    ClaimState.REJECTED: frozenset(),
    ClaimState.WITHDRAWN: frozenset(),
    ClaimState.REVERSED: frozenset(),
}
LINE_EDGES: Mapping[ClaimLineState, frozenset[ClaimLineState]] = {
    ClaimLineState.OPEN: frozenset({ClaimLineState.APPROVED, ClaimLineState.REJECTED}),
    ClaimLineState.APPROVED: frozenset({ClaimLineState.REVERSED}),
    ClaimLineState.REJECTED: frozenset(),
    ClaimLineState.REVERSED: frozenset(),
}
# In which states what may be done.
POSSIBLE: Mapping[ClaimAction, frozenset[ClaimState]] = {
    ClaimAction.EDIT: frozenset({ClaimState.DRAFT}),
    ClaimAction.SUBMIT: frozenset({ClaimState.DRAFT}),
    ClaimAction.WITHDRAW: frozenset(
        {ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.INFO_REQUESTED}
    ),
    ClaimAction.ANSWER: frozenset({ClaimState.INFO_REQUESTED}),
    ClaimAction.REVIEW: frozenset({ClaimState.SUBMITTED}),
    ClaimAction.REQUEST_INFORMATION: frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW}),
    ClaimAction.DECIDE: frozenset({ClaimState.SUBMITTED, ClaimState.IN_REVIEW}),
    ClaimAction.REVERSE: frozenset({ClaimState.IN_REVIEW, ClaimState.APPROVED, ClaimState.PARTIALLY_APPROVED}),
}
TURNS: Mapping[ClaimState, ClaimTurn] = {
    ClaimState.DRAFT: ClaimTurn.PARTNER,
    ClaimState.SUBMITTED: ClaimTurn.VENDOR,
    ClaimState.IN_REVIEW: ClaimTurn.VENDOR,
    ClaimState.INFO_REQUESTED: ClaimTurn.PARTNER,
}
REPS = frozenset({ClaimAction.EDIT, ClaimAction.SUBMIT, ClaimAction.WITHDRAW, ClaimAction.ANSWER})
REVIEWERS = frozenset({ClaimAction.REVIEW, ClaimAction.REQUEST_INFORMATION, ClaimAction.DECIDE, ClaimAction.REVERSE})
# Who of the vendor's people may do what; the rep may do what REPS says with the own claim, colleagues look on.
GRANTED: Mapping[Role, frozenset[ClaimAction]] = {
    Role.CHANNEL_MANAGER: REVIEWERS,
    Role.ADMIN: REVIEWERS,
    Role.FINANCE: frozenset({ClaimAction.REVERSE}),
}


def turn_of(state: ClaimState) -> ClaimTurn | None:
    """Who has to act next; nobody once it is decided."""
    return TURNS.get(state)


def state_after(state: ClaimState, lines: Iterable[ClaimLineState]) -> ClaimState:
    """Where a claim stands once its lines stand so: open lines keep it in review, else the lines decide.

    All approved: APPROVED. Some approved and standing: PARTIALLY_APPROVED. None standing, but some were: REVERSED. None
    ever: REJECTED.
    """
    found = list(lines)
    if ClaimLineState.OPEN in found:
        return ClaimState.IN_REVIEW if state is ClaimState.SUBMITTED else state
    if ClaimLineState.APPROVED in found:
        every = all(line is ClaimLineState.APPROVED for line in found)
        return ClaimState.APPROVED if every else ClaimState.PARTIALLY_APPROVED
    return ClaimState.REVERSED if ClaimLineState.REVERSED in found else ClaimState.REJECTED


def available_actions(
    state: ClaimState, lines: Iterable[ClaimLineState], *, relation: Relation, role: Role
) -> tuple[ClaimAction, ...]:
    """What this viewer may do with the claim, in the order of `ClaimAction`."""
    granted = REPS if relation is Relation.OWN else frozenset[ClaimAction]()
    if relation is Relation.OPERATOR:
        granted = GRANTED.get(role, frozenset())
    found = frozenset(lines)
    return tuple(action for action in ClaimAction if action in granted and is_possible(action, state, found))


def is_possible(action: ClaimAction, state: ClaimState, lines: frozenset[ClaimLineState]) -> bool:
    """True where the state and the lines of a claim allow it: nothing is withdrawn that was approved in part, nothing
    is reversed that was not."""
    if state not in POSSIBLE[action]:
        return False
    if action is ClaimAction.WITHDRAW:
        return ClaimLineState.APPROVED not in lines
    return action is not ClaimAction.REVERSE or ClaimLineState.APPROVED in lines
