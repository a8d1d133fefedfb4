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
from domain.access.assigning import follow_assignments
from domain.access.limiting import prune_buckets
from domain.access.principals import SYSTEM
from domain.access.spending import prune_spent
from domain.assignments.attaining import attain_due
from domain.assignments.planning import move_due as move_assignments
from domain.claims.expiring import reject_overdue
from domain.deals.expiring import expire_due as expire_deals
from domain.earning.allocating import allocate_due
from domain.earning.qualifying import evaluate_due
from domain.earning.receiving import forget_messages
from domain.earning.rewalking import rewalk_due
from domain.files.removing import remove_unattached
from domain.funds.accruing import accrue_due
from domain.funds.ending import expire_requests, reject_overdue_claims, remind_due, return_unused, roll_pools
from domain.kernel import outbox
from domain.leads.sharing import hand_on_due
from domain.ledger.booking import close_due
from domain.ledger.maturing import mature_due
from domain.partners.parting import end_partnerships_due
from domain.partners.verifying import lapse_due
from domain.plans.checking import tell_overdue
from domain.plans.tracking import end_plans, track_due
from domain.programs.moving import move_due
from domain.rebates.advancing import advance_periods
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

    async def allocate() -> int:
        return await allocate_due(parts.door, parts.knowledge)

    async def close() -> int:
        return await close_due(parts.door, SYSTEM)

    async def expire() -> int:
        return await expire_codes(parts.door) + await tell_expiring(parts.door)

    async def prune() -> int:
        spent = await prune_spent(parts.door) + await prune_buckets(parts.door)
        return spent + await prune_quotes(parts.door, SYSTEM) + await remove_unattached(parts.door)

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
        Loop(name="allocate", step=allocate, pause_min=0.5, pause_max=SLOW_POLL),
        Loop(name="close", step=close, pause_min=1.0, pause_max=60.0),
        Loop(name="expire-codes", step=expire, pause_min=5.0, pause_max=300.0),
        Loop(name="prune", step=prune, pause_min=5.0, pause_max=300.0),
        Loop(name="webhooks-fan-out", step=fan, pause_min=0.01, pause_max=POLL),
        Loop(name="webhooks-send", step=parts.sender.step, pause_min=0.01, pause_max=POLL),
        Loop(name="webhooks-forget", step=forget, pause_min=5.0, pause_max=300.0),
        *_workflow_loops(parts),
    ]


def _workflow_loops(parts: Wired) -> list[Loop]:
    """The loops of programs, partners and workflows: what comes with time in each of them."""
    door = parts.door

    async def partners() -> int:
        return await follow_assignments(door) + await lapse_due(door) + await end_partnerships_due(door)

    async def track() -> int:
        looked = await track_due(door, parts.knowledge)
        return looked + await tell_overdue(door) + await end_plans(door)

    async def funds() -> int:
        # Reminders go before what they warn of.
        told = await accrue_due(door) + await remind_due(door) + await reject_overdue_claims(door)
        return told + await expire_requests(door) + await return_unused(door) + await roll_pools(door)

    async def training() -> int:
        return await follow_memberships(door) + await look_at_due(door)

    async def assignments() -> int:
        return await move_assignments(door) + await attain_due(door, parts.knowledge)

    async def deals() -> int:
        return await expire_deals(door) + await hand_on_due(door)

    return [
        Loop(name="programs", step=partial(move_due, door), pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="partners", step=partners, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="claims", step=partial(reject_overdue, door), pause_min=1.0, pause_max=60.0),
        Loop(name="qualify", step=partial(evaluate_due, door, parts.knowledge), pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="track", step=track, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="rebates", step=partial(advance_periods, door), pause_min=1.0, pause_max=60.0),
        Loop(name="training", step=training, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="assignments", step=assignments, pause_min=1.0, pause_max=60.0),
        Loop(name="funds", step=funds, pause_min=1.0, pause_max=60.0),
        Loop(name="deals-and-leads", step=deals, pause_min=1.0, pause_max=60.0),
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
