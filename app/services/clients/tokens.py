"""Access tokens (RFC 9068): signed here, verified here, and the verified ones remembered until they expire."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, KeySet, OKPKey
from joserfc.jws import JWSRegistry

from app.settings import Settings

TYPE: Final = "at+jwt"
# `EdDSA` is what many issuers still write for Ed25519 (RFC 9864 gives it the name of the curve)
ALGORITHMS: Final = ("Ed25519", "EdDSA", "ES256")
LEEWAY_SECONDS: Final = 5
# a token that brings or names its own key is never one of ours
_KEY_CLAIMS: Final = frozenset({"jwk", "jku", "x5c", "x5u"})
_REMEMBERED: Final = 10_000


class InvalidToken(Exception):
    """The token is not one of ours, or not for us, or not now."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified token says: who, what it may do, until when (seconds since 1970)."""

    client_id: str
    scopes: frozenset[str]
    expires: int


class _Allowed(JWSRegistry):
    """Nothing but the algorithms above, whatever the header asks for."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


class Tokens:
    """Issues and verifies the access tokens of this service."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.issuer
        self._audience = settings.audience
        self.lifetime = settings.token_seconds
        self._key = _signing_key(settings)
        self._keys = KeySet([self._key])
        self._registry = _Allowed()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
            client_id={"essential": True},
        )
        self._known: dict[bytes, Verified] = {}

    def issue(self, client_id: str, scopes: frozenset[str]) -> str:
        """A token for the client with these scopes."""
        now = int(time.time())
        algorithm = "ES256" if isinstance(self._key, ECKey) else "Ed25519"
        header = {"alg": algorithm, "typ": TYPE, "kid": self._key.kid}
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": client_id,
            "client_id": client_id,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "jti": str(uuid4()),
        }
        return jwt.encode(header, claims, self._key, registry=self._registry)

    def verify(self, token: str) -> Verified:
        """Who the token speaks for; `InvalidToken` unless it holds in every respect."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._check(token)
            self._remember(digest, known)
        if known.expires + LEEWAY_SECONDS <= time.time():
            self._known.pop(digest, None)
            raise InvalidToken
        return known

    def _check(self, token: str) -> Verified:
        try:
            decoded = jwt.decode(token, self._keys, registry=self._registry)
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken from error
        claims = decoded.claims
        client_id, scope = claims["client_id"], claims.get("scope", "")
        if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != TYPE:
            raise InvalidToken
        if not _KEY_CLAIMS.isdisjoint(decoded.header):
            raise InvalidToken
        if not (isinstance(client_id, str) and isinstance(scope, str)):
            raise InvalidToken
        return Verified(client_id, frozenset(scope.split()), int(claims["exp"]))

    def _remember(self, digest: bytes, verified: Verified) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[digest] = verified

    def public_keys(self) -> dict[str, Any]:
        """The JWK set others verify these tokens with."""
        return dict(self._keys.as_dict(private=False))


def _signing_key(settings: Settings) -> OKPKey | ECKey:
    if settings.signing_key is None:
        # Development only (settings refuse it in production): derived, so that all workers share one key.
        secret = "access-token-signing-key:" + settings.cursor_secret.get_secret_value()
        return OKPKey.derive_key(secret, "Ed25519", auto_kid=True)
    pem = settings.signing_key.read_bytes()
    key: OKPKey | ECKey
    try:
        key = OKPKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        key = ECKey.import_key(pem)
    key.ensure_kid()
    return key
