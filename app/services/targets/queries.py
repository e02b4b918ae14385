"""Reading targets, and the balances of officers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.clock import today
from app.db import Reads, Row
from app.models import aggregates as agg
from app.services.access import Scope
from app.services.statistics.queries import (
    Balances,
    Formulas,
    Projection,
    by_place,
    flow_columns,
    listed,
    opening_columns,
    period_parameters,
)
from app.services.statistics.rules import Period
from app.services.targets.rules import Assigned, TargetVersion

# The newest version effective on a day is in force; of targets still to take effect none is.
IN_FORCE: Final = """t.version = (
    SELECT max(n.version) FROM target n WHERE n.unit_id IS NOT DISTINCT FROM t.unit_id
        AND n.officer_id IS NOT DISTINCT FROM t.officer_id AND n.fiscal_year = t.fiscal_year
        AND n.indicator = t.indicator AND n.effective_on <= %(on)s)"""
COLUMNS: Final = f"""t.id, t.unit_id, t.officer_id, t.fiscal_year, t.indicator, t.version, t.rate_bp, t.decision_no,
    t.decision_date, t.signer, t.effective_on, t.recorded_at, coalesce({IN_FORCE}, false), t.amount, t.milestones"""
"""The projection of a target; `app.api.v1.schemas.targets.target_out` turns a row into JSON."""

# A unit's target is seen with the unit; an officer's with any unit the officer served in that fiscal year.
_SEEN: Final = """EXISTS (
    SELECT FROM unnest(%(lower)s::text[], %(upper)s::text[]) g (lower, upper)
    JOIN unit u ON u.path >= g.lower AND u.path < g.upper
    WHERE u.id = t.unit_id OR EXISTS (
        SELECT FROM officer_posting p WHERE p.officer_id = t.officer_id AND p.unit_id = u.id
            AND p.validity && daterange(make_date(t.fiscal_year - 1, 10, 1), make_date(t.fiscal_year, 10, 1))))"""


@dataclass(frozen=True, slots=True)
class TargetFilter:
    """What a list of targets is narrowed to; None leaves a criterion out."""

    officer_id: str | None = None
    fiscal_year: int | None = None
    indicator: str | None = None
    current: bool | None = None


_COMPARED: Final = {
    "officer_id": "t.officer_id = %(officer_id)s::uuid",
    "fiscal_year": "t.fiscal_year = %(fiscal_year)s::int",
    "indicator": "t.indicator = %(indicator)s",
}


async def list_targets(
    db: Reads, scope: Scope, wanted: TargetFilter, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Versions of targets in the order they were recorded."""
    given = {name: getattr(wanted, name) for name in _COMPARED if getattr(wanted, name) is not None}
    conditions = [_SEEN, *(_COMPARED[name] for name in given)]
    parameters: dict[str, Any] = {**scope.wall(), **given, "on": today(), "limit": limit}
    if wanted.current is not None:
        conditions.append(f"coalesce({IN_FORCE}, false) = {str(wanted.current).lower()}")
    if after is not None:
        conditions.append("t.id > %(after)s::uuid")
        parameters["after"] = after[0]
    where = " AND ".join(conditions)
    sql = f"SELECT {COLUMNS} FROM target t WHERE {where} ORDER BY t.id LIMIT %(limit)s"
    return await db.fetch(sql, parameters)


async def read_target(db: Reads, scope: Scope, target_id: str) -> Row | None:
    """One version of a target, if the caller may see it."""
    sql = f"SELECT {COLUMNS} FROM target t WHERE t.id = %(id)s::uuid AND {_SEEN}"
    return await db.fetch_one(sql, {**scope.wall(), "id": target_id, "on": today()})


async def read_targets(db: Reads, scope: Scope, target_ids: Sequence[str]) -> list[Row]:
    """These versions of targets, if the caller may see them, in the order they were recorded."""
    sql = f"SELECT {COLUMNS} FROM target t WHERE t.id = ANY(%(ids)s::uuid[]) AND {_SEEN} ORDER BY t.id"
    return await db.fetch(sql, {**scope.wall(), "ids": list(target_ids), "on": today()})


async def targets_of(
    db: Reads, holder_ids: Sequence[str], fiscal_year: int, indicator: str, on: date
) -> dict[str, Assigned]:
    """The targets of units and officers by one indicator, in force on a day, by holder."""
    sql = f"""SELECT t.id, coalesce(t.unit_id, t.officer_id), t.version, coalesce(t.rate_bp, t.amount), t.milestones
        FROM target t WHERE (t.unit_id = ANY(%(ids)s::uuid[]) OR t.officer_id = ANY(%(ids)s::uuid[]))
            AND t.fiscal_year = %(year)s::int AND t.indicator = %(indicator)s AND {IN_FORCE}"""
    asked = {"ids": list(holder_ids), "year": fiscal_year, "indicator": indicator, "on": on}
    rows = await db.fetch(sql, asked)
    return {
        str(holder): Assigned(str(target_id), version, value, milestones)
        for target_id, holder, version, value, milestones in rows
    }


async def officer_targets(
    db: Reads, officer_ids: Sequence[str], fiscal_year: int, on: date
) -> dict[tuple[str, str], TargetVersion]:
    """The targets of officers in force on a day, by officer and indicator."""
    sql = f"""SELECT t.id, t.officer_id, t.fiscal_year, t.indicator, t.version, coalesce(t.rate_bp, t.amount),
            t.effective_on
        FROM target t
        WHERE t.officer_id = ANY(%(ids)s::uuid[]) AND t.fiscal_year = %(year)s::int AND {IN_FORCE}"""
    rows = await db.fetch(sql, {"ids": list(officer_ids), "year": fiscal_year, "on": on})
    return {
        (officer_id, indicator): TargetVersion(
            target_id, officer_id, year, indicator, version, value, date.fromisoformat(effective_on)
        )
        for target_id, officer_id, year, indicator, version, value, effective_on in rows
    }


def _officer_period(p: str, measures: Sequence[str], formulas: Formulas, width: int) -> str:
    """One period of every officer who had cases in the units; the boundary month comes from the entries."""
    flows, opening = flow_columns(measures, formulas), opening_columns(measures, formulas)
    sums = [f"(sum(c{number}))::bigint" for number in range(len(flows))] + ["NULL"] * (width - len(flows))
    return f"""
        SELECT '{p}', r.officer_id, {", ".join(sums)} FROM (
            SELECT r.officer_id, {listed(flows)} FROM rollup_officer_month r
            WHERE r.unit_id = ANY(%(units)s::uuid[]) AND r.month BETWEEN %({p}first)s AND %({p}last_month)s
            UNION ALL
            SELECT r.officer_id, {listed(flows, f"%({p}sign)s::int * ")} FROM (
                SELECT l.officer_id, {agg.net_movements()} FROM entry l
                WHERE l.unit_id = ANY(%(units)s::uuid[]) AND %({p}first_day)s <= %({p}last_day)s
                    AND l.booked_on BETWEEN %({p}first_day)s AND %({p}last_day)s
                GROUP BY l.officer_id
            ) r (officer_id, {", ".join(agg.balance_columns())})
            UNION ALL
            SELECT r.officer_id, {listed(opening)} FROM rollup_officer_month r
            WHERE r.unit_id = ANY(%(units)s::uuid[]) AND r.month < %({p}first)s
        ) r GROUP BY r.officer_id"""


async def officer_balances(
    db: Reads, unit_ids: Sequence[str], projection: Projection, now: Period, before: Period
) -> Mapping[str, Balances]:
    """Balances of every officer with cases in these units, by officer."""
    width = projection.width
    sql = (
        _officer_period("n", projection.measures, projection.now, width)
        + " UNION ALL "
        + _officer_period("b", projection.measures, projection.before, width)
    )
    on = today()
    years = {**period_parameters("n", now, on), **period_parameters("b", before, on)}
    # officers have no stored opening: everything before the year is summed
    parameters = {name: value for name, value in years.items() if not name.endswith("year")}
    return by_place(projection, await db.fetch(sql, {**parameters, "units": list(unit_ids)}))
