"""Who asks, and the one predicate that says what they may see (deny by default)."""

from dataclasses import dataclass
from typing import Final

ORDINARY: Final = 0
RESTRICTED: Final = 1
SECRET: Final = 2
"""Confidentiality classes (độ mật) of matters and cases, lowest first."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a portal acts for, as its token says: subject, unit and role; never from a plain header."""

    id: str
    unit_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A client as its verified token and its grants describe it, narrowed to the person it acts for.

    `paths` are the unit subtrees it may see, `clearance` the highest confidentiality class, `institution` the only
    party whose cases it may see (a bank its own); None for all parties.
    """

    client_id: str
    scopes: frozenset[str]
    paths: tuple[str, ...]
    clearance: int = ORDINARY
    institution: str | None = None
    person: Person | None = None

    @property
    def key(self) -> str:
        """Whom cursors belong to: the client, and the person it acts for. Ids of clients hold no blanks."""
        return self.client_id if self.person is None else f"{self.client_id} {self.person.id}"

    def covers(self, path: str) -> bool:
        """Whether a unit at `path` lies in one of the caller's subtrees."""
        return any(path.startswith(root) for root in self.paths)


@dataclass(frozen=True, slots=True)
class Visibility:
    """What decides who sees a thing: path of its unit, confidentiality class, institutions among its parties.

    `institutions` is None for a thing that names no parties: callers bound to an institution see it like everybody.
    """

    unit_path: str
    confidentiality: int = ORDINARY
    institutions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change or sees personal data, in which request and why: what the trail names."""

    client_id: str
    request_id: str | None = None
    reason: str | None = None
    source: str = "partner"
    person: Person | None = None


def path_ranges(paths: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Bounds [lower, upper) of subtrees for ranges in COLLATE "C", where "/" is the sign after "."."""
    return list(paths), [path[:-1] + "/" for path in paths]


def wall(row: str, ranges: int) -> str:
    """The row wall: `row` lies in one of the caller's subtrees. Parameters `lower` and `upper` are arrays.

    One range, the usual case, is written so that an index on the path could serve it.
    """
    if ranges == 1:
        return f"{row}.unit_path >= (%(lower)s::text[])[1] AND {row}.unit_path < (%(upper)s::text[])[1]"
    return (
        f"EXISTS (SELECT FROM unnest(%(lower)s::text[], %(upper)s::text[]) g (lower, upper) "
        f"WHERE {row}.unit_path >= g.lower AND {row}.unit_path < g.upper)"
    )
