"""What becomes of events that are pushed at once: as of the same events pushed one by one, whatever they are."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy import event as listening

from app.services.books.rules import Event
from app.services.cases.entries import Posting
from app.services.cases.rules import NewParty
from app.services.sync.event_commands import EventOptions
from app.services.sync.event_rules import MOST_OF_CASE, PushedEvent
from app.services.sync.rules import Pushed
from tests.builders import Service, colleague
from tests.services.sync.desk import DAY, Desk

AMOUNT = 1_000


@pytest.fixture
def desk(service: Service) -> Desk:
    return Desk.new(service)


def paid(case: str, event_id: str, amount: int = 100, later: int = 1) -> PushedEvent:
    """Money collected."""
    return PushedEvent(case, event_id, Posting(Event("collected", DAY + timedelta(later), amount=amount)))


def happened(case: str, event_id: str, name: str, later: int = 1, **members: Any) -> PushedEvent:
    return PushedEvent(case, event_id, Posting(Event(name, DAY + timedelta(later), **members)))


def with_cases(desk: Desk, *ids: str) -> Desk:
    assert set(desk.push(*(Pushed(external_id, 1, desk.case("a", AMOUNT)) for external_id in ids))) == {"created"}
    return desk


def test_the_same_batch_twice_changes_nothing(desk: Desk) -> None:
    ids = [f"e{n:02}" for n in range(20)]
    with_cases(desk, *ids)
    before = desk.trail()
    batch = [paid(case, f"t{n}", 10) for case in ids for n in range(3)]
    assert desk.book(*batch) == ["created"] * 60
    after = desk.trail()
    assert after == (before[0] + 60, before[1] + 60, before[2] + 60)
    books = desk.books()
    assert desk.book(*batch) == ["unchanged"] * 60
    assert (desk.trail(), desk.books()) == (after, books)
    assert desk.differences() == []


def test_those_of_one_case_go_in_their_order_and_a_failed_one_is_as_if_it_had_not_been_there(desk: Desk) -> None:
    with_cases(desk, "a", "b")
    batch = [
        happened("a", "t1", "conditions_lost"),
        paid("b", "t1", AMOUNT + 1),
        happened("a", "t2", "completed"),
        happened("a", "t3", "conditions_found", 2),
        paid("b", "t2", AMOUNT),
        paid("a", "t4", later=0),
        happened("a", "t5", "completed", 3),
        paid("unknown", "t1"),
    ]
    said = ["created", "conflict", "invalid-transition", "created", "created", "conflict", "created", "not-found"]
    assert desk.book(*batch) == said
    numbers = [(row[0], row[1], row[3], row[-1]) for row in desk.books()]
    assert numbers == [
        ("a", 1, "accepted", None), ("a", 2, "conditions_lost", "t1"), ("a", 3, "conditions_found", "t3"),
        ("a", 4, "completed", "t5"), ("b", 1, "accepted", None), ("b", 2, "collected", "t2"),
    ]  # fmt: skip
    assert desk.differences() == []


def test_an_id_that_is_there_twice_is_judged_as_if_it_came_again(desk: Desk) -> None:
    with_cases(desk, "a")
    first, other, wrong = paid("a", "t"), paid("a", "t", 200), paid("a", "u", AMOUNT + 1)
    assert desk.book(first, first, other, wrong, paid("a", "u", 5)) == [
        "created", "unchanged", "event-reused", "conflict", "created",
    ]  # fmt: skip


def test_a_reversal_is_the_same_on_another_day(desk: Desk) -> None:
    with_cases(desk, "a")
    undo, tomorrow = (PushedEvent("a", "u", Posting(Event("reversed", day))) for day in (DAY, DAY + timedelta(1)))
    assert desk.book(paid("a", "t"), undo) == ["created", "created"]
    assert desk.book(tomorrow) == ["unchanged"]


def test_all_or_none_and_as_if(desk: Desk) -> None:
    with_cases(desk, "a", "b")
    before = (desk.books(), desk.trail())
    good, later, bad = paid("a", "t1"), happened("a", "t2", "completed", 2), paid("b", "t1", AMOUNT + 1)
    assert desk.book(good, later, dry_run=True) == ["created", "created"]
    (result,) = desk.service.runner.run(desk.booking([good], EventOptions(dry_run=True)))
    assert (result.case_id is not None, result.event_no) == (True, None)
    assert desk.book(good, later, bad, atomic=True) == ["not-applied", "not-applied", "conflict"]
    assert (desk.books(), desk.trail()) == before
    assert desk.book(good, later, atomic=True) == ["created", "created"]
    assert desk.book(good, bad, atomic=True) == ["unchanged", "conflict"]
    assert desk.differences() == []


def test_more_of_one_case_than_are_taken_at_once(desk: Desk) -> None:
    with_cases(desk, "a")
    batch = [paid("a", f"t{n}", 1) for n in range(MOST_OF_CASE + 2)]
    assert desk.book(*batch) == ["created"] * MOST_OF_CASE + ["too-many-of-case"] * 2
    assert desk.book(*batch) == ["unchanged"] * MOST_OF_CASE + ["created"] * 2


def test_nobody_gets_the_case_of_a_relative(desk: Desk) -> None:
    """Neither by a batch, which books the others: the conflict is found when their states are known to be good."""
    number, other = "025090001388", desk.service.runner.run(colleague(desk.service, desk.office))
    desk.run(
        """INSERT INTO officer_relative (officer_id, relation, name, masked_name, id_number, since)
        VALUES (CAST(:officer AS uuid), 'sibling', 'x', 'x', :number, '2020-01-01')""",
        officer=other,
        number=number,
    )
    with_cases(desk, "a", "b")
    debtor = NewParty("debtor", "individual", "X", id_number=number)
    desk.push(Pushed("c", 1, desk.case("a", AMOUNT, parties=[debtor])))
    batch = [happened(case, "t", "officer_changed", to_officer_id=other) for case in "abc"]
    batch += [paid("c", "u"), paid("a", "v", AMOUNT + 1)]
    assert desk.book(*batch) == ["created", "created", "conflict-of-interest", "created", "conflict"]
    assert desk.differences() == []


def test_cases_of_others_are_not_found(service: Service) -> None:
    first, second = Desk.new(service), Desk.new(service)
    with_cases(first, "a")
    assert second.book(paid("a", "t")) == ["not-found"]
    with_cases(second, "a")
    assert second.book(paid("a", "t")) == ["created"]
    assert first.book(paid("a", "t")) == ["created"]


@pytest.mark.parametrize("order", [1, -1])
def test_batches_at_the_same_time_wait_for_each_other(desk: Desk, order: int) -> None:
    """The same twice, in the same and in the opposite order: each event once, no deadlock."""
    ids = [f"e{n:03}" for n in range(100)]
    with_cases(desk, *ids)
    batch = [paid(case, "t") for case in ids]

    async def both() -> list[list[Any]]:
        return list(await asyncio.gather(desk.booking(batch), desk.booking(batch[::order])))

    outcomes = [sorted({result.outcome for result in results}) for results in desk.service.runner.run(both())]
    assert sorted(outcomes) == [["created"], ["unchanged"]]
    assert len(desk.books()) == 200
    assert desk.differences() == []


def test_statements_do_not_grow_with_the_cases(desk: Desk) -> None:
    ids = [f"e{n:03}" for n in range(60)]
    with_cases(desk, *ids)
    few = _statements(desk, [paid(case, "t1") for case in ids[:2]])
    many = _statements(desk, [paid(case, "t1") for case in ids[2:]])
    assert many == few
    two_rounds = _statements(desk, [paid(case, event) for case in ids for event in ("t2", "t3")])
    assert two_rounds < 2 * few


def _statements(desk: Desk, batch: Sequence[PushedEvent]) -> int:
    """How many statements booking it takes."""
    return len(_executed(lambda: _all_created(desk.book(*batch))))


def _all_created(said: Sequence[str]) -> None:
    assert set(said) == {"created"}


def _executed(work: Callable[[], None]) -> list[str]:
    """The statements of changes that this makes."""
    heard: list[str] = []

    def hear(*about: Any) -> None:
        heard.append(about[2])

    listening.listen(Engine, "before_cursor_execute", hear)
    try:
        work()
    finally:
        listening.remove(Engine, "before_cursor_execute", hear)
    return heard


def test_few_accounts_are_booked_by_a_statement_that_names_no_others(desk: Desk) -> None:
    """And many by one that names all; both keep every rollup."""
    of_one = ("conditions_lost", "deferred", "suspended", "deferred_by_agreement", "moved_to_other", "completed",
              "terminated", "withdrawn")  # fmt: skip
    with_cases(desk, *of_one)
    with_cases(other := Desk.new(desk.service), *of_one)
    batch = [happened(name, "t", name) for name in of_one]
    (mixed,) = _bookings(lambda: _all_created(desk.book(*batch)))
    alone = _bookings(lambda: _all_created([other.book_alone(item) for item in batch]))
    assert "cases_pulled_up" in mixed
    assert len(set(alone)) == len(of_one)
    assert not any("cases_pulled_up" in statement for statement in alone)
    assert _kept(desk) == _kept(other)
    assert desk.differences() == []


def _kept(desk: Desk) -> list[Any]:
    """What the rollup of months says of the office."""
    sql = "SELECT to_jsonb(r) - 'unit_id' FROM rollup_unit_month_cut r WHERE unit_id = %s::uuid"
    return desk.rows(sql, desk.office.unit_id)


def _bookings(work: Callable[[], None]) -> list[str]:
    return [statement for statement in _executed(work) if "INSERT INTO entry" in statement]


NAMES = (
    "conditions_lost",
    "conditions_found",
    "deferred",
    "continued",
    "completed",
    "reversed",
    "to_separate_register",
)
EVENTS = st.one_of(
    st.tuples(st.sampled_from(("collected", "reduced", "amount_raised")), st.sampled_from((1, 300, 600, 5_000))),
    st.tuples(st.sampled_from(NAMES), st.none()),
)
ITEMS = st.tuples(st.sampled_from("pqrx"), st.sampled_from(("t1", "t2", "t3", "t4", "t5")), EVENTS, st.integers(0, 4))
BATCHES = st.lists(st.lists(ITEMS, min_size=1, max_size=12), min_size=1, max_size=3)


def _item(case: str, event_id: str, what: tuple[str, int | None], later: int) -> PushedEvent:
    name, amount = what
    # the last day lies in the future
    day = date(2100, 1, 1) if later == 4 else DAY + timedelta(10 * later)
    return PushedEvent(case, event_id, Posting(Event(name, day, amount=amount), document_no=f"{later}/QĐ"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_any_batches_come_to_what_events_pushed_alone_come_to(service: Service, batches: list[Any]) -> None:
    together, alone = (with_cases(Desk.new(service), *"pqr") for _ in range(2))
    for batch in batches:
        items = [_item(*parts) for parts in batch]
        assert together.book(*items) == [alone.book_alone(item) for item in items]
    assert together.books() == alone.books()
    assert together.trail() == alone.trail()
    assert together.differences() == []
