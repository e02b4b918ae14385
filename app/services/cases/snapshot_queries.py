"""All cases a caller may see, as the database itself writes them: for copies, which a list would take too long for."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from sqlalchemy import Boolean, Integer

from app.db import Snapshot
from app.models.cases import enforcement_case
from app.services.access import Scope
from app.services.cases.queries import ITEM, case_wall

LOOKED_UP: Final = {"unit": "uuid", "officer": "uuid", "segments": "smallint", "confidentiality": "smallint"}
"""Members of an item that show something else than their column: what they show comes with the query."""
WRITTEN: Final = ("file_no", "decision_no")
"""Members that are texts of people."""

# COPY would quote fields that hold these signs. No JSON text does, so that it passes every line as it is.
_PLAIN: Final = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"


def copy_cases(snapshot: Snapshot, scope: Scope, shown: Mapping[str, str], after: str | None) -> AsyncGenerator[bytes]:
    """Cases by id, after an id, one JSON object of the list projection a line.

    `shown` has for each of LOOKED_UP a JSON object of what is shown for which value of the column.
    """
    parameters = {**shown, **scope.wall(), "after": after, "units": scope.units}
    return snapshot.copied(_sql(scope, resumed=after is not None), parameters)


def _sql(scope: Scope, *, resumed: bool) -> str:
    pieces = ", ".join(
        f"""'{"," if number else ""}"{member}":', {_json(member)}""" for number, member in enumerate(ITEM)
    )
    tables = ", ".join(
        f"{member} AS MATERIALIZED (SELECT key::{kind} AS key, value::text AS shown FROM json_each(%({member})s::json))"
        for member, kind in LOOKED_UP.items()
    )
    joins = " ".join(f"LEFT JOIN {member} ON {member}.key = {ITEM[member]}" for member in LOOKED_UP)
    conditions = [case_wall(scope)]
    if not scope.is_wide:
        conditions.append("c.unit_id = ANY(%(units)s::uuid[])")  # an index has the units, none has the paths
    if resumed:
        conditions.append("c.id > %(after)s::uuid")
    return f"""
        COPY (
            WITH {tables}
            SELECT concat('{{', {pieces}, '}}') FROM enforcement_case c {joins}
            WHERE {" AND ".join(conditions)} ORDER BY c.id
        ) TO STDOUT {_PLAIN}"""


def _json(member: str) -> str:
    """The JSON of a member as text. `row_to_json` of the whole item takes a third longer (decision 34)."""
    if member in LOOKED_UP:
        return f"coalesce({member}.shown, 'null')"
    column = enforcement_case.c[ITEM[member].removeprefix("c.")]
    if isinstance(column.type, Integer):
        return ITEM[member]
    if isinstance(column.type, Boolean):
        shown = f"{ITEM[member]}::text"
    elif member in WRITTEN:
        shown = f"to_json({ITEM[member]})::text"
    else:  # days, ids and codes have no signs that JSON would write otherwise
        shown = f"""'"' || {ITEM[member]} || '"'"""
    return f"coalesce({shown}, 'null')" if column.nullable else shown
