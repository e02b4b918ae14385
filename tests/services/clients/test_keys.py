"""Which keys are good enough, and for what."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from app.services.clients.keys import Keys, UnusableKey, algorithms_of, key_of_pem, keys_of_jwks, registered_keys

ED = OKPKey.generate_key("Ed25519", auto_kid=True)
EC = ECKey.generate_key("P-256", auto_kid=True)
RSA = RSAKey.generate_key(2048, auto_kid=True)


def _public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


UNUSABLE = [
    _public(OctKey.generate_key(256), k="c2VjcmV0"),
    ED.as_dict(private=True),
    RSA.as_dict(private=True),
    _public(OKPKey.generate_key("X25519")),
    _public(ECKey.generate_key("P-384")),
    _public(RSA, n=RSA.as_dict(private=False)["n"][:300]),
    _public(RSA, n=RSA.as_dict(private=False)["n"] * 3),
    _public(RSA, alg="RS512"),
    _public(RSA, use="enc"),
    _public(RSA, key_ops=["encrypt"]),
    _public(RSA, key_ops=7),
    _public(RSA, n=7),
    _public(RSA, n=None),
    _public(RSA, e="!"),
    _public(ED, kid=7),
    _public(ED, x=7),
    _public(ED, alg=["EdDSA"]),
    {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    {"kty": "OKP", "crv": "Ed25519"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": [1], "x": 1, "y": 2},
    {"kty": ["OKP"]},
    {"kty": "AKP"},
    {},
    7,
]


@pytest.mark.parametrize("jwk", UNUSABLE)
def test_a_key_that_is_not_good_is_left_out_of_a_set_and_refused_of_a_client(jwk: Any) -> None:
    found = keys_of_jwks({"keys": [jwk, _public(ED)]})
    assert found == Keys([ED])
    with pytest.raises(UnusableKey):
        registered_keys([jwk, _public(ED)])


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": [{}] * 51}])
def test_what_is_not_a_set_is_not_taken_for_one(document: Any) -> None:
    with pytest.raises(UnusableKey):
        keys_of_jwks(document)


def test_an_empty_set_is_a_set() -> None:
    assert len(keys_of_jwks({"keys": []})) == 0


@pytest.mark.parametrize("jwks", [[], [_public(ED)] * 2])
def test_a_client_brings_keys_each_once(jwks: list[Any]) -> None:
    with pytest.raises(UnusableKey):
        registered_keys(jwks)


@pytest.mark.parametrize(
    ("key", "allowed"),
    [(ED, ("Ed25519", "EdDSA")), (EC, ("ES256",)), (RSA, ("RS256", "PS256"))],
    ids=["ed25519", "p256", "rsa"],
)
def test_a_key_is_good_for_the_algorithms_of_its_kind(key: Any, allowed: tuple[str, ...]) -> None:
    keys = Keys([ED, EC, RSA])
    for algorithm in ("Ed25519", "EdDSA", "ES256", "RS256", "PS256", "RS512", "HS256", "none"):
        assert (keys.find(key.kid, algorithm) is key) == (algorithm in allowed)
    assert keys.find("unknown", allowed[0]) is None
    assert keys.find(7, allowed[0]) is None
    assert keys.find(None, allowed[0]) is key


def test_a_key_that_names_its_algorithm_is_good_for_that_one() -> None:
    assert algorithms_of(RSAKey.import_key(_public(RSA, alg="PS256"))) == ("PS256",)
    assert algorithms_of(OKPKey.import_key(_public(ED, alg="EdDSA"))) == ("Ed25519", "EdDSA")
    assert algorithms_of(ECKey.import_key(_public(EC, alg="EdDSA"))) == ()


def test_without_an_id_only_a_single_key_can_be_meant() -> None:
    assert Keys([ED, OKPKey.generate_key("Ed25519")]).find(None, "Ed25519") is None


def test_a_set_shows_no_private_half() -> None:
    shown = json.dumps(Keys([ED, EC, RSA]).as_dict())
    assert '"d"' not in shown
    assert '"p"' not in shown


@pytest.mark.parametrize("key", [ED, EC, RSA], ids=["ed25519", "p256", "rsa"])
@pytest.mark.parametrize("private", [True, False])
def test_keys_come_from_pem(key: Any, private: bool) -> None:
    found = key_of_pem(key.as_pem(private=private))
    assert found.thumbprint() == key.thumbprint()
