"""What roles are for: which the face knows, which stand for a member, and who may hand out which."""

from collections.abc import Mapping

from domain.access.principals import Role

# The columns of the matrix, in its order. SYSTEM is not among them: it never comes through the face.
FACE_ROLES = (
    Role.MEMBER,
    Role.PARTNER_ADMIN,
    Role.CHANNEL_MANAGER,
    Role.ACCOUNT_MANAGER,
    Role.CATALOG,
    Role.SUPPORT,
    Role.FINANCE,
    Role.ADMIN,
    Role.INTEGRATION,
    Role.APPLICANT,
    Role.ANONYMOUS,
)

# Roles of people at a partner: their account names the member they are.
PARTNER_ROLES = frozenset({Role.MEMBER, Role.PARTNER_ADMIN})
VENDOR_ROLES = frozenset(
    {Role.CHANNEL_MANAGER, Role.ACCOUNT_MANAGER, Role.CATALOG, Role.SUPPORT, Role.FINANCE, Role.ADMIN}
)
# People who see a portfolio: every reading hands them the partners in their reach, and no others.
PORTFOLIO_ROLES = frozenset({Role.CHANNEL_MANAGER, Role.ACCOUNT_MANAGER})
# An applicant has signed in, and belongs to no partner yet.
ACCOUNT_ROLES = PARTNER_ROLES | VENDOR_ROLES | {Role.APPLICANT}

GRANTS: Mapping[Role, frozenset[Role]] = {
    Role.SYSTEM: ACCOUNT_ROLES,
    Role.ADMIN: ACCOUNT_ROLES,
    Role.CHANNEL_MANAGER: PARTNER_ROLES | {Role.ACCOUNT_MANAGER, Role.APPLICANT},
    Role.PARTNER_ADMIN: frozenset({Role.MEMBER}),
}


def may_grant(granter: Role, role: Role) -> bool:
    """True where the granter may give an account this role; nobody grants above the own role."""
    return role in GRANTS.get(granter, frozenset())
