"""Reading a cut of the whole nation: what the places asked for have of it, and all other units together.

Indicators of some cases only, those of credit institutions, are read by it. Whole months come from the rollup of units
by cut; days of a month that a period ends in come from the entries, which have an index on unit and day.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final

from app.db import Reads
from app.models.aggregates import OPENING_ACCOUNTS, balance_columns, net_movements
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import Groups
from app.services.statistics.movements import COLUMNS, Movements, boundaries, rests_of_months
from app.services.statistics.queries import MEMBERS, Balances, Formulas, Projection, sources
from app.services.statistics.rules import Period

_BASE: Final = "(SELECT max(fiscal_year) FROM book_year WHERE fiscal_year <= %(year)s::int)"
_CUTS: Final = "r.cut_id = ANY (%(cuts)s::smallint[])"
_LISTED: Final = ", ".join(f"r.{column}" for column in COLUMNS)
_OPENED: Final = frozenset(balance_columns(OPENING_ACCOUNTS))
_OPENING: Final = ", ".join(f"r.{c}" if c in _OPENED else "NULL::bigint" for c in COLUMNS)
# The month a period ends in is read whole; what is of its days after the period is moved to the stretch after it.
_MOVED: Final = ", ".join(f"s.sign * r.{column}" for column in COLUMNS)
_SIGNED: Final = "CROSS JOIN LATERAL (VALUES (r.day, 1), (date_trunc('month', r.day)::date, -1)) s (day, sign)"
_DAYS: Final = f"""(
    SELECT l.unit_id, l.booked_on AS day, {net_movements()} FROM entry l
    WHERE l.unit_id = ANY (string_to_array(%(units)s, ',')::uuid[]) AND l.booked_on = ANY (%(days)s::date[])
        AND l.cut_id = ANY (%(cuts)s::smallint[])
    GROUP BY l.unit_id, l.booked_on)"""
_DAYS_OF_REST: Final = f"(SELECT * FROM rest_entry_day_cut r WHERE r.day = ANY (%(days)s::date[]) AND {_CUTS})"


@cache
def _sql(beyond: bool) -> str:
    """The statement; its rows are (place, number of the stretch, net movements in the order of COLUMNS)."""
    arms = []
    for prefix, unit in sources(beyond):
        days = _DAYS_OF_REST if prefix else _DAYS
        arms += [
            f"""SELECT {unit}, r.month, {_LISTED} FROM {prefix}rollup_unit_month_cut r
            WHERE {_CUTS} AND r.month >= make_date({_BASE} - 1, 10, 1) AND r.month < %(until)s""",
            f"SELECT {unit}, s.day, {_MOVED} FROM {days} r {_SIGNED}",
            f"""SELECT {unit}, '-infinity'::date, {_OPENING} FROM {prefix}unit_opening_cut r
            WHERE {_CUTS} AND r.fiscal_year = {_BASE}""",
        ]
    sums = ", ".join(f"coalesce((sum(n.{column}))::bigint, 0)" for column in COLUMNS)
    return f"""{MEMBERS}
        SELECT m.place, width_bucket(n.day, %(bounds)s::date[]), {sums}
        FROM ({" UNION ALL ".join(arms)}) n (unit_id, day, {", ".join(COLUMNS)})
        JOIN member m USING (unit_id) GROUP BY 1, 2"""


async def movements(db: Reads, groups: Groups, cut: CutFilter, bounds: Sequence[date]) -> dict[int, Movements]:
    """Movements of a cut by place between the boundaries, the rest of the nation at REST; where figures are read."""
    parameters = {
        "units": groups.unit_ids,
        "places": groups.places,
        "cuts": cut.cut_ids,
        "year": Period.until(bounds[0]).fiscal_year,
        "until": bounds[-1],
        "bounds": list(bounds),
        "days": rests_of_months(bounds),
    }
    found: dict[int, dict[int, Sequence[int]]] = {}
    for place, stretch, *nets in await db.fetch(_sql(groups.beyond), parameters):
        found.setdefault(place, {})[stretch] = nets
    return {place: Movements(tuple(bounds), stretches) for place, stretches in found.items()}


async def balances(
    db: Reads, groups: Groups, cut: CutFilter, projection: Projection, now: Period, before: Period
) -> dict[int, Balances]:
    """The sums of a projection by place, as `app.services.statistics.queries.balances` gives them of all cases."""
    found = await movements(db, groups, cut, boundaries([now, before]))
    return {place: balances_of(moved, projection, now, before) for place, moved in found.items()}


def balances_of(moved: Movements, projection: Projection, now: Period, before: Period) -> Balances:
    """The sums of a projection from movements."""
    return Balances(_sums(moved, projection.now, now), _sums(moved, projection.before, before))


def _sums(moved: Movements, formulas: Formulas, period: Period) -> Mapping[str, Sequence[int]]:
    return {
        measure: list(moved.parts(measure, period, {str(n): f for n, f in enumerate(listed)}).values())
        for measure, listed in formulas.items()
    }
