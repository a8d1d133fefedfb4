"""The events of access: who may act changed. Payloads hold codes and ids, never names, subjects or secrets."""

from collections.abc import Mapping

from domain.kernel.events import EventType

ROLE: Mapping[str, str] = {"role": "the role the account has from now on"}

ACCOUNT_LINKED = EventType(
    name="account.linked", aggregate="account", description="A person may sign in from now on.", payload=ROLE
)
ACCOUNT_CHANGED = EventType(
    name="account.changed",
    aggregate="account",
    description="The account has another role: what is open for it must be judged again.",
    payload=ROLE,
)
ACCOUNT_UNLINKED = EventType(
    name="account.unlinked",
    aggregate="account",
    description="The person may no longer sign in: what is open for the account must be closed.",
    payload={},
)
PORTFOLIO_CHANGED = EventType(
    name="portfolio.changed",
    aggregate="account",
    description="The account acts for other partners: what is open for it must be judged again.",
    payload={"partners": "how many partners the portfolio names; null where it is all of them"},
)
ACCOUNT_MANAGER_ASSIGNED = EventType(
    name="account_manager.assigned",
    aggregate="account_manager",
    description="An account manager looks after a partner, from an instant on.",
    payload={
        "account_id": "the account manager's account",
        "valid_from": "from when, ISO 8601 in UTC",
        "valid_until": "until when, or null",
    },
)
ACCOUNT_MANAGER_UNASSIGNED = EventType(
    name="account_manager.unassigned",
    aggregate="account_manager",
    description="An account manager looks after a partner until an instant, and no longer.",
    payload={"account_id": "the account manager's account", "valid_until": "until when, ISO 8601 in UTC"},
)
API_KEY_CREATED = EventType(
    name="api_key.created",
    aggregate="api_key",
    description="A machine may act from now on.",
    payload={"scopes": "what it may do", "source_id": "the source it is bound to, or null"},
)
API_KEY_REVOKED = EventType(
    name="api_key.revoked",
    aggregate="api_key",
    description="The machine's key ended: what is open for it must be closed.",
    payload={},
)
EVENTS = (
    ACCOUNT_LINKED,
    ACCOUNT_CHANGED,
    ACCOUNT_UNLINKED,
    PORTFOLIO_CHANGED,
    ACCOUNT_MANAGER_ASSIGNED,
    ACCOUNT_MANAGER_UNASSIGNED,
    API_KEY_CREATED,
    API_KEY_REVOKED,
)
# After these the principal (the event's aggregate) has less or other access than the credential in hand says.
REVOKING = frozenset({ACCOUNT_CHANGED.name, ACCOUNT_UNLINKED.name, PORTFOLIO_CHANGED.name, API_KEY_REVOKED.name})
