"""A customer's match keys, and which known customer somebody means by them. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from domain.kernel.refusals import InvalidInput

NAME_LENGTH_MAX = 200
DOMAIN_LENGTH_MAX = 253
PRODUCTS_MAX = 50
PRODUCT_LENGTH_MAX = 64
# Two normal names are similar where this part of their trigrams is shared: |A ∩ B| / |A ∪ B| (pg_trgm's similarity).
SIMILARITY_MIN = 0.5

TAX_ID = re.compile(r"[A-Z0-9]{4,32}")
DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
COUNTRY = re.compile(r"[A-Z]{2}")
# Legal forms say nothing of who it is.
LEGAL_FORMS_TEXT = (
    "ab ag as asa bv co company corp corporation eurl gmbh inc incorporated kg kk limited llc llp "
    "ltd nv ohg oy plc pty sa sarl sas se spa srl ug "
)
LEGAL_FORMS = frozenset(LEGAL_FORMS_TEXT.split())
# A mailbox that anybody can have is nobody's domain.
PUBLIC_MAIL_TEXT = (
    "aol.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com orange.fr "
    "outlook.com proton.me web.de yahoo.com yahoo.fr "
)
PUBLIC_MAIL = frozenset(PUBLIC_MAIL_TEXT.split())


class KeyKind(StrEnum):
    """What identifies a customer, strongest first."""

    TAX_ID = "TAX_ID"
    DOMAIN = "DOMAIN"
    NAME = "NAME"


class RelationKind(StrEnum):
    """Who has to do with a customer already: the vendor's own rep, the partner that serves it, one with its lead."""

    VENDOR_REP = "VENDOR_REP"
    INCUMBENT = "INCUMBENT"
    LEAD = "LEAD"


@dataclass(frozen=True, kw_only=True)
class CustomerSaid:
    """A customer as somebody describes it."""

    name: str
    domain: str | None = None
    tax_id: str | None = None
    country: str | None = None
    vertical: str | None = None
    size: str | None = None

    def keys(self) -> Mapping[KeyKind, str]:
        """Its match keys in normal form. Refuses: InvalidInput (name, domain, tax id, country, vertical, size)."""
        if not 1 <= len(self.name) <= NAME_LENGTH_MAX:
            raise InvalidInput(field="customer.name", problem=f"1 to {NAME_LENGTH_MAX} characters")
        if self.country is not None and not COUNTRY.fullmatch(self.country):
            raise InvalidInput(field="customer.country", problem="two capital letters, ISO 3166")
        for name, said in (("vertical", self.vertical), ("size", self.size)):
            if said is not None and not 1 <= len(said) <= PRODUCT_LENGTH_MAX:
                raise InvalidInput(field=f"customer.{name}", problem=f"1 to {PRODUCT_LENGTH_MAX} characters")
        found = {KeyKind.NAME: normal_name(self.name)}
        if self.tax_id is not None:
            found[KeyKind.TAX_ID] = normal_tax_id(self.tax_id)
        domain = normal_domain(self.domain) if self.domain is not None else None
        if domain is not None:
            found[KeyKind.DOMAIN] = domain
        return found


@dataclass(frozen=True, kw_only=True)
class KnownCustomer:
    """A customer with all its keys."""

    id: UUID
    country: str | None = None
    keys: Mapping[KeyKind, frozenset[str]] = field(default_factory=dict[KeyKind, frozenset[str]])


def normal_name(name: str) -> str:
    """Lower case without accents, punctuation and legal forms: `Société Acme, S.A.S.` is `societe acme`.

    Refuses: InvalidInput for a name without a letter or digit.
    """
    bare = "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    # Letters that points hold together (s.a.s.) are one word.
    joined = re.sub(r"\b(\w)\.(?=\w\b)", r"\1", bare)
    words = re.findall(r"[^\W_]+", joined)
    if not words:
        raise InvalidInput(field="customer.name", problem="has neither letter nor digit")
    return " ".join([word for word in words if word not in LEGAL_FORMS] or words)


def normal_domain(domain: str) -> str | None:
    """The host in lower case without scheme, `www.`, port and path; None for a public mail provider's.

    Refuses: InvalidInput for what is no domain.
    """
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", domain.strip().lower()).rpartition("@")[2]
    host = re.split(r"[/:?#]", host, maxsplit=1)[0].rstrip(".").removeprefix("www.")
    if not DOMAIN.fullmatch(host):
        raise InvalidInput(field="customer.domain", problem="is no domain")
    return None if host in PUBLIC_MAIL else host


def normal_tax_id(tax_id: str) -> str:
    """Capital letters and digits alone. Refuses: InvalidInput unless 4 to 32 of them are left."""
    bare = re.sub(r"[\s./-]", "", tax_id.upper())
    if not TAX_ID.fullmatch(bare):
        raise InvalidInput(field="customer.taxId", problem="4 to 32 letters and digits")
    return bare


def normal_products(products: Iterable[str]) -> tuple[str, ...]:
    """A product scope: the codes in order, each once; empty means every product.

    Refuses: InvalidInput (number, length).
    """
    found = tuple(sorted({product.strip() for product in products}))
    if len(found) > PRODUCTS_MAX or any(not 1 <= len(product) <= PRODUCT_LENGTH_MAX for product in found):
        raise InvalidInput(
            field="products", problem=f"at most {PRODUCTS_MAX} codes of 1 to {PRODUCT_LENGTH_MAX} characters"
        )
    return found


def scopes_overlap(one: Iterable[str], other: Iterable[str]) -> bool:
    """True where two product scopes share a product; an empty scope is every product."""
    first, second = set(one), set(other)
    return not first or not second or bool(first & second)


def meant(keys: Mapping[KeyKind, str], country: str | None, known: Iterable[KnownCustomer]) -> KnownCustomer | None:
    """The known customer that these keys mean: by tax id, else by domain, else by its normal name where neither tax
    id, nor domain, nor country speaks against it; the one known longest where several do.
    """
    every = sorted(known, key=lambda one: one.id)
    for kind in (KeyKind.TAX_ID, KeyKind.DOMAIN):
        for one in every:
            if kind in keys and keys[kind] in one.keys.get(kind, ()):
                return one
    for one in every:
        if keys[KeyKind.NAME] in one.keys.get(KeyKind.NAME, ()) and not _contradicts(keys, country, one):
            return one
    return None


def _contradicts(keys: Mapping[KeyKind, str], country: str | None, one: KnownCustomer) -> bool:
    by_key = any(
        kind in keys and one.keys.get(kind) and keys[kind] not in one.keys[kind]
        for kind in (KeyKind.TAX_ID, KeyKind.DOMAIN)
    )
    return by_key or (country is not None and one.country is not None and country != one.country)
