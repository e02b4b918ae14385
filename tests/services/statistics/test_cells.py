"""Every cell opens: the list and what is withheld add up to it, and the list is what the entries say, case by case."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.v1.schemas.statistics_cells import order_of
from app.models.codes import ACCOUNTS_STOCK
from app.services.access import SECRET, Caller
from app.services.reference import Reference
from app.services.statistics import cell_views as cells
from app.services.statistics import cut_views as views
from app.services.statistics.cell_views import Asked
from app.services.statistics.cells import CELL_LINES, cell_of
from app.services.statistics.rules import FED, MEASURES, OF_REGIME, Period, formulas
from tests.builders import Service
from tests.conftest import as_service
from tests.services.statistics import naive, scenario
from tests.services.statistics.compared import CODES, PERIODS, REGIMES, counts, expected, families, filters, shown
from tests.services.statistics.naive import Entry
from tests.services.statistics.scenario import Scenario

NATION = Caller("tests", frozenset(), ("vn.",), SECRET)
Pages = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def made(service: Service) -> Iterator[Scenario]:
    """A third of its cases are restricted, by force; other tests find the public list as it was."""
    made = scenario.build(service, seed=41, cases=120)
    change = (
        "UPDATE enforcement_case SET confidentiality = {} WHERE confidentiality = {} AND hashtext(id::text) % 3 = 0"
    )
    for now, was in ((1, 0), (0, 1)):
        service.runner.run(service.db.write(partial(_execute, change.format(now, was))))
        if now:
            yield made


async def _execute(statement: str, session: AsyncSession) -> None:
    await session.execute(text(statement))


@pytest.fixture(scope="module")
def guarded(database_url: str, made: Scenario) -> Iterator[Service]:
    """The service in the role it has in production, behind the walls of the database."""
    assert made.room
    service = Service.over(as_service(database_url))
    yield service
    service.close()


@pytest.fixture(scope="module")
def entries(service: Service, made: Scenario) -> list[Entry]:
    assert made.room
    return naive.entries(service)


def listed(guarded: Service, caller: Caller, asked: Asked, limit: int) -> tuple[int, Pages, dict[str, tuple[int, int]]]:
    """The figure, what is counted by unit and case, and what is withheld by unit: how many, how much."""
    ref: Reference = guarded.reference.current
    db = guarded.database.seen_by(ref.context(caller))
    found: Pages = {}
    withheld: dict[str, tuple[int, int]] = {}
    order: list[tuple[str, str, str]] = []
    after: tuple[Any, ...] | None = None
    while True:
        page = guarded.runner.run(cells.opened(db, ref, caller, asked, after, limit + 1))
        order += map(order_of, page.rows[:limit])
        for unit, _, hidden, counted, case, *_ in page.rows[:limit]:
            if case is None:
                assert unit not in withheld
                withheld[unit] = hidden, counted
            else:
                assert (unit, case) not in found
                found[unit, case] = counted
        if len(page.rows) <= limit:
            check_order(order, bool(cell_of(asked.line, page.regime.lines[asked.measure]).before))
            return page.value, found, withheld
        last = page.rows[limit - 1]
        after = order_of(last)


def check_order(listed: list[tuple[str, str, str]], newest_first: bool) -> None:
    """By unit, then by day and case; what a unit withholds comes first."""
    assert [unit for unit, *_ in listed] == sorted(unit for unit, *_ in listed)
    by_unit: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for unit, day, case in listed:
        by_unit[unit].append((day, case))
    for keys in by_unit.values():
        assert keys == sorted(keys, reverse=newest_first)


def one_by_one(own: list[Entry], asked: Asked, regime: naive.Regime) -> Pages:
    """What every case adds in the books of every unit, by the naive implementation."""
    by_case: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in own:
        by_case[entry.unit, entry.case].append(entry)
    p = asked.period
    counted = {
        key: naive.lines(lines, asked.measure, p.first, p.last, regime)[asked.line] for key, lines in by_case.items()
    }
    return {key: number for key, number in counted.items() if number}


def told_of(wanted: Pages, found: Pages) -> Pages:
    """What is wanted, without units that are left out because their cases cancel each other out."""
    sums: dict[str, int] = defaultdict(int)
    for (unit, _), number in wanted.items():
        sums[unit] += number
    listed = {unit for unit, _ in found}
    return {key: number for key, number in wanted.items() if key[0] in listed or sums[key[0]]}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("line", CELL_LINES)
def test_every_line_opens(
    service: Service, guarded: Service, made: Scenario, entries: list[Entry], line: str, measure: str
) -> None:
    chance, ref = Random(f"{line} {measure}"), service.reference.current
    units, cuts = list(families(made, service).items()), filters(made)
    for _ in range(12):
        (unit, family), cut, period = chance.choice(units), chance.choice(cuts), chance.choice(PERIODS)
        code = chance.choice([None, *CODES])
        asked = Asked(ref.units[unit], period, measure, line, cut, code)
        own = [entry for entry in entries if entry.unit in family and counts(cut)(entry)]
        regime = REGIMES.get(ref.regime(period.last, code).code, naive.three_classes)
        value, found, withheld = listed(guarded, NATION, asked, chance.choice([1, 3, 500]))
        assert found == told_of(one_by_one(own, asked, regime), found), (unit, cut, period, code)
        assert withheld == {}
        (statement,) = service.runner.run(views.statements(service.db, ref, ref.units[unit], cut, [period], code))
        assert value == sum(found.values()) == shown(statement.measures)[measure]["value"][line]


@pytest.mark.parametrize("line", ["done", "enforcing", "carried_over", "must_enforce", "handed_over_net", "accepted"])
@pytest.mark.parametrize("who", ["old", "ordinary"])
def test_what_is_withheld_is_said(
    service: Service, guarded: Service, made: Scenario, entries: list[Entry], line: str, who: str
) -> None:
    """To an old district most of its cases are gone, an ordinary client sees no restricted ones; both see figures."""
    ref, district = service.reference.current, made.districts[0]
    unit, family = (district.id, {district.id}) if who == "old" else (made.province.id, made.everything)
    caller = Caller(who, frozenset(), (district.path if who == "old" else "vn.",))
    sql = "SELECT id FROM enforcement_case WHERE confidentiality = 0 AND starts_with(unit_path, %s)"
    seen = {row[0] for row in service.runner.run(service.db.fetch(sql, caller.paths))}
    hidden = 0
    for measure in MEASURES:
        for period in PERIODS:
            asked = Asked(ref.units[unit], period, measure, line, filters(made)[0])
            value, found, withheld = listed(guarded, caller, asked, 3)
            regime = REGIMES.get(ref.regime(period.last).code, naive.three_classes)
            every = one_by_one([entry for entry in entries if entry.unit in family], asked, regime)
            assert found == {key: number for key, number in every.items() if key[1] in seen}
            others: dict[str, list[int]] = defaultdict(list)
            for (books, case), number in every.items():
                if case not in seen:
                    others[books].append(number)
            assert withheld == {books: (len(numbers), sum(numbers)) for books, numbers in others.items()}
            assert sum(found.values()) + sum(counted for _, counted in withheld.values()) == value
            hidden += sum(len(numbers) for numbers in others.values())
    assert hidden > 0


@given(
    st.lists(st.sampled_from(range(4)), min_size=len(FED), max_size=len(FED)),
    st.sampled_from(CELL_LINES),
)
def test_weights_say_what_formulas_say(choices: list[int], line: str) -> None:
    """Under any rules: a movement from one account to another changes a line by the difference of their weights."""
    lines: dict[str, list[str]] = {letter: [] for letter in OF_REGIME}
    for account, choice in zip(FED, choices, strict=True):
        letters = ("D2", "D3", "C2", "C3") if account in ACCOUNTS_STOCK else ("B1", "B2", "B3", "D1")
        lines[letters[choice]].append(account)
    cell = cell_of(line, lines)
    known = formulas(lines)
    if line in known:
        formula = known[line]
        mirrored = {"accepted", "raised", "register_back", "handed_in"}
        assert cell.within == {
            **{account: -1 if account in mirrored else 1 for account in formula.plus},
            **{account: 1 if account in mirrored else -1 for account in formula.minus},
        }
        assert set(cell.before) == {*formula.opening, *formula.opening_minus}
    if line == "carried_forward":  # whatever the rules: what stands there
        stock = dict.fromkeys(ACCOUNTS_STOCK, 1)
        assert {a: w for a, w in cell.before.items() if w} == stock


def test_a_series_and_a_breakdown_open_too(
    service: Service, guarded: Service, made: Scenario, entries: list[Entry]
) -> None:
    """Their cells are those of statements: the same filters, the period or the part."""
    ref, period = service.reference.current, Period.of_months(2025, 6, single=True)
    cut = filters(made)[1]
    (statement,) = service.runner.run(views.statements(service.db, ref, ref.units[made.province.id], cut, [period]))
    own = [entry for entry in entries if entry.unit in made.everything and counts(cut)(entry)]
    assert shown(statement.measures) == expected(own, statement)
    for line in ("done", "newly_accepted", "carried_forward"):
        asked = Asked(ref.units[made.province.id], period, "money", line, cut)
        value, found, _ = listed(guarded, NATION, asked, 7)
        assert value == sum(found.values()) == shown(statement.measures)["money"]["value"][line]
