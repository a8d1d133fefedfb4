"""Discount steps: how a reward shrinks, or is barred, the more was taken off the list price."""

from dataclasses import dataclass

from domain.programs.document import Number, Reader, least, most, number_json

PPM_WHOLE = 1_000_000
DISCOUNT_STEPS_MAX = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscountStep:
    """Of a sale whose discount is above `above_ppm` millionths of LIST, the reward keeps `keeps_ppm`; 0 bars it."""

    above_ppm: Number
    keeps_ppm: Number

    def to_json(self) -> dict[str, object]:
        """The step as the document writes it."""
        return {"above_ppm": number_json(self.above_ppm), "keeps_ppm": number_json(self.keeps_ppm)}


def discount_read(reader: Reader) -> tuple[DiscountStep, ...]:
    """The steps in the field `discount`, from the lowest; problems are noted in the reader."""
    steps: list[DiscountStep] = []
    for index, inner in enumerate(reader.each("discount", DISCOUNT_STEPS_MAX)):
        inner.only("above_ppm", "keeps_ppm")
        step = DiscountStep(
            above_ppm=inner.number("above_ppm", 0, PPM_WHOLE), keeps_ppm=inner.number("keeps_ppm", 0, PPM_WHOLE)
        )
        if index and least(step.above_ppm) <= most(steps[-1].above_ppm):
            inner.problem("above_ppm", "is above the step before it, at every parameter's bounds")
        steps.append(step)
    return tuple(steps)
