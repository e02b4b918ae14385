"""Opening a cell: the cases it counts, from the entries of its units, one unit after the other.

The books of a unit are what a case is counted in, so a case that changed hands within the units asked for may stand in
the list twice. Within a unit cases are in the order of days on which something of them was booked that counts: that of
the index `ix_entry_unit_day`, so a page looks at no more entries than it takes to fill it. What the caller may not see
is summed up, unit by unit, in a row of its own before the cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from app.db import Reads, Row
from app.models.codes import ENTRY_ACCOUNTS
from app.services.access import Scope
from app.services.cases.queries import ITEM_COLUMNS, case_wall
from app.services.statistics.cells import Cell, Weights
from app.services.statistics.cut_queries import CutFilter, conditions_of
from app.services.statistics.rules import Period

WITHHELD: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for the cases of a unit that are not shown, on the day its list begins with: before every case."""
_AMOUNTS: Final = {"cases": "cases", "money": "amount_vnd"}


@dataclass(frozen=True, slots=True)
class Opening:
    """What is opened: a cell of a measure, narrowed to some entries of a period."""

    measure: str
    cell: Cell
    cut: CutFilter
    period: Period

    @property
    def newest_first(self) -> bool:
        """Whether the list begins with the last day: what stands somewhere has mostly come there of late.

        Where only movements of the period count it begins with the first one.
        """
        return bool(self.cell.before)

    @property
    def start(self) -> date:
        """The day a list begins with; cases of that day come after WITHHELD."""
        return self.period.last + timedelta(days=1) if self.newest_first else self.period.first

    def counted(self, row: str) -> str:
        """What a line of the books adds, in cases or VND."""
        weight = _weight(row, self.cell.within)
        if self.cell.before:
            before = _weight(row, self.cell.before)
            weight = f"CASE WHEN {row}.booked_on >= %(first)s THEN {weight} ELSE {before} END"
        return f"{row}.{_AMOUNTS[self.measure]} * {weight}"

    def conditions(self, row: str) -> str:
        """Which lines of the books of a unit are added up: those of the period and the cut."""
        since = [] if self.cell.before else [f"{row}.booked_on >= %(first)s"]
        return " AND ".join([*since, f"{row}.booked_on <= %(last)s", *conditions_of(row, self.cut)])

    def counts(self, row: str) -> str:
        """Whether a case may stand in the list for this line.

        What stands somewhere never is negative, so a case of it has a line that brought it there. In a cut it may be,
        for a while: a late event of a case that was corrected before counts as what the case was on its day.
        """
        is_cut = self.cut.cut_ids is not None or self.cut.matter_id is not None
        return f"{self.counted(row)} {'>' if self.newest_first and not is_cut else '<>'} 0"


def _weight(row: str, weights: Weights) -> str:
    """What a line adds: the weight of where it goes less that of where it comes from. Accounts are constants."""
    whens = " ".join(f"WHEN '{account}' THEN {weights[account]}" for account in ENTRY_ACCOUNTS if account in weights)
    if not whens:
        return "0"
    return f"(CASE {row}.to_account {whens} ELSE 0 END - CASE {row}.from_account {whens} ELSE 0 END)"


def _withheld(opening: Opening, scope: Scope) -> str:
    """How many cases of the books of unit `b` the scope does not show, and what they add; all entries are looked at."""
    if scope.sees_all:
        return "SELECT 0::bigint, NULL::bigint"
    return f"""
        SELECT count(*), (sum(g.counted))::bigint FROM (
            SELECT e.case_id, (sum({opening.counted("e")}))::bigint AS counted FROM entry e
            WHERE e.unit_id = b.id AND {opening.conditions("e")}
            GROUP BY e.case_id HAVING (sum({opening.counted("e")}))::bigint <> 0
        ) g WHERE (b.no > 1 OR %(begun)s) AND NOT EXISTS (
            SELECT FROM enforcement_case c WHERE c.id = g.case_id AND {case_wall(scope)})"""


def _cases(opening: Opening, scope: Scope) -> str:
    """Cases of the books of unit `b` after its key (day, case), as many as there is room for.

    A case stands at the day that counts which comes first in the order of the list.
    OFFSET 0 has the planner add up a case by its own key, and ask who may see it only when there is something to show.
    """
    after, order, first = ("<", "DESC", "max") if opening.newest_first else (">", "ASC", "min")
    return f"""
        SELECT k.booked_on, k.case_id, k.counted FROM (
            SELECT e.booked_on, e.case_id, s.counted FROM (
                SELECT e.booked_on, e.case_id FROM entry e
                WHERE e.unit_id = b.id AND (e.booked_on, e.case_id) {after} (b.day, b.case_id)
                    AND {opening.conditions("e")} AND {opening.counts("e")}
                GROUP BY e.booked_on, e.case_id ORDER BY e.booked_on {order}, e.case_id {order}
            ) e CROSS JOIN LATERAL (
                SELECT {first}(l.booked_on) FILTER (WHERE {opening.counts("l")}) AS stands_on,
                    (sum({opening.counted("l")}))::bigint AS counted
                FROM (SELECT * FROM entry l WHERE l.case_id = e.case_id OFFSET 0) l
                WHERE l.unit_id = b.id AND {opening.conditions("l")}
            ) s WHERE s.stands_on = e.booked_on AND s.counted <> 0
            ORDER BY e.booked_on {order}, e.case_id {order} OFFSET 0
        ) k JOIN enforcement_case c ON c.id = k.case_id AND {case_wall(scope)}
        ORDER BY k.booked_on {order}, k.case_id {order} LIMIT b.room - (w.cases > 0)::int"""


def _sql(opening: Opening, scope: Scope) -> str:
    """A page; its rows are (unit, day, number of cases withheld, what is counted, ITEM_COLUMNS).

    Units are taken one by one until the page is full; `room` is what is left of it.
    """
    return f"""
        WITH RECURSIVE book AS MATERIALIZED (SELECT %(books)s::uuid[] AS ids), page AS (
            SELECT 0 AS no, NULL::uuid AS unit_id, %(limit)s::bigint AS room, 0::bigint AS withheld,
                NULL::bigint AS hidden, NULL::date[] AS days, NULL::uuid[] AS cases, NULL::bigint[] AS counted
            UNION ALL
            SELECT b.no, b.id, b.room - (w.cases > 0)::int - cardinality(f.cases), w.cases, w.counted,
                f.days, f.cases, f.counted
            FROM page p CROSS JOIN book CROSS JOIN LATERAL (
                SELECT p.no + 1, book.ids[p.no + 1], p.room,
                    CASE WHEN p.no = 0 THEN %(day)s::date ELSE %(start)s::date END,
                    CASE WHEN p.no = 0 THEN %(after)s::uuid ELSE '{WITHHELD}'::uuid END
                OFFSET 0
            ) b (no, id, room, day, case_id)
            CROSS JOIN LATERAL ({_withheld(opening, scope)}) w (cases, counted)
            CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(k.booked_on), '{{}}'), coalesce(array_agg(k.case_id), '{{}}'),
                    coalesce(array_agg(k.counted), '{{}}')
                FROM ({_cases(opening, scope)}) k
            ) f (days, cases, counted)
            WHERE p.room > 0 AND p.no < cardinality(book.ids)
        )
        SELECT p.unit_id, k.day, k.withheld, k.counted, {ITEM_COLUMNS}
        FROM page p CROSS JOIN LATERAL (
            SELECT 0, %(start)s::date, NULL::uuid, p.withheld, p.hidden WHERE p.withheld > 0
            UNION ALL
            SELECT u.no, u.day, u.case_id, 0, u.counted
            FROM unnest(p.days, p.cases, p.counted) WITH ORDINALITY u (day, case_id, counted, no)
        ) k (no, day, case_id, withheld, counted) LEFT JOIN enforcement_case c ON c.id = k.case_id
        ORDER BY p.no, k.no"""


async def list_counted(
    db: Reads, scope: Scope, books: Sequence[str], opening: Opening, after: tuple[str, str] | None, limit: int
) -> list[Row]:
    """Cases a cell counts in the books of these units; `after` is day and case of the last one in the first of them.

    Of cases outside `scope` a unit has one row without a case: how many there are, and what they add.
    """
    day, case_id = after or (opening.start, WITHHELD)
    cut = opening.cut
    parameters: dict[str, Any] = {
        **scope.wall(),
        "books": list(books),
        "first": opening.period.first,
        "last": opening.period.last,
        "start": opening.start,
        "cuts": cut.cut_ids,
        "officer": cut.officer_id,
        "matter": cut.matter_id,
        "begun": after is None,
        "day": day,
        "after": case_id,
        "limit": limit,
    }
    return await db.fetch(_sql(opening, scope), parameters)
