"""The events of codes: ids and counts, never a code or a part of one."""

from domain.kernel.events import EventType

CODE_POOL_CREATED = EventType(
    name="code_pool.created",
    aggregate="code_pool",
    description="A pool of sealed codes was made.",
    payload={"supplier_id": "whose codes it holds", "code": "the pool's own code"},
)
CODE_POOL_RESEALED = EventType(
    name="code_pool.resealed",
    aggregate="code_pool",
    description="The key that seals a pool's codes is sealed again, under today's key of the house.",
    payload={"supplier_id": "whose codes it holds"},
)
CODES_IMPORTED = EventType(
    name="code_pool.codes_imported",
    aggregate="code_pool",
    description="A call brought codes into a pool.",
    payload={
        "batch_id": "the batch",
        "imported": "how many were new",
        "duplicates": "how many were there already",
        "rejected": "how many were refused",
        "free": "how many the pool can give now",
    },
)
LOW_STOCK = EventType(
    name="code_pool.low_stock",
    aggregate="code_pool",
    description="A pool fell to its threshold; told once for each time it falls there.",
    payload={"supplier_id": "who can bring more", "free": "how many are left", "low_stock_at": "the threshold"},
)
CODES_EXPIRING = EventType(
    name="code_pool.codes_expiring",
    aggregate="code_pool",
    description="Free codes of a pool are good for a few days more; each code is told of once.",
    payload={"supplier_id": "whose codes", "count": "how many", "first_expires_on": "the first last good day"},
)
CODES_EXPIRED = EventType(
    name="code_pool.codes_expired",
    aggregate="code_pool",
    description="Free codes became void, because they can no longer be given.",
    payload={"supplier_id": "whose codes", "count": "how many"},
)
BATCH_RECALLED = EventType(
    name="code_batch.recalled",
    aggregate="code_batch",
    description="A batch's codes are bad: free ones are void, issued ones are flagged for replacing or refunding.",
    payload={
        "pool_id": "the pool",
        "voided": "how many nobody had",
        "reserved": "how many were about to be issued",
        "issued": "how many are in members' hands",
    },
)
CODE_ISSUED = EventType(
    name="code.issued",
    aggregate="code",
    description="A code belongs to a line for good.",
    payload={"pool_id": "the pool it came from", "line_id": "whose it is"},
)
CODE_VOIDED = EventType(
    name="code.voided",
    aggregate="code",
    description="An issued code is no longer good; it stays with its line.",
    payload={"pool_id": "the pool", "line_id": "whose it was", "problem": "why, as a code, or null"},
)
EVENTS = (
    CODE_POOL_CREATED,
    CODE_POOL_RESEALED,
    CODES_IMPORTED,
    LOW_STOCK,
    CODES_EXPIRING,
    CODES_EXPIRED,
    BATCH_RECALLED,
    CODE_ISSUED,
    CODE_VOIDED,
)
