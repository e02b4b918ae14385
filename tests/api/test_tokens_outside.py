"""Access tokens of an outside issuer: whom they speak for, what makes them good, what its keys have to do with it."""

import json
import time
from collections.abc import Iterator

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from app.services.clients.jwts import LEEWAY_SECONDS
from tests.api.issuer import AUDIENCE, ISSUER, FakeIssuer, new_key, signed
from tests.api.portal import REFRESH_SECONDS, Portal
from tests.api.portal import portal as portal_over


@pytest.fixture(scope="module")
def portal(cluster: str) -> Iterator[Portal]:
    """One for the module."""
    with portal_over(cluster) as made:
        yield made


def _eventually(portal: Portal, token: str, status: int, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while (answer := portal.ask(token)).status_code != status:
        assert time.monotonic() < limit, answer.text
        time.sleep(REFRESH_SECONDS / 3)


def test_a_token_of_the_issuer_speaks_for_its_clients_only(portal: Portal) -> None:
    own = portal.issuer
    assert portal.ask(own.token()).status_code == 200
    assert portal.ask(own.token(client_id="province", sub="province")).status_code == 200
    assert portal.ask(own.token(client_id="partner", sub="partner")).status_code == 401
    assert portal.ask(own.token(client_id="disabled", sub="disabled")).status_code == 401
    portal.grant("province", issuer="")
    assert portal.ask(own.token(client_id="province", sub="province")).status_code == 401
    portal.grant("province", issuer=ISSUER)


def test_it_may_do_what_both_token_and_client_may(portal: Portal) -> None:
    token = portal.issuer.token(scope="units:read something:else")
    assert portal.ask(token).status_code == 403
    assert portal.ask(token, "/v1/units").status_code == 200


NOW = int(time.time())
OTHER = new_key()


def _bad(issuer: FakeIssuer, ours: str) -> dict[str, str]:
    """Tokens that are each wrong in one way."""
    public = issuer.key.as_dict(private=False)
    octets = OctKey.import_key(json.dumps(public))
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "national", "client_id": "national", "exp": NOW + 600}
    mac = jws.serialize_compact({"alg": "HS256", "typ": "at+jwt", "kid": issuer.key.kid}, json.dumps(claims), octets)

    return {
        "signed by another": issuer.token(OTHER, {"kid": issuer.key.kid}),
        "unknown key": issuer.token(OTHER),
        "none": issuer.token(header={"alg": "none"}),
        "mac with the public key": mac,
        "algorithm of another kind of key": issuer.token(header={"alg": "RS256"}),
        "typ of an id token": issuer.token(header={"typ": "JWT"}),
        "no typ": issuer.token(header={"typ": None}),
        "own key embedded": issuer.token(OTHER, {"kid": None, "jwk": OTHER.as_dict(private=False)}),
        "good key embedded": issuer.token(header={"jwk": public}),
        "jku": issuer.token(header={"jku": issuer.address}),
        "x5c": issuer.token(header={"x5c": ["MIIB"]}),
        "x5u": issuer.token(header={"x5u": issuer.address}),
        "crit": issuer.token(header={"crit": ["exp"], "exp": NOW}),
        "kid as path": issuer.token(header={"kid": "../../dev/null"}),
        "kid of 5 kB": issuer.token(header={"kid": "k" * 5_000}),
        "our name": issuer.token(iss="https://thads.example.gov.vn"),
        "another issuer": issuer.token(iss="https://evil.example"),
        "no issuer": issuer.token(iss=None),
        "our own audience": issuer.token(aud="https://api.thads.example.gov.vn"),
        "no audience": issuer.token(aud=None),
        "ended": issuer.token(exp=NOW - LEEWAY_SECONDS - 1),
        "endless": issuer.token(exp=None),
        "end as text": issuer.token(exp=str(NOW + 600)),
        "not yet": issuer.token(nbf=NOW + 600),
        "from the future": issuer.token(iat=NOW + 600),
        "never issued": issuer.token(iat=None),
        "no id": issuer.token(jti=None),
        "no client": issuer.token(client_id=None),
        "unknown client": issuer.token(client_id="nobody-known", sub="nobody-known"),
        "a person without unit and role": issuer.token(sub="an@moj.example.vn"),
        "a person without role": issuer.token(sub="an@moj.example.vn", unit="G15"),
        "scope as list": issuer.token(scope=["cases:read"]),
        "our key, their name": signed(
            _our_key(ours), {"alg": "EdDSA", "typ": "at+jwt", "kid": _our_key(ours).kid}, claims
        ),
    }


def _our_key(secret: str) -> OKPKey:
    """The key the service signs with in tests."""
    return OKPKey.derive_key("access-token-signing-key:" + secret, "Ed25519", auto_kid=True)


WRONGS = list(_bad(FakeIssuer(), "x" * 32))


@pytest.mark.parametrize("what", WRONGS)
def test_a_bad_token_of_the_issuer_is_refused(portal: Portal, what: str) -> None:
    secret = portal.served.app.state.settings.cursor_secret.get_secret_value()
    answer = portal.ask(_bad(portal.issuer, secret)[what])
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Bearer realm="thads", error="invalid_token"'
    assert portal.ask(portal.issuer.token()).status_code == 200


def test_a_new_key_overlaps_and_a_removed_one_ends_its_tokens(portal: Portal) -> None:
    issuer = portal.issuer
    old, new = issuer.key, new_key()
    early = issuer.token(old)
    assert portal.ask(early).status_code == 200
    issuer.publish(new, old)
    _eventually(portal, issuer.token(new), 200)
    assert portal.ask(early).status_code == 200
    issuer.publish(new)
    _eventually(portal, early, 401)  # though it was remembered as good
    assert portal.ask(issuer.token(new)).status_code == 200


@pytest.mark.parametrize("fault", ["down", "garbage", "no set", "redirect", "large", "compressed"])
def test_the_last_good_keys_stay_when_the_issuer_fails(portal: Portal, fault: str) -> None:
    issuer = portal.issuer
    issuer.publish(issuer.key)
    token = issuer.token()
    _eventually(portal, token, 200)
    asked = issuer.asked
    _break(issuer, fault)
    limit = time.monotonic() + 10
    while issuer.asked < asked + 3:
        assert time.monotonic() < limit
        time.sleep(REFRESH_SECONDS / 3)
    assert portal.ask(token).status_code == 200
    assert portal.ask(issuer.token()).status_code == 200
    issuer.publish(issuer.key)


def _break(issuer: FakeIssuer, fault: str) -> None:
    empty = b'{"keys": []}'
    if fault == "down":
        issuer.status, issuer.document = 503, empty
    elif fault == "garbage":
        issuer.document = b"<html>"
    elif fault == "no set":
        issuer.document = b'{"keys": 7}'
    elif fault == "redirect":
        issuer.status, issuer.headers, issuer.document = 302, {"Location": "/elsewhere"}, empty
    elif fault == "large":
        issuer.document = empty + b" " * 70_000
    else:
        issuer.headers, issuer.document = {"Content-Encoding": "gzip"}, empty
