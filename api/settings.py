"""Every setting of the process, read once from the environment; the only module that looks at os.environ."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from catalog.redemptions.policy import LINES_MAX, UNITS_MAX, ShopPolicy, TaxThreshold
from catalog.sends.sent import SendPolicy
from domain.payouts.policy import PayoutPolicy

ISSUERS_MAX = 8
PARTS = ("limits", "shop", "sends", "payouts")  # settings that are shown by their own
KEY_BYTES = 32
KEY_ID = re.compile(r"[a-z0-9-]{1,32}")


TAX_THRESHOLD = re.compile(r"([A-Z]{2}):(\d{4}):(\d{1,15}):([A-Z]{3})")


class Profile(StrEnum):
    """Which promises the server keeps: comfort for developers, or nothing that an attacker could use."""

    DEVELOPMENT = "development"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class SettingRefused(ValueError):
    """A variable of the environment holds a value that cannot be used."""

    def __init__(self, *, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The bounds of the GraphQL face; each is the largest value that is still accepted (bytes, counts or seconds).

    Every field can be set by the variable GUERDON_ plus its name in capitals.
    """

    body_bytes_people: int = 100_000
    body_bytes_keys: int = 2_000_000
    batch_items_max: int = 1_000
    json_nesting_max: int = 32
    json_integer_digits_max: int = 20
    document_bytes_max: int = 32_768
    document_tokens_max: int = 2_000
    document_depth_max: int = 16
    document_selections_max: int = 600
    document_aliases_max: int = 30
    document_directives_max: int = 20
    document_root_fields_max: int = 10
    cost_max: int = 5_000
    page_size_max: int = 100
    page_size_default: int = 20
    list_size_assumed: int = 5
    validation_errors_max: int = 5
    prepared_documents_max: int = 500
    prepared_bytes_max: int = 2_000_000
    receive_seconds: float = 10.0
    stream_stall_seconds: float = 30.0
    connections_max: int = 5_000
    headers_bytes_max: int = 32_768
    streams_per_principal_max: int = 10
    socket_init_seconds: float = 5.0
    socket_subscriptions_max: int = 10
    sockets_per_principal_max: int = 5
    sockets_per_address_max: int = 50
    socket_messages_per_second: int = 20
    socket_frame_bytes_max: int = 65_536
    socket_ping_seconds: float = 20.0
    socket_queue_events_max: int = 100
    socket_queue_bytes_max: int = 262_144
    socket_stall_seconds: float = 10.0
    socket_close_seconds: float = 5.0
    subscription_id_bytes_max: int = 64
    cursor_bytes_max: int = 512
    file_bytes_max: int = 10_000_000
    file_seconds: float = 60.0
    file_link_seconds: int = 300
    files_per_hour: int = 100
    rate_key_cost_per_second: int = 50
    rate_key_cost_burst: int = 5_000
    rate_people_cost_per_second: int = 200
    rate_people_cost_burst: int = 20_000
    rate_anonymous_per_minute: int = 30


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one process. Printing shows no password.

    Refuses: a variable whose value has the wrong type, range or form, by SettingRefused naming it.
    """

    port: int = 8000
    host: str = "127.0.0.1"
    home: Path = Path(".guerdon")
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    profile: Profile = Profile.DEVELOPMENT
    oidc_issuer: str | None = None
    oidc_other_issuers: tuple[str, ...] = ()
    oidc_audience: str = "guerdon"
    access_token_seconds: int = 900
    public_url: str | None = None
    failpoints: Mapping[str, str] = field(default_factory=dict[str, str])
    rate_limits: bool = False
    demo: bool = True
    secret: str | None = field(default=None, repr=False)
    keys: Mapping[str, bytes] | None = field(default=None, repr=False)
    index_key: bytes | None = field(default=None, repr=False)
    heartbeat_seconds: float = 15.0
    event_retention_days: int = 400
    database_connections_max: int = 16
    shop: ShopPolicy = field(default_factory=ShopPolicy)
    sends: SendPolicy = field(default_factory=SendPolicy)
    payouts: PayoutPolicy = field(default_factory=PayoutPolicy)
    limits: Limits = field(default_factory=Limits)

    @property
    def url(self) -> str:
        """Where people reach this server: PUBLIC_URL, or the address it listens on."""
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::1", "::") else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def is_production(self) -> bool:
        """True where introspection, the IDE and free GET queries are off."""
        return self.profile is Profile.PRODUCTION

    @property
    def is_development(self) -> bool:
        """True where error texts may suggest names and the page's own origin needs no listing."""
        return self.profile is Profile.DEVELOPMENT

    def described(self) -> dict[str, Any]:
        """Name → value of every setting, with the passwords inside URLs replaced by three stars."""
        shown = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in PARTS}
        shown["send_approval_above"] = self.sends.approval_above
        shown["payout_second_person_above"] = self.payouts.second_person_above
        shown |= {item.name: getattr(self.shop, item.name) for item in fields(self.shop)}
        shown["secret"], shown["index_key"] = shown["secret"] and "***", shown["index_key"] and "***"
        shown["keys"] = shown["keys"] and ", ".join(f"{name}:***" for name in shown["keys"])
        for name in ("database_url", "redis_url"):
            shown[name] = without_password(cast("str | None", shown[name]))
        return shown | {item.name: getattr(self.limits, item.name) for item in fields(self.limits)}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; an empty variable counts as unset.

    Refuses: SettingRefused for the first variable that cannot be used.
    """
    source = {name: value for name, value in (os.environ if environment is None else environment).items() if value}
    profile = _profile(source.get("GUERDON_PROFILE", "development"))
    limits = {item.name: _number(source, f"GUERDON_{item.name.upper()}", item.default) for item in fields(Limits)}
    return Settings(
        port=int(_number(source, "PORT", 8000, lowest=0, highest=65_535)),
        host=source.get("HOST", "127.0.0.1"),
        home=Path(source.get("GUERDON_HOME", ".guerdon")),
        database_url=_url(source, "DATABASE_URL", ("postgres", "postgresql", "asyncpg")),
        redis_url=_url(source, "REDIS_URL", ("redis", "rediss", "valkey", "valkeys", "unix")),
        allowed_origins=_origins(source.get("ALLOWED_ORIGINS", "")),
        trusted_proxies=_addresses(source.get("TRUSTED_PROXIES", "")),
        profile=profile,
        oidc_issuer=_url(source, "OIDC_ISSUER", ("https", "http")),
        oidc_other_issuers=_issuers(source),
        oidc_audience=source.get("OIDC_AUDIENCE", "guerdon"),
        access_token_seconds=int(_number(source, "GUERDON_ACCESS_TOKEN_SECONDS", 900, lowest=1, highest=900)),
        public_url=_url(source, "PUBLIC_URL", ("https", "http")),
        failpoints=_failpoints(source.get("GUERDON_FAILPOINTS", ""), profile),
        rate_limits=_switch(source, "GUERDON_RATE_LIMITS", profile is not Profile.DEVELOPMENT),
        demo=source.get("GUERDON_DEMO", "1") != "0" and profile is not Profile.PRODUCTION,
        secret=_secret(source),
        keys=_keys(source),
        index_key=_index_key(source),
        heartbeat_seconds=_number(source, "GUERDON_HEARTBEAT_SECONDS", 15.0, highest=60),
        event_retention_days=int(_number(source, "GUERDON_EVENT_RETENTION_DAYS", 400, highest=36_500)),
        database_connections_max=int(_number(source, "GUERDON_DATABASE_CONNECTIONS_MAX", 16, lowest=2, highest=200)),
        shop=_shop(source, profile),
        sends=SendPolicy(approval_above=_number(source, "GUERDON_SEND_APPROVAL_ABOVE", None, lowest=0, highest=10**15)),
        payouts=PayoutPolicy(
            second_person_above=_number(source, "GUERDON_PAYOUT_SECOND_PERSON_ABOVE", None, lowest=0, highest=10**15)
        ),
        limits=Limits(**limits),
    )


def _shop(source: Mapping[str, str], profile: Profile) -> ShopPolicy:
    largest = _number(source, "GUERDON_APPROVAL_ABOVE", None, lowest=0, highest=10**15)
    return ShopPolicy(
        quote_seconds=_number(source, "GUERDON_QUOTE_SECONDS", 600, lowest=10, highest=86_400),
        lines_max=_number(source, "GUERDON_LINES_MAX", LINES_MAX, highest=LINES_MAX),
        units_max=_number(source, "GUERDON_UNITS_MAX", UNITS_MAX, highest=UNITS_MAX),
        quotes_per_minute=_number(source, "GUERDON_QUOTES_PER_MINUTE", 60, highest=100_000),
        redemptions_per_minute=_number(source, "GUERDON_REDEMPTIONS_PER_MINUTE", 10, highest=100_000),
        approval_above=largest,
        fraud_hold_minutes=_number(source, "GUERDON_FRAUD_HOLD_MINUTES", 0, lowest=0, highest=43_200),
        tax_thresholds=dict(
            map(_tax_threshold, source.get("GUERDON_TAX_THRESHOLDS", "").split(","))
            if source.get("GUERDON_TAX_THRESHOLDS")
            else ()
        ),
        reveals_per_hour=_number(source, "GUERDON_REVEALS_PER_HOUR", 10, highest=100_000),
        reveals_per_line=_number(source, "GUERDON_REVEALS_PER_LINE", 3, highest=100_000),
        sandbox=profile is not Profile.PRODUCTION,
    )


def _tax_threshold(text: str) -> tuple[tuple[str, int], TaxThreshold]:
    found = TAX_THRESHOLD.fullmatch(text.strip())
    if found is None:
        reason = f"{text!r} is not country:year:amount:currency, such as US:2026:200000:USD in minor units"
        raise SettingRefused(variable="GUERDON_TAX_THRESHOLDS", reason=reason)
    return (found[1], int(found[2])), TaxThreshold(amount=int(found[3]), currency=found[4])


def without_password(url: str | None) -> str | None:
    """The same URL with its password replaced by ***; a query is dropped, because drivers accept passwords there."""
    if url is None:
        return None
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    user, colon, _ = account.partition(":")
    return urlunsplit((parts.scheme, f"{user}{colon and ':***'}{at}{host}", parts.path, parts.query and "***", ""))


def _number(
    source: Mapping[str, str], variable: str, default: Any, *, lowest: float = 1, highest: float = 1_000_000_000
) -> Any:
    text = source.get(variable)
    if text is None:
        return default
    kind = float if isinstance(default, float) else int
    try:
        value = kind(text)
    except ValueError:
        raise SettingRefused(variable=variable, reason=f"{text!r} is not a number") from None
    floor = 0.01 if kind is float else lowest
    if not floor <= value <= highest:
        raise SettingRefused(variable=variable, reason=f"{text} is not between {floor:g} and {highest:g}")
    return value


def _url(source: Mapping[str, str], variable: str, schemes: tuple[str, ...]) -> str | None:
    text = source.get(variable)
    if text is None:
        return None
    scheme, separator, rest = text.partition("://")
    if scheme not in schemes or not separator or not rest:
        raise SettingRefused(variable=variable, reason=f"must be a URL beginning with {' or '.join(schemes)} and ://")
    return text


def _issuers(source: Mapping[str, str]) -> tuple[str, ...]:
    variable = "OIDC_OTHER_ISSUERS"
    named = tuple(one.strip() for one in source.get(variable, "").split(",") if one.strip())
    if len(named) > ISSUERS_MAX or len(set(named)) < len(named):
        raise SettingRefused(variable=variable, reason=f"at most {ISSUERS_MAX}, each once")
    for one in named:
        _url({variable: one}, variable, ("https", "http"))
    return named


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().lower() for origin in text.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            reason = f"{origin!r} is not an origin such as https://rewards.example.com"
            raise SettingRefused(variable="ALLOWED_ORIGINS", reason=reason)
    return origins


def _addresses(text: str) -> tuple[str, ...]:
    addresses = tuple(address.strip() for address in text.split(",") if address.strip())
    for address in addresses:
        try:
            ip_network(address)
        except ValueError:
            reason = f"{address!r} is not an address or network such as 10.0.0.0/8"
            raise SettingRefused(variable="TRUSTED_PROXIES", reason=reason) from None
    return addresses


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError:
        reason = f"{text!r} is not one of {', '.join(Profile)}"
        raise SettingRefused(variable="GUERDON_PROFILE", reason=reason) from None


def _switch(source: Mapping[str, str], variable: str, default: bool) -> bool:
    text = source.get(variable)
    if text not in (None, "0", "1"):
        raise SettingRefused(variable=variable, reason=f"{text!r} is neither 0 nor 1")
    return default if text is None else text == "1"


def _secret(source: Mapping[str, str]) -> str | None:
    text = source.get("GUERDON_SECRET")
    if text is not None and len(text.encode()) < 32:
        raise SettingRefused(variable="GUERDON_SECRET", reason="must be random text of at least 32 bytes")
    return text


def _keys(source: Mapping[str, str]) -> Mapping[str, bytes] | None:
    """id:base64,… the first seals; None without the variable, and then files of GUERDON_HOME hold the keys."""
    text = source.get("GUERDON_KEYS")
    if text is None:
        return None
    if "GUERDON_INDEX_KEY" not in source:
        raise SettingRefused(variable="GUERDON_INDEX_KEY", reason="is needed where GUERDON_KEYS is set")
    pairs = [pair.strip().partition(":") for pair in text.split(",") if pair.strip()]
    keys = {name: _key_bytes("GUERDON_KEYS", spelled) for name, _, spelled in pairs}
    if not keys or len(keys) < len(pairs) or any(not KEY_ID.fullmatch(name) for name in keys):
        raise SettingRefused(variable="GUERDON_KEYS", reason="is id:base64,… with an id of a-z, 0-9 and dash for each")
    return keys


def _index_key(source: Mapping[str, str]) -> bytes | None:
    text = source.get("GUERDON_INDEX_KEY")
    return None if text is None else _key_bytes("GUERDON_INDEX_KEY", text)


def _key_bytes(variable: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingRefused(variable=variable, reason=f"a key is the base64 of {KEY_BYTES} random bytes")
    return key


def _failpoints(text: str, profile: Profile) -> Mapping[str, str]:
    armed = dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    if text and (profile is Profile.PRODUCTION or not armed):
        raise SettingRefused(variable="GUERDON_FAILPOINTS", reason="name=mode,… and never in production")
    return armed


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a child process that is to run with these settings."""
    given = {
        "PORT": str(settings.port),
        "HOST": settings.host,
        "GUERDON_HOME": str(settings.home.resolve()),
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
    }
    return {**os.environ, **given}
