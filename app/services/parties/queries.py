"""Finding cases by the identity number of a party. The statement starts from what the caller may see."""

from dataclasses import dataclass
from typing import Any, Final

from app.db import Reads, Row
from app.services.access import Scope
from app.services.cases.queries import MASKED_PARTY, case_wall


@dataclass(frozen=True, slots=True)
class NumberSearch:
    """An identity number without blanks, the last case of the page before, and the most cases wanted."""

    id_number: str
    after: str | None
    limit: int


# In the order of the index behind it: cases recorded last come first.
_FOUND: Final = """
    SELECT c.id, c.file_no, c.decision_no, c.decision_date, c.unit_id, c.account,
        json_agg({party} ORDER BY p.no)::text
    FROM party p JOIN enforcement_case c ON c.id = p.case_id
    WHERE p.id_number = %(id_number)s AND {wall} {after}
    GROUP BY c.id ORDER BY c.id DESC LIMIT %(limit)s"""


async def cases_of_number(db: Reads, scope: Scope, wanted: NumberSearch) -> list[Row]:
    """Cases with a party of exactly this number; of the parties those with it, as masked JSON text.

    One case above the limit tells that there are more.
    """
    parameters: dict[str, Any] = {"id_number": wanted.id_number, "limit": wanted.limit + 1, **scope.wall()}
    after = ""
    if wanted.after is not None:
        after = "AND p.case_id < %(after)s::uuid"
        parameters["after"] = wanted.after
    sql = _FOUND.format(party=MASKED_PARTY, wall=case_wall(scope), after=after)
    return await db.fetch(sql, parameters)
