"""What a partner pushed and where it stands here, for the partner to compare with what it has."""

from collections.abc import Mapping
from typing import Any

from app.db import Reads, Row
from app.services.access import Caller, Scope
from app.services.cases.queries import case_wall
from app.services.reference import Reference


async def list_pushed(db: Reads, ref: Reference, caller: Caller, after: str | None, limit: int) -> list[Row]:
    """At most `limit` cases the caller pushed, by external id: that, its version, id and version of the case, the time.

    Id and version of a case that the caller may not see any more are None.
    """
    beyond = "" if after is None else "AND p.external_id > %(after)s"
    return await _pushed(
        db, ref, caller, f"{beyond} ORDER BY p.external_id LIMIT %(limit)s", {"after": after, "limit": limit}
    )


async def read_pushed(db: Reads, ref: Reference, caller: Caller, external_id: str) -> Row | None:
    """One of them; None when nothing was pushed under this id."""
    rows = await _pushed(db, ref, caller, "AND p.external_id = %(id)s", {"id": external_id})
    return rows[0] if rows else None


def as_seen(scope: Scope) -> str:
    """A join of the cases `c` of pushed ones `p`, as far as they may be seen; each is looked up, whatever the wall."""
    return f"""LEFT JOIN LATERAL (
            SELECT c.id, c.version FROM enforcement_case c WHERE c.id = p.case_id AND {case_wall(scope)} LIMIT 1
        ) c ON true"""


async def _pushed(db: Reads, ref: Reference, caller: Caller, which: str, values: Mapping[str, Any]) -> list[Row]:
    scope = ref.scope(caller, None)
    sql = f"""SELECT p.external_id, p.source_version, c.id::text, c.version, p.recorded_at FROM pushed_case p
        {as_seen(scope)}
        WHERE p.partner = %(partner)s {which}"""
    return await db.fetch(sql, {**scope.wall(), "partner": caller.client_id, **values})
