"""How far a partner is with one of its types: the machine, and the fact that rules read of it (pure)."""

from collections.abc import Mapping
from enum import StrEnum

from domain.partners.registration import PartnerType


class StandingState(StrEnum):
    """APPLIED with proof, VERIFIED by the vendor until a date, ENROLLED in what the type opens, or LAPSED."""

    APPLIED = "APPLIED"
    VERIFIED = "VERIFIED"
    ENROLLED = "ENROLLED"
    LAPSED = "LAPSED"


class StandingAction(StrEnum):
    """What may be done: partners apply and withdraw, the vendor does the rest. EXPIRE comes with the time."""

    APPLY = "APPLY"
    VERIFY = "VERIFY"
    REFUSE = "REFUSE"
    ENROLL = "ENROLL"
    RENEW = "RENEW"
    WITHDRAW = "WITHDRAW"
    EXPIRE = "EXPIRE"


class LapsedFor(StrEnum):
    """Why a type lapsed."""

    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


MOVES: Mapping[tuple[StandingState, StandingAction], StandingState] = {
    (StandingState.LAPSED, StandingAction.APPLY): StandingState.APPLIED,
    (StandingState.APPLIED, StandingAction.VERIFY): StandingState.VERIFIED,
    (StandingState.APPLIED, StandingAction.REFUSE): StandingState.LAPSED,
    (StandingState.APPLIED, StandingAction.WITHDRAW): StandingState.LAPSED,
    (StandingState.VERIFIED, StandingAction.ENROLL): StandingState.ENROLLED,
    (StandingState.VERIFIED, StandingAction.RENEW): StandingState.VERIFIED,
    (StandingState.VERIFIED, StandingAction.WITHDRAW): StandingState.LAPSED,
    (StandingState.VERIFIED, StandingAction.EXPIRE): StandingState.LAPSED,
    (StandingState.ENROLLED, StandingAction.RENEW): StandingState.ENROLLED,
    (StandingState.ENROLLED, StandingAction.WITHDRAW): StandingState.LAPSED,
    (StandingState.ENROLLED, StandingAction.EXPIRE): StandingState.LAPSED,
}
LAPSES: Mapping[StandingAction, LapsedFor] = {
    StandingAction.REFUSE: LapsedFor.REFUSED,
    StandingAction.WITHDRAW: LapsedFor.WITHDRAWN,
    StandingAction.EXPIRE: LapsedFor.EXPIRED,
}


def available_actions(state: StandingState) -> tuple[StandingAction, ...]:
    """What people may do with a type that stands so."""
    return tuple(action for from_state, action in MOVES if from_state is state and action is not StandingAction.EXPIRE)


def fact_of(kind: PartnerType) -> str:
    """The kind of dated fact that says VERIFIED or ENROLLED of a partner: one a type, because several hold at once."""
    return f"type_{kind.value.lower()}"
