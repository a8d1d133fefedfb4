"""The audit: every law is asked of one snapshot, each answer says how many rows it examined and which broke it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.kernel.outbox import LINKED, link
from domain.kernel.sql import Connection, Database
from domain.ledger.digests import STATED, Row, digest
from domain.ledger.laws import QUESTIONS

EXAMPLES_MAX = 5
CHUNK = 5_000
TIMEOUT = "SET LOCAL statement_timeout = '10min'"  # an audit reads whole tables, and locks nothing


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question about one law: `examples` are at most five of the broken subjects."""

    law: str
    name: str
    examined: int
    violations: int
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """The checks in order of laws."""

    checks: tuple[Check, ...]

    @property
    def violations(self) -> int:
        return sum(check.violations for check in self.checks)

    def examined(self) -> Mapping[str, int]:
        """Rows examined by law."""
        laws = dict.fromkeys((check.law for check in self.checks), 0)
        for check in self.checks:
            laws[check.law] += check.examined
        return laws

    def is_clean(self, *, strict: bool = False) -> bool:
        """True without violations and, where strict, with at least one row examined for every law."""
        return self.violations == 0 and bool(self.checks) and not (strict and 0 in self.examined().values())

    def to_json(self) -> dict[str, Any]:
        """The report in JSON terms."""
        return {
            "violations": self.violations,
            "laws": dict(self.examined()),
            "checks": [
                {
                    "law": check.law,
                    "name": check.name,
                    "examined": check.examined,
                    "violations": check.violations,
                    "examples": list(check.examples),
                }
                for check in self.checks
            ],
        }


Question = Callable[[Connection], Awaitable[Check]]


async def audit(
    database: Database, laws: Collection[str] | None = None, more: Mapping[str, Sequence[Question]] | None = None
) -> AuditReport:
    """All checks of the named laws (all, if none are named) at one instant; `more` are other rooms' questions, also
    about laws that this room asks about.

    Refuses: ValueError for a law that nobody asks about.
    """
    asked = own_questions()
    for law, some in (more or {}).items():
        asked.setdefault(law, []).extend(some)
    if unknown := set(laws or ()) - asked.keys():
        raise ValueError(f"there is no law {', '.join(sorted(unknown))}")
    async with database.snapshot() as connection:
        return await audit_in(connection, [asked[law] for law in asked if laws is None or law in laws])


async def audit_in(connection: Connection, questions: Sequence[Sequence[Question]] | None = None) -> AuditReport:
    """The checks (all of this room's, if none are given) inside a transaction that the caller holds."""
    await connection.execute(TIMEOUT)
    chosen = own_questions().values() if questions is None else questions
    return AuditReport(checks=tuple([await question(connection) for some in chosen for question in some]))


def own_questions() -> dict[str, list[Question]]:
    """What this room asks, by law."""
    questions = {law: [asking(law, name, text) for name, text in some.items()] for law, some in QUESTIONS.items()}
    questions["L5"].append(_transactions_equal_their_digest)
    questions["E2"].append(_chain_holds)
    return questions


def asking(law: str, name: str, text: str) -> Question:
    """The question whose SQL yields (subject, broken) for every row it examines."""
    statement = f"""
    SELECT count(*) AS examined, count(*) FILTER (WHERE broken IS DISTINCT FROM false) AS violations,
           (array_agg(subject) FILTER (WHERE broken IS DISTINCT FROM false))[1:{EXAMPLES_MAX}] AS examples
    FROM ({text}) AS asked
    """

    async def ask(connection: Connection) -> Check:
        row = await connection.fetchrow(statement)
        assert row is not None, "an aggregate always answers"
        examples = tuple(row["examples"] or ())
        return Check(law=law, name=name, examined=row["examined"], violations=row["violations"], examples=examples)

    return ask


def _columns(table: str) -> str:
    return ", ".join(f'"{table}".{column}' for column in STATED[table])


# How the rows that a digest covers are found from transactions of a kind (of any, for entries), by indexes that exist.
_AWARDED = """FROM entry JOIN lot ON lot.id = entry.lot_id JOIN award ON award.id = lot.award_id
              JOIN wallet ON wallet.id = award.wallet_id
              WHERE entry.transaction_id = ANY($1::uuid[]) AND entry.kind = 'pending'"""
_HELD = """FROM transaction JOIN hold ON hold.id = transaction.cause_id JOIN hold_lot ON hold_lot.hold_id = hold.id
           WHERE transaction.id = ANY($1::uuid[])"""
_PREPARED = """FROM transaction JOIN payment ON payment.id = transaction.cause_id
               JOIN payment_lot ON payment_lot.payment_id = payment.id WHERE transaction.id = ANY($1::uuid[])"""
_REVERSED = """FROM reversal LEFT JOIN debt ON debt.reversal_id = reversal.id
               WHERE reversal.transaction_id = ANY($1::uuid[])"""
FOUND_BY: Mapping[str, tuple[str | None, str]] = {
    "entry": (
        None,
        f"SELECT transaction_id AS of, {_columns('entry')} FROM entry WHERE transaction_id = ANY($1::uuid[])",
    ),
    "award": ("AWARD", f"SELECT entry.transaction_id AS of, {_columns('award')} {_AWARDED}"),
    "lot": ("AWARD", f"SELECT entry.transaction_id AS of, {_columns('lot')} {_AWARDED}"),
    "wallet": ("AWARD", f"SELECT entry.transaction_id AS of, {_columns('wallet')} {_AWARDED}"),
    "reversal": ("REVERSE", f"SELECT reversal.transaction_id AS of, {_columns('reversal')} {_REVERSED}"),
    "debt": (
        "REVERSE",
        f"SELECT reversal.transaction_id AS of, {_columns('debt')} {_REVERSED} AND debt.id IS NOT NULL",
    ),
    "hold": ("HOLD", f"SELECT DISTINCT transaction.id AS of, {_columns('hold')} {_HELD}"),
    "hold_lot": ("HOLD", f"SELECT transaction.id AS of, {_columns('hold_lot')} {_HELD}"),
    "payment": ("PREPARE", f"SELECT DISTINCT transaction.id AS of, {_columns('payment')} {_PREPARED}"),
    "payment_lot": ("PREPARE", f"SELECT transaction.id AS of, {_columns('payment_lot')} {_PREPARED}"),
}

SEALS = """
SELECT id, transaction_id, digest FROM outbox WHERE transaction_id IS NOT NULL AND id > $1 ORDER BY id LIMIT $2
"""

SEALED = f"SELECT {_columns('transaction')} FROM transaction WHERE id = ANY($1::uuid[])"

CHAIN = f"SELECT position, link, {LINKED} FROM outbox WHERE position > $1 ORDER BY position LIMIT $2"


async def _transactions_equal_their_digest(connection: Connection) -> Check:
    examined, broken, last = 0, list[str](), 0
    while seals := await connection.fetch(SEALS, last, CHUNK):
        last = seals[-1]["id"]
        stated = await _stated(connection, [seal["transaction_id"] for seal in seals])
        for seal in seals:
            examined += 1
            rows = stated.get(seal["transaction_id"])
            if rows is None or digest(rows) != seal["digest"]:
                broken.append(str(seal["transaction_id"]))
    return _check("L5", "transactions_equal_their_digest", examined, broken)


async def _stated(connection: Connection, transaction_ids: Sequence[UUID]) -> dict[UUID, dict[str, list[Row]]]:
    stated = dict[UUID, dict[str, list[Row]]]()
    of_kind = defaultdict[str | None, list[UUID]](list)
    for row in await connection.fetch(SEALED, transaction_ids):
        stated[row["id"]] = {"transaction": [dict(row)]}
        of_kind[None].append(row["id"])
        of_kind[row["kind"]].append(row["id"])
    for table, (kind, statement) in FOUND_BY.items():
        if of_kind[kind]:
            for found in await connection.fetch(statement, of_kind[kind]):
                stated[found["of"]].setdefault(table, []).append(dict(found))
    return stated


async def _chain_holds(connection: Connection) -> Check:
    examined, broken, position, head = 0, list[str](), 0, b""
    while rows := await connection.fetch(CHAIN, position, CHUNK):
        for row in rows:
            position = row["position"]
            if link(head, position, row) != row["link"]:
                broken.append(f"position {position}")
            head = row["link"]  # a broken link is named once, not for ever after
        examined += len(rows)
    if await connection.fetchval("SELECT head FROM relay_state WHERE id = 1") != head:
        broken.append("the relay's head")
    return _check("E2", "chain_holds", examined, broken)


def _check(law: str, name: str, examined: int, broken: Sequence[str]) -> Check:
    examples = tuple(broken[:EXAMPLES_MAX])
    return Check(law=law, name=name, examined=examined, violations=len(broken), examples=examples)
