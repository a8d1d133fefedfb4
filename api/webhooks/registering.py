"""Endpoints are made, changed, rotated and deleted; a new address hears nothing before it has answered a challenge."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.webhooks.events import ENDPOINT_CHANGED, ENDPOINT_CREATED
from api.webhooks.reading import ENDPOINT, SEES, EndpointState, is_machine, sees_all
from api.webhooks.signing import SECRET_BYTES, secret_text
from catalog.rewrapping import Sealed
from domain.access import audit
from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.outbound import Closed, DestinationClosed, Reach, checked_url
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Row

ENDPOINTS_MAX = 20
DESCRIPTION_LENGTH_MAX = 500
EVENTS_MAX = 500
ROTATION_HOURS_DEFAULT, ROTATION_HOURS_MAX = 24, 168

SAID: Mapping[Closed, str] = {
    Closed.URL: "is no URL of at most 2,000 characters",
    Closed.SCHEME: "must begin with https://",
    Closed.USER_INFO: "must not hold a user or password",
    Closed.PORT: "must use port 443 or 8443",
    Closed.HOST: "must name a public host",
    Closed.ADDRESS: "must lead to a public address",
    Closed.UNRESOLVED: "does not lead anywhere",
}
COUNT = """
SELECT count(*) FROM webhook_endpoint
WHERE owner_role = $1 AND source_id IS NOT DISTINCT FROM $2 AND state <> 'DELETED'
"""
CREATE = """
INSERT INTO webhook_endpoint (id, url, description, events, state, owner_role, source_id, secret, position, recorded_at,
                              updated_at)
SELECT $1, $2, $3, $4, 'PENDING', $5, $6, $7, last_position, $8, $8 FROM relay_state WHERE id = 1
"""
CHALLENGE = """
INSERT INTO webhook_delivery (id, endpoint_id, kind, event_id, event_name, state, next_at, recorded_at)
VALUES ($1, $2, 'CHALLENGE', $3, 'webhook.challenge', 'WAITING', $4, $4)
"""
SUPERSEDE = """
UPDATE webhook_delivery SET state = 'PARKED', ended_at = $2, lease_until = NULL
WHERE endpoint_id = $1 AND kind = 'CHALLENGE' AND state = 'WAITING'
"""
LOCK = f"""
SELECT {ENDPOINT}, endpoint.secret FROM webhook_endpoint endpoint,
  (SELECT $2::bool AS sees_all, $3::bool AS is_machine, $4::uuid AS source_id) viewer
WHERE endpoint.id = $1 AND {SEES} FOR UPDATE OF endpoint
"""
CHANGE = """
UPDATE webhook_endpoint SET url = $2, description = $3, events = $4, state = $5, reason = $6, updated_at = $7,
  version = version + 1
WHERE id = $1 RETURNING version
"""
ROTATE = """
UPDATE webhook_endpoint SET secret = $2, previous_secret = secret, previous_until = $3, updated_at = $4,
  version = version + 1
WHERE id = $1 RETURNING version
"""
DELETE = """
UPDATE webhook_endpoint SET state = 'DELETED', secret = '', previous_secret = NULL, previous_until = NULL,
  updated_at = $2, version = version + 1
WHERE id = $1
"""
WITHDRAW = """
UPDATE webhook_delivery SET state = 'WITHHELD', ended_at = $2, lease_until = NULL
WHERE endpoint_id = $1 AND state = 'WAITING'
"""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """What registering stands on: the keys that seal secrets, where calls may go, and the events that exist."""

    keyring: Keyring
    reach: Reach
    known_events: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class EndpointChange:
    """What is to be changed; None leaves it. `active` False pauses; True goes on where it stopped."""

    url: str | None = None
    description: str | None = None
    events: tuple[str, ...] | None = None
    active: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Secret:
    """An endpoint with its secret as it is handed over: once, None where a repeated request gets the receipt."""

    endpoint_id: UUID
    text: str | None = field(repr=False)


def sealed_context(endpoint_id: UUID) -> str:
    """What a sealed secret is bound to."""
    return f"webhook_endpoint|{endpoint_id}"


SEALED_SECRETS = tuple(
    Sealed(table="webhook_endpoint", key="id", column=column, context=sealed_context)
    for column in ("secret", "previous_secret")
)


async def create_endpoint(
    door: Door,
    registry: Registry,
    actor: Actor,
    keyed: Keyed,
    *,
    url: str,
    description: str = "",
    events: Collection[str] = (),
) -> Secret:
    """The endpoint is PENDING and will be challenged; it belongs to the deployment, or to the key's source.

    Refuses: InvalidInput (URL, description, events, more than 20 endpoints of one owner); KeyReused; TryLater.
    """
    secret = secrets.token_bytes(SECRET_BYTES)

    async def work(op: Operation) -> dict[str, Any]:
        _check(registry, url=url, description=description, events=events)
        endpoint_id = new_id()
        role = Role.INTEGRATION if is_machine(actor) else Role.ADMIN
        held: int = await op.sql.fetchval(COUNT, role.value, actor.source_id) or 0
        if held >= ENDPOINTS_MAX:
            raise InvalidInput(field="url", problem=f"{ENDPOINTS_MAX} endpoints at most")
        sealed = registry.keyring.seal(secret, sealed_context(endpoint_id))
        named = sorted(set(events))
        await op.sql.execute(CREATE, endpoint_id, url, description, named, role.value, actor.source_id, sealed, op.now)
        await op.sql.execute(CHALLENGE, new_id(), endpoint_id, new_id(), op.now)
        await audit.record_in(op, "webhook_endpoint.created", "webhook_endpoint", endpoint_id, events=named)
        op.tell(ENDPOINT_CREATED.about(endpoint_id, source_id=actor.source_id and str(actor.source_id)))
        return {"id": str(endpoint_id)}

    outcome = await door.operate_keyed(actor, "createWebhookEndpoint", keyed, work)
    return Secret(endpoint_id=UUID(outcome.facts["id"]), text=None if outcome.replayed else secret_text(secret))


async def update_endpoint(
    door: Door, registry: Registry, actor: Actor, endpoint_id: UUID, change: EndpointChange
) -> None:
    """The endpoint is as stated. Another URL makes it PENDING again; what it has not heard yet it hears afterwards.

    Refuses: NotFound; InvalidInput; TryLater.
    """

    async def work(op: Operation) -> None:
        row = await locked_endpoint(op, actor, endpoint_id)
        url = row["url"] if change.url is None else change.url
        description = row["description"] if change.description is None else change.description
        events = tuple(row["events"]) if change.events is None else change.events
        _check(registry, url=url, description=description, events=events)
        state = _state_after(EndpointState(row["state"]), moved=url != row["url"], active=change.active)
        reason = row["reason"] if state is EndpointState.DISABLED else None
        named = sorted(set(events))
        version = await op.sql.fetchval(CHANGE, endpoint_id, url, description, named, state.value, reason, op.now)
        if state is EndpointState.PENDING and (url != row["url"] or row["state"] != state):
            await op.sql.execute(SUPERSEDE, endpoint_id, op.now)
            await op.sql.execute(CHALLENGE, new_id(), endpoint_id, new_id(), op.now)
        await audit.record_in(
            op, "webhook_endpoint.changed", "webhook_endpoint", endpoint_id, state=state.value, events=named
        )
        op.tell(ENDPOINT_CHANGED.about(endpoint_id, state=state.value, version=version))

    await door.operate(actor, work)


async def rotate_secret(
    door: Door,
    registry: Registry,
    actor: Actor,
    keyed: Keyed,
    endpoint_id: UUID,
    *,
    overlap_hours: int = ROTATION_HOURS_DEFAULT,
) -> Secret:
    """A new secret signs; the one before signs beside it for so many hours, 0 for not at all.

    Refuses: NotFound; InvalidInput; KeyReused; TryLater.
    """
    secret = secrets.token_bytes(SECRET_BYTES)

    async def work(op: Operation) -> dict[str, Any]:
        if not 0 <= overlap_hours <= ROTATION_HOURS_MAX:
            raise InvalidInput(field="overlapHours", problem=f"0 to {ROTATION_HOURS_MAX}")
        row = await locked_endpoint(op, actor, endpoint_id)
        sealed = registry.keyring.seal(secret, sealed_context(endpoint_id))
        until = op.now + timedelta(hours=overlap_hours)
        version = await op.sql.fetchval(ROTATE, endpoint_id, sealed, until, op.now)
        await audit.record_in(op, "webhook_endpoint.rotated", "webhook_endpoint", endpoint_id, hours=overlap_hours)
        op.tell(ENDPOINT_CHANGED.about(endpoint_id, state=row["state"], version=version))
        return {"id": str(endpoint_id)}

    outcome = await door.operate_keyed(actor, "rotateWebhookSecret", keyed, work)
    return Secret(endpoint_id=endpoint_id, text=None if outcome.replayed else secret_text(secret))


async def delete_endpoint(door: Door, actor: Actor, endpoint_id: UUID) -> None:
    """The endpoint is gone with its secrets, and hears nothing more. Refuses: NotFound; TryLater."""

    async def work(op: Operation) -> None:
        row = await locked_endpoint(op, actor, endpoint_id)
        await op.sql.execute(DELETE, endpoint_id, op.now)
        await op.sql.execute(WITHDRAW, endpoint_id, op.now)
        await audit.record_in(op, "webhook_endpoint.deleted", "webhook_endpoint", endpoint_id)
        deleted = EndpointState.DELETED.value
        op.tell(ENDPOINT_CHANGED.about(endpoint_id, state=deleted, version=row["version"] + 1))

    await door.operate(actor, work)


async def locked_endpoint(op: Operation, actor: Actor, endpoint_id: UUID) -> Row:
    """The endpoint's row, locked. Refuses: NotFound, also where it is another's."""
    row = await op.sql.fetchrow(LOCK, endpoint_id, sees_all(actor), is_machine(actor), actor.source_id)
    if row is None:
        raise NotFound(kind="webhook endpoint", id=str(endpoint_id))
    return row


def _state_after(state: EndpointState, *, moved: bool, active: bool | None) -> EndpointState:
    if active is False:
        return EndpointState.PAUSED
    if moved:
        return EndpointState.PENDING if active or state is not EndpointState.PAUSED else state
    if active and state in (EndpointState.PAUSED, EndpointState.DISABLED):
        # Whoever said 410, or was paused before it had answered, is asked again whether it wants to hear us.
        return EndpointState.PENDING
    return state


def _check(registry: Registry, *, url: str, description: str, events: Collection[str]) -> None:
    try:
        checked_url(url, registry.reach)
    except DestinationClosed as closed:
        raise InvalidInput(field="url", problem=SAID[closed.reason]) from closed
    if len(description) > DESCRIPTION_LENGTH_MAX or "\x00" in description:
        raise InvalidInput(field="description", problem=f"at most {DESCRIPTION_LENGTH_MAX} characters")
    if len(events) > EVENTS_MAX:
        raise InvalidInput(field="events", problem=f"at most {EVENTS_MAX}; none named means all")
    unknown = sorted(set(events) - registry.known_events)
    if unknown:
        raise InvalidInput(field="events", problem=f"there is no event {unknown[0][:64]}")
