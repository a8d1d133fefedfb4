"""What the deployment decides about payouts."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PayoutPolicy:
    """A payout of more than this (minor units) is approved by a second person; None: none needs one."""

    second_person_above: int | None = None
