"""The course of a fiscal year: the result rate of a unit month by month, beside its target and the year before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.clock import today
from app.db import SeenBy
from app.services.reference import Reference, Unit
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.cut_views import months_of, statements
from app.services.statistics.rules import Period, Share
from app.services.statistics.views import PeriodStatement
from app.services.targets.rules import TargetVersion
from app.services.targets.views import cut_of, how_of

_LINES = ("enforcing", "deferred_by_agreement", "other")


@dataclass(frozen=True, slots=True)
class YearCourse:
    """Result rates by month: `now` up to the month asked for, `before` and `targets` of all twelve.

    `targets` are those in force on the last day of each month, or today of months to come; None where the figures
    are not those that targets are assigned to: narrowed to some cases, or of single months.
    """

    now: Sequence[Share]
    before: Sequence[Share]
    targets: Sequence[TargetVersion | None] | None
    complete: bool
    comparable: bool


async def year_course(
    db: SeenBy, ref: Reference, unit: Unit, cut: CutFilter, period: Period, indicator: str, code: str | None
) -> YearCourse:
    """The course up to the month a period ends in; one round trip. `code` names another regime.

    `cut` narrows further what an indicator of some cases only, those of credit institutions, is about. The year before
    is shown by whole months, also where this year's last month is still running.
    """
    measure, own = how_of(indicator).measure, cut_of(indicator)
    narrowed = cut if own.credit_institution is None else replace(cut, credit_institution=True)
    shown = months_of(period)
    year = [Period.of_months(period.fiscal_year, month, single=period.single) for month in range(1, 13)]
    found = await statements(db, ref, unit, narrowed, [*shown, *year], code)
    now, whole = found[: len(shown)], found[len(shown) :]
    targets = None
    if narrowed == own and not period.single:
        days = [min(month.last, today()) for month in year]
        targets = [ref.target(unit.id, period.fiscal_year, indicator, day) for day in days]
    return YearCourse(
        [_share(statement, measure) for statement in now],
        [_share(statement, measure, before=True) for statement in whole],
        targets,
        complete=now[-1].complete,
        comparable=all(statement.measures[measure].comparable for statement in now),
    )


def _share(statement: PeriodStatement, measure: str, *, before: bool = False) -> Share:
    """Done (D1) of what has conditions (C1)."""
    lines = statement.measures[measure].before if before else statement.measures[measure].now
    return lines["done"], lines["done"] + sum(lines[name] for name in _LINES)
