"""Access tokens (RFC 9068): ours are signed here, all are verified here, and remembered until they end.

What is remembered of a token ends with the token, and with the key set it was verified with: a removed key ends its
tokens at once. The client behind it, and the person, are looked up at every request (`people`).
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from app.services.clients.issuers import Issuer, OutsideIssuer, own_issuer, signing_key
from app.services.clients.jwts import (
    LEEWAY_SECONDS,
    REGISTRY,
    InvalidToken,
    check_audience,
    check_times,
    named,
    taken_apart,
)
from app.services.clients.keys import Key, Keys
from app.settings import Settings

TYPE: Final = "at+jwt"
# what a person's token may be typed as when it is exchanged: an access token, or a JWT for this purpose
_SUBJECT_TYPES: Final = frozenset({TYPE, "jwt"})
_REMEMBERED: Final = 10_000


class UnknownKey(InvalidToken):
    """The token names a key its issuer had not published when we last asked."""

    def __init__(self, issuer: OutsideIssuer) -> None:
        super().__init__()
        self.issuer = issuer


@dataclass(frozen=True, slots=True)
class Claimed:
    """A person as a token describes them: subject, code of the unit, role."""

    id: str
    unit: str
    role: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified token says: which client, what it may do, until when (seconds since 1970), for which person.

    `outside` names the issuer when it is not this service.
    """

    client_id: str
    scopes: frozenset[str]
    expires: float
    outside: str | None = None
    person: Claimed | None = None


class Tokens:
    """Issues and verifies the access tokens of this service; verifies those of the issuers it trusts."""

    def __init__(self, settings: Settings) -> None:
        self.lifetime = settings.token_seconds
        self._key = _signing_key(settings)
        self._own = own_issuer(settings, self._key)
        self.outside = tuple(OutsideIssuer(trusted, settings) for trusted in settings.trusted_issuers)
        self._issuers: dict[object, Issuer] = {issuer.name: issuer for issuer in (self._own, *self.outside)}
        self._known: dict[bytes, tuple[Verified, Issuer, Keys]] = {}

    @property
    def issuer(self) -> str:
        """Our own name, `iss` of the tokens we give out."""
        return self._own.name

    @property
    def audience(self) -> str:
        """`aud` of the tokens we give out."""
        return self._own.audience

    def issue(
        self, client_id: str, scopes: frozenset[str], person: Claimed | None = None, seconds: int | None = None
    ) -> str:
        """A token for the client with these scopes; for a client that acts for a person, in that person's name."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._own.name,
            "aud": self._own.audience,
            "sub": client_id,
            "client_id": client_id,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "nbf": now,
            "exp": now + (seconds or self.lifetime),
            "jti": str(uuid4()),
        }
        if person is not None:
            claims |= {"sub": person.id, "act": {"sub": client_id}, "unit": person.unit, "role": person.role}
        return self.sign(TYPE, claims)

    def verify(self, token: str) -> Verified:
        """Who the token speaks for; `InvalidToken` unless it holds in every respect."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None or known[1].keys is not known[2]:
            self._known.pop(digest, None)
            known = self._check(token)
            self._remember(digest, known)
        if known[0].expires + LEEWAY_SECONDS <= time.time():
            self._known.pop(digest, None)
            raise InvalidToken
        return known[0]

    async def verify_patiently(self, token: str) -> Verified:
        """The same, but an issuer whose key is not known is asked for its keys once more."""
        try:
            return self.verify(token)
        except UnknownKey as unknown:
            await unknown.issuer.learn()
            return self.verify(token)

    async def person_behind(self, token: str, issuer: str | None, client_id: str) -> tuple[Claimed, float]:
        """The person a token of this outside issuer names, for a client to act for; and when the token ends."""
        try:
            return self._subject(token, issuer, client_id)
        except UnknownKey as unknown:
            await unknown.issuer.learn()
            return self._subject(token, issuer, client_id)

    def sign(self, kind: str, claims: dict[str, Any]) -> str:
        """A document signed with the key of the service (compact JWS); `kind` keeps it apart from tokens."""
        algorithm = "ES256" if isinstance(self._key, ECKey) else "Ed25519"
        return jwt.encode({"alg": algorithm, "typ": kind, "kid": self._key.kid}, claims, self._key, registry=REGISTRY)

    def signed(self, kind: str, document: str) -> dict[str, Any]:
        """The claims of a document of this kind that this service signed; `InvalidToken` otherwise."""
        parts = taken_apart(document, frozenset({kind}))
        key = self._own.keys.find(parts.kid, parts.algorithm)
        if key is None or parts.claims.get("iss") != self._own.name:
            raise InvalidToken
        parts.check_signature(key)
        return parts.claims

    def public_keys(self) -> dict[str, Any]:
        """The JWK set others verify these tokens with."""
        return self._own.keys.as_dict()

    def _check(self, token: str) -> tuple[Verified, Issuer, Keys]:
        issuer, keys, claims = self._genuine(token, frozenset({TYPE}))
        client_id, scope = named(claims, "client_id"), claims.get("scope", "")
        if not isinstance(scope, str) or "iat" not in claims:
            raise InvalidToken
        named(claims, "jti")
        outside = issuer.name if issuer is not self._own else None
        expires = check_times(claims, time.time())
        person = _person(issuer, claims, client_id)
        return Verified(client_id, frozenset(scope.split()), expires, outside, person), issuer, keys

    def _subject(self, token: str, name: str | None, client_id: str) -> tuple[Claimed, float]:
        issuer, _, claims = self._genuine(token, _SUBJECT_TYPES)
        may_act = claims.get("may_act")
        if issuer.name != name or issuer is self._own or "iat" not in claims:
            raise InvalidToken
        if may_act is not None and not (isinstance(may_act, dict) and may_act.get("sub") == client_id):
            raise InvalidToken
        person = _person(issuer, claims, None)
        if person is None:
            raise InvalidToken
        return person, check_times(claims, time.time())

    def _genuine(self, token: str, types: frozenset[str]) -> tuple[Issuer, Keys, dict[str, Any]]:
        """The claims of a token that one of the issuers signed for us, with the keys it was verified with."""
        parts = taken_apart(token, types)
        name = parts.claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise InvalidToken
        keys = issuer.keys
        key = keys.find(parts.kid, parts.algorithm)
        if key is None:
            raise UnknownKey(issuer) if isinstance(issuer, OutsideIssuer) else InvalidToken
        parts.check_signature(key)
        check_audience(parts.claims, issuer.audience)
        check_times(parts.claims, time.time())
        return issuer, keys, parts.claims

    def _remember(self, digest: bytes, known: tuple[Verified, Issuer, Keys]) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[digest] = known


def _person(issuer: Issuer, claims: dict[str, Any], client_id: str | None) -> Claimed | None:
    """The person of a token; None when the client speaks for itself. A person without unit and role is nobody."""
    subject = named(claims, "sub")
    if subject == client_id and issuer.unit_claim not in claims and issuer.role_claim not in claims:
        return None
    return Claimed(subject, named(claims, issuer.unit_claim), named(claims, issuer.role_claim))


def _signing_key(settings: Settings) -> Key:
    if settings.signing_key is None:
        # Development only (settings refuse it in production): derived, so that all workers share one key.
        secret = "access-token-signing-key:" + settings.cursor_secret.get_secret_value()
        return OKPKey.derive_key(secret, "Ed25519", auto_kid=True)
    key = signing_key(settings.signing_key)
    key.ensure_kid()
    return key
