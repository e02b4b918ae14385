"""How clients prove who they are: secrets that overlap, assertions that count once; our own keys when they change."""

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from joserfc.jwk import ECKey, OKPKey

from app.main import create_app
from app.services.clients.assertions import KIND, MAX_SECONDS
from app.services.clients.commands import (
    forget_used_assertions,
    register_with_keys,
    replace_keys,
    replace_secret,
    set_disabled,
)
from app.services.clients.jwts import LEEWAY_SECONDS
from app.services.clients.keys import Keys
from app.services.clients.rules import SCOPES
from app.settings import Settings
from tests.api.issuer import new_key, signed
from tests.api.portal import TESTS, Portal
from tests.api.portal import portal as portal_over
from tests.builders import NATION_ID
from tests.conftest import settings_for
from tests.server import Served, serving

KEY = new_key()
NEXT = new_key()
OTHER = new_key()
ISSUER = Settings().issuer


@pytest.fixture(scope="module")
def portal(cluster: str) -> Iterator[Portal]:
    """One for the module, with client `signer`, who has a key and no secret."""
    with portal_over(cluster) as made:
        made.change(
            lambda session: register_with_keys(
                session,
                TESTS,
                client_id="signer",
                name="Hệ thống ký",
                scopes=frozenset(SCOPES),
                unit_ids=[NATION_ID],
                keys=_public(KEY),
            )
        )
        yield made


def _public(*keys: OKPKey) -> Keys:
    return Keys([OKPKey.import_key(key.as_dict(private=False)) for key in keys])


def _assertion(key: OKPKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(time.time())
    full = {"alg": "EdDSA", "typ": "JWT", "kid": key.kid, **(header or {})}
    values = {
        "iss": "signer",
        "sub": "signer",
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid4()),
        **claims,
    }
    return signed(key, *({name: value for name, value in part.items() if value is not None} for part in (full, values)))


def _token(portal: Portal, assertion: str, **form: str) -> httpx.Response:
    about = {"grant_type": "client_credentials", "client_assertion_type": KIND, "client_assertion": assertion}
    return portal.form({**about, **form})


def _secret(portal: Portal, client_id: str, secret: str) -> int:
    return portal.form({"grant_type": "client_credentials"}, (client_id, secret)).status_code


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token", [ISSUER]])
@pytest.mark.parametrize("header", [{}, {"typ": None}, {"typ": "client-authentication+jwt"}, {"kid": None}])
def test_an_assertion_is_as_good_as_a_secret(portal: Portal, audience: Any, header: dict[str, Any]) -> None:
    answer = _token(portal, _assertion(header=header, aud=audience), scope="cases:read")
    assert answer.status_code == 200, answer.text
    assert portal.ask(answer.json()["access_token"]).status_code == 200
    assert _token(portal, _assertion(), client_id="signer").status_code == 200


def test_an_assertion_counts_once_whichever_worker_sees_it(portal: Portal) -> None:
    assertion = _assertion()
    assert _token(portal, assertion).status_code == 200
    assert _token(portal, assertion).status_code == 401
    with serving(create_app(settings_for(portal.url))) as other:
        assert _elsewhere(other, assertion) == 401
        assert _elsewhere(other, fresh := _assertion()) == 200
    assert _token(portal, fresh).status_code == 401


def _elsewhere(served: Served, assertion: str) -> int:
    form = {"grant_type": "client_credentials", "client_assertion_type": KIND, "client_assertion": assertion}
    return httpx.post(f"{served.address}/oauth/token", data=form).status_code


def test_used_assertions_are_forgotten_once_they_have_ended(portal: Portal) -> None:
    assertion = _assertion(jti="kept")
    assert _token(portal, assertion).status_code == 200
    assert _token(portal, _assertion(jti="over")).status_code == 200
    with psycopg.connect(portal.url, autocommit=True) as connection:
        connection.execute("UPDATE client_assertion SET expires_at = now() - interval '6 minutes' WHERE jti = 'over'")
    assert portal.change(forget_used_assertions) == 1
    assert _token(portal, assertion).status_code == 401


@pytest.mark.parametrize(
    "make",
    [
        lambda: _assertion(OTHER),
        lambda: _assertion(OTHER, {"kid": KEY.kid}),
        lambda: _assertion(header={"alg": "none"}),
        lambda: _assertion(header={"alg": "HS256"}),
        lambda: _assertion(header={"typ": "at+jwt"}),
        lambda: _assertion(OTHER, {"kid": None, "jwk": OTHER.as_dict(private=False)}),
        lambda: _assertion(header={"jku": "https://evil.example/keys"}),
        lambda: _assertion(iss="national"),
        lambda: _assertion(iss=None),
        lambda: _assertion(sub="national", iss="national"),
        lambda: _assertion(sub="nobody-known", iss="nobody-known"),
        lambda: _assertion(aud="https://other.example"),
        lambda: _assertion(aud=[ISSUER, "https://other.example"]),
        lambda: _assertion(aud=None),
        lambda: _assertion(exp=None),
        lambda: _assertion(exp=int(time.time()) - LEEWAY_SECONDS - 1),
        lambda: _assertion(exp=int(time.time()) + MAX_SECONDS + LEEWAY_SECONDS + 5),
        lambda: _assertion(nbf=int(time.time()) + 60),
        lambda: _assertion(iat=int(time.time()) + 60),
        lambda: _assertion(jti=None),
        lambda: _assertion(jti=""),
        lambda: _assertion(jti="x" * 256),
        lambda: _assertion(jti="a\u0000b"),
        lambda: "x",
    ],
)
def test_a_bad_assertion_is_no_client(portal: Portal, make: Any) -> None:
    answer = _token(portal, make())
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_one_way_of_proving_at_a_time(portal: Portal) -> None:
    secret = portal.world.secrets["national"]
    about = {"grant_type": "client_credentials", "client_assertion_type": KIND, "client_assertion": _assertion()}
    assert portal.form(about, ("national", secret)).json()["error"] == "invalid_request"
    assert portal.form({**about, "client_secret": secret}).json()["error"] == "invalid_request"
    assert _token(portal, _assertion(), client_id="national").json()["error"] == "invalid_client"
    assert _token(portal, _assertion(), client_assertion_type="other").json()["error"] == "invalid_client"
    assert _token(portal, "").json()["error"] == "invalid_client"
    assert _secret(portal, "signer", "") == 401


def test_keys_of_a_client_overlap_and_then_end(portal: Portal) -> None:
    portal.change(lambda session: replace_keys(session, TESTS, "signer", _public(KEY, NEXT)))
    assert _token(portal, _assertion(KEY)).status_code == _token(portal, _assertion(NEXT)).status_code == 200
    portal.change(lambda session: replace_keys(session, TESTS, "signer", _public(NEXT)))
    assert _token(portal, _assertion(KEY)).status_code == 401
    assert _token(portal, _assertion(NEXT)).status_code == 200
    portal.change(lambda session: replace_keys(session, TESTS, "signer", _public(KEY)))


def test_a_disabled_client_signs_in_vain(portal: Portal) -> None:
    portal.change(lambda session: set_disabled(session, TESTS, "signer", disabled=True))
    assert _token(portal, _assertion()).status_code == 401
    portal.change(lambda session: set_disabled(session, TESTS, "signer", disabled=False))
    assert _token(portal, _assertion()).status_code == 200


def test_two_secrets_overlap_and_the_older_ends(portal: Portal) -> None:
    first = portal.world.secrets["partner"]
    rotate = partial(replace_secret, actor=TESTS, client_id="partner")
    second = portal.change(rotate)
    assert [_secret(portal, "partner", secret) for secret in (first, second)] == [200, 200]
    third = portal.change(rotate)
    assert [_secret(portal, "partner", secret) for secret in (first, second, third)] == [401, 200, 200]
    with psycopg.connect(portal.url, autocommit=True) as connection:
        connection.execute("UPDATE client SET old_secret_until = now() - interval '1 second' WHERE id = 'partner'")
    portal.change(lambda session: set_disabled(session, TESTS, "partner", disabled=False))
    assert [_secret(portal, "partner", secret) for secret in (second, third)] == [401, 200]
    portal.change(partial(rotate, keep=timedelta(0)))
    assert _secret(portal, "partner", third) == 401


def test_a_client_that_moves_to_keys_keeps_its_secret_for_a_while(portal: Portal) -> None:
    secret = portal.world.secrets["province"]
    portal.change(lambda session: replace_keys(session, TESTS, "province", _public(KEY)))
    assert _token(portal, _assertion(iss="province", sub="province")).status_code == 200
    assert _secret(portal, "province", secret) == 200
    portal.change(lambda session: replace_keys(session, TESTS, "province", _public(KEY, NEXT)))
    assert _secret(portal, "province", secret) == 200
    portal.change(lambda session: replace_keys(session, TESTS, "province", _public(KEY), timedelta(0)))
    assert _secret(portal, "province", secret) == 401


def test_the_trail_knows_what_happened_but_no_secret(portal: Portal) -> None:
    secret = portal.change(lambda session: replace_secret(session, TESTS, "disabled"))
    portal.change(lambda session: replace_keys(session, TESTS, "disabled", _public(KEY)))
    with psycopg.connect(portal.url) as connection:
        rows = connection.execute(
            "SELECT action, concat(before, after) FROM audit_record WHERE subject = 'client'"
        ).fetchall()
    assert {"registered", "keys-replaced", "secret-replaced", "granted"} <= {row[0] for row in rows}
    for hidden in (secret, *portal.world.secrets.values()):
        assert not any(hidden in row[1] or "scrypt" in row[1] or '"d"' in row[1] for row in rows)


def _pem(path: Path, key: OKPKey | ECKey, *, private: bool) -> Path:
    path.write_bytes(key.as_pem(private=private))
    return path


@pytest.mark.parametrize("private", [True, False])
def test_our_own_keys_change_with_overlap(portal: Portal, tmp_path: Path, private: bool) -> None:
    old, new = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")
    settings: list[dict[str, Any]] = [
        {"signing_key": _pem(tmp_path / "old", old, private=True)},
        {"signing_key": _pem(tmp_path / "new", new, private=True)},
    ]
    settings.append({**settings[1], "previous_keys": [_pem(tmp_path / "was", old, private=private)]})
    before, after, between = (create_app(settings_for(portal.url, **values)) for values in settings)
    early = before.state.tokens.issue("national", frozenset({"cases:read"}))
    with serving(between) as served:
        assert _status(served, early) == 200
        late = served.token("national", portal.world.secrets["national"])
        published = httpx.get(f"{served.address}/.well-known/jwks.json").json()["keys"]
        assert [key["kty"] for key in published] == ["EC", "OKP"]
        assert not any("d" in key for key in published)
    with serving(after) as served:
        assert _status(served, early) == 401
        assert _status(served, late) == 200


def _status(served: Served, token: str) -> int:
    return httpx.get(f"{served.address}/v1/cases?limit=1", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize("key", [OKPKey.generate_key("X25519"), ECKey.generate_key("P-384")])
def test_keys_we_cannot_sign_with_are_refused(tmp_path: Path, key: Any) -> None:
    with pytest.raises(ValueError, match="not a PEM file of an Ed25519 key"):
        create_app(Settings(signing_key=_pem(tmp_path / "key", key, private=True)))
    good = OKPKey.generate_key("Ed25519")
    with pytest.raises(ValueError, match="not a private"):
        create_app(Settings(signing_key=_pem(tmp_path / "key", good, private=False)))
    (tmp_path / "key").write_bytes(b"secret")
    with pytest.raises(ValueError, match="not a PEM file"):
        create_app(Settings(signing_key=tmp_path / "key"))
