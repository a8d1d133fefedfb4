"""Every expected no of partners."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class PartnerUnknown(Refusal):
    """The source never registered a partner under this external id."""

    external_id: str
    texts: ClassVar = {
        "en": "This source has registered no partner {external_id}.",
        "fr": "Cette source n’a enregistré aucun partenaire {external_id}.",
    }


@dataclass(eq=False)
class HierarchyRefused(Refusal):
    """The parent would make a circle, or a chain longer than allowed."""

    external_id: str
    levels_max: int
    texts: ClassVar = {
        "en": "The parent of {external_id} would make a circle or a chain of more than {levels_max} levels.",
        "fr": "Le parent de {external_id} formerait un cercle ou une chaîne de plus de {levels_max} niveaux.",
    }


@dataclass(eq=False)
class RepeatedInBatch(Refusal):
    """The batch names this external id before, with other content: only the first counts."""

    external_id: str
    texts: ClassVar = {
        "en": "{external_id} stands earlier in the same batch with other content.",
        "fr": "{external_id} figure plus haut dans le même lot avec un autre contenu.",
    }


@dataclass(eq=False)
class MembershipOutOfOrder(Refusal):
    """The change would begin, or the end would fall, before the membership that holds now began."""

    external_id: str
    since: datetime
    texts: ClassVar = {
        "en": "The present membership of {external_id} began at {since}; nothing earlier can end it.",
        "fr": "L’appartenance actuelle de {external_id} a commencé le {since} ; rien d’antérieur ne peut y mettre fin.",
    }


@dataclass(eq=False)
class InvitationOpen(Refusal):
    """The mailbox has an open invitation of this partner already: send that again, or revoke it."""

    invitation_id: str
    texts: ClassVar = {
        "en": "This mailbox is invited already; send that invitation again, or revoke it first.",
        "fr": "Cette adresse est déjà invitée ; renvoyez cette invitation ou révoquez-la d’abord.",
    }


@dataclass(eq=False)
class InvitationNotOpen(Refusal):
    """The invitation ended, cannot be sent again, or the partner or member it names takes part no longer."""

    state: str
    texts: ClassVar = {
        "en": "This invitation is no longer open ({state}); ask for another.",
        "fr": "Cette invitation n’est plus ouverte ({state}) ; demandez-en une autre.",
    }


@dataclass(eq=False)
class InvitationExpired(Refusal):
    """The invitation was good for 14 days, and they are over."""

    expired_at: datetime
    texts: ClassVar = {
        "en": "This invitation expired on {expired_at}; ask for it to be sent again.",
        "fr": "Cette invitation a expiré le {expired_at} ; demandez qu’elle vous soit renvoyée.",
    }


@dataclass(eq=False)
class InvitationForAnother(Refusal):
    """The issuer says that the person's address is another one than the mailbox that was invited."""

    texts: ClassVar = {
        "en": "This invitation was sent to another mailbox; sign in with that address, or ask for one of your own.",
        "fr": "Cette invitation a été envoyée à une autre adresse ; connectez-vous avec elle ou demandez la vôtre.",
    }


@dataclass(eq=False)
class ParticipationTermsChanged(Refusal):
    """The terms of participation in force are of another version than the one agreed to: read and agree again."""

    version: int
    texts: ClassVar = {
        "en": "The terms of participation have changed; read version {version} and agree to it.",
        "fr": "Les conditions de participation ont changé ; lisez la version {version} et acceptez-la.",
    }


@dataclass(eq=False)
class TypeNotInState(Refusal):
    """The partner's type does not stand so that this could be done."""

    type: str
    state: str
    allowed: str
    texts: ClassVar = {
        "en": "The type {type} is {state}; what may be done: {allowed}.",
        "fr": "Le type {type} est {state} ; ce qui est possible : {allowed}.",
    }


@dataclass(eq=False)
class PartnershipNotInState(Refusal):
    """The relation does not stand so that this could be done."""

    state: str
    texts: ClassVar = {
        "en": "The relation with this partner is {state}; that cannot be done now.",
        "fr": "La relation avec ce partenaire est {state} ; cela n’est pas possible maintenant.",
    }
