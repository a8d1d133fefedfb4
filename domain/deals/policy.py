"""The days and numbers under which deals are registered, bound when a registration is submitted. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.kernel.refusals import InvalidInput

STANDARD = "standard"
BOUNDS: Mapping[str, tuple[int, int]] = {
    "protection_days": (1, 730),
    "extension_days": (1, 365),
    "extensions_max": (0, 10),
    "answer_days": (1, 90),
    "dispute_days": (1, 90),
    "grace_days": (0, 365),
}


@dataclass(frozen=True, kw_only=True)
class DealPolicy:
    """How long protection lasts and by how much it is extended, how often; how long a partner may take to answer what
    was returned, and to give evidence; how long after its protection a deal may still be won.
    """

    protection_days: int = 90
    extension_days: int = 30
    extensions_max: int = 2
    answer_days: int = 14
    dispute_days: int = 10
    grace_days: int = 30

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                first, *rest = name.split("_")
                raise InvalidInput(field=first + "".join(map(str.capitalize, rest)), problem=f"{least} to {most}")

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "DealPolicy":
        return cls(**{name: int(document[name]) for name in BOUNDS if name in document})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
