"""Who asks, and the one predicate that says what they may see (deny by default)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.db import Context, SeenBy

ROOT: Final = "vn."
"""Path of the nation; every other unit lies below it."""

ORDINARY: Final = 0
RESTRICTED: Final = 1
SECRET: Final = 2
"""Confidentiality classes (độ mật) of matters and cases, lowest first."""

CLASSES: Final = ("ordinary", "restricted", "secret")
"""Their names."""


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


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows a query may touch: subtrees, class and institution (the wall), and the units in the subtrees.

    `unit_ids` are for the indexes; they say no more than `paths`.
    """

    paths: tuple[str, ...]
    unit_ids: tuple[str, ...]
    clearance: int = ORDINARY
    institution: str | None = None

    @property
    def is_wide(self) -> bool:
        """Too many units to visit one by one: a global index serves better."""
        return len(self.unit_ids) > WIDE

    @property
    def sees_all(self) -> bool:
        """Whether it shows every row there is: of the nation, in every class, of all parties."""
        return ROOT in self.paths and self.clearance >= SECRET and self.institution is None

    def wall(self) -> dict[str, Any]:
        """The parameters of the row wall."""
        lower, upper = path_ranges(self.paths)
        bounds = {"lower": array(lower), "upper": array(upper)}
        return {**bounds, "clearance": self.clearance, "institution": self.institution}

    @property
    def units(self) -> str:
        """The units as a parameter, to be cast to `uuid[]`."""
        return array(self.unit_ids)


WIDE: Final = 150


def path_ranges(paths: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Bounds [lower, upper) of subtrees for ranges in COLLATE "C", where "/" is the sign after "."."""
    return list(paths), [path[:-1] + "/" for path in paths]


def wall(row: str, scope: Scope, *, cases: bool = False) -> str:
    """The row wall: `row` lies in a subtree of the scope and is of no higher class; its parameters are `scope.wall()`.

    A scope of one institution shows rows that are `cases` in which it is creditor or debtor, and no others.
    """
    within = _cleared(row, scope)
    if scope.institution is None:
        return within
    own = (
        f"EXISTS (SELECT FROM case_institution i WHERE i.case_id = {row}.id AND i.institution = %(institution)s)"
        if cases
        else "false"
    )
    return f"{within} AND {own}"


def recorded_wall(row: str, scope: Scope) -> str:
    """The row wall of a record about something: `row` has the columns of its `Visibility`; parameters as of `wall`."""
    within = _cleared(row, scope)
    if scope.institution is None:
        return within
    return f"{within} AND ({row}.institutions IS NULL OR %(institution)s::text = ANY ({row}.institutions))"


def unclassed_wall(row: str, scope: Scope) -> str:
    """The row wall of what has no class and no parties: who is bound to an institution sees none of it."""
    return _within(row, len(scope.paths)) if scope.institution is None else "false"


def _cleared(row: str, scope: Scope) -> str:
    return f"{_within(row, len(scope.paths))} AND {row}.confidentiality <= %(clearance)s::smallint"


def _within(row: str, ranges: int) -> str:
    """One range, the usual case, is written so that an index on the path could serve it."""
    if ranges == 1:
        return f"{row}.unit_path >= (%(lower)s::text[])[1] AND {row}.unit_path < (%(upper)s::text[])[1]"
    return (
        f"EXISTS (SELECT FROM unnest(%(lower)s::text[], %(upper)s::text[]) g (lower, upper) "
        f"WHERE {row}.unit_path >= g.lower AND {row}.unit_path < g.upper)"
    )


def context_of(caller: Caller, family: tuple[str, ...]) -> Context:
    """The caller as row-level security knows it; `family` are the paths of all units whose figures it may read."""
    return Context(
        client=caller.client_id,
        clearance=str(caller.clearance),
        institution=caller.institution or "",
        lower=caller.paths[0] if len(caller.paths) == 1 else "",
        paths=array(caller.paths) if len(caller.paths) > 1 else "",
        family=array(family),
    )


def array(plain: Sequence[str]) -> str:
    """Texts of letters, digits, dots, slashes and hyphens as an array of PostgreSQL; a list would cost more to send."""
    return "{" + ",".join(plain) + "}"


SERVICE: Final = context_of(Caller("@service", frozenset(), (ROOT,), SECRET), (ROOT,))
"""The service at its own work, where no caller is behind it. Names of clients cannot begin like this."""


def figures(db: SeenBy) -> SeenBy:
    """Where figures are read: they count every case of the units, whatever its class."""
    return db.changed(lambda context: context._replace(clearance=str(SECRET)))
