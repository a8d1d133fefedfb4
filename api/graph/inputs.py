"""Inputs that several mutations share."""

from collections.abc import Mapping
from typing import Any

import strawberry


def key_field() -> Any:
    """The field `idempotencyKey` of an input."""
    return strawberry.field(
        description="Your own key for this request, 1 to 128 characters; again, it answers the same and does nothing."
    )


@strawberry.input(description="A text in the languages the API speaks.")
class LocalizedTextInput:
    en: str = strawberry.field(description="English; shown where another language is missing.")
    fr: str | None = strawberry.field(default=None, description="French.")

    def texts(self) -> Mapping[str, str]:
        """By locale."""
        return {"en": self.en} | ({"fr": self.fr} if self.fr else {})
