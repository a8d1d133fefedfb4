"""The index of standings in Valkey: the only sorted sets. Derived, quick or silent; no money path reads it."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from leaderboards import scripts
from leaderboards.breaker import Breaker
from leaderboards.restanding import Moved, SeasonMoved
from leaderboards.standings import Entry, Place, RankDisplay, entry

TIMEOUT_MS = 50
PATIENT_TIMEOUT_MS = 1_000
CONNECTIONS_MAX = 64
CHANGES_MAX = 1_000
BUILDING_SECONDS_MAX = 600  # a generation whose builder died goes away by itself
WANTED_MAX = 1_000
WANTED = "lb:wanted"
MICROSECOND = timedelta(microseconds=1)
ORIGIN = datetime(1, 1, 1, tzinfo=UTC)
NEVER = "-" * 16
UNUSABLE = (RedisError, OSError, TimeoutError)

Answer = TypeVar("Answer")


class IndexUnavailable(Exception):
    """The index did not answer in time, or its circuit is open; the truth is in PostgreSQL."""


class IndexUnfit(Exception):
    """This Valkey may drop keys on its own: it must run with maxmemory-policy noeviction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexVersion:
    """Which state of a season an answer shows."""

    epoch: int
    generation: int
    seq: int
    as_of_position: int
    subjects: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexLines:
    """Lines of a board with the version they were read at, in the same script."""

    version: IndexVersion
    entries: Sequence[Entry]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The ranks of some subjects in one season."""

    season_id: UUID
    display: RankDisplay
    subject_ids: Sequence[UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexRanks:
    """The answer: a line per subject, or None where it does not stand."""

    version: IndexVersion
    entries: Mapping[UUID, Entry | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What became of an applied range: APPLIED or KNOWN; GAP, EPOCH or MISSING, with the seq the index is at."""

    season_id: UUID
    outcome: str
    seq: int

    @property
    def stands(self) -> bool:
        return self.outcome in ("APPLIED", "KNOWN")


class Store:
    """One Valkey with its two clients: a quick one for reads and changes, a patient one for rebuilding."""

    def __init__(self, quick: "Redis", patient: "Redis", clock: Callable[[], float]) -> None:
        self._quick = quick
        self._patient = patient
        self._clock = clock
        self._breaker = Breaker()

    @classmethod
    def open(cls, url: str, *, timeout_ms: int = TIMEOUT_MS, clock: Callable[[], float] = time.monotonic) -> "Store":
        """Connects when first used. One try per question: a second one is the caller's fallback."""

        def client(milliseconds: int) -> "Redis":
            pool = BlockingConnectionPool.from_url(
                url,
                timeout=milliseconds / 1000,
                socket_timeout=milliseconds / 1000,
                socket_connect_timeout=milliseconds / 1000,
                max_connections=CONNECTIONS_MAX,
                retry=Retry(NoBackoff(), 0),
            )
            return Redis.from_pool(pool)

        return cls(client(timeout_ms), client(PATIENT_TIMEOUT_MS), clock)

    async def close(self) -> None:
        await self._quick.aclose()
        await self._patient.aclose()

    async def refuse_eviction(self) -> None:
        """Refuses: IndexUnfit if this Valkey would evict keys; IndexUnavailable."""
        info = await self._tried(lambda: self._patient.info("memory"))
        policy = str(info.get("maxmemory_policy", "noeviction"))
        if policy != "noeviction":
            raise IndexUnfit(f"maxmemory-policy is {policy}")

    async def page(self, season_id: UUID, offset: int, limit: int, display: RankDisplay) -> IndexLines | None:
        """`limit` lines from `offset` (0 is the first); None: the season is not in the index.

        Refuses: IndexUnavailable.
        """
        return _lines(await self._run(scripts.PAGE, season_id, [offset, limit, _competing(display)]), display)

    async def around(self, season_id: UUID, subject_id: UUID, k: int, display: RankDisplay) -> IndexLines | None:
        """The subject's line with up to k on each side; no lines if the subject does not stand; None: not in the index.

        Refuses: IndexUnavailable.
        """
        arguments = [subject_id.hex, k, _competing(display)]
        return _lines(await self._run(scripts.AROUND, season_id, arguments), display)

    async def ranks(self, asked: Sequence[Asked]) -> list[IndexRanks | None]:
        """For each question the lines of its subjects (None: does not stand), or None: the season is not in the index.

        One round trip. Refuses: IndexUnavailable.
        """
        calls = [
            (scripts.RANKS, one.season_id, [_competing(one.display), *(subject.hex for subject in one.subject_ids)])
            for one in asked
        ]
        replies = await self._run_all(calls)
        return [None if reply is None else _ranks(one, reply) for one, reply in zip(asked, replies, strict=True)]

    async def versions(self, season_ids: Sequence[UUID]) -> list[IndexVersion | None]:
        """The version of each season; None: missing or damaged. Refuses: IndexUnavailable."""
        replies = await self._run_all([(scripts.VERSION, season_id, []) for season_id in season_ids])
        return [None if reply is None else _version(reply) for reply in replies]

    async def apply(self, moved: Sequence[SeasonMoved]) -> list[Applied]:
        """Applies absolute scores for (epoch, from, to) per season; duplicates are harmless, gaps are refused.

        One script per changed season and 1,000 changes, one round trip. Refuses: IndexUnavailable.
        """
        calls = list[tuple[str, UUID, list[Any]]]()
        for season in moved:
            for start in range(0, len(season.moved), CHANGES_MAX):
                part = season.moved[start : start + CHANGES_MAX]
                whole = start + len(part) == len(season.moved)
                first = season.from_seq if start == 0 else season.moved[start - 1].seq + 1
                last = season.to_seq if whole else part[-1].seq
                as_of = season.as_of_position if whole else ""
                calls.append((scripts.APPLY, season.season_id, [season.epoch, first, last, as_of, records(part)]))
        replies = await self._run_all(calls, client=self._patient)
        answers = {call[1]: reply for call, reply in zip(calls, replies, strict=True)}
        return [
            Applied(season_id=season_id, outcome=reply[0].decode(), seq=int(reply[1]))
            for season_id, reply in answers.items()
        ]

    async def want(self, season_id: UUID) -> None:
        """Asks whoever heals to look at this season first. Refuses: IndexUnavailable."""
        if await self._tried(lambda: self._quick.scard(WANTED)) < WANTED_MAX:
            await self._tried(lambda: self._quick.sadd(WANTED, season_id.hex))

    async def wanted(self, limit: int) -> list[UUID]:
        """Takes up to `limit` seasons that readers missed. Refuses: IndexUnavailable."""
        taken: Sequence[bytes] = await self._tried(lambda: self._patient.execute_command("SPOP", WANTED, limit)) or ()
        return [UUID(hex=one.decode()) for one in taken]

    async def begin(self, season_id: UUID) -> int:
        """The number of a new, empty generation. Refuses: IndexUnavailable."""
        return int(await self._tried(lambda: self._patient.incr(_key(season_id) + ":generations")))

    async def load(self, season_id: UUID, generation: int, places: Sequence[Place]) -> None:
        """Adds standings to a generation that is being built, in chunks of 1,000, pipelined.

        Refuses: IndexUnavailable.
        """
        calls = list[tuple[str, UUID, list[Any]]]()
        for start in range(0, len(places), CHANGES_MAX):
            text = "".join([_record(one) for one in places[start : start + CHANGES_MAX]])
            calls.append((scripts.LOAD, season_id, [generation, text, BUILDING_SECONDS_MAX]))
        await self._run_all(calls, client=self._patient)

    async def build(self, season_id: UUID, generation: int, moved: Sequence[Moved]) -> None:
        """Replays changes on a generation that is being built. Refuses: IndexUnavailable."""
        for start in range(0, len(moved), CHANGES_MAX):
            arguments = [generation, records(moved[start : start + CHANGES_MAX])]
            await self._run(scripts.BUILD, season_id, arguments, client=self._patient)

    async def swap(self, season_id: UUID, version: IndexVersion) -> Applied:
        """Shows the built generation to readers at once: APPLIED; BEHIND, EPOCH or DAMAGED if it must not be shown.

        Refuses: IndexUnavailable.
        """
        arguments = [version.epoch, version.generation, version.seq, version.as_of_position, version.subjects]
        reply = await self._run(scripts.SWAP, season_id, arguments, client=self._patient)
        return Applied(season_id=season_id, outcome=reply[0].decode(), seq=int(reply[1]))

    async def drop(self, season_id: UUID) -> None:
        """The season is missing from the index afterwards. Refuses: IndexUnavailable."""
        await self._tried(lambda: self._patient.delete(_key(season_id)))

    async def _run(self, script: str, season_id: UUID, arguments: Sequence[Any], client: "Redis | None" = None) -> Any:
        chosen = client or self._quick

        async def call() -> Any:
            try:
                return await chosen.evalsha(_digest(script), 1, _key(season_id), *arguments)
            except NoScriptError:
                return await chosen.eval(script, 1, _key(season_id), *arguments)

        return await self._tried(call)

    async def _run_all(
        self, calls: Sequence[tuple[str, UUID, Sequence[Any]]], client: "Redis | None" = None
    ) -> list[Any]:
        """All calls in one round trip, in order; a second one if the server does not know a script yet."""
        if not calls:
            return []

        async def send(whole: bool) -> list[Any]:
            pipe = (client or self._quick).pipeline(transaction=False)
            for script, season_id, arguments in calls:
                if whole:
                    pipe.eval(script, 1, _key(season_id), *arguments)
                else:
                    pipe.evalsha(_digest(script), 1, _key(season_id), *arguments)
            return await pipe.execute()

        async def call() -> list[Any]:
            try:
                return await send(whole=False)
            except NoScriptError:
                return await send(whole=True)

        return await self._tried(call)

    async def _tried(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        if not self._breaker.allows(self._clock()):
            raise IndexUnavailable("the circuit is open")
        try:
            answer = await call()
        except UNUSABLE as trouble:
            self._breaker.failed(self._clock())
            raise IndexUnavailable(str(trouble)) from trouble
        self._breaker.succeeded()
        return answer


def records(moved: Sequence[Moved]) -> str:
    """Changes as the scripts read them, in fixed width; one that leaves has no instant."""
    return "".join(
        [
            f"{NEVER}{one.subject_id.hex}{0:17d}"
            if one.score is None or one.reached_at is None
            else f"{(one.reached_at - ORIGIN) // MICROSECOND:016x}{one.subject_id.hex}{-one.score:17d}"
            for one in moved
        ]
    )


def _record(place: Place) -> str:
    return f"{(place.reached_at - ORIGIN) // MICROSECOND:016x}{place.subject_id.hex}{-place.score:17d}"


def _place(member: bytes, score: bytes) -> Place:
    return Place(
        subject_id=UUID(hex=member[16:].decode()),
        score=-int(float(score)),
        reached_at=ORIGIN + int(member[:16], 16) * MICROSECOND,
    )


def _lines(reply: Any, display: RankDisplay) -> IndexLines | None:
    if reply is None:
        return None
    meta, offset, rows = reply
    entries = [
        entry(_place(member, score), int(offset) + n, better=better, tied=tied, display=display)
        for n, (member, score, better, tied) in enumerate(rows, 1)
    ]
    return IndexLines(version=_version(meta), entries=entries)


def _ranks(asked: Asked, reply: Any) -> IndexRanks:
    entries = dict[UUID, Entry | None]()
    for subject_id, (at, member, score, better, tied) in zip(asked.subject_ids, reply[1], strict=True):
        place = _place(member, score) if at >= 0 else None
        entries[subject_id] = place and entry(place, at + 1, better=better, tied=tied, display=asked.display)
    return IndexRanks(version=_version(reply[0]), entries=entries)


def _version(meta: Sequence[bytes]) -> IndexVersion:
    epoch, generation, seq, as_of, count = map(int, meta)
    return IndexVersion(epoch=epoch, generation=generation, seq=seq, as_of_position=as_of, subjects=count)


def _key(season_id: UUID) -> str:
    return f"lb:{{{season_id.hex}}}"


def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _competing(display: RankDisplay) -> int:
    return int(display is RankDisplay.COMPETITION)
