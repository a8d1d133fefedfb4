"""The laws of the shop in the database: named constraints, drawn edges as triggers, foreign keys, indexes; refunds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

REFUNDS = (
    "ALTER TABLE hold ADD COLUMN refunded_at timestamptz",
    "ALTER TABLE hold ADD CONSTRAINT l3_only_what_was_captured_is_refunded"
    " CHECK (refunded_at IS NULL OR state = 'CAPTURED')",
    "ALTER TABLE transaction DROP CONSTRAINT transaction_kind_is_known",
    "ALTER TABLE transaction ADD CONSTRAINT transaction_kind_is_known CHECK (kind IN ('FUND', 'AWARD', 'MATURE',"
    " 'EXPIRE', 'HOLD', 'CAPTURE', 'RELEASE', 'REVERSE', 'SETTLE', 'WRITE_OFF', 'PAY', 'REFUND'))",
)

CONSTRAINTS = (
    'ALTER TABLE "supplier" ADD CONSTRAINT supplier_code_is_unique UNIQUE (code)',
    'ALTER TABLE "supplier" ADD CONSTRAINT supplier_is_one_per_source UNIQUE (source_id)',
    "ALTER TABLE \"supplier\" ADD CONSTRAINT supplier_adapter_is_known CHECK (adapter IN ('CODE_POOL', 'HTTP_PUSH', 'PULL_QUEUE', 'BY_HAND', 'SCRIPTED'))",
    "ALTER TABLE \"supplier\" ADD CONSTRAINT supplier_state_is_known CHECK (state IN ('ACTIVE', 'PAUSED'))",
    'ALTER TABLE "supplier" ADD CONSTRAINT supplier_rate_is_bounded CHECK (rate_calls BETWEEN 1 AND 10000 AND rate_seconds BETWEEN 1 AND 86400)',
    'ALTER TABLE "reconciliation" ADD CONSTRAINT reconciliation_is_one_per_file UNIQUE (supplier_id, file_digest)',
    'ALTER TABLE "reconciliation" ADD CONSTRAINT reconciliation_span_is_ordered CHECK (starts_at < ends_at)',
    'ALTER TABLE "code_pool" ADD CONSTRAINT code_pool_code_is_unique_per_supplier UNIQUE (supplier_id, code)',
    'ALTER TABLE "code_pool" ADD CONSTRAINT c1_every_code_of_a_pool_is_accounted_for CHECK (free >= 0 AND reserved >= 0 AND issued >= 0 AND void >= 0 AND free + reserved + issued + void = imported)',
    'ALTER TABLE "code_pool" ADD CONSTRAINT code_pool_threshold_is_bounded CHECK (low_stock_at BETWEEN 0 AND 1000000000)',
    'ALTER TABLE "code_batch" ADD CONSTRAINT code_batch_is_imported_once UNIQUE (pool_id, external_id)',
    "ALTER TABLE \"code_batch\" ADD CONSTRAINT code_batch_state_is_known CHECK (state IN ('ACTIVE', 'RECALLED') AND (state = 'RECALLED') = (recalled_at IS NOT NULL))",
    'ALTER TABLE "voucher_code" ADD CONSTRAINT c1_a_code_is_stored_once UNIQUE (blind_index)',
    "ALTER TABLE \"voucher_code\" ADD CONSTRAINT c1_a_code_belongs_to_its_state CHECK (state IN ('FREE', 'RESERVED', 'ISSUED', 'VOID') AND (state <> 'FREE' OR line_id IS NULL) AND (state NOT IN ('RESERVED', 'ISSUED') OR line_id IS NOT NULL) AND (state = 'VOID') = (voided_at IS NOT NULL) AND (state <> 'ISSUED' OR issued_at IS NOT NULL) AND (revealed_at IS NULL OR issued_at IS NOT NULL))",
    "ALTER TABLE \"voucher_code\" ADD CONSTRAINT voucher_code_problem_is_known CHECK (problem IS NULL OR problem IN ('ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED', 'RECALLED'))",
    'ALTER TABLE "catalog_item" ADD CONSTRAINT catalog_item_is_one_per_supplier_and_id UNIQUE (supplier_id, external_id)',
    "ALTER TABLE \"catalog_item\" ADD CONSTRAINT catalog_item_kind_is_known CHECK (kind IN ('VOUCHER', 'GIFT_CARD', 'MERCHANDISE', 'EXPERIENCE', 'TRAVEL', 'MEMBERSHIP', 'TRAINING_SEAT', 'MDF_CREDIT', 'DONATION', 'BENEFIT'))",
    "ALTER TABLE \"catalog_item\" ADD CONSTRAINT catalog_item_state_is_known CHECK (state IN ('DRAFT', 'LISTED', 'UNLISTED'))",
    'ALTER TABLE "catalog_item" ADD CONSTRAINT catalog_item_span_is_ordered CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until)',
    'ALTER TABLE "catalog_item" ADD CONSTRAINT catalog_item_limit_is_bounded CHECK ((member_limit IS NULL OR member_limit BETWEEN 1 AND 1000) AND (member_limit_days IS NULL OR member_limit_days BETWEEN 1 AND 3660 AND member_limit IS NOT NULL))',
    'ALTER TABLE "denomination" ADD CONSTRAINT denomination_is_one_per_item_and_id UNIQUE (item_id, external_id)',
    'ALTER TABLE "denomination" ADD CONSTRAINT denomination_has_one_price CHECK ((price_fixed IS NULL) <> (price_numerator IS NULL) AND (price_numerator IS NULL) = (price_denominator IS NULL) AND (price_numerator IS NULL OR face_value IS NOT NULL))',
    'ALTER TABLE "denomination" ADD CONSTRAINT denomination_amounts_are_bounded CHECK (price_fixed BETWEEN 0 AND 1000000000000000 AND price_numerator BETWEEN 1 AND 1000000000 AND price_denominator BETWEEN 1 AND 1000000000 AND face_value BETWEEN 1 AND 1000000000000000 AND fair_value BETWEEN 0 AND 1000000000000000 AND cost BETWEEN 0 AND 1000000000000000)',
    'ALTER TABLE "denomination" ADD CONSTRAINT denomination_money_names_its_currency CHECK ((face_value IS NULL AND fair_value IS NULL AND cost IS NULL) OR currency IS NOT NULL)',
    'ALTER TABLE "denomination" ADD CONSTRAINT stock_is_never_below_zero CHECK (stock >= 0)',
    'ALTER TABLE "fulfilment_route" ADD CONSTRAINT fulfilment_route_has_its_place UNIQUE (denomination_id, priority)',
    'ALTER TABLE "fulfilment_route" ADD CONSTRAINT fulfilment_route_priority_is_bounded CHECK (priority BETWEEN 1 AND 5)',
    'ALTER TABLE "quote" ADD CONSTRAINT quote_total_is_bounded CHECK (total BETWEEN 0 AND 1000000000000000)',
    'ALTER TABLE "quote" ADD CONSTRAINT quote_span_is_ordered CHECK (expires_at > recorded_at)',
    'ALTER TABLE "redemption" ADD CONSTRAINT redemption_is_one_per_origin UNIQUE (origin, origin_id)',
    "ALTER TABLE \"redemption\" ADD CONSTRAINT redemption_origin_is_known CHECK (origin IN ('QUOTE', 'GRANT', 'SEND'))",
    'ALTER TABLE "redemption" ADD CONSTRAINT redemption_total_is_bounded CHECK (total BETWEEN 0 AND 1000000000000000)',
    'ALTER TABLE "redemption_line" ADD CONSTRAINT redemption_line_is_numbered_once UNIQUE (redemption_id, n)',
    'ALTER TABLE "redemption_line" ADD CONSTRAINT redemption_line_has_its_own_hold UNIQUE (hold_id)',
    "ALTER TABLE \"redemption_line\" ADD CONSTRAINT redemption_line_state_is_known CHECK (state IN ('HELD', 'PENDING_APPROVAL', 'ORDERED', 'FULFILLED', 'REFUNDED', 'CANCELLED', 'FAILED'))",
    "ALTER TABLE \"redemption_line\" ADD CONSTRAINT redemption_line_delivery_is_known CHECK (delivery IN ('NONE', 'SENT', 'DELIVERED', 'BOUNCED', 'REVEALED'))",
    'ALTER TABLE "redemption_line" ADD CONSTRAINT redemption_line_price_is_held CHECK (price BETWEEN 0 AND 1000000000000000 AND (price = 0) = (hold_id IS NULL))',
    "ALTER TABLE \"redemption_line\" ADD CONSTRAINT c3_captured_means_ever_fulfilled CHECK ((state IN ('FULFILLED', 'REFUNDED')) = (fulfilled_at IS NOT NULL))",
    "ALTER TABLE \"redemption_line\" ADD CONSTRAINT c2_a_line_ends_once CHECK ((state IN ('REFUNDED', 'CANCELLED', 'FAILED')) = (ended_at IS NOT NULL))",
    'ALTER TABLE "fulfilment_attempt" ADD CONSTRAINT fulfilment_attempt_is_numbered_once UNIQUE (line_id, n)',
    "ALTER TABLE \"fulfilment_attempt\" ADD CONSTRAINT fulfilment_attempt_state_is_known CHECK (state IN ('INTENT', 'SENT', 'DELIVERED', 'REFUSED', 'UNKNOWN') AND (state IN ('DELIVERED', 'REFUSED')) = (ended_at IS NOT NULL))",
    "ALTER TABLE \"code_problem\" ADD CONSTRAINT code_problem_state_is_known CHECK (state IN ('OPEN', 'REPLACED', 'REFUNDED', 'REJECTED') AND (state = 'OPEN') = (settled_at IS NULL))",
)


def _edges(name: str, table: str, column: str, edges: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """A function and a trigger that refuse any change of state that was not drawn."""
    drawn = ", ".join(f"'{before}>{after}'" for before, afters in edges.items() for after in afters)
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.{column} <> NEW.{column} AND (OLD.{column} || '>' || NEW.{column}) NOT IN ({drawn}) THEN
            RAISE EXCEPTION '% does not lead to %', OLD.{column}, NEW.{column}
              USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
          END IF;
          RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


EDGES = (
    *_edges(
        "c2_a_line_moves_along_drawn_edges",
        "redemption_line",
        "state",
        {
            "HELD": ("PENDING_APPROVAL", "ORDERED", "CANCELLED", "FAILED"),
            "PENDING_APPROVAL": ("ORDERED", "CANCELLED", "FAILED"),
            "ORDERED": ("FULFILLED", "FAILED"),
            "FULFILLED": ("REFUNDED",),
        },
    ),
    *_edges(
        "c2_an_attempt_moves_along_drawn_edges",
        "fulfilment_attempt",
        "state",
        {
            "INTENT": ("SENT", "REFUSED"),
            "SENT": ("DELIVERED", "REFUSED", "UNKNOWN"),
            "UNKNOWN": ("SENT", "DELIVERED", "REFUSED"),
        },
    ),
    *_edges(
        "c1_a_code_moves_along_drawn_edges",
        "voucher_code",
        "state",
        {
            "FREE": ("RESERVED", "VOID"),
            "RESERVED": ("FREE", "ISSUED", "VOID"),
            "ISSUED": ("VOID",),
        },
    ),
    """
    CREATE FUNCTION c1_nothing_of_value_is_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'c1_nothing_of_value_is_deleted';
    END $$
    """,
    *(
        f"CREATE TRIGGER c1_nothing_of_value_is_deleted BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION c1_nothing_of_value_is_deleted()"
        for table in ("voucher_code", "code_pool", "redemption", "redemption_line", "fulfilment_attempt")
    ),
)

FOREIGN_KEYS = tuple(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_exists FOREIGN KEY ({column}) REFERENCES {target} ({key})"
    for table, column, target, key in (
        ("supplier", "source_id", "source", "id"),
        ("reconciliation", "supplier_id", "supplier", "id"),
        ("code_pool", "supplier_id", "supplier", "id"),
        ("code_batch", "pool_id", "code_pool", "id"),
        ("voucher_code", "pool_id", "code_pool", "id"),
        ("voucher_code", "batch_id", "code_batch", "id"),
        ("voucher_code", "line_id", "redemption_line", "id"),
        ("catalog_item", "supplier_id", "supplier", "id"),
        ("catalog_item", "unit", "unit", "code"),
        ("denomination", "item_id", "catalog_item", "id"),
        ("fulfilment_route", "denomination_id", "denomination", "id"),
        ("fulfilment_route", "supplier_id", "supplier", "id"),
        ("fulfilment_route", "pool_id", "code_pool", "id"),
        ("saved_goal", "member_id", "member", "id"),
        ("saved_goal", "denomination_id", "denomination", "id"),
        ("quote", "member_id", "member", "id"),
        ("redemption", "member_id", "member", "id"),
        ("redemption_line", "redemption_id", "redemption", "id"),
        ("redemption_line", "denomination_id", "denomination", "id"),
        ("redemption_line", "hold_id", "hold", "id"),
        ("fulfilment_attempt", "line_id", "redemption_line", "id"),
        ("fulfilment_attempt", "supplier_id", "supplier", "id"),
        ("shipment", "redemption_id", "redemption", "id"),
        ("code_problem", "line_id", "redemption_line", "id"),
    )
)

INDEXES = (
    "CREATE INDEX voucher_code_free ON voucher_code (pool_id, expires_on, id) WHERE state = 'FREE'",
    "CREATE INDEX voucher_code_of_batch ON voucher_code (batch_id, state)",
    "CREATE INDEX voucher_code_expiring ON voucher_code (expires_on) WHERE state = 'FREE' AND expires_on IS NOT NULL",
    "CREATE UNIQUE INDEX c1_a_line_has_one_code ON voucher_code (line_id) WHERE state IN ('RESERVED', 'ISSUED')",
    "CREATE INDEX catalog_item_listed ON catalog_item (updated_at, id) WHERE state = 'LISTED'",
    "CREATE INDEX catalog_item_searched ON catalog_item USING gin (to_tsvector('simple', search))",
    "CREATE INDEX quote_by_age ON quote (expires_at)",
    "CREATE INDEX redemption_of_member ON redemption (member_id, recorded_at, id)",
    "CREATE INDEX redemption_of_partner ON redemption (partner_id, recorded_at, id)",
    "CREATE INDEX redemption_by_time ON redemption (recorded_at, id)",
    "CREATE INDEX redemption_line_counted ON redemption_line (member_id, item_id, recorded_at)"
    " WHERE state NOT IN ('REFUNDED', 'CANCELLED', 'FAILED')",
    "CREATE INDEX redemption_line_waiting ON redemption_line (held_until) WHERE state = 'HELD'",
    "CREATE INDEX redemption_line_for_approval ON redemption_line (recorded_at, id) WHERE state = 'PENDING_APPROVAL'",
    "CREATE UNIQUE INDEX c2_a_line_has_one_open_attempt ON fulfilment_attempt (line_id)"
    " WHERE state IN ('INTENT', 'SENT', 'UNKNOWN')",
    "CREATE INDEX fulfilment_attempt_due ON fulfilment_attempt (call_at, id) WHERE state IN ('INTENT', 'SENT', 'UNKNOWN')",
    "CREATE INDEX fulfilment_attempt_of_supplier ON fulfilment_attempt (supplier_id, recorded_at, id)",
    "CREATE INDEX code_problem_open ON code_problem (recorded_at, id) WHERE state = 'OPEN'",
)


class Migration(migrations.Migration):
    """Adds the shop's laws, and what the ledger needs to refund a captured hold."""

    dependencies = [("guerdon", "0008_shop")]
    operations = [ops.RunSQL([*REFUNDS, *CONSTRAINTS, *EDGES, *FOREIGN_KEYS, *INDEXES], reverse_sql=ops.RunSQL.noop)]
