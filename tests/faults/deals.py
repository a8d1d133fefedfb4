"""Deals as plain data, that cross to another process: for the doors, and as GraphQL takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.graph.ids import Tag, encode_id
from domain.activities.activity import ActivityInput
from tests.building import START, deal

Item = Mapping[str, Any]
"""`id`; `member` for the doors or `member_code` for GraphQL; if need be `days`, `net` in cents and `deal`."""

RECORD = """
mutation ($input: RecordActivitiesInput!) {
  recordActivities(input: $input) {
    __typename
    ... on RecordActivitiesSuccess { results { externalId outcome } }
    ... on Refusal { code }
  }
}
"""

CORRECT = """
mutation ($input: CorrectActivitiesInput!) {
  correctActivities(input: $input) {
    __typename
    ... on CorrectActivitiesSuccess { results { externalId outcome } }
    ... on Refusal { code }
  }
}
"""

FUND = """
mutation ($input: FundBudgetInput!) {
  fundBudget(input: $input) {
    __typename
    ... on FundBudgetSuccess { program { id } }
    ... on Refusal { code }
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A GraphQL mutation with its variables."""

    query: str
    variables: Mapping[str, Any]

    @property
    def body(self) -> Mapping[str, Any]:
        return {"query": self.query, "variables": self.variables}


def items_of(told: Sequence[Item]) -> list[ActivityInput]:
    """As the doors take them."""
    return [
        deal(
            one["id"], UUID(one["member"]), one.get("net", 10_000), days=one.get("days", 0), opportunity=one.get("deal")
        )
        for one in told
    ]


def recording(batch: Sequence[Item]) -> Question:
    """The batch, to be recorded."""
    return Question(query=RECORD, variables={"input": {"items": [_input(one) for one in batch]}})


def correcting(batch: Sequence[Item]) -> Question:
    """The batch, whose deals are known and have other contents now."""
    items = [_input(one) for one in batch]
    return Question(query=CORRECT, variables={"input": {"items": items, "reason": "race"}})


def funding(key: str, program_id: UUID, amount: int) -> Question:
    """More for a program's budget, under an idempotency key."""
    asked = {"idempotencyKey": key, "programId": encode_id(Tag.PROGRAM, program_id), "amount": amount, "reason": "race"}
    return Question(query=FUND, variables={"input": asked})


def _input(one: Item) -> dict[str, Any]:
    opportunity = {"opportunity": one["deal"]} if "deal" in one else {}
    return {
        "externalId": one["id"],
        "type": "deal.won",
        "occurredAt": (START + timedelta(days=one.get("days", 0))).isoformat(),
        "memberExternalId": one["member_code"],
        "amounts": [{"basis": "NET", "amount": one.get("net", 10_000), "unit": "USD"}],
        "attributes": {"product": "GTX Basic", **opportunity},
    }
