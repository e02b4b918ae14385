"""Sums over the cases of each unit: who keeps a copy makes the same of it, and sees where it is not true."""

from typing import Final

from app.db import Reads
from app.services.access import Scope
from app.services.cases.queries import whole_wall

MODULUS: Final = 10**15
"""Sums are told modulo this: an integer that every JSON reader keeps exactly."""
# The last ten hexadecimal digits of an id are random. So a case that is missing, one too many and one of another
# version all change the sum, and what is wrong in one is made up for by another with a chance of one in MODULUS.
_SUM: Final = f"mod(sum((substr(uuid_send(c.id), 9)::bigint & x'ffffffffff'::bigint) * c.version), {MODULUS})::bigint"


async def checksums(db: Reads, scope: Scope) -> dict[str, tuple[int, int]]:
    """How many cases there are in each unit, and the sum of id times version; only of what the scope sees."""
    # grouped by the text of the unit, else the planner goes through all cases in the order of an index on it
    sql = f"""SELECT c.unit_id::text, count(*), {_SUM} FROM enforcement_case c
        WHERE {whole_wall(scope)} GROUP BY c.unit_id::text"""
    rows = await db.fetch(sql, {**scope.wall(), "units": scope.units})
    return {unit_id: (cases, checksum) for unit_id, cases, checksum in rows}
