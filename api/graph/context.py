"""What one operation carries: who asks, where the data is, and the batches its fields share; built by wiring."""

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import strawberry

from api.graph.batching import Batches
from domain.access.principals import Actor
from domain.earning.evaluating import Knowledge
from domain.kernel.expressions import ConditionCache
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.programs.matching import TermsCache
from leaderboards.store import Store


@dataclass(frozen=True, kw_only=True)
class Context:
    """One operation's context. `store` is the boards' index (None: ranks come from SQL); `live` serves subscriptions.

    `resume_cursor` is what the client saw last, from connection_init or Last-Event-ID. `sandbox` allows the clock to
    be moved.
    """

    actor: Actor
    database: Database
    door: Door
    batches: Batches
    knowledge: Knowledge
    store: Store | None = None
    live: Any = None
    locale: str = "en"
    resume_cursor: str | None = None
    sandbox: bool = False
    request_id: str | None = None
    remembered: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(
        cls, actor: Actor, database: Database, door: Door, knowledge: Knowledge | None = None, **others: Any
    ) -> "Context":
        """A context with fresh batches, in the actor's locale; knowledge starts empty if not given."""
        return cls(
            actor=actor,
            database=database,
            door=door,
            knowledge=knowledge or Knowledge(terms=TermsCache(), conditions=ConditionCache()),
            batches=Batches(database, actor),
            **({"locale": actor.locale} | others),
        )

    def renewed(self, actor: Actor | None = None) -> "Context":
        """The same context with empty batches: what the next event of a subscription is read with."""
        viewer = actor or self.actor
        return replace(self, actor=viewer, batches=Batches(self.database, viewer), remembered={})


Info: TypeAlias = strawberry.Info[Context, None]
