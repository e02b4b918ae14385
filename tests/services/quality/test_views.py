"""Whose books a unit is checked by, and that books which were kept as they should be have no errors."""

from datetime import date

import pytest

from app.clock import today
from app.services.quality.views import _own_books, findings
from app.services.reference import Unit
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.cut_views import statements
from app.services.statistics.rules import Period
from app.services.statistics.views import asked_period
from tests.builders import NATION_ID, Service
from tests.services.statistics import scenario
from tests.services.statistics.scenario import Scenario
from tests.services.statistics.test_groups import REF


def places(on: date) -> dict[str, str]:
    """Whose books each unit's are."""
    groups = _own_books(REF, REF.units["vn"], on)
    numbers = map(int, groups.places.split(","))
    return {unit: groups.shown[n].id for unit, n in zip(groups.unit_ids.split(","), numbers, strict=True)}


def test_each_unit_has_its_own_books_and_those_it_succeeded() -> None:
    new = {name: name for name in ("vn", "na", "na1", "na2", "nb", "nb1", "nc")}
    # what two units succeeded together counts with the first of them
    assert places(date(2025, 7, 1)) == new | {"oa": "na", "oa1": "na1", "oa2": "na1", "ob": "nb", "ob1": "nb1"}
    assert places(date(2025, 6, 30)) == {name: name for name in ("vn", "oa", "oa1", "oa2", "ob", "ob1")}


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """A merger with the lives of some cases."""
    return scenario.build(service, seed=25, cases=120)


BEGUN = [(year, months) for year in (2010, 2011, 2012, 2023, 2024, 2025, 2026) for months in (1, 9, 12)]


@pytest.mark.parametrize(("year", "months"), [*BEGUN, (2027, 1)])
def test_books_that_were_kept_by_commands_have_no_errors(
    service: Service, made: Scenario, year: int, months: int
) -> None:
    """And each opening that differs does so as the statement of the unit says."""
    ref = service.reference.current
    period = asked_period(year, months, today())
    found = service.runner.run(findings(service.db, ref, ref.units[NATION_ID], period))
    assert [one for one in found if one.finding.severity == "error"] == []
    for one in found:
        if one.finding.code == "opening_stock" and not ref.children.get(one.unit.id):
            assert one.finding.parts == _parts(service, one.unit, period, one.finding.measure)


def _parts(service: Service, unit: Unit, period: Period, measure: str) -> dict[str, int]:
    ref = service.reference.current
    (statement,) = service.runner.run(statements(service.db, ref, unit, CutFilter(), [period]))
    lines = statement.measures[measure].now
    moved, given = lines["to_register_carried"], lines["handed_over_net"]
    return {"register_moves": -moved, "handovers": given, "adjustments": 0}
