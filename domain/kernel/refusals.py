"""What a refusal is: an expected no, typed, with the facts a client needs and its text in English and French."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

LOCALES = ("en", "fr")


@dataclass(eq=False)
class Refusal(Exception):
    """An expected no. A subclass names its facts as fields and its `texts` by locale, which quote them in braces.

    `code` is the class name in upper snake case; `retryable` says that the same request may succeed later;
    `stored` says that the answer belongs to the key (it depended on state), so that a retry gets it again.
    """

    texts: ClassVar[Mapping[str, str]] = {}
    retryable: ClassVar[bool] = False
    stored: ClassVar[bool] = True

    @classmethod
    def code(cls) -> str:
        return "".join("_" + letter if letter.isupper() else letter.upper() for letter in cls.__name__).lstrip("_")

    def facts(self) -> dict[str, Any]:
        """The refusal's own fields in JSON terms: ids and instants as text."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    def text(self, locale: str) -> str:
        """The sentence to show, in `locale` or else in English."""
        template = self.texts.get(locale.split("-")[0]) or self.texts["en"]
        return template.format(**self.facts())

    def __str__(self) -> str:
        return self.text("en")


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    return value


def every_refusal(root: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """All refusal types that are imported, in order of their codes."""
    found = {kind for child in root.__subclasses__() for kind in (child, *every_refusal(child))}
    return iter(sorted(found, key=lambda kind: kind.code()))


def refusal_again(code: str, facts: Mapping[str, Any]) -> Refusal:
    """The refusal that a receipt stored, as it was first given."""
    for kind in every_refusal():
        if kind.code() == code:
            return kind(**facts)
    raise LookupError(f"no refusal has the code {code}")


@dataclass(eq=False)
class NotFound(Refusal):
    """There is no such thing, or it is not yours to see: the two look the same."""

    kind: str
    id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no {kind} {id}.",
        "fr": "Il n’y a pas de {kind} {id}.",
    }


@dataclass(eq=False)
class NotAllowed(Refusal):
    """The actor's role does not grant this action."""

    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Your role does not allow {action}.",
        "fr": "Votre rôle ne permet pas {action}.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class InvalidInput(Refusal):
    """A value is out of its stated bounds."""

    field: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{field}: {problem}",
        "fr": "{field} : {problem}",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class AlreadyExists(Refusal):
    """Another row already has this name, code or external id."""

    kind: str
    name: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A {kind} named {name} exists already.",
        "fr": "Il existe déjà un {kind} nommé {name}.",
    }


@dataclass(eq=False)
class KeyReused(Refusal):
    """The idempotency key was used before with another request."""

    key: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The key {key} was already used for another request; take a new one.",
        "fr": "La clé {key} a déjà servi pour une autre requête ; prenez-en une nouvelle.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class TryLater(Refusal):
    """The system is busy or restarting: nothing is known to have happened; send the same request, same key, again."""

    retry_after_ms: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Busy for a moment; send the same request with the same key again in {retry_after_ms} ms.",
        "fr": "Occupé un instant ; renvoyez la même requête avec la même clé dans {retry_after_ms} ms.",
    }
    retryable: ClassVar[bool] = True
    stored: ClassVar[bool] = False
