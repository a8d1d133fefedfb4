"""Rows of items: what the catalog shows, its denominations with price and stock, how each is fulfilled, saved goals."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class CatalogItem(Model):
    """One thing that can be redeemed; empty lists of countries, tiers, segments or partner types mean everyone.

    Texts are locale → text; `images` are {url, width, height, alt: locale → text}. `version` moves with every change.
    """

    id = fields.UUIDField(primary_key=True)
    supplier_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    kind = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10)
    name = fields.JSONField[dict[str, str]]()
    description = fields.JSONField[dict[str, str]]()
    instructions = fields.JSONField[dict[str, str]]()
    brand = fields.CharField(max_length=100, null=True)
    categories = fields.JSONField[list[str]]()
    images = fields.JSONField[list[dict[str, object]]]()
    countries = fields.JSONField[list[str]]()
    tiers = fields.JSONField[list[str]]()
    segments = fields.JSONField[list[str]]()
    partner_types = fields.JSONField[list[str]]()
    unit = fields.CharField(max_length=16)
    needs_address = fields.BooleanField(default=False)
    needs_approval = fields.BooleanField(default=False)
    is_test = fields.BooleanField(default=False)
    valid_from = fields.DatetimeField(null=True)
    valid_until = fields.DatetimeField(null=True)
    member_limit = fields.IntField(null=True)
    member_limit_days = fields.IntField(null=True)
    search = fields.TextField()
    content_digest = fields.BinaryField()
    recorded_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "catalog_item"
        constraints = (
            UniqueConstraint(fields=("supplier_id", "external_id"), name="catalog_item_is_one_per_supplier_and_id"),
            CheckConstraint(
                check="kind IN ('VOUCHER', 'GIFT_CARD', 'MERCHANDISE', 'EXPERIENCE', 'TRAVEL', 'MEMBERSHIP',"
                " 'TRAINING_SEAT', 'MDF_CREDIT', 'DONATION', 'BENEFIT')",
                name="catalog_item_kind_is_known",
            ),
            CheckConstraint(check="state IN ('DRAFT', 'LISTED', 'UNLISTED')", name="catalog_item_state_is_known"),
            CheckConstraint(
                check="valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until",
                name="catalog_item_span_is_ordered",
            ),
            CheckConstraint(
                check="(member_limit IS NULL OR member_limit BETWEEN 1 AND 1000)"
                " AND (member_limit_days IS NULL OR member_limit_days BETWEEN 1 AND 3660 AND member_limit IS NOT NULL)",
                name="catalog_item_limit_is_bounded",
            ),
        )


class Denomination(Model):
    """One variant of an item that can be ordered: its face value if it has one, its price, and what is in stock.

    The price is fixed, or face value × `price_numerator` / `price_denominator`, rounded up to a whole unit. `stock`
    NULL: as many as the supplier has (or, with a pool, as many as the pool has). `fair_value` is for tax, in minor
    units of `currency`.
    """

    id = fields.UUIDField(primary_key=True)
    item_id = fields.UUIDField(db_index=True)
    external_id = fields.CharField(max_length=128)
    name = fields.JSONField[dict[str, str]]()
    face_value = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3, null=True)
    price_fixed = fields.BigIntField(null=True)
    price_numerator = fields.BigIntField(null=True)
    price_denominator = fields.BigIntField(null=True)
    fair_value = fields.BigIntField(null=True)
    cost = fields.BigIntField(null=True)
    stock = fields.BigIntField(null=True)
    place = fields.IntField()
    is_offered = fields.BooleanField(default=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "denomination"
        constraints = (
            UniqueConstraint(fields=("item_id", "external_id"), name="denomination_is_one_per_item_and_id"),
            CheckConstraint(
                check="(price_fixed IS NULL) <> (price_numerator IS NULL)"
                " AND (price_numerator IS NULL) = (price_denominator IS NULL)"
                " AND (price_numerator IS NULL OR face_value IS NOT NULL)",
                name="denomination_has_one_price",
            ),
            CheckConstraint(
                check="price_fixed BETWEEN 0 AND 1000000000000000 AND price_numerator BETWEEN 1 AND 1000000000"
                " AND price_denominator BETWEEN 1 AND 1000000000 AND face_value BETWEEN 1 AND 1000000000000000"
                " AND fair_value BETWEEN 0 AND 1000000000000000 AND cost BETWEEN 0 AND 1000000000000000",
                name="denomination_amounts_are_bounded",
            ),
            CheckConstraint(
                check="(face_value IS NULL AND fair_value IS NULL AND cost IS NULL) OR currency IS NOT NULL",
                name="denomination_money_names_its_currency",
            ),
            CheckConstraint(check="stock >= 0", name="stock_is_never_below_zero"),
        )


class FulfilmentRoute(Model):
    """Who delivers a denomination, in which order they are tried: the next only if the one before surely did not."""

    id = fields.UUIDField(primary_key=True)
    denomination_id = fields.UUIDField()
    priority = fields.IntField()
    supplier_id = fields.UUIDField()
    sku = fields.CharField(max_length=128)
    pool_id = fields.UUIDField(null=True)

    class Meta:
        table = "fulfilment_route"
        constraints = (
            UniqueConstraint(fields=("denomination_id", "priority"), name="fulfilment_route_has_its_place"),
            CheckConstraint(check="priority BETWEEN 1 AND 5", name="fulfilment_route_priority_is_bounded"),
        )


class SavedGoal(Model):
    """What a member saves for: one denomination at a time."""

    member_id = fields.UUIDField(primary_key=True)
    denomination_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "saved_goal"
