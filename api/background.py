"""Which steps the worker takes: stamp, fold, heal, mature, walk, close, fulfil, tell webhooks; offered by its rooms."""

import asyncio
import signal
from datetime import timedelta
from functools import partial

import httpx2

from api.realtime import ended, hear_commits
from api.webhooks.fanning import fan_out
from api.webhooks.replaying import forget_old
from api.wiring import Wired
from api.worker import Loop, Worker
from catalog.codes.recalling import expire_codes, tell_expiring
from catalog.redemptions.fulfilling import Fulfiller
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.problems import hand_over_recalled
from catalog.redemptions.quoting import prune_quotes
from catalog.redemptions.releasing import release_waiting
from catalog.sends.delivering import deliver_due, expire_due
from catalog.sends.entitling import check_tiers, end_due
from catalog.sends.following import follow_lines
from catalog.sends.granting import follow_grants
from catalog.sends.settling import settle_due
from catalog.suppliers.registry import adapter_for
from domain.access.limiting import prune_buckets
from domain.access.principals import SYSTEM
from domain.access.spending import prune_spent
from domain.assignments.attaining import attain_due
from domain.assignments.planning import move_due
from domain.claims.expiring import reject_overdue
from domain.deals.expiring import expire_due as expire_deals
from domain.earning.receiving import forget_messages
from domain.earning.rewalking import rewalk_due
from domain.files.removing import remove_unattached
from domain.kernel import outbox
from domain.leads.sharing import hand_on_due
from domain.ledger.booking import close_due
from domain.ledger.maturing import mature_due
from domain.training.expiring import look_at_due
from domain.training.following import follow_memberships
from leaderboards.projecting import fold
from leaderboards.rebuilding import Healed, heal
from leaderboards.store import IndexUnavailable

POLL = timedelta(milliseconds=200).total_seconds()
SLOW_POLL = timedelta(seconds=5).total_seconds()


async def run_worker(parts: Wired) -> None:
    """Runs until SIGTERM or SIGINT; then every loop ends after its current step."""
    async with httpx2.AsyncClient() as http:
        sandbox = not parts.settings.is_production
        adapters = partial(adapter_for, keyring=parts.keyring, http=http, sandbox=sandbox)
        fulfiller = Fulfiller(parts.door, parts.keyring, adapters)
        worker = Worker([*loops(parts), *shop_loops(parts, fulfiller)])
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, worker.stop)
        hearing = asyncio.create_task(hear_commits(parts.redis, worker.nudge), name="hear-commits")
        try:
            await worker.run()
            await fulfiller.settle()
        finally:
            await ended(hearing)


def loops(parts: Wired) -> list[Loop]:
    """The worker's loops: quick ones for events and boards, slow ones for what time brings."""
    sweep: list[Healed] = []

    async def stamp() -> int:
        return await outbox.stamp(parts.database, parts.failpoints)

    async def project() -> int:
        return await fold(parts.door, parts.store)

    async def healed() -> int:
        try:
            found = await heal(parts.database, parts.failpoints, parts.store, sweep[-1].after if sweep else None)
        except IndexUnavailable:
            return 0
        sweep[:] = [found]
        return found.caught_up + found.rebuilt

    async def mature() -> int:
        return await mature_due(parts.door, SYSTEM)

    async def rewalk() -> int:
        return await rewalk_due(parts.door, parts.knowledge)

    async def close() -> int:
        return await close_due(parts.door, SYSTEM)

    async def expire() -> int:
        return await expire_codes(parts.door) + await tell_expiring(parts.door)

    async def prune() -> int:
        spent = await prune_spent(parts.door) + await prune_buckets(parts.door)
        return spent + await prune_quotes(parts.door, SYSTEM) + await remove_unattached(parts.door)

    async def claims() -> int:
        return await reject_overdue(parts.door)

    async def deals() -> int:
        return await expire_deals(parts.door) + await hand_on_due(parts.door)

    async def training() -> int:
        return await follow_memberships(parts.door) + await look_at_due(parts.door)

    async def assignments() -> int:
        return await move_due(parts.door) + await attain_due(parts.door, parts.knowledge)

    async def fan() -> int:
        return await fan_out(parts.door, parts.matrix)

    async def forget() -> int:
        return await forget_old(parts.door) + await forget_messages(parts.door, SYSTEM)

    return [
        Loop(name="stamp", step=stamp, pause_min=0.01, pause_max=POLL),
        Loop(name="fold", step=project, pause_min=0.01, pause_max=POLL),
        Loop(name="heal", step=healed, pause_min=0.5, pause_max=2.0),
        Loop(name="mature", step=mature, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="rewalk", step=rewalk, pause_min=0.1, pause_max=1.0),
        Loop(name="close", step=close, pause_min=1.0, pause_max=60.0),
        Loop(name="expire-codes", step=expire, pause_min=5.0, pause_max=300.0),
        Loop(name="prune", step=prune, pause_min=5.0, pause_max=300.0),
        Loop(name="claims", step=claims, pause_min=1.0, pause_max=60.0),
        Loop(name="deals-and-leads", step=deals, pause_min=1.0, pause_max=60.0),
        Loop(name="training", step=training, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="assignments", step=assignments, pause_min=1.0, pause_max=60.0),
        Loop(name="webhooks-fan-out", step=fan, pause_min=0.01, pause_max=POLL),
        Loop(name="webhooks-send", step=parts.sender.step, pause_min=0.01, pause_max=POLL),
        Loop(name="webhooks-forget", step=forget, pause_min=5.0, pause_max=300.0),
    ]


def _gift_loops(parts: Wired) -> list[Loop]:
    """The loops of what is given: grants and sends go out, bundles and benefits follow their lines and the time."""
    sandbox = not parts.settings.is_production

    async def grant() -> int:
        return await follow_grants(parts.door) + await follow_lines(parts.door)

    async def settle() -> int:
        return await settle_due(parts.door, sandbox=sandbox)

    async def send() -> int:
        return await deliver_due(parts.door) + await expire_due(parts.door)

    async def benefits() -> int:
        return await end_due(parts.door) + await check_tiers(parts.door)

    return [
        Loop(name="grant", step=grant, pause_min=0.05, pause_max=1.0),
        Loop(name="settle", step=settle, pause_min=0.05, pause_max=1.0),
        Loop(name="send", step=send, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="benefits", step=benefits, pause_min=1.0, pause_max=60.0),
    ]


def shop_loops(parts: Wired, fulfiller: Fulfiller) -> list[Loop]:
    """The shop's loops: what was ordered is delivered, what waited is ordered, recalled codes are replaced."""

    async def issue() -> int:
        return await issue_due(parts.door, parts.keyring)

    async def release() -> int:
        return await release_waiting(parts.door)

    async def recall() -> int:
        return await hand_over_recalled(parts.door)

    return [
        Loop(name="issue", step=issue, pause_min=0.01, pause_max=POLL),
        Loop(name="fulfil", step=fulfiller.step, pause_min=0.01, pause_max=POLL),
        Loop(name="release", step=release, pause_min=0.2, pause_max=SLOW_POLL),
        *_gift_loops(parts),
        Loop(name="recall", step=recall, pause_min=0.5, pause_max=SLOW_POLL),
    ]
