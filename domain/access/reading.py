"""Every question about access: who is this, whom did we let in, what was done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.keys import ApiKeyText
from domain.access.ownership import EVERY_PARTNER
from domain.access.principals import Actor, Role, Scope
from domain.access.refusals import AccountDisabled, AccountNotLinked, CredentialNotAccepted, KeyExpired, KeyRevoked
from domain.access.roles import PORTFOLIO_ROLES
from domain.kernel.refusals import Refusal
from domain.kernel.sql import Connection, Database, Row

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
UNNAMED = (Role.ANONYMOUS, Role.SYSTEM)  # nobody can take their access away

ACCOUNT = """
SELECT account.id, account.role, account.member_id, account.locale, account.disabled_at, belonging.partner_id
FROM account LEFT JOIN belonging ON belonging.subject_id = account.member_id
"""
BY_SUBJECT = f"{ACCOUNT} WHERE account.issuer = $1 AND account.subject = $2"
BY_ACCOUNT = f"{ACCOUNT} WHERE account.id = $1"
BY_ACCOUNTS = f"{ACCOUNT} WHERE account.id = ANY($1::uuid[])"
KEY = """
SELECT id, prefix, secret_hash, scopes, source_id, expires_at, revoked_at, expires_at <= guerdon_now() AS is_over
FROM api_key
"""
REACHED = """
SELECT DISTINCT principal_id, partner_id FROM reach WHERE principal_id = ANY($1::uuid[]) AND relation = 'OPERATOR'
AND partner_id = ANY($2::uuid[])
"""
REACHES = f"""
SELECT EXISTS (
  SELECT 1 FROM reach
  WHERE principal_id = $1 AND relation = 'OPERATOR' AND partner_id IN ($2, '{EVERY_PARTNER}'::uuid)
)
"""


@dataclass(frozen=True, kw_only=True)
class AccountRecord:
    """A person's account; `version` is not kept, because only its role and its end ever change."""

    id: UUID
    issuer: str
    subject: str
    role: Role
    name: str
    locale: str
    member_id: UUID | None
    recorded_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ApiKeyRecord:
    """A key without its secret."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    source_id: UUID | None
    recorded_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One line of the audit log; `id` grows with time."""

    id: int
    at: datetime
    principal_id: UUID | None
    role: Role
    action: str
    object_kind: str
    object_id: UUID | None
    facts: Mapping[str, Any]
    request_id: str | None


async def actor_of_subject(
    source: Database | Connection, issuer: str, subject: str, *, expires_at: datetime | None = None
) -> Actor:
    """Who signs in as this subject of this issuer; one statement. Refuses: AccountNotLinked; AccountDisabled."""
    row = await source.fetchrow(BY_SUBJECT, issuer, subject)
    if row is None:
        raise AccountNotLinked(issuer=issuer)
    return _person(row, expires_at)


async def actor_of_account(source: Database | Connection, account_id: UUID, before: Actor) -> Actor:
    """Who signed in as `before`, and has this account now. Refuses: AccountNotLinked; AccountDisabled."""
    row = await source.fetchrow(BY_ACCOUNT, account_id)
    if row is None:
        raise AccountNotLinked(issuer="")
    return replace(_person(row, before.expires_at), request_id=before.request_id, identity=before.identity)


async def actor_of_key(source: Database | Connection, key: ApiKeyText) -> Actor:
    """The machine that shows this key; one statement. Unknown and wrong look the same.

    Refuses: CredentialNotAccepted; KeyExpired; KeyRevoked.
    """
    row = await source.fetchrow(f"{KEY} WHERE prefix = $1", key.prefix)
    if row is None or not key.proves(row["secret_hash"]):
        raise CredentialNotAccepted(reason="key")
    return _machine(row)


async def actor_again(source: Database | Connection, actor: Actor) -> Actor:
    """The same actor as of now, with today's role, partner and scopes: for each delivery of a long stream.

    One statement. Refuses: AccountNotLinked; AccountDisabled; CredentialNotAccepted; KeyExpired; KeyRevoked.
    """
    if actor.role in UNNAMED:
        return actor
    if actor.role is Role.INTEGRATION:
        row = await source.fetchrow(f"{KEY} WHERE id = $1", actor.principal_id)
        if row is None:
            raise CredentialNotAccepted(reason="key")
        return _machine(row)
    row = await source.fetchrow(BY_ACCOUNT, actor.principal_id)
    if row is None:
        raise AccountNotLinked(issuer="")
    return _person(row, actor.expires_at)


async def actors_again(source: Database | Connection, actors: Sequence[Actor]) -> list[Actor | Refusal]:
    """`actor_again` for many at once, in order, a refusal in the place of an actor whose access ended.

    At most two statements, one for people and one for machines.
    """
    machines = [actor.principal_id for actor in actors if actor.role is Role.INTEGRATION]
    people = [actor.principal_id for actor in actors if actor.role not in (*UNNAMED, Role.INTEGRATION)]
    keys = await source.fetch(f"{KEY} WHERE id = ANY($1::uuid[])", machines) if machines else []
    accounts = await source.fetch(BY_ACCOUNTS, people) if people else []
    found = {row["id"]: row for row in (*keys, *accounts)}
    return [actor if actor.role in UNNAMED else _again(actor, found.get(actor.principal_id)) for actor in actors]


def _again(actor: Actor, row: Row | None) -> Actor | Refusal:
    is_machine = actor.role is Role.INTEGRATION
    if row is None:
        return CredentialNotAccepted(reason="key") if is_machine else AccountNotLinked(issuer="")
    try:
        return _machine(row) if is_machine else _person(row, actor.expires_at)
    except Refusal as refusal:
        return refusal


async def partners_reached(
    source: Database | Connection, principal_id: UUID, partner_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Which of these partners are in the principal's portfolio; all of them if it names every partner."""
    wanted = [*partner_ids, EVERY_PARTNER]
    reached = {row["partner_id"] for row in await source.fetch(REACHED, [principal_id], wanted)}
    return frozenset(wanted if EVERY_PARTNER in reached else reached)


async def partners_of(source: Database | Connection, subject_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The partner under which each subject stands today; subjects without one are absent."""
    rows = await source.fetch(
        "SELECT subject_id, partner_id FROM belonging WHERE subject_id = ANY($1::uuid[])", list(subject_ids)
    )
    return {row["subject_id"]: row["partner_id"] for row in rows}


async def reaches(source: Database | Connection, actor: Actor, partner_id: UUID) -> bool:
    """True where an operator may act for the partner: administrators always, managers by portfolio."""
    if actor.role in (Role.ADMIN, Role.SYSTEM):
        return True
    if actor.role not in PORTFOLIO_ROLES:
        return False
    return bool(await source.fetchval(REACHES, actor.principal_id, partner_id))


async def accounts_of_issuer(source: Database | Connection, issuer: str, limit: int = PAGE_MAX) -> list[AccountRecord]:
    """The people who can sign in through this issuer, vendor's first, at most 100."""
    rows = await source.fetch(
        "SELECT * FROM account WHERE issuer = $1 AND disabled_at IS NULL"
        " ORDER BY array_position(ARRAY['ADMIN', 'CHANNEL_MANAGER', 'ACCOUNT_MANAGER', 'CATALOG', 'FINANCE', 'SUPPORT',"
        " 'PARTNER_ADMIN', 'MEMBER', 'APPLICANT'], role::text), name, id"
        " LIMIT $2",
        issuer,
        min(limit, PAGE_MAX),
    )
    return [account_record(row) for row in rows]


async def accounts(
    source: Database | Connection, actor: Actor, *, after: UUID | None = None, limit: int = PAGE_MAX
) -> list[AccountRecord]:
    """All accounts in order of their ids after one of them, at most 100; administrators only, nobody else gets any."""
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        return []
    rows = await source.fetch(
        "SELECT * FROM account WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2", after, min(limit, PAGE_MAX)
    )
    return [account_record(row) for row in rows]


async def api_keys(
    source: Database | Connection, actor: Actor, *, after: UUID | None = None, limit: int = PAGE_MAX
) -> list[ApiKeyRecord]:
    """All keys in order of their ids after one of them, at most 100; administrators only."""
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        return []
    rows = await source.fetch(
        "SELECT id, name, prefix, scopes, source_id, recorded_at, expires_at, revoked_at FROM api_key"
        " WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2",
        after,
        min(limit, PAGE_MAX),
    )
    return [key_record(row) for row in rows]


async def audit_records(
    source: Database | Connection, actor: Actor, *, before: int | None = None, limit: int = PAGE_MAX
) -> list[AuditRecord]:
    """The log, newest first, before one of its lines, at most 100: all of it for administrators, else one's own."""
    if actor.role is Role.ANONYMOUS:
        return []
    everything = actor.role in (Role.ADMIN, Role.SYSTEM)
    rows = await source.fetch(
        "SELECT * FROM audit_log WHERE ($1 OR principal_id = $2) AND ($3::bigint IS NULL OR id < $3)"
        " ORDER BY id DESC LIMIT $4",
        everything,
        actor.principal_id,
        before,
        min(limit, PAGE_MAX),
    )
    return [_audit_record(row) for row in rows]


def _person(row: Row, expires_at: datetime | None) -> Actor:
    if row["disabled_at"] is not None:
        raise AccountDisabled
    return Actor(
        principal_id=row["id"],
        role=Role(row["role"]),
        member_id=row["member_id"],
        partner_id=row["partner_id"],
        locale=row["locale"],
        expires_at=expires_at,
    )


def _machine(row: Row) -> Actor:
    if row["revoked_at"] is not None:
        raise KeyRevoked(prefix=row["prefix"])
    if row["is_over"]:
        raise KeyExpired(prefix=row["prefix"], expired_at=row["expires_at"])
    return Actor(
        principal_id=row["id"],
        role=Role.INTEGRATION,
        source_id=row["source_id"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        expires_at=row["expires_at"],
    )


def account_record(row: Row) -> AccountRecord:
    """A row of account."""
    return AccountRecord(
        id=row["id"],
        issuer=row["issuer"],
        subject=row["subject"],
        role=Role(row["role"]),
        name=row["name"],
        locale=row["locale"],
        member_id=row["member_id"],
        recorded_at=row["recorded_at"],
        disabled_at=row["disabled_at"],
    )


def key_record(row: Row) -> ApiKeyRecord:
    """A row of api_key, its secret's hash left behind."""
    return ApiKeyRecord(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        source_id=row["source_id"],
        recorded_at=row["recorded_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _audit_record(row: Row) -> AuditRecord:
    return AuditRecord(
        id=row["id"],
        at=row["at"],
        principal_id=row["principal_id"],
        role=Role(row["role"]),
        action=row["action"],
        object_kind=row["object_kind"],
        object_id=row["object_id"],
        facts=row["facts"],
        request_id=row["request_id"],
    )
