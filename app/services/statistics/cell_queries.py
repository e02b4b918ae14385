"""Opening a cell: the cases it counts, from the entries of its units, one unit after the other.

The books of a unit are what a case is counted in, so a case that changed hands within the units asked for may stand in
the list twice. What the caller may not see is summed up, unit by unit, in a row of its own before the cases.
"""

from collections.abc import Sequence
from typing import Any, Final

from app.db import Reads, Row
from app.models.codes import ENTRY_ACCOUNTS
from app.services.access import Scope
from app.services.cases.queries import ITEM_COLUMNS, case_wall
from app.services.statistics.cells import Cell, Weights
from app.services.statistics.cut_queries import CutFilter, conditions_of
from app.services.statistics.rules import Period

WITHHELD: Final = "00000000-0000-0000-0000-000000000000"
"""Sorts before every case: stands for the cases of a unit that are not shown."""
_AMOUNTS: Final = {"cases": "cases", "money": "amount_vnd"}


def _weight(weights: Weights) -> str:
    """What a line `e` adds: the weight of where it goes less that of where it comes from. Accounts are constants."""
    whens = " ".join(f"WHEN '{account}' THEN {weights[account]}" for account in ENTRY_ACCOUNTS if account in weights)
    if not whens:
        return "0"
    return f"(CASE e.to_account {whens} ELSE 0 END - CASE e.from_account {whens} ELSE 0 END)"


def _sql(measure: str, cell: Cell, wanted: CutFilter, scope: Scope) -> str:
    """A page; its rows are (unit, number of cases withheld, what is counted, ITEM_COLUMNS)."""
    within, before = _weight(cell.within), _weight(cell.before)
    weight = f"CASE WHEN e.booked_on >= %(first)s THEN {within} ELSE {before} END" if cell.before else within
    counted = f"(sum(e.{_AMOUNTS[measure]} * {weight}))::bigint"
    days = "e.booked_on <= %(last)s" if cell.before else "e.booked_on BETWEEN %(first)s AND %(last)s"
    chosen = " AND ".join(["e.unit_id = u.id", days, *conditions_of("e", wanted)])
    return f"""
        SELECT k.unit_id, k.withheld, k.counted, {ITEM_COLUMNS}
        FROM (
            SELECT u.no, u.id AS unit_id, x.case_id, x.withheld, x.counted
            FROM unnest(%(books)s::uuid[]) WITH ORDINALITY u (id, no) CROSS JOIN LATERAL (
                WITH g AS MATERIALIZED (
                    SELECT g.case_id, g.counted, c.id IS NOT NULL AS seen
                    FROM (
                        SELECT e.case_id, {counted} AS counted FROM entry e WHERE {chosen}
                        GROUP BY e.case_id HAVING {counted} <> 0
                    ) g LEFT JOIN enforcement_case c ON c.id = g.case_id AND {case_wall(scope)}
                )
                SELECT NULL::uuid, count(*), (sum(g.counted))::bigint FROM g WHERE NOT g.seen HAVING count(*) > 0
                UNION ALL
                SELECT g.case_id, 0, g.counted FROM g WHERE g.seen
            ) x (case_id, withheld, counted)
            WHERE u.no > 1 OR %(after)s::uuid IS NULL OR x.case_id > %(after)s::uuid
            ORDER BY u.no, x.case_id NULLS FIRST LIMIT %(limit)s
        ) k LEFT JOIN enforcement_case c ON c.id = k.case_id
        ORDER BY k.no, k.case_id NULLS FIRST"""


async def list_counted(
    db: Reads,
    scope: Scope,
    books: Sequence[str],
    measure: str,
    cell: Cell,
    wanted: CutFilter,
    period: Period,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Cases a cell counts in the books of these units, by unit and case; `after` is the last case in the first of them.

    Of cases outside `scope` a unit has one row without a case: how many there are, and what they add.
    """
    parameters: dict[str, Any] = {
        **scope.wall(),
        "books": list(books),
        "first": period.first,
        "last": period.last,
        "cuts": wanted.cut_ids,
        "officer": wanted.officer_id,
        "matter": wanted.matter_id,
        "after": after,
        "limit": limit,
    }
    return await db.fetch(_sql(measure, cell, wanted, scope), parameters)
