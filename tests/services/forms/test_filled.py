"""Forms filled from real books with a merger in them: they add up, and say what the statements say."""

from datetime import date
from typing import Any
from unittest.mock import patch

import pytest

from app.api.v1.schemas.statistics import measure_out
from app.db import SeenBy
from app.services.forms import views
from app.services.forms.definitions import FORMS
from app.services.forms.rules import Column, Form
from app.services.forms.views import Filled, FilledForm, Value
from app.services.statistics import cut_views
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.rules import Period
from tests.builders import NATION_ID, Service
from tests.services.statistics import scenario
from tests.services.statistics.scenario import Scenario

HELD = [form for form in FORMS.values() if form.held]
PERIODS = [Period.until(day) for day in (date(2024, 2, 29), date(2025, 6, 9), date(2025, 9, 30), date(2026, 11, 20))]


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """The merger with its cases."""
    return scenario.build(service, seed=41, cases=120)


def units(made: Scenario) -> list[str]:
    return [NATION_ID, made.province.id, made.room.id, made.old[0].id, made.districts[0].id]


def read(service: Service, form: Form, unit: str, period: Period, code: str | None = None) -> FilledForm:
    ref = service.reference.current
    return service.runner.run(views.filled(service.db, ref, form, ref.units[unit], period, code))


def cells(form: Form, row: Filled) -> dict[str, Value]:
    return {str(leaf.code): value for leaf, value in zip(form.leaves, row.values, strict=True)}


def numbers(row: Filled) -> list[int]:
    return [value for value in row.values if isinstance(value, int)]


@pytest.mark.parametrize("form", HELD, ids=lambda form: str(form.no))
@pytest.mark.parametrize("code", [None, "tt08-2015"])
def test_forms_add_up_and_equal_the_statements(service: Service, made: Scenario, form: Form, code: str | None) -> None:
    seen = 0
    for unit in units(made):
        for period in PERIODS:
            found = read(service, form, unit, period, code)
            _columns_add_up(form, found)
            _rows_add_up(found)
            _equals_the_statement(service, form, found, code)
            seen += sum(numbers(found.rows[0]))
    assert seen > 0


def _columns_add_up(form: Form, found: FilledForm) -> None:
    for row in found.rows:
        values = cells(form, row)
        for leaf in form.leaves:
            if leaf.sum_of:
                parts: list[Any] = [(values[c.removeprefix("-")], -1 if c[0] == "-" else 1) for c in leaf.sum_of]
                assert values[str(leaf.code)] == sum(value * sign for value, sign in parts), (row.text.vi, leaf.code)
            if leaf.rate:
                assert values[str(leaf.code)] == (values[leaf.rate[0]], values[leaf.rate[1]])


def _rows_add_up(found: FilledForm) -> None:
    """The rows below a row make it up, wherever there are any."""
    for place, row in enumerate(found.rows):
        below: list[Filled] = []
        for other in found.rows[place + 1 :]:
            if other.level <= row.level:
                break
            below += [other] if other.level == row.level + 1 else []
        if below:
            assert numbers(row) == [sum(column) for column in zip(*map(numbers, below), strict=True)], row.text.vi


def _equals_the_statement(service: Service, form: Form, found: FilledForm, code: str | None) -> None:
    ref = service.reference.current
    cut: Any = form.cut
    (statement,) = service.runner.run(
        cut_views.statements(service.db, ref, found.unit, CutFilter(**cut), [found.period], code)
    )
    assert (found.regime, found.complete) == (statement.regime, statement.complete)
    lines = {measure: measure_out(of)["lines"] for measure, of in statement.measures.items()}
    for leaf, value in zip(form.leaves, found.rows[0].values, strict=True):
        if leaf.line and not leaf.account:
            assert value == lines[leaf.measure or ""][leaf.line]["value"], leaf.code


@pytest.mark.parametrize("no", [1, 2])
def test_rows_of_a_cut_equal_the_statement_of_the_cut(service: Service, made: Scenario, no: int) -> None:
    form, period = FORMS[no], Period.until(date(2025, 9, 30))
    found = {row.code: row for row in read(service, form, made.province.id, period).rows}
    ref, unit = service.reference.current, service.reference.current.units[made.province.id]
    for kind in scenario.KINDS:
        cut = CutFilter(kind=kind, initiation="on_request")
        (statement,) = service.runner.run(cut_views.statements(service.db, ref, unit, cut, [period]))
        measure = form.measures[0]
        values = cells(form, found[f"on_request.{kind}"])
        lines = measure_out(statement.measures[measure])["lines"]
        assert values["carried_forward"] == lines["carried_forward"]["value"]
        assert values["completed"] == lines["completed"]["value"]


def test_a_province_lists_its_units_and_their_officers(service: Service, made: Scenario) -> None:
    period = Period.until(date(2025, 9, 30))
    found = read(service, FORMS[4], made.province.id, period)
    listed = [(row.level, row.unit.id if row.unit else None, row.own) for row in found.rows if row.level < 2]
    # the province itself succeeded books of two provinces
    assert listed == [(0, None, False), (1, made.province.id, True), (1, made.room.id, False)]
    officers = {row.officer.id for row in found.rows if row.officer}
    assert set(made.room.officers) & officers
    assert [row.no for row in found.rows[:3]] == ["", "1", "1.1"]
    assert all(any(numbers(row)) for row in found.rows if row.officer)


def test_the_nation_lists_provinces_without_officers(service: Service, made: Scenario) -> None:
    rows = read(service, FORMS[5], NATION_ID, Period.until(date(2025, 9, 30))).rows
    assert not [row for row in rows if row.officer]
    shown = {row.unit.id for row in rows if row.unit}
    assert made.province.id in shown
    assert made.old[0].id not in shown
    before = read(service, FORMS[5], NATION_ID, Period.until(date(2025, 6, 9))).rows
    assert {made.old[0].id, made.old[1].id} <= {row.unit.id for row in before if row.unit}


@pytest.mark.parametrize("no", FORMS)
def test_a_form_takes_two_statements_at_most(service: Service, made: Scenario, no: int) -> None:
    taken = []
    fetch = SeenBy.fetch

    async def counted(db: SeenBy, *arguments: Any) -> Any:
        if "change_" not in arguments[0]:  # the feed is followed in the background
            taken.append(arguments)
        return await fetch(db, *arguments)

    with patch.object(SeenBy, "fetch", counted):
        read(service, FORMS[no], made.province.id, PERIODS[0])
    assert len(taken) == {4: 2, 5: 2}.get(no, 1 if FORMS[no].held else 0)


def test_a_form_that_is_not_held_has_no_rows(service: Service, made: Scenario) -> None:
    found = read(service, FORMS[11], made.province.id, PERIODS[0])
    assert (found.rows, found.form.held) == ((), False)


def test_columns_of_one_measure_are_all_of_it() -> None:
    def measures(column: Column) -> set[str | None]:
        return {leaf.measure for leaf in column.leaves}

    assert [measures(column) for column in FORMS[3].columns] == [{"cases"}, {"money"}]
