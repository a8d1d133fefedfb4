"""What the vendor says of a course, judged as a value; and the facts under which rules know its certificates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.refusals import LOCALES, InvalidInput
from domain.partners.facts import FactKind

CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
NAME_LENGTH_MAX = 200
SCORE_MAX = 100
MONTHS_MAX = 120
REMINDERS_MAX = 5
REMINDER_DAYS_MAX = 365


@dataclass(frozen=True, kw_only=True)
class CourseSaid:
    """A course: its code, its name by locale, the score out of 100 that passes, how many months a certificate lasts
    (None: for good), and how many days before its end somebody is reminded, each once.

    Refuses: InvalidInput.
    """

    code: str
    name: Mapping[str, str]
    pass_mark: int
    expiry_months: int | None = None
    reminder_days: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not CODE.fullmatch(self.code):
            raise InvalidInput(field="code", problem="a-z, 0-9 and _, beginning with a letter, at most 20 characters")
        if "en" not in self.name or not set(self.name) <= set(LOCALES):
            raise InvalidInput(field="name", problem=f"in en, and in no more than {', '.join(LOCALES)}")
        if any(not 1 <= len(text.strip()) <= NAME_LENGTH_MAX or "\x00" in text for text in self.name.values()):
            raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
        if not 0 <= self.pass_mark <= SCORE_MAX:
            raise InvalidInput(field="passMark", problem=f"0 to {SCORE_MAX}")
        if self.expiry_months is not None and not 1 <= self.expiry_months <= MONTHS_MAX:
            raise InvalidInput(field="expiryMonths", problem=f"1 to {MONTHS_MAX}")
        days = self.reminder_days
        if len(days) > REMINDERS_MAX or len(set(days)) < len(days):
            raise InvalidInput(field="reminderDays", problem=f"at most {REMINDERS_MAX}, each once")
        if any(not 1 <= each <= REMINDER_DAYS_MAX for each in days):
            raise InvalidInput(field="reminderDays", problem=f"each 1 to {REMINDER_DAYS_MAX}")
        if days and self.expiry_months is None:
            raise InvalidInput(field="reminderDays", problem="only where certificates expire")


@dataclass(frozen=True, kw_only=True)
class CourseVersion:
    """A course as it was from an instant on; `reminder_days` from the longest to the shortest."""

    id: UUID
    course_id: UUID
    n: int
    pass_mark: int
    expiry_months: int | None
    reminder_days: tuple[int, ...]
    recorded_at: datetime


def certificate_fact(code: str) -> str:
    """The kind of fact that says of a member: true while certified."""
    return f"{FactKind.CERTIFICATE}_{code}"


def certified_fact(code: str) -> str:
    """The kind of fact that says of a partner: how many of its people are certified."""
    return f"certified_{code}"
