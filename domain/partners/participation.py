"""The terms of participation: what everybody agrees to who takes part, in versions that never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.access import audit
from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import LOCALES, InvalidInput
from domain.kernel.sql import Connection, Database, sure_value
from domain.partners.events import PARTICIPATION_TERMS_PUBLISHED

TEXT_LENGTH_MAX = 50_000
NONE_PUBLISHED = 0

IN_FORCE = "SELECT coalesce(max(version), 0) FROM participation_terms"
NEWEST = "SELECT * FROM participation_terms ORDER BY version DESC LIMIT 1"
PUBLISH = "INSERT INTO participation_terms (version, text, published_at, published_by) VALUES ($1, $2, $3, $4)"
# Two that publish at once get two numbers.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('guerdon.participation_terms'))"


@dataclass(frozen=True, kw_only=True)
class ParticipationTermsRecord:
    """A version of the terms, its text by locale."""

    version: int
    text: Mapping[str, str]
    published_at: datetime


async def publish_participation_terms(door: Door, actor: Actor, keyed: Keyed, text: Mapping[str, str]) -> int:
    """Whoever accepts from now on accepts this text, at most 50,000 characters a locale; answers its version.

    Refuses: InvalidInput (no English, a locale, the length); KeyReused; TryLater.
    """
    if not text.get("en", "").strip():
        raise InvalidInput(field="text", problem="needs an English text")
    if any(locale not in LOCALES or len(said) > TEXT_LENGTH_MAX or "\x00" in said for locale, said in text.items()):
        raise InvalidInput(field="text", problem=f"in {', '.join(LOCALES)}, at most {TEXT_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        await op.sql.execute(LOCK)
        version = 1 + await terms_in_force(op.sql)
        await op.sql.execute(PUBLISH, version, dict(text), op.now, op.actor.principal_id)
        await audit.record_in(op, "participation_terms.published", "participation_terms", version=version)
        op.tell(PARTICIPATION_TERMS_PUBLISHED.about(new_id(), version=version))
        return {"version": version}

    return int((await door.operate_keyed(actor, "publishParticipationTerms", keyed, work)).facts["version"])


async def terms_in_force(source: Database | Connection) -> int:
    """The version of the terms in force; 0 where none were ever published."""
    return int(await sure_value(source, IN_FORCE))


async def participation_terms(source: Database | Connection) -> ParticipationTermsRecord | None:
    """The terms in force, for everybody; None where none were ever published."""
    row = await source.fetchrow(NEWEST)
    if row is None:
        return None
    return ParticipationTermsRecord(version=row["version"], text=row["text"], published_at=row["published_at"])
