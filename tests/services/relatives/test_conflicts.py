"""An officer never gets a relative's case: not new, not handed over, not by its parties, not by a reversal."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import ConflictOfInterest
from app.services.access import Actor
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, change_case, create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.reference import Officer
from app.services.relatives.commands import Registered, end, register
from app.services.relatives.rules import NewRelative
from app.services.work import Work
from tests.builders import Service
from tests.services.organisation import NATION, Organisation

DAY: Final = date(2025, 3, 3)
ROUNDS: Final = 12
_numbers: Final[Iterator[int]] = count(25_090_000_001)


@pytest.fixture(scope="module")
def org(service: Service) -> Organisation:
    return Organisation(service)


@pytest.fixture
def officer(org: Organisation) -> Officer:
    return org.officer(org.province().id)


@pytest.fixture
def colleague(org: Organisation, officer: Officer) -> Officer:
    return org.officer(officer.postings[0].unit_id)


@pytest.fixture
def number() -> str:
    """The identity number of somebody nobody has heard of."""
    return f"0{next(_numbers)}"


def relative(number: str, **values: Any) -> NewRelative:
    """Somebody's husband since 2020."""
    new = NewRelative("spouse", "Nguyễn Văn An", number, date(2020, 1, 1))
    return replace(new, **values)


def party(number: str | None, **values: Any) -> NewParty:
    """The same as a party; the number is written as people write it."""
    written = number and f"{number[:3]} {number[3:]}"
    return NewParty(**{"role": "debtor", "kind": "individual", "name": "Nguyễn Văn An", "id_number": written, **values})


def new_case(officer: Officer, *parties: NewParty, day: date = DAY) -> NewCase:
    """A case of the officer."""
    return NewCase(
        file_no="1/HS",
        decision_no="1/QĐ-CCTHADS",
        decision_date=DAY,
        accepted_on=day,
        unit_id=officer.postings[0].unit_id,
        officer_id=officer.id,
        kind="civil",
        initiation="on_request",
        obligations=[NewObligation("money_party", 1000, "Trả nợ")],
        parties=parties,
    )


def given_to(officer: Officer, day: date = DAY) -> Posting:
    """An officer of the same unit takes over."""
    return Posting(Event("officer_changed", day, to_officer_id=officer.id))


def handed_to(officer: Officer) -> Posting:
    """An officer of another unit takes over."""
    return Posting(Event("handed_over", DAY, to_unit_id=officer.postings[0].unit_id, to_officer_id=officer.id))


def refused(org: Organisation, *call: Any, **more: Any) -> ConflictOfInterest:
    """The conflict a command ends in."""
    with pytest.raises(ConflictOfInterest) as caught:
        org.run(*call, **more)
    return caught.value


@pytest.mark.parametrize("role", ["creditor", "debtor", "related"])
def test_a_relatives_case_is_not_taken_in(org: Organisation, officer: Officer, number: str, role: str) -> None:
    org.run(register, officer.id, relative(number))
    other = party(f"0{next(_numbers)}")
    said = refused(org, create_case, new_case(officer, other, party(number, role=role)))
    assert (said.status, said.code, said.extra) == (409, "conflict-of-interest", {})
    assert org.run(create_case, new_case(officer, other))
    assert org.rows("SELECT count(*) FROM party WHERE id_number = %s", number) == [(0,)]


def test_the_officer_too_is_somebody(org: Organisation, officer: Officer, number: str) -> None:
    org.run(register, officer.id, relative(number, relation="self"))
    refused(org, create_case, new_case(officer, party(number)))


def test_only_who_may_see_personal_data_is_told_the_relation(org: Organisation, officer: Officer, number: str) -> None:
    org.run(register, officer.id, relative(number))
    call = (create_case, new_case(officer, party(number)))
    trusted = replace(NATION, scopes=frozenset({"cases:read.pii"}))
    for caller, extra in ((NATION, {}), (trusted, {"relation": "spouse"})):
        said = refused(org, *call, caller=caller)
        assert said.extra == extra
        assert not {"spouse", number, "An"} & set(str(said.detail).split())


def test_a_relatives_case_is_not_handed_over(
    org: Organisation, officer: Officer, colleague: Officer, number: str
) -> None:
    elsewhere = org.officer(org.province().id)
    for taken in (colleague, elsewhere):
        org.run(register, taken.id, relative(number))
    case_id = org.run(create_case, new_case(officer, party(number)))
    refused(org, book_event, case_id, None, given_to(colleague))
    refused(org, book_event, case_id, None, handed_to(elsewhere))
    assert org.rows("SELECT officer_id, last_event_no FROM enforcement_case WHERE id = %s", case_id) == [
        (officer.id, 1)
    ]


def test_a_reversal_does_not_bring_a_relatives_case_back(
    org: Organisation, officer: Officer, colleague: Officer, number: str
) -> None:
    case_id = org.run(create_case, new_case(officer, party(number)))
    org.run(book_event, case_id, None, given_to(colleague))
    assert org.run(register, officer.id, relative(number)).open_cases == 0
    org.run(book_event, case_id, None, Posting(Event("conditions_lost", DAY)))
    undo = Posting(Event("reversed", DAY))
    org.run(book_event, case_id, None, undo)
    refused(org, book_event, case_id, None, undo)


def test_a_relative_is_not_put_among_the_parties(org: Organisation, officer: Officer, number: str) -> None:
    org.run(register, officer.id, relative(number))
    case_id = org.run(create_case, new_case(officer, party(None)))
    refused(org, change_case, case_id, None, {"parties": [party(number)]})
    assert org.run(change_case, case_id, None, {"parties": [party(None, name="Nguyễn Văn Bình")]}) == 2


def test_what_an_officer_has_already_stays_until_it_is_handed_over(
    org: Organisation, officer: Officer, colleague: Officer, number: str
) -> None:
    mine = [org.run(create_case, new_case(officer, party(number), party(number, role="related"))) for _ in range(3)]
    org.run(create_case, new_case(colleague, party(number)))
    org.run(create_case, new_case(officer, party(None)))
    org.run(create_case, new_case(officer, party(None, name="Nguyễn Văn Ân Điển")))
    org.run(book_event, mine[0], None, Posting(Event("completed", DAY)))
    made = org.run(register, officer.id, relative(number))
    assert (made.open_cases, made.same_name_cases) == (2, 1)
    org.run(book_event, mine[1], None, Posting(Event("collected", DAY, amount=1)))
    org.run(book_event, mine[1], None, given_to(colleague))
    refused(org, book_event, mine[1], None, given_to(officer))


@pytest.mark.parametrize(
    ("since", "until", "day", "held"),
    [
        (date(2020, 1, 1), DAY, DAY, False),
        (date(2020, 1, 1), DAY + timedelta(1), DAY, True),
        (date(2020, 1, 1), date(2020, 1, 1), date(2020, 1, 1), False),
        (DAY + timedelta(1), None, DAY, True),
        (today() + timedelta(1), None, DAY, False),
        (today(), today(), today(), False),
        (today(), None, today(), True),
    ],
)
def test_an_entry_counts_on_the_days_the_officer_would_have_the_case(
    org: Organisation, officer: Officer, number: str, since: date, until: date | None, day: date, held: bool
) -> None:
    org.run(register, officer.id, relative(number, since=since, until=until))
    call = (create_case, new_case(officer, party(number), day=max(day, DAY)))
    if held:
        refused(org, *call)
    else:
        assert org.run(*call)


def test_an_entry_that_ended_holds_no_longer(org: Organisation, officer: Officer, number: str) -> None:
    made = org.run(register, officer.id, relative(number))
    call = (create_case, new_case(officer, party(number), day=today()))
    refused(org, *call)
    org.run(end, officer.id, made.id, 1, today())
    assert org.run(*call)
    org.run(end, officer.id, made.id, 2, None)
    refused(org, *call)


async def _paused(
    org: Organisation, first: Callable[[Work], Awaitable[Any]], second: Callable[[Work], Awaitable[Any]]
) -> tuple[Any, Any]:
    """What two commands give when the first has done its work, but not committed, as the second begins."""
    ref, done = org.service.reference.current, asyncio.Event()

    async def slow(session: AsyncSession) -> Any:
        result = await first(Work(session, ref, NATION, Actor("tests")))
        done.set()
        await asyncio.sleep(0.3)
        return result

    async def late() -> Any:
        await done.wait()
        return await org.service.db.write(lambda session: second(Work(session, ref, NATION, Actor("tests"))))

    return await asyncio.gather(org.service.db.write(slow), late(), return_exceptions=True)


def test_a_case_that_comes_while_its_relative_is_registered(org: Organisation, officer: Officer, number: str) -> None:
    registered, taken = org.service.runner.run(
        _paused(
            org,
            lambda work: register(work, officer.id, relative(number)),
            lambda work: create_case(work, new_case(officer, party(number))),
        )
    )
    assert registered.open_cases == 0
    assert isinstance(taken, ConflictOfInterest)


def test_a_relative_who_is_registered_while_the_case_comes(org: Organisation, officer: Officer, number: str) -> None:
    taken, registered = org.service.runner.run(
        _paused(
            org,
            lambda work: create_case(work, new_case(officer, party(number))),
            lambda work: register(work, officer.id, relative(number)),
        )
    )
    assert isinstance(taken, str)
    assert registered.open_cases == 1


def test_at_the_same_moment_one_of_both_knows_of_the_other(
    org: Organisation, officer: Officer, colleague: Officer
) -> None:
    """New cases, takeovers and parties put in, each against a registration: never is a relative's case overlooked."""
    for _ in range(ROUNDS):
        number = f"0{next(_numbers)}"
        moved = org.run(create_case, new_case(colleague, party(number)))
        other = org.run(create_case, new_case(officer, party(None)))
        made, *given = org.together(
            (register, officer.id, relative(number)),
            (create_case, new_case(officer, party(number))),
            (book_event, moved, None, given_to(officer)),
            (change_case, other, None, {"parties": [party(number)]}),
        )
        assert isinstance(made, Registered)
        let_in = [result for result in given if not isinstance(result, ConflictOfInterest)]
        assert not [result for result in let_in if isinstance(result, Exception)]
        assert made.open_cases == len(let_in)
