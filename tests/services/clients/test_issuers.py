"""How often an outside issuer is asked for its keys, whatever callers send."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from app.services.clients import issuers
from app.services.clients.issuers import OutsideIssuer
from app.services.clients.jwts import REGISTRY
from app.services.clients.tokens import Tokens, UnknownKey
from app.settings import Settings
from tests.api.issuer import AUDIENCE, ISSUER, FakeIssuer, issuing, new_key


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with issuing() as made:
        yield made


def _settings(issuer: FakeIssuer) -> Settings:
    trusted = {"issuer": ISSUER, "jwks_url": issuer.address, "audience": AUDIENCE}
    return Settings.model_validate({"trusted_issuers": [trusted]})


def _trusting(issuer: FakeIssuer) -> tuple[Tokens, OutsideIssuer]:
    tokens = Tokens(_settings(issuer))
    return tokens, tokens.outside[0]


def test_unknown_keys_are_asked_for_once_in_a_while(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, outside = _trusting(issuer)

    async def work() -> None:
        assert (await tokens.verify_patiently(issuer.token())).client_id == "national"
        assert issuer.asked == 1
        for _ in range(5):
            with pytest.raises(UnknownKey):
                await tokens.verify_patiently(issuer.token(new_key()))
        assert issuer.asked == 1
        monkeypatch.setattr(outside, "_cooldown", 0)
        with pytest.raises(UnknownKey):
            await tokens.verify_patiently(issuer.token(new_key()))
        assert issuer.asked == 2

    asyncio.run(work())


def test_many_who_ask_at_once_wait_for_one_fetch(issuer: FakeIssuer) -> None:
    tokens, _ = _trusting(issuer)
    issuer.delay = 0.2

    async def work() -> None:
        found = await asyncio.gather(*(tokens.verify_patiently(issuer.token()) for _ in range(50)))
        assert {one.client_id for one in found} == {"national"}

    asyncio.run(work())
    assert issuer.asked == 1


def test_a_known_token_waits_for_nothing(issuer: FakeIssuer) -> None:
    tokens, outside = _trusting(issuer)
    asyncio.run(outside.learn())
    token = issuer.token()
    assert tokens.verify(token) is tokens.verify(token)


def test_one_who_leaves_does_not_end_the_fetch_of_others(issuer: FakeIssuer) -> None:
    tokens, outside = _trusting(issuer)
    issuer.delay = 0.3

    async def work() -> None:
        first = asyncio.create_task(tokens.verify_patiently(issuer.token()))
        await asyncio.sleep(0.1)
        first.cancel()
        await outside.learn()
        tokens.verify(issuer.token())

    asyncio.run(work())
    assert issuer.asked == 1


def test_a_slow_issuer_is_given_up(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, outside = _trusting(issuer)
    asyncio.run(outside.learn())
    token, keys = issuer.token(), outside.keys
    monkeypatch.setattr(issuers, "FETCH_SECONDS", 0.1)
    monkeypatch.setattr(outside, "_cooldown", 0)
    issuer.delay = 1
    asyncio.run(outside.learn())
    assert outside.keys is keys
    tokens.verify(token)


def test_the_same_set_again_keeps_what_is_remembered(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, outside = _trusting(issuer)
    monkeypatch.setattr(outside, "_cooldown", 0)
    asyncio.run(outside.learn())
    token = issuer.token()
    known = tokens.verify(token)
    asyncio.run(outside.learn())
    assert issuer.asked == 2
    assert tokens.verify(token) is known


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (OKPKey.generate_key("Ed25519", auto_kid=True), "Ed25519"),
        (OKPKey.generate_key("Ed25519", auto_kid=True), "EdDSA"),
        (ECKey.generate_key("P-256", auto_kid=True), "ES256"),
        (RSAKey.generate_key(2048, auto_kid=True), "RS256"),
        (RSAKey.generate_key(2048, auto_kid=True), "PS256"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_issuers_sign_with_any_algorithm_allowed(issuer: FakeIssuer, key: Any, algorithm: str) -> None:
    tokens, outside = _trusting(issuer)
    issuer.publish(key)
    asyncio.run(outside.learn())
    claims = issuer.claims()
    header = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid}
    assert tokens.verify(jwt.encode(header, claims, key, registry=REGISTRY)).client_id == "national"
