"""PERCENT: a part of the basis in millionths, crossing units by the dated rate when the award has another unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.points import Rounding, rounded_ratio
from domain.programs.document import Number, Reader, number_json, number_value
from domain.programs.effects.effect import Counted, Plain, Setting, Worth

PPM_WHOLE = 1_000_000
PPM_MAX = 100 * PPM_WHOLE


@dataclass(frozen=True, kw_only=True)
class Percent(Plain):
    """`ppm` millionths of the basis (20,000 is 2 %), rounded once, after the rate between units."""

    kind: ClassVar[str] = "PERCENT"
    ppm: Number

    @classmethod
    def read(cls, reader: Reader, setting: Setting) -> "Percent":
        """The effect in the document; problems are noted in the reader."""
        reader.only("kind", "ppm")
        if setting.basis_unit is None:
            reader.problem("kind", "a percentage needs a basis of money: LIST, NET, MARGIN or PAID")
        return cls(ppm=reader.number("ppm", 0, PPM_MAX))

    @property
    def converts(self) -> bool:
        """A part of the basis is in the basis's unit."""
        return True

    def worth(self, counted: Counted, parameters: Mapping[str, object], rounding: Rounding) -> tuple[Worth, ...]:
        """basis × ppm ÷ 10^6 × rate."""
        ppm, factor = number_value(self.ppm, parameters), counted.factor
        earned = rounded_ratio(counted.basis * ppm * factor.numerator, PPM_WHOLE * factor.denominator, rounding)
        facts = {"amount": earned, "ppm": ppm, "basis_amount": counted.basis}
        return (Worth(amount=earned, code="EFFECT_PERCENT", facts=facts),)

    def to_json(self) -> dict[str, object]:
        """The effect as the document writes it."""
        return {"kind": self.kind, "ppm": number_json(self.ppm)}
