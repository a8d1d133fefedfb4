"""Can this member redeem this denomination now, and if not, why not: obstacles with their facts and sentences (pure).

How many points the member has is no business of this file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.items.spoken import day_of


class ObstacleCode(StrEnum):
    """Why somebody cannot redeem something now."""

    NOT_LISTED = "NOT_LISTED"
    NOT_YET_VALID = "NOT_YET_VALID"
    NO_LONGER_VALID = "NO_LONGER_VALID"
    WRONG_COUNTRY = "WRONG_COUNTRY"
    WRONG_TIER = "WRONG_TIER"
    WRONG_SEGMENT = "WRONG_SEGMENT"
    WRONG_PARTNER_TYPE = "WRONG_PARTNER_TYPE"
    MEMBER_LIMIT = "MEMBER_LIMIT"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    TEST_ONLY = "TEST_ONLY"
    SUPPLIER_PAUSED = "SUPPLIER_PAUSED"
    MEMBER_LEFT = "MEMBER_LEFT"


# Who an item is not for does not find it in the catalog, unless asked; the others are shown with their obstacle.
NOT_FOR_THEM = frozenset(
    {
        ObstacleCode.NOT_YET_VALID,
        ObstacleCode.NO_LONGER_VALID,
        ObstacleCode.WRONG_COUNTRY,
        ObstacleCode.WRONG_TIER,
        ObstacleCode.WRONG_SEGMENT,
        ObstacleCode.WRONG_PARTNER_TYPE,
        ObstacleCode.TEST_ONLY,
    }
)

TEXTS: Mapping[str, Mapping[ObstacleCode, str]] = {
    "en": {
        ObstacleCode.NOT_LISTED: "This is not offered at the moment.",
        ObstacleCode.NOT_YET_VALID: "This can be redeemed from {valid_from} on.",
        ObstacleCode.NO_LONGER_VALID: "This could be redeemed until {valid_until}.",
        ObstacleCode.WRONG_COUNTRY: "This is for {countries}; your country is {country}.",
        ObstacleCode.WRONG_TIER: "This is for the tiers {tiers}; your tier is {tier}.",
        ObstacleCode.WRONG_SEGMENT: "This is for the segments {segments}, none of which you are in.",
        ObstacleCode.WRONG_PARTNER_TYPE: "This is for partners of the types {partner_types}.",
        ObstacleCode.MEMBER_LIMIT: "You have redeemed this {redeemed} times; {limit} {span_en} is the most.{until_en}",
        ObstacleCode.OUT_OF_STOCK: "This is out of stock.",
        ObstacleCode.TEST_ONLY: "This is for tests only.",
        ObstacleCode.SUPPLIER_PAUSED: "Nobody can deliver this at the moment; try again later.",
        ObstacleCode.MEMBER_LEFT: "You left on {left_at}; former members redeem nothing.",
    },
    "fr": {
        ObstacleCode.NOT_LISTED: "Ceci n’est pas proposé pour le moment.",
        ObstacleCode.NOT_YET_VALID: "Ceci pourra être échangé à partir du {valid_from}.",
        ObstacleCode.NO_LONGER_VALID: "Ceci pouvait être échangé jusqu’au {valid_until}.",
        ObstacleCode.WRONG_COUNTRY: "Ceci est réservé à {countries} ; votre pays est {country}.",
        ObstacleCode.WRONG_TIER: "Ceci est réservé aux niveaux {tiers} ; votre niveau est {tier}.",
        ObstacleCode.WRONG_SEGMENT: "Ceci est réservé aux segments {segments}, dont vous ne faites pas partie.",
        ObstacleCode.WRONG_PARTNER_TYPE: "Ceci est réservé aux partenaires des types {partner_types}.",
        ObstacleCode.MEMBER_LIMIT: "Échangé {redeemed} fois par vous ; le maximum est de {limit}{span_fr}.{until_fr}",
        ObstacleCode.OUT_OF_STOCK: "Ceci est en rupture de stock.",
        ObstacleCode.TEST_ONLY: "Ceci ne sert qu’aux tests.",
        ObstacleCode.SUPPLIER_PAUSED: "Personne ne peut le livrer pour le moment ; réessayez plus tard.",
        ObstacleCode.MEMBER_LEFT: "Vous êtes parti le {left_at} ; les anciens membres n’échangent plus rien.",
    },
}
INSTANTS = frozenset({"valid_from", "valid_until", "until", "left_at"})  # facts that are told as days
UNKNOWN: Mapping[str, str] = {"en": "not known", "fr": "inconnu"}


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """One reason why not: its code and facts in JSON terms (codes, whole numbers, ISO instants)."""

    code: ObstacleCode
    facts: Mapping[str, object] = field(default_factory=dict[str, object])

    def text(self, locale: str) -> str:
        """The sentence to show, in `locale` or else in English."""
        spoken = locale if locale in TEXTS else "en"
        said = {name: _said(name, fact, spoken) for name, fact in self.facts.items()}
        return TEXTS[spoken][self.code].format_map(said | _spans(self.facts, said))


@dataclass(frozen=True, kw_only=True)
class Terms:
    """For whom a denomination is, when, and how many are left; `left_in_stock` None: as many as wanted.

    `can_be_delivered`: at least one route's supplier works. Empty sets mean everyone.
    """

    is_listed: bool
    is_test: bool
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    countries: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    partner_types: frozenset[str] = frozenset()
    member_limit: int | None = None
    member_limit_days: int | None = None
    left_in_stock: int | None = None
    can_be_delivered: bool = True


@dataclass(frozen=True, kw_only=True)
class Person:
    """The member who asks, as of `at`; what nobody told is None or empty.

    `redeemed_at` are the instants of what they redeemed of the item and still count, newest first: at most as many as
    the item's limit, so that a thousand bounds them. `may_test`: test items are for them. `left_at`: from then on they
    are a former member.
    """

    at: datetime
    country: str | None = None
    tiers: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    partner_types: frozenset[str] = frozenset()
    redeemed_at: tuple[datetime, ...] = ()
    may_test: bool = False
    left_at: datetime | None = None

    def having(self, redeemed_at: tuple[datetime, ...]) -> "Person":
        """The same person, who redeemed at these instants."""
        return replace(self, redeemed_at=redeemed_at) if redeemed_at else self


def obstacles(terms: Terms, person: Person) -> tuple[Obstacle, ...]:
    """Everything that stands in the way, in a fixed order; empty if nothing does."""
    return tuple(found for judge in JUDGES if (found := judge(terms, person)) is not None)


def left_of_limit(terms: Terms, person: Person) -> int | None:
    """How many more units the member may redeem of the item; None without a limit."""
    return None if terms.member_limit is None else max(0, terms.member_limit - len(_counted(terms, person)))


def _still_there(_: Terms, person: Person) -> Obstacle | None:
    if person.left_at is None or person.left_at > person.at:
        return None
    return Obstacle(code=ObstacleCode.MEMBER_LEFT, facts={"left_at": person.left_at.isoformat()})


def _listed(terms: Terms, _: Person) -> Obstacle | None:
    return None if terms.is_listed else Obstacle(code=ObstacleCode.NOT_LISTED)


def _tested(terms: Terms, person: Person) -> Obstacle | None:
    return Obstacle(code=ObstacleCode.TEST_ONLY) if terms.is_test and not person.may_test else None


def _begun(terms: Terms, person: Person) -> Obstacle | None:
    if terms.valid_from is None or terms.valid_from <= person.at:
        return None
    return Obstacle(code=ObstacleCode.NOT_YET_VALID, facts={"valid_from": terms.valid_from.isoformat()})


def _not_over(terms: Terms, person: Person) -> Obstacle | None:
    if terms.valid_until is None or person.at < terms.valid_until:
        return None
    return Obstacle(code=ObstacleCode.NO_LONGER_VALID, facts={"valid_until": terms.valid_until.isoformat()})


def _in_country(terms: Terms, person: Person) -> Obstacle | None:
    if not terms.countries or person.country in terms.countries:
        return None
    facts = {"countries": sorted(terms.countries), "country": person.country}
    return Obstacle(code=ObstacleCode.WRONG_COUNTRY, facts=facts)


def _in_tier(terms: Terms, person: Person) -> Obstacle | None:
    if not terms.tiers or terms.tiers & person.tiers:
        return None
    tier = ", ".join(sorted(person.tiers)) or None
    return Obstacle(code=ObstacleCode.WRONG_TIER, facts={"tiers": sorted(terms.tiers), "tier": tier})


def _in_segment(terms: Terms, person: Person) -> Obstacle | None:
    if not terms.segments or terms.segments & person.segments:
        return None
    return Obstacle(code=ObstacleCode.WRONG_SEGMENT, facts={"segments": sorted(terms.segments)})


def _of_type(terms: Terms, person: Person) -> Obstacle | None:
    if not terms.partner_types or terms.partner_types & person.partner_types:
        return None
    return Obstacle(code=ObstacleCode.WRONG_PARTNER_TYPE, facts={"partner_types": sorted(terms.partner_types)})


def _within_limit(terms: Terms, person: Person) -> Obstacle | None:
    counted = _counted(terms, person)
    if terms.member_limit is None or len(counted) < terms.member_limit:
        return None
    # One more fits as soon as the oldest of the newest `member_limit` no longer counts.
    span = terms.member_limit_days and timedelta(days=terms.member_limit_days)
    until = (counted[terms.member_limit - 1] + span).isoformat() if span else None
    facts = {"redeemed": len(counted), "limit": terms.member_limit, "days": terms.member_limit_days, "until": until}
    return Obstacle(code=ObstacleCode.MEMBER_LIMIT, facts=facts)


def _in_stock(terms: Terms, _: Person) -> Obstacle | None:
    return Obstacle(code=ObstacleCode.OUT_OF_STOCK) if terms.left_in_stock == 0 else None


def _delivered(terms: Terms, _: Person) -> Obstacle | None:
    return None if terms.can_be_delivered else Obstacle(code=ObstacleCode.SUPPLIER_PAUSED)


JUDGES: tuple[Callable[[Terms, Person], Obstacle | None], ...] = (
    _still_there,
    _listed,
    _tested,
    _begun,
    _not_over,
    _in_country,
    _in_tier,
    _in_segment,
    _of_type,
    _within_limit,
    _in_stock,
    _delivered,
)


def _counted(terms: Terms, person: Person) -> tuple[datetime, ...]:
    if terms.member_limit_days is None:
        return person.redeemed_at
    since = person.at - timedelta(days=terms.member_limit_days)
    return tuple(at for at in person.redeemed_at if at > since)


def _said(name: str, fact: object, locale: str) -> str:
    if name in INSTANTS and isinstance(fact, str):
        return day_of(datetime.fromisoformat(fact), locale)
    if isinstance(fact, list):
        return ", ".join(str(part) for part in fact)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] a list of codes
    return UNKNOWN[locale] if fact is None else str(fact)


def _spans(facts: Mapping[str, object], said: Mapping[str, str]) -> dict[str, str]:
    """The parts of the limit's sentence that are only there if the facts are."""
    days, until = facts.get("days"), said["until"] if facts.get("until") else None
    return {
        "span_en": f"in {days} days" if days else "in all",
        "span_fr": f" en {days} jours" if days else "",
        "until_en": f" Again from {until} on." if until else "",
        "until_fr": f" À nouveau à partir du {until}." if until else "",
    }
