"""What each workflow of fulfilment does once: the work of a process about to be killed, and of its successor."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import httpx2

from catalog.redemptions.fulfilling import fulfil_due
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.leasing import Completion, CompletionItem, complete_fulfilments
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.redeeming import Redeeming, redeem
from catalog.redemptions.releasing import release_waiting
from catalog.redemptions.revealing import reveal
from catalog.suppliers.outcomes import Goods
from catalog.suppliers.registry import adapter_for
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.sealing import Keyring

# The goods of these tests are test goods, and nobody is held back by a rate.
SANDBOX = ShopPolicy(sandbox=True, redemptions_per_minute=100_000, quotes_per_minute=100_000, reveals_per_hour=100_000)


def owner_of(told: Mapping[str, Any]) -> Actor:
    """The session of the member who is named."""
    member = UUID(told["member"])
    return Actor(principal_id=member, role=Role.MEMBER, member_id=member)


async def _fulfil(door: Door, keyring: Keyring, _told: Mapping[str, Any]) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        await fulfil_due(door, keyring, partial(adapter_for, keyring=keyring, http=http, sandbox=True))


async def _issue(door: Door, keyring: Keyring, _told: Mapping[str, Any]) -> None:
    await issue_due(door, keyring)


async def _release(door: Door, _keyring: Keyring, _told: Mapping[str, Any]) -> None:
    await release_waiting(door)


async def _complete(door: Door, keyring: Keyring, told: Mapping[str, Any]) -> None:
    items = [
        CompletionItem(
            attempt_id=UUID(one["attempt"]),
            fence=one["fence"],
            outcome=Completion.DELIVERED,
            goods=Goods(code=one["code"]),
        )
        for one in told["items"]
    ]
    await complete_fulfilments(door, SYSTEM, keyring, items)


async def _reveal(door: Door, keyring: Keyring, told: Mapping[str, Any]) -> None:
    keyed = Keyed(key=told["key"], request={"line": told["line"]})
    await reveal(door, owner_of(told), keyed, keyring, UUID(told["line"]), SANDBOX)


async def _redeem(door: Door, keyring: Keyring, told: Mapping[str, Any]) -> None:
    keyed = Keyed(key=told["key"], request={"quote": told["quote"]})
    await redeem(door, owner_of(told), keyed, Redeeming(quote_id=UUID(told["quote"])), SANDBOX, keyring)


WORK: Mapping[str, Callable[[Door, Keyring, Mapping[str, Any]], Awaitable[None]]] = {
    "fulfil": _fulfil,
    "issue": _issue,
    "release": _release,
    "complete": _complete,
    "reveal": _reveal,
    "redeem": _redeem,
}
