"""What a place in the feed is, who follows what, and whom an announcement wakes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.services.access import Caller, Scope

SCOPE_OF: Final[dict[str, str]] = {
    "administrative_judgment": "administrative:read",
    "case": "cases:read",
    "unit": "units:read",
    "officer": "officers:read",
    "matter": "matters:read",
    "target": "targets:read",
    "priority_rule": "priority:read",
}
"""What the feed tells of, each with the scope that lets a caller read it."""

# more units than this in one announcement are not worth telling apart
MAX_PATHS: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A point in the feed: everything up to `position` as the lineage `mark` numbered it.

    A lineage is what one server numbered; after a restore or a failover another one goes on.
    """

    mark: int
    position: int


@dataclass(frozen=True, slots=True)
class View:
    """What a caller follows: kinds of things, and the walls; with `others_only` its own changes are passed over."""

    kinds: tuple[str, ...]
    paths: tuple[str, ...]
    clearance: int
    institution: str | None
    client_id: str
    others_only: bool = False

    @classmethod
    def of(cls, caller: Caller, asked: Sequence[str] | None) -> "View":
        """Those of the kinds asked for, or of all, that the caller may read."""
        kinds = tuple(sorted(kind for kind in asked or SCOPE_OF if SCOPE_OF[kind] in caller.scopes))
        return cls(kinds, tuple(sorted(caller.paths)), caller.clearance, caller.institution, caller.client_id)

    @property
    def digest(self) -> str:
        """Tells whether a caller's view is what it was: a copy of another view cannot simply go on."""
        about = json.dumps([self.kinds, self.paths, self.clearance, self.institution])
        return hashlib.blake2s(about.encode(), digest_size=6).hexdigest()

    @property
    def scope(self) -> Scope:
        """The walls."""
        return Scope(self.paths, (), self.clearance, self.institution)


def concerns(paths: Sequence[str] | None, view: View) -> bool:
    """Whether changes in units at these paths may be seen in a view; None are changes anywhere."""
    return paths is None or any(path.startswith(root) for root in view.paths for path in paths)
