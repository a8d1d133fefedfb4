"""Every expected no of activities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class BatchTooLarge(Refusal):
    """More items came at once than one transaction takes."""

    items: int
    items_max: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{items} items came at once; at most {items_max} are taken.",
        "fr": "{items} éléments reçus à la fois ; {items_max} au plus sont acceptés.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class InvalidActivity(Refusal):
    """A field of the item itself is wrong; `path` and `problem` are the first of `problems`."""

    path: str
    problem: str
    problems: list[dict[str, str]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The activity cannot be taken: {path} ({problem}).",
        "fr": "L’activité ne peut pas être acceptée : {path} ({problem}).",
    }


@dataclass(eq=False)
class InvalidAttribute(Refusal):
    """An attribute or amount is not what the activity type declares; `path` and `problem` are the first."""

    path: str
    problem: str
    problems: list[dict[str, str]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The activity does not keep to its type: {path} ({problem}).",
        "fr": "L’activité ne respecte pas son type : {path} ({problem}).",
    }


@dataclass(eq=False)
class AmountOutOfBounds(Refusal):
    """An amount is below zero or above 10^15 minor units; `path` and `problem` are the first."""

    path: str
    problem: str
    problems: list[dict[str, str]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The amount at {path} is out of bounds.",
        "fr": "Le montant en {path} est hors limites.",
    }


@dataclass(eq=False)
class UnknownActivityType(Refusal):
    """No such activity type is declared."""

    type: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "No activity type {type} is declared.",
        "fr": "Aucun type d’activité {type} n’est déclaré.",
    }


@dataclass(eq=False)
class UnknownMember(Refusal):
    """The member is not registered."""

    member: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "No member {member} is registered.",
        "fr": "Aucun membre {member} n’est enregistré.",
    }


@dataclass(eq=False)
class UnknownPartner(Refusal):
    """The partner is not registered."""

    partner: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "No partner {partner} is registered.",
        "fr": "Aucun partenaire {partner} n’est enregistré.",
    }


@dataclass(eq=False)
class OccursInFuture(Refusal):
    """The activity claims to have happened more than five minutes ahead of the clock."""

    occurred_at: str
    now: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The activity would happen at {occurred_at}; it is {now}.",
        "fr": "L’activité aurait lieu le {occurred_at} ; nous sommes le {now}.",
    }


@dataclass(eq=False)
class ActivityConflict(Refusal):
    """Another content already stands under this external id; only a correction may change it."""

    external_id: str
    activity_id: str
    revision: int
    changed: list[str]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{external_id} is already recorded with another content; send a correction to change it.",
        "fr": "{external_id} est déjà enregistré avec un autre contenu ; envoyez une correction pour le modifier.",
    }


@dataclass(eq=False)
class UnknownActivity(Refusal):
    """There is nothing to correct or take back under this external id."""

    external_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "No activity {external_id} was recorded by this source.",
        "fr": "Aucune activité {external_id} n’a été enregistrée par cette source.",
    }


@dataclass(eq=False)
class InvalidActivityType(Refusal):
    """A declaration of an activity type is wrong, with every problem and its path."""

    type: str
    problems: list[dict[str, str]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The activity type {type} cannot be declared: {problems}",
        "fr": "Le type d’activité {type} ne peut pas être déclaré : {problems}",
    }


@dataclass(eq=False)
class InvalidMapping(Refusal):
    """A mapping document is wrong, with every problem and its path."""

    problems: list[dict[str, str]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The mapping cannot be used: {problems}",
        "fr": "La correspondance ne peut pas être utilisée : {problems}",
    }


@dataclass(eq=False)
class UnknownSource(Refusal):
    """No source has this code."""

    source: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no source {source}.",
        "fr": "Il n’y a pas de source {source}.",
    }


@dataclass(eq=False)
class InvalidInlet(Refusal):
    """How a source is to send by itself is stated wrongly, with every problem and its path."""

    problems: list[dict[str, str]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The inlet cannot be used: {problems}",
        "fr": "Le point d’entrée ne peut pas être utilisé : {problems}",
    }


@dataclass(eq=False)
class MessageNotUnderstood(Refusal):
    """A proven message does not have the form that its source's inlet states; nothing of it was recorded."""

    path: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The message was not understood: {path} ({problem}).",
        "fr": "Le message n’a pas été compris : {path} ({problem}).",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class MessageConflict(Refusal):
    """Another message came in under this id before."""

    message: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Another message came in as {message} before.",
        "fr": "Un autre message a déjà été reçu sous {message}.",
    }
    stored: ClassVar[bool] = False
