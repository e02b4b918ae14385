"""What the register of administrative judgments adds up to, against judgments looked at one by one."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import Invalid, NotFound
from app.services.access import Actor, Caller
from app.services.administrative import commands, queries
from app.services.administrative.queries import JudgmentFilter
from app.services.administrative.rules import NewJudgment, Tracked
from app.services.pace import views as pace_views
from app.services.pace.rules import history, project
from app.services.pace.views import BelowAsked
from app.services.statistics.rules import Period, Share
from app.services.targets.rules import is_below
from app.services.targets.views import Asked, Standings, standings
from app.services.work import Work
from tests.builders import NATION_ID, Service
from tests.conftest import as_service
from tests.services.statistics import scenario
from tests.services.statistics.scenario import MERGED_ON, Scenario

INDICATOR: Final = "administrative_rate"
DAYS: Final = (date(2024, 10, 1), date(2025, 6, 12), date(2025, 6, 30), date(2025, 9, 17), date(2026, 3, 31))
NATION: Final = Caller("tests", frozenset(), ("vn.",))


@dataclass(frozen=True)
class One:
    """A judgment of the register."""

    unit: str
    officer: str | None
    accepted: date
    ended: date | None
    outcome: str | None


@pytest.fixture(scope="module")
def made(service: Service) -> Scenario:
    """A merger, and judgments tracked before and after it; some by nobody, some ended by who succeeded the unit."""
    found = scenario.build(service, seed=5, cases=0)
    chance = random.Random(5)

    async def fill(session: AsyncSession) -> None:
        for number in range(160):
            await session.execute(text(_ADD), _one(found, chance, number))

    service.runner.run(service.db.write(fill))
    return found


_ADD: Final = """
    INSERT INTO administrative_judgment (unit_id, unit_path, officer_id, file_no, court, judgment_no, judgment_date,
        obliged_agency, accepted_on, ended_on, outcome)
    VALUES (CAST(:unit AS uuid), :path, CAST(:officer AS uuid), :no, 'Tòa án', '1/HC', '2022-01-05', 'Ủy ban nhân dân',
        :accepted, :ended, :outcome)"""


def _one(made: Scenario, chance: random.Random, number: int) -> dict[str, Any]:
    accepted = date(2022, 8, 1) + timedelta(days=chance.randrange(1500))
    desk = chance.choice([*made.old, *made.districts] if accepted < MERGED_ON else [made.province, made.room])
    ended = accepted + timedelta(days=chance.randrange(900))
    outcome = chance.choice(["enforced", "enforced", "terminated", None])
    over = outcome is not None and ended <= today()
    return {
        "unit": desk.id,
        "path": desk.path,
        "officer": chance.choice([*desk.officers, None]),
        "no": f"{number}/THAHC",
        "accepted": accepted,
        "ended": ended if over else None,
        "outcome": outcome if over else None,
    }


@pytest.fixture(scope="module")
def register(service: Service, made: Scenario) -> list[One]:
    """Every judgment there is."""
    assert made.province

    async def read(session: AsyncSession) -> list[One]:
        sql = "SELECT unit_id::text, officer_id::text, accepted_on, ended_on, outcome FROM administrative_judgment"
        return [One(*row) for row in await session.execute(text(sql))]

    found: list[One] = service.runner.run(service.db.write(read))
    return found


@pytest.fixture(scope="module")
def walled(database_url: str, made: Scenario) -> Iterator[Service]:
    """The service in the role it has in production."""
    assert made.room
    service = Service.over(as_service(database_url))
    yield service
    service.close()


def counted(own: list[One], period: Period) -> Tracked:
    """A period, judgment by judgment."""
    within = [one for one in own if one.accepted <= period.last and (one.ended is None or one.ended >= period.first)]
    over = [one.outcome for one in within if one.ended is not None and one.ended <= period.last]
    carried = sum(one.accepted < period.first for one in within)
    return Tracked(carried, len(within) - carried, over.count("enforced"), over.count("terminated"))


def ask(service: Service, unit_id: str, day: date, of: Any = "self", caller: Caller = NATION, **more: Any) -> Standings:
    ref = service.reference.current
    members = {"level": None, "map_name": "day", "below_average": None, "seen": ref.family(caller.paths), **more}
    asked = Asked(ref.units[unit_id], of, indicators=(INDICATOR,), **members)
    db = service.database.seen_by(ref.context(caller))
    return service.runner.run(standings(db, ref, asked, day))


def compare(found: Standings, own: Callable[[str], list[One]], day: date) -> None:
    """Everyone in the list with the judgments that are theirs, by the id of the unit or officer."""
    period = Period.until(day)
    for standing in found.standings:
        judgments = own((standing.officer or standing.unit).id)
        result, expected = standing.results[INDICATOR], counted(judgments, period)
        lines = result.lines
        assert (lines.carried_over, lines.newly_accepted) == (expected.carried_over, expected.newly_accepted)
        assert (lines.done, lines.other) == (expected.enforced, expected.ended_otherwise)
        assert (
            lines.enforcing
            == expected.still_tracked
            == sum(one.accepted <= day and (one.ended is None or one.ended > day) for one in judgments)
        )
        assert result.share == (expected.enforced, expected.carried_over + expected.newly_accepted)
        assert result.before == counted(judgments, period.previous()).share


@pytest.mark.parametrize("day", [*DAYS, today()], ids=str)
def test_units_and_the_nation(service: Service, made: Scenario, register: list[One], day: date) -> None:
    """A new province is the sum of those it succeeded, also before it was; the old ones stay what they were."""
    families = {made.province.id: made.everything, made.room.id: made.ids(made.room, *made.districts)}
    for old, district in zip(made.old, made.districts, strict=True):
        families |= {old.id: made.ids(old, district), district.id: {district.id}}
    own = {unit_id: [one for one in register if one.unit in units] for unit_id, units in families.items()}
    for unit_id in families:
        found = ask(service, unit_id, day)
        compare(found, own.__getitem__, day)
        assert found.national == {INDICATOR: counted(register, Period.until(day)).share}
    (whole,) = ask(service, NATION_ID, day).standings
    assert whole.results[INDICATOR].share == counted(register, Period.until(day)).share
    assert found.frame.comparable == {INDICATOR: True}


@pytest.mark.parametrize("day", [date(2025, 6, 12), date(2026, 3, 31)], ids=str)
def test_a_province_sees_its_own_and_the_same_average(
    service: Service, walled: Service, made: Scenario, register: list[One], day: date
) -> None:
    """Of the rest of the nation the database gives sums by day only; so it does to two provinces at once."""
    old = [desk.path for desk in made.old]
    for paths, unit in ((old[:1], made.old[0]), (old, made.old[1]), ([made.province.path], made.province)):
        caller = Caller("tests", frozenset(), tuple(paths))
        found, wide = ask(walled, unit.id, day, caller=caller), ask(service, unit.id, day)
        assert found.national == {INDICATOR: counted(register, Period.until(day)).share}
        assert [standing.results for standing in found.standings] == [standing.results for standing in wide.standings]


def test_who_is_bound_to_an_institution_sees_nothing(walled: Service, made: Scenario) -> None:
    bank = Caller("tests", frozenset(), ("vn.",), institution="VCB")
    found = ask(walled, made.province.id, date(2026, 3, 31), caller=bank)
    assert (found.national, found.standings[0].results[INDICATOR].share) == ({INDICATOR: (0, 0)}, (0, 0))
    ref = walled.reference.current
    db = walled.database.seen_by(ref.context(bank))
    assert walled.runner.run(queries.list_judgments(db, ref, bank, JudgmentFilter(), None, 500)) == []


@pytest.mark.parametrize("day", [date(2025, 9, 17), date(2026, 3, 31), today()], ids=str)
def test_officers(service: Service, made: Scenario, register: list[One], day: date) -> None:
    """Whoever tracks a judgment now has it in every period; what nobody tracks is with the unit alone."""
    family = made.ids(made.room, *made.districts)
    within = [one for one in register if one.unit in family]
    found = ask(service, made.room.id, day, "officers")
    compare(found, lambda officer: [one for one in within if one.officer == officer], day)
    shown = {standing.officer.id for standing in found.standings if standing.officer}
    assert shown >= {one.officer for one in within if one.officer}


@pytest.mark.parametrize("day", [date(2025, 9, 30), date(2026, 3, 17)], ids=str)
def test_projections_rest_on_the_past_of_the_register(
    service: Service, made: Scenario, register: list[One], day: date
) -> None:
    ref, period = service.reference.current, Period.until(day)
    seen = ref.family(("vn.",))

    def lived(own: list[One]) -> Any:
        def share(measure: str, period: Period) -> Share:
            return counted(own, period).share if measure == "cases" else (0, 0)

        return history(share, period)["cases"]

    asked = Asked(ref.units[made.province.id], "self", None, "day", (INDICATOR,), None, seen)
    found = service.runner.run(pace_views.paces(service.db, ref, asked, day))
    own = [one for one in register if one.unit in made.everything]
    (standing,) = found.found.standings
    chain = [lived(own), lived(register)]
    assert chain[0]
    projected = found.of(standing)[INDICATOR].projection
    assert projected == project(chain, period.fiscal_year, counted(own, period).share)
    within = [one for one in register if one.unit in made.ids(made.room, *made.districts)]
    asked = Asked(ref.units[made.room.id], "officers", None, "day", (INDICATOR,), None, seen)
    officers = service.runner.run(pace_views.paces(service.db, ref, asked, day))
    for officer in made.districts[0].officers:
        its = [one for one in within if one.officer == officer]
        assert officers.past(officers.officers.get(officer))["cases"] == lived(its)


def test_units_below_the_average(service: Service, made: Scenario, register: list[One]) -> None:
    ref, day = service.reference.current, date(2025, 6, 12)
    asked = BelowAsked(ref.units[NATION_ID], "district", INDICATOR, ref.family(("vn.",)))
    found = service.runner.run(pace_views.below_average(service.db, ref, asked, day))
    nation = counted(register, Period.until(day)).share
    shares = {
        d.id: counted([one for one in register if one.unit == d.id], Period.until(day)).share for d in made.districts
    }
    assert found.national == nation
    shown = {unit.unit.id: unit.share for unit in found.units if unit.unit.id in shares}
    assert shown == {unit_id: share for unit_id, share in shares.items() if is_below(share, nation)}
    assert shown


def _new(unit_id: str, officer_id: str | None, number: str, day: date) -> NewJudgment:
    return NewJudgment(
        unit_id, officer_id, number, "Tòa án", "1/HC", date(2025, 1, 5), None, None, "Ủy ban nhân dân", day, None
    )


def test_who_succeeded_a_unit_goes_on_with_its_judgments(walled: Service, made: Scenario) -> None:
    """The new province enters late what an old district took on, names one of its own officers, and ends it."""
    ref = walled.reference.current
    new, other = (Caller("tests", frozenset(), (desk.path,)) for desk in (made.province, made.old[1]))
    district, heir = made.districts[0], made.room.officers[0]

    def within(caller: Caller, act: Callable[[Work], Any]) -> Any:
        db = walled.database.seen_by(ref.context(caller))
        return walled.runner.run(db.write(lambda session: act(Work(session, ref, caller, Actor("tests")))))

    late = _new(district.id, district.officers[0], "late/THAHC", date(2025, 6, 3))
    judgment_id = within(new, lambda work: commands.accept(work, late))
    end = {"officer_id": heir, "ended_on": date(2025, 8, 1), "outcome": "enforced"}
    with pytest.raises(NotFound):
        within(other, lambda work: commands.change(work, judgment_id, None, end))
    with pytest.raises(Invalid):
        within(other, lambda work: commands.accept(work, _new(district.id, None, "foreign", date(2025, 6, 3))))
    for officer in (district.officers[1], made.old[0].officers[0]):  # served there once; never served there
        change = {"officer_id": officer}
        with pytest.raises(Invalid):
            within(new, partial(commands.change, judgment_id=judgment_id, expected=None, given=change))
    within(new, lambda work: commands.change(work, judgment_id, 1, end))

    async def told(session: AsyncSession) -> Any:
        sql = "SELECT unit_path, action FROM change_record WHERE subject_id = :id ORDER BY version"
        return [tuple(row) for row in await session.execute(text(sql), {"id": judgment_id})]

    changes = walled.runner.run(walled.database.seen_by(ref.context(new)).write(told))
    assert changes == [(made.room.path, "accepted"), (made.room.path, "ended")]
