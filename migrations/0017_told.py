"""Events tell the rows of the shop: `told_v1` digests what an aggregate's rows say, for the writer and for the audit.

The columns are those that carry value and never move without an event. A later migration that changes them adds
`told_v2`; what was told before stays under the first byte of its digest.
"""

from collections.abc import Mapping

from tortoise import migrations
from tortoise.migrations import operations as ops

# table → its columns in the digest, in this order
COLUMNS: Mapping[str, str] = {
    "supplier": "id code name source_id adapter state settings is_test rate_calls rate_seconds float_currency"
    " float_alert_below recorded_at",
    "catalog_item": "id supplier_id external_id kind state name description instructions brand categories images"
    " countries tiers segments partner_types unit needs_address needs_approval is_test valid_from valid_until"
    " member_limit member_limit_days search content_digest recorded_at updated_at",
    "denomination": "id item_id external_id name face_value currency price_fixed price_numerator price_denominator"
    " fair_value cost place is_offered",
    "fulfilment_route": "id denomination_id priority supplier_id sku pool_id",
    "benefit": "denomination_id quota valid_days owner_kind is_transferable tiers on_tier_loss period recorded_at",
    "code_pool": "id supplier_id code name data_key low_stock_at recorded_at",
    "code_batch": "id pool_id external_id recorded_at",
    "redemption": "id member_id partner_id principal_id origin origin_id unit total country locale recorded_at",
    "redemption_line": "id redemption_id n item_id denomination_id member_id price face_value currency fair_value"
    " hold_id state delivery reason held_until tracking expires_on recorded_at ordered_at fulfilled_at revealed_at"
    " ended_at",
    "code_problem": "id line_id problem state recorded_at settled_at",
    "bundle": "id code name mode choose recorded_at",
    "bundle_item": "id bundle_id place denomination_id quantity substitutes",
    "bundle_order": "id bundle_id origin origin_id member_id partner_id quantity mode choose waits_for recorded_at"
    " revoked_at compensating_since",
    "bundle_part": "id order_id n denomination_id substitutes line_id reason",
    "reward_send": "id program_id principal_id approved_by content amount bundle_id is_gift needs_claim message state"
    " unit value fair_value currency recipients send_at claim_days recorded_at sent_at recalled_at",
    "send_recipient": "id send_id n member_id partner_id state reason set_aside activity_id address_consent_at"
    " recorded_at sent_at opened_at expires_at claimed_at ended_at",
    "entitlement": "id line_id denomination_id owner_kind owner_id partner_id state reason quota used is_transferable"
    " tiers on_tier_loss period valid_from valid_until revokes_at recorded_at ended_at",
    "entitlement_use": "id entitlement_id quantity principal_id recorded_at",
    "reward_grant": "id due_id bundle n quantity member_id partner_id program_id state recorded_at revoked_at",
}
# What of a code never changes once it came in, and what moves with it from the day it is a line's for good.
STORED = "id pool_id batch_id sealed blind_index last_four expires_on recorded_at"
GIVEN = f"{STORED} state line_id reserved_at issued_at revealed_at voided_at"
# Of an open attempt only the order counts; how it ended counts when it has.
ORDERED = "id line_id n supplier_id priority sku pool_id recorded_at ended_at"
ENDED = "state reason supplier_reference"


def _row(table: str, columns: str | None = None) -> str:
    named = [f'"{table}"."{column}"' for column in (columns or COLUMNS[table]).split()]
    return f"jsonb_build_array({', '.join(named)})"


def _rows(table: str, where: str, *, columns: str | None = None, key: str = "id") -> str:
    """Those rows in one order; an empty list if there are none."""
    return (
        f"""(SELECT coalesce(jsonb_agg({_row(table, columns)} ORDER BY "{table}"."{key}"), '[]') FROM "{table}" """
        f"WHERE {where})"
    )


_LINES = "(SELECT id FROM redemption_line WHERE redemption_id = $2)"
_VARIANTS = "(SELECT id FROM denomination WHERE item_id = $2)"
_ATTEMPTS = (
    "(SELECT coalesce(jsonb_agg(jsonb_build_array("
    + ", ".join(f"a.{column}" for column in ORDERED.split())
    + ", "
    + ", ".join(f"CASE WHEN a.ended_at IS NOT NULL THEN a.{column} END" for column in ENDED.split())
    + f") ORDER BY a.id), '[]') FROM fulfilment_attempt AS a WHERE a.line_id IN {_LINES})"
)
# Who was left out when the send was made; what becomes of the others is told of each.
_RECIPIENTS = """(SELECT coalesce(jsonb_agg(jsonb_build_array(r.id, r.n, r.member_id, r.recorded_at,
  CASE WHEN r.ended_at = r.recorded_at THEN r.reason END) ORDER BY r.n), '[]')
  FROM send_recipient AS r WHERE r.send_id = $2)"""
_BATCH = f"(SELECT {_row('code_batch')} FROM code_batch WHERE code_batch.id = voucher_code.batch_id)"

# kind of aggregate → (its root's table, what is told of it besides the root); $2 is its id
TOLD: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "supplier": ("supplier", ()),
    "catalog_item": (
        "catalog_item",
        (
            _rows("denomination", "item_id = $2"),
            _rows("fulfilment_route", f"denomination_id IN {_VARIANTS}"),
            _rows("benefit", f"denomination_id IN {_VARIANTS}", key="denomination_id"),
        ),
    ),
    "code_pool": ("code_pool", ()),
    "redemption": ("redemption", (_rows("redemption_line", "redemption_id = $2"), _ATTEMPTS)),
    "code_problem": ("code_problem", ()),
    "bundle": ("bundle", (_rows("bundle_item", "bundle_id = $2"),)),
    "bundle_order": ("bundle_order", (_rows("bundle_part", "order_id = $2"),)),
    "reward_send": ("reward_send", (_RECIPIENTS,)),
    "reward": ("send_recipient", ()),
    "entitlement": ("entitlement", (_rows("entitlement_use", "entitlement_id = $2"),)),
    "grant": ("reward_grant", ()),
}


def _case(kind: str, root: str, more: tuple[str, ...]) -> str:
    body = ", ".join([_row(root), *more])
    return f"""WHEN '{kind}' THEN SELECT jsonb_build_array({body}) INTO told FROM "{root}" WHERE "{root}".id = $2;"""


# An import is told by the call: the codes that came into the batch with it. They share the instant.
_IMPORTED = _rows("voucher_code", "batch_id = code_batch.id AND voucher_code.recorded_at = $4", columns=STORED)
_IMPORT = f"""
  SELECT jsonb_build_array({_row("code_batch")}, {_IMPORTED}) INTO told
  FROM code_batch WHERE code_batch.id = ($3 ->> 'batch_id')::uuid;"""
_CODE = f"""WHEN 'code' THEN
  SELECT jsonb_build_array({_row("voucher_code", GIVEN)}, {_BATCH}) INTO told
  FROM voucher_code WHERE voucher_code.id = $2;"""

ROWS = f"""
CREATE FUNCTION told_v1_rows(told_kind text, told_id uuid, told_payload jsonb, told_at timestamptz) RETURNS jsonb
LANGUAGE plpgsql STABLE SET TimeZone = 'UTC' SET bytea_output = 'hex' AS $$
#variable_conflict use_column
DECLARE told jsonb;
BEGIN
  IF $1 = 'code_pool' AND $3 ? 'batch_id' THEN {_IMPORT}
  ELSE CASE $1
    {" ".join(_case(kind, *told) for kind, told in TOLD.items())}
    {_CODE}
    ELSE told := NULL;
  END CASE;
  END IF;
  RETURN told;
END $$
"""
KINDS = ", ".join(f"'{kind}'" for kind in (*TOLD, "code"))
DIGEST = f"""
CREATE FUNCTION told_v1(told_kind text, told_id uuid, told_payload jsonb, told_at timestamptz) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN $1 IN ({KINDS})
         THEN '\\x01'::bytea || sha256(convert_to(told_v1_rows($1, $2, $3, $4)::text, 'UTF8')) END
$$
"""


class Migration(migrations.Migration):
    """Adds what events tell of the shop's rows."""

    dependencies = [("guerdon", "0016_sends_laws")]
    operations = [
        ops.RunSQL(
            [ROWS, DIGEST],
            reverse_sql=["DROP FUNCTION told_v1", "DROP FUNCTION told_v1_rows"],
        )
    ]
