"""A form filled from the books: one statement, or two where officers are listed below their units."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from app.clock import today
from app.db import SeenBy
from app.services.access import figures
from app.services.forms.rules import Form, Text
from app.services.periods.views import Report
from app.services.reference import Officer, Reference, Unit
from app.services.regimes.rules import Regime
from app.services.statistics import cut_queries
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import REST, Groups, below, grouped, kept, parted
from app.services.statistics.movements import Movements, boundaries, together
from app.services.statistics.rules import Period, Share

Value = int | Share
_TOTAL: Final = Text("Tổng số", "Total")
_NAMED: Final = "/v1/units, /v1/officers"  # names are as they are registered


@dataclass(frozen=True, slots=True)
class Filled:
    """A row of a form: a value for each column, a rate as numerator and denominator.

    `level` 0 is the total; deeper rows make up the one before them. `unit` and `officer` are set where it is theirs;
    `own` marks the books of the reporting unit itself, beside those of the units below it.
    """

    code: str | None
    no: str
    text: Text
    level: int
    values: Sequence[Value]
    unit: Unit | None = None
    officer: Officer | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form of a unit and a period, counted by a regime; without rows where the books do not hold it.

    `in_force` is whether its circular was in force on the last day; `report` the frozen report its figures are from.
    """

    form: Form
    unit: Unit
    period: Period
    regime: Regime
    complete: bool
    in_force: bool
    rows: Sequence[Filled]
    report: Report | None = None


Counted = Callable[[Movements], list[Value]]
T = TypeVar("T")
Seat = tuple[int, str]
"""A place and the officer there."""


async def filled(
    db: SeenBy, ref: Reference, form: Form, unit: Unit, period: Period, code: str | None = None
) -> FilledForm:
    """The form for a unit, everything below it and all it succeeded; `code` names a regime to count by.

    One round trip, two when officers are listed, none when the books do not hold it.
    """
    regime = ref.regime(period.last, code)
    complete = Period.of_months(period.fiscal_year, period.months).last < today()
    rows: Sequence[Filled] = ()
    if form.held:
        fill = _by_cuts if form.layout == "cuts" else _by_units
        rows = await fill(db, ref, form, unit, period, _counted(ref, form, period, regime))
    in_force = ref.regime(period.last).code == form.circular.code
    return FilledForm(form, unit, period, regime, complete, in_force, rows)


def _counted(ref: Reference, form: Form, period: Period, regime: Regime) -> Counted:
    """What turns movements into the values of a row."""
    cells = kept(
        ref,
        ("form", form.circular.code, form.no, regime.key),
        lambda: [
            (leaf.measure or "", leaf.cell(regime.lines[leaf.measure or ""])) for leaf in form.leaves if not leaf.rate
        ],
    )
    counts = [leaf.code for leaf in form.leaves if not leaf.rate]

    def counted(moved: Movements) -> list[Value]:
        found = dict(zip(counts, moved.weighed_all(period, cells), strict=True))
        return [(found[leaf.rate[0]], found[leaf.rate[1]]) if leaf.rate else found[leaf.code] for leaf in form.leaves]

    return counted


async def _by_cuts(
    db: SeenBy, ref: Reference, form: Form, unit: Unit, period: Period, counted: Counted
) -> list[Filled]:
    bounds = boundaries([period])
    groups = kept(ref, ("statement", unit.id), lambda: grouped(ref, [unit]))
    found = await cut_queries.movements(figures(db), groups, "cut", _filter(form.cut), bounds)

    def moved(cut: Mapping[str, Any]) -> Movements:
        fitting = _filter(cut).cut_ids
        return together((found[i] for i in found if fitting is None or i in fitting), bounds)

    return [Filled(line.code, line.no, line.text, line.level, counted(moved(line.cut))) for line in form.lines]


def _filter(cut: Mapping[str, Any] | None) -> CutFilter:
    return CutFilter(**(cut or {}))


async def _by_units(
    db: SeenBy, ref: Reference, form: Form, unit: Unit, period: Period, counted: Counted
) -> list[Filled]:
    bounds, cut = boundaries([period]), _filter(form.cut)
    groups, shown = places_of(ref, unit, period)
    places = await cut_queries.movements(figures(db), groups, "place", cut, bounds)
    seats: dict[Seat, Movements] = {}
    if lists_officers(form, unit):
        found = await cut_queries.movements(figures(db), groups, "seat", cut, bounds)
        seats = {(int(place), officer): found[seat] for seat in found for place, officer in [seat.split(" ")]}
    none = Movements(bounds, {})
    values = {place: counted(places.get(place) or none) for place in shown}
    officers = officer_rows(ref, seats, counted)
    return unit_rows(shown, period, counted(together(places.values(), bounds)), values, officers)


def unit_rows(
    shown: Mapping[int, Unit],
    period: Period,
    total: Sequence[Value],
    by_place: Mapping[int, Sequence[Value]],
    officers: Mapping[int, Sequence[Filled]],
) -> list[Filled]:
    """The total, and a row for every unit, each with its officers."""
    rows = [Filled("total", "", _TOTAL, 0, total)]
    number = 0
    for place, listed in shown.items():
        own, values = place == REST, by_place[place]
        if own and _is_nothing(values):
            continue
        number += 1
        name = listed.name(period.last)
        rows.append(Filled(None, str(number), Text(name, name, _NAMED), 1, values, unit=listed, own=own))
        rows += [replace(row, no=f"{number}.{n}") for n, row in enumerate(officers.get(place, ()), start=1)]
    return rows


def places_of(ref: Reference, unit: Unit, period: Period) -> tuple[Groups, Mapping[int, Unit]]:
    """Whose books count at which place, and which unit each place shows; REST are the books of the unit itself."""
    children = below(ref, unit, None, period.last)
    if not children:
        return kept(ref, ("statement", unit.id), lambda: grouped(ref, [unit])), {0: unit}
    groups = kept(ref, ("parts", unit.id, None, period.last), lambda: parted(ref, unit, children))
    return groups, {REST: unit, **dict(enumerate(children))}


def lists_officers(form: Form, unit: Unit) -> bool:
    """Whether a form has rows of officers (chấp hành viên): from a province down, of the nation there are thousands."""
    return form.layout == "officers" and unit.level != "national"


def officer_rows(
    ref: Reference, seats: Mapping[Seat, T], counted: Callable[[T], list[Value]]
) -> Mapping[int, list[Filled]]:
    """A row for each officer who has anything in the period, by the place of the unit."""
    found: dict[int, list[Filled]] = {}
    named = ((place, ref.officers[officer], seat) for (place, officer), seat in seats.items())
    for place, officer, seat in sorted(named, key=lambda row: (row[0], row[1].code)):
        values = counted(seat)
        if not _is_nothing(values):
            text = Text(officer.name, officer.name, _NAMED)
            found.setdefault(place, []).append(Filled(None, "", text, 2, values, officer=officer))
    return found


def _is_nothing(values: Sequence[Value]) -> bool:
    return not any(value for value in values if isinstance(value, int))
