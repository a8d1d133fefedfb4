"""Who plays in the demo story: five partners with their people, and the vendor's own."""

from dataclasses import dataclass

from domain.access.principals import Role


@dataclass(frozen=True, kw_only=True)
class DemoPartner:
    code: str
    name: str
    country: str
    types: tuple[str, ...]
    members: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """Somebody who signs in: the subject at the development issuer, and which member that is (None: the vendor's)."""

    subject: str
    name: str
    role: Role
    member: str | None = None
    locale: str = "en"


PARTNERS = (
    DemoPartner(
        code="alpine",
        name="Alpine Systems",
        country="CH",
        types=("MSP",),
        members=("Lena Frei", "Marc Wyss", "Nora Baumann", "Jonas Kunz", "Mia Gerber"),
    ),
    DemoPartner(
        code="azur",
        name="Azur Numérique",
        country="FR",
        types=("VAR",),
        members=("Camille Laurent", "Hugo Martin", "Inès Moreau", "Louis Girard", "Zoé Lambert"),
    ),
    DemoPartner(
        code="harbor",
        name="Harbor IT",
        country="US",
        types=("VAR", "MSP"),
        members=("Ava Brooks", "Ethan Cole", "Grace Kim", "Noah Diaz", "Ruby Shaw", "Owen Price"),
    ),
    DemoPartner(
        code="nordlys",
        name="Nordlys Partners",
        country="NO",
        types=("SI",),
        members=("Ingrid Dahl", "Lars Holm", "Sofie Berg", "Emil Strand"),
    ),
    DemoPartner(
        code="sabana",
        name="Sabana Cloud",
        country="CO",
        types=("ISV", "AGENCY"),
        members=("Valentina Rojas", "Mateo Vargas", "Lucía Peña", "Tomás Arango"),
    ),
)

# The account manager looks after the firms of these two.
LOOKED_AFTER = ("Ava Brooks", "Lena Frei")

ACCOUNTS = (
    DemoAccount(subject="ava", name="Ava Brooks", role=Role.MEMBER, member="Ava Brooks"),
    DemoAccount(subject="camille", name="Camille Laurent", role=Role.MEMBER, member="Camille Laurent", locale="fr"),
    DemoAccount(subject="lena", name="Lena Frei", role=Role.MEMBER, member="Lena Frei"),
    DemoAccount(subject="grace", name="Grace Kim", role=Role.PARTNER_ADMIN, member="Grace Kim"),
    DemoAccount(subject="manager", name="Hélène Caron", role=Role.CHANNEL_MANAGER, locale="fr"),
    DemoAccount(subject="accounts", name="Julie Perrin", role=Role.ACCOUNT_MANAGER, locale="fr"),
    DemoAccount(subject="catalog", name="Nadia Costa", role=Role.CATALOG),
    DemoAccount(subject="support", name="Tom Okeke", role=Role.SUPPORT),
    DemoAccount(subject="finance", name="Marie Lambert", role=Role.FINANCE, locale="fr"),
    DemoAccount(subject="admin", name="Sam Okafor", role=Role.ADMIN),
)
