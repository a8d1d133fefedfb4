"""What every kind of effect is given, what it answers, and what it must be able to say about itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Protocol

from domain.kernel.points import Rounding
from domain.programs.document import Reader


class Measure(StrEnum):
    """What brackets and milestones add up: the rule's basis, or the number of activities that count."""

    BASIS = "BASIS"
    COUNT = "COUNT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What the counted activities of a unit add up to; basis in minor units, or in whole units for UNITS."""

    count: int = 0
    basis: int = 0

    def of(self, measure: Measure) -> int:
        """The total of this measure."""
        return self.count if measure is Measure.COUNT else self.basis


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """One activity that counts: its basis, the unit's totals before and after it, and the totals of the whole unit.

    `whole` equals `after` except for an effect that re-rates; `factor` is how many minor award units one minor
    basis unit is worth; `reached` are the milestones that the unit reached before.
    """

    basis: int
    before: Totals
    after: Totals
    whole: Totals
    factor: Fraction = Fraction(1)
    reached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What an activity, or a milestone it reached, is worth in minor award units, as code and facts."""

    amount: int
    code: str
    facts: Mapping[str, int | str]
    milestone: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What an effect needs to know of its rule while it is read: the units, and whether it is the count of units."""

    award_unit: str
    basis_unit: str | None


class Effect(Protocol):
    """A pure kind of effect; amounts it answers are never negative."""

    kind: ClassVar[str]

    @property
    def uses_basis(self) -> bool:
        """True when an activity without the rule's basis cannot be valued."""
        ...

    @property
    def converts(self) -> bool:
        """True when the worth is a part of the basis, so that it crosses units by a dated rate."""
        ...

    @property
    def rerates(self) -> bool:
        """True when the unit's totals change what earlier activities are worth."""
        ...

    @property
    def has_milestones(self) -> bool:
        """True when the awards belong to the unit's milestones instead of its activities."""
        ...

    def unit_rate(self, totals: Totals, parameters: Mapping[str, object]) -> int:
        """The rate at which a unit with these totals stands; an effect that re-rates does so when it changes."""
        ...

    def worth(self, counted: Counted, parameters: Mapping[str, object], rounding: Rounding) -> tuple[Worth, ...]:
        """What the activity is worth: one answer, or one per milestone reached (then perhaps progress only)."""
        ...

    def to_json(self) -> dict[str, object]:
        """The effect as the document writes it."""
        ...


class EffectKind(Protocol):
    """A class of effects: its name and how it is read."""

    kind: ClassVar[str]

    @classmethod
    def read(cls, reader: Reader, setting: Setting) -> Effect:
        """The effect in the document; problems are noted in the reader."""
        ...


class Plain:
    """The answers of an effect that looks at nothing but the activity itself."""

    @property
    def uses_basis(self) -> bool:
        """An effect over the basis, unless it says otherwise."""
        return True

    @property
    def converts(self) -> bool:
        """Stated in award units."""
        return False

    @property
    def rerates(self) -> bool:
        """Earlier activities keep their worth."""
        return False

    @property
    def has_milestones(self) -> bool:
        """Awards belong to activities."""
        return False

    def unit_rate(self, totals: Totals, parameters: Mapping[str, object]) -> int:
        """One rate for all totals."""
        return 0
