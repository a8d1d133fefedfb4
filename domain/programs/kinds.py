"""The words a rule chooses from: which amount, which moment, whose, how it stacks, when scarcity is shared."""

from enum import StrEnum


class Basis(StrEnum):
    """Which amount of the activity a rule values; UNITS is its quantity."""

    LIST = "LIST"
    NET = "NET"
    MARGIN = "MARGIN"
    UNITS = "UNITS"
    PAID = "PAID"


class Moment(StrEnum):
    """The moment of a sale's life that an activity reports."""

    BOOKED = "BOOKED"
    PAID = "PAID"
    ACTIVATED = "ACTIVATED"
    RENEWED = "RENEWED"
    CHURNED = "CHURNED"


class SubjectKind(StrEnum):
    """Whose activities a unit gathers, and who may be a beneficiary."""

    MEMBER = "MEMBER"
    PARTNER = "PARTNER"


class Aggregation(StrEnum):
    """Whose unit a partner's activity counts in: its OWN, or that of the group it belonged to when it happened."""

    OWN = "OWN"
    GROUP = "GROUP"


class StackingMode(StrEnum):
    """How the rules of one stacking group share a deal: the first only, the largest only, or all of them."""

    EXCLUSIVE = "EXCLUSIVE"
    BEST_OF = "BEST_OF"
    ADDITIVE = "ADDITIVE"


class Allocation(StrEnum):
    """Whether scarcity is shared as activities are recorded, or at the period's close in order of occurrence."""

    AS_RECORDED = "AS_RECORDED"
    AT_CLOSE = "AT_CLOSE"


class TouchMode(StrEnum):
    """Whose a deal is that several partners touched: the first one's, or that of the last before the activity."""

    FIRST = "FIRST"
    LAST = "LAST"
