"""A batch of a thousand fits below the cost limit of the real schema; what is selected of its answer still counts."""

from typing import Any

import pytest
from graphql import GraphQLSchema

import api.schema
from api.http.errors import Code, RequestRefused
from api.http.guards.cost import BATCH, batch_costs
from api.http.preparing import Documents
from api.settings import Limits

LIMITS = Limits()
RESULTS = "results { externalId outcome activity { id occurredAt } refusal { code text } }"
BATCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "recordActivities": (
        f"mutation M($input: RecordActivitiesInput!) {{ recordActivities(input: $input) {{"
        f" ... on RecordActivitiesSuccess {{ recorded rejected {RESULTS} }} ... on Refusal {{ code text }} }} }}",
        {"items": [{"externalId": "a", "amounts": [{}, {}]}] * LIMITS.batch_items_max},
    ),
    "reverseActivities": (
        f"mutation M($input: ReverseActivitiesInput!) {{ reverseActivities(input: $input) {{"
        f" ... on ReverseActivitiesSuccess {{ reversed {RESULTS} }} ... on Refusal {{ code text }} }} }}",
        {"externalIds": ["a"] * LIMITS.batch_items_max},
    ),
    "registerMembers": (
        "mutation M($input: RegisterMembersInput!) { registerMembers(input: $input) { __typename"
        " ... on Refusal { code text } } }",
        {"items": [{"externalId": "m"}] * LIMITS.batch_items_max},
    ),
}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return api.schema.build_schema()._schema  # pyright: ignore[reportPrivateUsage] Strawberry names no public one


def cost(schema: GraphQLSchema, overrides: Any, document: str, variables: dict[str, Any]) -> int:
    documents = Documents(schema, limits=LIMITS, introspection=False, overrides=overrides)
    return documents.check_cost(documents.prepare(document, None), variables)


@pytest.mark.parametrize("name", BATCHES)
def test_a_thousand_items_cost_what_one_costs(schema: GraphQLSchema, name: str) -> None:
    document, batch = BATCHES[name]
    overrides = batch_costs(schema)
    assert overrides[f"Mutation.{name}"] == BATCH
    whole = cost(schema, overrides, document, {"input": batch})
    one = cost(schema, overrides, document, {"input": {field: items[:1] for field, items in batch.items()}})
    assert whole == one <= LIMITS.rate_key_cost_burst // 10


def test_without_the_overrides_a_thousand_items_were_too_dear(schema: GraphQLSchema) -> None:
    document, batch = BATCHES["recordActivities"]
    with pytest.raises(RequestRefused) as refused:
        cost(schema, {}, document, {"input": batch})
    assert refused.value.code is Code.COST_TOO_HIGH


def test_more_of_the_answer_costs_more(schema: GraphQLSchema) -> None:
    document, batch = BATCHES["recordActivities"]
    less = document.replace("activity { id occurredAt }", "")
    costs = [cost(schema, batch_costs(schema), each, {"input": batch}) for each in (less, document)]
    assert costs[0] < costs[1]


def test_a_mutation_without_a_list_costs_as_ever(schema: GraphQLSchema) -> None:
    assert "Mutation.fundBudget" not in batch_costs(schema)
    assert {"Mutation.recordActivities", "Mutation.correctActivities", "Mutation.registerPartners"} <= set(
        batch_costs(schema)
    )
