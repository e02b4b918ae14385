"""Officers over a real database: who sees them, what changes write, what is refused."""

from collections.abc import Callable
from datetime import date

import pytest

from app.errors import Conflict, Invalid, NotFound, PreconditionFailed
from app.services.access import Caller
from app.services.officers.commands import NewPosting, OfficerChange, change_officer, create_officer
from app.services.officers.queries import OfficerFilter, list_officers, visible_postings
from app.services.reference import FOREVER, Unit
from app.services.units.commands import UnitChange, change_unit
from tests.builders import Service
from tests.services.organisation import NATION, SINCE, Organisation

MERGED = date(2025, 7, 1)


@pytest.fixture(scope="module")
def org(service: Service) -> Organisation:
    return Organisation(service)


@pytest.fixture
def province(org: Organisation) -> Unit:
    return org.province()


def listed(org: Organisation, unit: Unit, on: date = MERGED, caller: Caller = NATION, **more: str) -> list[str]:
    """Ids of the officers of a unit."""
    wanted = OfficerFilter(on, unit=unit.id, rank=more.get("rank"), q=more.get("q"))
    return [officer.id for officer, _ in list_officers(org.service.reference.current, caller, wanted, None, 50)]


def sees(unit: Unit) -> Caller:
    """Somebody who sees this unit and what is below it."""
    return Caller("tests", frozenset(), (unit.path,))


def test_a_new_officer_serves_from_the_first_day(org: Organisation, province: Unit) -> None:
    made = org.officer(org.unit(province.id).id, since=MERGED)
    assert org.service.reference.current.officers[made.id] == made
    assert listed(org, province) == [made.id]
    assert listed(org, province, date(2025, 6, 30)) == []
    trail = "SELECT action, version, unit_id FROM change_record WHERE subject = 'officer' AND subject_id = %s"
    assert org.rows(trail, made.id) == [("created", 1, made.postings[0].unit_id)]


def test_lists_follow_the_posting_of_the_day(org: Organisation, province: Unit) -> None:
    here, there = org.unit(province.id), org.unit(province.id)
    officer = org.officer(here.id)
    moved = org.run(change_officer, officer.id, 1, OfficerChange(posting=NewPosting(there.id, "senior", MERGED)))
    assert moved.version == 2
    before = date(2025, 6, 30)
    assert (listed(org, here, before), listed(org, there, before)) == ([officer.id], [])
    assert (listed(org, here), listed(org, there)) == ([], [officer.id])
    assert listed(org, province, rank="primary") == []
    assert listed(org, province, before, rank="primary") == [officer.id]


def test_names_are_found_without_diacritics(org: Organisation, province: Unit) -> None:
    officer = org.officer(org.unit(province.id).id)
    assert listed(org, province, q="dang thi uoc") == listed(org, province, q="ĐẶNG THỊ Ước") == [officer.id]
    assert listed(org, province, q="dang thi uoc_") == []


def test_pages_follow_each_other_in_narrow_and_wide_sights(org: Organisation, province: Unit) -> None:
    office = org.unit(province.id)
    made = [org.officer(office.id) for _ in range(5)]
    ref = org.service.reference.current
    paged: list[str] = []
    while page := list_officers(ref, NATION, OfficerFilter(MERGED, unit=province.id), paged[-1] if paged else None, 2):
        paged += [officer.code for officer, _ in page]
    assert paged == sorted(officer.code for officer in made)


def test_a_nation_of_many_units_lists_the_same_officers(org: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = org.service.reference.current
    narrow = list_officers(ref, NATION, OfficerFilter(MERGED), None, 10_000)
    monkeypatch.setattr("app.services.access.WIDE", 0)
    assert list_officers(ref, NATION, OfficerFilter(MERGED), None, 10_000) == narrow != []


def test_callers_see_officers_and_postings_of_their_units_only(org: Organisation, province: Unit) -> None:
    other = org.province()
    here, there = org.unit(province.id), org.unit(other.id)
    officer = org.officer(here.id)
    moved = org.run(change_officer, officer.id, 1, OfficerChange(posting=NewPosting(there.id, "senior", MERGED)))
    ref = org.service.reference.current
    assert visible_postings(ref, sees(province), moved) == [moved.postings[0]]
    assert visible_postings(ref, sees(other), moved) == [moved.postings[1]]
    assert visible_postings(ref, sees(org.province()), moved) == []
    assert listed(org, province, caller=sees(province)) == []
    with pytest.raises(Invalid) as refused:
        listed(org, other, caller=sees(province))
    assert refused.value.faults[0].parameter == "unit"


def test_only_where_they_last_served_officers_are_changed(org: Organisation, province: Unit) -> None:
    other = org.province()
    officer = org.officer(org.unit(province.id).id)
    rename = OfficerChange(name="Đặng Thị Ước Nguyện")
    with pytest.raises(NotFound):
        org.run(change_officer, officer.id, None, rename, caller=sees(other))
    with pytest.raises(NotFound):
        org.run(change_officer, other.id, None, rename)
    away = OfficerChange(posting=NewPosting(org.unit(other.id).id, "primary", MERGED))
    with pytest.raises(Invalid) as refused:
        org.run(change_officer, officer.id, None, away, caller=sees(province))
    assert [(f.code, f.pointer) for f in refused.value.faults] == [("unknown-reference", "/posting/unit_id")]
    assert org.run(change_officer, officer.id, 1, rename, caller=sees(province)).name == "Đặng Thị Ước Nguyện"


@pytest.mark.parametrize(
    "change",
    [
        lambda unit: OfficerChange(name="Lê Quang Huy"),
        lambda unit: OfficerChange(until=MERGED),
        lambda unit: OfficerChange(posting=NewPosting(unit.id, "senior", MERGED)),
    ],
)
def test_a_change_meant_for_another_version_is_refused(
    org: Organisation, province: Unit, change: Callable[[Unit], OfficerChange]
) -> None:
    unit = org.unit(province.id)
    officer = org.officer(unit.id)
    org.run(change_officer, officer.id, 1, change(unit))
    with pytest.raises(PreconditionFailed):
        org.run(change_officer, officer.id, 1, change(unit))


def test_leaving_and_coming_back(org: Organisation, province: Unit) -> None:
    officer = org.officer(org.unit(province.id).id)
    assert org.run(change_officer, officer.id, 1, OfficerChange(until=MERGED)).postings[-1].until == MERGED
    assert listed(org, province) == []
    org.run(change_officer, officer.id, 2, OfficerChange(until=FOREVER))
    assert listed(org, province) == [officer.id]


def test_codes_are_never_given_twice(org: Organisation, province: Unit) -> None:
    unit = org.unit(province.id)
    officer = org.officer(unit.id)
    with pytest.raises(Conflict):
        org.run(create_officer, officer.code, "Lê Quang Huy", NewPosting(unit.id, "clerk", SINCE))


def test_a_posting_begins_while_the_unit_exists(org: Organisation, province: Unit) -> None:
    unit = org.unit(province.id)
    org.run(change_unit, unit.id, 1, UnitChange(until=MERGED))
    with pytest.raises(Invalid):
        org.officer(unit.id, since=MERGED)
    assert org.officer(unit.id, since=SINCE).postings[0].until == MERGED
