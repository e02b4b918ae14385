"""Reading any cut: one statement gives the net movements of every account by key and stretch of time.

Whole months come from the rollup that has the keys asked for, and of whole units quarters where they can; days of a
month that a period ends in come from the entries, or for whole units from their rollup of days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final, Literal

from app.db import Reads
from app.models.aggregates import OPENING_ACCOUNTS, balance_columns, net_movements
from app.models.codes import SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
from app.services.books.cuts import CUTS
from app.services.books.rules import month_after
from app.services.statistics.groups import Groups
from app.services.statistics.movements import COLUMNS, Movements, split_quarters, spread

By = Literal["all", "place", "unit", "officer", "seat", "cut", "matter"]
"""What a statement tells apart: nothing, the places of units, units, officers, numbers of cuts, or matters.

A seat is an officer at a place, as "<place> <officer>".
"""


@dataclass(frozen=True, slots=True)
class CutFilter:
    """What figures are narrowed to (phân tổ); None leaves a criterion out."""

    kind: str | None = None
    initiation: str | None = None
    state_budget: bool | None = None
    credit_institution: bool | None = None
    corruption_economic: bool | None = None
    officer_id: str | None = None
    matter_id: str | None = None

    @property
    def cut_ids(self) -> list[int] | None:
        """Numbers of the cuts that fit; None when all do."""
        return _fitting(
            self.kind, self.initiation, self.state_budget, self.credit_institution, self.corruption_economic
        )

    @property
    def is_empty(self) -> bool:
        """Whether it leaves everything in."""
        return self == CutFilter()


@lru_cache(maxsize=512)
def _fitting(
    kind: str | None, initiation: str | None, budget: bool | None, credit: bool | None, corruption: bool | None
) -> list[int] | None:
    bits = ((SEGMENT_BUDGET, budget), (SEGMENT_CREDIT, credit), (SEGMENT_CORRUPTION, corruption))
    fits = [
        number
        for number, (own_kind, own_initiation, segment) in enumerate(CUTS)
        if kind in (None, own_kind)
        and initiation in (None, own_initiation)
        and all(wanted is None or bool(segment & bit) is wanted for bit, wanted in bits)
    ]
    return None if len(fits) == len(CUTS) else fits


def conditions_of(row: str, wanted: CutFilter) -> list[str]:
    """Which rows a filter leaves in; its parameters are `cuts`, `officer` and `matter`."""
    return _criteria(row, wanted.cut_ids is not None, wanted.officer_id is not None, wanted.matter_id is not None)


def _criteria(row: str, cuts: bool, officer: bool, matter: bool) -> list[str]:
    return [
        *[f"{row}.cut_id = ANY (%(cuts)s::smallint[])"] * cuts,
        *[f"{row}.officer_id = %(officer)s::uuid"] * officer,
        *[f"{row}.matter_id = %(matter)s::uuid"] * matter,
    ]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a statement."""

    by: By
    cuts: bool
    officer: bool
    matter: bool
    days: bool
    everything: bool
    columns: tuple[str, ...]

    @property
    def months(self) -> str:
        """The coarsest rollup that has the keys."""
        if self.matter or self.by == "matter":
            return "rollup_matter_month"
        if self.officer or self.by in ("officer", "seat"):
            return "rollup_officer_month_cut" if self._cut else "rollup_officer_month"
        return "rollup_unit_month_cut" if self._cut else "rollup_unit_month"

    @property
    def opening(self) -> str | None:
        """Stored openings; officers and matters have none: everything before is summed."""
        return {"rollup_unit_month": "unit_opening", "rollup_unit_month_cut": "unit_opening_cut"}.get(self.months)

    @property
    def _cut(self) -> bool:
        return self.cuts or self.by == "cut"

    @property
    def key(self) -> str:
        """What rows are told apart by."""
        keys = {"all": "0", "place": "m.place", "seat": "m.place || ' ' || r.officer_id"}
        return keys.get(self.by, f"r.{self.by}_id")

    @property
    def whole_units(self) -> bool:
        """Whether all cases of a unit count."""
        return self.months == "rollup_unit_month"

    @property
    def placed(self) -> bool:
        """Whether it needs to know at which place a unit counts."""
        return self.by in ("place", "seat")

    @property
    def conditions(self) -> str:
        """Which rows count."""
        chosen = ["true"] if self.everything else [f"r.{_WHOSE}"]
        chosen += _criteria("r", self.cuts, self.officer, self.matter)
        chosen += ["r.matter_id IS NOT NULL"] * (self.by == "matter")
        return " AND ".join(chosen)


_MEMBERS: Final = """
    WITH member (unit_id, place) AS MATERIALIZED (
        SELECT u::uuid, p::int
        FROM ROWS FROM (string_to_table(%(units)s, ','), string_to_table(%(places)s, ',')) AS m (u, p)
    )"""
_BASE: Final = "(SELECT max(fiscal_year) FROM book_year WHERE fiscal_year <= %(year)s::int)"
_OPENED: Final = frozenset(balance_columns(OPENING_ACCOUNTS))

# The month a period ends in is read whole; what is of its days after the period is moved to the stretch after it.
# Where a month stops is given, not reckoned here: functions of dates are not leakproof, and row-level security would
# have the index read to its end.
# OFFSET 0: a statement planned for any dates would rather read all days of the units, and then keep those.
_WHOSE: Final = "unit_id = ANY (string_to_array(%(units)s, ',')::uuid[])"
_DAYS_OF_UNITS: Final = f"""
    SELECT l.* FROM rollup_unit_day l WHERE l.{_WHOSE} AND l.day >= d.day AND l.day < d.stop OFFSET 0"""
_DAYS_OF_ENTRIES: Final = f"""
    SELECT l.unit_id, l.officer_id, l.cut_id, l.matter_id, {net_movements()} FROM entry l
    WHERE l.{_WHOSE} AND l.booked_on >= d.day AND l.booked_on < d.stop
    GROUP BY l.unit_id, l.officer_id, l.cut_id, l.matter_id"""


def _whole_months(shape: _Shape) -> list[tuple[str, str, str]]:
    """What is read of whole months: a rollup, what its rows are of, and which of them."""
    since = f"r.{{part}} >= make_date({_BASE} - 1, 10, 1) AND " if shape.opening else ""
    until = f"{since}r.{{part}} < %(until)s"
    if not shape.whole_units:
        return [(shape.months, "month", until.format(part="month"))]
    return [
        ("rollup_unit_quarter", "quarter", until.format(part="quarter") + " AND r.quarter <> ALL (%(split)s::date[])"),
        ("rollup_unit_month", "month", "r.month < %(until)s AND r.month = ANY (%(months)s::date[])"),
    ]


@lru_cache(maxsize=512)
def _sql(shape: _Shape) -> str:
    """The statement; its rows are (key, number of the stretch, net movements in the order of the columns)."""
    listed = ", ".join(f"r.{column}" for column in shape.columns)
    moved = ", ".join(f"s.sign * r.{column}" for column in shape.columns)
    opening = ", ".join(f"r.{column}" if column in _OPENED else "NULL::bigint" for column in shape.columns)
    sums = ", ".join(f"coalesce((sum({column}))::bigint, 0)" for column in shape.columns)
    member = "JOIN member m USING (unit_id)" if shape.placed else ""
    days = _DAYS_OF_UNITS if shape.whole_units else _DAYS_OF_ENTRIES
    arms = [
        f"SELECT {shape.key}, r.{part}, {listed} FROM {table} r {member} WHERE {which} AND {shape.conditions}"
        for table, part, which in _whole_months(shape)
    ]
    if shape.days:
        arms.append(
            f"""SELECT {shape.key}, s.day, {moved}
            FROM unnest(%(ends)s::date[], %(begins)s::date[], %(stops)s::date[]) d (day, month, stop)
            CROSS JOIN LATERAL ({days}) r {member}
            CROSS JOIN LATERAL (VALUES (d.day, 1), (d.month, -1)) s (day, sign)
            WHERE {shape.conditions}"""
        )
    if shape.opening:
        arms.append(
            f"""SELECT {shape.key}, '-infinity'::date, {opening} FROM {shape.opening} r {member}
            WHERE r.fiscal_year = {_BASE} AND {shape.conditions}"""
        )
    return f"""{_MEMBERS if member else ""}
        SELECT key, width_bucket(day, %(bounds)s::date[]), {sums}
        FROM ({" UNION ALL ".join(arms)}) n (key, day, {", ".join(shape.columns)}) GROUP BY 1, 2"""


async def movements(
    db: Reads, groups: Groups, by: By, wanted: CutFilter, bounds: Sequence[date], columns: tuple[str, ...] = COLUMNS
) -> Mapping[Any, Movements]:
    """Movements by key between the boundaries; a key without a row in the books is absent.

    Of the columns not asked for there are zeros: asking for few saves most of the work where keys are many.
    """
    cuts = wanted.cut_ids
    ends = [day for day in bounds if day.day != 1]
    shape = _Shape(
        by,
        cuts is not None,
        wanted.officer_id is not None,
        wanted.matter_id is not None,
        bool(ends),
        groups.everything,
        columns,
    )
    first, last = bounds[0], bounds[-1]
    split = split_quarters(bounds)
    parameters = {
        "units": groups.unit_ids,
        "places": groups.places,
        "cuts": cuts,
        "officer": wanted.officer_id,
        "matter": wanted.matter_id,
        "year": first.year + (first.month >= 10),
        "until": last,
        "split": list(split),
        "months": [month for months in split.values() for month in months],
        "bounds": list(bounds),
        "ends": ends,
        "begins": [day.replace(day=1) for day in ends],
        "stops": [month_after(day) for day in ends],
    }
    found: dict[Any, dict[int, Sequence[int]]] = {}
    for key, stretch, *nets in await db.fetch(_sql(shape), parameters):
        found.setdefault(key, {})[stretch] = nets if columns is COLUMNS else spread(columns, nets)
    return {key: Movements(tuple(bounds), stretches) for key, stretches in found.items()}
