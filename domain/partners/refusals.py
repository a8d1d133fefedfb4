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
