"""Any history of the ledger ends as the small model says: balances, lots, debts, budgets, and every refusal (L1–L8)."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.access.principals import SYSTEM
from domain.kernel.ids import new_id
from domain.kernel.refusals import Refusal
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from domain.ledger.maturing import mature_due
from domain.ledger.posting import Raise, fund_budget_in
from domain.ledger.reading import debts_of_wallets, lots_of_wallets, wallets_by_id
from domain.ledger.reversing import Lower, write_off_in
from domain.ledger.wallets import Owner
from tests.laws.ledger_model import NEVER, PARTS, Lot, Model
from tests.storage.ledger_book import Book, Program

AMOUNTS = st.integers(1, 120)
DAYS = st.sampled_from([0, 0, 0, 1, 3])
PERCENTS = st.sampled_from([10, 40, 100, 100, 130])
PLACES = st.integers(0, 10**6)


class LedgerMachine(RuleBasedStateMachine):
    """Drives the real ledger and the model side by side; a place picks among what exists."""

    book: Book
    runner: asyncio.Runner

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def both(self, real: Coroutine[Any, Any, Any]) -> tuple[Any, str | None]:
        try:
            return self.run(real), None
        except Refusal as no:
            return None, no.code()

    @initialize(grace=st.sampled_from([0, 2]))
    def open(self, grace: int) -> None:
        self.model = Model()
        self.wallets = dict[str, UUID]()
        self.awards = list[tuple[UUID, str]]()
        self.raises = list[Raise]()
        self.debts = list[UUID]()
        self.holds = list[UUID]()
        self.payments = list[UUID]()
        self.causes = list[tuple[Lower, str]]()
        self.owners: list[Owner] = [self.book.owner() for _ in range(2)]
        self.programs: list[Program] = [self.run(self.book.program(400, expired_hold_days=days)) for days in (grace, 3)]
        self.base: datetime = self.run(self.book.now())
        for program, days in zip(self.programs, (grace, 3), strict=True):
            self.model.budgets[str(program.id)], self.model.grace[str(program.id)] = 400, days
        for owner in self.owners:
            self.wallets[str(owner.id)] = self.run(self.book.wallet(owner)).id
        for place, life in enumerate((1, 3, None, 5)):
            self.grant(place, 40 + place, 0, life, None)

    def at(self, day: int) -> datetime:
        return self.base + timedelta(days=day)

    def worker(self) -> None:
        """What stands in the budgets depends on whether the worker has run; before they matter, it has."""
        while self.run(mature_due(self.book.door, SYSTEM)):
            pass

    @rule(place=PLACES, amount=st.integers(-300, 300).filter(bool))
    def fund(self, place: int, amount: int) -> None:
        program = self.programs[place % 2]
        self.worker()
        work = self.book.do(
            lambda op: fund_budget_in(op, program_id=program.id, unit="POINTS", amount=amount, reason="more")
        )
        _, refused = self.both(work)
        assert refused == self.model.attempt(lambda: self.model.fund(str(program.id), amount))

    @rule(place=PLACES, amount=AMOUNTS, hold=DAYS, life=st.none() | st.integers(1, 5), lowered=st.none() | PLACES)
    def award(self, place: int, amount: int, hold: int, life: int | None, lowered: int | None) -> None:
        self.grant(place, amount, hold, life, lowered)

    def grant(self, place: int, amount: int, hold: int, life: int | None, lowered: int | None) -> None:
        program, owner = self.programs[place % 2], self.owners[place // 2 % 2]
        matures, expires = self.model.day + hold, None if life is None else self.model.day + hold + life
        one = self.book.raise_(
            program,
            owner,
            amount,
            self.at(self.model.day),
            hold=timedelta(days=hold),
            expires_at=None if expires is None else self.at(expires),
        )
        lower, told = None, None
        if lowered is not None and self.awards:
            award_id, lot = self.awards[lowered % len(self.awards)]
            lower = Lower(award_id=award_id, amount=self.part_of(lot, 40 + lowered % 61), cause_id=new_id())
            told = (lot, lower.amount, str(lower.cause_id))
        self.worker()
        posted, refused = self.both(self.book.post([one], [lower] if lower else []))
        lot_id = str(self.run(self.lot_of(posted.award_ids[0])) if posted else "none")
        grant = Lot(
            id=lot_id,
            wallet=str(owner.id),
            program=str(program.id),
            amount=amount,
            matures=matures,
            expires=NEVER if expires is None else (expires, 0),
        )
        assert refused == self.model.attempt(lambda: self.model.post(grant, told))
        if posted:
            self.awards.append((posted.award_ids[0], lot_id))
            self.raises.append(one)
            self.know_debts()

    async def lot_of(self, award_id: UUID) -> UUID:
        return await self.book.database.fetchval("SELECT id FROM lot WHERE award_id = $1", award_id)

    def know_debts(self) -> None:
        rows = self.run(
            self.book.database.fetch(
                "SELECT id FROM debt WHERE wallet_id = ANY($1::uuid[]) ORDER BY recorded_at",
                list(self.wallets.values()),
            )
        )
        self.debts = [row["id"] for row in rows]

    def part_of(self, lot: str, percent: int) -> int:
        """A share of what an award still stands at; something even where that is nothing."""
        standing = self.model.lots[lot].amount - sum(amount for taken, amount in self.model.taken if taken == lot)
        return max(1, standing * percent // 100)

    @rule(place=PLACES, percent=PERCENTS, again=st.sampled_from([False, False, True]))
    def take_back(self, place: int, percent: int, again: bool) -> None:
        award_id, lot = self.awards[place % len(self.awards)]
        lower = Lower(award_id=award_id, amount=self.part_of(lot, percent), cause_id=new_id())
        if again and self.causes:
            lower, lot = self.causes[place % len(self.causes)]
        self.causes.append((lower, lot))
        _, refused = self.both(self.book.post([], [lower]))
        told = (lot, lower.amount, str(lower.cause_id))
        assert refused == self.model.attempt(lambda: self.model.post(None, told))
        self.know_debts()

    @rule(place=PLACES)
    def award_the_same_due_again(self, place: int) -> None:
        one = self.raises[place % len(self.raises)]
        self.run(self.fund_amply(one))
        _, refused = self.both(self.book.post([one]))
        assert refused == "AWARD_EXISTS"

    async def fund_amply(self, one: Raise) -> None:
        await self.book.do(
            lambda op: fund_budget_in(op, program_id=one.program_id, unit="POINTS", amount=500, reason="ample")
        )
        self.model.budgets[str(one.program_id)] += 500

    @rule(place=PLACES, percent=PERCENTS)
    def hold(self, place: int, percent: int) -> None:
        owner = self.owners[place % 2]
        amount = max(1, self.model.balance(str(owner.id), "available") * percent // 100)
        hold_id, refused = self.both(self.book.hold(owner, amount))
        key = str(hold_id)
        assert refused == self.model.attempt(lambda: self.model.hold(key, str(owner.id), amount))
        if hold_id:
            self.holds.append(hold_id)

    @precondition(lambda self: self.holds)
    @rule(place=PLACES, capture=st.booleans())
    def end_hold(self, place: int, capture: bool) -> None:
        hold_id = self.holds[place % len(self.holds)]
        _, refused = self.both(self.book.capture(hold_id) if capture else self.book.release(hold_id))
        target = "redeemed" if capture else "available"
        assert refused == self.model.attempt(lambda: self.model.end(str(hold_id), target))

    @precondition(lambda self: self.holds)
    @rule(place=PLACES)
    def refund(self, place: int) -> None:
        hold_id = self.holds[place % len(self.holds)]
        _, refused = self.both(self.book.refund(hold_id))
        assert refused == self.model.attempt(lambda: self.model.refund(str(hold_id)))

    @rule(place=PLACES, percent=PERCENTS)
    def prepare(self, place: int, percent: int) -> None:
        owner = self.owners[place % 2]
        amount = max(1, self.model.balance(str(owner.id), "available") * percent // 100)
        payment_id, refused = self.both(self.book.prepare(owner, amount))
        key = str(payment_id)
        assert refused == self.model.attempt(lambda: self.model.prepare(key, str(owner.id), amount))
        if payment_id:
            self.payments.append(payment_id)

    @precondition(lambda self: self.payments)
    @rule(place=PLACES, pay=st.booleans())
    def end_payment(self, place: int, pay: bool) -> None:
        payment_id = self.payments[place % len(self.payments)]
        _, refused = self.both(self.book.pay(payment_id) if pay else self.book.withdraw(payment_id))
        target = "paid" if pay else "available"
        assert refused == self.model.attempt(lambda: self.model.end_payment(str(payment_id), target))

    @precondition(lambda self: self.payments)
    @rule(place=PLACES)
    def bring_back(self, place: int) -> None:
        payment_id = self.payments[place % len(self.payments)]
        _, refused = self.both(self.book.bring_back(payment_id))
        assert refused == self.model.attempt(lambda: self.model.bring_back(str(payment_id)))

    @rule(place=PLACES)
    def pay_all_take_it_back_and_have_it_returned(self, place: int) -> None:
        before = len(self.payments)
        self.prepare(place, 100)
        if len(self.payments) > before:
            self.end_payment(before, True)
            for award in range(len(self.awards)):
                self.take_back(award, 100, False)
            self.bring_back(before)

    @rule(place=PLACES, first=st.integers(1, 60), second=st.integers(1, 60))
    def hold_twice_at_once(self, place: int, first: int, second: int) -> None:
        owner = self.owners[place % 2]
        hold_ids, refused = self.both(self.book.hold_each(owner, first, second))
        keys = (str(hold_ids[0]), str(hold_ids[1])) if hold_ids else ("first", "second")
        assert refused == self.model.attempt(lambda: self.model.hold_both(keys, str(owner.id), (first, second)))
        self.holds += hold_ids or []

    @rule(place=PLACES)
    def spend_all_take_it_back_and_refund_it(self, place: int) -> None:
        before = len(self.holds)
        self.hold(place, 100)
        if len(self.holds) > before:
            self.end_hold(before, True)
            for award in range(len(self.awards)):
                self.take_back(award, 100, False)
            self.refund(before)

    @rule(place=PLACES)
    def take_back_what_is_held_and_release_it(self, place: int) -> None:
        before = len(self.holds)
        self.hold(place, 100)
        for award in range(len(self.awards)):
            self.take_back(award, 100, False)
        if len(self.holds) > before:
            self.end_hold(before, False)

    @precondition(lambda self: self.debts)
    @rule(place=PLACES)
    def write_off(self, place: int) -> None:
        here = place % len(self.debts)
        _, refused = self.both(self.book.do(lambda op: write_off_in(op, self.debts[here], "goodwill")))
        assert refused == self.model.attempt(lambda: self.model.write_off(here))

    @rule(days=st.integers(1, 3))
    def advance(self, days: int) -> None:
        self.run(self.book.advance(days=days))
        self.model.turn_days(days)

    @invariant()
    def wallets_and_lots_are_as_the_model_says(self) -> None:
        if not hasattr(self, "wallets"):
            return
        pairs = [(SYSTEM, wallet_id) for wallet_id in self.wallets.values()]
        wallets = self.run(wallets_by_id(self.book.database, pairs))
        lots = self.run(lots_of_wallets(self.book.database, pairs, limit=100, live=False))
        debts = self.run(debts_of_wallets(self.book.database, pairs, limit=100, open_only=False))
        for owner_id, wallet_id in self.wallets.items():
            seen = wallets[SYSTEM, wallet_id]
            expected = [self.model.balance(owner_id, part) for part in ("pending", "available", "held", "payable")]
            assert [seen.pending, seen.available, seen.held, seen.payable] == expected
            assert seen.receivable == self.model.owed(owner_id)
            found = {str(lot.id): {part: lot.part(part) for part in PARTS} for lot in lots[SYSTEM, wallet_id]}
            assert found == {lot.id: lot.parts for lot in self.model.of(owner_id)}
            owed = [debt.outstanding for debt in debts[SYSTEM, wallet_id]]
            assert owed == [debt["left"] for debt in self.model.debts if debt["wallet"] == owner_id]

    def teardown(self) -> None:
        if not hasattr(self, "wallets"):
            return
        self.worker()
        for program in self.programs:
            assert self.run(self.book.balance(program)) == self.model.budgets[str(program.id)]


def test_any_history_ends_as_the_model_says(database: str) -> None:
    with asyncio.Runner() as runner:
        opened = runner.run(Database.open(database))

        class Machine(LedgerMachine):
            """The machine over this test's database."""

            def __init__(self) -> None:
                super().__init__()
                self.book, self.runner = Book(database=opened), runner

        bounds = settings(
            max_examples=16,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=(Phase.generate,),  # shrinking on a real database takes minutes: a failure shows its steps as found
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(Machine, settings=bounds)
            laws = ["L1", "L2", "L3", "L5", "L6", "L7", "L8"]
            report = runner.run(audit(opened, laws))
            assert report.is_clean(strict=True), [check for check in report.checks if check.violations]
        finally:
            runner.run(opened.close())
