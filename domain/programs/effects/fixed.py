"""FIXED: every activity that counts is worth the same amount."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, Rounding
from domain.programs.document import Number, Reader, number_json, number_value
from domain.programs.effects.effect import Counted, Plain, Setting, Worth


@dataclass(frozen=True, kw_only=True)
class Fixed(Plain):
    """`amount` minor award units per activity."""

    kind: ClassVar[str] = "FIXED"
    amount: Number

    @classmethod
    def read(cls, reader: Reader, setting: Setting) -> "Fixed":
        """The effect in the document; problems are noted in the reader."""
        reader.only("kind", "amount")
        return cls(amount=reader.number("amount", 0, AMOUNT_ABSOLUTE_MAX))

    @property
    def uses_basis(self) -> bool:
        """No basis is asked for."""
        return False

    def worth(self, counted: Counted, parameters: Mapping[str, object], rounding: Rounding) -> tuple[Worth, ...]:
        """The fixed amount."""
        amount = number_value(self.amount, parameters)
        return (Worth(amount=amount, code="EFFECT_FIXED", facts={"amount": amount}),)

    def to_json(self) -> dict[str, object]:
        """The effect as the document writes it."""
        return {"kind": self.kind, "amount": number_json(self.amount)}
