"""An event as a webhook carries it: the ids of the schema, its payload in camel case, and the JSON Schema of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.graph.ids import Tag, encode_id
from api.webhooks import events as webhooks
from catalog.codes import events as codes
from catalog.items import events as items
from catalog.redemptions import events as redemptions
from catalog.redemptions import fulfilment_events as fulfilment
from catalog.sends import events as sends
from catalog.suppliers import events as suppliers
from domain.access import events as access
from domain.activities import events as activities
from domain.assignments import events as assignments
from domain.claims import events as claims
from domain.deals import events as deals
from domain.earning import events as earning
from domain.files import events as files
from domain.funds import events as funds
from domain.kernel.events import EventType, StampedEvent
from domain.leads import events as leads
from domain.ledger import events as ledger
from domain.partners import events as partners
from domain.partners.customers import events as customers
from domain.payouts import events as payouts
from domain.plans import events as plans
from domain.programs import events as programs
from domain.rebates import events as rebates
from domain.training import events as training
from leaderboards import events as leaderboards

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ROOMS = (
    access,
    activities,
    earning,
    deals,
    leads,
    customers,
    ledger,
    partners,
    payouts,
    programs,
    plans,
    rebates,
    leaderboards,
    webhooks,
    suppliers,
    codes,
    items,
    redemptions,
    fulfilment,
    sends,
    files,
    claims,
    funds,
    training,
    assignments,
)


class Shape(StrEnum):
    """What a value of a payload is in JSON."""

    ID = "ID"
    INSTANT = "INSTANT"
    WHOLE = "WHOLE"
    TEXT = "TEXT"
    FLAG = "FLAG"
    OBJECT = "OBJECT"
    TEXTS = "TEXTS"
    IDS = "IDS"


# Other names that end in _id are ids, others that end in _at instants; every other name of a payload stands here.
SHAPES: Mapping[str, Shape] = {
    "action": Shape.TEXT,
    "actual": Shape.WHOLE,
    "adapter": Shape.TEXT,
    "alert_below": Shape.WHOLE,
    "amount": Shape.WHOLE,
    "amounts": Shape.OBJECT,
    "attributes": Shape.OBJECT,
    "balance": Shape.WHOLE,
    "bundle": Shape.TEXT,
    "cancelled": Shape.WHOLE,
    "code": Shape.TEXT,
    "cohort": Shape.TEXT,
    "count": Shape.WHOLE,
    "counts": Shape.OBJECT,
    "credentials_changed": Shape.FLAG,
    "certified": Shape.WHOLE,
    "currency": Shape.TEXT,
    "days": Shape.WHOLE,
    "deal_key": Shape.TEXT,
    "delivery": Shape.TEXT,
    "decides_at": Shape.INSTANT,
    "duplicates": Shape.WHOLE,
    "effective_from": Shape.INSTANT,
    "epoch": Shape.WHOLE,
    "expected": Shape.WHOLE,
    "extended": Shape.OBJECT,
    "fields": Shape.TEXTS,
    "first_expires_on": Shape.TEXT,
    "free": Shape.WHOLE,
    "from_bucket": Shape.TEXT,
    "from_state": Shape.TEXT,
    "from_tier": Shape.TEXT,
    "imported": Shape.WHOLE,
    "indebted": Shape.WHOLE,
    "is_closed": Shape.FLAG,
    "is_granted": Shape.FLAG,
    "issued": Shape.WHOLE,
    "items": Shape.IDS,
    "kind": Shape.TEXT,
    "lines": Shape.IDS,
    "low_stock_at": Shape.WHOLE,
    "media_type": Shape.TEXT,
    "milestone": Shape.TEXT,
    "missing": Shape.OBJECT,
    "operator": Shape.TEXT,
    "origin": Shape.TEXT,
    "parameters_version": Shape.WHOLE,
    "partners": Shape.WHOLE,
    "period": Shape.TEXT,
    "period_start": Shape.INSTANT,
    "problem": Shape.TEXT,
    "purpose": Shape.TEXT,
    "quantity": Shape.WHOLE,
    "quota": Shape.WHOLE,
    "reason": Shape.TEXT,
    "reasons": Shape.TEXTS,
    "reference_kind": Shape.TEXT,
    "refunded": Shape.WHOLE,
    "rejected": Shape.WHOLE,
    "remaining": Shape.WHOLE,
    "replaced": Shape.FLAG,
    "reserved": Shape.WHOLE,
    "reversed_total": Shape.WHOLE,
    "revision": Shape.WHOLE,
    "role": Shape.TEXT,
    "reps_min": Shape.WHOLE,
    "rule": Shape.TEXT,
    "scope": Shape.TEXT,
    "score": Shape.WHOLE,
    "scopes": Shape.TEXTS,
    "settlement": Shape.TEXT,
    "sends": Shape.WHOLE,
    "size": Shape.WHOLE,
    "side": Shape.TEXT,
    "n": Shape.WHOLE,
    "is_active": Shape.FLAG,
    "state": Shape.TEXT,
    "subject_kind": Shape.TEXT,
    "substituted": Shape.WHOLE,
    "target": Shape.WHOLE,
    "tier": Shape.TEXT,
    "to_bucket": Shape.TEXT,
    "to_state": Shape.TEXT,
    "to_tier": Shape.TEXT,
    "total": Shape.WHOLE,
    "type": Shape.TEXT,
    "unit": Shape.TEXT,
    "until": Shape.INSTANT,
    "use_by": Shape.INSTANT,
    "used": Shape.WHOLE,
    "valid_from": Shape.INSTANT,
    "valid_until": Shape.INSTANT,
    "value": Shape.WHOLE,
    "version": Shape.WHOLE,
    "voided": Shape.WHOLE,
    "waits_for": Shape.TEXT,
    "window": Shape.TEXT,
}
SCHEMAS: Mapping[Shape, Mapping[str, Any]] = {
    Shape.ID: {"type": "string", "minLength": 24, "maxLength": 24},
    Shape.INSTANT: {"type": "string", "format": "date-time"},
    Shape.WHOLE: {"type": "integer"},
    Shape.TEXT: {"type": "string"},
    Shape.FLAG: {"type": "boolean"},
    Shape.OBJECT: {"type": "object"},
    Shape.TEXTS: {"type": "array", "items": {"type": "string"}},
    Shape.IDS: {"type": "array", "items": {"type": "string", "minLength": 24, "maxLength": 24}},
}
# What an id names, where its name does not say so by itself.
TAGS: Mapping[str, Tag] = {
    "former_partner": Tag.PARTNER,
    "batch": Tag.CODE_BATCH,
    "cause": Tag.CAUSE,
    "first_claim": Tag.CLAIM,
    "second_claim": Tag.CLAIM,
    "item": Tag.CATALOG_ITEM,
    "line": Tag.REDEMPTION_LINE,
    "next_supplier": Tag.SUPPLIER,
    "pool": Tag.CODE_POOL,
    "requirement": Tag.COURSE_REQUIREMENT,
    "send": Tag.REWARD_SEND,
    "webhook_endpoint": Tag.WEBHOOK_ENDPOINT,
}


def event_types() -> Mapping[str, EventType]:
    """Every event that can be told, by its name."""
    return {
        found.name: found
        for room in ROOMS
        for found in sorted(
            (one for one in vars(room).values() if isinstance(one, EventType)), key=lambda one: one.name
        )
    }


def body_of(event: StampedEvent) -> Mapping[str, Any]:
    """The `data` of a webhook: the same event, by the same id, as `rewardEvents` tells it."""
    payload = {camel(name): _shown(name, value, event.payload) for name, value in event.payload.items()}
    return {
        "id": encode_id(Tag.EVENT, event.event_id),
        "recordedAt": event.recorded_at.isoformat(),
        "about": {"kind": event.aggregate_kind, "id": encode_id(tag_of(event.aggregate_kind), event.aggregate_id)},
        "memberId": event.member_id and encode_id(Tag.MEMBER, event.member_id),
        "partnerId": event.partner_id and encode_id(Tag.PARTNER, event.partner_id),
        "programId": event.program_id and encode_id(Tag.PROGRAM, event.program_id),
        **payload,
    }


def message_of(event: StampedEvent) -> Mapping[str, Any]:
    """The whole body of a webhook: what happened, when it was recorded, and its data."""
    return {"type": event.name, "timestamp": event.recorded_at.isoformat(), "data": body_of(event)}


def schema_of(kind: EventType, url: str) -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of a whole message of this kind; fields may be added to it, none goes."""
    known = {
        "id": {**SCHEMAS[Shape.ID], "description": "The event's id, the same wherever it is told."},
        "recordedAt": {**SCHEMAS[Shape.INSTANT], "description": "When it was recorded."},
        "about": {
            "type": "object",
            "description": "What it happened to.",
            "properties": {"kind": {"const": kind.aggregate}, "id": SCHEMAS[Shape.ID]},
            "required": ["kind", "id"],
        },
        "memberId": _field(Shape.ID, "The member it is about, or null."),
        "partnerId": _field(Shape.ID, "The partner it stands under, or null."),
        "programId": _field(Shape.ID, "The program it belongs to, or null."),
    }
    carried = {camel(name): _field(shape_of(name), meaning) for name, meaning in kind.payload.items()}
    data = {"type": "object", "properties": known | carried, "required": [*known, *carried]}
    return {
        "$schema": DRAFT,
        "$id": f"{url}/schemas/events/{kind.name}.json",
        "title": kind.name,
        "description": kind.description,
        "type": "object",
        "properties": {
            "type": {"const": kind.name},
            "timestamp": {**SCHEMAS[Shape.INSTANT], "description": "When it was recorded."},
            "data": data,
        },
        "required": ["type", "timestamp", "data"],
    }


def shape_of(name: str) -> Shape:
    """What a payload's field of this name is. Refuses: LookupError for a name that SHAPES lacks."""
    if name in SHAPES:
        return SHAPES[name]
    if name.endswith("_id"):
        return Shape.ID
    if name.endswith("_at"):
        return Shape.INSTANT
    return SHAPES[name]


def tag_of(kind: str) -> Tag:
    """The tag of a thing's ids; those that no query hands out share one."""
    known: Mapping[str, Tag] = {tag.name.lower(): tag for tag in Tag}
    return TAGS.get(kind) or known.get(kind, Tag.OBJECT)


def camel(name: str) -> str:
    """A payload's field as the schema spells it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _field(shape: Shape, meaning: str) -> Mapping[str, Any]:
    told: dict[str, Any] = {**SCHEMAS[shape], "description": meaning}
    if "null" in meaning:
        told["type"] = [told["type"], "null"]
    return told


def _shown(name: str, value: Any, payload: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    if shape_of(name) is Shape.IDS:
        return [encode_id(tag_of(name.removesuffix("s")), UUID(str(one))) for one in value]
    if not name.endswith("_id"):
        return value
    kind = name.removesuffix("_id")
    if f"{kind}_kind" in payload:
        kind = str(payload[f"{kind}_kind"]).lower()
    return encode_id(tag_of(kind), UUID(str(value)))
