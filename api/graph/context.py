"""What one operation carries: who asks, where the data is, and the batches its fields share; built by wiring."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import strawberry

from api.graph.batching import Batches
from api.graph.file_links import FileLinks
from api.graph.streaming import Live
from api.webhooks.registering import Registry
from catalog.redemptions.policy import ShopPolicy
from catalog.sends.sent import SendPolicy
from domain.access.principals import Actor
from domain.earning.evaluating import Knowledge
from domain.kernel.expressions import ConditionCache
from domain.kernel.operation import Door
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database
from domain.payouts.policy import PayoutPolicy
from domain.programs.matching import TermsCache
from leaderboards.store import Store


@dataclass(kw_only=True)
class Context:
    """One operation's context. `store` is the boards' index (None: ranks come from SQL); `live` serves subscriptions,
    `webhooks` registers endpoints, `files` writes links to files.

    `resume_cursor` is what the client saw last, from connection_init or Last-Event-ID. `sandbox` allows the clock to
    be moved. `cursor_sent` belongs to the message of a subscription that is being resolved.
    """

    actor: Actor
    database: Database
    door: Door
    batches: Batches
    knowledge: Knowledge
    keys: Keyring | None = None
    shop: ShopPolicy = field(default_factory=ShopPolicy)
    sends: SendPolicy = field(default_factory=SendPolicy)
    payouts: PayoutPolicy = field(default_factory=PayoutPolicy)
    store: Store | None = None
    live: Live | None = None
    webhooks: Registry | None = None
    files: FileLinks | None = None
    locale: str = "en"
    resume_cursor: str | None = None
    cursor_sent: str | None = None
    sandbox: bool = False
    request_id: str | None = None
    remembered: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(
        cls, actor: Actor, database: Database, door: Door, knowledge: Knowledge | None = None, **others: Any
    ) -> "Context":
        """A context with fresh batches, in the actor's locale; knowledge starts empty if not given."""
        others.setdefault("locale", actor.locale)
        return cls(
            actor=actor,
            database=database,
            door=door,
            knowledge=knowledge or Knowledge(terms=TermsCache(), conditions=ConditionCache()),
            batches=Batches(database, actor),
            **others,
        )

    @property
    def keyring(self) -> Keyring:
        """The keys of what is sealed; every server has them."""
        assert self.keys is not None, "wiring gives every server its keyring"
        return self.keys

    def become(self, actor: Actor) -> None:
        """The rest of the operation is resolved for this actor: who was nobody's account has one now."""
        self.actor, self.batches, self.remembered = actor, Batches(self.database, actor), {}

    def renew(self, actor: Actor, cursor: str) -> None:
        """Before each message of a subscription: fresh batches, for the actor as of now; `cursor` goes with it.

        The executor keeps one context for a whole subscription and resolves one message after the other.
        """
        self.actor, self.locale, self.cursor_sent = actor, actor.locale, cursor
        self.batches, self.remembered = Batches(self.database, actor), {}


Info: TypeAlias = strawberry.Info[Context, None]
