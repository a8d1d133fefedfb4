"""What the demo's shop sells, as data: its suppliers, the pools of codes, a dozen items, and the magic SKUs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from catalog.codes.records import CodeRow
from catalog.items.item import ItemKind
from catalog.items.said import UNSAID, DenominationSaid, ItemSaid, RouteSaid
from catalog.suppliers.definition import SupplierDefinition
from catalog.suppliers.reading import AdapterKind
from catalog.suppliers.scripted import PARCEL, Script
from domain.access.principals import Scope
from domain.activities.sources import SourceDefinition

STOREROOM, QUEUE, SANDBOX = "giftworks", "giftworks-orders", "sandbox"
CODES_PER_POOL = 40
LOW_STOCK_AT = 5
GOOD_UNTIL = date(2099, 12, 31)
POINTS_PER_EURO = (1, 5)  # 10.00 EUR are 1,000 minor units and cost 200 points

# The reward platform sends from two places: codes in advance, and orders that it pulls.
SOURCES: Sequence[SourceDefinition] = (
    SourceDefinition(code=STOREROOM, name="Giftworks"),
    SourceDefinition(code=QUEUE, name="Giftworks orders"),
)

SUPPLIERS: Mapping[str, SupplierDefinition] = {
    one.code: one
    for one in (
        SupplierDefinition(code=STOREROOM, name="Giftworks", adapter=AdapterKind.CODE_POOL),
        SupplierDefinition(code=QUEUE, name="Giftworks orders", adapter=AdapterKind.PULL_QUEUE),
        SupplierDefinition(code=SANDBOX, name="Sandbox", adapter=AdapterKind.SCRIPTED, is_test=True, rate_calls=100),
    )
}

PLATFORM_SCOPES: Sequence[Scope] = (
    Scope.CATALOG_READ,
    Scope.CATALOG_WRITE,
    Scope.CODES_READ,
    Scope.CODES_WRITE,
    Scope.FULFILMENT_READ,
    Scope.FULFILMENT_WRITE,
    Scope.EVENTS_READ,
    Scope.EVENTS_WRITE,
)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A pool of codes of the storeroom."""

    code: str
    name: str


POOLS: Sequence[Pool] = (Pool(code="bistro", name="Bistro cards"), Pool(code="cinema", name="Cinema tickets"))


def codes_of(pool: Pool) -> Iterator[CodeRow]:
    """Codes that open nothing anywhere; the same on every machine."""
    for number in range(1, CODES_PER_POOL + 1):
        yield CodeRow(
            code=f"DEMO-{pool.code.upper()}-{number:04}", pin=f"{number * 37 % 10_000:04}", expires_on=GOOD_UNTIL
        )


def _card(external_id: str, euros: int, *, sku: str | None = None, pool: str | None = None) -> DenominationSaid:
    numerator, denominator = POINTS_PER_EURO
    return DenominationSaid(
        external_id=external_id,
        name={"en": f"€{euros}", "fr": f"{euros} €"},
        face_value=euros * 100,
        currency="EUR",
        price_numerator=numerator,
        price_denominator=denominator,
        fair_value=euros * 100,
        routes=(RouteSaid(sku=sku, pool=pool),),
    )


def _one(price: int, fair_value: int, *, sku: str | None = None, stock: int | None = None) -> DenominationSaid:
    return DenominationSaid(
        external_id="one",
        currency="EUR",
        price_fixed=price,
        fair_value=fair_value,
        stock=UNSAID if stock is None else stock,
        routes=(RouteSaid(sku=sku),),
    )


def _item(
    external_id: str, kind: ItemKind, names: tuple[str, str], texts: tuple[str, str], *offered: DenominationSaid
) -> ItemSaid:
    return ItemSaid(
        external_id=external_id,
        kind=kind,
        name={"en": names[0], "fr": names[1]},
        description={"en": texts[0], "fr": texts[1]},
        denominations=offered,
    )


CARDS = (
    replace(
        _item(
            "bistro-card",
            ItemKind.GIFT_CARD,
            ("Bistro gift card", "Carte cadeau bistrot"),
            ("A table at one of 300 bistros.", "Une table dans l’un des 300 bistrots."),
            _card("10", 10, pool="bistro"),
            _card("25", 25, pool="bistro"),
            _card("50", 50, pool="bistro"),
        ),
        instructions={"en": "Show the code when you pay.", "fr": "Montrez le code au moment de payer."},
        categories=("food",),
        brand="Bistro",
    ),
    replace(
        _item(
            "cinema-ticket",
            ItemKind.VOUCHER,
            ("Cinema ticket", "Place de cinéma"),
            ("One seat, any film, any day.", "Une place, tous les films, tous les jours."),
            _card("12", 12, pool="cinema"),
        ),
        instructions={"en": "Enter the code when you book.", "fr": "Saisissez le code à la réservation."},
        categories=("culture",),
        member_limit=4,
        member_limit_days=30,
    ),
)

ORDERS = (
    replace(
        _item(
            "books-card",
            ItemKind.GIFT_CARD,
            ("Bookshop gift card", "Carte cadeau librairie"),
            ("For any bookshop of the network.", "Valable dans toutes les librairies du réseau."),
            _card("20", 20),
            _card("40", 40),
        ),
        categories=("culture",),
    ),
)

PLAYED = (
    replace(
        _item(
            "headset",
            ItemKind.MERCHANDISE,
            ("Wireless headset", "Casque sans fil"),
            ("Quiet calls for a whole day.", "Des appels au calme, toute la journée."),
            _one(1_800, 9_000, sku=f"{PARCEL}{Script.DELIVER.value}", stock=25),
        ),
        needs_address=True,
        categories=("office",),
    ),
    replace(
        _item(
            "backpack",
            ItemKind.MERCHANDISE,
            ("Laptop backpack", "Sac à dos pour ordinateur"),
            ("Made of sailcloth.", "Taillé dans de la toile de voile."),
            _one(900, 4_500, sku=f"{PARCEL}{Script.DELIVER.value}", stock=40),
        ),
        needs_address=True,
        categories=("office",),
    ),
    replace(
        _item(
            "sailing-day",
            ItemKind.EXPERIENCE,
            ("A day under sail", "Une journée à la voile"),
            ("Two places on a boat, with a skipper.", "Deux places à bord, avec un skipper."),
            _one(600, 18_000, sku=Script.DELIVER.value),
        ),
        needs_approval=True,
        categories=("outdoors",),
    ),
    replace(
        _item(
            "rail-voucher",
            ItemKind.TRAVEL,
            ("Rail voucher", "Bon de train"),
            ("For any train in Europe.", "Valable sur tous les trains d’Europe."),
            _card("30", 30, sku=Script.PENDING.value),
            _card("60", 60, sku=Script.PENDING.value),
        ),
        categories=("travel",),
        countries=("CH", "FR", "NO"),
    ),
    replace(
        _item(
            "security-course",
            ItemKind.TRAINING_SEAT,
            ("Seat in the security course", "Place au cours de sécurité"),
            ("Two days, with an exam.", "Deux jours, avec examen."),
            _one(700, 60_000, sku=Script.DELIVER.value, stock=12),
        ),
        categories=("learning",),
        member_limit=1,
    ),
    replace(
        _item(
            "reef-donation",
            ItemKind.DONATION,
            ("Plant a coral", "Planter un corail"),
            ("We give in your name.", "Nous donnons en votre nom."),
            _one(150, 1_000, sku=Script.DELIVER.value),
        ),
        categories=("good-causes",),
    ),
    replace(
        _item(
            "club-year",
            ItemKind.MEMBERSHIP,
            ("A year in the coworking club", "Un an au club de coworking"),
            ("A desk in 40 cities.", "Un bureau dans 40 villes."),
            _one(4_800, 24_000, sku=Script.DELIVER.value),
        ),
        categories=("office",),
    ),
    replace(
        _item(
            "marketing-credit",
            ItemKind.MDF_CREDIT,
            ("Marketing credit", "Crédit marketing"),
            ("For a campaign of your firm.", "Pour une campagne de votre entreprise."),
            _one(2_500, 50_000, sku=Script.DELIVER.value),
        ),
        categories=("business",),
    ),
    replace(
        _item(
            "beta-access",
            ItemKind.BENEFIT,
            ("Early access to Insight Suite 3", "Accès anticipé à Insight Suite 3"),
            ("Try it a quarter before the others.", "Essayez-la un trimestre avant les autres."),
            _one(0, 0, sku=Script.DELIVER.value),
        ),
        categories=("business",),
        member_limit=1,
    ),
)

SANDBOX_CARD = "sandbox-card"

# Whoever integrates orders one of these and sees its outcome happen; a sandbox's alone.
MAGIC = (
    replace(
        _item(
            SANDBOX_CARD,
            ItemKind.GIFT_CARD,
            ("Sandbox card", "Carte bac à sable"),
            ("Each denomination forces one outcome.", "Chaque coupure force une issue."),
            *(
                DenominationSaid(
                    external_id=script.value,
                    name={"en": script.value, "fr": script.value},
                    face_value=500,
                    currency="EUR",
                    price_fixed=10,
                    routes=(RouteSaid(sku=script.value),),
                )
                for script in Script
            ),
        ),
        is_test=True,
        categories=("sandbox",),
    ),
)

FEEDS: Mapping[str, Sequence[ItemSaid]] = {STOREROOM: CARDS, QUEUE: ORDERS, SANDBOX: (*PLAYED, *MAGIC)}
