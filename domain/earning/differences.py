"""Differences: what must be raised or lowered so that awards follow the dues that are true now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.earning.views import Beneficiary

AWARDS_MAX = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LineKey:
    """What awards belong to: the unit of evaluation, its activity or milestone, and the beneficiary.

    The unit is part of it: an activity corrected to another member leaves its old unit (whose line falls to 0) and
    enters a new one, perhaps for the same partner. `unit_key` is any text that names the unit, such as its tally's id.
    """

    unit_key: str
    activity_id: UUID | None
    milestone: str | None
    beneficiary: Beneficiary


@dataclass(frozen=True, kw_only=True, slots=True)
class Awarded:
    """Award n of a line and what still stands of it (its amount less what was reversed)."""

    n: int
    standing: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OldLine:
    """A line as it was posted: its due, and its awards."""

    key: LineKey
    due: int
    awards: tuple[Awarded, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Raise:
    """Award n is to be made; the budget is asked for `amount`, the difference between the dues."""

    key: LineKey
    n: int
    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Lower:
    """So much of award n is to be reversed."""

    key: LineKey
    n: int
    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """What to post; lines that are due what they were due need nothing."""

    raises: tuple[Raise, ...]
    lowers: tuple[Lower, ...]


def differences(old: Sequence[OldLine], new: Mapping[LineKey, int]) -> Differences:
    """The raises and lowers from the old lines to the new dues; a line absent from the new is due 0.

    Upward, the new award asks for new due − old due, never for what an earlier trim withheld. Downward, newest
    award first, what stands becomes min(what stands, new due). Refuses: ValueError for one line given twice, a
    negative due, or a line of more than 1,000 awards.
    """
    known = {line.key: line for line in old}
    if len(known) < len(old) or any(due < 0 for due in new.values()):
        raise ValueError("a line stands once, and no due is negative")
    raises: list[Raise] = []
    lowers: list[Lower] = []
    for line in old:
        if len(line.awards) > AWARDS_MAX:
            raise ValueError(f"a line has at most {AWARDS_MAX} awards")
        due = new.get(line.key, 0)
        if due > line.due:
            raises.append(Raise(key=line.key, n=_next(line.awards), amount=due - line.due))
        elif due < line.due:
            lowers.extend(_lowered(line, due))
    fresh = [(key, due) for key, due in new.items() if key not in known and due > 0]
    raises.extend(Raise(key=key, n=1, amount=due) for key, due in fresh)
    return Differences(raises=tuple(raises), lowers=tuple(lowers))


def _next(awards: Sequence[Awarded]) -> int:
    return max((award.n for award in awards), default=0) + 1


def _lowered(line: OldLine, due: int) -> list[Lower]:
    excess = sum(award.standing for award in line.awards) - due
    lowers: list[Lower] = []
    for award in sorted(line.awards, key=lambda each: -each.n):
        taken = min(award.standing, max(excess, 0))
        if taken > 0:
            lowers.append(Lower(key=line.key, n=award.n, amount=taken))
            excess -= taken
    return lowers
