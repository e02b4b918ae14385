"""A form filled from a frozen report: what was stored, never what the books say today."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.db import SeenBy
from app.errors import Conflict
from app.services.forms.rules import LETTERS, Column, Form
from app.services.forms.views import (
    Filled,
    FilledForm,
    Seat,
    Value,
    lists_officers,
    officer_rows,
    places_of,
    unit_rows,
)
from app.services.periods import report_queries, views
from app.services.periods.views import Figures, Report
from app.services.reference import Reference, Unit
from app.services.regimes.rules import Regime
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import grouped, kept
from app.services.statistics.rules import Period


async def filled(db: SeenBy, ref: Reference, form: Form, unit: Unit, period: Period, version: int) -> FilledForm:
    """The form as a version of the report of a period has it, counted by the rules it was frozen with.

    Two round trips, three when officers are listed. Invalid when there is no such version; Conflict when the report
    does not hold what the form shows.
    """
    report = await views.found_version(db, period, version)
    regime = next(r for r in ref.regimes if (r.code, r.version) == (report.regime, report.regime_version))
    rows: Sequence[Filled] = ()
    if form.held:
        _check_held(form, unit, report)
        fill = _by_cuts if form.layout == "cuts" else _by_units
        rows = await fill(db, ref, form, unit, report, regime)
    in_force = ref.regime(report.period.last).code == form.circular.code
    return FilledForm(form, unit, report.period, regime, complete=True, in_force=in_force, rows=rows, report=report)


def _check_held(form: Form, unit: Unit, report: Report) -> None:
    """Raises Conflict for what is no line of a report, and for officers of one frozen before these were kept.

    Officers have no lines by cut, and the forms that list them are not narrowed to one.
    """
    stored = views.figures_of(None)
    lines = all((leaf.account or leaf.line) in stored[leaf.measure or ""] for leaf in form.leaves if not leaf.rate)
    if not lines or (lists_officers(form, unit) and (report.officer_lines is None or form.cut)):
        raise Conflict(
            {
                "en": "This frozen report does not hold all that the form shows, such as figures of officers.",
                "vi": "Số liệu đã chốt này không có đủ nội dung của biểu, như số liệu theo chấp hành viên.",
            }
        )


async def _by_cuts(db: SeenBy, ref: Reference, form: Form, unit: Unit, report: Report, regime: Regime) -> list[Filled]:
    groups = kept(ref, ("statement", unit.id), lambda: grouped(ref, [unit]))
    found = await report_queries.summed_by_cut(db, report.no, groups, _cuts(form.cut))

    def values(cut: Mapping[str, Any]) -> list[Value]:
        fitting = _cuts(cut)
        return _values(form, regime, [found[i] for i in found if fitting is None or i in fitting])

    return [Filled(line.code, line.no, line.text, line.level, values(line.cut)) for line in form.lines]


async def _by_units(db: SeenBy, ref: Reference, form: Form, unit: Unit, report: Report, regime: Regime) -> list[Filled]:
    groups, shown = places_of(ref, unit, report.period)
    found = await report_queries.summed(db, report.no, groups, _cuts(form.cut))
    by_place = {place: _values(form, regime, [found[place]] if place in found else []) for place in shown}
    seats: Mapping[Seat, Sequence[int]] = {}
    if lists_officers(form, unit):
        seats = await report_queries.summed_by_seat(db, report.no, groups)
    officers = officer_rows(ref, seats, lambda figures: _values(form, regime, [figures]))
    return unit_rows(shown, report.period, _values(form, regime, found.values()), by_place, officers)


def _cuts(cut: Mapping[str, Any] | None) -> list[int] | None:
    return CutFilter(**(cut or {})).cut_ids


def _values(form: Form, regime: Regime, parts: Iterable[Sequence[int]]) -> list[Value]:
    """A value for each column, from the sums of some lines of a report."""
    figures = views.figures_of([sum(column) for column in zip(*parts, strict=True)])
    found = {leaf.code: _value(leaf, figures, regime) for leaf in form.leaves if not leaf.rate}
    return [(found[leaf.rate[0]], found[leaf.rate[1]]) if leaf.rate else found[leaf.code] for leaf in form.leaves]


def _value(leaf: Column, figures: Figures, regime: Regime) -> int:
    """A line, or what an account adds to it: nothing where the regime feeds the line from others."""
    lines, line = figures[leaf.measure or ""], leaf.line or ""
    if leaf.account is None:
        return lines[line]
    fed = leaf.account in regime.lines[leaf.measure or ""][LETTERS[line]]
    return lines[leaf.account] if fed else 0
