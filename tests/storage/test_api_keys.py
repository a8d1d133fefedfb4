"""Machines and people are known by what they show: keys, accounts, audit."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.access import audit
from domain.access.admitting import Invitation, link_account, unlink_account
from domain.access.granting import NewKey, create_key, create_key_in, revoke_key
from domain.access.keys import ApiKeyText, KeyKind
from domain.access.principals import ANONYMOUS, SYSTEM, Actor, Role, Scope
from domain.access.reading import accounts, actor_again, actor_of_key, actor_of_subject, api_keys, audit_records
from domain.access.refusals import (
    AccountAlreadyLinked,
    AccountDisabled,
    AccountNotLinked,
    CredentialNotAccepted,
    KeyExpired,
    KeyRevoked,
    RoleNotGrantable,
)
from domain.access.spending import Spent, prune_spent, spend_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import CheckViolation, Database

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


@pytest.fixture(scope="module")
async def db(database: str) -> AsyncIterator[Database]:
    opened = await Database.open(database)
    yield opened
    await opened.close()


@pytest.fixture
def door(db: Database) -> Door:
    return Door(db)


async def made(door: Door, *scopes: Scope, kind: KeyKind = KeyKind.LIVE) -> NewKey:
    granted = scopes or (Scope.ACTIVITIES_WRITE,)
    return await door.operate(ADMIN, lambda op: create_key_in(op, name="CRM", scopes=granted, kind=kind))


def read(key: NewKey) -> ApiKeyText:
    text = ApiKeyText.read(key.text or "")
    assert text is not None
    return text


async def test_a_key_names_its_machine_and_its_scopes(door: Door, db: Database) -> None:
    key = await made(door, Scope.ACTIVITIES_WRITE, Scope.EVENTS_READ)
    assert re.fullmatch(r"gk_live_[0-9a-f]{16}_[0-9a-f]{64}", key.text or "")
    actor = await actor_of_key(db, read(key))
    assert (actor.principal_id, actor.role) == (key.id, Role.INTEGRATION)
    assert actor.scopes == {Scope.ACTIVITIES_WRITE, Scope.EVENTS_READ}


async def test_a_wrong_secret_and_an_unknown_key_look_the_same(door: Door, db: Database) -> None:
    key = read(await made(door))
    wrong = ApiKeyText(kind=key.kind, prefix=key.prefix, secret="0" * 64)
    unknown = ApiKeyText(kind=key.kind, prefix="gk_live_0000000000000000", secret=key.secret)
    answers: list[str] = []
    for text in (wrong, unknown):
        with pytest.raises(CredentialNotAccepted) as refused:
            await actor_of_key(db, text)
        answers.append(str(refused.value.facts()))
    assert answers[0] == answers[1]


async def test_the_secret_is_told_once_and_stored_nowhere(door: Door, db: Database) -> None:
    keyed = Keyed(key=str(new_id()), request={"name": "LMS"})
    first = await create_key(door, ADMIN, keyed, name="LMS", scopes=[Scope.ACTIVITIES_WRITE])
    again = await create_key(door, ADMIN, keyed, name="LMS", scopes=[Scope.ACTIVITIES_WRITE])
    assert (first.id, first.prefix) == (again.id, again.prefix)
    assert again.text is None
    secret = read(first).secret
    for table in ("api_key", "receipt", "outbox", "audit_log"):
        found = await db.fetchval(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%'", secret)
        assert found == 0, table


async def test_a_revoked_key_proves_nothing_and_says_so(door: Door, db: Database) -> None:
    key = await made(door)
    actor = await actor_of_key(db, read(key))
    for _ in range(2):
        await revoke_key(door, ADMIN, key.id)
    with pytest.raises(KeyRevoked):
        await actor_of_key(db, read(key))
    with pytest.raises(KeyRevoked):
        await actor_again(db, actor)
    events = await db.fetch("SELECT name FROM outbox WHERE aggregate_id = $1 ORDER BY id", key.id)
    assert [row["name"] for row in events] == ["api_key.created", "api_key.revoked"]
    with pytest.raises(NotFound):
        await revoke_key(door, ADMIN, new_id())


async def test_a_key_ends_at_its_instant(door: Door, db: Database) -> None:
    now = await db.fetchval("SELECT guerdon_now()")
    with pytest.raises(InvalidInput):
        await door.operate(
            ADMIN,
            lambda op: create_key_in(
                op, name="late", scopes=[Scope.EVENTS_READ], expires_at=now - timedelta(seconds=1)
            ),
        )
    key = await door.operate(
        ADMIN,
        lambda op: create_key_in(op, name="short", scopes=[Scope.EVENTS_READ], expires_at=op.now + timedelta(hours=1)),
    )
    assert (await actor_of_key(db, read(key))).expires_at is not None
    await db.fetch("UPDATE api_key SET expires_at = guerdon_now() WHERE id = $1", key.id)
    with pytest.raises(KeyExpired):
        await actor_of_key(db, read(key))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gk_",
        "gk_live_ab_cd",
        "gk_live_" + "0" * 16 + "_" + "g" * 64,
        "gk_prod_" + "0" * 16 + "_" + "0" * 64,
        "gk_live_" + "0" * 16 + "_" + "0" * 65,
        "gk_live_" + "A" * 16 + "_" + "0" * 64,
        "gk_live_" + "0" * 200,
    ],
)
def test_only_well_formed_text_is_a_key(text: str) -> None:
    assert ApiKeyText.read(text) is None


async def test_a_name_and_a_scope_are_needed(door: Door) -> None:
    for name, scopes in (("", [Scope.EVENTS_READ]), ("n" * 101, [Scope.EVENTS_READ]), ("fine", [])):
        with pytest.raises(InvalidInput):
            await door.operate(ADMIN, lambda op, n=name, s=scopes: create_key_in(op, name=n, scopes=s))


async def test_a_person_is_known_once_linked_and_no_longer_once_unlinked(door: Door, db: Database) -> None:
    invitation = Invitation(issuer="idp", subject="ada", role=Role.ADMIN, name="Ada", locale="fr")
    with pytest.raises(AccountNotLinked):
        await actor_of_subject(db, "idp", "ada")
    account_id = await link_account(door, ADMIN, invitation)
    actor = await actor_of_subject(db, "idp", "ada")
    assert (actor.principal_id, actor.role, actor.locale) == (account_id, Role.ADMIN, "fr")
    with pytest.raises(AccountAlreadyLinked):
        await link_account(door, ADMIN, invitation)
    await unlink_account(door, ADMIN, account_id)
    for look in (actor_of_subject(db, "idp", "ada"), actor_again(db, actor)):
        with pytest.raises(AccountDisabled):
            await look
    assert await link_account(door, ADMIN, invitation) == account_id


async def test_nobody_grants_above_their_role(door: Door) -> None:
    manager = Actor(principal_id=new_id(), role=Role.CHANNEL_MANAGER)
    administrator = Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, partner_id=new_id())
    as_admin = Invitation(issuer="idp", subject="eve", role=Role.ADMIN, name="Eve")
    as_member = Invitation(issuer="idp", subject="eve", role=Role.MEMBER, name="Eve", member_id=new_id())
    for actor, invitation in ((manager, as_admin), (administrator, as_member), (manager, as_member)):
        with pytest.raises(RoleNotGrantable):
            await link_account(door, actor, invitation)
    with pytest.raises(NotFound):
        await link_account(door, ADMIN, as_member)


async def test_every_step_stands_in_the_log_and_the_log_is_never_edited(door: Door, db: Database) -> None:
    key = await made(door)
    rep = Actor(principal_id=new_id(), role=Role.MEMBER, request_id="r-1")
    await audit.record_denial(door, rep, "Mutation.createApiKey")
    await audit.record_denial(door, ANONYMOUS, "Mutation.createApiKey")
    newest, before = (await audit_records(db, ADMIN))[:2]
    assert (newest.action, newest.principal_id, newest.request_id) == ("authz_fail", rep.principal_id, "r-1")
    assert newest.facts == {"denied": "Mutation.createApiKey"}
    assert (before.action, before.object_id) == ("api_key.created", key.id)
    assert [record.action for record in await audit_records(db, rep)] == ["authz_fail"]
    assert await audit_records(db, ANONYMOUS) == []
    for statement in ("UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"):
        with pytest.raises(CheckViolation):
            await db.fetch(statement)


async def test_lists_of_accounts_and_keys_are_for_administrators(door: Door, db: Database) -> None:
    await made(door)
    rep = Actor(principal_id=new_id(), role=Role.MEMBER)
    assert await api_keys(db, ADMIN)
    assert await accounts(db, SYSTEM) is not None
    assert (await api_keys(db, rep), await accounts(db, rep)) == ([], [])


async def test_a_one_time_token_is_spent_once_and_its_reuse_ends_the_family(door: Door, db: Database) -> None:
    family_id, first, second = new_id(), new_id(), new_id()
    ends = await db.fetchval("SELECT guerdon_now() + interval '1 hour'")

    async def spend(jti: object) -> Spent:
        return await door.operate(SYSTEM, lambda op: spend_in(op, jti, family_id, ends))

    assert await spend(first) is Spent.FRESH
    assert await spend(second) is Spent.FRESH
    assert await spend(first) is Spent.AGAIN
    assert await spend(new_id()) is Spent.FAMILY_ENDED
    await db.fetch(
        "UPDATE spent_token SET expires_at = guerdon_now() - interval '1 second' WHERE family_id = $1", family_id
    )
    assert await prune_spent(door) == 4
