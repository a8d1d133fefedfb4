"""A client of a real API process: records deals, and follows rewardEvents from a cursor."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson

from tests.faults.deals import Item, Question, recording

READY_SECONDS_MAX = 60

FOLLOW = """
subscription ($after: Cursor) {
  rewardEvents(after: $after) { cursor previous content { __typename ... on RewardEvent { id } } }
}
"""


class Face:
    """One key's view of one API process."""

    def __init__(self, port: int, key: str) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._headers = {"authorization": f"Bearer {key}"}

    async def ready(self) -> None:
        """Returns once the process answers. Refuses: AssertionError after a minute."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        async with httpx2.AsyncClient(timeout=5) as client:
            while time.monotonic() < deadline:
                try:
                    if (await client.get(f"{self._url}/ready")).status_code == 200:
                        return
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        raise AssertionError("the API did not become ready")

    async def record(self, items: Sequence[Item]) -> list[str] | None:
        """The outcomes of the items; None where nobody knows: no answer, a 5xx, or a wish to try later."""
        try:
            async with httpx2.AsyncClient(timeout=30, headers=self._headers) as client:
                response = await client.post(f"{self._url}/graphql", json=recording(items).body)
                answer = response.json()
        except (httpx2.TransportError, ValueError):
            return None
        if response.status_code >= 500:
            return None
        told = (answer.get("data") or {}).get("recordActivities")
        if told is None:
            raise AssertionError(answer)
        return [one["outcome"] for one in told["results"]] if "results" in told else None

    async def ask(self, client: httpx2.AsyncClient, question: Question, credential: str) -> dict[str, Any]:
        """What the mutation answered to this credential: its success, or a refusal with its code.

        Refuses: AssertionError for anything but an answer of GraphQL without errors.
        """
        headers = {"authorization": f"Bearer {credential}"}
        response = await client.post(f"{self._url}/graphql", json=question.body, headers=headers)
        told = response.json()
        assert response.status_code == 200, told
        assert not told.get("errors"), told
        (answer,) = told["data"].values()
        return answer

    @asynccontextmanager
    async def following(self, after: str | None) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The messages of rewardEvents after a cursor, until the process dies or the block ends."""
        body = {"query": FOLLOW, "variables": {"after": after}}
        headers = {**self._headers, "accept": "text/event-stream"}
        async with (
            httpx2.AsyncClient(timeout=30, headers=headers) as client,
            client.stream("POST", f"{self._url}/graphql", json=body) as response,
        ):
            yield _messages(response)


async def _messages(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    try:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                told = orjson.loads(line.removeprefix("data: "))
                if any(error["extensions"]["code"] == "TRY_LATER" for error in told.get("errors", ())):
                    return
                if told.get("errors"):
                    raise AssertionError(told)
                yield told["data"]["rewardEvents"]
    except httpx2.TransportError:
        return
