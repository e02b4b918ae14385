"""Reading the register of administrative judgments, and what it adds up to. Every statement starts from the wall.

A judgment stays with the unit that took it on; whoever sees a unit sees what the units it succeeded took on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.db import Reads, Row
from app.services.access import Caller, Scope, unclassed_wall
from app.services.administrative.rules import Tracking
from app.services.reference import Reference, Unit
from app.services.statistics.groups import Groups
from app.services.statistics.queries import MEMBERS, sources

COLUMNS: Final = (
    "id", "unit_id", "unit_path", "officer_id", "file_no", "court", "judgment_no", "judgment_date", "decision_no",
    "decision_date", "obliged_agency", "accepted_on", "ended_on", "outcome", "proposals", "version",
)  # fmt: skip
"""The projection of a judgment; `app.api.v1.schemas.administrative.judgment_out` turns a row into JSON."""
_LISTED: Final = ", ".join(f"j.{column}" for column in COLUMNS)


@dataclass(frozen=True, slots=True)
class JudgmentFilter:
    """What a list of judgments is narrowed to; None leaves a criterion out."""

    unit: str | None = None
    officer_id: str | None = None
    is_open: bool | None = None
    accepted_from: date | None = None
    accepted_until: date | None = None


def scope_of(ref: Reference, caller: Caller, unit: Unit | None) -> Scope:
    """What the caller sees of the register: their units, or one of them, with all that these succeeded."""
    paths = ref.family(caller.paths if unit is None else (unit.path,))
    return Scope(paths, (), caller.clearance, caller.institution)


_COMPARED: Final = {
    "officer_id": "j.officer_id = %(officer_id)s::uuid",
    "accepted_from": "j.accepted_on >= %(accepted_from)s::date",
    "accepted_until": "j.accepted_on <= %(accepted_until)s::date",
}
_OPEN: Final = {None: [], True: ["j.ended_on IS NULL"], False: ["j.ended_on IS NOT NULL"]}


async def list_judgments(
    db: Reads, ref: Reference, caller: Caller, wanted: JudgmentFilter, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows of COLUMNS by unit path, day and id, at most `limit`, after a key. Raises Invalid for an unknown unit."""
    scope = scope_of(ref, caller, ref.asked(caller, wanted.unit))
    given = {name: getattr(wanted, name) for name in _COMPARED if getattr(wanted, name) is not None}
    conditions = [unclassed_wall("j", scope), *(_COMPARED[name] for name in given), *_OPEN[wanted.is_open]]
    parameters = {**scope.wall(), **given, "limit": limit}
    if after is not None:
        conditions.append(
            "(j.unit_path, j.accepted_on, j.id) > (%(after_path)s::text, %(after_day)s::date, %(after_id)s::uuid)"
        )
        parameters |= dict(zip(("after_path", "after_day", "after_id"), after, strict=True))
    sql = f"""SELECT {_LISTED} FROM administrative_judgment j WHERE {" AND ".join(conditions)}
        ORDER BY j.unit_path, j.accepted_on, j.id LIMIT %(limit)s"""
    return await db.fetch(sql, parameters)


def one_judgment(scope: Scope) -> str:
    """The statement that reads one judgment, by `id`, with the parameters of the wall."""
    return f"SELECT {_LISTED} FROM administrative_judgment j WHERE j.id = %(id)s AND {unclassed_wall('j', scope)}"


async def read_judgment(db: Reads, ref: Reference, caller: Caller, judgment_id: str) -> Row | None:
    """A row of COLUMNS; None when there is no such judgment or the caller may not see it."""
    scope = scope_of(ref, caller, None)
    return await db.fetch_one(one_judgment(scope), {"id": judgment_id, **scope.wall()})


# A judgment counts once when it is taken on and once when it ends.
_EVENTS: Final = """
    SELECT j.unit_id, j.officer_id, d.* FROM administrative_judgment j CROSS JOIN LATERAL (VALUES
        (j.accepted_on, 1, 0, 0), (j.ended_on, 0, (j.outcome = 'enforced')::int, 1)) d (day, accepted, enforced, ended)
    WHERE d.day IS NOT NULL"""
_SUMS: Final = """width_bucket(n.day, %(bounds)s::date[]), sum(n.accepted)::bigint, sum(n.enforced)::bigint,
    sum(n.ended)::bigint"""


_DAYS: Final = {"": f"({_EVENTS})", "rest_": "rest_administrative_day"}


async def by_place(db: Reads, groups: Groups, bounds: Sequence[date]) -> dict[int, Tracking]:
    """The register by place, the rest of the nation at REST, between the boundaries; in one statement."""
    arms = (
        f"SELECT {unit} AS unit_id, r.day, r.accepted, r.enforced, r.ended FROM {_DAYS[prefix]} r"
        for prefix, unit in sources(groups.beyond)
    )
    sql = f"""{MEMBERS}
        SELECT m.place, {_SUMS} FROM ({" UNION ALL ".join(arms)}) n JOIN member m USING (unit_id) GROUP BY 1, 2"""
    asked = {"units": groups.unit_ids, "places": groups.places, "bounds": list(bounds)}
    return _trackings(bounds, await db.fetch(sql, asked))


async def by_officer(db: Reads, unit_ids: Sequence[str], bounds: Sequence[date]) -> dict[str, Tracking]:
    """The register of some units by the officer who tracks now; under an empty id what nobody tracks."""
    sql = f"""SELECT coalesce(n.officer_id::text, ''), {_SUMS} FROM ({_EVENTS}) n
        WHERE n.unit_id = ANY (%(units)s::uuid[]) GROUP BY 1, 2"""
    return _trackings(bounds, await db.fetch(sql, {"units": list(unit_ids), "bounds": list(bounds)}))


def _trackings(bounds: Sequence[date], rows: Sequence[Row]) -> dict[Any, Tracking]:
    found: dict[Any, dict[int, tuple[int, int, int]]] = {}
    for key, stretch, *sums in rows:
        found.setdefault(key, {})[stretch] = (sums[0], sums[1], sums[2])
    return {key: Tracking.of(bounds, stretches) for key, stretches in found.items()}
