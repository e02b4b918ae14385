"""Changes of the map over a real database: what they write, what they refuse, what they leave behind."""

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from app.clock import today
from app.errors import Conflict, Invalid, NotFound, PreconditionFailed
from app.services.access import Caller
from app.services.officers.commands import NewPosting, OfficerChange, change_officer
from app.services.reference import FOREVER
from app.services.units.commands import NewUnit, UnitChange, add_successors, change_unit, create_unit
from tests.builders import Service
from tests.services.organisation import SINCE, Organisation

MERGED = date(2025, 7, 1)


@pytest.fixture(scope="module")
def org(service: Service) -> Organisation:
    return Organisation(service)


def trail(org: Organisation, subject_id: str) -> list[tuple[object, ...]]:
    """The changes on record of a thing, each with its version, and the same from the audit."""
    return org.rows(
        """SELECT c.action, c.version, a.action, a.client_id FROM change_record c JOIN audit_record a
            ON a.subject_id = c.subject_id AND a.action = c.action
            WHERE c.subject_id = %s ORDER BY c.id, a.id""",
        subject_id,
    )


def test_a_new_unit_is_known_at_once_and_on_record(org: Organisation) -> None:
    made = org.province()
    assert org.now(made.id) == made
    assert org.now(made.id).name(SINCE) == made.names[0][2]
    assert trail(org, made.id) == [("created", 1, "created", "tests")]


def test_siblings_get_numbers_nobody_had(org: Organisation) -> None:
    province = org.province()
    made = [org.unit(province.id) for _ in range(3)]
    assert [unit.path for unit in made] == [f"{province.path}k0{n}." for n in (1, 2, 3)]


def test_siblings_made_at_the_same_time_get_different_numbers(org: Organisation) -> None:
    province = org.province()
    calls = [
        (create_unit, NewUnit(f"{province.code}.{n}", f"Khu vực {n}", "regional", None, province.id, SINCE, FOREVER))
        for n in range(6)
    ]
    made = org.together(*calls)
    assert sorted(unit.path for unit in made) == [f"{province.path}k0{n}." for n in range(1, 7)]


def test_a_unit_does_not_end_under_a_posting_made_at_the_same_time(org: Organisation) -> None:
    province = org.province()
    for _ in range(5):
        office, officer = org.unit(province.id), org.officer(province.id)
        posting = OfficerChange(posting=NewPosting(office.id, "primary", MERGED))
        ending, moved = org.together(
            (change_unit, office.id, None, UnitChange(until=MERGED)),
            (change_officer, officer.id, None, posting),
        )
        assert isinstance(ending, Conflict) is not isinstance(moved, Invalid)
        postings = org.service.reference.current.officers[officer.id].postings
        assert all(p.until <= org.now(p.unit_id).until for p in postings)


def test_a_code_belongs_to_one_unit_a_day(org: Organisation) -> None:
    province = org.province()
    first = org.unit(province.id, since=SINCE, until=MERGED)
    again = NewUnit(first.code, "Phòng THADS khu vực 2", "regional", None, province.id, MERGED, FOREVER)
    second = org.run(create_unit, again)
    assert (first.code, first.path) == (second.code, f"{province.path}k01.")
    assert second.path == f"{province.path}k02."
    with pytest.raises(Conflict):
        org.run(create_unit, replace(again, since=date(2025, 12, 1), until=date(2025, 12, 2)))


def test_an_end_taken_back_may_not_share_the_code(org: Organisation) -> None:
    province = org.province()
    first = org.unit(province.id, since=SINCE, until=MERGED)
    org.run(create_unit, NewUnit(first.code, "Khu vực 2", "regional", None, province.id, MERGED, FOREVER))
    with pytest.raises(Conflict, match="code belongs"):
        org.run(change_unit, first.id, 1, UnitChange(until=FOREVER))


def test_a_unit_stands_below_one_the_caller_may_see(org: Organisation) -> None:
    mine, other = org.province(), org.province()
    caller = Caller("tests", frozenset(), (mine.path,))
    new = NewUnit("ORG.FOREIGN", "Khu vực 1", "regional", None, other.id, SINCE, FOREVER)
    with pytest.raises(Invalid, match="not valid"):
        org.run(create_unit, new, caller=caller)
    with pytest.raises(NotFound):
        org.run(change_unit, other.id, None, UnitChange(until=MERGED), caller=caller)
    gone = org.unit(mine.id, until=MERGED)
    with pytest.raises(Invalid) as refused:
        org.run(add_successors, gone.id, [org.unit(other.id).id], caller=caller)
    assert [fault.code for fault in refused.value.faults] == ["unknown-reference"]


def test_a_name_changes_from_a_day_on(org: Organisation) -> None:
    made = org.province()
    renamed = org.run(change_unit, made.id, 1, UnitChange("THADS tỉnh Phú Thọ", MERGED))
    assert renamed.version == 2
    assert org.now(made.id) == renamed
    assert [org.now(made.id).name(day) for day in (MERGED - timedelta(days=1), MERGED)] == [
        made.names[0][2], "THADS tỉnh Phú Thọ",
    ]  # fmt: skip
    assert [action for action, *_ in trail(org, made.id)] == ["created", "changed"]


def test_a_change_meant_for_another_version_is_refused(org: Organisation) -> None:
    made = org.province()
    org.run(change_unit, made.id, 1, UnitChange(until=MERGED))
    with pytest.raises(PreconditionFailed):
        org.run(change_unit, made.id, 1, UnitChange(until=FOREVER))
    assert org.run(change_unit, made.id, None, UnitChange(until=FOREVER)).until == FOREVER


def test_nothing_outlives_its_unit(org: Organisation) -> None:
    province = org.province()
    office = org.unit(province.id)
    with pytest.raises(Conflict, match="Units below it"):
        org.run(change_unit, province.id, None, UnitChange(until=MERGED))
    org.officer(office.id)
    with pytest.raises(Conflict, match="Officers are posted"):
        org.run(change_unit, office.id, None, UnitChange(until=MERGED))
    assert org.now(office.id) == office


def test_a_child_ends_with_its_parent_at_the_latest(org: Organisation) -> None:
    province = org.province(until=MERGED)
    office = org.unit(province.id, until=MERGED)
    with pytest.raises(Conflict, match="parent ends before"):
        org.run(change_unit, office.id, None, UnitChange(until=FOREVER))
    org.run(change_unit, office.id, None, UnitChange(until=date(2024, 1, 1)))
    org.run(change_unit, province.id, None, UnitChange(until=date(2024, 1, 1)))
    assert org.now(province.id).until == date(2024, 1, 1)


def test_a_unit_with_cases_ends_only_after_today(org: Organisation) -> None:
    office = org.unit(org.province().id)
    officer = org.officer(office.id)
    org.case(officer, date(2025, 3, 3))
    org.run(change_officer, officer.id, None, OfficerChange(until=today()))
    with pytest.raises(Conflict, match="still has cases"):
        org.run(change_unit, office.id, None, UnitChange(until=today()))
    planned = today() + timedelta(days=30)
    assert org.run(change_unit, office.id, None, UnitChange(until=planned)).until == planned


def test_successors_take_over_when_a_unit_has_ended(org: Organisation) -> None:
    province = org.province()
    old, new = org.unit(province.id, "district", until=MERGED), org.unit(province.id, since=MERGED)
    linked = org.run(add_successors, old.id, [new.id])
    assert (linked.successors, linked.version) == ((new.id,), 2)
    assert org.now(old.id) == linked
    assert org.now(new.id).predecessors == (old.id,)
    assert org.rows("SELECT since FROM unit_successor WHERE predecessor_id = %s", old.id) == [("2025-07-01",)]
    with pytest.raises(Conflict, match="successor already"):
        org.run(add_successors, old.id, [new.id])
    with pytest.raises(Conflict, match="successors have taken over"):
        org.run(change_unit, old.id, None, UnitChange(until=FOREVER))


def test_a_unit_that_goes_on_has_no_successors(org: Organisation) -> None:
    province = org.province()
    with pytest.raises(Conflict, match="goes on"):
        org.run(add_successors, org.unit(province.id).id, [org.unit(province.id).id])


def test_the_database_refuses_two_names_on_a_day(org: Organisation) -> None:
    made = org.province()
    with (
        psycopg.connect(org.service.database.settings.libpq_url) as connection,
        pytest.raises(psycopg.errors.ExclusionViolation),
    ):
        connection.execute("INSERT INTO unit_name VALUES (%s, 'Tên khác', daterange('2020-01-01', NULL))", [made.id])
