"""The kinds of effect there are, by the name the document uses."""

from domain.programs.document import Reader
from domain.programs.effects.brackets import Brackets
from domain.programs.effects.effect import Effect, EffectKind, Setting
from domain.programs.effects.fixed import Fixed
from domain.programs.effects.milestone import Milestones
from domain.programs.effects.per_unit import PerUnit
from domain.programs.effects.percent import Percent

EFFECT_KINDS: tuple[type[EffectKind], ...] = (Fixed, PerUnit, Percent, Brackets, Milestones)


def effect_read(reader: Reader, setting: Setting) -> Effect:
    """The effect of the kind the document names; problems are noted in the reader."""
    kind = reader.fields.get("kind")
    for known in EFFECT_KINDS:
        if known.kind == kind:
            return known.read(reader, setting)
    reader.problem("kind", f"is one of {', '.join(known.kind for known in EFFECT_KINDS)}")
    return Fixed(amount=0)
