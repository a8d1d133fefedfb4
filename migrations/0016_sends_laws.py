"""The laws of sends in the database: named constraints, drawn edges as triggers, foreign keys, indexes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CONSTRAINTS = (
    "ALTER TABLE reward_grant ADD CONSTRAINT reward_grant_is_numbered_once UNIQUE (due_id, bundle, n)",
    "ALTER TABLE reward_grant ADD CONSTRAINT reward_grant_state_is_known CHECK (state IN ('GRANTED', 'REVOKED') AND (state = 'REVOKED') = (revoked_at IS NOT NULL) AND (followed_state IS NULL OR followed_state IN ('GRANTED', 'REVOKED')))",
    "ALTER TABLE reward_grant ADD CONSTRAINT reward_grant_quantity_is_bounded CHECK (quantity BETWEEN 1 AND 10 AND n >= 1)",
    "ALTER TABLE bundle ADD CONSTRAINT bundle_code_is_unique UNIQUE (code)",
    "ALTER TABLE bundle ADD CONSTRAINT bundle_mode_is_known CHECK (mode IN ('ALL_OR_NOTHING', 'BEST_EFFORT', 'CHOICE') AND (mode = 'CHOICE') = (choose IS NOT NULL) AND (choose IS NULL OR choose BETWEEN 1 AND 20))",
    "ALTER TABLE bundle_item ADD CONSTRAINT bundle_item_has_its_place UNIQUE (bundle_id, place)",
    "ALTER TABLE bundle_item ADD CONSTRAINT bundle_item_is_bounded CHECK (quantity BETWEEN 1 AND 10 AND place BETWEEN 1 AND 20)",
    "ALTER TABLE bundle_order ADD CONSTRAINT bundle_order_is_one_per_origin UNIQUE (origin, origin_id)",
    "ALTER TABLE bundle_order ADD CONSTRAINT bundle_order_origin_is_known CHECK (origin IN ('GRANT', 'SEND') AND (waits_for IS NULL OR waits_for IN ('CHOICE', 'ADDRESS')))",
    "ALTER TABLE bundle_part ADD CONSTRAINT bundle_part_is_numbered_once UNIQUE (order_id, n)",
    "ALTER TABLE bundle_part ADD CONSTRAINT bundle_part_has_its_own_line UNIQUE (line_id)",
    "ALTER TABLE reward_send ADD CONSTRAINT reward_send_has_one_content CHECK (content IN ('POINTS', 'BUNDLE') AND (content = 'POINTS') = (amount IS NOT NULL) AND (content = 'BUNDLE') = (bundle_id IS NOT NULL))",
    "ALTER TABLE reward_send ADD CONSTRAINT reward_send_state_is_known CHECK (state IN ('DRAFT', 'SCHEDULED', 'SENT', 'RECALLED') AND (state = 'RECALLED') = (recalled_at IS NOT NULL) AND (state <> 'SENT' OR sent_at IS NOT NULL))",
    "ALTER TABLE reward_send ADD CONSTRAINT reward_send_is_bounded CHECK (amount BETWEEN 1 AND 1000000000000 AND value BETWEEN 0 AND 1000000000000 AND fair_value BETWEEN 0 AND 1000000000000 AND recipients BETWEEN 1 AND 10000 AND claim_days BETWEEN 1 AND 3660 AND (fair_value IS NULL) = (currency IS NULL))",
    "ALTER TABLE reward_send ADD CONSTRAINT reward_send_is_approved_by_another CHECK (approved_by IS NULL OR approved_by <> principal_id)",
    "ALTER TABLE send_recipient ADD CONSTRAINT send_recipient_is_numbered_once UNIQUE (send_id, n)",
    "ALTER TABLE send_recipient ADD CONSTRAINT send_recipient_is_one_per_member UNIQUE (send_id, member_id)",
    "ALTER TABLE send_recipient ADD CONSTRAINT send_recipient_state_is_known CHECK (state IN ('PENDING', 'SENT', 'OPENED', 'CLAIMED', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'RECALLED', 'FAILED') AND (state IN ('CLAIMED', 'ACCEPTED')) = (claimed_at IS NOT NULL) AND (state IN ('DECLINED', 'EXPIRED', 'RECALLED', 'FAILED')) = (ended_at IS NOT NULL) AND (state = 'FAILED') = (reason IS NOT NULL))",
    "ALTER TABLE send_recipient ADD CONSTRAINT c4_what_is_not_given_is_not_set_aside CHECK (set_aside >= 0 AND (state IN ('SENT', 'OPENED', 'CLAIMED', 'ACCEPTED') OR set_aside = 0) AND (activity_id IS NULL OR set_aside = 0))",
    "ALTER TABLE benefit ADD CONSTRAINT benefit_is_bounded CHECK (quota BETWEEN 1 AND 1000000 AND valid_days BETWEEN 1 AND 3660)",
    "ALTER TABLE benefit ADD CONSTRAINT benefit_rules_are_known CHECK (owner_kind IN ('MEMBER', 'PARTNER') AND on_tier_loss IN ('NOW', 'PERIOD_END', 'KEEP') AND period IN ('MONTH', 'QUARTER', 'YEAR'))",
    "ALTER TABLE entitlement ADD CONSTRAINT entitlement_is_one_per_line UNIQUE (line_id)",
    "ALTER TABLE entitlement ADD CONSTRAINT c5_a_benefit_is_used_within_its_quota CHECK (used BETWEEN 0 AND quota)",
    "ALTER TABLE entitlement ADD CONSTRAINT c5_an_entitlement_ends_once CHECK (state IN ('GRANTED', 'ACTIVE', 'CONSUMED', 'EXPIRED', 'REVOKED') AND (state = 'CONSUMED') = (used = quota) AND (state IN ('CONSUMED', 'EXPIRED', 'REVOKED')) = (ended_at IS NOT NULL))",
    "ALTER TABLE entitlement ADD CONSTRAINT entitlement_owner_kind_is_known CHECK (owner_kind IN ('MEMBER', 'PARTNER'))",
    "ALTER TABLE entitlement_use ADD CONSTRAINT entitlement_use_is_positive CHECK (quantity >= 1)",
)


def _edges(name: str, table: str, edges: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """A function and a trigger that refuse any change of state that was not drawn."""
    drawn = ", ".join(f"'{before}>{after}'" for before, afters in edges.items() for after in afters)
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN ({drawn}) THEN
            RAISE EXCEPTION '% does not lead to %', OLD.state, NEW.state
              USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
          END IF;
          RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


GIVEN = ("CLAIMED", "ACCEPTED", "DECLINED", "EXPIRED", "RECALLED")
EDGES = (
    *_edges(
        "c4_a_send_moves_along_drawn_edges",
        "reward_send",
        {"DRAFT": ("SCHEDULED", "RECALLED"), "SCHEDULED": ("SENT", "RECALLED"), "SENT": ("RECALLED",)},
    ),
    *_edges(
        "c4_a_recipient_moves_along_drawn_edges",
        "send_recipient",
        {"PENDING": ("SENT", "CLAIMED", "RECALLED", "FAILED"), "SENT": ("OPENED", *GIVEN), "OPENED": GIVEN},
    ),
    *_edges(
        "c5_an_entitlement_moves_along_drawn_edges",
        "entitlement",
        {
            "GRANTED": ("ACTIVE", "CONSUMED", "EXPIRED", "REVOKED"),
            "ACTIVE": ("CONSUMED", "EXPIRED", "REVOKED"),
        },
    ),
    *_edges("c4_a_revoked_grant_stays_revoked", "reward_grant", {"GRANTED": ("REVOKED",)}),
    *(
        f"CREATE TRIGGER c1_nothing_of_value_is_deleted BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION c1_nothing_of_value_is_deleted()"
        for table in (
            "reward_grant",
            "bundle_order",
            "bundle_part",
            "reward_send",
            "send_recipient",
            "entitlement",
            "entitlement_use",
        )
    ),
)

FOREIGN_KEYS = tuple(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_exists FOREIGN KEY ({column}) REFERENCES {target} ({key})"
    for table, column, target, key in (
        ("reward_grant", "due_id", "due", "id"),
        ("reward_grant", "member_id", "member", "id"),
        ("bundle_item", "bundle_id", "bundle", "id"),
        ("bundle_item", "denomination_id", "denomination", "id"),
        ("bundle_order", "bundle_id", "bundle", "id"),
        ("bundle_order", "member_id", "member", "id"),
        ("bundle_part", "order_id", "bundle_order", "id"),
        ("bundle_part", "denomination_id", "denomination", "id"),
        ("bundle_part", "line_id", "redemption_line", "id"),
        ("reward_send", "program_id", "program", "id"),
        ("reward_send", "bundle_id", "bundle", "id"),
        ("send_recipient", "send_id", "reward_send", "id"),
        ("send_recipient", "member_id", "member", "id"),
        ("benefit", "denomination_id", "denomination", "id"),
        ("entitlement", "line_id", "redemption_line", "id"),
        ("entitlement_use", "entitlement_id", "entitlement", "id"),
    )
)

INDEXES = (
    "CREATE INDEX member_by_email ON member (lower(email))",
    "CREATE UNIQUE INDEX c4_one_grant_stands_per_due_and_bundle ON reward_grant (due_id, bundle)"
    " WHERE state = 'GRANTED'",
    "CREATE INDEX reward_grant_waiting ON reward_grant (id) WHERE followed_state IS DISTINCT FROM state",
    "CREATE INDEX bundle_order_due ON bundle_order (look_at, id) WHERE look_at IS NOT NULL",
    "CREATE INDEX bundle_order_of_member ON bundle_order (member_id, recorded_at, id)",
    "CREATE INDEX reward_send_due ON reward_send (send_at, id) WHERE state = 'SCHEDULED'",
    "CREATE INDEX reward_send_by_time ON reward_send (recorded_at, id)",
    "CREATE INDEX send_recipient_of_member ON send_recipient (member_id, recorded_at, id)",
    "CREATE INDEX send_recipient_pending ON send_recipient (send_id, n) WHERE state = 'PENDING'",
    "CREATE INDEX send_recipient_expiring ON send_recipient (expires_at, id) WHERE state IN ('SENT', 'OPENED')",
    "CREATE INDEX entitlement_of_owner ON entitlement (owner_id, recorded_at, id)",
    "CREATE INDEX entitlement_ending ON entitlement (least(valid_until, revokes_at), id)"
    " WHERE state IN ('GRANTED', 'ACTIVE')",
    "CREATE INDEX entitlement_of_tier ON entitlement (tier_checked_at, id)"
    " WHERE state IN ('GRANTED', 'ACTIVE') AND tiers <> '[]'",
    "CREATE INDEX entitlement_use_of ON entitlement_use (entitlement_id, recorded_at, id)",
)


class Migration(migrations.Migration):
    """Adds the laws of sends."""

    dependencies = [("guerdon", "0015_sends")]
    operations = [ops.RunSQL([*CONSTRAINTS, *EDGES, *FOREIGN_KEYS, *INDEXES], reverse_sql=ops.RunSQL.noop)]
