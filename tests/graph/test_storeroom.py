"""Suppliers and codes through the schema: who may do and see what, what is answered, and that no code ever is."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from api.graph.ids import Tag
from domain.access.principals import Actor, Role, Scope
from domain.kernel.ids import new_id
from tests.building import build_world
from tests.graph.asking import NOBODY, Asker, admin, key, listening, member, opaque, partner_admin

REFUSAL = "... on Refusal { code text retryable french: text(locale: FR) }"
SECRET = "whsec_" + "c2VjcmV0" * 5
CODE = "CANARY-CODE-0001"


@pytest.fixture(scope="module")
async def asker(database: str) -> AsyncIterator[Asker]:
    heard: list[str] = []
    opened = await listening(database, heard)
    yield Asker.over(await build_world(opened), heard)
    await opened.close()


def operator(role: Role) -> Actor:
    return Actor(principal_id=new_id(), role=role)


@pytest.fixture(scope="module")
def keeper() -> Actor:
    return operator(Role.CATALOG)


async def change(asker: Asker, actor: Actor, name: str, fields: str, /, **asked: Any) -> Mapping[str, Any]:
    """The result of one mutation: of its success the fields, of any refusal the common ones."""
    upper = name[0].upper() + name[1:]
    document = (
        f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{"
        f" __typename ... on {upper}Success {{ {fields} }} {REFUSAL} }} }}"
    )
    return (await asker.ask(actor, document, input={"idempotencyKey": str(new_id())} | asked))[name]


async def supplier(asker: Asker, keeper: Actor, code: str, **asked: Any) -> str:
    made = await change(
        asker,
        keeper,
        "defineSupplier",
        "supplier { id }",
        **{"code": code, "name": "S", "adapter": "CODE_POOL"} | asked,
    )
    return made["supplier"]["id"]


async def pool(asker: Asker, keeper: Actor, supplier_id: str, code: str) -> str:
    made = await change(asker, keeper, "createCodePool", "pool { id }", supplierId=supplier_id, code=code, name="P")
    return made["pool"]["id"]


async def test_a_keeper_defines_a_supplier_and_its_secret_is_never_told(asker: Asker, keeper: Actor) -> None:
    asked = {
        "code": "acme",
        "name": "Acme",
        "adapter": "HTTP_PUSH",
        "settings": {"url": "https://acme.example/orders"},
        "secret": SECRET,
        "floatBalance": 500,
        "floatCurrency": "EUR",
        "floatAlertBelow": 1000,
    }
    fields = "supplier { id version state adapter settings hasCredentials floatBalance floatAlertBelow rateCalls }"
    made = await change(asker, keeper, "defineSupplier", fields, **asked)
    assert made["supplier"]["hasCredentials"] is True
    assert made["supplier"]["settings"] == {"url": "https://acme.example/orders"}
    assert SECRET not in str(made)
    del asked["secret"]
    again = await change(asker, keeper, "defineSupplier", fields, **asked | {"name": "Acme 2"})
    assert again["supplier"]["hasCredentials"] is True
    assert again["supplier"]["version"] > made["supplier"]["version"]
    paused = await change(asker, keeper, "pauseSupplier", "supplier { state }", supplierId=made["supplier"]["id"])
    assert paused["supplier"] == {"state": "PAUSED"}
    lows = await asker.world.database.fetch("SELECT payload FROM outbox WHERE name = 'supplier.float_low'")
    assert [row["payload"]["balance"] for row in lows] == [500]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"code": "Not A Code"}, "code"),
        ({"name": ""}, "name"),
        ({"adapter": "HTTP_PUSH", "settings": {"url": "https://a.example/"}}, "secret"),
        ({"adapter": "HTTP_PUSH", "secret": SECRET}, "settings"),
        ({"adapter": "HTTP_PUSH", "secret": "short", "settings": {"url": "https://a.example/"}}, "secret"),
        ({"adapter": "HTTP_PUSH", "secret": SECRET, "settings": {"url": "http://127.0.0.1/"}}, "settings.url"),
        ({"settings": {"password": "x"}}, "settings"),
        ({"settings": []}, "settings"),
        ({"secret": SECRET}, "secret"),
        ({"adapter": "SCRIPTED"}, "isTest"),
        ({"rateCalls": 0}, "rateCalls"),
        ({"rateCalls": 10_001}, "rateCalls"),
        ({"rateSeconds": 86_401}, "rateSeconds"),
        ({"floatBalance": 1}, "floatCurrency"),
        ({"floatCurrency": "eur"}, "floatCurrency"),
    ],
)
async def test_a_definition_out_of_its_bounds_is_refused(
    asker: Asker, keeper: Actor, asked: Mapping[str, Any], field: str
) -> None:
    wanted = {"code": "bounds", "name": "B", "adapter": "CODE_POOL"} | dict(asked)
    refused = await change(asker, keeper, "defineSupplier", "supplier { id }", **wanted)
    assert refused["code"] == "INVALID_INPUT", refused
    assert refused["text"].startswith(f"{field}: ")


async def test_codes_come_in_by_rows_and_no_answer_repeats_one(asker: Asker, keeper: Actor) -> None:
    pool_id = await pool(asker, keeper, await supplier(asker, keeper, "gift"), "gift-25")
    fields = """
      results { row outcome reason } imported duplicates rejected
      batch { id externalId state imported rejected pool { id } }
      pool { imported free reserved issued void isLow supplier { code } batches { externalId } }
    """
    codes = [{"code": CODE, "pin": "9"}, {"code": CODE}, {"pin": "1"}, {"code": "X-1", "expiresOn": "2020-01-01"}]
    made = await change(asker, keeper, "importCodes", fields, poolId=pool_id, batchExternalId="b1", codes=codes)
    assert [(each["outcome"], each["reason"]) for each in made["results"]] == [
        ("IMPORTED", None),
        ("DUPLICATE", None),
        ("REJECTED", "EMPTY"),
        ("REJECTED", "EXPIRED"),
    ]
    assert (made["imported"], made["duplicates"], made["rejected"]) == (1, 1, 2)
    assert made["pool"]["free"] == 1
    assert CODE not in str(made)
    batch_id = made["batch"]["id"]
    recalled = await change(
        asker,
        keeper,
        "recallCodeBatch",
        "voided issued batch { state recalledAt } pool { free void }",
        batchId=batch_id,
    )
    assert (recalled["voided"], recalled["pool"]) == (1, {"free": 0, "void": 1})
    assert recalled["batch"]["state"] == "RECALLED"
    refused = await change(
        asker, keeper, "importCodes", fields, poolId=pool_id, batchExternalId="b1", codes=[{"code": "NEW-1"}]
    )
    assert refused["code"] == "BATCH_RECALLED"
    found = await asker.ask(
        keeper, "query($id: ID!) { node(id: $id) { id ... on CodeBatch { externalId } } }", id=batch_id
    )
    assert found["node"]["externalId"] == "b1"


async def test_a_call_takes_one_to_a_thousand_codes(asker: Asker, keeper: Actor) -> None:
    pool_id = await pool(asker, keeper, await supplier(asker, keeper, "many"), "many")
    for count in (0, 1_001):
        codes = [{"code": f"MANY-{number}"} for number in range(count)]
        refused = await change(
            asker, keeper, "importCodes", "imported", poolId=pool_id, batchExternalId="b", codes=codes
        )
        assert refused["code"] == "INVALID_INPUT"


async def test_a_list_of_the_supplier_is_held_against_ours(asker: Asker, keeper: Actor) -> None:
    supplier_id = await supplier(asker, keeper, "reconciled")
    rows = "".join(f"{number:032x},DELIVERED,2500,EUR\n" for number in range(1, 4))
    asked = {
        "supplierId": supplier_id,
        "startsAt": "2026-05-01T00:00:00Z",
        "endsAt": "2026-06-01T00:00:00Z",
        "csv": "externalId,state,amount,currency\n" + rows,
    }
    fields = """
      reconciliation { id agrees differs supplier { code } differences(first: 2) {
        edges { cursor node { kind externalId theirs { state amount currency } ours { state } } }
        pageInfo { hasNextPage endCursor } } }
    """
    made = await change(asker, keeper, "reconcileSupplier", fields, **asked)
    found = made["reconciliation"]
    assert (found["agrees"], found["differs"]) == (0, 3)
    assert found["differences"]["pageInfo"]["hasNextPage"] is True
    first = found["differences"]["edges"][0]["node"]
    assert first == {
        "kind": "ONLY_THEIRS",
        "externalId": f"{1:032x}",
        "ours": None,
        "theirs": {"state": "DELIVERED", "amount": 2500, "currency": "EUR"},
    }
    again = await change(asker, keeper, "reconcileSupplier", fields, **asked)
    assert again["reconciliation"]["id"] == found["id"]
    page = """query($id: ID!, $after: Cursor) { node(id: $id) { ... on Reconciliation {
      differences(first: 2, after: $after) { edges { node { externalId } } } } } }"""
    rest = await asker.ask(keeper, page, id=found["id"], after=found["differences"]["pageInfo"]["endCursor"])
    assert [edge["node"]["externalId"] for edge in rest["node"]["differences"]["edges"]] == [f"{3:032x}"]
    wrong = await change(asker, keeper, "reconcileSupplier", fields, **asked | {"csv": "nothing"})
    assert wrong["code"] == "INVALID_INPUT"


async def test_what_each_role_sees_of_suppliers_and_pools(asker: Asker, keeper: Actor) -> None:
    supplier_id = await supplier(asker, keeper, "seen", floatCurrency="EUR", floatBalance=7)
    await pool(asker, keeper, supplier_id, "seen-pool")
    one = "query($id: ID!) { supplier(id: $id) { name state settings hasCredentials floatBalance codePools { free } } }"
    seen = {
        role: (await asker.ask(operator(role), one, id=supplier_id))["supplier"]
        for role in (Role.CATALOG, Role.ADMIN, Role.SUPPORT, Role.FINANCE, Role.CHANNEL_MANAGER)
    }
    assert {role: (each["name"], each["state"]) for role, each in seen.items()} == dict.fromkeys(seen, ("S", "ACTIVE"))
    assert [role for role, each in seen.items() if each["settings"] is not None] == [Role.CATALOG, Role.ADMIN]
    assert [role for role, each in seen.items() if each["floatBalance"] == 7] == [
        Role.CATALOG,
        Role.ADMIN,
        Role.FINANCE,
    ]
    assert [role for role, each in seen.items() if each["codePools"] is None] == [Role.CHANNEL_MANAGER]


@pytest.mark.parametrize("query", ["suppliers { edges { node { name } } }", "codePools { edges { node { free } } }"])
async def test_partners_people_and_strangers_see_nothing_of_the_storeroom(asker: Asker, query: str) -> None:
    for actor in (member(asker.world, 0), partner_admin(asker.world, 0), NOBODY):
        result = await asker.result(actor, f"{{ {query} }}")
        assert [error.original_error.code() for error in result.errors] == ["NOT_ALLOWED"]


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.CHANNEL_MANAGER])
@pytest.mark.parametrize(
    "name", ["defineSupplier", "pauseSupplier", "createCodePool", "importCodes", "recallCodeBatch"]
)
async def test_only_the_catalogs_keepers_write(asker: Asker, role: Role, name: str) -> None:
    id_ = opaque(Tag.SUPPLIER, new_id())
    asked: Mapping[str, Mapping[str, Any]] = {
        "defineSupplier": {"code": "x", "name": "x", "adapter": "BY_HAND"},
        "pauseSupplier": {"supplierId": id_},
        "createCodePool": {"supplierId": id_, "code": "x", "name": "x"},
        "importCodes": {"poolId": id_, "batchExternalId": "x", "codes": [{"code": "x"}]},
        "recallCodeBatch": {"batchId": id_},
    }
    assert (await change(asker, operator(role), name, "__typename", **asked[name]))["code"] == "NOT_ALLOWED"


async def test_a_key_works_in_its_own_suppliers_storeroom_by_its_scopes(asker: Asker, keeper: Actor) -> None:
    source = opaque(Tag.SOURCE, asker.world.source_id)
    own = await supplier(asker, keeper, "own", sourceId=source)
    other_pool = await pool(asker, keeper, await supplier(asker, keeper, "other"), "p")
    bound = key(Scope.CODES_WRITE, Scope.CODES_READ, Scope.CATALOG_READ, source_id=asker.world.source_id)
    pool_id = await pool(asker, bound, own, "p")
    brought = {"poolId": pool_id, "batchExternalId": "b", "codes": [{"code": "KEYS-0001"}]}
    assert (await change(asker, bound, "importCodes", "imported pool { free }", **brought))["pool"] == {"free": 1}
    listed = await asker.ask(
        bound, "{ suppliers { edges { node { code settings } } } codePools { edges { node { id } } } }"
    )
    assert listed["suppliers"]["edges"] == [{"node": {"code": "own", "settings": None}}]
    assert [edge["node"]["id"] for edge in listed["codePools"]["edges"]] == [pool_id]
    foreign = {"poolId": other_pool, "batchExternalId": "b", "codes": [{"code": "KEYS-0002"}]}
    assert (await change(asker, bound, "importCodes", "imported", **foreign))["code"] == "NOT_FOUND"
    unbound = key(Scope.CODES_WRITE, Scope.CODES_READ)
    assert (await change(asker, unbound, "importCodes", "imported", **foreign))["code"] == "NOT_FOUND"
    reader = key(Scope.CODES_READ, source_id=asker.world.source_id)
    assert (await change(asker, reader, "importCodes", "imported", **brought))["code"] == "SCOPE_MISSING"
    taken = await change(
        asker, keeper, "defineSupplier", "supplier { id }", code="taken", name="T", adapter="BY_HAND", sourceId=source
    )
    assert taken["code"] == "ALREADY_EXISTS"


async def test_lists_of_pools_read_their_nouns_together(asker: Asker) -> None:
    boss = admin()
    counts = list[int]()
    for number in range(2):
        for more in range(3):
            await pool(asker, boss, await supplier(asker, boss, f"bulk-{number}-{more}"), "p")
        await asker.ask(
            boss, "{ codePools(first: 50) { edges { node { free supplier { name } batches { state } } } } }"
        )
        counts.append(len(asker.statements))
    assert counts[0] == counts[1] == 3
