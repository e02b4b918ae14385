"""Statements by any cut, series and breakdowns, against a second implementation that looks at every entry."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest

from app.api.v1.schemas.statistics import measure_out
from app.clock import today
from app.errors import Invalid
from app.models.codes import ACCOUNTS_STOCK
from app.services.access import Caller
from app.services.books.cuts import CUTS
from app.services.reference import Reference
from app.services.regimes.rules import check_lines
from app.services.statistics import cut_views as views
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.cut_views import Breakdown, Part
from app.services.statistics.rules import FED, MEASURES, OF_REGIME, Period
from app.services.statistics.views import PeriodStatement, asked_period
from tests.builders import NATION_ID, Service
from tests.services.statistics import naive, scenario
from tests.services.statistics.compared import CODES, PERIODS, counts, expected, families, filters, shown
from tests.services.statistics.naive import Entry
from tests.services.statistics.scenario import Scenario

NATION = Caller("tests", frozenset(), ("vn.",))


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """The merger with cases of all sorts, some of which were corrected."""
    return scenario.build(service, seed=23, cases=200)


@pytest.fixture(scope="module")
def entries(service: Service, made: Scenario) -> list[Entry]:
    """Every entry there is once the cases have lived."""
    assert made.province
    return naive.entries(service)


def read(
    service: Service, unit: str, cut: CutFilter, periods: list[Period], code: str | None = None
) -> list[PeriodStatement]:
    ref = service.reference.current
    return service.runner.run(views.statements(service.db, ref, ref.units[unit], cut, periods, code))


def test_every_line_of_every_cut_equals_what_the_entries_say(
    service: Service, made: Scenario, entries: list[Entry]
) -> None:
    seen = 0
    for cut in filters(made):
        fits = counts(cut)
        for unit, family in families(made, service).items():
            own = [entry for entry in entries if entry.unit in family and fits(entry)]
            for statement in read(service, unit, cut, list(PERIODS)):
                assert shown(statement.measures) == expected(own, statement), (cut, unit, statement.period)
                for measure in MEASURES:
                    assert all(measure_out(statement.measures[measure])["identities"].values())
                seen += bool(own)
    assert seen > 500


@pytest.mark.parametrize("code", CODES)
def test_every_period_can_be_counted_by_every_regime(
    service: Service, made: Scenario, entries: list[Entry], code: str
) -> None:
    ref, cut = service.reference.current, CutFilter(kind="civil")
    unit = ref.units[made.province.id]
    for wanted in (CutFilter(), cut):
        own = [entry for entry in entries if entry.unit in made.everything and counts(wanted)(entry)]
        for statement in read(service, unit.id, wanted, list(PERIODS), code):
            assert (statement.regime.code, statement.regime_before.code) == (code, code)
            assert shown(statement.measures) == expected(own, statement), statement.period
            assert statement.measures["money"].comparable  # one regime counts both


@pytest.mark.parametrize("seed", range(8))
def test_any_sound_rules_keep_the_identities(service: Service, made: Scenario, entries: list[Entry], seed: int) -> None:
    """Rules of a circular nobody knows yet, different for cases and money; what they are is drawn by lot."""
    chance = Random(seed)
    lines: dict[str, dict[str, list[str]]] = {m: {letter: [] for letter in OF_REGIME} for m in MEASURES}
    for measure in MEASURES:
        for account in FED:
            letters = ("D2", "D3", "D4", "C2", "C3") if account in ACCOUNTS_STOCK else ("B1", "B2", "B3", "D1")
            lines[measure][chance.choice(letters)].append(account)
    check_lines(lines)
    unknown = replace(service.reference.current.regimes[-1], code="tt99-2099", lines=lines)
    known = service.reference.current
    ref = Reference([*known.units.values()], [*known.officers.values()], [], [*known.regimes, unknown], [])
    regime = naive.fed_by(lines)
    for unit, family in families(made, service).items():
        own = [entry for entry in entries if entry.unit in family]
        found = service.runner.run(
            views.statements(service.db, ref, ref.units[unit], CutFilter(), list(PERIODS), "tt99-2099")
        )
        for statement in found:
            assert shown(statement.measures) == expected(own, statement, regime), statement.period
            for measure in MEASURES:
                assert all(measure_out(statement.measures[measure])["identities"].values())


def test_corrections_have_moved_something(entries: list[Entry]) -> None:
    """Else the comparison above would not have tried them: most happened years before today."""
    moved = {(e.case, e.kind, e.segments, e.matter) for e in entries}
    assert len(moved) > len({e.case for e in entries}) + 30


def test_series(service: Service, made: Scenario) -> None:
    """A series is the statements of its periods; single months add up to the cumulative ones."""
    cut = CutFilter(kind="criminal")
    period = Period.until(date(2025, 6, 9))
    months = views.months_of(period)
    assert [(p.months, p.last) for p in months][-2:] == [(8, date(2025, 5, 31)), (9, date(2025, 6, 9))]
    years = views.years_until(period, 4)
    assert [p.fiscal_year for p in years] == [2022, 2023, 2024, 2025]
    assert len(views.years_until(Period.of_months(2012, 3), 20)) == 3
    for periods in (months, years):
        alone = [read(service, made.room.id, cut, [period])[0] for period in periods]
        assert read(service, made.room.id, cut, periods) == alone
    single = views.months_of(replace(period, single=True))
    assert all(p.first.day == 1 and p.first.month == p.last.month for p in single)
    flows = [s.measures["money"].now["done"] for s in read(service, made.province.id, CutFilter(), single)]
    course = [s.measures["money"].now["done"] for s in read(service, made.province.id, CutFilter(), months)]
    assert [sum(flows[: n + 1]) for n in range(len(flows))] == course
    assert course[-1] > 0


def broken_down(service: Service, caller: Caller, asked: Breakdown, period: Period) -> list[Part]:
    ref = service.reference.current
    db = service.database.seen_by(ref.context(caller))
    return service.runner.run(views.parts(db, ref, caller, asked, period))


GROUPS: dict[str, Callable[[Entry], list[Any]]] = {
    "officer": lambda entry: [entry.officer],
    "kind": lambda entry: [entry.kind],
    "initiation": lambda entry: [entry.initiation],
    "segment": lambda entry: [*entry.segments] or [None],
    "matter": lambda entry: [entry.matter],
}


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("period", [PERIODS[4], PERIODS[6], PERIODS[9]], ids=str)
def test_breakdowns(service: Service, made: Scenario, entries: list[Entry], by: Any, period: Period) -> None:
    ref, cut = service.reference.current, CutFilter(credit_institution=by == "segment" or None)
    unit = ref.units[made.province.id]
    own = [entry for entry in entries if entry.unit in made.everything and counts(cut)(entry)]
    parts = broken_down(service, NATION, Breakdown(unit, by, cut), period)
    assert [part.order for part in parts] == sorted(part.order for part in parts)
    keys = []
    for part in parts:
        key = part.key.id if by == "officer" else part.key[0] if by == "matter" and part.key else part.key
        statement = views.statement_of(ref, unit, period, part.movements)
        of_part = [entry for entry in own if key in GROUPS[by](entry)]
        assert shown(statement.measures) == expected(of_part, statement), key
        keys.append(key)
    assert set(keys) >= {key for entry in own if entry.day <= period.last for key in GROUPS[by](entry)}
    assert len(keys) > 1
    assert by != "matter" or None in keys


@pytest.mark.parametrize("day", [date(2025, 3, 31), today()], ids=str)
def test_breakdown_by_units(service: Service, made: Scenario, entries: list[Entry], day: date) -> None:
    """Children, and what is in the books of the unit itself; together they are the unit."""
    ref, period, cut = service.reference.current, Period.until(day), CutFilter(kind="civil")
    province = made.province if day > scenario.MERGED_ON else made.old[0]
    child = made.room if day > scenario.MERGED_ON else made.districts[0]
    unit = ref.units[province.id]
    parts = {part.key: part for part in broken_down(service, NATION, Breakdown(unit, "unit", cut), period)}
    families = {
        ref.units[child.id]: made.ids(made.room, *made.districts) if child is made.room else {child.id},
        None: made.ids(made.province, *made.old) if child is made.room else {province.id},
    }
    assert set(parts) == set(families)
    for key, family in families.items():
        statement = views.statement_of(ref, unit, period, parts[key].movements)
        own = [entry for entry in entries if entry.unit in family and counts(cut)(entry)]
        assert shown(statement.measures) == expected(own, statement), key


def test_breakdown_by_level_and_map(service: Service, made: Scenario, entries: list[Entry]) -> None:
    ref, period = service.reference.current, Period.until(date(2025, 3, 31))
    nation = ref.units[NATION_ID]
    for name, desks in (("day", made.old), ("new", [made.province])):
        asked = Breakdown(nation, "unit", CutFilter(), level="provincial", map_name=name)  # type: ignore[arg-type] # literals
        found = {part.key.id: part for part in broken_down(service, NATION, asked, period) if part.key}
        assert {desk.id for desk in desks} <= set(found)
        whole = broken_down(service, NATION, asked, period)
        statements = [views.statement_of(ref, nation, period, part.movements) for part in whole]
        total = sum(statement.measures["money"].now["done"] for statement in statements)
        (plain,) = read(service, NATION_ID, CutFilter(), [period])
        assert total == plain.measures["money"].now["done"] > 0


def test_matters_one_may_not_see_are_among_the_rest(service: Service, made: Scenario) -> None:
    ref, period = service.reference.current, Period.until(today())
    unit = ref.units[made.room.id]
    clerk = Caller("clerk", frozenset(), (made.room.path,))  # matters of the province lie above
    asked = Breakdown(unit, "matter", CutFilter())
    assert [part.key for part in broken_down(service, clerk, asked, period)] == [None]
    assert {part.key[0] for part in broken_down(service, NATION, asked, period) if part.key} == set(made.matters)
    cut = CutFilter(matter_id=made.matters[0])
    for caller, seen in ((NATION, True), (clerk, False)):
        check = views.check_matter(service.database.seen_by(ref.context(caller)), ref, caller, cut)
        if seen:
            service.runner.run(check)
        else:
            with pytest.raises(Invalid):
                service.runner.run(check)


def test_officers_of_the_whole_nation_are_too_many(service: Service) -> None:
    ref = service.reference.current
    with pytest.raises(Invalid):
        broken_down(service, NATION, Breakdown(ref.units[NATION_ID], "officer", CutFilter()), PERIODS[0])


def test_filters_choose_cuts() -> None:
    assert CutFilter().cut_ids is CutFilter(officer_id="x").cut_ids is None
    assert CutFilter().is_empty
    assert not CutFilter(officer_id="x").is_empty
    bank = CutFilter(credit_institution=True, state_budget=False).cut_ids or []
    assert {CUTS[number][2] for number in bank} == {1, 3}
    assert len(CutFilter(kind="other", initiation="ex_officio").cut_ids or []) == 8


def test_a_single_month() -> None:
    on = date(2026, 11, 24)
    assert asked_period(2025, 4, on, single=True).first == date(2025, 1, 1)
    running = asked_period(None, None, on, single=True)
    assert (running.first, running.last, running.months) == (date(2026, 11, 1), on, 2)
    assert running.previous() == Period(2026, date(2025, 11, 24), single=True)
    assert Period.of_months(2024, 5, single=True).previous().last == date(2023, 2, 28)
