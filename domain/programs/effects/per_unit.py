"""PER_UNIT: so many award units for every so many of the basis, whether units sold or minor units of money."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, Rounding, rounded_ratio
from domain.programs.document import Number, Reader, number_json, number_value
from domain.programs.effects.effect import Counted, Plain, Setting, Worth


@dataclass(frozen=True, kw_only=True)
class PerUnit(Plain):
    """`amount` minor award units for every `per` of the basis, the ratio rounded once per activity."""

    kind: ClassVar[str] = "PER_UNIT"
    amount: Number
    per: Number

    @classmethod
    def read(cls, reader: Reader, setting: Setting) -> "PerUnit":
        """The effect in the document; problems are noted in the reader."""
        reader.only("kind", "amount", "per")
        return cls(
            amount=reader.number("amount", 0, AMOUNT_ABSOLUTE_MAX),
            per=reader.number("per", 1, AMOUNT_ABSOLUTE_MAX, default=1),
        )

    def worth(self, counted: Counted, parameters: Mapping[str, object], rounding: Rounding) -> tuple[Worth, ...]:
        """basis × amount ÷ per."""
        amount, per = number_value(self.amount, parameters), number_value(self.per, parameters)
        earned = rounded_ratio(counted.basis * amount, per, rounding)
        facts = {"amount": earned, "each": amount, "per": per, "basis_amount": counted.basis}
        return (Worth(amount=earned, code="EFFECT_PER_UNIT", facts=facts),)

    def to_json(self) -> dict[str, object]:
        """The effect as the document writes it."""
        return {"kind": self.kind, "amount": number_json(self.amount), "per": number_json(self.per)}
