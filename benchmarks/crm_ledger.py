"""A scripted exercise of the ledger beside the export: own people and programs, every move with expected figures."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from benchmarks.crm_boards import boards_follow
from benchmarks.crm_figures import Differs, must_equal
from benchmarks.crm_stage import Figures, Stage, folded, fresh_key, launched, now
from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal, Outcome
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.earning.adjusting import Adjustment, adjust_points
from domain.earning.recording import correct_activities, record_activities
from domain.kernel.clock import advance_clock_in
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.ledger.holding import Reference, capture_in, hold_in, release_in
from domain.ledger.maturing import mature_due
from domain.ledger.paying import Claim, pay_each_in, prepare_each_in, return_each_in
from domain.ledger.refusals import WalletInDebt
from domain.ledger.reversing import write_off_in
from domain.ledger.wallets import Owner, OwnerKind
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow

Answer = TypeVar("Answer")

PEOPLE = ("ada", "bob", "cleo", "dan", "eve")
FIRM = "exercise-firm"
BUDGET, SCARCE_BUDGET = 100_000, 250
EACH_UNIT: Mapping[str, Any] = {"effect": {"kind": "PER_UNIT", "amount": 1}, "basis": "UNITS"}
HUNDRED: Mapping[str, Any] = {"effect": {"kind": "FIXED", "amount": 100}}
SHARES = ({"to": "MEMBER", "share_ppm": 333_333}, {"to": "PARTNER", "share_ppm": "REST"})
RULES: Sequence[Mapping[str, Any]] = (
    {"code": "sold", "trigger": "exercise.sold", "expires_after": {"days": 30}, **EACH_UNIT},
    {"code": "waiting", "trigger": "exercise.waiting", "hold_days": 14, **EACH_UNIT},
    {"code": "shared", "trigger": "exercise.shared", "beneficiaries": list(SHARES), **HUNDRED},
)
SCARCE_RULES: Sequence[Mapping[str, Any]] = ({"code": "scarce", "trigger": "exercise.scarce", **HUNDRED},)
TYPES = ("sold", "waiting", "shared", "scarce")
NOTHING: Mapping[str, int] = {"pending": 0, "available": 0, "held": 0, "payable": 0, "receivable": 0}

BALANCES = "SELECT pending, available, held, payable, receivable FROM wallet WHERE owner_id = $1 AND unit = 'POINTS'"
WALLET = "SELECT id FROM wallet WHERE owner_id = $1 AND unit = 'POINTS'"
BUDGET_LEFT = "SELECT balance FROM budget WHERE program_id = $1"
OPEN_DEBT = "SELECT debt.id FROM debt JOIN wallet ON wallet.id = wallet_id WHERE owner_id = $1 AND outstanding > 0"
BY_KIND = "SELECT kind, sum(amount)::bigint AS total FROM entry WHERE program_id = $1 GROUP BY 1"
GRANTED = """
SELECT due.granted, due.explanation FROM due JOIN activity ON activity.id = due.activity_id
WHERE due.program_id = $1 ORDER BY activity.occurred_at
"""


@dataclass(kw_only=True)
class Exercise:
    """The people and programs of the exercise, and what has been shown so far."""

    stage: Stage
    source_id: UUID
    program_id: UUID
    scarce_id: UUID
    owners: Mapping[str, UUID]
    shown: list[str] = field(default_factory=list[str])

    async def does(
        self, name: str, type: str, quantity: int = 1, *, days_ago: float = 0, id: str | None = None
    ) -> None:
        """One activity of a member, recorded and awarded."""
        item = ActivityInput(
            external_id=id or str(new_id()),
            type=f"exercise.{type}",
            occurred_at=await now(self.stage) - timedelta(days=days_ago),
            member=self.owners[name],
            quantity=quantity,
        )
        batch = await record_activities(self.stage.door, self.stage.knowledge, SYSTEM, self.source_id, [item])
        must_equal(f"{name}: {type}", batch.results[0].outcome, Outcome.RECORDED)

    async def operate(self, work: Callable[[Operation], Awaitable[Answer]]) -> Answer:
        return await self.stage.door.operate(SYSTEM, work)

    async def hold(self, name: str, amount: int) -> UUID:
        owner = Owner(kind=OwnerKind.MEMBER, id=self.owners[name], unit="POINTS")
        return await self.operate(lambda op: hold_in(op, owner, amount, Reference(kind="exercise", id=new_id())))

    async def prepare(self, name: str, amount: int) -> UUID:
        wallet_id = await self.stage.database.fetchval(WALLET, self.owners[name])
        claim = Claim(wallet_id=wallet_id, amount=amount, reference=Reference(kind="exercise", id=new_id()))
        (prepared,) = await self.operate(lambda op: prepare_each_in(op, [claim]))
        assert prepared is not None, "so much is available"
        return prepared.payment_id

    async def adjust(self, name: str, amount: int, reason: str) -> None:
        wanted = Adjustment(member_id=self.owners[name], program_id=self.program_id, amount=amount, reason=reason)
        await adjust_points(self.stage.door, SYSTEM, fresh_key(), wanted)

    async def shows(self, what: str, name: str, *, budget: int, **balances: int) -> None:
        """Refuses: Differs unless this owner's wallet and the program's budget stand at exactly this."""
        row = await self.stage.database.fetchrow(BALANCES, self.owners[name])
        must_equal(f"{what}: wallet of {name}", dict(row) if row else NOTHING, {**NOTHING, **balances})
        left = await self.stage.database.fetchval(BUDGET_LEFT, self.program_id)
        must_equal(f"{what}: budget", left, budget)
        said = ", ".join(f"{kind} {amount:,}" for kind, amount in balances.items()) or "nothing"
        self.shown.append(f"{what}: {name} has {said}; budget {budget:,}")


async def the_ledger_moves_as_designed(stage: Stage) -> Figures:
    """Every move of the ledger once, in wallets that no board of the export counts; then time passes."""
    exercise = await _exercise(stage)
    await _spent_and_expired(exercise)
    await _taken_back_into_debt(exercise)
    await _adjusted_and_shared(exercise)
    await _trimmed(exercise)
    await _time_passes(exercise)
    await folded(stage)
    await boards_follow(stage, stage.known.deals)
    return exercise.shown


async def _exercise(stage: Stage) -> Exercise:
    types = [
        TypeDefinition(code=f"exercise.{code}", name={"en": code}, declaration={"attributes": [], "amounts": []})
        for code in TYPES
    ]
    await define_types(stage.door, SYSTEM, types)
    source = await ensure_source(
        stage.door, SYSTEM, SourceDefinition(code="exercise", name="Ledger exercise", backfill=True)
    )
    reps = [MemberRow(external_id=name, name=name.title(), partner_external_id=FIRM) for name in PEOPLE]

    async def registered(op: Operation) -> dict[str, UUID]:
        told = [
            *await register_partners_in(op, source.source_id, [PartnerRow(external_id=FIRM, name="The firm")]),
            *await register_members_in(op, source.source_id, reps),
        ]
        return {name: one.id for name, one in zip((FIRM, *PEOPLE), told, strict=True) if one.id is not None}

    owners = await stage.door.operate(SYSTEM, registered)
    must_equal("people of the exercise", list(owners), [FIRM, *PEOPLE])
    return Exercise(
        stage=stage,
        source_id=source.source_id,
        program_id=await launched(stage.door, "exercise", "POINTS", RULES, budget=BUDGET),
        scarce_id=await launched(stage.door, "exercise-scarce", "POINTS", SCARCE_RULES, budget=SCARCE_BUDGET),
        owners=owners,
    )


async def _spent_and_expired(exercise: Exercise) -> None:
    await exercise.does("ada", "sold", 100)
    await exercise.shows("sold 100", "ada", available=100, budget=99_900)
    hold_id = await exercise.hold("ada", 60)
    await exercise.shows("held 60", "ada", available=40, held=60, budget=99_900)
    await exercise.operate(lambda op: capture_in(op, hold_id))
    await exercise.shows("captured", "ada", available=40, budget=99_900)
    again = await exercise.hold("ada", 30)
    await exercise.shows("held 30", "ada", available=10, held=30, budget=99_900)
    await exercise.operate(lambda op: release_in(op, again))
    await exercise.shows("released", "ada", available=40, budget=99_900)
    payment_id = await exercise.prepare("ada", 15)
    await exercise.shows("15 prepared for payment", "ada", available=25, payable=15, budget=99_900)
    await exercise.operate(lambda op: pay_each_in(op, [payment_id]))
    await exercise.shows("paid", "ada", available=25, budget=99_900)
    await exercise.operate(lambda op: return_each_in(op, [payment_id]))
    await exercise.shows("the payment came back", "ada", available=40, budget=99_900)
    await exercise.does("ada", "sold", 25, days_ago=60)
    await exercise.shows("sold 25 sixty days ago, to expire thirty after recording", "ada", available=65, budget=99_875)
    await exercise.does("ada", "waiting", 50)
    await exercise.shows("sold 50 that wait fourteen days", "ada", pending=50, available=65, budget=99_825)


async def _taken_back_into_debt(exercise: Exercise) -> None:
    stage = exercise.stage
    await exercise.does("bob", "sold", 100, id="bob-1")
    hold_id = await exercise.hold("bob", 80)
    await exercise.operate(lambda op: capture_in(op, hold_id))
    await exercise.shows("sold 100, spent 80", "bob", available=20, budget=99_725)
    taken = [ActivityReversal(external_id="bob-1", reason="refunded")]
    await correct_activities(stage.door, stage.knowledge, SYSTEM, exercise.source_id, taken)
    await exercise.shows("the 100 clawed back", "bob", receivable=80, budget=99_745)
    try:
        await exercise.hold("bob", 1)
    except WalletInDebt as refused:
        must_equal("outstanding, as refused", refused.outstanding, 80)
    else:
        raise Differs("a wallet in debt redeems")
    await exercise.does("bob", "sold", 50)
    await exercise.shows("sold 50, which settle", "bob", receivable=30, budget=99_745)
    debt_id = await stage.database.fetchval(OPEN_DEBT, exercise.owners["bob"])
    await exercise.operate(lambda op: write_off_in(op, debt_id, "goodwill"))
    await exercise.shows("the rest written off", "bob", budget=99_745)


async def _adjusted_and_shared(exercise: Exercise) -> None:
    await exercise.adjust("cleo", 70, "Helped at the fair")
    await exercise.shows("adjusted by 70", "cleo", available=70, budget=99_675)
    await exercise.adjust("cleo", -20, "Counted twice")
    await exercise.shows("adjusted by -20", "cleo", available=50, budget=99_695)
    await exercise.does("dan", "shared")
    await exercise.shows("100 shared, a third for the member", "dan", available=33, budget=99_595)
    await exercise.shows("and the rest for the partner", FIRM, available=67, budget=99_595)


async def _trimmed(exercise: Exercise) -> None:
    for hours in (4, 3, 2, 1):
        await exercise.does("eve", "scarce", days_ago=hours / 24)
    rows = await exercise.stage.database.fetch(GRANTED, exercise.scarce_id)
    must_equal("grants of a budget of 250", [row["granted"] for row in rows], [100, 100, 50, 0])
    trimmed = ["BUDGET_TRIM" in {reason["code"] for reason in row["explanation"]} for row in rows]
    must_equal("grants that say they were trimmed", trimmed, [False, False, True, True])
    must_equal("budget left", await exercise.stage.database.fetchval(BUDGET_LEFT, exercise.scarce_id), 0)
    await exercise.shows("four times 100 of a budget of 250", "eve", available=250, budget=99_595)


async def _time_passes(exercise: Exercise) -> None:
    """Thirty-two days: what waited is available, what was left of the first sale has expired."""
    stage = exercise.stage
    async with stage.database.transaction() as connection:
        moved: datetime = await advance_clock_in(connection, timedelta(days=32))
    due = 0
    while done := await mature_due(stage.door, SYSTEM):
        due += done
    must_equal("wallets that were due", due, 1)
    await exercise.shows("thirty-two days later", "ada", available=50, budget=99_595)
    found = {row["kind"]: row["total"] for row in await stage.database.fetch(BY_KIND, exercise.program_id)}
    totals = {kind: total for kind, total in found.items() if total}
    expected = {"issued": -BUDGET, "budget": 99_595, "redeemed": 140, "expired": 65, "available": 200}
    must_equal("entries of the program by kind", totals, expected)
    said = ", ".join(f"{kind} {total:,}" for kind, total in sorted(totals.items()))
    exercise.shown.append(f"entries by kind on {moved:%Y-%m-%d}: {said}; sum {sum(totals.values())}")
