"""Reading holds, retention classes and what is due. Statements about cases start from what the caller may see."""

from datetime import date
from typing import Any, Final

from app.db import Reads, Row
from app.services.access import Scope
from app.services.cases.queries import case_wall
from app.services.privacy.rules import PLACEHOLDER, RetentionClass

INSTANT: Final = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
"""A moment inside JSON as the contract writes it."""

_HOLDS: Final = """
    SELECT c.id, coalesce(bool_or(h.validity @> %(on)s::date), false),
        coalesce(json_agg(json_build_object('since', lower(h.validity), 'until', upper(h.validity), 'reason', h.reason,
            'client_id', h.client_id, 'person_id', h.person_id, 'recorded_at', {instant}) ORDER BY h.validity)
            FILTER (WHERE h.case_id IS NOT NULL), '[]')::text,
        (1 + coalesce(sum(h.version), 0))::bigint
    FROM enforcement_case c LEFT JOIN legal_hold h ON h.case_id = c.id
    WHERE c.id = %(id)s AND {wall} GROUP BY c.id"""


async def read_holds(db: Reads, scope: Scope, case_id: str, on: date) -> Row | None:
    """Id of the case, whether it is held on the day, its holds as JSON text, how often they changed and one.

    None when the case is not to be seen.
    """
    sql = _HOLDS.format(wall=case_wall(scope), instant=INSTANT.format("h.recorded_at"))
    return await db.fetch_one(sql, {"id": case_id, "on": on, **scope.wall()})


_LOCK: Final = "SELECT c.unit_id FROM enforcement_case c WHERE c.id = %(id)s AND {wall} FOR NO KEY UPDATE"


async def lock_case(db: Reads, scope: Scope, case_id: str) -> Row | None:
    """The unit of a case, locked until the transaction is over; None when it is not to be seen."""
    return await db.fetch_one(_LOCK.format(wall=case_wall(scope)), {"id": case_id, **scope.wall()})


_CLASSES: Final = """
    SELECT code, states, years, legal_basis, provisional FROM retention_class
    WHERE validity @> %(on)s::date ORDER BY code"""


async def retention_classes(db: Reads, on: date) -> list[RetentionClass]:
    """The classes in force on a day."""
    rows = await db.fetch(_CLASSES, {"on": on})
    return [RetentionClass(code, tuple(states), *more) for code, states, *more in rows]


# The service's own work, so there is no caller and no wall. No event of the case since: that is when it ended.
_DUE: Final = """
    enforcement_case c JOIN unnest(%(states)s::text[], %(ended)s::date[]) d (state, ended)
        ON c.account = d.state AND c.last_effective_on <= d.ended
    WHERE c.left_on IS NOT NULL AND c.anonymised_on IS NULL"""
_HELD: Final = "EXISTS (SELECT FROM legal_hold h WHERE h.case_id = {} AND h.validity @> %(on)s::date)"
_COUNT_DUE: Final = f"""
    SELECT d.state, count(*), count(*) FILTER (WHERE {_HELD.format("c.id")}) FROM {_DUE} GROUP BY d.state"""
_LOCK_DUE: Final = f"""
    SELECT c.id FROM {_DUE} AND NOT {_HELD.format("c.id")} LIMIT %(limit)s FOR NO KEY UPDATE OF c SKIP LOCKED"""
_ANONYMISE: Final = f"""
    WITH due AS (
        SELECT i.id FROM unnest(%(ids)s::uuid[]) i (id) WHERE NOT {_HELD.format("i.id")}
    ), hidden AS (
        UPDATE party p SET name = %(placeholder)s, masked_name = %(placeholder)s, search_name = '', id_number = NULL,
            address = NULL, phone = NULL
        FROM due WHERE p.case_id = due.id AND p.kind = 'individual' RETURNING p.case_id
    ), marked AS (
        UPDATE enforcement_case c SET anonymised_on = %(on)s::date, version = c.version + 1
        FROM due WHERE c.id = due.id RETURNING c.id, c.unit_id, c.version, c.account
    )
    SELECT m.id, m.unit_id, m.version, m.account, coalesce(p.people, 0)
    FROM marked m LEFT JOIN (SELECT case_id, count(*) AS people FROM hidden GROUP BY case_id) p ON p.case_id = m.id"""
# An entry is over when it says so, or when its officer serves no more.
_OVER: Final = """
    FROM officer_relative r, LATERAL (
        SELECT (array_agg(p.unit_id ORDER BY p.validity DESC))[1] AS unit_id,
            max(coalesce(upper(p.validity), 'infinity')) AS until
        FROM officer_posting p WHERE p.officer_id = r.officer_id
    ) served WHERE least(r.until, served.until) <= %(ended)s::date"""
_COUNT_OVER: Final = f"SELECT count(*) {_OVER}"
_REMOVE: Final = f"""
    WITH over AS (SELECT r.id, served.unit_id {_OVER} LIMIT %(limit)s)
    DELETE FROM officer_relative r USING over WHERE r.id = over.id
    RETURNING r.id, over.unit_id, r.version, r.officer_id"""


def _due(ended: dict[str, date], on: date) -> dict[str, Any]:
    return {"states": list(ended), "ended": list(ended.values()), "on": on}


async def count_due(db: Reads, ended: dict[str, date], on: date) -> dict[str, tuple[int, int]]:
    """State → how many cases in it are due, and how many of these are held; `ended` as of `rules.due_states`."""
    return {state: (due, held) for state, due, held in await db.fetch(_COUNT_DUE, _due(ended, on))}


async def lock_due(db: Reads, ended: dict[str, date], on: date, limit: int) -> list[str]:
    """At most `limit` cases that are due, not held and not at work elsewhere; locked until the transaction is over."""
    return [row[0] for row in await db.fetch(_LOCK_DUE, {**_due(ended, on), "limit": limit})]


async def anonymise_locked(db: Reads, case_ids: list[str], on: date) -> list[Row]:
    """Takes the personal data from locked cases, but for those that somebody held meanwhile.

    Returns id, unit, new version and state of each case, and how many people were in it.
    """
    given = {"ids": case_ids, "on": on, "placeholder": PLACEHOLDER}
    return await db.fetch(_ANONYMISE, given)


async def count_over(db: Reads, ended: date) -> int:
    """How many entries of relatives were over on a day."""
    row = await db.fetch_one(_COUNT_OVER, {"ended": ended})
    return row[0] if row else 0


async def remove_over(db: Reads, ended: date, limit: int) -> list[Row]:
    """Removes at most `limit` of these; returns id, unit of the officer, version and officer of each."""
    return await db.fetch(_REMOVE, {"ended": ended, "limit": limit})
