"""Statements by any cut: of one period, of a series of periods, or broken down by what is reported on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from app.clock import today
from app.db import SeenBy
from app.errors import invalid
from app.models.codes import CASE_KINDS, INITIATIONS, SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
from app.services.access import Caller, figures
from app.services.books.cuts import CUTS
from app.services.matters.queries import read_briefs
from app.services.reference import Reference, Unit
from app.services.regimes.rules import Regime
from app.services.statistics import cut_queries
from app.services.statistics.cut_queries import By, CutFilter
from app.services.statistics.groups import REST, Groups, MapName, below, grouped, kept, map_day, parted
from app.services.statistics.movements import Movements, boundaries, together, without
from app.services.statistics.rules import FIRST_YEAR, MEASURES, PARTS, Formula, Period, comparable, formulas
from app.services.statistics.views import MeasureStatement, PeriodStatement, same_lines

GroupBy = Literal["unit", "officer", "kind", "initiation", "segment", "matter"]
SEGMENTS: Final = {
    "credit_institution": SEGMENT_CREDIT,
    "corruption_economic": SEGMENT_CORRUPTION,
    "state_budget": SEGMENT_BUDGET,
}
_BY: Final[Mapping[GroupBy, By]] = {
    "unit": "place", "officer": "officer", "kind": "cut", "initiation": "cut", "segment": "cut", "matter": "matter",
}  # fmt: skip
_LAST: Final = "\U0010ffff"  # sorts after every code


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What figures are broken down by; `level` and `map_name` say which units are shown."""

    unit: Unit
    by: GroupBy
    cut: CutFilter
    level: str | None = None
    map_name: MapName = "day"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a breakdown: `key` is a unit, officer, code or matter, None for what belongs to no other part."""

    key: Any
    order: tuple[Any, ...]
    movements: Movements


async def statements(
    db: SeenBy, ref: Reference, unit: Unit, cut: CutFilter, periods: Sequence[Period], code: str | None = None
) -> list[PeriodStatement]:
    """Statements of a unit, its subtree and all it succeeded, each beside the year before; one round trip.

    Each is under the regime of its last day, or under the one that `code` names.
    """
    bounds = boundaries([*periods, *(period.previous() for period in periods)])
    groups = kept(ref, ("statement", unit.id), lambda: grouped(ref, [unit]))
    found = await cut_queries.movements(figures(db), groups, "all", cut, bounds)
    moved = found.get(0) or Movements(bounds, {})
    return [statement_of(ref, unit, period, moved, code) for period in periods]


def statement_of(
    ref: Reference, unit: Unit, period: Period, moved: Movements, code: str | None = None
) -> PeriodStatement:
    """The statement of a period from movements that have its boundaries, and those of the year before."""
    before = period.previous()
    regime, regime_before = ref.regime(period.last, code), ref.regime(before.last, code)
    measures = {
        measure: MeasureStatement(
            moved.parts(measure, period, _formulas(ref, regime, measure)),
            moved.parts(measure, before, _formulas(ref, regime_before, measure)),
            comparable(measure, period, before, same_lines(measure, regime, regime_before)),
        )
        for measure in MEASURES
    }
    complete = Period.of_months(period.fiscal_year, period.months).last < today()
    return PeriodStatement(unit, period, before, regime, regime_before, complete, measures)


def _formulas(ref: Reference, regime: Regime, measure: str) -> dict[str, Formula]:
    def made() -> dict[str, Formula]:
        every = formulas(regime.lines[measure])
        return {name: every[name] for name in PARTS}

    return kept(ref, ("formulas", regime.key, measure), made)


def months_of(period: Period) -> list[Period]:
    """The months of a fiscal year up to the one a period ends in; the last ends with it."""
    whole = [Period.of_months(period.fiscal_year, n, single=period.single) for n in range(1, period.months)]
    return [*whole, period]


def years_until(period: Period, number: int) -> list[Period]:
    """The same period of the years before and of its own, oldest first, back to the first year of the books."""
    found = [period]
    while len(found) < number and found[-1].fiscal_year > FIRST_YEAR:
        found.append(found[-1].previous())
    return found[::-1]


async def parts(db: SeenBy, ref: Reference, caller: Caller, asked: Breakdown, period: Period) -> list[Part]:
    """The parts of a unit that have anything in the books, in order; they add up to the unit, segments excepted."""
    bounds = boundaries([period, period.previous()])
    groups = _groups(ref, asked, period.last)
    found = await cut_queries.movements(figures(db), groups, _BY[asked.by], asked.cut, bounds)
    if asked.by == "unit":
        return _units(groups, found)
    if asked.by == "officer":
        return [Part(ref.officers[i], (i,), found[i]) for i in sorted(found)]
    if asked.by == "matter":
        whole = (await cut_queries.movements(figures(db), groups, "all", asked.cut, bounds)).get(0) or Movements(
            bounds, {}
        )
        return await _matters(db, ref, caller, found, whole)
    return _codes(asked.by, found, bounds)


def _groups(ref: Reference, asked: Breakdown, on: date) -> Groups:
    if asked.by == "officer" and asked.unit.level == "national":
        raise invalid("too-many", "name a province or an office", "hãy chọn tỉnh hoặc phòng khu vực", parameter="unit")
    if asked.by != "unit":
        return kept(ref, ("statement", asked.unit.id), lambda: grouped(ref, [asked.unit]))
    day = map_day(asked.map_name, on, today())
    key = ("parts", asked.unit.id, asked.level, day)
    return kept(ref, key, lambda: parted(ref, asked.unit, below(ref, asked.unit, asked.level, day)))


def _units(groups: Groups, found: Mapping[int, Movements]) -> list[Part]:
    shown = [Part(unit, (number,), found[number]) for number, unit in enumerate(groups.shown) if number in found]
    rest = [Part(None, (len(groups.shown),), found[REST])] if REST in found else []
    return [*shown, *rest]


def _codes(by: GroupBy, found: Mapping[int, Movements], bounds: tuple[date, ...]) -> list[Part]:
    """Parts by a code list, from cuts; a case of several segments counts in each."""
    codes: tuple[str | None, ...] = {
        "kind": CASE_KINDS, "initiation": INITIATIONS, "segment": (*SEGMENTS, None),
    }[by]  # fmt: skip
    made = []
    for number, code in enumerate(codes):
        fitting = [moved for cut_id, moved in found.items() if _fits(by, code, cut_id)]
        if fitting:
            made.append(Part(code, (number,), together(fitting, bounds)))
    return made


def _fits(by: GroupBy, code: str | None, cut_id: int) -> bool:
    kind, initiation, segment = CUTS[cut_id]
    if by == "segment":
        return segment == 0 if code is None else bool(segment & SEGMENTS[code])
    return code == (kind if by == "kind" else initiation)


async def _matters(
    db: SeenBy, ref: Reference, caller: Caller, found: Mapping[str, Movements], whole: Movements
) -> list[Part]:
    """Matters the caller may see; cases of no matter, and of others, are the last part."""
    seen = await read_briefs(db, ref, caller, list(found))
    made = [Part((matter_id, code, name), (code,), found[matter_id]) for matter_id, code, name in seen]
    rest = without(whole, [part.movements for part in made])
    return made if rest.is_empty else [*made, Part(None, (_LAST,), rest)]


async def check_matter(db: SeenBy, ref: Reference, caller: Caller, cut: CutFilter) -> None:
    """Raises Invalid when figures are narrowed to a matter that the caller may not see, or that does not exist."""
    if cut.matter_id is not None and not await read_briefs(db, ref, caller, [cut.matter_id]):
        raise invalid("unknown-reference", "no such matter", "không có vụ này", parameter="matter")
