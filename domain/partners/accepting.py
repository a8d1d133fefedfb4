"""Invitations are accepted: the signed-in person who shows the token gets an account, and a member where one is due."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access import admitting
from domain.access.principals import Actor, Identity, Role
from domain.access.refusals import AccountAlreadyLinked, AccountNotLinked
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row
from domain.partners.events import INVITATION_ACCEPTED
from domain.partners.invitation import InvitationState, state_at, token_hash
from domain.partners.participation import terms_in_force
from domain.partners.refusals import (
    InvitationExpired,
    InvitationForAnother,
    InvitationNotOpen,
    ParticipationTermsChanged,
)
from domain.partners.registering import register_members_in
from domain.partners.registration import MemberRow

LOCK = "SELECT * FROM invitation WHERE token_hash = $1 FOR NO KEY UPDATE"
PARTNER = "SELECT source_id, external_id, partnership FROM partner WHERE id = $1"
STANDS = "SELECT true FROM belonging WHERE subject_id = $1 AND partner_id = $2"
ACCEPT = """
UPDATE invitation SET state = 'ACCEPTED', ended_at = $2, account_id = $3, member_id = $4, accepted_terms = $5,
                      version = version + 1
WHERE id = $1
"""


async def accept_invitation(door: Door, actor: Actor, keyed: Keyed, *, token: str, terms_version: int) -> UUID:
    """The person has an account with the role of the invitation, as the member it names or a new one of the partner;
    answers the account's id. Who accepted it before is answered the same. The version of the terms of participation
    that the person agreed to is kept.

    Where the issuer says that an address of the person is verified, it must be the mailbox; where it says none, whoever
    was handed the token has read the mailbox.
    Refuses: NotFound (no such token); InvitationExpired; InvitationNotOpen; InvitationForAnother;
    ParticipationTermsChanged; AccountAlreadyLinked; KeyReused; TryLater.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        if actor.identity is None:
            raise AccountNotLinked(issuer="")
        row = await op.sql.fetchrow(LOCK, token_hash(token))
        if row is None:
            raise NotFound(kind="invitation", id="")
        if row["account_id"] == actor.principal_id:
            return {"account_id": str(row["account_id"])}
        if not actor.is_stranger and actor.role is not Role.APPLICANT:
            raise AccountAlreadyLinked
        await _check_in(op, row, actor.identity, terms_version)
        member_id = await _member_in(op, row)
        account_id = await _account_in(op, actor, actor.identity, row, member_id)
        await op.sql.execute(ACCEPT, row["id"], op.now, account_id, member_id, terms_version)
        op.tell(
            INVITATION_ACCEPTED.about(
                row["id"],
                member_id=member_id,
                partner_id=row["partner_id"],
                account_id=str(account_id),
                role=row["role"],
                version=terms_version,
            )
        )
        return {"account_id": str(account_id)}

    return UUID((await door.operate_keyed(actor, "acceptInvitation", keyed, work)).facts["account_id"])


async def _check_in(op: Operation, row: Row, identity: Identity, terms_version: int) -> None:
    state = state_at(row["state"], row["expires_at"], op.now)
    if state is InvitationState.EXPIRED:
        raise InvitationExpired(expired_at=row["expires_at"])
    if state is not InvitationState.OPEN:
        raise InvitationNotOpen(state=state.value)
    if identity.email is not None and identity.email != row["mailbox"].lower():
        raise InvitationForAnother
    in_force = await terms_in_force(op.sql)
    if terms_version != in_force:
        raise ParticipationTermsChanged(version=in_force)


async def _member_in(op: Operation, row: Row) -> UUID | None:
    """The member that the account acts as: the one invited, if still of the partner, or a new one from now on."""
    if row["partner_id"] is None:
        return None
    partner = await op.sql.fetchrow(PARTNER, row["partner_id"])
    if partner is None or partner["partnership"] == "ENDED":
        raise InvitationNotOpen(state="ENDED")
    if row["member_id"] is not None:
        if not await op.sql.fetchval(STANDS, row["member_id"], row["partner_id"]):
            raise InvitationNotOpen(state="LEFT")
        return row["member_id"]
    told = MemberRow(
        external_id=f"invitation:{row['id']}",
        name=row["name"],
        partner_external_id=partner["external_id"],
        email=row["mailbox"],
        locale=row["locale"],
        partner_since=op.now,
    )
    (made,) = await register_members_in(op, partner["source_id"], [told])
    if made.id is None:
        raise made.refusal or NotFound(kind="member", id="")
    return made.id


async def _account_in(op: Operation, actor: Actor, identity: Identity, row: Row, member_id: UUID | None) -> UUID:
    role = Role(row["role"])
    if not actor.is_stranger:
        if not await admitting.promote_in(op, actor.principal_id, role, member_id):
            raise AccountAlreadyLinked
        return actor.principal_id
    return await admitting.admit_in(
        op,
        admitting.Invitation(
            issuer=identity.issuer,
            subject=identity.subject,
            role=role,
            name=row["name"],
            member_id=member_id,
            locale=row["locale"],
        ),
    )
