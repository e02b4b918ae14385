"""Matters over a real database: tracking marks the cases and keeps the open stock right, also under contention."""

from datetime import date
from itertools import count

import pytest

from app.errors import Conflict, Invalid, NotFound, PreconditionFailed
from app.services.access import Caller
from app.services.books.queries import verify
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, change_case
from app.services.matters.commands import (
    TrackingChange,
    change_matter,
    change_tracking,
    create_matter,
    start_tracking,
)
from app.services.matters.queries import MatterFilter, list_matters, read_matter
from app.services.reference import Officer, Unit
from app.services.work import Work
from tests.builders import Service
from tests.services.organisation import NATION, Organisation

MAY, JUNE = date(2024, 5, 20), date(2024, 6, 20)
DECIDED = date(2024, 3, 5)
_numbers = count(1)


async def renamed(work: Work, matter_id: str, expected: int | None, name: str) -> None:
    await change_matter(work, matter_id, expected, name=name)


@pytest.fixture(scope="module")
def org(service: Service) -> Organisation:
    return Organisation(service)


@pytest.fixture(scope="module")
def province(org: Organisation) -> Unit:
    return org.province()


@pytest.fixture(scope="module")
def officer(org: Organisation, province: Unit) -> Officer:
    return org.officer(org.unit(province.id).id)


@pytest.fixture
def matter(org: Organisation, province: Unit) -> str:
    return new_matter(org, province)


def new_matter(org: Organisation, unit: Unit, name: str = "Vụ án Đầu tư Sông Thao") -> str:
    """A matter that nobody tracks."""
    return org.run(create_matter, f"VA-{next(_numbers)}", name, unit.id)


def differences(org: Organisation) -> list[tuple[str, str, str]]:
    """What a recount of every rollup finds."""
    return org.service.runner.run(verify(org.service.db))


def stock(org: Organisation, unit_id: str) -> dict[tuple[object, ...], tuple[object, ...]]:
    """The open stock of a unit by matter, month, conditions and value: cases, amount, outstanding."""
    rows = org.rows(
        """SELECT matter_id, decision_month, with_conditions, high_value, cases, amount_vnd, outstanding_vnd
            FROM open_stock WHERE unit_id = %s AND (cases, amount_vnd, outstanding_vnd) <> (0, 0, 0)""",
        unit_id,
    )
    return {row[:4]: row[4:] for row in rows}


def marked(org: Organisation, matter_id: str) -> list[bool]:
    """The marks of the cases of a matter."""
    return [row[0] for row in org.rows("SELECT steering_matter FROM enforcement_case WHERE matter_id = %s", matter_id)]


def listed(org: Organisation, caller: Caller = NATION, **wanted: object) -> list[str]:
    """Ids of the matters listed."""
    given = MatterFilter(**wanted)  # type: ignore[arg-type]  # names and types are those of the test
    ref = org.service.reference.current
    return [row[0] for row in org.service.runner.run(list_matters(org.service.db, ref, caller, given, None, 500))]


def test_the_first_tracking_moves_the_open_stock_under_the_matter(org: Organisation, province: Unit) -> None:
    officer = org.officer(org.unit(province.id).id)
    matter = new_matter(org, province)
    rich, poor, over = (org.case(officer, DECIDED, n, matter) for n in (30_000_000_000, 5_000_000, 1_000_000))
    org.case(officer, DECIDED, 7_000_000)
    org.run(book_event, rich, None, Posting(Event("collected", JUNE, amount=10_000_000_000)))
    org.run(book_event, poor, None, Posting(Event("conditions_lost", JUNE)))
    org.run(book_event, over, None, Posting(Event("completed", JUNE)))
    unit, month = officer.postings[0].unit_id, "2024-03-01"
    assert {key[0] for key in stock(org, unit)} == {None}
    org.run(start_tracking, matter, "central", MAY, "enforcing")
    assert stock(org, unit) == {
        (None, month, True, False): (1, 7_000_000, 7_000_000),
        (matter, month, True, True): (1, 30_000_000_000, 20_000_000_000),
        (matter, month, False, False): (1, 5_000_000, 5_000_000),
    }
    assert marked(org, matter) == [True, True, True]
    assert differences(org) == []


def test_the_second_tracking_changes_no_stock(org: Organisation, province: Unit) -> None:
    officer = org.officer(org.unit(province.id).id)
    matter = new_matter(org, province)
    org.case(officer, DECIDED, 5_000_000, matter)
    org.run(start_tracking, matter, "central", MAY, "enforcing")
    before = stock(org, officer.postings[0].unit_id)
    org.run(start_tracking, matter, "provincial", JUNE, "enforcing")
    org.case(officer, DECIDED, 5_000_000, matter)
    assert list(before) == list(stock(org, officer.postings[0].unit_id))
    assert marked(org, matter) == [True, True]
    assert differences(org) == []


def test_a_matter_without_cases_can_be_tracked(org: Organisation, matter: str, officer: Officer) -> None:
    org.run(start_tracking, matter, "provincial", MAY, "not_accepted")
    org.case(officer, DECIDED, 5_000_000, matter)
    assert marked(org, matter) == [True]
    assert differences(org) == []


@pytest.mark.parametrize("attempt", range(5))
def test_cases_that_join_while_tracking_starts_are_marked(
    org: Organisation, officer: Officer, matter: str, attempt: int
) -> None:
    cases = [org.case(officer, DECIDED, 5_000_000 + attempt) for _ in range(6)]
    joins = [(change_case, case, None, {"matter_id": matter}) for case in cases]
    given = org.together(*joins[:3], (start_tracking, matter, "central", MAY, "enforcing"), *joins[3:])
    assert not [result for result in given if isinstance(result, Exception)]
    assert marked(org, matter) == [True] * 6
    assert differences(org) == []


def test_state_and_end_are_kept_as_history(org: Organisation, matter: str) -> None:
    org.run(start_tracking, matter, "central", MAY, "not_accepted")
    change = TrackingChange("enforcing", JUNE, date(2025, 1, 1))
    org.run(change_tracking, matter, 2, "central", change)
    history = (
        "SELECT level, tracked::text, state, state_since FROM matter_tracking WHERE matter_id = %s ORDER BY tracked"
    )
    assert org.rows(history, matter) == [
        ("central", "[2024-05-20,2024-06-20)", "not_accepted", "2024-05-20"),
        ("central", "[2024-06-20,2025-01-01)", "enforcing", "2024-06-20"),
    ]
    trail = "SELECT action, version FROM change_record WHERE subject = 'matter' AND subject_id = %s ORDER BY id"
    assert org.rows(trail, matter) == [("created", 1), ("tracking_started", 2), ("tracking_changed", 3)]


def test_matters_are_found_by_the_tracking_of_a_day(org: Organisation) -> None:
    unit = org.province()
    tracked, plain = new_matter(org, unit), new_matter(org, unit)
    org.run(start_tracking, tracked, "central", MAY, "not_accepted")
    org.run(change_tracking, tracked, None, "central", TrackingChange("enforcing", JUNE, date(2025, 1, 1)))
    both = [tracked, plain]
    assert set(listed(org, unit=unit.id)) == set(both)
    assert listed(org, unit=unit.id, as_of=date(2024, 12, 31)) == [tracked]
    assert listed(org, unit=unit.id, as_of=date(2025, 1, 1)) == []
    assert listed(org, unit=unit.id, level="provincial", as_of=MAY) == []
    assert listed(org, unit=unit.id, level="central") == []  # today it is over
    assert listed(org, unit=unit.id, state="not_accepted", as_of=date(2024, 6, 19)) == [tracked]
    assert listed(org, unit=unit.id, state="not_accepted", as_of=JUNE) == []
    assert listed(org, unit=unit.id, state="enforcing", level="central", as_of=JUNE) == [tracked]


@pytest.mark.parametrize(
    ("words", "found"),
    [("dau tu song", True), ("ĐẦU TƯ", True), ("Sông_Thao", False), ("100%", False), ("VA-", True), ("va-", True)],
)
def test_names_and_codes_are_found_without_diacritics(org: Organisation, words: str, found: bool) -> None:
    unit = org.province()
    matter = new_matter(org, unit, "Vụ án Công ty Cổ phần Đầu tư Sông Thao")
    assert listed(org, unit=unit.id, q=words) == ([matter] if found else [])


def test_callers_see_matters_of_their_units_only(org: Organisation, province: Unit, matter: str) -> None:
    ref, db = org.service.reference.current, org.service.db
    office = org.unit(province.id)
    other = Caller("tests", frozenset(), (org.province().path, office.path))
    mine = Caller("tests", frozenset(), (province.path,))
    assert matter in listed(org, mine)
    assert matter not in listed(org, other)
    assert org.service.runner.run(read_matter(db, ref, other, matter)) is None
    assert org.service.runner.run(read_matter(db, ref, Caller("t", frozenset(), ()), matter)) is None
    for command, arguments in (
        (renamed, (matter, None, "Tên khác")),
        (start_tracking, (matter, "central", MAY, "enforcing")),
        (change_tracking, (matter, None, "central", TrackingChange(until=JUNE))),
    ):
        with pytest.raises(NotFound):
            org.run(command, *arguments, caller=other)
    with pytest.raises(Invalid):
        org.run(create_matter, "VA-X", "Vụ án", province.id, caller=other)


def test_pages_follow_each_other(org: Organisation) -> None:
    top = org.province()
    units = [top, org.unit(top.id), org.unit(top.id)]
    made = [new_matter(org, unit) for unit in (*units, *units)]
    ref, db = org.service.reference.current, org.service.db
    paged: list[tuple[object, ...]] = []
    while page := org.service.runner.run(
        list_matters(db, ref, NATION, MatterFilter(unit=top.id), (paged[-1][3], paged[-1][1]) if paged else None, 4)
    ):
        paged += page
    assert sorted(str(row[0]) for row in paged) == sorted(made)
    assert [row[3] for row in paged] == sorted(unit.path for unit in (*units, *units))


def test_codes_are_never_given_twice(org: Organisation, province: Unit, matter: str) -> None:
    ((code,),) = org.rows("SELECT code FROM matter WHERE id = %s", matter)
    with pytest.raises(Conflict):
        org.run(create_matter, code, "Vụ án khác", province.id)


def test_a_change_meant_for_another_version_is_refused(org: Organisation, matter: str) -> None:
    org.run(renamed, matter, 1, "Vụ án Sông Hồng")
    with pytest.raises(PreconditionFailed):
        org.run(renamed, matter, 1, "Vụ án Sông Đà")
    org.run(start_tracking, matter, "central", MAY, "not_accepted")
    with pytest.raises(PreconditionFailed):
        org.run(change_tracking, matter, 2, "central", TrackingChange(until=JUNE))


def test_what_is_not_tracked_cannot_change_its_state(org: Organisation, matter: str) -> None:
    with pytest.raises(NotFound):
        org.run(change_tracking, matter, None, "central", TrackingChange("enforcing", MAY))
