"""What holds for every JWT that comes in, whoever signed it and whatever for (RFC 8725)."""

import math
from dataclasses import dataclass
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import CompactSignature, JWSRegistry

from app.services.clients.keys import ALGORITHMS, Key

LEEWAY_SECONDS: Final = 5
MAX_NAME: Final = 255
# a token that brings or names its own key, or needs to be understood in ways we do not know, is not for us
_REFUSED: Final = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64"})


class InvalidToken(Exception):
    """The token is not from anybody we believe, or not for us, or not now."""


class _Registry(JWSRegistry):
    """Nothing but the algorithms we allow, whatever the header asks for."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


REGISTRY: Final = _Registry(strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart; nothing in it may be believed before `check_signature`."""

    algorithm: str
    kid: object
    claims: dict[str, Any]
    _signed: CompactSignature

    def check_signature(self, key: Key) -> None:
        """`InvalidToken` unless this key signed the token."""
        try:
            genuine = jws.validate_compact(self._signed, key, registry=REGISTRY)
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidToken from error
        if not genuine:
            raise InvalidToken


def taken_apart(token: str, types: frozenset[str]) -> Unverified:
    """The parts of a token of one of these types (`typ` in lower case, `""` for none)."""
    try:
        signed = jws.extract_compact(token.encode(), registry=REGISTRY)
        header, claims = signed.headers(), orjson.loads(signed.payload)
        REGISTRY.check_header(header)
        algorithm = header["alg"]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidToken from error
    if algorithm not in ALGORITHMS or not _REFUSED.isdisjoint(header) or not isinstance(claims, dict):
        raise InvalidToken
    if str(header.get("typ", "")).lower().removeprefix("application/") not in types:
        raise InvalidToken
    return Unverified(algorithm, header.get("kid"), claims, signed)


def check_audience(claims: dict[str, Any], audience: str) -> None:
    """`aud` is this audience, or a list that names it."""
    found = claims.get("aud")
    if found != audience and not (isinstance(found, list) and audience in found):
        raise InvalidToken


def check_times(claims: dict[str, Any], now: float) -> float:
    """When the token ends, in seconds since 1970; `InvalidToken` when it has ended or has not yet begun."""
    ends = _instant(claims.get("exp"))
    if ends + LEEWAY_SECONDS <= now:
        raise InvalidToken
    for begins in ("iat", "nbf"):
        if begins in claims and _instant(claims[begins]) > now + LEEWAY_SECONDS:
            raise InvalidToken
    return ends


def _instant(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidToken
    return float(value)


def named(claims: dict[str, Any], claim: str) -> str:
    """A claim that is a short printable text, such as a subject or an id."""
    value = claims.get(claim)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or not value.isprintable():
        raise InvalidToken
    return value
