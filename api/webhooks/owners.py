"""In whose name an endpoint hears events: the deployment's, or its source's as far as a key of it still may."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.access.principals import Actor, Role, Scope
from domain.kernel.sql import Connection, Row

# Keys of sources, and (NULL) of the deployment, that work now.
LIVE_SCOPES = """
SELECT source_id, jsonb_agg(scopes) AS scopes FROM api_key
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > guerdon_now())
AND (source_id = ANY($1::uuid[]) OR ($2 AND source_id IS NULL))
GROUP BY source_id
"""

Scopes = Mapping[UUID | None, frozenset[Scope]]


async def scopes_of(connection: Connection, endpoints: Iterable[Row]) -> Scopes:
    """What the live keys of each owning source may do together; at most one statement."""
    owners = {row["source_id"] for row in endpoints if row["owner_role"] == Role.INTEGRATION.value}
    if not owners:
        return {}
    rows = await connection.fetch(LIVE_SCOPES, [one for one in owners if one is not None], None in owners)
    return {row["source_id"]: frozenset(Scope(one) for each in row["scopes"] for one in each) for row in rows}


def owner_of(endpoint: Row, scopes: Scopes) -> Actor:
    """Whom an endpoint's events are judged for, as of now."""
    if endpoint["owner_role"] == Role.ADMIN.value:
        return Actor(principal_id=endpoint["id"], role=Role.ADMIN)
    source_id = endpoint["source_id"]
    granted = scopes.get(source_id, frozenset()) & {Scope.EVENTS_READ}
    return Actor(principal_id=endpoint["id"], role=Role.INTEGRATION, source_id=source_id, scopes=granted)
