"""Target attainment: results of units and officers beside their targets, the nation and the year before."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from app.clock import today
from app.db import SeenBy
from app.errors import invalid
from app.services.access import figures
from app.services.administrative.queries import by_officer, by_place
from app.services.administrative.rules import Tracking
from app.services.reference import Officer, Reference, Unit
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.cut_queries import movements as officer_movements
from app.services.statistics.groups import Groups, MapName, below, family, grouped, kept, map_day
from app.services.statistics.movements import boundaries
from app.services.statistics.queries import Balances, Projection, balances, zeros
from app.services.statistics.rules import (
    LINES,
    NEW_MAP_SINCE,
    Lines,
    Period,
    Share,
    comparable,
    lines_of,
)
from app.services.statistics.views import formulas_of, same_lines
from app.services.targets import nation_queries, queries
from app.services.targets.plan_rules import AVERAGED, RECKONED, Reckoned, is_number
from app.services.targets.rules import Result, TargetVersion, by_attainment, by_rate, is_below, set_ranks

Of = Literal["self", "children", "level", "officers"]
_LAST: Final = 2**31


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose attainment, by which indicators; `map_name` says whose units are children or make up a level.

    The two result rates may be asked for together, any other indicator alone.
    `seen` are the paths whose figures the caller may read; of the rest of the nation there is one sum. `regime` counts
    by another regime than that of the day.
    """

    unit: Unit
    of: Of
    level: str | None
    map_name: MapName
    indicators: tuple[str, ...]
    below_average: bool | None
    seen: tuple[str, ...]
    regime: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """The two periods compared, each under the regime of its last day, or one asked for."""

    period: Period
    before: Period
    regime: str
    regime_before: str
    comparable: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a unit, or an officer of it, stands; `order` is its place in the list."""

    unit: Unit
    officer: Officer | None
    results: Mapping[str, Result]
    order: tuple[int, str]


@dataclass(frozen=True, slots=True)
class Standings:
    """Everyone asked for, in order; the rate of the whole nation and how many have a rank, by indicator.

    An indicator without a national average has 0 of 0 there.
    """

    frame: Frame
    national: Mapping[str, Share]
    ranked: Mapping[str, int]
    standings: Sequence[Standing]

    def after(self, last: Sequence[Any] | None, number: int) -> Sequence[Standing]:
        """The next ones after the one with the order `last`."""
        first = 0 if last is None else bisect_right(self.standings, tuple(last), key=lambda standing: standing.order)
        return self.standings[first : first + number]


Target = Callable[[str, str], TargetVersion | None]


async def standings(db: SeenBy, ref: Reference, asked: Asked, on: date) -> Standings:
    """Attainment on a day. Ranks are places in the whole set, before it is narrowed to those below the average."""
    frame, projection = _frame(ref, asked, on)
    if asked.of == "officers":
        return await _of_officers(db, ref, asked, frame, projection)
    groups = _groups(ref, asked, on)
    found = await _balances(db, groups, asked, frame, projection)

    def target(unit_id: str, indicator: str) -> TargetVersion | None:
        return ref.target(unit_id, frame.period.fiscal_year, indicator, on)

    none = zeros(projection)
    results = [
        _results(asked.indicators, found.get(place, none), unit.id, target) for place, unit in enumerate(groups.shown)
    ]
    holders = [(unit, None, unit.path) for unit in groups.shown]
    return _ordered(asked, frame, _national(asked.indicators, found.values()), holders, results)


def _frame(ref: Reference, asked: Asked, on: date) -> tuple[Frame, Projection]:
    period = Period.until(on)
    before = period.previous()
    regime, regime_before = ref.regime(on, asked.regime), ref.regime(before.last, asked.regime)
    measures = [how_of(name).measure for name in asked.indicators]
    done = how_of(asked.indicators[0]).done

    def projection() -> Projection:
        now = formulas_of(regime, measures, LINES if done in LINES else (*LINES, done))
        return Projection(measures, now, formulas_of(regime_before, measures, (done, "with_conditions")))

    frame = Frame(
        period,
        before,
        regime.code,
        regime_before.code,
        {
            name: how_of(name).tracked
            or comparable(measure, period, before, same_lines(measure, regime, regime_before))
            for name, measure in zip(asked.indicators, measures, strict=True)
        },
    )
    return frame, kept(ref, ("attainment", asked.indicators, regime.key, regime_before.key), projection)


def _groups(ref: Reference, asked: Asked, on: date) -> Groups:
    if asked.of == "self":
        return kept(ref, ("self", asked.unit.id, asked.seen), lambda: grouped(ref, [asked.unit], asked.seen))
    if asked.map_name == "old" and on >= NEW_MAP_SINCE:
        raise invalid(
            "map-ended", "the old map ended on 2025-06-30", "bản đồ đơn vị cũ kết thúc ngày 30/6/2025", parameter="map"
        )
    day = map_day(asked.map_name, on, today())
    key = (asked.of, asked.unit.id, asked.level, day, asked.seen)
    return kept(ref, key, lambda: grouped(ref, below(ref, asked.unit, asked.level, day), asked.seen))


def how_of(indicator: str) -> Reckoned:
    """How the books give an indicator."""
    return RECKONED[indicator]


def cut_of(indicator: str) -> CutFilter:
    """The cases an indicator is about."""
    return CutFilter(credit_institution=how_of(indicator).credit)


async def _balances(
    db: SeenBy, groups: Groups, asked: Asked, frame: Frame, projection: Projection
) -> Mapping[int, Balances]:
    """Sums by place and of the rest of the nation, in one statement."""
    if how_of(asked.indicators[0]).tracked:
        tracked = await by_place(figures(db), groups, boundaries([frame.period, frame.before]))
        return {place: _tracked(tracking, frame) for place, tracking in tracked.items()}
    cut = cut_of(asked.indicators[0])
    if cut.is_empty:
        return await balances(db, groups, projection, frame.period, frame.before)
    return await nation_queries.balances(figures(db), groups, cut, projection, frame.period, frame.before)


def _tracked(tracking: Tracking, frame: Frame) -> Balances:
    """What is tracked, as the lines of a statement: all of it has conditions; what ended otherwise is D4."""
    now = tracking.counted(frame.period)
    lines = {
        "carried_over": now.carried_over,
        "newly_accepted": now.newly_accepted,
        "done": now.enforced,
        "enforcing": now.still_tracked,
        "other": now.ended_otherwise,
    }
    before = tracking.counted(frame.before).share
    return Balances({"cases": [lines.get(name, 0) for name in LINES]}, {"cases": before})


def _results(indicators: Sequence[str], sums: Balances, holder: str, target: Target) -> dict[str, Result]:
    results = {}
    for name in indicators:
        measure = how_of(name).measure
        lines, share = _reached(sums.now[measure])
        done, with_conditions = sums.before[measure]
        results[name] = Result(lines, share, (done, with_conditions), target(holder, name))
    return results


def _reached(sums: Sequence[int]) -> tuple[Lines, Share]:
    """Lines, and what is reached of what has conditions: D1, or what was summed beside the lines."""
    lines, more = lines_of(sums[: len(LINES)]), sums[len(LINES) :]
    return lines, (more[0] if more else lines.done, lines.with_conditions)


def _national(indicators: Sequence[str], found: Collection[Balances]) -> dict[str, Share]:
    national = {}
    for name in indicators:
        parts = [_reached(sums.now[how_of(name).measure])[1] for sums in found if name in AVERAGED]
        national[name] = (sum(done for done, _ in parts), sum(with_conditions for _, with_conditions in parts))
    return national


def _ordered(
    asked: Asked,
    frame: Frame,
    national: Mapping[str, Share],
    holders: Sequence[tuple[Unit, Officer | None, str]],
    results: Sequence[Mapping[str, Result]],
) -> Standings:
    ranked = {
        name: set_ranks([result[name] for result in results], by_attainment if is_number(name) else by_rate)
        for name in asked.indicators
    }
    first = asked.indicators[0]
    found = [
        Standing(unit, officer, result, (result[first].rank or _LAST, key))
        for (unit, officer, key), result in zip(holders, results, strict=True)
        if asked.below_average is None
        or asked.below_average == any(is_below(result[name].share, national[name]) for name in asked.indicators)
    ]
    found.sort(key=lambda standing: standing.order)
    return Standings(frame, national, ranked, found)


async def _of_officers(db: SeenBy, ref: Reference, asked: Asked, frame: Frame, projection: Projection) -> Standings:
    """Officers with cases in the books of the unit, and those posted to it on the day."""
    if asked.unit.level == "national":
        raise invalid("too-many", "name a province or an office", "hãy chọn tỉnh hoặc phòng khu vực", parameter="unit")
    on = frame.period.last
    units = family(ref, asked.unit)
    everyone = kept(ref, ("nation", asked.seen), lambda: grouped(ref, [], asked.seen))
    nation = await _balances(db, everyone, asked, frame, projection)
    found = await _officer_balances(db, ref, asked, units, frame, projection)
    officers = serving(ref, set(units), on) | {ref.officers[i] for i in found if i in ref.officers}
    targets = await queries.officer_targets(db, [o.id for o in officers], frame.period.fiscal_year, on)
    none = zeros(projection)
    listed = sorted(officers, key=lambda officer: officer.id)
    results = [_results(asked.indicators, found.get(o.id, none), o.id, lambda *key: targets.get(key)) for o in listed]
    holders = [(asked.unit, officer, officer.id) for officer in listed]
    return _ordered(asked, frame, _national(asked.indicators, nation.values()), holders, results)


async def _officer_balances(
    db: SeenBy, ref: Reference, asked: Asked, units: Sequence[str], frame: Frame, projection: Projection
) -> Mapping[str, Balances]:
    if how_of(asked.indicators[0]).tracked:
        tracked = await by_officer(figures(db), units, boundaries([frame.period, frame.before]))
        return {officer_id: _tracked(tracking, frame) for officer_id, tracking in tracked.items()}
    cut = cut_of(asked.indicators[0])
    if cut.is_empty:
        return await queries.officer_balances(figures(db), units, projection, frame.period, frame.before)
    bounds = boundaries([frame.period, frame.before])
    groups = kept(ref, ("statement", asked.unit.id), lambda: grouped(ref, [asked.unit]))
    found = await officer_movements(figures(db), groups, "officer", cut, bounds)
    return {
        officer_id: nation_queries.balances_of(moved, projection, frame.period, frame.before)
        for officer_id, moved in found.items()
    }


def serving(ref: Reference, units: set[str], on: date) -> set[Officer]:
    """Officers posted to one of the units on a day."""
    posted = ((officer, officer.posting(on)) for officer in ref.officers.values())
    return {officer for officer, posting in posted if posting is not None and posting.unit_id in units}
