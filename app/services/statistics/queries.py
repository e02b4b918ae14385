"""Reading balances: one statement gives every group its opening stock and its flows, of two periods at once.

Reads a few thousand rollup rows for the whole nation, however many cases there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from app.clock import today
from app.db import Reads, Row
from app.services.statistics.groups import REST_OF_NATION, Groups
from app.services.statistics.rules import Formula, Period, span

# string_to_table is planned for a thousand rows, an array parameter for ten: too few for joins of hundreds of units.
# Grouping tells the planner that each unit is there once; it then hashes the members and never sorts the rollups.
MEMBERS: Final = """
    WITH member (unit_id, place) AS MATERIALIZED (
        SELECT u::uuid, min(p::int)
        FROM ROWS FROM (string_to_table(%(units)s, ','), string_to_table(%(places)s, ',')) AS m (u, p)
        GROUP BY 1
    )"""
"""Begins a statement: units with the places they count at, of the parameters `units` and `places` of `Groups`."""
_BASE: Final = "(SELECT max(fiscal_year) FROM book_year WHERE fiscal_year <= %({p}year)s::int)"


def sources(beyond: bool) -> tuple[tuple[str, str], ...]:
    """Where figures are read: the prefix of a table and the unit of its rows `r`; own units, and all others as one.

    The sums over all others are read where there are such (`Groups.beyond`) and nowhere else: setting them up takes
    40 % of a statement.
    """
    own, others = ("", "r.unit_id"), ("rest_", f"'{REST_OF_NATION}'::uuid")
    return (own, others) if beyond else (own,)


@dataclass(frozen=True)
class Projection:
    """What to sum of each measure: of the period asked for, and of the same period of the previous year."""

    measures: Sequence[str]
    now: "Formulas"
    before: "Formulas"

    @property
    def sizes(self) -> tuple[int, int]:
        """How many formulas each measure has, of either period."""
        first = self.measures[0]
        return len(self.now[first]), len(self.before[first])

    @property
    def width(self) -> int:
        """How many sums a row has."""
        return len(self.measures) * max(self.sizes)

    @cached_property
    def statement(self) -> str:
        """The statement; its rows are (period, place, sums by measure and formula)."""
        return self._statement(beyond=False)

    @cached_property
    def statement_beyond(self) -> str:
        """The same for who sees a part of the nation."""
        return self._statement(beyond=True)

    def _statement(self, *, beyond: bool) -> str:
        width = self.width
        now = _period("n", self.measures, self.now, width, beyond)
        before = _period("b", self.measures, self.before, width, beyond)
        return f"{MEMBERS}{now} UNION ALL {before}"


@dataclass(frozen=True, slots=True)
class Balances:
    """Sums of one group: by measure, in the order of the formulas of the projection."""

    now: Mapping[str, Sequence[int]]
    before: Mapping[str, Sequence[int]]


def _total(measure: str, plus: Iterable[str], minus: Iterable[str]) -> str:
    terms = [f"+ r.{measure}_{account}" for account in plus] + [f"- r.{measure}_{account}" for account in minus]
    return " ".join(terms).removeprefix("+ ") or "0"


Formulas = Mapping[str, Sequence[Formula]]
"""Formulas by measure, as many for each."""


def flow_columns(measures: Sequence[str], formulas: Formulas) -> list[str]:
    """What each formula takes from a row `r` of movements."""
    return [_total(measure, f.plus, f.minus) for measure in measures for f in formulas[measure]]


def opening_columns(measures: Sequence[str], formulas: Formulas) -> list[str]:
    """What each formula takes from a row `r` of opening stock, or of movements before the period."""
    return [_total(measure, f.opening, f.opening_minus) for measure in measures for f in formulas[measure]]


def listed(columns: Sequence[str], sign: str = "") -> str:
    """Columns c0, c1, … of a SELECT list; `sign` is put before each."""
    return ", ".join(f"{sign}({column}) AS c{number}" for number, column in enumerate(columns))


def _period(p: str, measures: Sequence[str], formulas: Formulas, width: int, beyond: bool) -> str:
    """One period, its parameters prefixed by `p`: flows and opening of every unit, summed by place."""
    flows, opening = flow_columns(measures, formulas), opening_columns(measures, formulas)
    base = _BASE.format(p=p)
    quarters = f"r.quarter >= %({p}first)s AND r.quarter < %({p}first_month)s"
    months = f"r.month BETWEEN %({p}first_month)s AND %({p}last_month)s"
    days = f"r.day BETWEEN %({p}first_day)s AND %({p}last_day)s AND %({p}first_day)s <= %({p}last_day)s"
    year = f"r.fiscal_year = {base}"
    since = f"r.month >= make_date({base} - 1, 10, 1) AND r.month < %({p}first)s AND {base} < %({p}year)s::int"
    signed = f"%({p}sign)s::int * "
    parts = [
        ("rollup_unit_quarter", listed(flows), quarters),
        ("rollup_unit_month", listed(flows), months),
        ("rollup_unit_day", listed(flows, signed), days),
        ("unit_opening", listed(opening), year),
        ("rollup_unit_month", listed(opening), since),
    ]
    arms = [
        f"SELECT {unit} AS unit_id, {columns} FROM {prefix}{table} r WHERE {condition}"
        for prefix, unit in sources(beyond)
        for table, columns, condition in parts
    ]
    sums = [f"(sum(c{number}))::bigint" for number in range(len(flows))] + ["NULL"] * (width - len(flows))
    return f"""
        SELECT '{p}', m.place, {", ".join(sums)} FROM (
            {" UNION ALL ".join(arms)}
        ) r JOIN member m USING (unit_id) GROUP BY m.place"""


def period_parameters(p: str, period: Period, on: date) -> dict[str, object]:
    """The parameters of one period."""
    read = span(period, on)
    return {
        f"{p}first": read.first,
        f"{p}first_month": read.first_month,
        f"{p}last_month": read.last_month,
        f"{p}first_day": read.first_day,
        f"{p}last_day": read.last_day,
        f"{p}sign": read.sign,
        f"{p}year": period.fiscal_year,
    }


async def balances(
    db: Reads, groups: Groups, projection: Projection, now: Period, before: Period
) -> dict[int, Balances]:
    """Sums by place. A place none of whose units has a row in the books is absent."""
    on = today()
    parameters = {
        "units": groups.unit_ids,
        "places": groups.places,
        **period_parameters("n", now, on),
        **period_parameters("b", before, on),
    }
    statement = projection.statement_beyond if groups.beyond else projection.statement
    return by_place(projection, await db.fetch(statement, parameters))


def by_place(projection: Projection, rows: Iterable[Row]) -> dict[Any, Balances]:
    """Rows (period, place, sums) as balances by place; a period without a row has zeros."""
    now: dict[Any, Mapping[str, Sequence[int]]] = {}
    before: dict[Any, Mapping[str, Sequence[int]]] = {}
    sizes = projection.sizes
    for row in rows:
        side, number = (now, sizes[0]) if row[0] == "n" else (before, sizes[1])
        side[row[1]] = {m: row[2 + i * number : 2 + (i + 1) * number] for i, m in enumerate(projection.measures)}
    none = zeros(projection)
    return {place: Balances(now.get(place, none.now), before.get(place, none.before)) for place in now | before}


def zeros(projection: Projection) -> Balances:
    """The balances of units that never had a case."""
    now, before = (dict.fromkeys(projection.measures, (0,) * size) for size in projection.sizes)
    return Balances(now, before)
