"""Suppliers in PostgreSQL: defined, floats watched, lists held against our orders; the storeroom's commands."""

import base64
import csv
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from api import storekeeping
from api.http.keeping import KeyFileRefused
from api.keyrings import INDEX_FILE, KEYS_FILE, KEYS_MAX, add_key, keyring_of, use_newest
from api.settings import SettingRefused, Settings, read_settings
from api.storekeeping import codes_from_file, list_reconciled, rewrapped
from api.upkeep import UpkeepRefused, audited
from api.wiring import Wired, wired
from catalog.codes.importing import create_code_pool
from catalog.rewrapping import keys_in_use
from catalog.suppliers.definition import SupplierDefinition
from catalog.suppliers.http_push import HttpPush
from catalog.suppliers.outcomes import Recipient
from catalog.suppliers.reading import AdapterKind, supplier_of_source, suppliers, suppliers_by_id
from catalog.suppliers.recipients import opened_recipient, sealed_recipient
from catalog.suppliers.reconciliation import ORDERS_MAX, TheirOrder, TheirState
from catalog.suppliers.reconciling import reconcile_supplier, reconciliations_by_id
from catalog.suppliers.registering import define_supplier, report_float_in
from catalog.suppliers.registry import adapter_for
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.kernel.sealing import SealBroken
from domain.kernel.sql import Database
from tests.code_book import CodeBook, build_code_book, ring

SECRET = "whsec_" + "c2VjcmV0" * 5
CANARY = "CANARY-FILE-77"
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
async def book(fresh_database: str) -> AsyncIterator[CodeBook]:
    database = await Database.open(fresh_database, connections_max=4)
    yield await build_code_book(database)
    await database.close()


async def test_a_secret_is_sealed_bound_to_its_supplier_and_part_of_the_request(book: CodeBook) -> None:
    url = {"url": "https://acme.example/orders"}
    one = await book.supplier(AdapterKind.HTTP_PUSH, settings=url, secret=SECRET)
    two = await book.supplier(AdapterKind.HTTP_PUSH, settings=url, secret=SECRET)
    assert one.sealed_credentials is not None
    assert b"c2VjcmV0" not in one.sealed_credentials
    assert "sealed_credentials" not in repr(one)
    async with httpx2.AsyncClient(trust_env=False) as http:
        assert isinstance(adapter_for(one, book.keyring, http), HttpPush)
        await book.database.fetch("UPDATE supplier SET credentials = $2 WHERE id = $1", one.id, two.sealed_credentials)
        with pytest.raises(SealBroken):
            adapter_for(await book.supplier_as_it_is(one.id), book.keyring, http)
        with pytest.raises(ValueError, match="not called"):
            adapter_for(await book.supplier(), book.keyring, http)
    definition = SupplierDefinition(code="keyed", name="K", adapter=AdapterKind.HTTP_PUSH, settings=url, secret=SECRET)
    key = Keyed(key="define-keyed", request={"code": "keyed", "secret": SECRET})
    await define_supplier(book.door, SYSTEM, key, book.keyring, definition)
    assert (await define_supplier(book.door, SYSTEM, key, book.keyring, definition)).replayed
    other = replace(definition, secret="whsec_" + "b3RoZXJz" * 5)
    with pytest.raises(KeyReused):
        await define_supplier(book.door, SYSTEM, key, book.keyring, other)


async def test_a_supplier_is_its_sources_own_and_how_it_delivers_never_changes(book: CodeBook) -> None:
    own = await book.supplier(code="own", source_id=book.source_id)
    await book.supplier()
    found = await supplier_of_source(book.database, book.source_id)
    assert found is not None
    assert found.id == own.id
    bound = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=book.source_id)
    assert [each.id for each in await suppliers(book.database, bound, first=10)] == [own.id]
    for role in (Role.MEMBER, Role.PARTNER_ADMIN, Role.ANONYMOUS, Role.INTEGRATION):
        nobody = Actor(principal_id=new_id(), role=role, member_id=new_id(), partner_id=new_id())
        assert await suppliers(book.database, nobody, first=10) == []
        assert await suppliers_by_id(book.database, [(nobody, own.id)]) == {}
    with pytest.raises(InvalidInput):
        await book.supplier(AdapterKind.BY_HAND, code="own")
    with pytest.raises(NotFound):
        await book.supplier(source_id=new_id())


async def test_a_low_float_is_told_at_each_fall(book: CodeBook) -> None:
    supplier = await book.supplier(float_currency="EUR", float_alert_below=1_000)
    for balance in (5_000, 1_000, 999, 500, 2_000, 0):
        await book.door.operate(SYSTEM, lambda op, balance=balance: report_float_in(op, supplier.id, balance))
    assert [event["balance"] for event in await book.told("supplier.float_low")] == [999, 0]
    without = await book.supplier()
    await book.door.operate(SYSTEM, lambda op: report_float_in(op, without.id, 1))
    assert (await book.supplier_as_it_is(without.id)).float_balance is None


async def test_an_address_opens_for_its_own_redemption_only() -> None:
    recipient = Recipient(name="Ann", lines=("1 Road", "Flat 2"), city="Lyon", country="FR")
    redemption_id = new_id()
    sealed = sealed_recipient(ring(), redemption_id, recipient)
    assert opened_recipient(ring(), redemption_id, sealed) == recipient
    assert b"Lyon" not in sealed
    with pytest.raises(SealBroken):
        opened_recipient(ring(), new_id(), sealed)


async def test_a_list_is_held_against_the_attempts_of_its_supplier_and_span(book: CodeBook) -> None:
    supplier, other = await book.supplier(), await book.supplier()
    lines = await book.lines(6, supplier.id)
    await book.attempts(supplier.id, lines[:2], "DELIVERED")
    await book.attempts(supplier.id, lines[2:3], "UNKNOWN")
    await book.attempts(supplier.id, lines[3:4], "REFUSED")
    await book.attempts(other.id, lines[4:5], "DELIVERED")
    delivered = TheirState.DELIVERED
    theirs = [
        TheirOrder(external_id=lines[0].hex, state=delivered, amount=2_500, currency="EUR"),
        TheirOrder(external_id=lines[2].hex, state=delivered, amount=2_500, currency="EUR"),
        TheirOrder(external_id=lines[3].hex, state=TheirState.REFUSED, amount=2_500, currency="EUR"),
        TheirOrder(external_id=lines[4].hex, state=delivered, amount=2_500, currency="EUR"),
    ]
    made = await reconcile_supplier(book.door, SYSTEM, book.key(), supplier.id, theirs, starts_at=START, ends_at=END)
    pair = (SYSTEM, UUID(made.facts["reconciliation_id"]))
    found = (await reconciliations_by_id(book.database, [pair]))[pair]
    assert {kind: count for kind, count in found.counts.items() if count} == {
        "AGREES": 2,
        "STATE_DIFFERS": 1,
        "ONLY_THEIRS": 1,
        "ONLY_OURS": 1,
    }
    assert {one.external_id: one.kind.value for one in found.differences} == {
        lines[2].hex: "STATE_DIFFERS",
        lines[4].hex: "ONLY_THEIRS",
        lines[1].hex: "ONLY_OURS",
    }
    earlier = await reconcile_supplier(
        book.door, SYSTEM, book.key(), supplier.id, theirs[:1], starts_at=START, ends_at=START + timedelta(days=1)
    )
    pair = (SYSTEM, UUID(earlier.facts["reconciliation_id"]))
    assert (await reconciliations_by_id(book.database, [pair]))[pair].differs == 0
    stranger = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=book.source_id)
    assert await reconciliations_by_id(book.database, [(stranger, pair[1])]) == {}
    with pytest.raises(NotFound):
        await reconcile_supplier(book.door, stranger, book.key(), supplier.id, theirs, starts_at=START, ends_at=END)
    with pytest.raises(InvalidInput):
        await reconcile_supplier(book.door, SYSTEM, book.key(), supplier.id, theirs, starts_at=END, ends_at=START)
    with pytest.raises(InvalidInput):
        await reconcile_supplier(
            book.door, SYSTEM, book.key(), supplier.id, theirs[:1] * (ORDERS_MAX + 1), starts_at=START, ends_at=END
        )


def settings_of(fresh_database: str, valkey_url: str, home: Path) -> Settings:
    said = {"DATABASE_URL": fresh_database, "REDIS_URL": valkey_url, "GUERDON_HOME": str(home)}
    return read_settings(said)


@pytest.fixture
async def parts(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired(settings_of(fresh_database, valkey_url, tmp_path / "home"), "test") as built:
        yield built


def write_codes(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Code", "PIN", "expiresOn"])
        writer.writerows(
            [f"{CANARY}-{number:05}", "1234", "" if number % 2 else "2099-01-01"] for number in range(count)
        )
    return path


async def shelf(parts: Wired) -> None:
    """A supplier `gift` with a pool `25`."""
    definition = SupplierDefinition(code="gift", name="G", adapter=AdapterKind.CODE_POOL)
    keyed = Keyed(key="s", request={})
    made = await define_supplier(parts.door, SYSTEM, keyed, parts.keyring, definition)
    supplier_id = UUID(made.facts["supplier_id"])
    await create_code_pool(parts.door, SYSTEM, keyed, parts.keyring, supplier_id, "25", "P", 0)


async def test_a_file_of_codes_comes_in_and_again_changes_nothing(
    parts: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf(parts)
    monkeypatch.setattr(storekeeping, "BATCH_CODES_MAX", 2_000)
    path, report, seen = write_codes(tmp_path / "codes.csv", 2_500), tmp_path / "report.csv", list[tuple[int, int]]()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{CANARY}-00000,1,\n,9,\n")

    async def bring() -> Mapping[str, int]:
        return await codes_from_file(
            parts, path=path, pool="gift/25", batch="may", report=report, progress=lambda *at: seen.append(at)
        )

    assert await bring() == {"IMPORTED": 2_500, "DUPLICATE": 1, "REJECTED": 1}
    assert seen == [(1_000, 2_502), (2_000, 2_502), (2_502, 2_502)]
    assert await bring() == {"IMPORTED": 2_500, "DUPLICATE": 1, "REJECTED": 1}
    row = await parts.database.fetchrow("SELECT imported, free FROM code_pool")
    assert row is not None
    assert tuple(row) == (2_500, 2_500)
    batches = await parts.database.fetch("SELECT external_id, imported FROM code_batch ORDER BY external_id")
    assert [tuple(each) for each in batches] == [("may", 2_000), ("may-2", 500)]
    lines = report.read_text().splitlines()
    assert lines[0] == "row,outcome,reason"
    assert lines[-2:] == ["2501,duplicate,", "2502,rejected,EMPTY"]
    assert CANARY not in report.read_text()
    assert (await audited(parts, ["C1"]))["violations"] == 0


@pytest.mark.parametrize(
    ("content", "pool", "says"),
    [
        (b"code\nA\n", "gift/none", "no pool"),
        (b"name\nA\n", "gift/25", "no column"),
        (b"code\n\xff\xfeCANARY\n", "gift/25", "no CSV file in UTF-8"),
    ],
)
async def test_a_file_that_cannot_be_taken_says_why_and_quotes_nothing(
    parts: Wired, tmp_path: Path, content: bytes, pool: str, says: str
) -> None:
    await shelf(parts)
    path = tmp_path / "codes.csv"
    path.write_bytes(content)
    with pytest.raises(UpkeepRefused, match=says) as caught:
        await codes_from_file(parts, path=path, pool=pool, batch="b", report=None, progress=lambda *_: None)
    assert "CANARY" not in str(caught.value)


async def test_a_list_in_a_file_is_held_against_ours(parts: Wired, tmp_path: Path) -> None:
    await shelf(parts)
    path = tmp_path / "orders.csv"
    path.write_text(f"externalId,state,amount,currency\n{new_id()},DELIVERED,2500,EUR\n")
    found = await list_reconciled(parts, path=path, supplier="gift", starts_at=START, ends_at=END)
    assert (found.agrees, found.differs) == (0, 1)
    with pytest.raises(UpkeepRefused, match="no supplier"):
        await list_reconciled(parts, path=path, supplier="none", starts_at=START, ends_at=END)


async def test_keys_in_files_rotate_while_everything_opens(
    parts: Wired, fresh_database: str, valkey_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    await shelf(parts)
    assert stat.S_IMODE((home / KEYS_FILE).stat().st_mode) == stat.S_IMODE((home / INDEX_FILE).stat().st_mode) == 0o600
    assert parts.keyring.current == "k1"
    assert add_key(home) == "k2"
    settings = settings_of(fresh_database, valkey_url, home)
    both = keyring_of(settings)
    assert (both.current, list(both.keys)) == ("k1", ["k1", "k2"])
    assert use_newest(home) == "k2"
    assert stat.S_IMODE((home / KEYS_FILE).stat().st_mode) == 0o600
    async with wired(settings, "test") as renewed:
        assert renewed.keyring.current == "k2"
        said = list[int]()
        assert await rewrapped(renewed, said.append) == 1
        assert await rewrapped(renewed, said.append) == 0
        assert (said, await keys_in_use(renewed.database)) == ([1], {"k2": 1})
    for _ in range(KEYS_MAX - 2):
        add_key(home)
    with pytest.raises(ValueError, match="enough"):
        add_key(home)
    (home / KEYS_FILE).write_text("k1:short\n")
    with pytest.raises(KeyFileRefused):
        keyring_of(settings)
    (home / KEYS_FILE).chmod(0o644)
    with pytest.raises(KeyFileRefused):
        keyring_of(settings)


KEY_A, KEY_B = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))


def test_keys_in_the_environment_rotate_by_their_order_and_are_never_printed(tmp_path: Path) -> None:
    settings = read_settings({"GUERDON_KEYS": f"new:{KEY_A},old:{KEY_B}", "GUERDON_INDEX_KEY": KEY_B})
    found = keyring_of(settings)
    assert (found.current, dict(found.keys)) == ("new", {"new": b"a" * 32, "old": b"b" * 32})
    shown = repr(settings) + str(settings.described()) + repr(found)
    assert not any(secret in shown for secret in (KEY_A, KEY_B, "aaaa", "bbbb"))
    assert settings.described()["keys"] == "new:***, old:***"


@pytest.mark.parametrize(
    "said",
    [
        {"GUERDON_KEYS": f"a:{KEY_A}"},
        {"GUERDON_KEYS": "a:c2hvcnQ=", "GUERDON_INDEX_KEY": KEY_B},
        {"GUERDON_KEYS": f"A B:{KEY_A}", "GUERDON_INDEX_KEY": KEY_B},
        {"GUERDON_KEYS": f"a:{KEY_A},a:{KEY_B}", "GUERDON_INDEX_KEY": KEY_B},
        {"GUERDON_KEYS": ",", "GUERDON_INDEX_KEY": KEY_B},
        {"GUERDON_KEYS": f"a:{KEY_A}", "GUERDON_INDEX_KEY": "no key"},
    ],
)
def test_a_key_that_cannot_be_used_is_refused_without_quoting_it(said: Mapping[str, str]) -> None:
    with pytest.raises(SettingRefused) as caught:
        read_settings(said)
    assert not any(text in str(caught.value) for text in (KEY_A, KEY_B, "c2hvcnQ", "no key"))
