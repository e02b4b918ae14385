"""The register itself: who is on it once, what the trail keeps, who may change it."""

from datetime import date

import pytest

from app.errors import Conflict, Invalid, NotFound, PreconditionFailed
from app.services.access import Caller
from app.services.reference import Officer
from app.services.relatives.commands import end, register
from tests.builders import Service
from tests.services.organisation import Organisation
from tests.services.relatives.test_conflicts import relative

NUMBER = "025090777777"


@pytest.fixture(scope="module")
def org(service: Service) -> Organisation:
    return Organisation(service)


@pytest.fixture
def officer(org: Organisation) -> Officer:
    return org.officer(org.province().id)


def test_the_trail_tells_who_changed_the_register_but_not_who_is_on_it(org: Organisation, officer: Officer) -> None:
    made = org.run(register, officer.id, relative(NUMBER))
    org.run(end, officer.id, made.id, 1, date(2026, 1, 1))
    trail = org.rows(
        "SELECT action, unit_id, before::text, after::text FROM audit_record WHERE subject_id = %s ORDER BY id", made.id
    )
    assert [(action, unit_id) for action, unit_id, *_ in trail] == [
        ("registered", officer.postings[0].unit_id),
        ("ended", officer.postings[0].unit_id),
    ]
    assert not [word for word in ("spouse", "Nguyễn", NUMBER) if word in str(trail)]
    versions = org.rows("SELECT version FROM change_record WHERE subject_id = %s ORDER BY id", made.id)
    assert versions == [(1,), (2,)]


def test_nobody_is_registered_twice_at_a_time(org: Organisation, officer: Officer) -> None:
    made = org.run(register, officer.id, relative(NUMBER))
    with pytest.raises(Conflict, match="register already"):
        org.run(register, officer.id, relative(NUMBER, relation="sibling"))
    org.run(end, officer.id, made.id, 1, date(2026, 1, 1))
    again = org.run(register, officer.id, relative(NUMBER, since=date(2026, 2, 1)))
    assert again.id != made.id
    with pytest.raises(Conflict, match="register already"):
        org.run(end, officer.id, made.id, 2, None)


def test_days_must_be_in_order(org: Organisation, officer: Officer) -> None:
    with pytest.raises(Invalid) as refused:
        org.run(register, officer.id, relative(NUMBER, until=date(2019, 12, 31)))
    assert refused.value.faults[0].pointer == "/until"
    made = org.run(register, officer.id, relative(NUMBER))
    with pytest.raises(Invalid):
        org.run(end, officer.id, made.id, 1, date(2019, 12, 31))
    with pytest.raises(PreconditionFailed):
        org.run(end, officer.id, made.id, 2, date(2026, 1, 1))


def test_only_who_may_change_the_officer_changes_the_register(org: Organisation, officer: Officer) -> None:
    stranger = Caller("tests", frozenset(), (org.province().path,))
    made = org.run(register, officer.id, relative(NUMBER))
    other = org.officer(org.province().id)
    for call in ((register, officer.id, relative("1")), (end, officer.id, made.id, 1, date(2026, 1, 1))):
        with pytest.raises(NotFound):
            org.run(*call, caller=stranger)
    with pytest.raises(NotFound):
        org.run(end, other.id, made.id, 1, date(2026, 1, 1))
