"""The ledger once more, small and slow, from the words of the design alone: it shares no code with the real one."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

NEVER = (10**9, 0)
PARTS = ("pending", "available", "held", "payable", "redeemed", "paid", "expired", "reversed", "settled")


class Refused(Exception):
    """The model's no, by the code of the refusal."""


@dataclass
class Lot:
    """One award's points; `matures` is a day, `expires` a (day, tick)."""

    id: str
    wallet: str
    program: str
    amount: int
    matures: int
    expires: tuple[int, int]
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))

    def move(self, amount: int, source: str, target: str) -> int:
        amount = min(amount, self.parts[source])
        self.parts[source] -= amount
        self.parts[target] += amount
        return amount


@dataclass
class Model:
    """Programs with budgets, lots by id, debts in order, holds; time is a day and a tick within it."""

    day: int = 0
    tick: int = 0
    budgets: dict[str, int] = field(default_factory=dict)
    grace: dict[str, int] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    causes: set[tuple[str, str]] = field(default_factory=set)
    debts: list[dict[str, Any]] = field(default_factory=list)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def attempt(self, work: Callable[[], None]) -> str | None:
        """Runs `work`, wholly or not at all; answers the code of its refusal."""
        before = copy.deepcopy(self.__dict__)
        self.tick += 1
        try:
            work()
        except Refused as no:
            self.__dict__.update(before)
            return str(no)
        return None

    def of(self, wallet: str) -> list[Lot]:
        return sorted((x for x in self.lots.values() if x.wallet == wallet), key=lambda x: (x.expires, x.id))

    def balance(self, wallet: str, part: str) -> int:
        return sum(lot.parts[part] for lot in self.of(wallet))

    def owed(self, wallet: str) -> int:
        return sum(debt["left"] for debt in self.debts if debt["wallet"] == wallet)

    def turn_days(self, days: int) -> None:
        for _ in range(days):
            self.day += 1
            self.work_off((self.day, 0))
        self.work_off((self.day, 10**9))

    def work_off(self, now: tuple[int, int]) -> None:
        for lot in self.lots.values():
            if lot.matures <= now[0]:
                lot.move(lot.amount, "pending", "available")
        for lot in self.lots.values():
            if lot.expires <= now:
                lot.move(lot.amount, "available", "expired")
        for wallet in {lot.wallet for lot in self.lots.values()}:
            self.settle(wallet)

    def settle(self, wallet: str) -> None:
        for debt in self.debts:
            if debt["wallet"] == wallet:
                for lot in self.of(wallet):
                    paid = lot.move(debt["left"], "available", "settled")
                    debt["left"] -= paid
                    self.budgets[debt["program"]] += paid

    def fund(self, program: str, amount: int) -> None:
        self.budgets[program] += amount
        if self.budgets[program] < 0:
            raise Refused("BUDGET_EXCEEDED")

    def post(self, grant: Lot | None, lower: tuple[str, int, str] | None) -> None:
        """An award, or a part of one taken back, or both in one transaction (which nets them)."""
        if grant:
            grant.parts["pending"] = grant.amount
            self.lots[grant.id] = grant
            self.budgets[grant.program] -= grant.amount
        if lower:
            self.take_back(*lower, fresh=grant)
        if any(balance < 0 for balance in self.budgets.values()):
            raise Refused("BUDGET_EXCEEDED")
        self.work_off((self.day, self.tick))

    def take_back(self, lot_id: str, amount: int, cause: str, fresh: Lot | None) -> None:
        own = self.lots[lot_id]
        if (lot_id, cause) in self.causes:
            raise Refused("ALREADY_REVERSED")
        taken_before = sum(int(done) for lot, done in self.taken if lot == lot_id)
        if taken_before + amount > own.amount:
            raise Refused("REVERSAL_EXCEEDS_AWARD")
        self.causes.add((lot_id, cause))
        self.taken.append((lot_id, amount))
        rest = amount
        for part in ("pending", "available", "expired"):
            rest -= own.move(rest, part, "reversed")
        if fresh and fresh.program == own.program and fresh.wallet == own.wallet:
            rest -= fresh.move(rest, "pending", "settled")
        for lot in self.of(own.wallet):
            rest -= lot.move(rest, "available", "settled")
        self.budgets[own.program] += amount - rest
        if rest:
            self.debts.append({"wallet": own.wallet, "program": own.program, "left": rest})

    taken: list[tuple[str, int]] = field(default_factory=list)

    def hold(self, key: str, wallet: str, amount: int) -> None:
        if self.owed(wallet):
            raise Refused("WALLET_IN_DEBT")
        if self.balance(wallet, "available") < amount:
            raise Refused("INSUFFICIENT_POINTS")
        parts = dict[str, int]()
        for lot in self.of(wallet):
            if moved := lot.move(amount - sum(parts.values()), "available", "held"):
                parts[lot.id] = moved
        self.holds[key] = {"wallet": wallet, "parts": parts, "stands": "held"}

    def hold_both(self, keys: tuple[str, str], wallet: str, amounts: tuple[int, int]) -> None:
        """Two holds at once: both or neither."""
        if self.balance(wallet, "available") < sum(amounts):
            raise Refused("WALLET_IN_DEBT" if self.owed(wallet) else "INSUFFICIENT_POINTS")
        for key, amount in zip(keys, amounts, strict=True):
            self.hold(key, wallet, amount)

    def end(self, key: str, target: str) -> None:
        if self.holds[key]["stands"] != "held":
            raise Refused("HOLD_ENDED")
        self._move_hold(key, "held", target)

    def refund(self, key: str) -> None:
        stands = self.holds[key]["stands"]
        if stands != "redeemed":
            raise Refused("HOLD_ENDED" if stands == "refunded" else "HOLD_NOT_CAPTURED")
        self._move_hold(key, "redeemed", "available")
        self.holds[key]["stands"] = "refunded"

    def _move_hold(self, key: str, source: str, target: str) -> None:
        hold = self.holds[key]
        hold["stands"] = target
        for lot_id, amount in hold["parts"].items():
            lot = self.lots[lot_id]
            lot.move(amount, source, target)
            if target == "available" and lot.expires <= (self.day, self.tick):
                lot.expires = (self.day + self.grace[lot.program], self.tick)
        self.work_off((self.day, self.tick))

    def prepare(self, key: str, wallet: str, amount: int) -> None:
        """So much is to be paid out; whoever owes has nothing available, so there is nothing else to refuse."""
        if self.balance(wallet, "available") < amount:
            raise Refused("INSUFFICIENT_POINTS")
        parts = dict[str, int]()
        for lot in self.of(wallet):
            if moved := lot.move(amount - sum(parts.values()), "available", "payable"):
                parts[lot.id] = moved
        self.payments[key] = {"parts": parts, "stands": "payable"}

    def end_payment(self, key: str, target: str) -> None:
        if self.payments[key]["stands"] != "payable":
            raise Refused("PAYMENT_ENDED")
        self._move_payment(key, "payable", target)

    def bring_back(self, key: str) -> None:
        stands = self.payments[key]["stands"]
        if stands != "paid":
            raise Refused("PAYMENT_ENDED" if stands == "returned" else "PAYMENT_NOT_PAID")
        self._move_payment(key, "paid", "available")
        self.payments[key]["stands"] = "returned"

    def _move_payment(self, key: str, source: str, target: str) -> None:
        payment = self.payments[key]
        payment["stands"] = target
        for lot_id, amount in payment["parts"].items():
            lot = self.lots[lot_id]
            lot.move(amount, source, target)
            if target == "available" and lot.expires <= (self.day, self.tick):
                lot.expires = (self.day + self.grace[lot.program], self.tick)
        self.work_off((self.day, self.tick))

    def write_off(self, place: int) -> None:
        if not self.debts[place]["left"]:
            raise Refused("DEBT_IS_PAID")
        self.debts[place]["left"] = 0
