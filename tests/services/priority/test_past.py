"""Days of the past: after random lives the lists and totals are those of the day, put together from the entries."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import DomainError
from app.models.codes import ACCOUNTS_STOCK, ACCOUNTS_WITH_CONDITIONS
from app.services.access import Actor, Caller
from app.services.books.queries import verify
from app.services.books.rules import ALLOWED_FROM, PARTIAL, Event
from app.services.cases.commands import Posting, book_event, change_case, create_case
from app.services.cases.rules import (
    LINE_ORDER,
    NewCase,
    NewObligation,
    NewParty,
    history_of,
    position_after,
    standing,
)
from app.services.priority.rules import FLAGS, CaseFacts
from app.services.priority.summary_queries import totals
from app.services.priority.views import wanted as asked_for
from app.services.work import Work
from tests.services.priority.book import BILLION, BOTH, NATION, OFFICE, PROVINCE, Book, Known, opened, unit_ids
from tests.services.priority.test_lists import listed

CASES, EVENTS = 70, 9
EVENT_NAMES = sorted({*ALLOWED_FROM, "reversed"} - {"accepted"})
CLOSED = """
    INSERT INTO accounting_period (month, state, changed_at)
    SELECT date_trunc('month', m.day), 'closed', now() FROM (VALUES ('{day}'::date)) m (day) RETURNING month"""
REOPENED = "DELETE FROM accounting_period RETURNING month"
LINES = f"SELECT case_id::text, {LINE_ORDER} FROM entry ORDER BY case_id, event_no, line"


class Lives:
    """Takes cases into the books and lets things happen to them."""

    def __init__(self, book: Book, random: Random) -> None:
        self.book, self.random = book, random
        self.posts = [(p.unit_id, o.id) for o in book.ref.officers.values() for p in o.postings]
        self.matters = [row[0] for row in book.rows("SELECT id::text FROM matter ORDER BY code")]

    def write(self, command: Any, *arguments: Any) -> Any:
        async def work(session: AsyncSession) -> Any:
            return await command(Work(session, self.book.ref, NATION, Actor("lives")), *arguments)

        return self.book.run(self.book.service.db.write(work))

    def live(self) -> None:
        """One case and what happens to it until some day."""
        unit, officer = self.random.choice(self.posts)
        decided = date(2019, 1, 1) + timedelta(days=self.random.randint(0, 2_400))
        amount = self.random.choice([0, 19 * BILLION, 20 * BILLION, 60 * BILLION])
        accepted = decided + timedelta(days=self.random.choice([0, 0, 40]))
        new = NewCase(
            "1/HS", "1/QĐ", decided, accepted, unit, officer, "civil", "on_request",
            [NewObligation("money_party" if amount else "non_monetary", amount, "Trả nợ")],
            [NewParty("debtor", "individual", "Nguyễn Văn An")],
            matter_id=self.random.choice([*self.matters, *[None] * 4]),
        )  # fmt: skip
        case = self.write(create_case, new)
        day = accepted
        for _ in range(self.random.randint(0, EVENTS)):
            day = min(day + timedelta(days=self.random.randint(0, 500)), today())
            if self.random.random() < 0.1:  # counts as something else from now on: no list may show that
                self.write(change_case, case, None, {"kind": self.random.choice(["civil", "family"])})
            if late := self.random.random() < 0.3:  # counts in the next month then, which no list may show
                self.book.rows(CLOSED.format(day=day))
            try:
                self.write(book_event, case, None, Posting(self.event(day)))
            except DomainError:
                continue  # not possible in this state: something else will be
            finally:
                if late:
                    self.book.rows(REOPENED)

    def event(self, day: date) -> Event:
        """Anything that may happen, more often what keeps a case alive."""
        alive = ["conditions_lost", "conditions_found", "handed_over", "collected", "reversed", "to_separate_register"]
        name = self.random.choice([*EVENT_NAMES, *alive * 3])
        unit, officer = self.random.choice(self.posts)
        if name in PARTIAL or name == "amount_raised":
            return Event(name, day, amount=self.random.choice([1, BILLION, 5 * BILLION]))
        if name == "struck_off":
            return Event(name, day, parts={"completed": 19 * BILLION, "entrusted": BILLION})
        if name == "handed_over":
            return Event(name, day, to_unit_id=unit, to_officer_id=officer)
        return Event(name, day, to_officer_id=officer if name == "officer_changed" else None)


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[Book]:
    with opened(cluster) as made:
        lives = Lives(made, Random(5))
        for _ in range(CASES):
            lives.live()
        assert made.run(verify(made.service.db)) == []
        yield made


def stood(book: Book, on: date) -> list[Known]:
    """Every case of the stock of a day as its standing events had left it, in the order of lists."""
    tracking = book.tracking()
    lines: dict[str, list[tuple[Any, ...]]] = {}
    for case_id, *line in book.rows(LINES):
        if line[2] <= on:
            lines.setdefault(case_id, []).append(tuple(line))
    found = []
    for case_id, path, decided, accepted, matter in book.rows(
        "SELECT id::text, unit_path, decision_date, accepted_on, matter_id::text FROM enforcement_case"
    ):
        there = position_after(standing(history_of(lines.get(case_id, []))), accepted)
        if there.account in ACCOUNTS_STOCK:
            conditions = there.account in ACCOUNTS_WITH_CONDITIONS
            facts = CaseFacts(decided, True, conditions, there.amount, there.outstanding, matter)
            found.append(Known(case_id, there.unit_id, path, there.officer_id, facts, tracking.get(matter, ())))
    return sorted(found, key=lambda case: case.key)


DAYS = [
    date(2023, 5, 17), date(2024, 3, 31), date(2024, 11, 15), date(2024, 12, 31), date(2025, 6, 30), date(2025, 7, 1),
    *(today() - timedelta(days=n) for n in (400, 200, 60, 6, 1)),
]  # fmt: skip


def in_wall(case: Known, caller: Caller) -> bool:
    return any(case.path_now.startswith(path) for path in caller.paths)


@pytest.mark.parametrize("on", DAYS, ids=str)
@pytest.mark.parametrize("caller", [NATION, PROVINCE, OFFICE, BOTH], ids=lambda caller: caller.client_id)
def test_a_past_list_is_that_of_the_day(book: Book, caller: Caller, on: date) -> None:
    """Cases flagged then, in the caller's units then, and still the caller's to see."""
    seen = unit_ids(book.ref, caller)
    ids = [
        case.id
        for case in stood(book, on)
        if case.unit_id in seen and in_wall(case, caller) and case.flags(on, book.rules)
    ]
    assert ids
    wanted = book.wanted(caller, on, today=today())
    assert wanted.walks == (caller is NATION and today() - on > timedelta(days=7))
    assert listed(book, wanted) == ids
    assert listed(book, wanted, 3) == ids


def test_the_walk_and_the_entries_find_the_same(book: Book) -> None:
    for days in (1, 90, 700):
        on = today() - timedelta(days=days)
        near = book.wanted(NATION, on, today=on + timedelta(days=1))
        far = book.wanted(NATION, on, today=on + timedelta(days=99))
        assert (near.walks, far.walks) == (False, True)
        assert listed(book, near) == listed(book, far)


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_of_a_past_day(book: Book, flag: str) -> None:
    rules = [rule for rule in book.rules if rule.flag == flag]
    for on in (date(2025, 3, 20), today() - timedelta(days=3)):
        ids = [case.id for case in stood(book, on) if case.flags(on, rules)]
        assert listed(book, book.wanted(NATION, on, today=today(), rules=rules)) == ids


def test_officer_and_conditions_are_those_of_the_day(book: Book) -> None:
    on = date(2025, 3, 20)
    flagged = [case for case in stood(book, on) if case.flags(on, book.rules)]
    for value in (True, False):
        ids = [case.id for case in flagged if case.facts.with_conditions is value]
        assert listed(book, book.wanted(NATION, on, today=today(), with_conditions=value)) == ids
    for officer in book.ref.officers:
        ids = [case.id for case in flagged if case.officer_id == officer]
        assert listed(book, book.wanted(NATION, on, today=today(), officer_id=officer), 2) == ids


def test_some_of_it_has_changed_since(book: Book) -> None:
    """The lives are such that every day of the past differs from today in state, unit and officer."""
    now = {case.id: case for case in book.now()}
    for on in DAYS[:-2]:
        then = stood(book, on)
        for name in ("unit_id", "officer_id"):
            assert any(getattr(case, name) != getattr(now[case.id], name) for case in then), (on, name)
        assert any(not now[case.id].facts.is_open for case in then)


@pytest.mark.parametrize("on", DAYS, ids=str)
def test_past_totals_count_every_case_of_the_units(book: Book, on: date) -> None:
    """Figures count what stood in the units that day, wherever it has gone since."""
    for caller in (NATION, PROVINCE, OFFICE):
        seen = unit_ids(book.ref, caller)
        for by in ("unit_id", "officer_id", "decided_in"):
            counted: Counter[tuple[str, int]] = Counter()
            money: Counter[tuple[str, int]] = Counter()
            for case in stood(book, on):
                bits = sum(1 << FLAGS.index(flag) for flag in case.flags(on, book.rules))
                if bits and case.unit_id in seen:
                    counted[getattr(case, by), bits] += 1
                    money[getattr(case, by), bits] += case.facts.outstanding_vnd
            wanted = book.wanted(caller, on, today=today())
            for kept in (20 * BILLION, None):
                question = totals(book.service.db, wanted, by, whole=caller is NATION, kept_vnd=kept)
                rows = [row for row in book.run(question) if row[1]]
                assert {(row[0], row[1]): row[2] for row in rows if row[2]} == counted
                assert {(row[0], row[1]): row[4] for row in rows if row[4]} == +money


def test_a_unit_stands_for_those_it_succeeded(book: Book) -> None:
    """On a past day the cases of a merged unit count for its successor."""
    old, new = (next(u.id for u in book.ref.units.values() if u.path == path) for path in ("vn.pb.k1.", "vn.pa.k1."))
    on = date(2025, 3, 20)
    of_both = {case.id for case in stood(book, on) if case.unit_id in (old, new) and case.flags(on, book.rules)}
    add = "INSERT INTO unit_successor (predecessor_id, successor_id, since) VALUES (%s, %s, '2025-07-01') RETURNING 1"
    book.rows(add, (old, new))
    book.run(book.service.reference.reload())
    try:
        question = asked_for(book.ref, NATION, on, unit=book.ref.units[new])
        assert set(question.scope.unit_ids) == {old, new}
        asked = replace(book.wanted(NATION, on, today=today(), unit=new), scope=question.scope)
        found = listed(book, asked)
        assert set(found) == of_both
    finally:
        book.rows("DELETE FROM unit_successor RETURNING 1")
        book.run(book.service.reference.reload())
