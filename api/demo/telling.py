"""Tells the demo story once through the ordinary doors, and writes down how to sign in."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from api.demo.people import ACCOUNTS, LOOKED_AFTER, PARTNERS
from api.demo.shelves import PLATFORM_SCOPES, QUEUE, SOURCES, STOREROOM
from api.demo.shopping import Shop, demo_key, go_shopping, open_shop
from api.demo.story import BOARD, BOARDS, DAYS, REWARDS, SOURCE, SPIFF, TYPES, activities, member_code
from domain.access.admitting import Invitation, assign_portfolio_in, link_account_in
from domain.access.assigning import Span, assign_account_manager
from domain.access.granting import create_key_in
from domain.access.keys import KeyKind
from domain.access.principals import SYSTEM, Actor, Role, Scope
from domain.access.reading import actor_of_subject, partners_of
from domain.access.refusals import AccountAlreadyLinked
from domain.activities.activity import ITEMS_MAX, ActivityInput
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.earning.evaluating import Knowledge
from domain.earning.recording import record_activities
from domain.kernel.operation import Door, Operation
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow, PartnerType
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.objective import Objective
from domain.programs.program import Audience, ProgramAction, ProgramDraft, Visibility
from leaderboards.defining import create_leaderboard
from leaderboards.metrics import Definition

ISSUER = "development"
SIGN_INS = "demo.json"
KEYS: Mapping[str, tuple[str, str, Sequence[Scope]]] = {
    "integrationKey": ("Demo CRM", SOURCE, (Scope.ACTIVITIES_READ, Scope.ACTIVITIES_WRITE, Scope.EVENTS_READ)),
    "platformKey": ("Giftworks", STOREROOM, PLATFORM_SCOPES),
    "ordersKey": ("Giftworks orders", QUEUE, PLATFORM_SCOPES),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What telling the story left behind: how many activities were recorded, and where the sign-ins are written."""

    activities: int
    sign_ins: Path


async def is_told(door: Door) -> bool:
    """True where the story was told to its end, or where other data is: it is told into an empty book only."""
    return bool(
        await door.database.fetchval(
            "SELECT EXISTS (SELECT 1 FROM source WHERE code <> ALL($1::text[])) OR EXISTS (SELECT 1 FROM api_key)",
            [SOURCE, *(one.code for one in SOURCES)],
        )
    )


async def tell(
    shop: Shop, knowledge: Knowledge, home: Path, url: str, progress: Callable[[str, int, int], None]
) -> Told:
    """The story stands: partners, people, two live programs with budgets, three boards, a season of activities, a shop
    with orders.

    `progress` hears what is being done, how much of it is done, and how much there is. A story cut short goes on where
    it stopped: every step has a key or a natural identity.
    """
    door = shop.door
    now: datetime = await door.database.fetchval("SELECT guerdon_now()")
    source = await ensure_source(door, SYSTEM, SourceDefinition(code=SOURCE, name="Demo CRM", backfill=True))
    await define_types(
        door, SYSTEM, [TypeDefinition(code=code, name=name, declaration=body) for code, (name, body) in TYPES.items()]
    )
    members = await _register(door, source.source_id, now)
    program_id = await _launch(door, now)
    for board in BOARDS:
        await create_leaderboard(door, SYSTEM, demo_key(f"board-{board['code']}"), Definition(**board))
    story = list(activities(now))
    for done, batch in enumerate(_batches(story, ITEMS_MAX // 4)):
        progress("activities", done * (ITEMS_MAX // 4), len(story))
        await record_activities(door, knowledge, SYSTEM, source.source_id, batch)
    progress("activities", len(story), len(story))
    people = await _admit(door, members)
    sources = await open_shop(shop)
    await go_shopping(shop, people, program_id)
    keys = await _make_keys(door, sources | {SOURCE: source.source_id})
    return Told(activities=len(story), sign_ins=_write_down(home, url, keys))


async def _register(door: Door, source_id: UUID, now: datetime) -> dict[str, UUID]:
    since = now - timedelta(days=DAYS + 30)
    partners = [
        PartnerRow(
            external_id=one.code,
            name=one.name,
            country=one.country,
            types=tuple(PartnerType(kind) for kind in one.types),
        )
        for one in PARTNERS
    ]
    members = [
        MemberRow(external_id=member_code(name), name=name, partner_external_id=one.code, partner_since=since)
        for one in PARTNERS
        for name in one.members
    ]

    async def work(op: Operation) -> dict[str, UUID]:
        await register_partners_in(op, source_id, partners)
        results = await register_members_in(op, source_id, members)
        return {result.external_id: result.id for result in results if result.id is not None}

    return await door.operate(SYSTEM, work)


async def _launch(door: Door, now: datetime) -> UUID:
    """Both programs are live; answers the first."""
    launched = list[UUID]()
    start = now - timedelta(days=DAYS + 5)
    for code, name, document, budget, visibility in (
        ("rewards", {"en": "Partner Rewards", "fr": "Récompenses partenaires"}, REWARDS, 2_000_000, Visibility.PUBLIC),
        ("backup-spiff", {"en": "Cloud Backup SPIFF", "fr": "SPIFF Cloud Backup"}, SPIFF, 24_000, Visibility.MEMBERS),
    ):
        draft = ProgramDraft(
            code=code,
            name=name,
            zone=str(document["zone"]),
            unit=str(document["unit"]),
            starts_at=start,
            visibility=visibility,
            audience=Audience.EVERYONE,
            objective=Objective(metric="deals.won", baseline=120, target=150, due_at=now + timedelta(days=90)),
        )
        created = await create_program(door, SYSTEM, demo_key(f"program-{code}"), draft)
        program_id = UUID(created.facts["program_id"])
        await publish_terms(door, SYSTEM, demo_key(f"terms-{code}"), program_id, document)
        budget_key = demo_key(f"budget-{code}")
        await fund_budget(door, SYSTEM, budget_key, program_id=program_id, amount=budget, reason="The year's budget")
        await change_program_state(door, SYSTEM, demo_key(f"launch-{code}"), program_id, ProgramAction.LAUNCH)
        launched.append(program_id)
    return launched[0]


async def _admit(door: Door, members: Mapping[str, UUID]) -> dict[str, Actor]:
    for account in ACCOUNTS:
        invitation = Invitation(
            issuer=ISSUER,
            subject=account.subject,
            role=account.role,
            name=account.name,
            member_id=members[member_code(account.member)] if account.member else None,
            locale=account.locale,
        )
        with suppress(AccountAlreadyLinked):  # a story cut short linked it before
            await _let_in(door, invitation)
    people = {one.subject: await actor_of_subject(door.database, ISSUER, one.subject) for one in ACCOUNTS}
    firms = await partners_of(door.database, [members[member_code(name)] for name in LOOKED_AFTER])
    for account in ACCOUNTS:
        if account.role is Role.ACCOUNT_MANAGER:
            who, keyed = people[account.subject].principal_id, demo_key(f"looks-after-{account.subject}")
            wanted = list(firms.values())
            await assign_account_manager(door, SYSTEM, keyed, account_id=who, partner_ids=wanted, span=Span())
    return people


async def _make_keys(door: Door, sources: Mapping[str, UUID]) -> dict[str, str]:
    """A test key for each machine of the story, by its name in the file of sign-ins; the story ends with them."""

    async def work(op: Operation) -> dict[str, str]:
        return {
            name: (
                await create_key_in(op, name=label, scopes=scopes, source_id=sources[source], kind=KeyKind.TEST)
            ).text
            or ""
            for name, (label, source, scopes) in KEYS.items()
        }

    return await door.operate(SYSTEM, work)


async def _let_in(door: Door, invitation: Invitation) -> None:
    async def work(op: Operation) -> None:
        account_id = await link_account_in(op, SYSTEM, invitation)
        if invitation.role is Role.CHANNEL_MANAGER:
            await assign_portfolio_in(op, account_id, None)

    await door.operate(SYSTEM, work)


def _write_down(home: Path, url: str, keys: Mapping[str, str]) -> Path:
    path = home / SIGN_INS
    home.mkdir(parents=True, exist_ok=True)
    people = [{"subject": one.subject, "name": one.name, "role": one.role.value} for one in ACCOUNTS]
    path.touch(mode=0o600)
    path.write_text(
        json.dumps({"url": url, **keys, "boardCode": BOARD, "people": people}, indent=2, ensure_ascii=False)
    )
    return path


def _batches(items: Sequence[ActivityInput], size: int) -> Iterable[Sequence[ActivityInput]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
