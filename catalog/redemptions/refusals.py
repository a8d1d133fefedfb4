"""Every expected no of redemptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from catalog.items.eligibility import Obstacle, ObstacleCode
from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class ActionNotAvailable(Refusal):
    """The line is not in a state in which this can be done; its `availableActions` say what can."""

    action: str
    line_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the line is {state}.",
        "fr": "{action} n’est pas possible : la ligne est {state}.",
    }


@dataclass(eq=False)
class QuoteExpired(Refusal):
    """The prices of a quote stand until it expires; ask for a new one."""

    quote_id: str
    expired_at: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This offer expired at {expired_at}; ask for a new one.",
        "fr": "Cette offre a expiré à {expired_at} ; demandez-en une nouvelle.",
    }


@dataclass(eq=False)
class QuoteRedeemed(Refusal):
    """A quote is redeemed once."""

    quote_id: str
    redemption_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This offer was already redeemed.",
        "fr": "Cette offre a déjà été utilisée.",
    }


@dataclass(eq=False)
class CannotRedeem(Refusal):
    """Something stands in the way of redeeming these; `obstacles` say what, each with its facts and its text."""

    obstacles: list[dict[str, Any]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This cannot be redeemed now.",
        "fr": "Ceci ne peut pas être échangé maintenant.",
    }

    def text(self, locale: str) -> str:
        """Each obstacle's own sentence, once."""
        language = locale.split("-")[0]
        said = [
            Obstacle(code=ObstacleCode(one["code"]), facts=one["facts"]).text(language)
            for one in self.obstacles
            if one["code"] in ObstacleCode.__members__
        ]
        return " ".join(dict.fromkeys(said)) or super().text(locale)


@dataclass(eq=False)
class AddressNeeded(Refusal):
    """Goods that are shipped need an address."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "An address is needed to ship this.",
        "fr": "Une adresse est nécessaire pour expédier ceci.",
    }


@dataclass(eq=False)
class TaxThresholdReached(Refusal):
    """With this, the value of the year’s rewards would pass the threshold of the member’s country."""

    country: str
    year: int
    threshold: int
    currency: str
    received: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "With this, rewards of {year} would pass {threshold} {currency} (minor units); the tax form comes first.",
        "fr": "Avec ceci, les récompenses de {year} dépasseraient {threshold} {currency} (unités mineures) ;"
        " le formulaire fiscal d’abord.",
    }


@dataclass(eq=False)
class StaleLease(Refusal):
    """The lease is over and somebody else has the order now: nothing was changed; claim again."""

    attempt_id: str
    fence: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Somebody else has this order by now; what you report under lease {fence} comes too late.",
        "fr": "Quelqu’un d’autre a désormais cette commande ; ce que vous signalez sous le bail {fence} arrive trop"
        " tard.",
    }


@dataclass(eq=False)
class NotParked(Refusal):
    """Only what waits for somebody is retried: this order is on its way by itself, or has ended."""

    attempt_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This order does not wait for you: it is {state}.",
        "fr": "Cette commande ne vous attend pas : elle est {state}.",
    }


@dataclass(eq=False)
class ProblemOpen(Refusal):
    """A problem with this code is being looked at already."""

    problem_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A problem with this code is being looked at already.",
        "fr": "Un problème avec ce code est déjà en cours de traitement.",
    }


@dataclass(eq=False)
class ProblemSettled(Refusal):
    """The problem was settled before."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This problem was settled before: {state}.",
        "fr": "Ce problème a déjà été réglé : {state}.",
    }


@dataclass(eq=False)
class NoCodeLeft(Refusal):
    """The pool has no other code: refund instead, or import codes first."""

    line_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no other code to replace this one; refund it, or import codes first.",
        "fr": "Il n’y a pas d’autre code pour remplacer celui-ci ; remboursez-le, ou importez d’abord des codes.",
    }
