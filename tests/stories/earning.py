"""How a vendor's CRM and billing tell of deals and customers in a story, and what partners are told they earn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.access.principals import SYSTEM, Scope
from domain.activities.sources import TypeDefinition, define_types
from tests.building import START
from tests.stories.teller import OBJECTIVE, Teller

DECLARED: Mapping[str, Any] = {
    "attributes": [{"name": name, "kind": "STRING"} for name in ("customer", "product", "moment")],
    "amounts": [{"basis": basis, "units": ["USD"]} for basis in ("NET", "LIST")],
    "deal_key": "customer",
}
TYPES = (
    *("sale.won", "sale.paid", "subscription.booked", "subscription.activated", "subscription.churned"),
    *("app.signed_up", "app.upgraded", "app.renewed", "app.downgraded"),
)
DUES = """
query { viewer { dues(first: 100) { edges { node {
  rule due granted activity { externalId } explanation { code text facts } } } } } }
"""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody is told of one due: amounts, codes, sentences, and the facts of the last one."""

    due: int
    granted: int
    codes: list[str]
    texts: list[str]
    facts: Mapping[str, Any]


async def crm(teller: Teller) -> None:
    """A machine may tell of sales and customers."""
    kinds = [TypeDefinition(code=code, name={"en": code}, declaration=DECLARED) for code in TYPES]
    await define_types(teller.world.door, SYSTEM, kinds)
    await teller.machine("crm", "crm", Scope.ACTIVITIES_WRITE)


async def launch(teller: Teller, *rules: Mapping[str, Any], budget: int = 1_000_000, **document: Any) -> str:
    """The channel manager creates, funds and launches a program in dollars with these rules; answers its id."""
    code = f"program-{next(teller.numbers)}"
    made = await teller.does(
        "manager",
        "createProgram",
        "program { id }",
        code=code,
        name={"en": code},
        unit="USD",
        audience="EVERYONE",
        objective=OBJECTIVE,
        startsAt=(START - timedelta(days=1)).isoformat(),
        **{name: document.pop(name) for name in ("zone", "endsAt", "graceDays") if name in document},
    )
    program_id = made["program"]["id"]
    terms = {
        "unit": "USD",
        "zone": "UTC",
        "attributes": {"product": {"type": "STRING", "default": ""}},
        "rules": [{"code": f"{code}.{n}", **rule} for n, rule in enumerate(rules)],
    }
    await teller.does("manager", "publishTerms", "terms { id }", programId=program_id, document={**terms, **document})
    await teller.does("manager", "fundBudget", "program { id }", programId=program_id, amount=budget, reason="start")
    await teller.does("manager", "changeProgramState", "program { state }", programId=program_id, action="LAUNCH")
    return program_id


def item(
    external_id: str,
    kind: str,
    customer: str | None,
    days: float,
    *,
    member: str,
    net: int | None = None,
    listed: int | None = None,
    **attributes: str,
) -> dict[str, Any]:
    """Something that happened with a customer so many days after the start, amounts in cents."""
    amounts = [
        {"basis": basis, "amount": amount, "unit": "USD"}
        for basis, amount in (("NET", net), ("LIST", listed))
        if amount is not None
    ]
    told = attributes | ({"customer": customer} if customer else {})
    return {
        "externalId": external_id,
        "type": kind,
        "occurredAt": (START + timedelta(days=days)).isoformat(),
        "memberId": member,
        "amounts": amounts,
        "attributes": told,
    }


async def happens(teller: Teller, *items: Mapping[str, Any], correcting: bool = False) -> None:
    """The CRM tells this, in one batch, and every item is taken."""
    name = "correctActivities" if correcting else "recordActivities"
    more = {"reason": "it was told wrongly"} if correcting else {}
    answer = await teller.says("crm", name, "results { outcome refusal { text } }", items=list(items), **more)
    assert all(result["refusal"] is None for result in answer["results"]), answer


async def is_taken_back(teller: Teller, *external_ids: str) -> None:
    """The CRM takes these back."""
    answer = await teller.says(
        "crm", "reverseActivities", "reversed", externalIds=list(external_ids), reason="it was not so"
    )
    assert answer["reversed"] == len(external_ids), answer


async def told(teller: Teller, who: str) -> dict[tuple[str, str], Told]:
    """What this person is told of each due, by (external id of the activity, code of the rule)."""
    edges = (await teller.ask(who, DUES))["viewer"]["dues"]["edges"]
    return {
        ((edge["node"]["activity"] or {}).get("externalId", ""), edge["node"]["rule"]): Told(
            due=edge["node"]["due"],
            granted=edge["node"]["granted"],
            codes=[reason["code"] for reason in edge["node"]["explanation"]],
            texts=[reason["text"] for reason in edge["node"]["explanation"]],
            facts=edge["node"]["explanation"][-1]["facts"],
        )
        for edge in edges
    }


async def owns(teller: Teller, who: str) -> int:
    """Dollars in cents that this person may use, less what is owed."""
    document = "{ viewer { wallets { available receivable unit { code } } } }"
    wallets = (await teller.ask(who, document))["viewer"]["wallets"]
    return sum(wallet["available"] - wallet["receivable"] for wallet in wallets if wallet["unit"]["code"] == "USD")
