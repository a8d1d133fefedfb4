"""What a rule asks of its deal's other activities: what comes before, what follows, what takes back, whose it is."""

from dataclasses import dataclass

from domain.kernel.periods import DAYS_MAX
from domain.programs.document import Number, Reader, number_json
from domain.programs.kinds import Moment, TouchMode

PPM_WHOLE = 1_000_000
WITHIN_DAYS_MAX = DAYS_MAX // 10
CLAWBACKS_MAX = 4
TOUCHES_MAX = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """An activity to look for in the deal: its type, and its moment where one type reports several."""

    trigger: str
    moment: Moment | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clawback:
    """The sign within so many days after the activity leaves `keeps_ppm` millionths of what the deal earned."""

    sign: Sign
    within_days: Number
    keeps_ppm: Number


@dataclass(frozen=True, kw_only=True, slots=True)
class Awaits:
    """Nothing is due before the sign, which has to come within so many days after the activity."""

    sign: Sign
    within_days: Number


@dataclass(frozen=True, kw_only=True, slots=True)
class Follows:
    """Nothing is due without the sign before the activity, at most so many days before (None: however long)."""

    sign: Sign
    within_days: Number | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """Nothing is due to a partner who is not the first, or the last, of those who touched the deal until then."""

    mode: TouchMode
    triggers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """All that a rule asks of the course of its deal; nothing, by default."""

    clawbacks: tuple[Clawback, ...] = ()
    awaits: Awaits | None = None
    follows: Follows | None = None
    touch: Touch | None = None

    @property
    def asks(self) -> bool:
        """True when the other activities of the deal decide."""
        return bool(self.clawbacks) or self.sought is not None or self.touch is not None

    @property
    def sought(self) -> Sign | None:
        """What has to be found in the deal, so that an activity without a deal cannot be due anything."""
        found = self.awaits or self.follows
        return None if found is None else found.sign

    def to_json(self) -> dict[str, object]:
        """The fields as the document writes them."""
        awaits, follows, touch = self.awaits, self.follows, self.touch
        return {
            "clawback": [
                {
                    **_sign_json(item.sign),
                    "within_days": number_json(item.within_days),
                    "keeps_ppm": number_json(item.keeps_ppm),
                }
                for item in self.clawbacks
            ],
            "awaits": awaits and {**_sign_json(awaits.sign), "within_days": number_json(awaits.within_days)},
            "follows": follows
            and {
                **_sign_json(follows.sign),
                "within_days": None if follows.within_days is None else number_json(follows.within_days),
            },
            "touch": touch and {"mode": touch.mode.value, "triggers": list(touch.triggers)},
        }


NO_COURSE = Course()
COURSE_FIELDS = ("clawback", "awaits", "follows", "touch")


def course_read(reader: Reader) -> Course:
    """What the rule asks of its deal; problems are noted in the reader."""
    return Course(
        clawbacks=_clawbacks(reader),
        awaits=reader.optional("awaits", lambda: _awaits(reader.inner("awaits"))),
        follows=reader.optional("follows", lambda: _follows(reader.inner("follows"))),
        touch=reader.optional("touch", lambda: _touch(reader.inner("touch"))),
    )


def _clawbacks(reader: Reader) -> tuple[Clawback, ...]:
    is_one = isinstance(reader.fields.get("clawback"), dict)
    found = [reader.inner("clawback")] if is_one else reader.each("clawback", CLAWBACKS_MAX)
    clawbacks: list[Clawback] = []
    for inner in found:
        inner.only("trigger", "moment", "within_days", "keeps_ppm")
        clawbacks.append(
            Clawback(
                sign=_sign(inner),
                within_days=inner.number("within_days", 0, WITHIN_DAYS_MAX),
                keeps_ppm=inner.number("keeps_ppm", 0, PPM_WHOLE, default=0),
            )
        )
    return tuple(clawbacks)


def _awaits(reader: Reader) -> Awaits:
    reader.only("trigger", "moment", "within_days")
    return Awaits(sign=_sign(reader), within_days=reader.number("within_days", 0, WITHIN_DAYS_MAX))


def _follows(reader: Reader) -> Follows:
    reader.only("trigger", "moment", "within_days")
    within = reader.optional("within_days", lambda: reader.number("within_days", 0, WITHIN_DAYS_MAX))
    return Follows(sign=_sign(reader), within_days=within)


def _touch(reader: Reader) -> Touch:
    reader.only("mode", "triggers")
    triggers = reader.codes("triggers", TOUCHES_MAX)
    return Touch(mode=reader.choice("mode", TouchMode, TouchMode.FIRST), triggers=triggers)


def _sign(reader: Reader) -> Sign:
    moment = reader.optional("moment", lambda: reader.choice("moment", Moment))
    return Sign(trigger=reader.code("trigger"), moment=moment)


def _sign_json(sign: Sign) -> dict[str, object]:
    return {"trigger": sign.trigger, "moment": sign.moment.value if sign.moment else None}
