"""Settings that are unsafe refuse to start, with a sentence that names the variable and never its value."""

import os

import pytest

from app.preflight import Refused, read_settings

SAFE = {
    "THADS_ENVIRONMENT": "production",
    "THADS_CURSOR_SECRET": "0123456789abcdef0123456789abcdef",  # not a secret: only for these tests
    "THADS_SIGNING_KEY": "/run/secrets/signing_key",
    "THADS_ISSUER": "https://thads.example.vn",
    "FORWARDED_ALLOW_IPS": "10.0.0.2",
}


@pytest.fixture(autouse=True)
def _safe(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("THADS_"):
            monkeypatch.delenv(name)
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)


def test_safe_settings_start() -> None:
    settings = read_settings()
    assert (settings.environment, settings.forwarded_allow_ips) == ("production", "10.0.0.2")


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("THADS_CURSOR_SECRET", None, "must be set in production"),
        ("THADS_CURSOR_SECRET", "development-only-secret-development-only", "must be set in production"),
        ("THADS_CURSOR_SECRET", "hush-hush", "at least 32 characters"),
        ("THADS_SIGNING_KEY", None, "must be set in production"),
        ("THADS_ISSUER", "http://thads.example.vn", "must be an https:// address"),
        ("THADS_ISSUER", "thads", "must be an https:// address"),
        ("THADS_LOG_LEVEL", "debug", "must not be debug"),
        ("THADS_WEBHOOKS_ALLOW_PRIVATE", "true", "must not be set"),
        ("THADS_WEBHOOK_SECRET", "hush-hush", "at least 32 characters"),
        ("THADS_TOKEN_SECONDS", "3601", "at most 3600"),
        ("THADS_TOKEN_SECONDS", "86401", ""),
        ("FORWARDED_ALLOW_IPS", "*", "must name the proxy"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.2,*", "must name the proxy"),
        ("THADS_TRUSTED_ISSUERS", '[{"issuer": "x", "jwks_url": "http://x/hush-hush"}]', "https:// addresses"),
    ],
)
def test_unsafe_settings_do_not_start_in_production(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, why: str
) -> None:
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(Refused, match=f"{variable}.*{why}") as refused:
        read_settings()
    assert "hush-hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("THADS_ENVIRONMENT", "staging"),
        ("THADS_DATABASE_URL", "sqlite:///hush-hush.db"),
        ("THADS_CLIENT_RATE", "0"),
        ("THADS_CLIENT_BURST", "0"),
        ("THADS_ADDRESS_RATE", "-1"),
        ("THADS_ADDRESS_BURST", "0"),
        ("THADS_MAX_AT_WORK", "0"),
        ("THADS_MAX_WAITING", "-1"),
        ("THADS_STATEMENT_TIMEOUT_MS", "0"),
        ("THADS_STATEMENT_TIMEOUT_MS", "86400000"),
        ("THADS_LOCK_TIMEOUT_MS", "0"),
        ("THADS_POOL_WAIT_SECONDS", "inf"),
        ("THADS_LOG_LEVEL", "trace"),
    ],
)
def test_limits_cannot_be_switched_off(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    for environment in ("production", "development"):
        monkeypatch.setenv("THADS_ENVIRONMENT", environment)
        monkeypatch.setenv(variable, value)
        with pytest.raises(Refused, match=f"^{variable}") as refused:
            read_settings()
        assert "hush-hush" not in str(refused.value)
