"""How reps claim in a story: a campaign that pays by the unit, claims with proof, and what somebody sees of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from api.graph.ids import Tag, decode_as
from domain.partners.facts import FactKind, NewFact, SubjectKind
from tests.stories.teller import OBJECTIVE, Teller

LINE = """id n sku state reason invoice reps { memberId sharePpm } activity { id partner { name } dues { granted
    member { id } partner { id } explanation { code text } } }"""
CLAIM = f"""id state turn dueAt isContested availableActions partner {{ name }} lines {{ {LINE} }} files {{ name url }}
    steps {{ action state isVendor note }}"""
PDF = b"%PDF-1.7 an invoice"
REPS = [{"to": f"activity.rep_{n}", "share_ppm": f"activity.share_{n}"} for n in range(1, 6)]


async def now(teller: Teller) -> datetime:
    return await teller.world.database.fetchval("SELECT guerdon_now()")


async def day(teller: Teller, days: int) -> str:
    """The date so many days from today."""
    return ((await now(teller)) + timedelta(days=days)).date().isoformat()


async def spiff(
    teller: Teller, *, amount: int = 100, budget: int = 100_000, needs_proof: bool = False, **rule: Any
) -> str:
    """A live campaign that pays every rep of a claim so much a unit, or their firm where that is what the firm wants;
    sales of the last 60 and the next 30 days, claimed within 60. Answers the program's id."""
    code = f"spiff-{next(teller.numbers)}"
    at = await now(teller)
    made = await teller.does(
        "manager",
        "createProgram",
        "program { id }",
        code=code,
        name={"en": "A SPIFF"},
        audience="EVERYONE",
        objective=OBJECTIVE,
        startsAt=(at - timedelta(days=200)).isoformat(),
    )
    program_id = made["program"]["id"]
    said: Mapping[str, Any] = {
        "trigger": "sale.claimed",
        "effect": {"kind": "PER_UNIT", "amount": amount},
        "basis": "UNITS",
    }
    mine = f'activity.campaign == "{code}"'
    document = {
        "unit": "POINTS",
        "zone": "UTC",
        "attributes": {
            "campaign": {"type": "STRING"},
            **{f"rep_{n}": {"type": "STRING"} for n in range(1, 6)},
            **{f"share_{n}": {"type": "INT"} for n in range(1, 6)},
        },
        "partner": {"consent": {"type": "STRING", "default": "ALLOW"}},
        "rules": [
            {
                "code": "rep",
                **said,
                "condition": f'{mine} && partner.consent == "ALLOW"',
                "beneficiaries": REPS,
                **rule,
            },
            {
                "code": "firm",
                **said,
                "condition": f'{mine} && partner.consent == "ROUTE_TO_FIRM"',
                "beneficiaries": [{"to": "PARTNER"}],
            },
        ],
    }
    await teller.does("manager", "publishTerms", "terms { id }", programId=program_id, document=document)
    await open_claims(teller, program_id, needsProof=needs_proof)
    skus = [{"sku": "GTX-1", "validFrom": (at - timedelta(days=60)).date().isoformat()}]
    await teller.does("manager", "saveEligibleSkus", "campaign { version }", programId=program_id, skus=skus)
    await teller.does("manager", "fundBudget", "program { id }", programId=program_id, amount=100_000, reason="go")
    await teller.does("manager", "changeProgramState", "program { state }", programId=program_id, action="LAUNCH")
    return program_id


async def open_claims(teller: Teller, program_id: str, **said: Any) -> None:
    """The manager says which sales may be claimed; by default those of the last 60 and the next 30 days."""
    at = await now(teller)
    window = {
        "soldFrom": (at - timedelta(days=60)).isoformat(),
        "soldUntil": (at + timedelta(days=30)).isoformat(),
        "claimsUntil": (at + timedelta(days=60)).isoformat(),
    }
    await teller.does("manager", "openClaims", "campaign { version }", programId=program_id, **window | said)


async def hand_in(teller: Teller, who: str, name: str = "invoice.pdf") -> str:
    """A file of this person; answers its id."""
    headers = {"authorization": f"Bearer {teller.tokens[who]}"}
    answer = await teller.client.post("/files", content=PDF, params={"name": name, "purpose": "claim"}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def line(teller: Teller, *, days: int = -5, **said: Any) -> Mapping[str, Any]:
    """One unit that was sold so many days ago, on an invoice of its own unless told otherwise."""
    invoice = f"INV {next(teller.numbers)}"
    return {"sku": "GTX-1", "soldOn": await day(teller, days), "invoice": invoice, **said}


async def draft(teller: Teller, who: str, program_id: str, *lines: Mapping[str, Any], **said: Any) -> str:
    """The rep writes a claim down; answers its id."""
    rows = list(lines) or [await line(teller)]
    made = await teller.does(who, "saveClaim", "claim { id state }", programId=program_id, lines=rows, **said)
    assert made["claim"]["state"] == "DRAFT"
    return made["claim"]["id"]


async def claim(teller: Teller, who: str, program_id: str, *lines: Mapping[str, Any]) -> str:
    """The rep claims; answers the claim's id."""
    claim_id = await draft(teller, who, program_id, *lines)
    made = await teller.does(who, "submitClaim", "claim { state turn }", claimId=claim_id)
    assert made["claim"] == {"state": "SUBMITTED", "turn": "VENDOR"}
    return claim_id


async def seen(teller: Teller, who: str, claim_id: str) -> Mapping[str, Any]:
    """The claim as this person sees it, who does."""
    found = (await teller.ask(who, f"query($id: ID!) {{ claim(id: $id) {{ {CLAIM} }} }}", id=claim_id))["claim"]
    assert found is not None
    return found


async def is_hidden(teller: Teller, who: str, claim_id: str) -> bool:
    """True if this person is told of no such claim."""
    return (await teller.ask(who, "query($id: ID!) { claim(id: $id) { id } }", id=claim_id))["claim"] is None


async def approve(teller: Teller, *claim_ids: str) -> Sequence[Mapping[str, Any] | None]:
    """The manager approves them whole; answers each one's refusal."""
    fields = "results { claim { id } refusal { code text } }"
    told = await teller.does("manager", "approveClaims", fields, claimIds=list(claim_ids))
    return [one["refusal"] for one in told["results"]]


async def points(teller: Teller, who: str) -> int:
    """What this person can spend less what they owe, as they see it."""
    told = (await teller.ask(who, "{ viewer { wallets { available receivable unit { code } } } }"))["viewer"]["wallets"]
    return sum(one["available"] - one["receivable"] for one in told)


async def consents(teller: Teller, partner: int, mode: str, *, days_from: int, days_until: int) -> None:
    """The firm said so for sales of these days."""
    at = (await now(teller)).astimezone(UTC)
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=teller.world.partners[partner],
        kind=FactKind.CONSENT,
        value={"value": mode},
        valid_from=at + timedelta(days=days_from),
        valid_until=at + timedelta(days=days_until),
    )
    await teller.world.know(fact)
    await teller.world.catch_up()


def explained(line_seen: Mapping[str, Any]) -> list[str]:
    """The codes of all steps to what a line was due."""
    return [step["code"] for due in line_seen["activity"]["dues"] for step in due["explanation"]]


def granted(line_seen: Mapping[str, Any]) -> list[int]:
    """What a line earned, one number a due that is worth something."""
    return [due["granted"] for due in line_seen["activity"]["dues"] if due["granted"]]


def opened(tag: Tag, text: str) -> Any:
    """Our own id behind an opaque one."""
    return decode_as(tag, text)
