"""The envelope of domain events and their registry: each room declares its own types in `events.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One kind of event: its dotted past-tense name, what it is about and what its payload holds (field → meaning)."""

    name: str
    aggregate: str
    description: str
    payload: Mapping[str, str]

    def about(
        self,
        aggregate_id: UUID,
        *,
        member_id: UUID | None = None,
        partner_id: UUID | None = None,
        program_id: UUID | None = None,
        transaction_id: UUID | None = None,
        digest: bytes | None = None,
        **payload: Any,
    ) -> "Event":
        """An event of this kind; the payload holds ids, amounts and codes, never names."""
        if set(payload) != set(self.payload):
            raise TypeError(f"{self.name} carries {sorted(self.payload)}, not {sorted(payload)}")
        return Event(
            name=self.name,
            aggregate_kind=self.aggregate,
            aggregate_id=aggregate_id,
            member_id=member_id,
            partner_id=partner_id,
            program_id=program_id,
            transaction_id=transaction_id,
            digest=digest,
            payload=payload,
        )


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, as it goes to the outbox; its member, partner and program say who may see it."""

    name: str
    aggregate_kind: str
    aggregate_id: UUID
    member_id: UUID | None
    partner_id: UUID | None
    program_id: UUID | None
    transaction_id: UUID | None
    digest: bytes | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StampedEvent:
    """An event with its dense position: what readers, the projector and subscriptions see."""

    position: int
    event_id: UUID
    name: str
    aggregate_kind: str
    aggregate_id: UUID
    member_id: UUID | None
    partner_id: UUID | None
    program_id: UUID | None
    payload: Mapping[str, Any]
    recorded_at: datetime
