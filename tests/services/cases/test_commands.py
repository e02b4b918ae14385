"""What commands on cases refuse when the map has moved on, and how late events are booked."""

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import Conflict
from app.services.access import Actor, Caller
from app.services.books.rules import Event
from app.services.cases import commands
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.work import Work
from tests.builders import Office, Service, offices

NATION = Caller("tests", frozenset(), ("vn.",))


def committed(service: Service, command: Callable[[Work], Awaitable[Any]]) -> Any:
    """What a command gives, in a transaction of its own."""
    ref = service.reference.current
    return service.runner.run(service.db.write(lambda session: command(Work(session, ref, NATION, Actor("tests")))))


def executed(service: Service, sql: str, **values: object) -> None:
    """A change around the services."""
    service.runner.run(service.db.write(lambda session: session.execute(text(sql), values)))
    service.runner.run(service.reference.reload())


def accepted(service: Service, office: Office, day: date) -> str:
    """A case taken in on a day."""
    duty, debtor = NewObligation("money_party", 1000, "Trả nợ"), NewParty("debtor", "individual", "Nguyễn Văn An")
    new = NewCase("1/HS", "1/QĐ", day, day, office.unit_id, office.officer_id, "civil", "on_request", [duty], [debtor])
    case_id: str = committed(service, partial(commands.create_case, new=new))
    return case_id


def booked(service: Service, case_id: str, event: Event) -> commands.Booked:
    """An event of a case."""
    posting = commands.Posting(event)
    done: commands.Booked = committed(
        service, partial(commands.book_event, case_id=case_id, expected=None, posting=posting)
    )
    return done


def test_an_event_of_a_unit_that_is_gone_cannot_be_reversed(service: Service) -> None:
    (office,) = service.runner.run(offices(service, 1))
    case_id = accepted(service, office, date(2025, 3, 3))
    booked(service, case_id, Event("completed", date(2025, 4, 4)))
    executed(
        service,
        "UPDATE unit SET validity = daterange(lower(validity), '2025-07-01') WHERE id = CAST(:id AS uuid)",
        id=office.unit_id,
    )
    with pytest.raises(Conflict, match="no longer exists"):
        booked(service, case_id, Event("reversed", date(2025, 4, 4)))


def test_a_late_event_counts_in_the_first_open_month_and_keeps_its_day(service: Service) -> None:
    (office,) = service.runner.run(offices(service, 1))
    case_id = accepted(service, office, date(2022, 10, 3))
    closing = (
        "INSERT INTO accounting_period (month, state, changed_at) SELECT m, 'closed', now() FROM unnest(:months) m"
    )
    executed(service, closing, months=[date(2022, 11, 1), date(2022, 12, 1)])
    try:
        booked(service, case_id, Event("collected", date(2022, 11, 20), amount=400))
        sql = "SELECT effective_on, booked_on FROM entry WHERE case_id = %s AND event = 'collected'"
        assert service.runner.run(service.db.fetch(sql, (case_id,))) == [("2022-11-20", "2023-01-01")]
        executed(service, closing, months=[date(2023, month, 1) for month in range(1, 10)])
        with pytest.raises(Conflict, match="fiscal year are closed"):
            booked(service, case_id, Event("collected", date(2022, 12, 20), amount=100))
    finally:
        executed(service, "DELETE FROM accounting_period")
