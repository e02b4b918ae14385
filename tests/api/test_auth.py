"""Who may come in: the token endpoint, what makes a token good, and what a disabled client still can."""

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from app.services.access import Actor
from app.services.clients import rules
from app.services.clients.commands import amend, register, replace_secret, set_disabled
from app.services.clients.jwts import LEEWAY_SECONDS, InvalidToken
from app.services.clients.login import MAX_FAILURES
from app.services.clients.rules import SCOPES
from app.services.clients.tokens import Tokens
from app.settings import Settings
from tests.api.conftest import Lab
from tests.api.issuer import signed
from tests.api.world import World
from tests.builders import NATION_ID
from tests.server import Served

SETTINGS = Settings()
TOKENS = Tokens(SETTINGS)
NOW = int(time.time())
CLAIMS: dict[str, Any] = {
    "iss": SETTINGS.issuer,
    "aud": SETTINGS.audience,
    "sub": "alpha",
    "client_id": "alpha",
    "scope": "cases:read cases:write",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 600,
    "jti": "1",
}


def _key() -> OKPKey:
    """The key of the service, as its settings make it."""
    secret = "access-token-signing-key:" + SETTINGS.cursor_secret.get_secret_value()
    return OKPKey.derive_key(secret, "Ed25519", auto_kid=True)


def _token(key: OKPKey | ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    key = key or _key()
    values = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    full = {"alg": "Ed25519", "typ": "at+jwt", "kid": _key().kid, **(header or {})}
    registry = jws.JWSRegistry(algorithms=["Ed25519", "ES256"], strict_check_header=False)
    return jwt.encode(
        {k: v for k, v in full.items() if v is not None}, values, key, registry=registry, default_type=None
    )


def _unsigned(header: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, CLAIMS)]
    return ".".join([*parts, ""])


def _deep() -> str:
    """A payload nested deeper than a parser may follow; nobody signed it."""
    header, payload = {"alg": "Ed25519", "typ": "at+jwt", "kid": _key().kid}, b'{"iss":' + b"[" * 4_000
    parts = (json.dumps(header).encode(), payload, b"x" * 64)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _ask(lab: Lab, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(f"{lab.served.address}/v1/samples", headers=headers)


@pytest.mark.parametrize(
    "token",
    [
        _token(),
        _token(aud=["https://other.example", SETTINGS.audience]),
        _token(header={"typ": "application/at+jwt"}),
        _token(header={"typ": "AT+JWT"}),
        _token(nbf=None),
        _token(exp=NOW + 600.5),
        signed(_key(), {"alg": "EdDSA", "typ": "at+jwt", "kid": _key().kid}, CLAIMS),
    ],
)
def test_a_good_token_is_accepted(laboratory: Lab, token: str) -> None:
    assert _ask(laboratory, f"Bearer {token}").status_code == 200
    assert _ask(laboratory, f"bearer {token}").status_code == 200


OTHER = OKPKey.generate_key("Ed25519", auto_kid=True)
CURVE = ECKey.generate_key("P-256", auto_kid=True)
PUBLIC = _key().as_dict(private=False)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "Bearer " + _token(),
        _token()[:-4] + "AAAA",
        _token() + ".x",
        _unsigned({"alg": "none", "typ": "at+jwt"}),
        _unsigned({"alg": "None", "typ": "at+jwt"}),
        _unsigned({"alg": ["Ed25519"], "typ": "at+jwt"}),
        _unsigned([]),
        _deep(),
        jws.serialize_compact(
            {"alg": "HS256", "typ": "at+jwt"}, json.dumps(CLAIMS), OctKey.import_key(str(PUBLIC["x"]).encode())
        ),
        _token(OTHER),
        _token(OTHER, {"kid": OTHER.kid}),
        _token(OTHER, {"kid": None, "jwk": OTHER.as_dict(private=False)}),
        _token(CURVE, {"alg": "ES256", "kid": _key().kid}),
        _token(header={"jwk": PUBLIC}),
        _token(header={"jku": "https://evil.example/keys"}),
        _token(header={"x5u": "https://evil.example/chain"}),
        _token(header={"kid": "../../../../dev/null"}),
        _token(header={"kid": "x" * 10_000})[:7_000],
        _token(header={"kid": "' OR 1=1--"}),
        _token(header={"kid": None, "x5c": ["MIIB"]}),
        _token(header={"crit": ["kid"]}),
        signed(_key(), {"alg": "Ed25519", "typ": "at+jwt", "kid": _key().kid, "crit": ["new"], "new": 1}, CLAIMS),
        signed(_key(), {"alg": "Ed25519", "typ": "at+jwt", "kid": _key().kid, "crit": []}, CLAIMS),
        signed(_key(), {"alg": "Ed25519", "typ": "at+jwt", "kid": _key().kid, "b64": True}, CLAIMS),
        signed(_key(), {"alg": "Ed25519", "typ": ["at+jwt"], "kid": _key().kid}, CLAIMS),
        signed(_key(), {"alg": "Ed25519", "typ": "at+jwt", "kid": 7}, CLAIMS),
        signed(_key(), {"alg": "Ed25519", "typ": "at+jwt", "kid": _key().kid}, [CLAIMS]),
        signed(_key(), {"alg": "EdDSA448", "typ": "at+jwt", "kid": _key().kid}, CLAIMS),
        _token(header={"typ": "JWT"}),
        _token(header={"typ": None}),
        _token(iss="https://evil.example"),
        _token(iss=None),
        _token(aud="https://other.example"),
        _token(aud=None),
        _token(exp=NOW - LEEWAY_SECONDS - 1),
        _token(exp=None),
        _token(exp=str(NOW + 600)),
        _token(exp=True),
        _token(exp=float("nan")),
        _token(exp=[NOW + 600]),
        _token(exp=float("inf")),
        _token(exp=10**400),
        _token(nbf="now"),
        _token(iat=None),
        _token(iat=str(NOW)),
        _token(aud=[]),
        _token(aud={SETTINGS.audience: 1}),
        _token(aud=[[SETTINGS.audience]]),
        _token(iss=[SETTINGS.issuer]),
        _token(nbf=NOW + 600),
        _token(iat=NOW + 600),
        _token(sub=None),
        _token(sub="beta"),
        _token(sub=7),
        _token(sub="x" * 256),
        _token(sub="a\nb"),
        _token(jti=None),
        _token(jti=7),
        _token(client_id=None),
        _token(client_id=7),
        _token(client_id={"a": 1}),
        _token(client_id="nobody"),
        _token(scope=["cases:read"]),
    ],
)
def test_a_bad_token_is_refused(laboratory: Lab, token: str) -> None:
    answer = _ask(laboratory, f"Bearer {token}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="thads", error="invalid_token"'
    assert answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Digest x", "Bearer"])
def test_without_a_token_the_way_in_is_told(laboratory: Lab, authorization: str | None) -> None:
    answer = _ask(laboratory, authorization)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="thads"')


def test_two_authorizations_are_one_too_many(laboratory: Lab) -> None:
    twice = [("Authorization", f"Bearer {_token()}"), ("Authorization", f"Bearer {_token()}")]
    answer = httpx.get(f"{laboratory.served.address}/v1/samples", headers=twice)
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_token_of_100_kb_is_too_large(laboratory: Lab) -> None:
    assert _ask(laboratory, "Bearer " + "x" * 100_000).status_code == 431


def test_a_missing_scope_is_named(laboratory: Lab) -> None:
    answer = _ask(laboratory, "Bearer " + _token(scope="units:read"))
    assert answer.status_code == 403
    challenge = 'Bearer realm="thads", error="insufficient_scope", scope="cases:read"'
    assert answer.headers["www-authenticate"] == challenge
    assert _ask(laboratory, "Bearer " + _token(scope=None)).status_code == 403


def test_a_token_never_holds_more_than_its_client(laboratory: Lab) -> None:
    """A scope taken from the client is gone from tokens given out before."""
    service = laboratory.service
    secret = service.runner.run(
        service.db.write(
            lambda session: register(
                session,
                Actor("tests"),
                client_id="narrow",
                name="Hẹp",
                scopes=frozenset({"units:read"}),
                unit_ids=[NATION_ID],
            )
        )
    )
    _eventually(lambda: _grant(laboratory, "narrow", secret).status_code == 200)
    assert _ask(laboratory, "Bearer " + _token(client_id="narrow", sub="narrow")).status_code == 403
    assert _grant(laboratory, "narrow", secret, scope="cases:read").json()["error"] == "invalid_scope"


def _eventually(holds: Callable[[], bool], seconds: float = 5) -> None:
    """The bell of the database reaches the cache of the service soon, not at once."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_disabled_client_is_out_with_its_tokens(laboratory: Lab) -> None:
    service = laboratory.service

    def switch(disabled: bool) -> None:
        service.runner.run(
            service.db.write(lambda session: set_disabled(session, Actor("tests"), "beta", disabled=disabled))
        )

    token = "Bearer " + _token(client_id="beta", sub="beta")
    assert _ask(laboratory, token).status_code == 200
    switch(True)
    _eventually(lambda: _ask(laboratory, token).status_code == 401)
    switch(False)
    _eventually(lambda: _ask(laboratory, token).status_code == 200)


def test_a_new_secret_can_end_the_old_one_at_once(laboratory: Lab) -> None:
    service = laboratory.service
    write = service.db.write
    old = service.runner.run(
        write(
            lambda s: register(
                s, Actor("tests"), client_id="rotating", name="Xoay", scopes=frozenset(SCOPES), unit_ids=[]
            )
        )
    )
    new = service.runner.run(write(lambda s: replace_secret(s, Actor("tests"), "rotating", keep=timedelta(0))))
    service.runner.run(write(lambda s: amend(s, Actor("tests"), "rotating", unit_ids=[NATION_ID])))
    _eventually(lambda: _grant(laboratory, "rotating", new).status_code == 200)
    assert _grant(laboratory, "rotating", old).status_code == 401


def test_changes_of_clients_leave_a_trail_without_secrets(laboratory: Lab) -> None:
    rows = laboratory.rows("SELECT action, after::text FROM audit_record WHERE subject = 'client'")
    assert {"registered"} <= {row[0] for row in rows}
    assert not any("scrypt" in str(row[1]) or laboratory.secret in str(row[1]) for row in rows)


def _grant(lab: Lab, client_id: str, secret: str, **form: str) -> httpx.Response:
    data = {"grant_type": "client_credentials", **form}
    return httpx.post(f"{lab.served.address}/oauth/token", data=data, auth=(client_id, secret))


def test_a_token_can_be_had_both_ways_and_used(laboratory: Lab) -> None:
    url, secret = f"{laboratory.served.address}/oauth/token", laboratory.secret
    basic = _grant(laboratory, "alpha", secret)
    form = {"grant_type": "client_credentials", "client_id": "alpha", "client_secret": secret, "scope": "cases:read"}
    posted = httpx.post(url, data=form)
    assert basic.status_code == posted.status_code == 200
    assert basic.json()["token_type"] == "Bearer"
    assert basic.json()["expires_in"] == SETTINGS.token_seconds
    assert set(basic.json()["scope"].split()) == set(SCOPES)
    assert posted.json()["scope"] == "cases:read"
    assert basic.headers["cache-control"] == "no-store"
    assert _ask(laboratory, f"Bearer {posted.json()['access_token']}").status_code == 200


def test_the_published_keys_verify_the_tokens(laboratory: Lab) -> None:
    keys = httpx.get(f"{laboratory.served.address}/.well-known/jwks.json").json()["keys"]
    token = _grant(laboratory, "alpha", laboratory.secret).json()["access_token"]
    decoded = jwt.decode(token, OKPKey.import_key(keys[0]), algorithms=["Ed25519"])
    assert decoded.claims["client_id"] == "alpha"
    assert decoded.header["typ"] == "at+jwt"
    assert "d" not in keys[0]


@pytest.mark.parametrize(
    ("form", "auth", "error"),
    [
        ({"grant_type": "password"}, True, "unsupported_grant_type"),
        ({"other": "1"}, True, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "everything"}, True, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, True, "invalid_request"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, True, "invalid_request"),
        ({"grant_type": "client_credentials"}, False, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "alpha"}, False, "invalid_client"),
    ],
)
def test_errors_of_the_token_endpoint_are_those_of_oauth(
    laboratory: Lab, form: dict[str, Any], auth: bool, error: str
) -> None:
    url = f"{laboratory.served.address}/oauth/token"
    answer = httpx.post(url, data=form, auth=("alpha", laboratory.secret) if auth else None)
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert ("www-authenticate" in answer.headers) == (error == "invalid_client")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"grant_type=%ff", "application/x-www-form-urlencoded", 400),
        (b"grant_type", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 10_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 401),
    ],
)
def test_what_is_not_a_form_is_refused(laboratory: Lab, body: bytes, kind: str, status: int) -> None:
    answer = httpx.post(f"{laboratory.served.address}/oauth/token", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert "error" in answer.json()


@pytest.mark.parametrize("basic", ["x", "YWxwaGE=", "/////w==", "YTpi extra"])
def test_garbled_basic_credentials_are_no_client(laboratory: Lab, basic: str) -> None:
    url = f"{laboratory.served.address}/oauth/token"
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(url, data=form, headers={"Authorization": f"Basic {basic}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_guessing_is_stopped(laboratory: Lab) -> None:
    """Ten wrong secrets for a client from one address, then nothing is tried any more; others are not affected."""
    answers = [_grant(laboratory, "guessed", f"wrong-{number}") for number in range(MAX_FAILURES + 1)]
    assert [answer.status_code for answer in answers] == [401] * MAX_FAILURES + [429]
    assert answers[-1].headers["retry-after"] == "60"
    assert _grant(laboratory, "alpha", laboratory.secret).status_code == 200


def test_a_disabled_client_gets_no_token(api: Served, world: World) -> None:
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{api.address}/oauth/token", data=form, auth=("disabled", world.secrets["disabled"]))
    assert answer.status_code == 401


def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = TOKENS.issue("alpha", frozenset({"cases:read"}))
    known = TOKENS.verify(token)
    monkeypatch.setattr("app.services.clients.tokens.time.time", lambda: known.expires + LEEWAY_SECONDS)
    with pytest.raises(InvalidToken):
        TOKENS.verify(token)


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_a_signing_key_may_come_from_a_file(tmp_path: Any, kind: str) -> None:
    key = OKPKey.generate_key("Ed25519") if kind == "ed25519" else ECKey.generate_key("P-256")
    file = tmp_path / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    tokens = Tokens(Settings(signing_key=file))
    assert tokens.verify(tokens.issue("alpha", frozenset({"cases:read"}))).client_id == "alpha"
    with pytest.raises(InvalidToken):
        tokens.verify(TOKENS.issue("alpha", frozenset()))


def test_secrets_are_kept_as_salted_hashes() -> None:
    secret = rules.new_secret()
    first, second = rules.hash_secret(secret), rules.hash_secret(secret)
    assert first != second
    assert secret not in first
    assert rules.secret_matches(secret, first)
    assert not rules.secret_matches(secret + "x", first)
    assert not rules.secret_matches("", rules.NO_SECRET)
