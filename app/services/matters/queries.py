"""Reading matters. Every statement starts from what the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.clock import today
from app.db import Reads, Row
from app.services.access import Caller, wall
from app.services.cases.rules import search_form
from app.services.reference import Reference

COLUMNS: Final = """m.id, m.code, m.name, m.unit_path, m.ever_tracked, m.confidentiality, m.version, (
        SELECT json_agg(json_build_object('level', t.level, 'since', lower(t.tracked), 'until', upper(t.tracked),
            'state', t.state) ORDER BY t.level, t.tracked)
        FROM matter_tracking t WHERE t.matter_id = m.id)::text"""
"""The projection of a matter; `app.api.v1.schemas.matters.matter_out` turns a row into JSON."""


@dataclass(frozen=True, slots=True)
class MatterFilter:
    """What a list of matters is narrowed to; None leaves a criterion out."""

    level: str | None = None
    state: str | None = None
    as_of: date | None = None
    unit: str | None = None
    q: str | None = None

    @property
    def tracking(self) -> dict[str, Any]:
        """The parameters of the tracking asked for; empty when tracked and untracked matters are wanted."""
        if (self.level, self.state, self.as_of) == (None, None, None):
            return {}
        return {"level": self.level, "state": self.state, "as_of": self.as_of or today()}


_TRACKED: Final = """EXISTS (
        SELECT FROM matter_tracking t WHERE t.matter_id = m.id AND t.tracked @> %(as_of)s::date
        AND (%(level)s::text IS NULL OR t.level = %(level)s) AND (%(state)s::text IS NULL OR t.state = %(state)s))"""
# The search form of a column: decomposed, marks taken off, đ and case folded. Matters are few enough to be scanned.
_PLAIN: Final = r"lower(translate(regexp_replace(normalize({}, NFD), '[\u0300-\u036f]', '', 'g'), 'đĐ', 'dd'))"
_FOUND: Final = (
    f"strpos({_PLAIN.format('m.name')}, %(words)s::text) > 0 OR strpos({_PLAIN.format('m.code')}, %(words)s::text) > 0"
)


async def list_matters(
    db: Reads, ref: Reference, caller: Caller, wanted: MatterFilter, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows of COLUMNS by unit path and code, at most `limit`, after a key. Raises Invalid for an unknown unit."""
    scope = ref.scope(caller, ref.asked(caller, wanted.unit))
    conditions = [wall("m", scope)]
    parameters: dict[str, Any] = scope.wall() | wanted.tracking | {"limit": limit}
    if wanted.tracking:
        conditions.append(_TRACKED)
    if wanted.q is not None:
        conditions.append(f"({_FOUND})")
        parameters["words"] = search_form(wanted.q)
    if after is not None:
        conditions.append("(m.unit_path, m.code) > (%(after_path)s::text, %(after_code)s::text)")
        parameters |= {"after_path": after[0], "after_code": after[1]}
    where = " AND ".join(conditions)
    sql = f"SELECT {COLUMNS} FROM matter m WHERE {where} ORDER BY m.unit_path, m.code LIMIT %(limit)s"
    return await db.fetch(sql, parameters)


async def read_matter(db: Reads, ref: Reference, caller: Caller, matter_id: str) -> Row | None:
    """A row of COLUMNS; None when there is no such matter or the caller may not see it."""
    scope = ref.scope(caller, None)
    sql = f"SELECT {COLUMNS} FROM matter m WHERE m.id = %(id)s AND {wall('m', scope)}"
    return await db.fetch_one(sql, {"id": matter_id, **scope.wall()})


async def read_briefs(db: Reads, ref: Reference, caller: Caller, matter_ids: Sequence[str]) -> list[Row]:
    """Id, code and name of those of the matters that the caller may see, by code."""
    scope = ref.scope(caller, None)
    sql = f"""SELECT m.id, m.code, m.name FROM matter m
        WHERE m.id = ANY (%(ids)s::uuid[]) AND {wall("m", scope)} ORDER BY m.code"""
    return await db.fetch(sql, {"ids": list(matter_ids), **scope.wall()})
