"""Attainment with its pace and projection, and the units below the national average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.db import Row, SeenBy
from app.errors import NotFound, invalid
from app.services.access import Caller, figures
from app.services.administrative.queries import by_officer, by_place
from app.services.pace import queries
from app.services.pace.queries import Course, course_of, course_of_tracking, courses, together
from app.services.pace.rules import (
    Needed,
    PastYear,
    Projection,
    Shares,
    below_since,
    ends_of_months,
    history,
    lacking,
    needed,
    needed_of_number,
    project,
    reached_on,
    same_days,
)
from app.services.reference import Reference, Unit
from app.services.regimes.rules import Regime
from app.services.statistics.cut_queries import movements
from app.services.statistics.groups import Groups, below, family, grouped, kept
from app.services.statistics.movements import boundaries
from app.services.statistics.queries import Formulas
from app.services.statistics.rules import (
    MEASURES,
    RESULT,
    Period,
    Share,
    comparable,
    formulas,
    rank_key,
)
from app.services.targets import nation_queries
from app.services.targets.plan_rules import is_number
from app.services.targets.rules import Result, is_below
from app.services.targets.views import Asked, Standing, Standings, cut_of, how_of, standings

Histories = Mapping[str, Sequence[PastYear]]
_NONE: Final[Histories] = dict.fromkeys(MEASURES, ())


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of the rest of the year by one indicator."""

    result: Result
    needed: Needed | None
    reached_on: date | None
    projection: Projection | None


@dataclass(frozen=True, slots=True)
class Paces:
    """Standings, and what past years are reckoned from: of units and officers by their ids, and of the nation."""

    found: Standings
    comparable: Mapping[str, bool]
    units: Mapping[str, Shares]
    officers: Mapping[str, Shares]
    nation: Histories

    def past(self, shares: Shares | None) -> Histories:
        """The past years of a unit or an officer."""
        return _NONE if shares is None else history(shares, self.found.frame.period)

    def of(self, standing: Standing) -> dict[str, Pace]:
        """The pace of a unit or an officer by every indicator asked for."""
        histories = [self.past(self.units.get(standing.unit.id)), self.nation]
        if standing.officer is not None:
            histories.insert(0, self.past(self.officers.get(standing.officer.id)))
        return {name: self._pace(name, result, histories) for name, result in standing.results.items()}

    def _pace(self, indicator: str, result: Result, histories: Sequence[Histories]) -> Pace:
        period = self.found.frame.period
        chain = [past[how_of(indicator).measure] for past in histories]
        projection = project(chain, period.fiscal_year, result.share)
        if result.target is None:
            return Pace(result, None, None, projection)
        if is_number(indicator):
            rest = needed_of_number(result.share[0], result.target.value)
        else:
            rest = needed(result.share, result.target.share, projection.share if projection else None)
        return Pace(result, rest, reached_on(rest.total, result.share[0], period.last), projection)


async def paces(db: SeenBy, ref: Reference, asked: Asked, on: date) -> Paces:
    """Attainment on a day with what is needed to project it: standings, and one statement of past years.

    Officers are a second statement. Past years are counted by the regime of the day, or by the one asked for.
    """
    found = await standings(db, ref, asked, on)
    period, regime = found.frame.period, ref.regime(on, asked.regime)
    years = same_days(period)
    bounds = boundaries([p for same in years for p in (same, Period.of_months(same.fiscal_year, 12))])
    shown = sorted({standing.unit.id: standing.unit for standing in found.standings}.values(), key=lambda u: u.path)
    groups = kept(ref, ("pace", *(u.id for u in shown), asked.seen), lambda: grouped(ref, shown, asked.seen))
    read = await _courses(db, groups, asked.indicators[0], regime, bounds) if years else {}
    nation = together(read)
    officers: Mapping[str, Shares] = {}
    if asked.of == "officers" and years:
        officers = await _officers(db, ref, asked, regime, bounds)
    return Paces(
        found,
        {name: how_of(name).tracked or _comparable(how_of(name).measure, period, years) for name in asked.indicators},
        {u.id: read[n].share for n, u in enumerate(shown) if n in read},
        officers,
        _NONE if nation is None else history(nation.share, period),
    )


async def _officers(
    db: SeenBy, ref: Reference, asked: Asked, regime: Regime, bounds: Sequence[date]
) -> dict[str, Shares]:
    """D1 and C1 of officers in the books of the unit."""
    if how_of(asked.indicators[0]).tracked:
        tracked = await by_officer(figures(db), family(ref, asked.unit), bounds)
        return {officer_id: course_of_tracking(tracking).share for officer_id, tracking in tracked.items()}
    groups = kept(ref, ("statement", asked.unit.id), lambda: grouped(ref, [asked.unit]))
    result = _formulas(regime, asked.indicators[0])
    found = await movements(figures(db), groups, "officer", cut_of(asked.indicators[0]), bounds)
    return {officer_id: course_of(moved, result).share for officer_id, moved in found.items()}


async def _courses(
    db: SeenBy, groups: Groups, indicator: str, regime: Regime, bounds: Sequence[date]
) -> dict[int, Course]:
    """The course by place of what an indicator is made of, in one statement."""
    if how_of(indicator).tracked:
        tracked = await by_place(figures(db), groups, bounds)
        return {place: course_of_tracking(tracking) for place, tracking in tracked.items()}
    result, cut = _formulas(regime, indicator), cut_of(indicator)
    if cut.is_empty:
        return await courses(figures(db), groups, result, bounds)
    found = await nation_queries.movements(figures(db), groups, cut, bounds)
    return {place: course_of(moved, result) for place, moved in found.items()}


def _formulas(regime: Regime, indicator: str) -> Formulas:
    """The columns of a course, by measure."""
    how, every = how_of(indicator), {measure: formulas(regime.lines[measure]) for measure in MEASURES}
    if how.done in RESULT:
        return {measure: [lines[name] for name in RESULT] for measure, lines in every.items()}
    reached = {measure: how.done if measure == how.measure else RESULT[0] for measure in MEASURES}
    return {m: [lines[reached[m]], lines["with_conditions"], lines["done"]] for m, lines in every.items()}


def _comparable(measure: str, period: Period, years: Sequence[Period]) -> bool:
    """Whether the years a projection rests on count the same things as the one it is for."""
    whole = Period.of_months(period.fiscal_year, 12)
    return all(comparable(measure, whole, Period.of_months(year.fiscal_year, 12), same_lines=True) for year in years)


@dataclass(frozen=True, slots=True)
class BelowAsked:
    """Which units are compared with the nation, by which indicator; `seen` as in attainment."""

    unit: Unit
    level: str
    indicator: str
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BelowAverage:
    """A unit below the national average: since when without a break, for how many ends of months, what it lacks."""

    unit: Unit
    share: Share
    since: date
    months: int
    lacks: int
    order: tuple[int, str]


@dataclass(frozen=True, slots=True)
class BelowList:
    """The units below the average of the nation, lowest rate first; how many have a rate."""

    period: Period
    regime: str
    national: Share
    compared: int
    units: Sequence[BelowAverage]


async def below_average(db: SeenBy, ref: Reference, asked: BelowAsked, on: date) -> BelowList:
    """Units of a level below the national average on a day, with their way there since 1 October; one statement."""
    period, regime = Period.until(on), ref.regime(on)
    ends = ends_of_months(period)
    key = ("below", asked.unit.id, asked.level, on, asked.seen)
    groups = kept(ref, key, lambda: grouped(ref, below(ref, asked.unit, asked.level, on), asked.seen))
    read = await _courses(db, groups, asked.indicator, regime, boundaries(ends))
    measure = how_of(asked.indicator).measure
    whole = together(read)
    national = [(0, 0) if whole is None else whole.share(measure, end) for end in ends]
    rated = [(unit, read[n]) for n, unit in enumerate(groups.shown) if n in read and read[n].share(measure, period)[1]]
    rated.sort(key=lambda pair: (rank_key(*pair[1].share(measure, period)), pair[0].path))
    found = [_below(unit, course, measure, ends, national, place) for place, (unit, course) in enumerate(rated)]
    return BelowList(period, regime.code, national[-1], len(rated), [unit for unit in found if unit is not None])


def _below(
    unit: Unit, course: Course, measure: str, ends: Sequence[Period], national: Sequence[Share], place: int
) -> BelowAverage | None:
    shares = [course.share(measure, end) for end in ends]
    steps = zip(ends, shares, national, strict=True)
    since = below_since([(end.last, is_below(share, average) is True) for end, share, average in steps])
    if since is None:
        return None
    return BelowAverage(unit, shares[-1], *since, lacking(shares[-1], national[-1]), (place, unit.path))


async def lifting_cases(
    db: SeenBy,
    ref: Reference,
    caller: Caller,
    unit_id: str,
    indicator: str,
    after: tuple[object, ...] | None,
    limit: int,
) -> list[Row]:
    """A page of the open cases with conditions that would lift a unit most; NotFound where it may not be seen."""
    unit = ref.visible(caller, unit_id)
    if unit is None:
        raise NotFound
    scope = ref.scope(caller, unit)
    if scope.is_wide:
        raise invalid(
            "too-many", "name a province or an office", "hãy chọn tỉnh hoặc phòng khu vực", parameter="unit_id"
        )
    return await queries.list_lifting(db, scope, indicator, after, limit)
