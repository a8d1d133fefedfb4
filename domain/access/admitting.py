"""People get accounts and lose them: a subject of an issuer is linked to a role, and to a member where it needs one."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from domain.access import audit
from domain.access.events import ACCOUNT_CHANGED, ACCOUNT_LINKED, ACCOUNT_UNLINKED, PORTFOLIO_CHANGED
from domain.access.ownership import EVERY_PARTNER
from domain.access.principals import Actor, Role
from domain.access.refusals import AccountAlreadyLinked, RoleNotGrantable
from domain.access.roles import ACCOUNT_ROLES, PARTNER_ROLES, PORTFOLIO_ROLES, may_grant
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import LOCALES, InvalidInput, NotFound
from domain.kernel.sql import ForeignKeyViolation

SUBJECT_LENGTH_MAX = 255
NAME_LENGTH_MAX = 200
PORTFOLIO_MAX = 10_000

LINK = """
INSERT INTO account (id, issuer, subject, role, member_id, name, locale, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (issuer, subject) DO UPDATE
SET role = excluded.role, member_id = excluded.member_id, name = excluded.name, locale = excluded.locale,
    disabled_at = NULL
WHERE account.disabled_at IS NOT NULL
RETURNING id
"""
UNLINK = "UPDATE account SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING id"
STEP_DOWN = """
UPDATE account SET role = 'MEMBER' WHERE member_id = ANY($1::uuid[]) AND role = 'PARTNER_ADMIN' RETURNING id, member_id
"""
ASSIGNED_NO_MORE = """
UPDATE account_manager SET until = greatest($2, since + interval '1 microsecond'), acts = false, due_at = NULL
WHERE account_id = $1 AND (until IS NULL OR until > $2)
"""
PROMOTE = """
UPDATE account SET role = $2, member_id = $3 WHERE id = $1 AND role = 'APPLICANT' AND disabled_at IS NULL RETURNING id
"""
REACHING = """
INSERT INTO reach (id, principal_id, partner_id, relation)
SELECT id, $1, partner_id, 'OPERATOR' FROM unnest($2::uuid[], $3::uuid[]) AS named (id, partner_id)
"""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """Whom to let in: the issuer's subject, and who that is here. Lengths: issuer, subject ≤ 255, name ≤ 200."""

    issuer: str
    subject: str
    role: Role
    name: str
    member_id: UUID | None = None
    locale: str = "en"


async def link_account(door: Door, actor: Actor, invitation: Invitation) -> UUID:
    """The subject may sign in; the account's id is answered. A subject unlinked before gets the same account again.

    Refuses: InvalidInput; RoleNotGrantable; AccountAlreadyLinked; NotFound (the member); TryLater.
    """

    async def work(op: Operation) -> UUID:
        return await link_account_in(op, actor, invitation)

    return await door.operate(actor, work)


async def link_account_in(op: Operation, actor: Actor, invitation: Invitation) -> UUID:
    """As `link_account`, in the caller's operation. Who looks after partners starts with an empty portfolio."""
    _check(invitation)
    role, member_id = invitation.role, invitation.member_id
    if not may_grant(actor.role, role) or not (member_id is None or await _stands_under(op, actor, member_id)):
        raise RoleNotGrantable(role=role.value)
    return await admit_in(op, invitation)


async def admit_in(op: Operation, invitation: Invitation) -> UUID:
    """The subject may sign in, whoever said so: the caller has made sure that they may.

    Refuses: InvalidInput; AccountAlreadyLinked; NotFound (the member).
    """
    _check(invitation)
    role, member_id = invitation.role, invitation.member_id
    new = new_id()
    try:
        account_id = await op.sql.fetchval(
            LINK,
            new,
            invitation.issuer,
            invitation.subject,
            role.value,
            member_id,
            invitation.name.strip(),
            invitation.locale,
            op.now,
        )
    except ForeignKeyViolation:
        raise NotFound(kind="member", id=str(member_id)) from None
    if account_id is None:
        raise AccountAlreadyLinked
    if account_id != new:
        # A subject that comes back must not find the portfolio of a former role.
        await op.sql.execute(ASSIGNED_NO_MORE, account_id, op.now)
        await op.sql.execute("DELETE FROM reach WHERE principal_id = $1 AND relation = 'OPERATOR'", account_id)
    await audit.record_in(op, "account.linked", "account", account_id, role=role.value, member_id=member_id)
    op.tell(ACCOUNT_LINKED.about(account_id, member_id=member_id, role=role.value))
    return account_id


async def unlink_account(door: Door, actor: Actor, account_id: UUID) -> None:
    """Nobody acts through this account from now on; unlinking again changes nothing. Refuses: NotFound; TryLater."""

    async def work(op: Operation) -> None:
        await unlink_account_in(op, account_id)

    await door.operate(actor, work)


async def unlink_account_in(op: Operation, account_id: UUID) -> None:
    """As `unlink_account`, in the caller's operation. Refuses: NotFound."""
    if await op.sql.fetchval(UNLINK, account_id, op.now) is None:
        if await op.sql.fetchval("SELECT 1 FROM account WHERE id = $1", account_id) is None:
            raise NotFound(kind="account", id=str(account_id))
        return
    await audit.record_in(op, "account.unlinked", "account", account_id)
    op.tell(ACCOUNT_UNLINKED.about(account_id))


async def assign_portfolio_in(op: Operation, account_id: UUID, partner_ids: Collection[UUID] | None) -> None:
    """The account (a channel manager) acts for exactly these partners, at most 10,000; None: for all there ever are.
    An account manager's partners are assigned one by one (`assigning`).

    Refuses: InvalidInput (too many); NotFound (no such account).
    """
    named = [EVERY_PARTNER] if partner_ids is None else sorted(set(partner_ids))
    if len(named) > PORTFOLIO_MAX:
        raise InvalidInput(field="partnerIds", problem=f"at most {PORTFOLIO_MAX}")
    if await op.sql.fetchval("SELECT 1 FROM account WHERE id = $1 FOR NO KEY UPDATE", account_id) is None:
        raise NotFound(kind="account", id=str(account_id))
    await op.sql.execute("DELETE FROM reach WHERE principal_id = $1 AND relation = 'OPERATOR'", account_id)
    await op.sql.execute(REACHING, account_id, new_ids(len(named)), named)
    partners = None if partner_ids is None else len(named)
    await audit.record_in(op, "portfolio.changed", "account", account_id, partners=partners)
    op.tell(PORTFOLIO_CHANGED.about(account_id, partners=partners))


async def step_down_in(op: Operation, member_ids: Collection[UUID]) -> None:
    """Those of the members who administered a partner no longer do: they left it, or stand under another one now."""
    for row in await op.sql.fetch(STEP_DOWN, list(member_ids)):
        op.tell(ACCOUNT_CHANGED.about(row["id"], member_id=row["member_id"], role=Role.MEMBER.value))


async def place_in(op: Operation, subject_ids: Collection[UUID], partner_ids: Collection[UUID]) -> None:
    """Each subject stands under the partner at the same place: later reads decide ownership by it."""
    await op.sql.execute(
        "INSERT INTO belonging (subject_id, partner_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])"
        " ON CONFLICT (subject_id) DO UPDATE SET partner_id = excluded.partner_id"
        " WHERE belonging.partner_id <> excluded.partner_id",
        list(subject_ids),
        list(partner_ids),
    )


async def displace_in(op: Operation, subject_ids: Collection[UUID]) -> None:
    """The subjects stand under no partner."""
    await op.sql.execute("DELETE FROM belonging WHERE subject_id = ANY($1::uuid[])", list(subject_ids))


async def promote_in(op: Operation, account_id: UUID, role: Role, member_id: UUID | None) -> bool:
    """An applicant's account has this role from now on; False where the account is no applicant's."""
    done = await op.sql.fetchval(PROMOTE, account_id, role.value, member_id)
    if done is None:
        return False
    await audit.record_in(op, "account.promoted", "account", account_id, role=role.value, member_id=member_id)
    op.tell(ACCOUNT_CHANGED.about(account_id, member_id=member_id, role=role.value))
    return True


def _check(invitation: Invitation) -> None:
    for field, text, most in (
        ("issuer", invitation.issuer, SUBJECT_LENGTH_MAX),
        ("subject", invitation.subject, SUBJECT_LENGTH_MAX),
        ("name", invitation.name.strip(), NAME_LENGTH_MAX),
    ):
        if not 1 <= len(text) <= most or "\x00" in text:
            raise InvalidInput(field=field, problem=f"1 to {most} characters")
    if invitation.role not in ACCOUNT_ROLES:
        raise InvalidInput(field="role", problem=f"one of {', '.join(sorted(ACCOUNT_ROLES))}")
    if (invitation.member_id is not None) != (invitation.role in PARTNER_ROLES):
        raise InvalidInput(field="memberId", problem=f"goes with {' and '.join(sorted(PARTNER_ROLES))} only")
    if invitation.locale not in LOCALES:
        raise InvalidInput(field="locale", problem=f"one of {', '.join(LOCALES)}")


async def _stands_under(op: Operation, actor: Actor, member_id: UUID) -> bool:
    """A partner's administrator lets in people of that partner only, a manager those of the portfolio. Who is nobody's
    member (an account manager, an applicant) stands under no partner, and sees none yet.
    """
    if actor.role is Role.PARTNER_ADMIN:
        partner_id = await op.sql.fetchval("SELECT partner_id FROM belonging WHERE subject_id = $1", member_id)
        return partner_id is not None and partner_id == actor.partner_id
    if actor.role in PORTFOLIO_ROLES:
        return bool(
            await op.sql.fetchval(
                "SELECT 1 FROM reach JOIN belonging ON reach.partner_id IN (belonging.partner_id, $3)"
                " WHERE reach.principal_id = $1 AND reach.relation = 'OPERATOR' AND belonging.subject_id = $2 LIMIT 1",
                actor.principal_id,
                member_id,
                EVERY_PARTNER,
            )
        )
    return True
