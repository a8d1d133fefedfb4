"""How an actor stands to a row's owner, as SQL: every reading that returns owned rows selects this expression.

The actor fills $1 … $4 of the statement; a reading's own parameters start at $5.
"""

from domain.access.principals import Actor


def viewer(actor: Actor) -> tuple[object, ...]:
    """$1 principal, $2 member, $3 partner, $4 role."""
    return actor.principal_id, actor.member_id, actor.partner_id, actor.role.value


def relation(member: str, partner: str) -> str:
    """OWN, PARTNER, OPERATOR or NULL (denied) for the owner named by two column expressions (either may be NULL).

    A partner's admin stands to the firm's rows as PARTNER; a channel manager to the portfolio's as OPERATOR.
    """
    return f"""CASE
        WHEN {member} = $2::uuid THEN 'OWN'
        WHEN $4::text = 'PARTNER_ADMIN' AND {partner} = $3::uuid THEN 'PARTNER'
        WHEN $4::text IN ('ADMIN', 'SYSTEM') THEN 'OPERATOR'
        WHEN $4::text = 'CHANNEL_MANAGER' AND EXISTS (
             SELECT 1 FROM reach
             WHERE reach.principal_id = $1::uuid AND reach.partner_id = {partner} AND reach.relation = 'OPERATOR')
        THEN 'OPERATOR' END"""


# A join that finds the partner under which a member or a partner stands today.
BELONGS = "LEFT JOIN belonging ON belonging.subject_id = "
# True where the actor is one of the vendor's own people.
IS_OPERATOR = "$4::text IN ('ADMIN', 'SYSTEM', 'CHANNEL_MANAGER')"
# Binds the parameters that a statement does not use otherwise, so that all readings take the same four.
BOUND = "($1::uuid IS NOT NULL OR $2::uuid IS NULL OR $3::uuid IS NULL OR $4::text IS NULL)"
