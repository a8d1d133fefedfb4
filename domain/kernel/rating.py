"""Dated rates are recorded: they hold from an instant on, and are never changed."""

from collections.abc import Sequence

from domain.kernel.events import EventType
from domain.kernel.ids import new_ids
from domain.kernel.late import About, LateTruth, note_late_in
from domain.kernel.operation import Operation
from domain.kernel.rates import Rate
from domain.kernel.refusals import AlreadyExists, InvalidInput

RATES_MAX = 1_000

RECORD = """
INSERT INTO rate (id, from_unit, to_unit, numerator, denominator, valid_from, recorded_at)
SELECT *, $7 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[])
ON CONFLICT (from_unit, to_unit, valid_from) DO NOTHING RETURNING id
"""

RATE_RECORDED = EventType(
    name="rate.recorded",
    aggregate="rate",
    description="A dated rate between two units became known.",
    payload={
        "from_unit": "code of the unit that is converted",
        "to_unit": "code of the unit it is converted into",
        "numerator": "how many smallest steps of to_unit …",
        "denominator": "… so many smallest steps of from_unit are worth",
        "valid_from": "from when on, ISO 8601 in UTC",
    },
)


async def record_rates_in(op: Operation, rates: Sequence[Rate]) -> None:
    """The rates stand; a due that lacked one of them is to be evaluated again. At most 1,000, in one statement.

    What was converted already keeps its rate. Refuses: InvalidInput (number); AlreadyExists (another rate of the same
    pair from the same instant).
    """
    if not 1 <= len(rates) <= RATES_MAX:
        raise InvalidInput(field="rates", problem=f"1 to {RATES_MAX}")
    ids = new_ids(len(rates))
    rows = await op.sql.fetch(
        RECORD,
        ids,
        [rate.from_unit for rate in rates],
        [rate.to_unit for rate in rates],
        [rate.numerator for rate in rates],
        [rate.denominator for rate in rates],
        [rate.valid_from for rate in rates],
        op.now,
    )
    written = {row["id"] for row in rows}
    for rate_id, rate in zip(ids, rates, strict=True):
        if rate_id not in written:
            name = f"{rate.from_unit}/{rate.to_unit} {rate.valid_from.isoformat()}"
            raise AlreadyExists(kind="rate", name=name)
        op.tell(
            RATE_RECORDED.about(
                rate_id,
                from_unit=rate.from_unit,
                to_unit=rate.to_unit,
                numerator=rate.numerator,
                denominator=rate.denominator,
                valid_from=rate.valid_from.isoformat(),
            )
        )
    await note_late_in(
        op,
        [
            LateTruth(
                about=About.RATE,
                subject_id=None,
                kind=f"{rate.from_unit}/{rate.to_unit}",
                true_from=rate.valid_from,
                true_until=None,
            )
            for rate in rates
        ],
    )
