"""Attainment and pace by every indicator, against entries looked at one by one; whoever asks, and on any day."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.models.codes import INDICATORS
from app.services.access import Caller
from app.services.pace import views as pace_views
from app.services.pace.rules import PastYear, history, project
from app.services.pace.views import BelowAsked, Paces
from app.services.statistics.rules import LINES, Period, Share
from app.services.targets.plan_rules import AVERAGED, RECKONED, Reckoned
from app.services.targets.rules import Result, is_below
from app.services.targets.views import Asked, Standing, Standings, standings
from tests.builders import NATION_ID, Service
from tests.conftest import as_service
from tests.services.statistics import naive, scenario
from tests.services.statistics.naive import Entry
from tests.services.statistics.scenario import Scenario

HELD: Final = tuple(name for name, how in RECKONED.items() if not how.tracked)
"""Indicators of cases; administrative judgments are tested in `tests/services/administrative`."""
FURTHER: Final = tuple(name for name in HELD if name not in ("cases_rate", "money_rate"))
DAYS: Final = (date(2024, 10, 1), date(2025, 6, 12), date(2025, 6, 30), date(2025, 9, 17), date(2026, 3, 31))
NATION: Final = Caller("tests", frozenset(), ("vn.",))


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """A merger with cases of all sorts; a third of them have a bank as creditor."""
    return scenario.build(service, seed=41, cases=120)


@pytest.fixture(scope="module")
def entries(service: Service, made: Scenario) -> list[Entry]:
    """Every entry there is once the cases have lived."""
    assert made.province
    return naive.entries(service)


@pytest.fixture(scope="module")
def walled(database_url: str, made: Scenario) -> Iterator[Service]:
    """The service in the role it has in production."""
    assert made.room
    service = Service.over(as_service(database_url))
    yield service
    service.close()


def asked_of(service: Service, unit_id: str, of: Any, caller: Caller, **more: Any) -> Asked:
    ref = service.reference.current
    members = {"level": None, "map_name": "day", "below_average": None, "seen": ref.family(caller.paths), **more}
    return Asked(ref.units[unit_id], of, **members)


def ask(service: Service, unit_id: str, day: date, indicator: str, of: Any = "self", **more: Any) -> Standings:
    asked = asked_of(service, unit_id, of, NATION, indicators=(indicator,), **more)
    return service.runner.run(standings(service.db, service.reference.current, asked, day))


def behind(walled: Service, service: Service, caller: Caller, unit_id: str, day: date, indicator: str) -> Standings:
    """What somebody is answered behind the walls of the database."""
    ref = service.reference.current
    asked = asked_of(service, unit_id, "self", caller, indicators=(indicator,))
    return walled.runner.run(standings(walled.database.seen_by(ref.context(caller)), ref, asked, day))


def paced(service: Service, unit_id: str, day: date, indicator: str, of: Any = "self", **more: Any) -> Paces:
    ref = service.reference.current
    asked = asked_of(service, unit_id, of, NATION, indicators=(indicator,), **more)
    return service.runner.run(pace_views.paces(service.db, ref, asked, day))


def counted(entries: Iterable[Entry], how: Reckoned, within: Callable[[Entry], bool] = lambda _: True) -> list[Entry]:
    """The entries that an indicator is about."""
    credit = [entry for entry in entries if how.credit is None or "credit_institution" in entry.segments]
    return [entry for entry in credit if within(entry)]


def lines_of(own: list[Entry], measure: str, period: Period) -> dict[str, int]:
    return naive.lines(own, measure, period.first, period.last, naive.three_classes)


def share_of(own: list[Entry], how: Reckoned, period: Period) -> Share:
    found = lines_of(own, how.measure, period)
    return found[how.done], found["with_conditions"]


def compare(found: Result, own: list[Entry], how: Reckoned, day: date) -> None:
    period = Period.until(day)
    expected = lines_of(own, how.measure, period)
    assert {name: getattr(found.lines, name) for name in LINES} == {name: expected[name] for name in LINES}
    assert found.share == share_of(own, how, period)
    assert found.before == share_of(own, how, period.previous())


def of_unit(found: Standings, unit_id: str) -> Standing:
    return next(standing for standing in found.standings if standing.unit.id == unit_id)


@pytest.mark.parametrize("indicator", HELD)
@pytest.mark.parametrize("day", [*DAYS, today()], ids=str)
def test_units_and_the_nation(
    service: Service, made: Scenario, entries: list[Entry], day: date, indicator: str
) -> None:
    how = RECKONED[indicator]
    found = ask(service, NATION_ID, day, indicator, "level", level="provincial", map_name="new")
    own = counted(entries, how, lambda entry: entry.unit in made.everything)
    compare(of_unit(found, made.province.id).results[indicator], own, how, day)
    nation = share_of(counted(entries, how), how, Period.until(day))
    assert found.national == {indicator: nation if indicator in AVERAGED else (0, 0)}
    whole = ask(service, NATION_ID, day, indicator)
    assert whole.standings[0].results[indicator].share == nation


@pytest.mark.parametrize("indicator", FURTHER)
@pytest.mark.parametrize("day", [date(2025, 6, 12), date(2026, 3, 31)], ids=str)
def test_a_province_sees_its_own_and_the_same_average(
    service: Service, walled: Service, made: Scenario, entries: list[Entry], day: date, indicator: str
) -> None:
    """Of the rest of the nation the database gives sums only; so it does to two provinces at once."""
    how = RECKONED[indicator]
    old = [desk.path for desk in made.old]
    for paths, unit in ((old[:1], made.old[0]), (old, made.old[1]), ([made.province.path], made.province)):
        caller = Caller("tests", frozenset(), tuple(paths))
        found = behind(walled, service, caller, unit.id, day, indicator)
        if indicator in AVERAGED:
            assert found.national[indicator] == share_of(counted(entries, how), how, Period.until(day))
        wide = ask(service, unit.id, day, indicator)
        assert [standing.results for standing in found.standings] == [standing.results for standing in wide.standings]
        assert wide.standings


def test_who_is_bound_to_an_institution_sees_nothing(service: Service, walled: Service, made: Scenario) -> None:
    bank = Caller("tests", frozenset(), ("vn.",), institution="VCB")
    found = behind(walled, service, bank, made.province.id, date(2026, 3, 31), "credit_cases_rate")
    assert found.national == {"credit_cases_rate": (0, 0)}


@pytest.mark.parametrize("indicator", FURTHER)
@pytest.mark.parametrize("day", [date(2025, 9, 17), date(2026, 3, 31), today()], ids=str)
def test_officers(service: Service, made: Scenario, entries: list[Entry], day: date, indicator: str) -> None:
    how, family = RECKONED[indicator], made.ids(made.room, *made.districts)
    found = ask(service, made.room.id, day, indicator, "officers")
    shown = {standing.officer.id: standing for standing in found.standings if standing.officer}
    within = [entry for entry in counted(entries, how) if entry.unit in family]
    for officer in {entry.officer for entry in within if entry.day <= day}:
        own = [entry for entry in within if entry.officer == officer]
        compare(shown[officer].results[indicator], own, how, day)


def test_credit_institutions_rank_by_their_own_rate(service: Service, made: Scenario) -> None:
    assert made.province
    day = date(2025, 6, 30)
    found = ask(service, NATION_ID, day, "credit_cases_rate", "level", level="district")
    results = [standing.results["credit_cases_rate"] for standing in found.standings]
    ranks = [result.rank for result in results if result.rank]
    assert ranks == sorted(ranks)
    assert found.ranked["credit_cases_rate"] == len(ranks) >= 2
    below = ask(service, NATION_ID, day, "credit_cases_rate", "level", level="district", below_average=True)
    average = found.national["credit_cases_rate"]
    assert [s.unit.id for s in below.standings] == [
        s.unit.id for s in found.standings if is_below(s.results["credit_cases_rate"].share, average)
    ]


_TARGET = """
    INSERT INTO target (unit_id, officer_id, fiscal_year, indicator, version, rate_bp, amount, decision_no,
        decision_date, signer, effective_on)
    VALUES (CAST(:unit AS uuid), CAST(:officer AS uuid), 2025, :indicator, 1, :rate, :amount, '1/QĐ', '2024-11-01',
        'Nguyễn Văn Lực', '2024-11-01')"""


@pytest.fixture(scope="module")
def assigned(service: Service, made: Scenario) -> dict[str, dict[str, int]]:
    """Targets of both districts and of an officer, by every indicator but the two that are tested elsewhere."""
    first, second = made.districts
    holders = {first.id: 1, second.id: 2, first.officers[0]: 3}
    values = {
        name: {holder: (10 if "done" in name else 10**9 if "money_c" in name else 5_000) * number
               for holder, number in holders.items()}
        for name in INDICATORS[2:]
    }  # fmt: skip

    async def assign(session: AsyncSession) -> None:
        for indicator, by_holder in values.items():
            for holder, value in by_holder.items():
                is_number = indicator in ("cases_done", "money_collected")
                row = {
                    "unit": holder if holder != first.officers[0] else None,
                    "officer": holder if holder == first.officers[0] else None,
                    "indicator": indicator,
                    "rate": None if is_number else min(value, 10_000),
                    "amount": value if is_number else None,
                }
                await session.execute(text(_TARGET), row)

    service.runner.run(service.db.write(assign))
    service.runner.run(service.reference.reload())
    return values


@pytest.mark.parametrize("indicator", INDICATORS[2:])
def test_targets_of_units_and_officers(
    service: Service, made: Scenario, assigned: dict[str, dict[str, int]], indicator: str
) -> None:
    first, day, values = made.districts[0], date(2025, 3, 31), assigned[indicator]
    unit = ask(service, first.id, day, indicator).standings[0].results[indicator]
    officers = ask(service, first.id, day, indicator, "officers").standings
    own = next(s for s in officers if s.officer and s.officer.id == first.officers[0]).results[indicator]
    for result, holder in ((unit, first.id), (own, first.officers[0])):
        assert result.target is not None
        assert result.target.value == min(values[holder], 10_000 if indicator.endswith("rate") else values[holder])


def test_numbers_rank_by_what_they_are_of_their_target(
    service: Service, made: Scenario, assigned: dict[str, dict[str, int]], entries: list[Entry]
) -> None:
    """The second district has to do twice as much; a unit without a target has no place."""
    day = date(2025, 6, 30)
    found = ask(service, NATION_ID, day, "cases_done", "level", level="district")
    by_unit = {standing.unit.id: standing.results["cases_done"] for standing in found.standings}
    reached = {
        desk.id: share_of([e for e in entries if e.unit == desk.id], RECKONED["cases_done"], Period.until(day))[0]
        / assigned["cases_done"][desk.id]
        for desk in made.districts
    }
    assert found.ranked["cases_done"] == 2
    order = sorted(reached, key=lambda unit: -reached[unit])
    assert [by_unit[unit].rank for unit in order] == ([1, 1] if len(set(reached.values())) == 1 else [1, 2])
    assert {result.rank for unit, result in by_unit.items() if unit not in reached} <= {None}


def lived(own: list[Entry], how: Reckoned, day: date) -> list[PastYear]:
    """The past years of what an indicator is about."""

    def share(measure: str, period: Period) -> Share:
        return share_of(own, how if measure == how.measure else Reckoned(measure), period)

    return list(history(share, Period.until(day))[how.measure])


@pytest.mark.parametrize("indicator", FURTHER)
@pytest.mark.parametrize("day", [date(2025, 9, 30), date(2026, 3, 17)], ids=str)
def test_projections_rest_on_the_past_of_the_indicator(
    service: Service, made: Scenario, entries: list[Entry], day: date, indicator: str
) -> None:
    how = RECKONED[indicator]
    found = paced(service, NATION_ID, day, indicator, "level", level="provincial", map_name="new")
    own = counted(entries, how, lambda entry: entry.unit in made.everything)
    standing = of_unit(found.found, made.province.id)
    chain = [lived(own, how, day), lived(counted(entries, how), how, day)]
    share = standing.results[indicator].share
    assert found.of(standing)[indicator].projection == project(chain, Period.until(day).fiscal_year, share)
    assert chain[0]
    officers = paced(service, made.room.id, day, indicator, "officers")
    for officer in {entry.officer for entry in own if entry.unit == made.room.id}:
        its = [e for e in own if e.officer == officer and e.unit in made.ids(made.room, *made.districts)]
        assert list(officers.past(officers.officers.get(officer))[how.measure]) == lived(its, how, day)


def test_a_number_needs_what_is_missing_to_it(
    service: Service, made: Scenario, assigned: dict[str, dict[str, int]]
) -> None:
    day, unit = date(2025, 3, 31), made.districts[0].id
    found = paced(service, unit, day, "money_collected")
    pace = found.of(found.found.standings[0])["money_collected"]
    missing = max(assigned["money_collected"][unit] - pace.result.share[0], 0)
    assert pace.needed is not None
    assert (pace.needed.of_today, pace.needed.by_year_end, pace.needed.total) == (missing, None, missing)


@pytest.mark.parametrize("indicator", ["credit_cases_rate", "credit_money_rate"])
@pytest.mark.parametrize("day", [date(2025, 6, 12), date(2025, 6, 30)], ids=str)
def test_units_below_the_average(
    service: Service, made: Scenario, entries: list[Entry], day: date, indicator: str
) -> None:
    assert made.province
    how, period, ref = RECKONED[indicator], Period.until(day), service.reference.current
    asked = BelowAsked(ref.units[NATION_ID], "district", indicator, ref.family(("vn.",)))
    found = service.runner.run(pace_views.below_average(service.db, ref, asked, day))
    assert found.national == share_of(counted(entries, how), how, period)
    whole = ask(service, NATION_ID, day, indicator, "level", level="district", below_average=True)
    assert {u.unit.id: u.share for u in found.units} == {s.unit.id: s.results[indicator].share for s in whole.standings}
    ends = [*(Period.of_months(period.fiscal_year, n) for n in range(1, period.months)), period]
    for unit in found.units:
        own = [entry for entry in counted(entries, how) if entry.unit == unit.unit.id]
        under = [is_below(share_of(own, how, end), share_of(counted(entries, how), how, end)) for end in ends]
        assert unit.since == ends[max((n + 1 for n, is_under in enumerate(under) if not is_under), default=0)].last
