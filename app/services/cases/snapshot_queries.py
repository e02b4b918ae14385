"""All cases a caller may see, as the database itself writes them: for copies, which a list would take too long for."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from sqlalchemy import Boolean, Integer

from app.db import Snapshot
from app.models.cases import enforcement_case
from app.services.access import Scope
from app.services.cases.queries import ITEM, whole_wall

LOOKED_UP: Final = {"unit": "uuid", "officer": "uuid", "segments": "smallint", "confidentiality": "smallint"}
"""Members of an item that show something else than their column: what they show comes with the query."""
WRITTEN: Final = ("file_no", "decision_no")
"""Members that are texts of people."""


_UNSORTED: Final = "SELECT set_config('enable_sort', 'off', true)"


async def copy_cases(
    snapshot: Snapshot, scope: Scope, shown: Mapping[str, str], after: str | None
) -> AsyncGenerator[bytes]:
    """Cases by id, after an id, one JSON object of the list projection a line.

    `shown` has for each of LOOKED_UP a JSON object of what is shown for which value of the column.
    """
    if scope.is_wide:
        await snapshot.fetch(_UNSORTED)  # or the planner may have all lines sorted before the first is sent
    parameters = {**shown, **scope.wall(), "after": after, "units": scope.units}
    async with aclosing(snapshot.copied(_sql(scope, resumed=after is not None), parameters)) as blocks:
        async for block in blocks:
            yield block


def _sql(scope: Scope, *, resumed: bool) -> str:
    pieces = [_piece(member) for member in ITEM]
    template = ",".join(f'"{member}":{sign}' for member, (sign, _) in zip(ITEM, pieces, strict=True))
    tables = ", ".join(
        f"{member} AS MATERIALIZED (SELECT key::{kind} AS key, value::text AS shown FROM json_each(%({member})s::json))"
        for member, kind in LOOKED_UP.items()
    )
    # one by one, and remembered: a join of the whole tables would not keep the order of the ids
    joins = " ".join(
        f"LEFT JOIN LATERAL (SELECT shown FROM {member} WHERE key = {ITEM[member]} OFFSET 0) {member} ON true"
        for member in LOOKED_UP
    )
    conditions = [whole_wall(scope)]
    if resumed:
        conditions.append("c.id > %(after)s::uuid")
    return f"""
        COPY (
            WITH {tables}
            SELECT format(E'{{{template}}}\\n', {", ".join(value for _, value in pieces)})
            FROM enforcement_case c {joins}
            WHERE {" AND ".join(conditions)} ORDER BY c.id
        ) TO STDOUT (FORMAT binary)"""


def _piece(member: str) -> tuple[str, str]:
    """How a member stands in the line, and what is put there. `row_to_json` of the whole takes longer (decision 38)."""
    if member in LOOKED_UP:
        return "%%s", f"coalesce({member}.shown, 'null')"
    column = enforcement_case.c[ITEM[member].removeprefix("c.")]
    if isinstance(column.type, Integer):
        sign, value = "%%s", ITEM[member]
    elif isinstance(column.type, Boolean):
        sign, value = "%%s", f"{ITEM[member]}::text"
    elif member in WRITTEN:
        sign, value = "%%s", f"to_json({ITEM[member]})::text"
    elif not column.nullable:  # days, ids and codes have no signs that JSON would write otherwise
        sign, value = '"%%s"', ITEM[member]
    else:
        sign, value = "%%s", f"""'"' || {ITEM[member]} || '"'"""
    return sign, f"coalesce({value}, 'null')" if column.nullable else value
