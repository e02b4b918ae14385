"""All cases a caller may see, as the database itself writes them: for copies, which a list would take too long for."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from app.db import Snapshot
from app.services.access import Scope
from app.services.cases.queries import ITEM, case_wall

LOOKED_UP: Final = {"unit": "uuid", "officer": "uuid", "segments": "smallint", "confidentiality": "smallint"}
"""Members of an item that show something else than their column: what they show comes with the query."""

# COPY would quote fields that hold these signs. No JSON text does, so that it passes every line as it is.
_PLAIN: Final = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"


def copy_cases(snapshot: Snapshot, scope: Scope, shown: Mapping[str, str], after: str | None) -> AsyncGenerator[bytes]:
    """Cases by id, after an id, one JSON object of the list projection a line.

    `shown` has for each of LOOKED_UP a JSON object of what is shown for which value of the column.
    """
    parameters = {**shown, **scope.wall(), "after": after, "units": scope.units}
    return snapshot.copied(_sql(scope, resumed=after is not None), parameters)


def _sql(scope: Scope, *, resumed: bool) -> str:
    columns = [f"{member}.shown" if member in LOOKED_UP else column for member, column in ITEM.items()]
    members = ", ".join(f"{column} AS {member}" for member, column in zip(ITEM, columns, strict=True))
    tables = ", ".join(
        f"{member} AS MATERIALIZED (SELECT key::{kind} AS key, value AS shown FROM json_each(%({member})s::json))"
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
            SELECT row_to_json(item) FROM (
                SELECT {members} FROM enforcement_case c {joins}
                WHERE {" AND ".join(conditions)} ORDER BY c.id
            ) item
        ) TO STDOUT {_PLAIN}"""
