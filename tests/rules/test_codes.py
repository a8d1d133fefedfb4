"""What a code is: judged, compared, masked and written; addresses that suppliers may be called at; their answers."""

from datetime import date, timedelta
from uuid import UUID

import orjson
import pytest

from catalog.codes.records import (
    FIELD_LENGTH_MAX,
    CodeRow,
    Rejection,
    compared,
    is_card_number,
    judged,
    last_four,
    read,
    row_of,
    written,
)
from catalog.suppliers.addresses import AddressRefused, checked_url, found_place, is_public
from catalog.suppliers.answers import answered, asked_after
from catalog.suppliers.outcomes import (
    Asked,
    Delivered,
    Goods,
    Later,
    NotFound,
    Order,
    Pending,
    Recipient,
    RefusalReason,
    Refused,
    Unclear,
)
from catalog.suppliers.reconciliation import (
    ORDERS_MAX,
    Difference,
    ListRefused,
    OurOrder,
    TheirOrder,
    TheirState,
    orders_of_csv,
)
from catalog.suppliers.reconciliation import compared as held_against
from catalog.suppliers.signatures import secret_bytes, signed_headers

TODAY = date(2026, 5, 4)
LINE = UUID("01890000-0000-7000-8000-000000000001")
ORDER = Order(attempt_id=LINE, line_id=LINE, fence=1, sku="gift-25", face_value=2500, currency="EUR")
SAID = {"externalId": LINE.hex, "amount": 2500, "currency": "EUR"}


@pytest.mark.parametrize(
    ("row", "rejected"),
    [
        (CodeRow(), Rejection.EMPTY),
        (CodeRow(code="  ", pin="1234"), Rejection.EMPTY),
        (CodeRow(code="x" * FIELD_LENGTH_MAX), None),
        (CodeRow(code="x" * (FIELD_LENGTH_MAX + 1)), Rejection.TOO_LONG),
        (CodeRow(code="AB\u0000CD"), Rejection.NOT_PRINTABLE),
        (CodeRow(url="http://example.com/claim"), Rejection.NOT_A_LINK),
        (CodeRow(url="https://example.com/claim/abc"), None),
        (CodeRow(code="4111 1111 1111 1111"), Rejection.CARD_NUMBER),
        (CodeRow(code="4111 1111 1111 1112"), None),
        (CodeRow(code="AAAA", expires_on="4 May"), Rejection.NOT_A_DATE),
        (CodeRow(code="AAAA", expires_on=TODAY + timedelta(days=1)), Rejection.EXPIRED),
        (CodeRow(code="AAAA", expires_on=(TODAY + timedelta(days=2)).isoformat()), None),
    ],
)
def test_a_row_is_taken_or_rejected_with_its_reason(row: CodeRow, rejected: Rejection | None) -> None:
    found = judged(row, TODAY)
    assert (found if isinstance(found, Rejection) else None) is rejected


@pytest.mark.parametrize(
    "text", ["abcd-EFGH-1234", "ABCD EFGH 1234", "  abcdefgh1234 ", "ABCD–EFGH—1234", "ＡＢＣＤefgh1234"]
)
def test_codes_that_differ_in_case_spacing_and_dashes_are_one(text: str) -> None:
    assert compared(Goods(code=text)) == compared(Goods(code="ABCD-EFGH-1234"))


def test_links_are_one_only_if_they_are_the_same() -> None:
    assert compared(Goods(url="https://a.example/x")) != compared(Goods(url="https://a.example/X"))


@pytest.mark.parametrize(
    ("code", "shown"), [("ABCD-EFGH-1234", "1234"), ("123456789012", "9012"), ("ABCDEF", "EF"), ("AB", ""), (None, "")]
)
def test_a_mask_shows_at_most_four_and_at_most_a_third(code: str | None, shown: str) -> None:
    assert last_four(Goods(code=code, url="https://a.example/secret")) == shown


def test_goods_are_read_as_they_were_written_and_never_printed() -> None:
    goods = Goods(code="SECRET-1", pin="9999", serial="S1", url="https://a.example/s", expires_on=TODAY)
    assert read(written(goods)) == goods
    recipient = Recipient(name="Ann", email="ann@example.com", lines=("1 Road",))
    for shown in (repr(goods), repr(CodeRow(code="SECRET-1")), repr(Delivered(goods=goods)), repr(recipient)):
        assert not any(word in shown for word in ("SECRET", "9999", "S1", "https", "Ann", "Road"))


def test_a_csv_row_is_read_by_the_names_of_its_columns() -> None:
    row = row_of({"Code ": "A1", "PIN": "", "expiresOn": "2030-01-01", "colour": "red"})
    assert row == CodeRow(code="A1", expires_on="2030-01-01")


@pytest.mark.parametrize(
    ("text", "is_card"), [("5555555555554444", True), ("378282246310005", True), ("6011000990139424", False)]
)
def test_card_numbers_are_told_by_network_length_and_check_digit(text: str, is_card: bool) -> None:
    assert is_card_number(text) is is_card


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.9",
        "169.254.169.254",
        "100.64.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fe80::1%eth0",
        "not an address",
    ],
)
def test_no_private_address_in_any_disguise_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://supplier.example/orders",
        "https://user:pass@supplier.example/",
        "https://supplier.example:22/",
        "ftp://supplier.example/",
        "https:///orders",
        "https://supplier.example/#x",
        "https://supplier.example/?a=1",
        "https://supplier.example:99999/",
        "https://" + "a" * 500,
        "https://supplier.example/a b",
        "https://süpplier.example/",
    ],
)
def test_a_url_that_may_not_be_called_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        checked_url(url, sandbox=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]", "2130706433"]
)
async def test_no_name_leads_to_this_machine_or_its_network(host: str) -> None:
    with pytest.raises(AddressRefused):
        await found_place(f"https://{host}/orders", sandbox=False)


async def test_a_sandbox_may_call_this_machine_and_no_other_private_one() -> None:
    place = await found_place("http://127.0.0.1:9999/orders", sandbox=True)
    assert (place.url, place.authority) == ("http://127.0.0.1:9999/orders", "127.0.0.1:9999")
    with pytest.raises(AddressRefused):
        await found_place("http://10.0.0.1:9999/orders", sandbox=True)


ANSWERS: list[tuple[int, object, Asked]] = [
    (200, SAID | {"status": "DELIVERED", "reference": "r1"}, Delivered(reference="r1")),
    (
        201,
        SAID | {"status": "DELIVERED", "goods": {"code": "A"}, "balance": 5},
        Delivered(goods=Goods(code="A"), balance=5),
    ),
    (202, SAID | {"status": "PENDING", "checkAfterSeconds": 9}, Pending(check_after_seconds=9)),
    (200, SAID | {"status": "PENDING", "checkAfterSeconds": 10**9}, Pending(check_after_seconds=86_400)),
    (422, SAID | {"status": "REFUSED", "reason": "OUT_OF_STOCK"}, Refused(reason=RefusalReason.OUT_OF_STOCK)),
    (404, SAID | {"status": "NOT_FOUND"}, NotFound()),
]


@pytest.mark.parametrize(("status", "said", "meant"), ANSWERS)
def test_an_answer_about_this_order_is_understood(status: int, said: object, meant: Asked) -> None:
    assert asked_after(ORDER, status, None, orjson.dumps(said)) == meant


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, SAID | {"status": "DELIVERED", "externalId": "0" * 32}),
        (200, SAID | {"status": "DELIVERED", "amount": 2501}),
        (200, SAID | {"status": "DELIVERED", "currency": "USD"}),
        (200, SAID | {"status": "DELIVERED", "goods": {"pin": "1"}}),
        (200, SAID | {"status": "DELIVERED", "goods": ["A"]}),
        (200, SAID | {"status": "DELIVERED", "goods": {"code": "A", "expiresOn": "soon"}}),
        (200, SAID | {"status": "DELIVERED", "balance": 1.5}),
        (202, SAID | {"status": "DELIVERED"}),
        (200, SAID | {"status": "WAT"}),
        (200, []),
        (204, SAID | {"status": "DELIVERED"}),
        (301, SAID | {"status": "DELIVERED"}),
        (400, {"error": "bad"}),
        (401, SAID),
        (404, {"status": "NOT_FOUND"}),
        (404, "nothing here"),
        (409, SAID | {"status": "DELIVERED"}),
        (422, SAID | {"status": "REFUSED", "reason": "TUESDAY"}),
        (500, SAID | {"status": "REFUSED", "reason": "FAILED"}),
        (503, SAID),
    ],
)
def test_an_answer_in_doubt_is_unclear(status: int, said: object) -> None:
    assert isinstance(asked_after(ORDER, status, None, orjson.dumps(said)), Unclear)


def test_a_body_that_is_no_json_is_unclear_and_not_quoted() -> None:
    found = asked_after(ORDER, 200, None, b"<html>CANARY</html>")
    assert isinstance(found, Unclear)
    assert "CANARY" not in found.reason


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0", 1), ("999999", 3_600), (None, 5), ("soon", 5), ("-1", 5)]
)
def test_too_many_requests_is_later_within_bounds(header: str | None, seconds: int) -> None:
    assert answered(ORDER, 429, header, b"") == Later(after_seconds=seconds)


def test_not_found_of_an_order_just_sent_is_unclear() -> None:
    assert isinstance(answered(ORDER, 404, None, orjson.dumps(SAID | {"status": "NOT_FOUND"})), Unclear)


def test_a_signature_is_that_of_the_standard() -> None:
    # The example of the Standard Webhooks specification's reference libraries.
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", "whsec_" + "A" * 88])
def test_a_secret_that_is_too_short_too_long_or_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        secret_bytes(text)


def test_two_lists_are_held_against_each_other_kind_by_kind() -> None:
    ids = [f"{number:032x}" for number in range(6)]
    ours = {
        one: OurOrder(external_id=one, state=state, amount=100, currency="EUR")
        for one, state in zip(ids, ["DELIVERED", "DELIVERED", "UNKNOWN", "DELIVERED", "REFUSED"], strict=False)
    }
    delivered = TheirState.DELIVERED
    theirs = [
        TheirOrder(external_id=ids[0], state=delivered, amount=100, currency="EUR"),
        TheirOrder(external_id=ids[0], state=delivered, amount=100, currency="EUR"),
        TheirOrder(external_id=ids[1], state=delivered, amount=101, currency="EUR"),
        TheirOrder(external_id=ids[2], state=delivered, amount=100, currency="EUR"),
        TheirOrder(external_id=ids[5], state=delivered, amount=100, currency="EUR"),
    ]
    found = held_against(theirs, ours, frozenset(ids[:4]))
    assert found.counts == {"AGREES": 1} | dict.fromkeys((kind.value for kind in Difference), 1)
    assert [one["kind"] for one in found.differences] == [
        "LISTED_TWICE",
        "AMOUNT_DIFFERS",
        "STATE_DIFFERS",
        "ONLY_THEIRS",
        "ONLY_OURS",
    ]


def test_a_list_is_read_from_csv_up_to_its_bound() -> None:
    row = f"{LINE},delivered,2500,EUR\n"
    head = "externalId,state,amount,currency\n"
    (order,) = orders_of_csv("\ufeff" + head + row)
    assert order == TheirOrder(external_id=LINE.hex, state=TheirState.DELIVERED, amount=2500, currency="EUR")
    assert len(orders_of_csv(head + row * ORDERS_MAX)) == ORDERS_MAX
    with pytest.raises(ListRefused, match=str(ORDERS_MAX)):
        orders_of_csv(head + row * (ORDERS_MAX + 1))


@pytest.mark.parametrize(
    "text",
    [
        "externalId,state\n",
        "externalId,state,amount,currency\nx,DELIVERED,1,EUR\n",
        f"externalId,state,amount,currency\n{LINE},SENT,1,EUR\n",
        f"externalId,state,amount,currency\n{LINE},DELIVERED,1.5,EUR\n",
        f"externalId,state,amount,currency\n{LINE},DELIVERED,1,euro\n",
    ],
)
def test_a_list_that_cannot_be_read_says_where(text: str) -> None:
    with pytest.raises(ListRefused, match=r"column|line 2"):
        orders_of_csv(text)
