"""Statements against entries added up by hand, over real books with a merger in them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.db import Within
from app.errors import Invalid
from app.services.books.rules import Event
from app.services.cases import commands
from app.services.statistics import rules
from app.services.statistics.cut_queries import CutFilter, movements
from app.services.statistics.cut_views import statement_of, statements
from app.services.statistics.groups import grouped
from app.services.statistics.movements import boundaries
from app.services.statistics.rules import MEASURES, PARTS, Period
from app.services.statistics.views import MeasureStatement, PeriodStatement, asked_period
from tests.builders import NATION_ID, Service
from tests.services.statistics import scenario
from tests.services.statistics.scenario import Line, Scenario, added_up

DAYS = (
    date(2022, 10, 1), date(2023, 9, 30), date(2024, 2, 29), date(2024, 10, 1), date(2025, 1, 31), date(2025, 6, 9),
    date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 20), date(2025, 9, 30), date(2026, 3, 15), date(2026, 3, 16),
)  # fmt: skip


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """The merger with its cases."""
    return scenario.build(service, seed=7, cases=200)


@pytest.fixture(scope="module")
def entries(service: Service, made: Scenario) -> list[Line]:
    """All lines of the books once they are written."""
    assert made.province
    return scenario.entries(service)


def statement(service: Service, unit_id: str, day: date) -> PeriodStatement:
    ref = service.reference.current
    asked = statements(service.db, ref, ref.units[unit_id], CutFilter(), [Period.until(day)])
    return service.runner.run(asked)[0]


def lines(found: PeriodStatement) -> dict[str, MeasureStatement]:
    return dict(found.measures)


@pytest.mark.parametrize("day", [*DAYS, today()], ids=str)
def test_every_line_equals_the_sum_of_the_entries(
    service: Service, made: Scenario, entries: list[Line], day: date
) -> None:
    families = {
        made.districts[0].id: made.ids(made.districts[0]),
        made.old[1].id: made.ids(made.old[1], made.districts[1]),
        made.room.id: made.ids(made.room, *made.districts),
        made.province.id: made.everything,
        NATION_ID: set(service.reference.current.units),
    }
    period = Period.until(day)
    for unit, family in families.items():
        own = [line for line in entries if line[0] in family]
        found = statement(service, unit, day)
        for measure in MEASURES:
            shown = found.measures[measure]
            assert dict(shown.now) == added_up(own, measure, period), (unit, measure)
            assert dict(shown.before) == added_up(own, measure, period.previous()), (unit, measure)
            assert all(rules.identities(shown.now).values())
            assert all(rules.identities(shown.before).values())


def test_identities_hold_in_every_month_of_every_unit(service: Service, made: Scenario) -> None:
    for unit in made.everything:
        for months in range(1, 13):
            found = statement(service, unit, Period.of_months(2025, months).last)
            for measure in MEASURES:
                assert all(rules.identities(found.measures[measure].now).values()), (unit, months, measure)


def test_the_books_of_the_scenario_touch_every_line(service: Service, made: Scenario) -> None:
    """Else the comparisons above would compare zeros."""
    shown: set[str] = set()
    for day in (*DAYS, today()):
        for unit in made.everything:
            now = statement(service, unit, day).measures["money"].now
            shown |= {name for name, value in now.items() if value}
    assert shown == set(PARTS)


def test_a_merged_province_is_the_sum_of_its_predecessors(service: Service, made: Scenario) -> None:
    for day in (date(2024, 1, 31), date(2025, 6, 30)):
        whole = statement(service, made.province.id, day)
        parts = [statement(service, old.id, day) for old in made.old]
        for measure in MEASURES:
            for name in PARTS:
                assert whole.measures[measure].now[name] == sum(part.measures[measure].now[name] for part in parts)
                assert whole.measures[measure].before[name] == sum(
                    part.measures[measure].before[name] for part in parts
                )


def test_the_handover_of_a_merger_cancels(service: Service, made: Scenario) -> None:
    day = date(2025, 7, 31)
    whole, room, old = (
        statement(service, d.id, day).measures["cases"].now for d in (made.province, made.room, made.old[0])
    )
    assert old["handed_over_net"] < 0
    assert whole["handed_in"] == whole["handed_out"] > 0
    assert whole["handed_over_net"] == 0
    assert room["carried_over"] > 0  # the stock of its districts when the year began
    before = statement(service, made.province.id, date(2025, 6, 30)).measures["cases"].now
    assert (
        whole["carried_over"] + whole["to_register_carried"] == before["carried_over"] + before["to_register_carried"]
    )


def test_the_nation_hands_nothing_over(service: Service, made: Scenario) -> None:
    assert made.province
    for day in DAYS:
        found = statement(service, NATION_ID, day)
        assert [found.measures[measure].now["handed_over_net"] for measure in MEASURES] == [0, 0]


def test_late_results_count_in_the_first_open_period_of_the_year(service: Service, made: Scenario) -> None:
    desk, day = made.districts[0], date(2024, 11, 12)
    case = scenario.write(service, lambda work: commands.create_case(work, scenario.new_case(desk, day, 1_000_000)))
    counted = [*(Period.of_months(2025, months) for months in (2, 3, 4)), Period.until(date(2025, 1, 1))]
    before = [statement(service, desk.id, period.last).measures["cases"].now["completed"] for period in counted]
    reopen = "DELETE FROM accounting_period WHERE month BETWEEN '2024-11-01' AND '2024-12-01'"
    close = "INSERT INTO accounting_period (month, state, changed_at) VALUES (:month, :state, now())"

    async def closed(session: AsyncSession) -> None:
        for month, state in ((date(2024, 11, 1), "frozen"), (date(2024, 12, 1), "closed")):
            await session.execute(text(close), {"month": month, "state": state})

    service.runner.run(service.db.write(closed))
    try:
        done = Event("completed", day + timedelta(days=3))
        scenario.write(service, lambda work: commands.book_event(work, case, None, commands.Posting(done)))
    finally:
        service.runner.run(service.db.write(lambda session: session.execute(text(reopen))))
    after = [statement(service, desk.id, period.last).measures["cases"].now["completed"] for period in counted]
    assert [now - then for now, then in zip(after, before, strict=True)] == [0, 0, 1, 1]


def test_years_without_a_stored_opening_start_from_the_latest(service: Service, made: Scenario) -> None:
    """The months between are added, so that nobody has to prepare a year before it can be asked for."""
    ref = service.reference.current
    unit, period = ref.units[made.province.id], Period.until(date(2026, 8, 20))
    stored = statement(service, unit.id, period.last)
    bounds = boundaries([period, period.previous()])

    async def forgotten(session: AsyncSession) -> PeriodStatement:
        for table in ("unit_opening", "unit_opening_cut"):
            await session.execute(text(f"DELETE FROM {table} WHERE fiscal_year >= 2024"))
        await session.execute(text("DELETE FROM book_year WHERE fiscal_year >= 2024"))
        moved = (await movements(Within(session), grouped(ref, [unit]), "all", CutFilter(), bounds))[0]
        found = statement_of(ref, unit, period, moved)
        await session.execute(text("SELECT 1"))
        raise _TakenBack(found)

    with pytest.raises(_TakenBack) as taken_back:
        service.runner.run(service.db.write(forgotten))
    assert taken_back.value.found == stored


class _TakenBack(Exception):
    """Rolls back, with what was found before."""

    def __init__(self, found: PeriodStatement) -> None:
        super().__init__()
        self.found = found


def test_a_unit_without_cases_has_zeros(service: Service) -> None:
    empty = scenario.build(service, seed=1, cases=0)
    found = statement(service, empty.province.id, date(2025, 1, 31))
    for measure in MEASURES:
        assert set(found.measures[measure].now.values()) == {0}
        assert all(rules.identities(found.measures[measure].now).values())


def test_each_period_has_the_regime_of_its_last_day(service: Service) -> None:
    found = statement(service, NATION_ID, date(2025, 1, 31))
    assert (found.regime.code, found.regime_before.code) == ("tt05-2024", "tt06-2019")
    assert found.measures["cases"].comparable
    over = statement(service, NATION_ID, date(2026, 7, 31))
    assert (over.regime.code, over.regime_before.code) == ("tt05-2026", "tt05-2024")
    assert not over.measures["cases"].comparable
    assert over.measures["money"].comparable
    classes = statement(service, NATION_ID, date(2020, 1, 31))
    assert not classes.measures["money"].comparable


def test_two_classes_until_2019(service: Service, made: Scenario) -> None:
    """Under Circular 08/2015 deferred and suspended cases had conditions: there was no C3."""
    assert service.reference.current.regime(date(2019, 9, 30)).lines["cases"]["C3"] == []
    desk, day = made.districts[1], date(2019, 3, 4)
    case = scenario.write(service, lambda work: commands.create_case(work, scenario.new_case(desk, day, 500)))
    scenario.write(service, lambda work: scenario.attempt(work, case, Event("deferred", day)))
    old = statement(service, desk.id, date(2019, 3, 31)).measures["money"].now
    assert (old["other"], old["deferred_or_suspended"], old["stock"]) == (500, 0, 500)
    assert all(rules.identities(old).values())
    new = statement(service, desk.id, date(2020, 1, 31)).measures["money"]
    assert (new.now["other"], new.now["deferred_or_suspended"]) == (0, 500)
    assert (new.before["other"], new.before["stock"]) == (0, 0)


@pytest.mark.parametrize(
    ("asked", "on", "expected"),
    [
        ((None, None), date(2026, 11, 24), Period(2027, date(2026, 11, 24))),
        ((2025, 4), date(2026, 11, 24), Period(2025, date(2025, 1, 31))),
        ((2025, None), date(2026, 11, 24), Period(2025, date(2025, 9, 30))),
        ((2027, 1), date(2026, 11, 24), Period(2027, date(2026, 10, 31))),
        ((2027, 2), date(2026, 11, 24), Period(2027, date(2026, 11, 24))),
        ((None, None), date(2026, 10, 1), Period(2027, date(2026, 10, 1))),
    ],
)
def test_asked_periods(asked: tuple[int | None, int | None], on: date, expected: Period) -> None:
    assert asked_period(*asked, on) == expected


@pytest.mark.parametrize("asked", [(2028, None), (2028, 1), (2027, 3), (None, 12)])
def test_periods_that_have_not_begun(asked: tuple[int | None, int | None]) -> None:
    with pytest.raises(Invalid):
        asked_period(*asked, date(2026, 11, 24))
