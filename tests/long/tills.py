"""Two ways to a redemption: through the door of one's own process, and over HTTP to API processes that get killed."""

import random
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import httpx2

from api.graph.ids import Tag, decode_id, encode_id
from api.http.issuer import mint_token
from api.http.signing import SigningKey
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.redeeming import Redeeming, redeem
from domain.access.principals import Actor, Role
from domain.access.refusals import RateLimited
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import TryLater
from domain.kernel.sql import TURBULENCE
from tests.faults.workers import SANDBOX
from tests.orders import KEYRING

# The clock of the suite jumps, and a redemption may be asked for again and again while a server restarts.
PATIENT = replace(SANDBOX, quote_seconds=86_400)
PATIENT_ENVIRONMENT: Mapping[str, str] = {
    "GUERDON_QUOTE_SECONDS": str(PATIENT.quote_seconds),
    "GUERDON_QUOTES_PER_MINUTE": str(PATIENT.quotes_per_minute),
    "GUERDON_REDEMPTIONS_PER_MINUTE": str(PATIENT.redemptions_per_minute),
}
ANSWER_SECONDS_MAX = 20
TOKEN_SECONDS = 900
TOKEN_FRESH_SECONDS = 600
WAITS = frozenset({"TRY_LATER", "RATE_LIMITED"})

QUOTE = """
mutation ($input: QuoteRedemptionInput!) {
  quoteRedemption(input: $input) {
    __typename
    ... on QuoteRedemptionSuccess { quote { id } }
    ... on Refusal { code }
  }
}
"""
REDEEM = """
mutation ($input: RedeemInput!) {
  redeem(input: $input) {
    __typename
    ... on RedeemSuccess { redemption { id } }
    ... on Refusal { code }
  }
}
"""


class Cut(Exception):
    """The connection ended after the question was sent: nobody knows whether it was done."""


class Till(Protocol):
    """Where members are served; None: ask again, nobody could answer now."""

    async def quote(self, member_id: UUID, denomination_id: UUID, units: int) -> UUID | None:
        """A new quote's id."""
        ...

    async def redeem(self, member_id: UUID, key: str, quote_id: UUID) -> UUID | None:
        """The redemption's id. Refuses: Cut; AssertionError for a refusal that has no cause."""
        ...


@dataclass(frozen=True, kw_only=True)
class OwnDoor:
    """The door of this process, to a database that goes away now and then."""

    door: Door

    async def quote(self, member_id: UUID, denomination_id: UUID, units: int) -> UUID | None:
        wanted = [Wanted(denomination_id=denomination_id, quantity=units)]
        try:
            return (await quote(self.door, _rep(member_id), wanted, PATIENT)).id
        except (TryLater, RateLimited, *TURBULENCE):
            return None

    async def redeem(self, member_id: UUID, key: str, quote_id: UUID) -> UUID | None:
        keyed = Keyed(key=key, request={"quote": str(quote_id)})
        try:
            done = await redeem(self.door, _rep(member_id), keyed, Redeeming(quote_id=quote_id), PATIENT, KEYRING)
        except (TryLater, RateLimited):
            return None
        except TURBULENCE as trouble:
            raise Cut from trouble
        return UUID(done.facts["redemption_id"])


@dataclass(kw_only=True)
class OverHttp:
    """API processes of one deployment, any of which is asked; each member comes with her own token."""

    client: httpx2.AsyncClient
    urls: Sequence[str]
    issuer: str
    key: SigningKey
    chance: random.Random
    tokens: dict[UUID, tuple[float, str]] = field(default_factory=dict[UUID, tuple[float, str]])

    async def quote(self, member_id: UUID, denomination_id: UUID, units: int) -> UUID | None:
        line = {"denominationId": encode_id(Tag.DENOMINATION, denomination_id), "quantity": units}
        try:
            answer = await self._ask(member_id, QUOTE, {"lines": [line]})
        except Cut:
            return None
        return None if answer is None else _uuid(answer["quote"]["id"])

    async def redeem(self, member_id: UUID, key: str, quote_id: UUID) -> UUID | None:
        asked = {"idempotencyKey": key, "quoteId": encode_id(Tag.QUOTE, quote_id)}
        answer = await self._ask(member_id, REDEEM, asked)
        return None if answer is None else _uuid(answer["redemption"]["id"])

    async def _ask(self, member_id: UUID, query: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The mutation's success; None where nothing was done or it is better asked for later."""
        body = {"query": query, "variables": {"input": asked}}
        headers = {"authorization": f"Bearer {self._token(member_id)}"}
        try:
            response = await self.client.post(self.chance.choice(self.urls), json=body, headers=headers)
            told = response.json()
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return None
        except (httpx2.TransportError, ValueError) as trouble:
            raise Cut from trouble
        if response.status_code >= 500:
            raise Cut
        if errors := told.get("errors"):
            if all(error.get("extensions", {}).get("code") in WAITS for error in errors):
                return None
            raise AssertionError(f"{response.status_code} {told}")
        (answer,) = told["data"].values()
        if answer.get("code") in WAITS:
            return None
        assert answer["__typename"].endswith("Success"), answer
        return answer

    def _token(self, member_id: UUID) -> str:
        made, token = self.tokens.get(member_id, (0.0, ""))
        if time.time() - made > TOKEN_FRESH_SECONDS:
            made, token = time.time(), self._minted(member_id)
            self.tokens[member_id] = made, token
        return token

    def _minted(self, member_id: UUID) -> str:
        return mint_token(
            self.key, issuer=self.issuer, audience="guerdon", subject=str(member_id), seconds=TOKEN_SECONDS
        )


@asynccontextmanager
async def over_http(urls: Sequence[str], issuer: str, home: Path, seed: str) -> AsyncGenerator[OverHttp]:
    """A client of these processes, whose members' tokens are signed by the key of their home."""
    async with httpx2.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        yield OverHttp(
            client=client, urls=urls, issuer=issuer, key=SigningKey.kept_in(home), chance=random.Random(seed)
        )


def _rep(member_id: UUID) -> Actor:
    return Actor(principal_id=member_id, role=Role.MEMBER, member_id=member_id)


def _uuid(text: str) -> UUID:
    found = decode_id(text)
    assert found is not None, f"{text} is no id"
    return found[1]
