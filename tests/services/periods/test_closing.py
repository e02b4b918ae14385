"""Closing while others book: every entry is in the frozen figures or in a later month, and none is lost."""

import asyncio
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any, Final

import psycopg
import pytest

from app.db import allowing
from app.services.access import Actor, Caller
from app.services.books.queries import verify
from app.services.books.rules import Event
from app.services.cases import commands as cases
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.periods import commands, rules
from app.services.periods.report_queries import COLUMNS, freezing_statement
from app.services.statistics.rules import Period
from app.services.work import Work
from tests.builders import Service, offices
from tests.conftest import new_database

NATION: Final = Caller("tests", frozenset(), ("vn.",))
PERIOD: Final = Period.of_months(2025, 4)
WRITERS, EACH, ROUNDS = 6, 12, 4


def work_of(service: Service, session: Any) -> Work:
    return Work(session, service.reference.current, NATION, Actor("tests"))


async def writer(service: Service, case_id: str) -> None:
    """Collects one dong after the other on days of January 2025, whatever is closed meanwhile."""
    for number in range(EACH):
        event = Event("collected", date(2025, 1, 2) + timedelta(days=number), amount=1)

        async def book(session: Any, event: Event = event) -> None:
            await cases.book_event(work_of(service, session), case_id, None, cases.Posting(event))

        await service.db.write(book)


async def closer(service: Service, seed: int) -> None:
    """Closes January somewhere in the middle."""
    await asyncio.sleep(Random(seed).random() * 0.4)

    async def close(session: Any) -> None:
        await commands.close(work_of(service, session), PERIOD, None)

    await service.db.write(close)


async def accepted(service: Service, session: Any, office: Any) -> str:
    new = NewCase(
        "1/HS", "1/QĐ", date(2024, 12, 2), date(2024, 12, 2), office.unit_id, office.officer_id, "civil", "on_request",
        [NewObligation("money_party", 1_000, "Trả nợ")], [NewParty("debtor", "individual", "Nguyễn Văn An")],
    )  # fmt: skip
    return await cases.create_case(work_of(service, session), new)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_entry_is_frozen_or_later(cluster: str, seed: int) -> None:
    with new_database(cluster) as url:
        service = Service.over(url)
        run = service.runner.run
        made = run(offices(service, 2))
        ids = [run(service.db.write(partial(accepted, service, office=made[n % 2]))) for n in range(WRITERS)]

        async def race() -> None:
            await asyncio.gather(closer(service, seed), *(writer(service, case_id) for case_id in ids))

        run(race())
        frozen = run(service.db.write(lambda session: commands.freeze(work_of(service, session), PERIOD, "tests")))
        completed = "SELECT (sum(money_completed))::bigint FROM"
        ((stored,),) = run(service.db.fetch(f"{completed} report_line"))
        ((of_officers,),) = run(service.db.fetch(f"{completed} report_officer_line"))
        sql = """
            SELECT count(*) FILTER (WHERE booked_on < '2025-02-01'), count(*) FILTER (WHERE booked_on = '2025-02-01'),
                count(*) FROM entry WHERE event = 'collected'"""
        ((within, later, total),) = run(service.db.fetch(sql))
        assert frozen.version == 1
        assert within + later == total == WRITERS * EACH
        assert (stored or 0) == (of_officers or 0) == within
        assert run(verify(service.db)) == []
        service.close()


@pytest.mark.parametrize("closing_first", [True, False])
def test_who_closes_and_who_books_wait_for_each_other(cluster: str, closing_first: bool) -> None:
    """One of them has done its work and not committed yet when the other one comes."""
    with new_database(cluster) as url:
        service = Service.over(url)
        (office,) = service.runner.run(offices(service, 1))
        case_id = service.runner.run(service.db.write(partial(accepted, service, office=office)))

        async def close(session: Any) -> None:
            await commands.close(work_of(service, session), PERIOD, None)

        async def book(session: Any) -> None:
            event = Event("collected", date(2025, 1, 2), amount=1)
            await cases.book_event(work_of(service, session), case_id, None, cases.Posting(event))

        async def race() -> None:
            done, may_end = asyncio.Event(), asyncio.Event()
            first, second = (close, book) if closing_first else (book, close)

            async def held(session: Any) -> None:
                await first(session)
                done.set()
                await may_end.wait()

            one = asyncio.create_task(service.db.write(held))
            await done.wait()
            other = asyncio.create_task(service.db.write(second))
            await asyncio.sleep(0.3)
            assert not other.done()
            may_end.set()
            await asyncio.gather(one, other)

        service.runner.run(race())
        sql = "SELECT effective_on, booked_on FROM entry WHERE event = 'collected'"
        counted = "2025-02-01" if closing_first else "2025-01-02"
        assert service.runner.run(service.db.fetch(sql)) == [("2025-01-02", counted)]
        service.close()


def test_the_lines_are_stored_by_one_statement(service: Service) -> None:
    regime = service.reference.current.regime(PERIOD.last)
    statement = freezing_statement(regime)
    assert statement.count("INSERT INTO") == 3  # lines, those of officers, and the report
    assert ";" not in statement
    assert all(column in statement for column in COLUMNS)


def test_months_and_periods() -> None:
    for months in range(1, 13):
        period = Period.of_months(2026, months)
        assert rules.period_of(rules.month_of(period)) == period
    assert rules.previous(date(2026, 1, 1)) == date(2025, 12, 1)
    assert rules.previous(date(2025, 12, 1)) == date(2025, 11, 1)


def test_what_may_take_longer_than_a_request_may_do_so(cluster: str) -> None:
    """A transaction that began with a shorter time has the longer one from then on, and ends with it, too."""
    with (
        new_database(cluster) as url,
        closing(psycopg.connect(url, options="-c transaction_timeout=200")) as connection,
    ):
        connection.execute(allowing(1).encode())
        connection.execute("SELECT pg_sleep(0.5)")
        with pytest.raises(psycopg.errors.TransactionTimeout):
            connection.execute("SELECT pg_sleep(1)")
