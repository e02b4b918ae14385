"""What holds for clients: the scopes and roles there are, and how their secrets are made, kept and compared."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.services.access import ORDINARY, RESTRICTED, SECRET

SCOPES: Final[dict[str, str]] = {
    "cases:read": "read cases, obligations, events and flags",
    "cases:read.pii": "see personal data of parties unmasked; each such read is on record",
    "cases:write": "record cases and their events",
    "changes:read": "follow changes of what the other scopes let it read; take snapshots of it",
    "priority:read": "read the priority lists and their rules",
    "targets:read": "read targets and attainment",
    "targets:write": "assign and amend targets",
    "statistics:read": "read statements, series and frozen reports",
    "reports:write": "send and approve figures; with the whole nation close and reopen months, freeze reports",
    "units:read": "read units and their succession",
    "units:write": "change units and their succession",
    "officers:read": "read officers, workload and results",
    "officers:write": "change officers and postings",
    "matters:read": "read matters tracked by steering committees",
    "matters:write": "change matters and their tracking",
    "administrative:read": "read the register of administrative judgments tracked",
    "administrative:write": "take on administrative judgments, follow and end their tracking",
    "reference:read": "read code lists, regimes and rules",
    "rules:write": "set new versions of the priority rules and of how regimes count",
    "public:read": "read the public list of debtors without conditions",
    "audit:read": "read the trail of changes and of unmasked reads",
    "webhooks:write": "have changes of what the other scopes let it read sent to its own addresses",
    "privacy:write": "set legal holds, export the data of a person, have old parties anonymised",
    "sync:write": "push cases by ids of one's own, alone, many at once or as files",
    "jobs:write": "export whole lists in the background; follow and call off one's own jobs, fetch their results",
    "people:act": "act for people: exchange tokens that name them, or send such tokens of the client's own issuer",
}

ACT_FOR_PEOPLE: Final = "people:act"

INSTITUTION_SCOPES: Final = frozenset(
    {"cases:read", "cases:read.pii", "changes:read", "webhooks:write"}
    | {"units:read", "officers:read", "reference:read", "jobs:write"}
)
"""What a client of one credit institution may do at most: read its own cases. Figures count the cases of all."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a person may do at most, through whatever portal, and the highest confidentiality class they may see."""

    meaning: str
    scopes: frozenset[str]
    clearance: int


_CLERK: Final = frozenset(
    {"cases:read", "cases:write", "changes:read", "priority:read", "units:read", "officers:read", "reference:read"}
    | {"public:read", "jobs:write", "administrative:read", "administrative:write"}
)
_OFFICER: Final = _CLERK | {"cases:read.pii", "matters:read", "targets:read", "statistics:read", "reports:write"}
_LEADER: Final = _OFFICER | {"matters:write", "officers:write", "targets:write"}
_INSPECTOR: Final = (_OFFICER | {"audit:read"}) - {"cases:write", "reports:write", "administrative:write"}
_ADMINISTRATOR: Final = frozenset(
    {"units:read", "units:write", "officers:read", "officers:write", "reference:read", "rules:write", "audit:read"}
    | {"privacy:write", "jobs:write"}
)

ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "clerk": Role("thư ký, chuyên viên: keeps the case books", _CLERK, ORDINARY),
        "officer": Role("chấp hành viên: enforces", _OFFICER, RESTRICTED),
        "leader": Role("thủ trưởng, phó thủ trưởng: leads a unit", _LEADER, SECRET),
        "inspector": Role("thẩm tra viên: examines, changes nothing", _INSPECTOR, SECRET),
        "administrator": Role("quản trị: units, officers and rules, no cases", _ADMINISTRATOR, ORDINARY),
    }
)
"""Roles a token may name for a person; what none of them has, no person may do through a portal."""

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


def common_paths(granted: tuple[str, ...], path: str) -> tuple[str, ...]:
    """The subtrees that lie both in the granted ones and in the one at `path`: of two nested ones the inner."""
    inner = [
        path if path.startswith(root) else root for root in granted if path.startswith(root) or root.startswith(path)
    ]
    return tuple(dict.fromkeys(inner))


def unknown_scopes(scopes: frozenset[str]) -> list[str]:
    """Those of `scopes` that do not exist."""
    return sorted(scopes - SCOPES.keys())
