"""Clients prove who they are by a JWT signed with their own key (`private_key_jwt`, RFC 7523)."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from app.services.clients.jwts import LEEWAY_SECONDS, InvalidToken, check_times, named, taken_apart
from app.services.reference import Client, Reference

KIND: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_SECONDS: Final = 300
# never the type of an access token, so that one can not be taken for the other
_TYPES: Final = frozenset({"", "jwt", "client-authentication+jwt"})


@dataclass(frozen=True, slots=True)
class Proof:
    """An assertion that holds; it counts once its id is on record as used (`commands.use_assertion`)."""

    client: Client
    jti: str
    expires: float


def proof_of(assertion: str, reference: Reference, audiences: Collection[str]) -> Proof:
    """Which client signed this, for one of these audiences and nobody else; `InvalidToken` otherwise."""
    parts = taken_apart(assertion, _TYPES)
    claims = parts.claims
    client_id, jti = named(claims, "sub"), named(claims, "jti")
    client = reference.clients.get(client_id)
    if client is None or client.disabled or named(claims, "iss") != client_id:
        raise InvalidToken
    key = client.keys.find(parts.kid, parts.algorithm)
    if key is None:
        raise InvalidToken
    parts.check_signature(key)
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in audiences:
        raise InvalidToken
    now = time.time()
    expires = check_times(claims, now)
    if expires > now + MAX_SECONDS + LEEWAY_SECONDS:
        raise InvalidToken
    return Proof(client, jti, expires)
