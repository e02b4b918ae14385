"""Back-test of the projection: what it would have said at the end of each month of a year gone by, and what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.db import SeenBy
from app.services.access import ROOT
from app.services.pace.queries import Course, courses, together
from app.services.pace.rules import INDICATORS, MEASURE_OF, PastYear, Projection, history, project, same_days
from app.services.reference import Reference
from app.services.statistics.groups import grouped
from app.services.statistics.movements import boundaries
from app.services.statistics.rules import MEASURES, RESULT, Period, percent
from app.services.statistics.views import formulas_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far off the projections of the units of a level were after some months.

    `error` is their mean absolute error in percentage points, `naive` that of guessing the result of the year before;
    `held` how many of the `intervals` held, in percent.
    """

    level: str
    indicator: str
    months: int
    units: int
    error: str | None
    naive: str | None
    intervals: int
    held: str | None


@dataclass(frozen=True, slots=True)
class _Trial:
    """A projection, and the rate that came."""

    projection: Projection
    came: Fraction


async def backtest(db: SeenBy, ref: Reference, fiscal_year: int, on: date) -> list[Outcome]:
    """Outcomes for every level of the map on a day, by indicator and month; one statement a level."""
    formulas = formulas_of(ref.regime(on), MEASURES, RESULT)
    ends = [Period.of_months(fiscal_year, months) for months in range(1, 13)]
    bounds = boundaries([*ends, *(same for end in ends for same in same_days(end))])
    outcomes = []
    for level in ("national", "provincial", "district", "regional"):
        units = sorted((u for u in ref.units.values() if u.level == level and u.existed(on)), key=lambda u: u.path)
        found = await courses(db, grouped(ref, units, (ROOT,)), formulas, bounds) if units else {}
        nation = together(found)
        if nation is not None:
            shown = [found[number] for number in range(len(units)) if number in found]
            outcomes += [_outcome(level, name, shown, nation, end) for name in INDICATORS for end in ends]
    return outcomes


def _outcome(level: str, indicator: str, units: Sequence[Course], nation: Course, end: Period) -> Outcome:
    measure = MEASURE_OF[indicator]
    above = history(nation.share, end)[measure]
    trials = [trial for unit in units if (trial := _trial(unit, above, measure, end)) is not None]
    stated = [trial for trial in trials if trial.projection.interval is not None]
    held = sum(i.low <= t.came <= i.high for t in stated if (i := t.projection.interval) is not None)
    return Outcome(
        level,
        indicator,
        end.months,
        len(trials),
        _mean([abs(trial.projection.rate - trial.came) for trial in trials]),
        _mean([abs(last - t.came) for t in trials if (last := t.projection.last_year) is not None]),
        len(stated),
        percent(held, len(stated)),
    )


def _trial(unit: Course, above: Sequence[PastYear], measure: str, end: Period) -> _Trial | None:
    own = history(unit.share, end)[measure]
    projection = project([own, above], end.fiscal_year, unit.share(measure, end))
    came = unit.share(measure, Period.of_months(end.fiscal_year, 12))
    if projection is None or came[1] <= 0:
        return None
    return _Trial(projection, Fraction(*came))


def _mean(errors: Sequence[Fraction]) -> str | None:
    total = sum(errors, Fraction(0))
    return percent(total.numerator, total.denominator * len(errors))
