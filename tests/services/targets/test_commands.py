"""Assigning and amending targets: versions, walls, trail, and writers at the same time."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.errors import Conflict, Invalid, NotFound, PreconditionFailed
from app.services.access import Actor, Caller
from app.services.targets import commands, queries
from app.services.targets.queries import TargetFilter
from app.services.targets.rules import Amendment, NewTarget
from app.services.work import Work
from tests.builders import Office, Service, offices

DECIDED = date(2025, 11, 5)
NEW = NewTarget(2026, "cases_rate", 8390, "15/QĐ-CTHADS", DECIDED, "Nguyễn Văn Lực", DECIDED)
AMENDMENT = Amendment(8450, "20/QĐ-CTHADS", date(2026, 4, 1), "Nguyễn Văn Lực", date(2026, 4, 1))


@pytest.fixture
def office(service: Service) -> Office:
    """An office nobody has given a target yet."""
    made: list[Office] = service.runner.run(offices(service, 1))
    return made[0]


def caller(office: Office) -> Caller:
    return Caller("partner", frozenset(), (office.path,))


async def change(service: Service, who: Caller, command: Any, *arguments: Any) -> Any:
    actor = Actor(who.client_id, reason="Theo kế hoạch năm")
    ref = service.reference.current
    return await service.db.write(lambda session: command(Work(session, ref, who, actor), *arguments))


def run(service: Service, who: Caller, command: Any, *arguments: Any) -> Any:
    return service.runner.run(change(service, who, command, *arguments))


def listed(service: Service, who: Caller, **wanted: Any) -> list[tuple[Any, ...]]:
    """Version, rate and whether it is in force, of the targets seen."""
    scope = service.reference.current.scope(who, None)
    rows = service.runner.run(queries.list_targets(service.db, scope, TargetFilter(**wanted), None, 50))
    return [(row[5], row[6], row[12]) for row in rows]


def test_every_version_stays(service: Service, office: Office) -> None:
    who = caller(office)
    first = run(service, who, commands.assign, replace(NEW, unit_id=office.unit_id))
    second = run(service, who, commands.amend, first, 1, AMENDMENT)
    run(service, who, commands.amend, first, 2, replace(AMENDMENT, rate_bp=8500))
    assert second != first
    assert listed(service, who) == [(1, 8390, False), (2, 8450, False), (3, 8500, True)]
    assert listed(service, who, current=True) == [(3, 8500, True)]
    assert listed(service, who, current=False) == [(1, 8390, False), (2, 8450, False)]
    assert listed(service, who, fiscal_year=2025) == []
    assert listed(service, who, indicator="money_rate") == []
    versions = [
        service.reference.current.target(office.unit_id, 2026, "cases_rate", d) for d in (DECIDED, date(2026, 4, 1))
    ]
    assert [version and version.value for version in versions] == [8390, 8500]


def test_a_version_to_come_is_not_in_force(service: Service, office: Office) -> None:
    who = caller(office)
    new = replace(
        NEW, unit_id=office.unit_id, fiscal_year=2027, decision_date=date(2026, 11, 2), effective_on=date(2027, 9, 1)
    )
    run(service, who, commands.assign, new)
    assert listed(service, who) == [(1, 8390, False)]
    assert listed(service, who, current=True) == []


def test_a_second_target_is_refused(service: Service, office: Office) -> None:
    run(service, caller(office), commands.assign, replace(NEW, unit_id=office.unit_id))
    with pytest.raises(Conflict):
        run(service, caller(office), commands.assign, replace(NEW, unit_id=office.unit_id))
    run(service, caller(office), commands.assign, replace(NEW, unit_id=office.unit_id, indicator="money_rate"))
    run(service, caller(office), commands.assign, replace(NEW, officer_id=office.officer_id))


def test_amendments_need_the_newest_version(service: Service, office: Office) -> None:
    who = caller(office)
    first = run(service, who, commands.assign, replace(NEW, officer_id=office.officer_id))
    second = run(service, who, commands.amend, first, None, AMENDMENT)
    for expected in (1, 3):
        with pytest.raises(PreconditionFailed):
            run(service, who, commands.amend, second, expected, AMENDMENT)
    with pytest.raises(Invalid) as refused:
        run(service, who, commands.amend, second, 2, replace(AMENDMENT, effective_on=date(2026, 3, 31)))
    assert refused.value.faults[0].pointer == "/effective_on"
    assert listed(service, who, officer_id=office.officer_id) == [(1, 8390, False), (2, 8450, True)]


def test_walls(service: Service, office: Office) -> None:
    foreign: Office = service.runner.run(offices(service, 1))[0]
    target = run(service, caller(office), commands.assign, replace(NEW, unit_id=office.unit_id))
    personal = run(service, caller(office), commands.assign, replace(NEW, officer_id=office.officer_id))
    who = caller(foreign)
    for new in (
        replace(NEW, unit_id=office.unit_id),
        replace(NEW, officer_id=office.officer_id),
        replace(NEW, unit_id="none"),
        replace(NEW, officer_id="none"),
    ):
        with pytest.raises(Invalid) as refused:
            run(service, who, commands.assign, new)
        assert refused.value.faults[0].code == "unknown-reference"
    for known in (target, personal, "00000000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            run(service, who, commands.amend, known, 1, AMENDMENT)
        scope = service.reference.current.scope(who, None)
        assert service.runner.run(queries.read_target(service.db, scope, known)) is None
    assert listed(service, who) == []
    assert listed(service, Caller("nobody", frozenset(), ())) == []


def test_the_trail_of_a_change(service: Service, office: Office) -> None:
    who = caller(office)
    first = run(service, who, commands.assign, replace(NEW, unit_id=office.unit_id))
    second = run(service, who, commands.amend, first, 1, AMENDMENT)
    sql = """SELECT subject, unit_id, action, client_id, reason, before ->> 'rate_bp', after ->> 'rate_bp'
        FROM audit_record WHERE subject_id = ANY(%s) ORDER BY id"""
    trail = service.runner.run(service.db.fetch(sql, ([first, second],)))
    assert trail == [
        ("target", office.unit_id, "assigned", "partner", "Theo kế hoạch năm", None, "8390"),
        ("target", office.unit_id, "amended", "partner", "Theo kế hoạch năm", "8390", "8450"),
    ]
    sql = "SELECT action, version FROM change_record WHERE subject_id = ANY(%s) ORDER BY id"
    assert service.runner.run(service.db.fetch(sql, ([first, second],))) == [("assigned", 1), ("amended", 2)]


def test_amendments_at_the_same_time(service: Service, office: Office) -> None:
    """Of those that know version 1 only one gets through; those that take any come one after the other."""
    who = caller(office)
    first = run(service, who, commands.assign, replace(NEW, unit_id=office.unit_id))

    async def race(expected: int | None) -> list[Any]:
        attempts = (change(service, who, commands.amend, first, expected, AMENDMENT) for _ in range(5))
        return await asyncio.gather(*attempts, return_exceptions=True)

    ends = service.runner.run(race(1))
    assert sorted(type(end).__name__ for end in ends) == ["PreconditionFailed"] * 4 + ["str"]
    assert [type(end) for end in service.runner.run(race(None))] == [str] * 5
    assert [version for version, *_ in listed(service, who)] == [1, 2, 3, 4, 5, 6, 7]
