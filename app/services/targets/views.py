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
from app.services.reference import Officer, Reference, Unit
from app.services.statistics.groups import Groups, MapName, below, family, grouped, kept, map_day
from app.services.statistics.queries import Balances, Projection, balances, zeros
from app.services.statistics.rules import (
    LINES,
    NEW_MAP_SINCE,
    RESULT,
    Period,
    Share,
    comparable,
    lines_of,
)
from app.services.statistics.views import formulas_of, same_lines
from app.services.targets import queries
from app.services.targets.rules import MEASURE_OF, Result, TargetVersion, is_below, set_ranks

Of = Literal["self", "children", "level", "officers"]
_LAST: Final = 2**31


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose attainment, by which indicators; `map_name` says whose units are children or make up a level.

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
    """Everyone asked for, in order; the rate of the whole nation and how many have a rank, by indicator."""

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
    found = await balances(db, groups, projection, frame.period, frame.before)

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
    measures = [MEASURE_OF[name] for name in asked.indicators]

    def projection() -> Projection:
        now, then = formulas_of(regime, measures, LINES), formulas_of(regime_before, measures, RESULT)
        return Projection(measures, now, then)

    frame = Frame(
        period,
        before,
        regime.code,
        regime_before.code,
        {
            name: comparable(measure, period, before, same_lines(measure, regime, regime_before))
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


def _results(indicators: Sequence[str], sums: Balances, holder: str, target: Target) -> dict[str, Result]:
    results = {}
    for name in indicators:
        measure = MEASURE_OF[name]
        lines = lines_of(sums.now[measure])
        done, with_conditions = sums.before[measure]
        share = lines.done, lines.with_conditions
        results[name] = Result(lines, share, (done, with_conditions), target(holder, name))
    return results


def _national(indicators: Sequence[str], found: Collection[Balances]) -> dict[str, Share]:
    national = {}
    for name in indicators:
        parts = [lines_of(sums.now[MEASURE_OF[name]]) for sums in found]
        national[name] = (sum(part.done for part in parts), sum(part.with_conditions for part in parts))
    return national


def _ordered(
    asked: Asked,
    frame: Frame,
    national: Mapping[str, Share],
    holders: Sequence[tuple[Unit, Officer | None, str]],
    results: Sequence[Mapping[str, Result]],
) -> Standings:
    ranked = {name: set_ranks([result[name] for result in results]) for name in asked.indicators}
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
    nation = await balances(db, everyone, projection, frame.period, frame.before)
    found = await queries.officer_balances(figures(db), units, projection, frame.period, frame.before)
    officers = serving(ref, set(units), on) | {ref.officers[i] for i in found if i in ref.officers}
    targets = await queries.officer_targets(db, [o.id for o in officers], frame.period.fiscal_year, on)
    none = zeros(projection)
    listed = sorted(officers, key=lambda officer: officer.id)
    results = [_results(asked.indicators, found.get(o.id, none), o.id, lambda *key: targets.get(key)) for o in listed]
    holders = [(asked.unit, officer, officer.id) for officer in listed]
    return _ordered(asked, frame, _national(asked.indicators, nation.values()), holders, results)


def serving(ref: Reference, units: set[str], on: date) -> set[Officer]:
    """Officers posted to one of the units on a day."""
    posted = ((officer, officer.posting(on)) for officer in ref.officers.values())
    return {officer for officer, posting in posted if posting is not None and posting.unit_id in units}
