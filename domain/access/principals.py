"""Who acts: a person with a role, a machine with scopes, or the system; everything else asks this one record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

NOBODY = UUID(int=0)
STRANGERS = UUID(int=2)


class Role(StrEnum):
    """The roles that exist; others come with their nouns."""

    ANONYMOUS = "ANONYMOUS"
    MEMBER = "MEMBER"
    PARTNER_ADMIN = "PARTNER_ADMIN"
    CHANNEL_MANAGER = "CHANNEL_MANAGER"
    ACCOUNT_MANAGER = "ACCOUNT_MANAGER"
    CATALOG = "CATALOG"
    SUPPORT = "SUPPORT"
    FINANCE = "FINANCE"
    ADMIN = "ADMIN"
    APPLICANT = "APPLICANT"
    INTEGRATION = "INTEGRATION"
    SYSTEM = "SYSTEM"


class Scope(StrEnum):
    """What a machine's key may do; there is no wildcard."""

    ACTIVITIES_READ = "activities:read"
    ACTIVITIES_WRITE = "activities:write"
    CATALOG_READ = "catalog:read"
    CATALOG_WRITE = "catalog:write"
    CODES_READ = "codes:read"
    CODES_WRITE = "codes:write"
    FULFILMENT_READ = "fulfilment:read"
    FULFILMENT_WRITE = "fulfilment:write"
    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"


class Relation(StrEnum):
    """How a viewer stands to the owner of a record."""

    OWN = "OWN"
    PARTNER = "PARTNER"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom an issuer vouches for. `email` is in lower case, and set only where the issuer says it was verified."""

    issuer: str
    subject: str
    email: str | None = None

    @property
    def principal_id(self) -> UUID:
        """Who acts while no account is linked: always the same for the same subject."""
        return uuid5(STRANGERS, f"{self.issuer}\n{self.subject}")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one who asks. `principal_id` is the account or the key; member and partner are set for partners' people.

    `expires_at` is when the credential ends: nothing is delivered after it. `identity` is what a person's token proved;
    somebody whom no account is linked to yet (`is_stranger`) is an applicant who may do nothing but accept or apply.
    """

    principal_id: UUID
    role: Role
    member_id: UUID | None = None
    partner_id: UUID | None = None
    source_id: UUID | None = None
    scopes: frozenset[Scope] = frozenset()
    locale: str = "en"
    expires_at: datetime | None = None
    request_id: str | None = None
    identity: Identity | None = None

    @property
    def is_stranger(self) -> bool:
        """True for somebody who is signed in, and linked to no account."""
        return self.identity is not None and self.principal_id == self.identity.principal_id

    @property
    def is_operator(self) -> bool:
        """True for the vendor's own people; which records each of them is handed, `sight` says."""
        return self.role in (
            Role.CHANNEL_MANAGER,
            Role.ACCOUNT_MANAGER,
            Role.CATALOG,
            Role.SUPPORT,
            Role.FINANCE,
            Role.ADMIN,
            Role.SYSTEM,
        )


ANONYMOUS = Actor(principal_id=NOBODY, role=Role.ANONYMOUS)
SYSTEM = Actor(principal_id=UUID(int=1), role=Role.SYSTEM)
