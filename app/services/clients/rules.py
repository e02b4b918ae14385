"""What holds for clients: the scopes there are, and how their secrets are made, kept and compared."""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

SCOPES: Final[dict[str, str]] = {
    "cases:read": "read cases, obligations, events and flags",
    "cases:write": "record cases and their events",
    "priority:read": "read the priority lists and their rules",
    "targets:read": "read targets and attainment",
    "targets:write": "assign and amend targets",
    "statistics:read": "read statements, series and frozen reports",
    "units:read": "read units and their succession",
    "units:write": "change units and their succession",
    "officers:read": "read officers, workload and results",
    "officers:write": "change officers and postings",
    "matters:read": "read matters tracked by steering committees",
    "matters:write": "change matters and their tracking",
    "reference:read": "read code lists, regimes and rules",
    "rules:write": "set new versions of the priority rules",
}

CLIENT_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)

# Secrets are 256 random bits, not passwords, so the cost only has to make the stored hash useless to a thief.
_COST: Final = 2**14
_BLOCK: Final = 8
_PARALLEL: Final = 1
_SALT_SIZE: Final = 16


def new_secret() -> str:
    """A fresh secret of 256 bits; shown once, never stored."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a secret: scrypt with its parameters and salt."""
    salt = secrets.token_bytes(_SALT_SIZE)
    parts = (salt, _scrypt(secret, salt))
    return "scrypt$" + "$".join(base64.b64encode(part).decode() for part in parts)


def secret_matches(secret: str, stored: str) -> bool:
    """Whether the secret is the one behind the stored hash; takes tens of milliseconds on purpose."""
    salt, digest = (base64.b64decode(part) for part in stored.removeprefix("scrypt$").split("$"))
    return hmac.compare_digest(_scrypt(secret, salt), digest)


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32)


NO_SECRET: Final = "scrypt$" + "$".join([base64.b64encode(bytes(16)).decode(), base64.b64encode(bytes(32)).decode()])
"""Compared against when there is no such client, so that the answer takes as long as for a wrong secret."""


def unknown_scopes(scopes: frozenset[str]) -> list[str]:
    """Those of `scopes` that do not exist."""
    return sorted(scopes - SCOPES.keys())
