"""What a supplier's definition must be: its bounds, judged before anything is stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from catalog.suppliers.addresses import AddressRefused, checked_url
from catalog.suppliers.reading import AdapterKind
from catalog.suppliers.signatures import secret_bytes
from domain.kernel.refusals import InvalidInput

CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
NAME_LENGTH_MAX = 200
SETTINGS_BYTES_MAX = 4_000
RATE_CALLS_MAX = 10_000
RATE_SECONDS_MAX = 86_400
AMOUNT_MAX = 10**15
CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, kw_only=True)
class SupplierDefinition:
    """A supplier as its keeper says it. `secret` is `whsec_…`, for HTTP_PUSH; None keeps the one that stands.

    At most `rate_calls` calls are made in `rate_seconds` seconds; float amounts are minor units of `float_currency`.
    """

    code: str
    name: str
    adapter: AdapterKind
    source_id: UUID | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    secret: str | None = field(default=None, repr=False)
    is_test: bool = False
    rate_calls: int = 10
    rate_seconds: int = 1
    float_balance: int | None = None
    float_currency: str | None = None
    float_alert_below: int | None = None


def check_definition(definition: SupplierDefinition, *, sandbox: bool) -> None:
    """Refuses: InvalidInput, naming the first field that is out of its bounds."""
    for name, holds, problem in _bounds(definition):
        if not holds:
            raise InvalidInput(field=name, problem=problem)
    if definition.secret is not None:
        try:
            secret_bytes(definition.secret)
        except ValueError as trouble:
            raise InvalidInput(field="secret", problem=str(trouble)) from trouble
    if definition.adapter is not AdapterKind.HTTP_PUSH:
        return
    url = definition.settings.get("url")
    if not isinstance(url, str):
        raise InvalidInput(field="settings", problem="HTTP_PUSH needs a url")
    try:
        checked_url(url, sandbox=sandbox and definition.is_test)
    except AddressRefused as trouble:
        raise InvalidInput(field="settings.url", problem=str(trouble)) from trouble


def _bounds(said: SupplierDefinition) -> list[tuple[str, bool, str]]:
    called = said.adapter is AdapterKind.HTTP_PUSH
    amounts = all(amount is None or 0 <= amount <= AMOUNT_MAX for amount in (said.float_balance,))
    return [
        ("code", CODE.fullmatch(said.code) is not None, "1 to 64 of a-z, 0-9, dot, dash and underscore"),
        ("name", 1 <= len(said.name.strip()) <= NAME_LENGTH_MAX, f"1 to {NAME_LENGTH_MAX} characters"),
        ("settings", len(orjson.dumps(said.settings)) <= SETTINGS_BYTES_MAX, f"at most {SETTINGS_BYTES_MAX} bytes"),
        ("settings", not said.settings.keys() - ({"url"} if called else set()), "HTTP_PUSH has a url, others nothing"),
        ("secret", said.secret is None or called, "only HTTP_PUSH has a secret"),
        ("isTest", said.is_test or said.adapter is not AdapterKind.SCRIPTED, "a scripted supplier is for tests"),
        ("rateCalls", 1 <= said.rate_calls <= RATE_CALLS_MAX, f"1 to {RATE_CALLS_MAX}"),
        ("rateSeconds", 1 <= said.rate_seconds <= RATE_SECONDS_MAX, f"1 to {RATE_SECONDS_MAX}"),
        ("floatBalance", amounts, "0 to 10^15"),
        (
            "floatAlertBelow",
            said.float_alert_below is None or 0 <= said.float_alert_below <= AMOUNT_MAX,
            "0 to 10^15",
        ),
        (
            "floatCurrency",
            said.float_currency is None or CURRENCY.fullmatch(said.float_currency) is not None,
            "three capitals, such as EUR",
        ),
        (
            "floatCurrency",
            said.float_currency is not None or (said.float_balance is None and said.float_alert_below is None),
            "is needed, where there is a float",
        ),
    ]
