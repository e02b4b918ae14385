"""Reading the stock that units began a year with, as it is stored."""

from collections.abc import Mapping
from typing import Final

from app.db import Reads
from app.models.aggregates import balance_columns
from app.models.codes import ACCOUNTS_STOCK
from app.services.statistics.groups import Groups

_CASES, _MONEY = (
    " + ".join(f"r.{column}" for column in balance_columns(ACCOUNTS_STOCK) if column.startswith(measure))
    for measure in ("cases_", "money_")
)
_SQL: Final = f"""
    WITH member (unit_id, place) AS MATERIALIZED (
        SELECT u::uuid, p::int
        FROM ROWS FROM (string_to_table(%(units)s, ','), string_to_table(%(places)s, ',')) AS m (u, p)
    )
    SELECT m.place, coalesce((sum({_CASES}))::bigint, 0), coalesce((sum({_MONEY}))::bigint, 0)
    FROM member m JOIN book_year y ON y.fiscal_year = %(year)s::int
    LEFT JOIN unit_opening r ON r.unit_id = m.unit_id AND r.fiscal_year = y.fiscal_year
    GROUP BY m.place"""


async def openings(db: Reads, groups: Groups, fiscal_year: int) -> Mapping[int, Mapping[str, int]]:
    """Stock at the beginning of a year by place and measure; nothing for a year whose openings are not stored."""
    rows = await db.fetch(_SQL, {"units": groups.unit_ids, "places": groups.places, "year": fiscal_year})
    return {place: {"cases": cases, "money": money} for place, cases, money in rows}
