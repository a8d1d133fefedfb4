"""The audit: every law is asked of one snapshot, each answer says how many rows it examined and which broke it."""

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
    """All checks of the named laws (all, if none are named) at one instant; `more` are other rooms' laws.

    Refuses: ValueError for a law that nobody asks about.
    """
    asked = {**_own_questions(), **(more or {})}
    if unknown := set(laws or ()) - asked.keys():
        raise ValueError(f"there is no law {', '.join(sorted(unknown))}")
    async with database.snapshot() as connection:
        return await audit_in(connection, [asked[law] for law in asked if laws is None or law in laws])


async def audit_in(connection: Connection, questions: Sequence[Sequence[Question]] | None = None) -> AuditReport:
    """The checks (all of this room's, if none are given) inside a transaction that the caller holds."""
    await connection.execute(TIMEOUT)
    chosen = _own_questions().values() if questions is None else questions
    return AuditReport(checks=tuple([await question(connection) for some in chosen for question in some]))


def _own_questions() -> dict[str, list[Question]]:
    questions = {law: [_asking(law, name, text) for name, text in some.items()] for law, some in QUESTIONS.items()}
    questions["L5"].append(_transactions_equal_their_digest)
    questions["E2"].append(_chain_holds)
    return questions


def _asking(law: str, name: str, text: str) -> Question:
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


# How the rows that a digest covers are found from their transactions.
FOUND_BY: Mapping[str, str] = {
    "entry": f"SELECT transaction_id AS of, {_columns('entry')} FROM entry WHERE transaction_id = ANY($1::uuid[])",
    "award": f"SELECT transaction_id AS of, {_columns('award')} FROM award WHERE transaction_id = ANY($1::uuid[])",
    "lot": f"""SELECT award.transaction_id AS of, {_columns("lot")} FROM lot JOIN award ON award.id = lot.award_id
               WHERE award.transaction_id = ANY($1::uuid[])""",
    "wallet": f"""SELECT DISTINCT award.transaction_id AS of, {_columns("wallet")}
                  FROM wallet JOIN award ON award.wallet_id = wallet.id WHERE award.transaction_id = ANY($1::uuid[])""",
    "reversal": f"""SELECT transaction_id AS of, {_columns("reversal")} FROM reversal
                    WHERE transaction_id = ANY($1::uuid[])""",
    "debt": f"""SELECT reversal.transaction_id AS of, {_columns("debt")}
                FROM debt JOIN reversal ON reversal.id = debt.reversal_id
                WHERE reversal.transaction_id = ANY($1::uuid[])""",
    "hold": f"""SELECT transaction.id AS of, {_columns("hold")}
                FROM hold JOIN transaction ON hold.id = transaction.cause_id
                WHERE transaction.id = ANY($1::uuid[]) AND transaction.kind = 'HOLD'""",
    "hold_lot": f"""SELECT transaction.id AS of, {_columns("hold_lot")}
                    FROM hold_lot JOIN transaction ON hold_lot.hold_id = transaction.cause_id
                    WHERE transaction.id = ANY($1::uuid[]) AND transaction.kind = 'HOLD'""",
}

# Joined as sets: an event is not found by its transaction otherwise than by reading all of them.
SEALED = f"""
WITH chunk AS MATERIALIZED (SELECT * FROM transaction WHERE id > $1 ORDER BY id LIMIT $2),
     told AS MATERIALIZED (SELECT DISTINCT ON (transaction_id) transaction_id, digest FROM outbox
                           WHERE transaction_id IN (SELECT id FROM chunk) ORDER BY transaction_id, id)
SELECT {_columns("transaction")}, told.digest AS sealed
FROM chunk AS transaction LEFT JOIN told ON told.transaction_id = transaction.id ORDER BY transaction.id
"""

CHAIN = f"SELECT position, link, {LINKED} FROM outbox WHERE position > $1 ORDER BY position LIMIT $2"


async def _transactions_equal_their_digest(connection: Connection) -> Check:
    examined, broken, last = 0, list[str](), UUID(int=0)
    while rows := await connection.fetch(SEALED, last, CHUNK):
        last = rows[-1]["id"]
        examined += len(rows)
        ids = [row["id"] for row in rows]
        stated: dict[UUID, dict[str, list[Row]]] = {row["id"]: {"transaction": [dict(row)]} for row in rows}
        for table, statement in FOUND_BY.items():
            for found in await connection.fetch(statement, ids):
                stated[found["of"]].setdefault(table, []).append(dict(found))
        broken += [str(row["id"]) for row in rows if row["sealed"] != digest(stated[row["id"]])]
    return _check("L5", "transactions_equal_their_digest", examined, broken)


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
