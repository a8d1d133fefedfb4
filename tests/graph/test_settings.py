"""Settings come from the environment, say what is wrong by name, and print without secrets; logs hide tokens."""

import io
import json
from dataclasses import fields

import pytest

from api.http.errors import Code, table_as_markdown
from api.logs import configure, log
from api.settings import Limits, Profile, SettingRefused, read_settings, without_password
from catalog.redemptions.policy import ShopPolicy, TaxThreshold


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({"PORT": "", "DATABASE_URL": ""})
    assert (settings.port, settings.host, str(settings.home)) == (8000, "127.0.0.1", ".guerdon")
    assert settings.profile is Profile.DEVELOPMENT
    assert settings.limits == Limits()
    assert settings.shop == ShopPolicy(sandbox=True)
    assert (settings.database_url, settings.redis_url, settings.allowed_origins) == (None, None, ())


def test_every_variable_is_read() -> None:
    settings = read_settings(
        {
            "PORT": "0",
            "HOST": "0.0.0.0",
            "GUERDON_HOME": "/var/lib/guerdon",
            "DATABASE_URL": "postgresql://u:p@db/x",
            "REDIS_URL": "redis://cache",
            "ALLOWED_ORIGINS": "https://A.example, http://localhost:5173",
            "TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1",
            "GUERDON_PROFILE": "production",
            "OIDC_ISSUER": "https://id.example",
            "OIDC_AUDIENCE": "rewards",
            "GUERDON_COST_MAX": "7",
            "GUERDON_APPROVAL_ABOVE": "5000",
            "GUERDON_SEND_APPROVAL_ABOVE": "70000",
            "GUERDON_FRAUD_HOLD_MINUTES": "30",
            "GUERDON_TAX_THRESHOLDS": "US:2026:200000:USD, FR:2027:5000:EUR",
            "GUERDON_RECEIVE_SECONDS": "2.5",
        }
    )
    assert settings.allowed_origins == ("https://a.example", "http://localhost:5173")
    assert settings.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")
    assert (settings.is_production, settings.oidc_audience) == (True, "rewards")
    assert (settings.shop.approval_above, settings.shop.fraud_hold_minutes, settings.shop.sandbox) == (5_000, 30, False)
    assert (settings.sends.approval_above, settings.described()["send_approval_above"]) == (70_000, 70_000)
    assert settings.shop.tax_thresholds["FR", 2027] == TaxThreshold(amount=5_000, currency="EUR")
    assert (settings.limits.cost_max, settings.limits.receive_seconds) == (7, 2.5)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("GUERDON_QUOTE_SECONDS", "9"),
        ("GUERDON_QUOTE_SECONDS", "86401"),
        ("GUERDON_LINES_MAX", "11"),
        ("GUERDON_UNITS_MAX", "21"),
        ("GUERDON_FRAUD_HOLD_MINUTES", "43201"),
        ("GUERDON_TAX_THRESHOLDS", "US:2026:200000"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "db"),
        ("REDIS_URL", "http://x"),
        ("OIDC_ISSUER", "id.example"),
        ("GUERDON_PROFILE", "prod"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "app.example"),
        ("ALLOWED_ORIGINS", "https://app.example/"),
        ("ALLOWED_ORIGINS", "https://app.example,null"),
        *[(f"GUERDON_{item.name.upper()}", "0") for item in fields(Limits)],
        ("GUERDON_RATE_LIMITS", "yes"),
        ("TRUSTED_PROXIES", "proxy.local"),
        ("GUERDON_COST_MAX", "1.5"),
        ("GUERDON_COST_MAX", "many"),
        ("GUERDON_RECEIVE_SECONDS", "nan"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingRefused, match=f"^{variable}: "):
        read_settings({variable: value})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (None, None),
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("postgres://u:p%40ss@db:5432/x", "postgres://u:***@db:5432/x"),
        ("redis://:secret@cache", "redis://:***@cache"),
        ("postgres://u:p@ss@db/x?password=secret", "postgres://u:***@db/x?***"),
    ],
)
def test_passwords_are_not_shown(url: str | None, shown: str | None) -> None:
    assert without_password(url) == shown


def test_printed_settings_hold_no_password() -> None:
    settings = read_settings({"DATABASE_URL": "postgres://u:hunter2@db/x", "REDIS_URL": "redis://:hunter2@cache"})
    assert "hunter2" not in repr(settings) + str(settings.described())
    assert settings.described()["cost_max"] == 5_000


def test_logs_hide_tokens_codes_and_addresses() -> None:
    stream = io.StringIO()
    configure(as_json=True, stream=stream)
    log("test").info(
        "caller.seen",
        authorization="Bearer abc.def",
        note="sent Bearer abc123 and gk_live_7_SECRETSECRET by ann@partner.example",
        jwt="eyJhbGciOi.eyJzdWIi.c2ln",
        principal_id="p1",
    )
    line = json.loads(stream.getvalue())
    assert (line["event"], line["principal_id"], line["room"]) == ("caller.seen", "p1", "test")
    for secret in ("abc", "SECRET", "partner.example", "c2ln"):
        assert secret not in stream.getvalue()


def test_the_table_of_troubles_is_documentation() -> None:
    table = table_as_markdown()
    assert all(f"| `{code}` |" in table for code in Code)
    assert "| `TOKEN_EXPIRED` | 401 | 4403 | yes |" in table
