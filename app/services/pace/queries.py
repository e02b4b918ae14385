"""Reading D1 and C1 at many days at once, and the cases that would lift a unit.

Years of history of a whole level are one statement over the monthly rollups: days in the middle of a month cost the
days after them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Final

from app.db import Reads, Row
from app.models.codes import SEGMENT_CREDIT
from app.services.access import Scope
from app.services.administrative.rules import Tracking
from app.services.cases.queries import ITEM_COLUMNS, case_wall
from app.services.priority.queries import TRACKINGS
from app.services.statistics.groups import Groups
from app.services.statistics.movements import Movements, rests_of_months
from app.services.statistics.queries import MEMBERS, Formulas, flow_columns, listed, opening_columns, sources
from app.services.statistics.rules import MEASURES, RESULT, Period, Share

_BASE: Final = "(SELECT max(fiscal_year) FROM book_year WHERE fiscal_year <= %(year)s::int)"


@dataclass(frozen=True, slots=True)
class Course:
    """How D1 and C1 of a group ran on: sums since the books began up to, and without, each of the boundaries.

    Of each measure there are `width` columns: what is reached, what has conditions, and what left the stock where that
    is not what is reached.
    """

    bounds: Mapping[date, int]
    sums: Sequence[Sequence[int]]
    width: int = 2

    def share(self, measure: str, period: Period) -> Share:
        """D1, or what is reached, and C1 of a period both ends of which are boundaries."""
        first = self.sums[self.bounds[period.first]]
        end = self.sums[self.bounds[period.last + timedelta(days=1)]]
        column = self.width * MEASURES.index(measure)
        # what has conditions is what stands there and what was done in the period, not before
        done = column if self.width == len(RESULT) else column + len(RESULT)
        return end[column] - first[column], end[column + 1] - first[done]


def _statement(formulas: Formulas, beyond: bool) -> str:
    """Rows are (place, number of the stretch between boundaries, D1 and C1 as they moved in it, by measure)."""
    columns = range(len(MEASURES) * _width(formulas))
    flows = listed(flow_columns(MEASURES, formulas))
    opening = listed(opening_columns(MEASURES, formulas))
    months = f"r.month >= make_date({_BASE} - 1, 10, 1) AND r.month < %(until)s"
    # the month a period ends in is read whole; what is of its days after the period moves to the stretch after it
    moved = ", ".join(f"s.sign * x.c{number} AS c{number}" for number in columns)
    arms = []
    for prefix, unit in sources(beyond):
        arms += [
            f"SELECT {unit} AS unit_id, r.month AS day, {flows} FROM {prefix}rollup_unit_month r WHERE {months}",
            f"""SELECT x.unit_id, s.day, {moved} FROM (
                    SELECT {unit} AS unit_id, r.day, {flows} FROM {prefix}rollup_unit_day r
                    WHERE r.day = ANY (%(days)s::date[])) x
                CROSS JOIN LATERAL (VALUES (x.day, 1), (date_trunc('month', x.day)::date, -1)) s (day, sign)""",
            f"""SELECT {unit}, '-infinity'::date, {opening} FROM {prefix}unit_opening r
                WHERE r.fiscal_year = {_BASE}""",
        ]
    sums = ", ".join(f"(sum(n.c{number}))::bigint" for number in columns)
    return f"""{MEMBERS}
        SELECT m.place, width_bucket(n.day, %(bounds)s::date[]), {sums}
        FROM ({" UNION ALL ".join(arms)}) n JOIN member m USING (unit_id) GROUP BY 1, 2"""


async def courses(db: Reads, groups: Groups, formulas: Formulas, bounds: Sequence[date]) -> dict[int, Course]:
    """The course of every group by its place; `formulas` as its columns. A place without a row is absent."""
    parameters = {
        "units": groups.unit_ids,
        "places": groups.places,
        "year": Period.until(bounds[0]).fiscal_year,
        "until": bounds[-1],
        "bounds": list(bounds),
        "days": rests_of_months(bounds),
    }
    found: dict[int, dict[int, Sequence[int]]] = {}
    for place, stretch, *sums in await db.fetch(_statement(formulas, groups.beyond), parameters):
        found.setdefault(place, {})[stretch] = sums
    return {place: _course(bounds, stretches, formulas) for place, stretches in found.items()}


def course_of(moved: Movements, formulas: Formulas) -> Course:
    """The course that movements of some cases only describe."""
    columns = [moved.gained(measure, formula) for measure in MEASURES for formula in formulas[measure]]
    return _course(moved.bounds, dict(enumerate(zip(*columns, strict=True))), formulas)


def course_of_tracking(tracking: Tracking) -> Course:
    """The course of a register of administrative judgments; it has no money."""
    none = (0,) * 3
    sums = [(enforced, accepted, ended, *none) for accepted, enforced, ended in tracking.sums.values()]
    return Course({day: number for number, day in enumerate(tracking.sums)}, sums, 3)


def _course(bounds: Sequence[date], stretches: Mapping[int, Sequence[int]], formulas: Formulas) -> Course:
    width = _width(formulas)
    none = (0,) * (len(MEASURES) * width)
    parts = (stretches.get(stretch, none) for stretch in range(len(bounds)))
    sums = list(accumulate(parts, lambda so_far, part: [a + b for a, b in zip(so_far, part, strict=True)]))
    return Course({day: number for number, day in enumerate(bounds)}, sums, width)


def _width(formulas: Formulas) -> int:
    return len(formulas[MEASURES[0]])


def together(found: Mapping[int, Course]) -> Course | None:
    """The course of all groups as one: that of the nation. None without any."""
    some = list(found.values())
    if not some:
        return None
    sums = [[sum(column) for column in zip(*rows, strict=True)] for rows in zip(*(c.sums for c in some), strict=True)]
    return Course(some[0].bounds, sums, some[0].width)


@dataclass(frozen=True, slots=True)
class _Order:
    """What a list is sorted by: key columns, their types, the direction, and which cases it has."""

    columns: tuple[str, str]
    kind: str
    downwards: bool
    condition: str

    @property
    def clause(self) -> str:
        direction = " DESC" if self.downwards else ""
        return "ORDER BY " + ", ".join(f"c.{column}{direction}" for column in self.columns) + " LIMIT %(limit)s"

    @property
    def onwards(self) -> str:
        columns = ", ".join(f"c.{column}" for column in self.columns)
        return f"({columns}) {'<' if self.downwards else '>'} (%(after_key)s::{self.kind}, %(after_id)s::uuid)"


_BY_DECISION: Final = _Order(("decision_date", "id"), "date", False, "true")
_BY_AMOUNT: Final = _Order(("outstanding_vnd", "id"), "bigint", True, "c.outstanding_vnd > 0")
_OF_CREDIT: Final = f"c.segment & {SEGMENT_CREDIT} <> 0"
_ORDERS: Final = {
    "cases_rate": _BY_DECISION,
    "money_rate": _BY_AMOUNT,
    "credit_cases_rate": replace(_BY_DECISION, condition=_OF_CREDIT),
    "credit_money_rate": replace(_BY_AMOUNT, condition=f"{_BY_AMOUNT.condition} AND {_OF_CREDIT}"),
}


async def list_lifting(db: Reads, scope: Scope, indicator: str, after: tuple[Any, ...] | None, limit: int) -> list[Row]:
    """Rows of ITEM_COLUMNS and tracking: open cases with conditions of the scope, what would lift its rate most first.

    By cases each lifts it alike, so the oldest decision comes first; by money the largest amount outstanding does.
    """
    order = _ORDERS[indicator]
    conditions = ["c.unit_id = u.id", "c.is_open AND c.with_conditions", order.condition, case_wall(scope)]
    parameters = {**scope.wall(), "units": list(scope.unit_ids), "limit": limit}
    if after is not None:
        conditions.append(order.onwards)
        parameters |= {"after_key": after[0], "after_id": after[1]}
    sql = f"""SELECT {ITEM_COLUMNS}, {TRACKINGS} FROM unnest(%(units)s::uuid[]) u (id) CROSS JOIN LATERAL (
        SELECT * FROM enforcement_case c WHERE {" AND ".join(conditions)} {order.clause}) c {order.clause}"""
    return await db.fetch(sql, parameters)
