"""Every expected no of sends, bundles and entitlements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class ChoiceRefused(Refusal):
    """The choice does not fit the bundle: exactly so many different items of it are chosen."""

    bundle: str
    choose: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Choose exactly {choose} different items of the bundle {bundle}.",
        "fr": "Choisissez exactement {choose} articles différents du lot {bundle}.",
    }


@dataclass(eq=False)
class AddressConsentNeeded(Refusal):
    """Goods of this reward are shipped: it takes an address, and the consent to hand it to whoever delivers."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "This is shipped: give an address, and your consent that it is passed on for delivery.",
        "fr": "Ceci est expédié : indiquez une adresse et consentez à sa transmission pour la livraison.",
    }


@dataclass(eq=False)
class RewardNotOpen(Refusal):
    """The reward was claimed, declined or recalled before, or its time is over."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This reward is {state}; nothing can be done with it any more.",
        "fr": "Cette récompense est {state} ; on ne peut plus rien en faire.",
    }


@dataclass(eq=False)
class SendNotInState(Refusal):
    """The send's state does not allow this."""

    state: str
    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A send in state {state} does not allow {action}.",
        "fr": "Un envoi dans l’état {state} ne permet pas {action}.",
    }


@dataclass(eq=False)
class SendNeedsApproval(Refusal):
    """By the vendor's setting a send of this size leaves only when somebody else than its author schedules it."""

    total: int
    approval_above: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A send of {total} needs somebody else’s approval: above {approval_above}, its author cannot schedule"
        " it; draft it for another to schedule.",
        "fr": "Un envoi de {total} exige l’accord d’une autre personne : au-delà de {approval_above},"
        " son auteur ne peut pas le programmer ; préparez un brouillon pour quelqu’un d’autre.",
    }


@dataclass(eq=False)
class AudienceTooLarge(Refusal):
    """The filter finds more people than one send may have."""

    found: int
    limit: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The filter finds {found} people or more; a send has at most {limit}.",
        "fr": "Le filtre trouve {found} personnes ou plus ; un envoi en compte au plus {limit}.",
    }


@dataclass(eq=False)
class BudgetOfAnotherUnit(Refusal):
    """What is sent is not counted in the unit of the program whose budget is to pay for it."""

    unit: str
    asked: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The program’s budget is in {unit}; what is sent is worth {asked}.",
        "fr": "Le budget du programme est en {unit} ; ce qui est envoyé vaut {asked}.",
    }


@dataclass(eq=False)
class EntitlementNotOpen(Refusal):
    """The entitlement is used up, over, revoked, or not yet valid."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This entitlement is {state}; it cannot be used.",
        "fr": "Ce droit est {state} ; il ne peut pas être utilisé.",
    }


@dataclass(eq=False)
class QuotaExceeded(Refusal):
    """More is asked of the entitlement than is left of it."""

    left: int
    asked: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{left} are left of this entitlement, not {asked}.",
        "fr": "Il reste {left} utilisations de ce droit, pas {asked}.",
    }


@dataclass(eq=False)
class NotTransferable(Refusal):
    """This entitlement stays with whom it was given to."""

    entitlement_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This entitlement cannot be passed on.",
        "fr": "Ce droit ne peut pas être transmis.",
    }


@dataclass(eq=False)
class OtherOrganisation(Refusal):
    """An entitlement passes only between people of one partner."""

    member_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "An entitlement passes only to somebody of the same partner.",
        "fr": "Un droit ne se transmet qu’à une personne du même partenaire.",
    }
