"""Every expected no of the ledger, and the constraint names that mean one of them."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal
from domain.kernel.sql import CheckViolation, UniqueViolation, violated_constraint


@dataclass(eq=False)
class InsufficientPoints(Refusal):
    """The wallet has less available than asked."""

    unit: str
    available: int
    needed: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{needed} {unit} are needed, {available} are available.",
        "fr": "Il faut {needed} {unit}, {available} sont disponibles.",
    }


@dataclass(eq=False)
class WalletInDebt(Refusal):
    """The wallet owes points, and the program of its oldest debt refuses to spend before they are paid."""

    unit: str
    outstanding: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{outstanding} {unit} are still owed; they are settled before anything can be spent.",
        "fr": "Il reste {outstanding} {unit} à rembourser avant toute dépense.",
    }


@dataclass(eq=False)
class BudgetExceeded(Refusal):
    """A program's budget cannot cover this."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The program’s budget does not cover this.",
        "fr": "Le budget du programme ne couvre pas cela.",
    }


@dataclass(eq=False)
class AwardExists(Refusal):
    """This due was already granted under this number."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "These points were already granted.",
        "fr": "Ces points ont déjà été accordés.",
    }


@dataclass(eq=False)
class AlreadyReversed(Refusal):
    """This cause already took back a part of the award."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "This cause has already taken these points back.",
        "fr": "Cette cause a déjà repris ces points.",
    }


@dataclass(eq=False)
class ReversalExceedsAward(Refusal):
    """More would be taken back than the award still stands at."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "More cannot be taken back than the award still stands at.",
        "fr": "On ne peut pas reprendre plus que ce que vaut encore l’attribution.",
    }


@dataclass(eq=False)
class AlreadyHeld(Refusal):
    """Points are already held for this reference."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "Points are already held for this.",
        "fr": "Des points sont déjà réservés pour cela.",
    }


@dataclass(eq=False)
class HoldNotCaptured(Refusal):
    """Only points that were spent can be refunded."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "These points were not spent ({state}), so there is nothing to refund.",
        "fr": "Ces points n’ont pas été dépensés ({state}) : il n’y a rien à rembourser.",
    }


@dataclass(eq=False)
class HoldEnded(Refusal):
    """The hold was captured or released before, or what it captured was refunded."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This hold has already ended ({state}).",
        "fr": "Cette réservation est déjà terminée ({state}).",
    }


@dataclass(eq=False)
class AlreadyPrepared(Refusal):
    """Money is already on its way out for this reference."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "Money is already on its way out for this.",
        "fr": "De l’argent est déjà en cours de versement pour cela.",
    }


@dataclass(eq=False)
class PaymentEnded(Refusal):
    """The payment was paid, withdrawn or returned before."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This payment has already ended ({state}).",
        "fr": "Ce versement est déjà terminé ({state}).",
    }


@dataclass(eq=False)
class PaymentNotPaid(Refusal):
    """Only money that was paid can come back."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This payment was not paid ({state}), so nothing can come back.",
        "fr": "Ce versement n’a pas été payé ({state}) : rien ne peut revenir.",
    }


@dataclass(eq=False)
class DebtIsPaid(Refusal):
    """Nothing of this debt is outstanding."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "Nothing of this debt is outstanding.",
        "fr": "Cette dette est déjà soldée.",
    }


@dataclass(eq=False)
class BalanceOutOfBounds(Refusal):
    """A balance would leave its bounds (below zero or above 10^15)."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "A balance would leave its bounds.",
        "fr": "Un solde sortirait de ses limites.",
    }


MEANINGS: Mapping[str, type[Refusal]] = {
    "l6_awards_never_exceed_the_budget": BudgetExceeded,
    "l4_award_is_one_per_due_and_number": AwardExists,
    "l5_a_cause_reverses_an_award_once": AlreadyReversed,
    "l2_reversed_total_is_within_the_award": ReversalExceedsAward,
    "hold_is_one_per_reference": AlreadyHeld,
    "payment_is_one_per_reference": AlreadyPrepared,
    "l2_wallet_is_bounded": BalanceOutOfBounds,
    "entry_amount_is_bounded": BalanceOutOfBounds,
}


@asynccontextmanager
async def translated() -> AsyncGenerator[None]:
    """The one place where a violated constraint becomes its refusal; any other violation stays a fault."""
    try:
        yield
    except (UniqueViolation, CheckViolation) as trouble:
        meaning = MEANINGS.get(violated_constraint(trouble) or "")
        if meaning is None:
            raise
        raise meaning() from trouble
