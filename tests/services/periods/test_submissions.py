"""Who may send for whom."""

from typing import Any, Final

import pytest

from app.errors import Forbidden
from app.services.access import Actor, Caller, Person
from app.services.periods.submission_commands import NewSubmission, send
from app.services.statistics.rules import Period
from app.services.work import Work
from tests.builders import Service, offices

PERIOD: Final = Period.of_months(2025, 3)


@pytest.mark.parametrize("role", ["officer", "leader"])
def test_an_officer_sends_for_officers_only(service: Service, role: str) -> None:
    (office,) = service.runner.run(offices(service, 1))
    person = Person("tran.hanh", office.unit_id, role)
    caller = Caller("tests", frozenset(), (office.path,), person=person)

    def sent(new: NewSubmission) -> None:
        async def work(session: Any) -> None:
            await send(Work(session, service.reference.current, caller, Actor("tests", person=person)), PERIOD, new)

        service.runner.run(service.db.write(work))

    sent(NewSubmission(office.unit_id, office.officer_id))
    if role == "officer":
        with pytest.raises(Forbidden):
            sent(NewSubmission(office.unit_id))
    else:
        sent(NewSubmission(office.unit_id))
    sql = "SELECT person_id, officer_id IS NULL FROM report_submission WHERE unit_id = %s ORDER BY id"
    expected = [("tran.hanh", False), ("tran.hanh", True)]
    assert service.runner.run(service.db.fetch(sql, (office.unit_id,))) == expected[: 1 if role == "officer" else 2]
