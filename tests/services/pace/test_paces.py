"""Histories from real books: against entries added up by hand, across the change of the map, for units and officers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from app.errors import Invalid
from app.services.access import ROOT
from app.services.pace import views
from app.services.pace.backtest import backtest
from app.services.pace.rules import INDICATORS, MEASURE_OF, PastYear, history, project
from app.services.pace.views import BelowAsked, BelowList, Paces
from app.services.statistics.rules import Period, Share
from app.services.targets.rules import is_below
from app.services.targets.views import Asked, standings
from tests.builders import NATION_ID, Service
from tests.services.statistics import scenario
from tests.services.statistics.scenario import Line, Scenario, added_up

DAYS = (date(2025, 10, 1), date(2025, 9, 30), date(2026, 2, 28), date(2026, 3, 17), date(2026, 9, 30))


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """A merger with its cases."""
    return scenario.build(service, seed=23, cases=80)


@pytest.fixture(scope="module")
def entries(service: Service, made: Scenario) -> list[Line]:
    """All lines of the books once they are written."""
    assert made.province
    return scenario.entries(service)


def ask(service: Service, unit_id: str, day: date, of: Any = "self", **more: Any) -> Paces:
    ref = service.reference.current
    members = {
        "level": None, "map_name": "day", "indicators": INDICATORS, "below_average": None, "seen": (ROOT,), **more,
    }  # fmt: skip
    asked = Asked(ref.units[unit_id], of, **members)
    return service.runner.run(views.paces(service.db, ref, asked, day))


def share_of(lines: list[Line], measure: str, period: Period) -> Share:
    found = added_up(lines, measure, period)
    return found["done"], found["done"] + sum(found[name] for name in scenario.WITH)


def lived(lines: Iterable[Line], day: date) -> Mapping[str, Sequence[PastYear]]:
    """The history of entries, added up plainly."""
    own = list(lines)
    return history(lambda measure, period: share_of(own, measure, period), Period.until(day))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_past_of_a_merged_province_is_that_of_its_predecessors(
    service: Service, made: Scenario, entries: list[Line], day: date
) -> None:
    found = ask(service, NATION_ID, day, "level", level="provincial", map_name="new")
    own = lived((line for line in entries if line[0] in made.everything), day)
    assert found.past(found.units[made.province.id]) == own
    assert found.nation == lived(entries, day)
    assert {year.fiscal_year for year in own["cases"]} >= {2024}
    standing = next(s for s in found.found.standings if s.unit.id == made.province.id)
    for indicator in INDICATORS:
        measure = MEASURE_OF[indicator]
        chain = [own[measure], found.nation[measure]]
        expected = project(chain, Period.until(day).fiscal_year, standing.results[indicator].share)
        assert found.of(standing)[indicator].projection == expected


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_officers(service: Service, made: Scenario, entries: list[Line], day: date) -> None:
    found = ask(service, made.room.id, day, "officers")
    family = made.ids(made.room, *made.districts)
    assert found.past(found.units[made.room.id]) == lived((line for line in entries if line[0] in family), day)
    for officer in {line[1] for line in entries if line[0] in family}:
        own = lived((line for line in entries if line[0] in family and line[1] == officer), day)
        past = found.past(found.officers.get(officer))
        assert {name: list(years) for name, years in past.items()} == own


def test_attainment_is_as_without_a_pace(service: Service, made: Scenario) -> None:
    assert made.province
    ref, day = service.reference.current, date(2025, 6, 12)
    asked = Asked(ref.units[NATION_ID], "level", "district", "day", INDICATORS, None, (ROOT,))
    plain = service.runner.run(standings(service.db, ref, asked, day))
    assert ask(service, NATION_ID, day, "level", level="district").found == plain


def test_the_first_year_of_the_books_has_no_past(service: Service) -> None:
    found = ask(service, NATION_ID, date(2010, 3, 17))
    assert found.nation == {"cases": (), "money": ()}
    assert found.of(found.found.standings[0])["cases_rate"].projection is None


def below(service: Service, day: date, level: str = "district", indicator: str = "cases_rate") -> BelowList:
    ref = service.reference.current
    asked = BelowAsked(ref.units[NATION_ID], level, indicator, (ROOT,))
    return service.runner.run(views.below_average(service.db, ref, asked, day))


@pytest.mark.parametrize("indicator", INDICATORS)
@pytest.mark.parametrize("day", [date(2025, 6, 12), date(2025, 6, 30), date(2025, 1, 31), date(2024, 10, 1)], ids=str)
def test_units_below_the_average(service: Service, entries: list[Line], day: date, indicator: str) -> None:
    """The same units as attainment names, each since the day the entries say."""
    found = below(service, day, indicator=indicator)
    asked = ask(
        service, NATION_ID, day, "level", level="district", indicators=(indicator,), below_average=True
    ).found.standings
    assert {u.unit.id: u.share for u in found.units} == {s.unit.id: s.results[indicator].share for s in asked}
    measure = MEASURE_OF[indicator]
    period = Period.until(day)
    ends = [*(Period.of_months(period.fiscal_year, n) for n in range(1, period.months)), period]
    for unit in found.units:
        own = [line for line in entries if line[0] == unit.unit.id]
        under = [is_below(share_of(own, measure, end), share_of(entries, measure, end)) for end in ends]
        first = max((n + 1 for n, is_under in enumerate(under) if not is_under), default=0)
        assert unit.since == ends[first].last
    assert [unit.order for unit in found.units] == sorted(unit.order for unit in found.units)


def test_a_list_of_the_whole_nation_is_too_long(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.access.WIDE", 0)
    ref = service.reference.current
    with pytest.raises(Invalid):
        service.runner.run(views.lifting_cases(service.db, ref, scenario.NATION, NATION_ID, "cases_rate", None, 50))


def test_a_back_test_says_what_would_have_been_said(service: Service, made: Scenario, entries: list[Line]) -> None:
    """Provinces of FY2026 on the new map: one of them has cases."""
    assert made.province
    found = service.runner.run(backtest(service.db, service.reference.current, 2026, date(2026, 9, 30)))
    assert {(o.level, o.indicator, o.months) for o in found} >= {
        (level, name, months)
        for level in ("national", "provincial", "regional")
        for name in INDICATORS
        for months in range(1, 13)
    }
    for outcome in found:
        if outcome.months == 12:
            assert outcome.error in ("0.00", None)
            assert outcome.held in ("100.00", None)
    march = next(o for o in found if (o.level, o.indicator, o.months) == ("national", "cases_rate", 6))
    past = lived(entries, date(2026, 3, 31))
    said = project([past["cases"], past["cases"]], 2026, share_of(entries, "cases", Period.of_months(2026, 6)))
    assert said is not None
    came = share_of(entries, "cases", Period.of_months(2026, 12))
    assert march.units == 1
    assert march.error == f"{abs(float(said.rate) - came[0] / came[1]) * 100:.2f}"
