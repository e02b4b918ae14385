"""Whom the service may be told to trust, and what it refuses to be told."""

import json

import pytest

from app.preflight import Refused, read_settings
from app.services.clients.tokens import Tokens
from app.settings import Settings, TrustedIssuer

ONE = {"issuer": "https://sso.example", "jwks_url": "https://sso.example/keys"}


def _given(monkeypatch: pytest.MonkeyPatch, value: object, **others: str) -> Settings:
    monkeypatch.setenv("THADS_TRUSTED_ISSUERS", value if isinstance(value, str) else json.dumps(value))
    for name, other in others.items():
        monkeypatch.setenv(f"THADS_{name.upper()}", other)
    return read_settings()


def test_issuers_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _given(monkeypatch, [ONE], previous_keys="[]")
    assert settings.trusted_issuers == (TrustedIssuer.model_validate(ONE),)
    assert settings.previous_keys == ()
    issuer = Tokens(settings).outside[0]
    assert (issuer.audience, issuer.unit_claim, issuer.role_claim) == (settings.audience, "unit", "role")
    assert _given(monkeypatch, "").trusted_issuers == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{", "THADS_TRUSTED_ISSUERS: must be a JSON list"),
        ([{"issuer": "x"}], "THADS_TRUSTED_ISSUERS: 0 jwks_url Field required"),
        ([{**ONE, "secret": "hush"}], "THADS_TRUSTED_ISSUERS: 0 secret Extra inputs"),
        ([{**ONE, "jwks_url": "file:///etc/passwd"}], "THADS_TRUSTED_ISSUERS: 0 jwks_url"),
        ([ONE, ONE], "must name each issuer once"),
        ([{**ONE, "issuer": Settings().issuer}], "and not this service"),
    ],
)
def test_what_cannot_be_trusted_is_refused(monkeypatch: pytest.MonkeyPatch, value: object, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        _given(monkeypatch, value)
    assert "hush" not in str(refused.value)


def test_production_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    safe = {"environment": "production", "cursor_secret": "x" * 32, "signing_key": "/run/secrets/key.pem"}
    assert _given(monkeypatch, [ONE], **safe).token_seconds <= 3_600
    with pytest.raises(Refused, match="must have https:// addresses outside development"):
        _given(monkeypatch, [{**ONE, "jwks_url": "http://sso.example/keys"}], **safe)
    with pytest.raises(Refused, match="THADS_TOKEN_SECONDS must be at most 3600 in production"):
        _given(monkeypatch, [ONE], **safe, token_seconds="7200")
