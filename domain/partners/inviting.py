"""People are invited: the token is shown once, good for 14 days, sent again or revoked; listed by `invitations`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor, Role
from domain.access.reading import partners_of, reaches
from domain.access.refusals import RoleNotGrantable
from domain.access.roles import ACCOUNT_ROLES, PARTNER_ROLES, may_grant
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import LOCALES, InvalidInput, NotFound
from domain.kernel.sql import Row, sure_value
from domain.partners.events import INVITATION_REVOKED, INVITATION_SENT
from domain.partners.invitation import (
    GOOD_FOR,
    InvitationAction,
    available_actions,
    new_token,
    state_at,
    token_hash,
)
from domain.partners.participation import terms_in_force
from domain.partners.refusals import InvitationNotOpen, InvitationOpen
from domain.partners.registration import NAME_LENGTH_MAX, is_email

OPEN_MAX = 1_000

INVITE = """
INSERT INTO invitation (id, mailbox, name, role, locale, partner_id, member_id, token_hash, state, invited_by,
                        terms_version, sends, recorded_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'OPEN', $9, $10, 1, $11, $12)
ON CONFLICT (lower(mailbox), coalesce(partner_id, '00000000-0000-0000-0000-000000000000')) WHERE state = 'OPEN'
DO NOTHING RETURNING id
"""
# One whose time ran out makes room for the next.
CLEAR = """
UPDATE invitation SET state = 'REVOKED', ended_at = $3, version = version + 1
WHERE lower(mailbox) = lower($1) AND partner_id IS NOT DISTINCT FROM $2 AND state = 'OPEN' AND expires_at <= $3
"""
STANDING = """
SELECT id FROM invitation
WHERE lower(mailbox) = lower($1) AND partner_id IS NOT DISTINCT FROM $2 AND state = 'OPEN'
"""
LOCK = "SELECT * FROM invitation WHERE id = $1 FOR NO KEY UPDATE"
RESEND = """
UPDATE invitation SET token_hash = $2, expires_at = $3, terms_version = $4, sends = sends + 1, version = version + 1
WHERE id = $1 RETURNING sends
"""
REVOKE = "UPDATE invitation SET state = 'REVOKED', ended_at = $2, version = version + 1 WHERE id = $1"
# The member a source told of already, by the mailbox; nobody where two have it.
BY_MAILBOX = """
SELECT min(id::text)::uuid AS id FROM member WHERE partner_id = $1 AND left_at IS NULL AND lower(email) = lower($2)
HAVING count(*) = 1
"""


@dataclass(frozen=True, kw_only=True)
class Invited:
    """Whom to invite as what; people of a partner name it, and the member they are where a source told of them."""

    mailbox: str
    name: str
    role: Role
    partner_id: UUID | None = None
    member_id: UUID | None = None
    locale: str = "en"


@dataclass(frozen=True, kw_only=True)
class SentInvitation:
    """An invitation as it is handed over. `token` is shown once; None where a repeated request gets the receipt."""

    id: UUID
    token: str | None = field(repr=False)


async def invite_member(door: Door, actor: Actor, keyed: Keyed, invited: Invited) -> SentInvitation:
    """The person may accept within 14 days; the token is answered now and never again. A partner's administrator
    invites people of that partner, a manager those of the portfolio and account managers.

    Refuses: InvalidInput; RoleNotGrantable; NotFound (the partner, the member); InvitationOpen; KeyReused; TryLater.
    """
    if actor.role is Role.PARTNER_ADMIN and invited.partner_id is None:
        invited = _of(invited, actor.partner_id)
    _check(invited)
    token = new_token()

    async def work(op: Operation) -> Mapping[str, Any]:
        if not may_grant(actor.role, invited.role):
            raise RoleNotGrantable(role=invited.role.value)
        member_id = None
        if invited.partner_id is not None:
            await check_inviter_in(op, actor, invited.partner_id)
            member_id = await _member_in(op, invited, invited.partner_id)
        await _make_room_in(op, invited)
        invitation_id, terms = new_id(), await terms_in_force(op.sql)
        made = await op.sql.fetchval(
            INVITE,
            invitation_id,
            invited.mailbox.strip(),
            invited.name.strip(),
            invited.role.value,
            invited.locale,
            invited.partner_id,
            member_id,
            token_hash(token),
            op.actor.principal_id,
            terms,
            op.now,
            op.now + GOOD_FOR,
        )
        if made is None:
            standing = await op.sql.fetchval(STANDING, invited.mailbox.strip(), invited.partner_id)
            raise InvitationOpen(invitation_id=str(standing))
        await audit.record_in(op, "invitation.sent", "invitation", invitation_id, role=invited.role.value)
        op.tell(
            INVITATION_SENT.about(
                invitation_id,
                member_id=member_id,
                partner_id=invited.partner_id,
                role=invited.role.value,
                sends=1,
                expires_at=(op.now + GOOD_FOR).isoformat(),
            )
        )
        return {"invitation_id": str(invitation_id)}

    outcome = await door.operate_keyed(actor, "inviteMember", keyed, work)
    told = None if outcome.replayed else token
    return SentInvitation(id=UUID(outcome.facts["invitation_id"]), token=told)


async def resend_invitation(door: Door, actor: Actor, keyed: Keyed, invitation_id: UUID) -> SentInvitation:
    """The invitation has another token, good for 14 days from now; the former one proves nothing any more.

    Refuses: NotFound; InvitationNotOpen (it ended, or was sent 20 times); KeyReused; TryLater.
    """
    token = new_token()

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _movable_in(op, actor, invitation_id, InvitationAction.RESEND)
        expires_at = op.now + GOOD_FOR
        terms = await terms_in_force(op.sql)
        sends = await op.sql.fetchval(RESEND, invitation_id, token_hash(token), expires_at, terms)
        op.tell(
            INVITATION_SENT.about(
                invitation_id,
                member_id=row["member_id"],
                partner_id=row["partner_id"],
                role=row["role"],
                sends=sends,
                expires_at=expires_at.isoformat(),
            )
        )
        return {"invitation_id": str(invitation_id)}

    outcome = await door.operate_keyed(actor, "resendInvitation", keyed, work)
    return SentInvitation(id=invitation_id, token=None if outcome.replayed else token)


async def revoke_invitation(door: Door, actor: Actor, keyed: Keyed, invitation_id: UUID) -> None:
    """Nobody can accept it any more. Refuses: NotFound; InvitationNotOpen (it ended); KeyReused; TryLater."""

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _movable_in(op, actor, invitation_id, InvitationAction.REVOKE)
        await op.sql.execute(REVOKE, invitation_id, op.now)
        await audit.record_in(op, "invitation.revoked", "invitation", invitation_id)
        op.tell(
            INVITATION_REVOKED.about(
                invitation_id, member_id=row["member_id"], partner_id=row["partner_id"], role=row["role"]
            )
        )
        return {}

    await door.operate_keyed(actor, "revokeInvitation", keyed, work)


async def check_inviter_in(op: Operation, actor: Actor, partner_id: UUID) -> None:
    """The actor may speak for the partner: as its administrator, or by portfolio. Refuses: NotFound."""
    own = actor.role is Role.PARTNER_ADMIN and actor.partner_id == partner_id
    if not own and not await reaches(op.sql, actor, partner_id):
        raise NotFound(kind="partner", id=str(partner_id))


async def _movable_in(op: Operation, actor: Actor, invitation_id: UUID, action: InvitationAction) -> Row:
    row = await op.sql.fetchrow(LOCK, invitation_id)
    if row is None:
        raise NotFound(kind="invitation", id=str(invitation_id))
    is_own = row["invited_by"] == op.actor.principal_id or actor.role in (Role.ADMIN, Role.SYSTEM)
    if row["partner_id"] is not None:
        own = actor.role is Role.PARTNER_ADMIN and actor.partner_id == row["partner_id"]
        is_own = own or await reaches(op.sql, actor, row["partner_id"])
    if not is_own or not may_grant(actor.role, Role(row["role"])):
        raise NotFound(kind="invitation", id=str(invitation_id))
    state = state_at(row["state"], row["expires_at"], op.now)
    if action not in available_actions(state, row["sends"]):
        raise InvitationNotOpen(state=state.value)
    return row


async def _member_in(op: Operation, invited: Invited, partner_id: UUID) -> UUID | None:
    if invited.member_id is None:
        return await op.sql.fetchval(BY_MAILBOX, partner_id, invited.mailbox.strip())
    if (await partners_of(op.sql, [invited.member_id])).get(invited.member_id) != partner_id:
        raise NotFound(kind="member", id=str(invited.member_id))
    return invited.member_id


async def _make_room_in(op: Operation, invited: Invited) -> None:
    await op.sql.execute(CLEAR, invited.mailbox.strip(), invited.partner_id, op.now)
    standing = await sure_value(
        op.sql,
        "SELECT count(*) FROM invitation WHERE partner_id IS NOT DISTINCT FROM $1 AND state = 'OPEN'",
        invited.partner_id,
    )
    if standing >= OPEN_MAX:
        raise InvalidInput(field="partnerId", problem=f"at most {OPEN_MAX} open invitations")


def _of(invited: Invited, partner_id: UUID | None) -> Invited:
    is_of_partner = invited.role in PARTNER_ROLES
    return Invited(
        mailbox=invited.mailbox,
        name=invited.name,
        role=invited.role,
        partner_id=partner_id if is_of_partner else None,
        member_id=invited.member_id,
        locale=invited.locale,
    )


def _check(invited: Invited) -> None:
    if not is_email(invited.mailbox.strip()):
        raise InvalidInput(field="mailbox", problem="name@host, at most 254 characters")
    if not 1 <= len(invited.name.strip()) <= NAME_LENGTH_MAX or "\x00" in invited.name:
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if invited.role not in ACCOUNT_ROLES:
        raise InvalidInput(field="role", problem=f"one of {', '.join(sorted(ACCOUNT_ROLES))}")
    if (invited.partner_id is not None) != (invited.role in PARTNER_ROLES):
        raise InvalidInput(field="partnerId", problem=f"goes with {' and '.join(sorted(PARTNER_ROLES))} only")
    if invited.member_id is not None and invited.partner_id is None:
        raise InvalidInput(field="memberId", problem="goes with a partner")
    if invited.locale not in LOCALES:
        raise InvalidInput(field="locale", problem=f"one of {', '.join(LOCALES)}")
