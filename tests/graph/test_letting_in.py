"""People are let in: account managers with partners for a time, invitations by a token, applicants who see nothing."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.graph.ids import Tag, encode_id
from api.http.issuer import PATH as ISSUER_PATH
from api.http.issuer import mint_token
from api.http.signing import SigningKey
from domain.access.assigning import follow_assignments
from domain.access.principals import Role
from tests.stories.teller import Teller, told

PARTNERS = "{ partners { edges { node { id name } } } }"
VIEWER = "viewer { role name member { id name email } partner { name } }"
INVITED = "token invitation { id state mailbox sends availableActions }"


@pytest.fixture
async def teller(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Teller]:
    async with told(fresh_database, valkey_url, tmp_path) as teller:
        await teller.person("boss", Role.PARTNER_ADMIN, 0)
        await teller.person("keeper", Role.ACCOUNT_MANAGER)
        yield teller


def stranger(teller: Teller, name: str, email: str | None = None) -> str:
    """Somebody signs in whom no account is linked to."""
    settings = teller.parts.settings
    key = SigningKey.kept_in(settings.home)
    issuer = settings.url + ISSUER_PATH
    teller.tokens[name] = mint_token(
        key, issuer=issuer, audience=settings.oidc_audience, subject=name, seconds=900, email=email
    )
    return name


async def seen_partners(teller: Teller, who: str) -> list[str]:
    found = await teller.ask(who, PARTNERS)
    return [edge["node"]["name"] for edge in found["partners"]["edges"]]


def partner(teller: Teller, place: int) -> str:
    return encode_id(Tag.PARTNER, teller.world.partners[place])


async def keeper_id(teller: Teller) -> str:
    found = await teller.ask("manager", "{ accountManagers { edges { node { accountId name } } } }")
    (edge,) = found["accountManagers"]["edges"]
    return edge["node"]["accountId"]


async def status_of(teller: Teller, who: str, document: str) -> tuple[int, Mapping[str, Any]]:
    headers = {"authorization": f"Bearer {teller.tokens[who]}", "accept": "application/graphql-response+json"}
    answer = await teller.client.post("/graphql", json={"query": document}, headers=headers)
    return answer.status_code, answer.json()


async def test_an_account_manager_sees_the_own_partners_while_the_assignment_lasts(teller: Teller) -> None:
    keeper = await keeper_id(teller)
    assert await seen_partners(teller, "keeper") == []
    named = {"accountId": keeper, "partnerIds": [partner(teller, 0)]}
    done = await teller.does("manager", "assignAccountManager", "assignments { id since until name }", **named)
    (assignment,) = done["assignments"]
    assert (assignment["name"], assignment["until"]) == ("keeper", None)
    assert await seen_partners(teller, "keeper") == ["Partner 0"]
    again = await teller.says("manager", "assignAccountManager", "assignments { id }", idempotencyKey="a", **named)
    assert again["code"] == "ACCOUNT_MANAGER_ASSIGNED"
    looking = "{ viewer { partner { accountManagers { name } } } }"
    for who, shown in (("boss", [{"name": "keeper"}]), ("rep0", [{"name": "keeper"}]), ("rep1", [])):
        assert (await teller.ask(who, looking))["viewer"]["partner"]["accountManagers"] == shown
    await teller.does("manager", "unassignAccountManager", "partner { id }", assignmentId=assignment["id"])
    assert await seen_partners(teller, "keeper") == []


async def test_an_assignment_begins_and_ends_by_the_clock(teller: Teller) -> None:
    keeper = await keeper_id(teller)
    now = (await teller.ask("manager", "{ now }"))["now"]
    since, until = now[:10] + "T23:59:59Z", f"{int(now[:4]) + 1}{now[4:10]}T00:00:00Z"
    both = [partner(teller, 0), partner(teller, 1)]
    span = {"since": since, "until": until}
    await teller.does(
        "manager", "assignAccountManager", "assignments { id }", accountId=keeper, partnerIds=both, **span
    )
    for days, names in ((0, []), (2, ["Partner 0", "Partner 1"]), (370, [])):
        if days:
            await teller.later(days=days)
        await follow_assignments(teller.world.door)
        stranger(teller, "keeper")
        assert await seen_partners(teller, "keeper") == names
    assert await follow_assignments(teller.world.door) == 0


async def test_a_manager_hands_out_partners_of_the_own_portfolio_only(teller: Teller) -> None:
    keeper = await keeper_id(teller)
    narrow = await teller.person("narrow", Role.ACCOUNT_MANAGER)
    for who, code in (("keeper", "NOT_ALLOWED"), (narrow, "NOT_ALLOWED"), ("support", "NOT_ALLOWED")):
        said = await teller.says(
            who,
            "assignAccountManager",
            "assignments { id }",
            idempotencyKey="x",
            accountId=keeper,
            partnerIds=[partner(teller, 0)],
        )
        assert said["code"] == code
    said = await teller.says(
        "manager",
        "linkAccount",
        "account { id }",
        issuer="https://login.example",
        subject="new",
        role="ACCOUNT_MANAGER",
        name="New",
    )
    assert said["__typename"] == "LinkAccountSuccess"
    said = await teller.says(
        "manager", "linkAccount", "account { id }", issuer="https://x.example", subject="f", role="FINANCE", name="F"
    )
    assert said["code"] == "ROLE_NOT_GRANTABLE"


async def test_who_is_invited_accepts_with_the_own_sign_in_and_is_a_member(teller: Teller) -> None:
    invited = await teller.does("boss", "inviteMember", INVITED, mailbox="Ann@Firm.example", name="Ann")
    assert invited["invitation"]["state"] == "OPEN"
    assert invited["invitation"]["availableActions"] == ["RESEND", "REVOKE"]
    ann = stranger(teller, "ann", "ann@firm.example")
    assert (await status_of(teller, ann, "{ viewer { role } }"))[0] == 403
    assert (await status_of(teller, ann, "{ now }"))[1]["errors"][0]["extensions"]["code"] == "ACCOUNT_NOT_LINKED"
    key, document = "accept", VIEWER
    for _ in range(2):  # an answer that was lost is asked for again
        done = await teller.says(ann, "acceptInvitation", document, idempotencyKey=key, token=invited["token"])
        assert done["__typename"] == "AcceptInvitationSuccess", done
        assert (done["viewer"]["role"], done["viewer"]["partner"]) == ("MEMBER", {"name": "Partner 0"})
        assert done["viewer"]["member"]["email"] == "Ann@Firm.example"
    listed = await teller.ask("boss", "{ invitations(state: ACCEPTED) { edges { node { mailbox acceptedTerms } } } }")
    assert [edge["node"]["acceptedTerms"] for edge in listed["invitations"]["edges"]] == [0]
    late = await teller.says(
        stranger(teller, "eve"), "acceptInvitation", document, idempotencyKey="e", token=invited["token"]
    )
    assert late["code"] == "INVITATION_NOT_OPEN"
    assert (await teller.ask(ann, "{ viewer { wallets { available } } }"))["viewer"]["wallets"] == []


async def test_an_invitation_for_another_mailbox_or_of_another_time_is_refused(teller: Teller) -> None:
    first = await teller.does("boss", "inviteMember", INVITED, mailbox="ann@firm.example", name="Ann")
    twice = await teller.says("boss", "inviteMember", INVITED, idempotencyKey="t", mailbox="ANN@firm.example", name="A")
    assert twice["code"] == "INVITATION_OPEN"
    bob = stranger(teller, "bob", "bob@firm.example")
    said = await teller.says(bob, "acceptInvitation", VIEWER, idempotencyKey="1", token=first["token"])
    assert said["code"] == "INVITATION_FOR_ANOTHER"
    wrong = await teller.says(bob, "acceptInvitation", VIEWER, idempotencyKey="2", token="gi_nothing")
    assert wrong["code"] == "NOT_FOUND"
    await teller.later(days=14)
    ann = stranger(teller, "ann", "ann@firm.example")
    stranger(teller, "boss")
    said = await teller.says(ann, "acceptInvitation", VIEWER, idempotencyKey="3", token=first["token"])
    assert said["code"] == "INVITATION_EXPIRED"
    again = await teller.does("boss", "resendInvitation", INVITED, invitationId=first["invitation"]["id"])
    assert again["invitation"]["sends"] == 2
    said = await teller.says(ann, "acceptInvitation", VIEWER, idempotencyKey="4", token=first["token"])
    assert said["code"] == "NOT_FOUND"
    terms = {"text": {"en": "Be kind.", "fr": "Soyez gentils."}}
    await teller.does("admin", "publishParticipationTerms", "participationTerms { version text }", **terms)
    said = await teller.says(ann, "acceptInvitation", VIEWER, idempotencyKey="5", token=again["token"])
    assert said["code"] == "PARTICIPATION_TERMS_CHANGED"
    done = await teller.does(ann, "acceptInvitation", VIEWER, token=again["token"], termsVersion=1)
    assert done["viewer"]["role"] == "MEMBER"


async def test_nobody_invites_beyond_the_own_role_and_partners(teller: Teller) -> None:
    await teller.person("rival", Role.PARTNER_ADMIN, 1)
    asked: dict[str, Any] = {"mailbox": "zoe@firm.example", "name": "Zoé"}
    for who, more, code in (
        ("boss", {"role": "PARTNER_ADMIN"}, "ROLE_NOT_GRANTABLE"),
        ("rival", {"partnerId": partner(teller, 0)}, "NOT_FOUND"),
        ("manager", {"role": "FINANCE"}, "ROLE_NOT_GRANTABLE"),
        ("manager", {}, "INVALID_INPUT"),
        ("keeper", {"partnerId": partner(teller, 0)}, "NOT_ALLOWED"),
        ("rep0", {}, "NOT_ALLOWED"),
    ):
        said = await teller.says(who, "inviteMember", INVITED, idempotencyKey=teller.key(), **asked, **more)
        assert said["code"] == code, (who, more)
    kept = await teller.does("manager", "inviteMember", INVITED, role="ACCOUNT_MANAGER", **asked)
    zoe = stranger(teller, "zoe")
    done = await teller.does(zoe, "acceptInvitation", VIEWER, token=kept["token"])
    assert (done["viewer"]["role"], done["viewer"]["member"]) == ("ACCOUNT_MANAGER", None)
    own = await teller.does("boss", "inviteMember", INVITED, **asked)
    listed = "{ invitations { edges { node { id } } } }"
    assert (await teller.ask("rival", listed))["invitations"]["edges"] == []
    assert len((await teller.ask("boss", listed))["invitations"]["edges"]) == 1
    theft = {"idempotencyKey": "theft", "invitationId": own["invitation"]["id"]}
    assert (await teller.says("rival", "revokeInvitation", "invitation { id }", **theft))["code"] == "NOT_FOUND"
    await teller.does("boss", "revokeInvitation", "invitation { state }", invitationId=own["invitation"]["id"])
    ended = await teller.says("boss", "resendInvitation", INVITED, **theft)
    assert ended["code"] == "INVITATION_NOT_OPEN"


async def test_an_applicant_sees_the_own_account_and_is_promoted_by_an_invitation(teller: Teller) -> None:
    hopeful = await teller.person("hopeful", Role.APPLICANT)
    seen = await teller.ask(hopeful, "{ viewer { role account { name } member { id } wallets { available } } }")
    assert seen["viewer"] == {"role": "APPLICANT", "account": {"name": "hopeful"}, "member": None, "wallets": []}
    status, body = await status_of(teller, hopeful, PARTNERS)
    assert (status, body["errors"][0]["extensions"]["code"]) == (200, "NOT_ALLOWED")
    invited = await teller.does(
        "manager",
        "inviteMember",
        INVITED,
        mailbox="h@firm.example",
        name="Hope",
        role="PARTNER_ADMIN",
        partnerId=partner(teller, 1),
    )
    done = await teller.does(hopeful, "acceptInvitation", VIEWER, token=invited["token"])
    assert (done["viewer"]["role"], done["viewer"]["partner"]) == ("PARTNER_ADMIN", {"name": "Partner 1"})
