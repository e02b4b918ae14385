"""Public keys that sign tokens and assertions: read from PEM or JWK sets, each good for its own algorithms only."""

from collections.abc import Iterable
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

Key = OKPKey | ECKey | RSAKey

MAX_KEYS: Final = 50
RSA_BITS: Final = (2048, 4096)
# `EdDSA` is what many issuers still write for Ed25519 (RFC 9864 gives it the name of the curve)
_BY_KIND: Final[dict[str, tuple[str, ...]]] = {
    "Ed25519": ("Ed25519", "EdDSA"),
    "P-256": ("ES256",),
    "RSA": ("RS256", "PS256"),
}
ALGORITHMS: Final = frozenset(name for names in _BY_KIND.values() for name in names)
"""The only algorithms there are, whatever a header asks for (RFC 8725, 3.1)."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# unpadded base64 of the modulus, so that no number is made of one that is too long
_MODULUS_LENGTHS: Final = range(RSA_BITS[0] * 4 // 24, RSA_BITS[1] * 4 // 24 + 2)
_UNUSABLE: Final = (JoseError, ValueError, TypeError, KeyError)


class UnusableKey(ValueError):
    """Not a key this service works with: Ed25519, P-256 or RSA of 2048 to 4096 bits."""


class Keys:
    """The keys of one party; never changed, only replaced as a whole."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._keys = tuple(keys)
        for key in self._keys:
            key.ensure_kid()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash(tuple(key.kid for key in self._keys))

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, kid: object, algorithm: str) -> Key | None:
        """The key of this id that may be used with this algorithm; without an id the only one that may."""
        fitting = [key for key in self._keys if algorithm in algorithms_of(key)]
        if kid is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.kid == kid), None)

    def as_dict(self) -> dict[str, Any]:
        """The JWK set (RFC 7517), public members only."""
        return {"keys": [dict(key.as_dict(private=False)) for key in self._keys]}


def algorithms_of(key: Key) -> tuple[str, ...]:
    """The algorithms a key may be used with: those of its kind, or of them the one it names itself."""
    allowed = _BY_KIND.get(_kind(key), ())
    own = key.get("alg")
    named = _BY_KIND["Ed25519"] if own in _BY_KIND["Ed25519"] else (own,)
    return allowed if own is None else tuple(name for name in allowed if name in named)


def _kind(key: Key) -> str:
    return "RSA" if isinstance(key, RSAKey) else key.curve_name


def key_of_pem(pem: bytes) -> Key:
    """The public or private key in a PEM file; `UnusableKey` otherwise."""
    for kind in (OKPKey, ECKey, RSAKey):
        try:
            key: Key = kind.import_key(pem)
        except _UNUSABLE:
            continue
        if not isinstance(key, RSAKey) and _kind(key) in _BY_KIND:
            return key
        if isinstance(key, RSAKey) and RSA_BITS[0] <= key.raw_value.key_size <= RSA_BITS[1]:
            return key
    raise UnusableKey("not a PEM file of an Ed25519 key, a P-256 key or an RSA key of 2048 to 4096 bits")


def public(key: Key) -> Key:
    """The public half of a key."""
    return _of_jwk(dict(key.as_dict(private=False)))


def keys_of_jwks(document: Any) -> Keys:
    """The keys of a JWK set that can verify signatures; others are left out (RFC 7517, 5)."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise UnusableKey("not a JWK set")
    found = []
    for jwk in listed:
        try:
            found.append(_of_jwk(jwk))
        except UnusableKey:
            continue
    return Keys(found)


def registered_keys(jwks: list[Any]) -> Keys:
    """Keys a client brings for itself: every one of them must be usable and public."""
    if not 0 < len(jwks) <= MAX_KEYS:
        raise UnusableKey(f"between 1 and {MAX_KEYS} keys are needed")
    keys = [_of_jwk(jwk) for jwk in jwks]
    for key in keys:
        key.ensure_kid()
    if len({key.kid for key in keys}) != len(keys):
        raise UnusableKey("two keys have the same kid")
    return Keys(keys)


def _of_jwk(jwk: Any) -> Key:
    if not isinstance(jwk, dict) or jwk.get("kty") not in ("OKP", "EC", "RSA"):
        raise UnusableKey("not a JWK of an Ed25519 key, a P-256 key or an RSA key")
    if not _PRIVATE.isdisjoint(jwk):
        raise UnusableKey("a private key, where only the public half may be")
    uses = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        raise UnusableKey("a key that is not for signatures")
    if jwk["kty"] == "RSA" and len(str(jwk.get("n", ""))) not in _MODULUS_LENGTHS:
        raise UnusableKey("an RSA key that does not have 2048 to 4096 bits")
    try:
        key = JWKRegistry.import_key(jwk)
    except _UNUSABLE as error:
        raise UnusableKey("not a valid JWK") from error
    if not isinstance(key, OKPKey | ECKey | RSAKey) or not algorithms_of(key):
        raise UnusableKey("a key for other algorithms than " + ", ".join(sorted(ALGORITHMS)))
    return key
