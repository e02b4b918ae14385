"""Cases that will be flagged by their age within some days, if nothing changes until then."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from app.db import Reads, Row
from app.services.cases.queries import ITEM_COLUMNS
from app.services.priority.queries import TRACKINGS, Parameters, Wanted, criteria, holds, ordered
from app.services.priority.rules import Stretch, latest_decision_date

_DAY: Final = timedelta(days=1)


async def list_upcoming(
    db: Reads, wanted: Wanted, stretches: Sequence[Stretch], after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows of ITEM_COLUMNS, tracking, flag and the day it will be raised, by that day, decision date, id, flag."""
    if not stretches or not wanted.scope.unit_ids:
        return []
    parameters = wanted.parameters(limit)
    if after is not None:
        parameters |= dict(zip(("after_day", "after_date", "after_id", "after_flag"), after, strict=True))
    return await db.fetch(upcoming_sql(wanted, stretches, parameters, after), parameters)


def upcoming_sql(
    wanted: Wanted, stretches: Sequence[Stretch], parameters: Parameters, after: tuple[Any, ...] | None
) -> str:
    """The statement of a page; adds the parameters of the rules."""
    common = criteria(wanted)
    arms = []
    for stretch in stretches:
        name = f"{stretch.rule.flag}_{stretch.rule.version}"
        day = _day_raised(stretch, name, parameters)
        conditions = [holds(stretch.rule, stretch.last, parameters), *_not_before(stretch, name, parameters), *common]
        if after is not None:
            conditions += _after(stretch, name, day, parameters, after)
        columns = f"c.decision_date, c.id, '{stretch.rule.flag}' AS flag, {day} AS day"
        arms.append(ordered(" AND ".join(conditions), wanted, columns))
    return f"""
        SELECT {ITEM_COLUMNS}, {TRACKINGS}, k.flag, k.day
        FROM (SELECT * FROM ({" UNION ALL ".join(arms)}) a ORDER BY day, decision_date, id, flag LIMIT %(limit)s) k
        JOIN enforcement_case c ON c.id = k.id ORDER BY k.day, k.decision_date, k.id, k.flag"""


def _day_raised(stretch: Stretch, name: str, parameters: Parameters) -> str:
    """The twin of `rules.first_day_raised`: adding years to 29 February gives the 28th in PostgreSQL too."""
    parameters[f"{name}_first"] = stretch.first
    late = 0 if stretch.rule.years_inclusive else 1
    aged = f"(c.decision_date + make_interval(years => {stretch.rule.years}))::date + {late}"
    return f"greatest({aged}, %({name}_first)s::date)"


def _not_before(stretch: Stretch, name: str, parameters: Parameters) -> list[str]:
    """Leaves out what is flagged already."""
    conditions = []
    for rule, until in stretch.before:
        if rule is stretch.rule:
            parameters[f"{name}_flagged"] = latest_decision_date(until, rule)
            conditions.append(f"c.decision_date > %({name}_flagged)s::date")
        else:
            conditions.append(f"NOT ({holds(rule, until, parameters)})")
    return conditions


def _after(stretch: Stretch, name: str, day: str, parameters: Parameters, after: tuple[Any, ...]) -> list[str]:
    """Continues behind the last row: exactly by the sort key, and roughly by what the index is sorted by."""
    last_day, last_decided = date.fromisoformat(after[0]), date.fromisoformat(after[1])
    key = "(%(after_day)s::date, %(after_date)s::date, %(after_id)s::uuid, %(after_flag)s)"
    conditions = [f"({day}, c.decision_date, c.id, '{stretch.rule.flag}') > {key}"]
    if last_day >= stretch.first:
        start = min(last_decided, latest_decision_date(last_day, stretch.rule) + _DAY)
        if last_day > stretch.first:
            start = max(start, latest_decision_date(last_day - _DAY, stretch.rule) + _DAY)
        parameters[f"{name}_start"] = start
        conditions.append(f"c.decision_date >= %({name}_start)s::date")
    return conditions
