"""Attainment over real books: against entries added up by hand, on both maps, for units and officers."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import Invalid
from app.services.access import ROOT
from app.services.statistics.rules import LINES, MEASURES, Period
from app.services.targets.rules import INDICATORS, MEASURE_OF, Result
from app.services.targets.views import Asked, Standing, Standings, standings
from tests.builders import NATION_ID, Service
from tests.services.statistics import scenario
from tests.services.statistics.scenario import Line, Scenario, added_up

DAYS = (date(2025, 1, 31), date(2025, 6, 12), date(2025, 6, 30), date(2025, 9, 17), date(2026, 3, 31))


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """A merger with its cases."""
    return scenario.build(service, seed=11, cases=80)


@pytest.fixture(scope="module")
def entries(service: Service, made: Scenario) -> list[Line]:
    """All lines of the books once they are written."""
    assert made.province
    return scenario.entries(service)


def ask(service: Service, unit_id: str, day: date, of: Any = "self", **more: Any) -> Standings:
    ref = service.reference.current
    members = {
        "level": None,
        "map_name": "day",
        "indicators": INDICATORS,
        "below_average": None,
        "seen": (ROOT,),
        **more,
    }
    asked = Asked(ref.units[unit_id], of, **members)
    return service.runner.run(standings(service.db, ref, asked, day))


def compare(found: Result, own: list[Line], indicator: str, day: date) -> None:
    period, measure = Period.until(day), MEASURE_OF[indicator]
    expected, before = added_up(own, measure, period), added_up(own, measure, period.previous())
    assert {name: getattr(found.lines, name) for name in LINES} == {name: expected[name] for name in LINES}
    with_conditions = before["done"] + before["enforcing"] + before["deferred_by_agreement"] + before["other"]
    assert found.before == (before["done"], with_conditions)


def of_unit(found: Standings, unit_id: str) -> Standing:
    return next(standing for standing in found.standings if standing.unit.id == unit_id)


@pytest.mark.parametrize("day", [*DAYS, today()], ids=str)
def test_provinces_of_the_new_map(service: Service, made: Scenario, entries: list[Line], day: date) -> None:
    found = ask(service, NATION_ID, day, "level", level="provincial", map_name="new")
    assert not {old.id for old in made.old} & {standing.unit.id for standing in found.standings}
    standing = of_unit(found, made.province.id)
    own = [line for line in entries if line[0] in made.everything]
    for indicator in INDICATORS:
        compare(standing.results[indicator], own, indicator, day)


@pytest.mark.parametrize("day", [d for d in DAYS if d < date(2025, 7, 1)], ids=str)
@pytest.mark.parametrize("map_name", ["old", "day"])
def test_provinces_of_the_old_map(
    service: Service, made: Scenario, entries: list[Line], day: date, map_name: str
) -> None:
    found = ask(service, NATION_ID, day, "level", level="provincial", map_name=map_name)
    assert made.province.id not in {standing.unit.id for standing in found.standings}
    for old, district in zip(made.old, made.districts, strict=True):
        own = [line for line in entries if line[0] in {old.id, district.id}]
        for indicator in INDICATORS:
            compare(of_unit(found, old.id).results[indicator], own, indicator, day)


def test_the_old_map_ends(service: Service) -> None:
    with pytest.raises(Invalid) as refused:
        ask(service, NATION_ID, date(2025, 7, 1), "children", map_name="old")
    assert refused.value.faults[0].parameter == "map"


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_national_average_is_that_of_all_entries(
    service: Service, made: Scenario, entries: list[Line], day: date
) -> None:
    """Whoever is asked about: one office, no unit at all, or the nation."""
    for unit, of in (
        (made.room.id, "self"),
        (made.room.id, "children"),
        (NATION_ID, "self"),
        (made.room.id, "officers"),
    ):
        found = ask(service, unit, day, of)
        for indicator in INDICATORS:
            whole = added_up(entries, MEASURE_OF[indicator], Period.until(day))
            with_conditions = whole["done"] + whole["enforcing"] + whole["deferred_by_agreement"] + whole["other"]
            assert found.national[indicator] == (whole["done"], with_conditions)


def test_ranks_and_order(service: Service, made: Scenario) -> None:
    assert made.province
    found = ask(service, NATION_ID, date(2025, 6, 30), "level", level="district")
    shares = [standing.results["cases_rate"].share for standing in found.standings]
    rates = [Fraction(*share) for share in shares if share[1]]
    assert rates == sorted(rates, reverse=True)
    assert [bool(share[1]) for share in shares] == sorted((bool(share[1]) for share in shares), reverse=True)
    assert found.ranked["cases_rate"] == len(rates) >= 2
    for standing, rate in zip(found.standings, rates, strict=False):
        assert standing.results["cases_rate"].rank == 1 + sum(other > rate for other in rates)
    by_money = ask(service, NATION_ID, date(2025, 6, 30), "level", level="district", indicators=("money_rate",))
    assert [set(standing.results) for standing in by_money.standings] == [{"money_rate"}] * len(by_money.standings)
    ranks = [
        standing.results["money_rate"].rank for standing in by_money.standings if standing.results["money_rate"].rank
    ]
    assert ranks == sorted(ranks)


def test_below_the_national_average(service: Service, made: Scenario) -> None:
    assert made.province
    day = date(2025, 6, 30)
    whole = ask(service, NATION_ID, day, "level", level="district", indicators=("cases_rate",))
    average = Fraction(*whole.national["cases_rate"])

    def is_below(standing: Standing) -> bool:
        share = standing.results["cases_rate"].share
        return bool(share[1]) and Fraction(*share) < average

    for wanted in (True, False):
        found = ask(
            service, NATION_ID, day, "level", level="district", indicators=("cases_rate",), below_average=wanted
        )
        expected = [standing.unit.id for standing in whole.standings if is_below(standing) is wanted]
        assert [standing.unit.id for standing in found.standings] == expected
        ranks = {s.unit.id: s.results["cases_rate"].rank for s in whole.standings}
        assert all(s.results["cases_rate"].rank == ranks[s.unit.id] for s in found.standings)


def test_a_page_follows_the_one_before(service: Service, made: Scenario) -> None:
    assert made.province
    whole = ask(service, NATION_ID, date(2025, 6, 30), "level", level="district")
    read: list[Standing] = []
    while page := whole.after(list(read[-1].order) if read else None, 2):
        read += page
    assert read == whole.standings


@pytest.mark.parametrize("day", [*DAYS, today()], ids=str)
def test_officers(service: Service, made: Scenario, entries: list[Line], day: date) -> None:
    """The office with the books it succeeded: officers of both districts and its own."""
    found = ask(service, made.room.id, day, "officers")
    family = made.ids(made.room, *made.districts)
    shown = {standing.officer.id: standing for standing in found.standings if standing.officer}
    for officer in {line[1] for line in entries if line[0] in family and line[6] <= day}:
        own = [line for line in entries if line[0] in family and line[1] == officer]
        for indicator in INDICATORS:
            compare(shown[officer].results[indicator], own, indicator, day)
    office = ask(service, made.room.id, day).standings[0]
    for measure, indicator in zip(MEASURES, INDICATORS, strict=True):
        for line in LINES:
            total = sum(getattr(s.results[indicator].lines, line) for s in found.standings)
            assert total == getattr(office.results[indicator].lines, line), (measure, line)


def test_officers_posted_there_are_shown_without_cases(service: Service) -> None:
    empty = scenario.build(service, seed=1, cases=0)
    found = ask(service, empty.room.id, date(2026, 1, 31), "officers")
    assert {s.officer.id for s in found.standings if s.officer} == set(empty.room.officers)
    assert [s.results["cases_rate"].rank for s in found.standings] == [None, None]
    assert found.ranked["cases_rate"] == 0


def test_officers_of_the_nation_are_too_many(service: Service) -> None:
    with pytest.raises(Invalid):
        ask(service, NATION_ID, date(2025, 1, 31), "officers")


_TARGET = """
    INSERT INTO target (unit_id, officer_id, fiscal_year, indicator, version, rate_bp, decision_no, decision_date,
        signer, effective_on)
    VALUES (CAST(:unit AS uuid), CAST(:officer AS uuid), 2025, 'cases_rate', :version, :rate, '1/QĐ', :day,
        'Nguyễn Văn Lực', :day)"""


def test_the_target_in_force_on_the_day(service: Service, made: Scenario) -> None:
    officer = made.districts[0].officers[0]
    holders = [{"unit": made.districts[0].id, "officer": None}, {"unit": None, "officer": officer}]

    async def assign(session: AsyncSession) -> None:
        for holder in holders:
            for version, rate, day in ((1, 8000, date(2024, 11, 1)), (2, 8550, date(2025, 4, 1))):
                await session.execute(text(_TARGET), {**holder, "version": version, "rate": rate, "day": day})

    service.runner.run(service.db.write(assign))
    service.runner.run(service.reference.reload())
    for day, expected in ((date(2024, 10, 31), None), (date(2025, 3, 31), (1, 8000)), (date(2025, 4, 1), (2, 8550))):
        unit = ask(service, made.districts[0].id, day).standings[0]
        by_officer = ask(service, made.districts[0].id, day, "officers").standings
        own = next(s for s in by_officer if s.officer and s.officer.id == officer)
        for standing in (unit, own):
            version = standing.results["cases_rate"].target
            assert (version and (version.version, version.value)) == expected
            assert standing.results["money_rate"].target is None


def test_national_targets_are_there_from_the_start(service: Service) -> None:
    found = ask(service, NATION_ID, date(2025, 1, 31)).standings[0]
    rates = [found.results[name].target for name in INDICATORS]
    assert [rate and rate.value for rate in rates] == [8390, 5190]
