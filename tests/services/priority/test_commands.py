"""New rule versions: who may set them and when, and that lists, totals and the open stock follow at once."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.services.access import Actor, Caller
from app.services.books.queries import verify
from app.services.cases.commands import create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.priority.commands import NewRule, set_rule
from app.services.priority.views import GroupBy, Summary, Tally, summary
from app.services.work import Work
from tests.services.priority.book import BILLION, NATION, PROVINCE, Book, opened
from tests.services.priority.test_lists import listed

HIGH = NewRule("high_value", today(), 3, False, 10 * BILLION, "value", True, "Chỉ đạo mới: từ 10 tỷ đồng")
LONG = NewRule("long_running", today(), 4, True, None, "value", True, "Chỉ đạo mới: từ 4 năm, có điều kiện")


@pytest.fixture(scope="module")
def filled(cluster: str) -> Iterator[Book]:
    with opened(cluster) as made:
        made.fill(250, [today(), date(2025, 3, 15)], Random(7))
        yield made


@pytest.fixture
def book(filled: Book) -> Book:
    """The book under the rules it began with."""
    filled.rows("DELETE FROM priority_rule WHERE version > 1 RETURNING 1")
    filled.rows("UPDATE priority_rule SET validity = daterange(lower(validity), NULL) RETURNING 1")
    filled.sort_stock()
    filled.run(filled.service.reference.reload())
    return filled


def put(book: Book, new: NewRule, caller: Caller = NATION) -> int:
    actor = Actor("ministry", reason="Theo chỉ đạo")

    async def work(session: AsyncSession) -> int:
        return await set_rule(Work(session, book.ref, caller, actor), new)

    return int(book.run(book.service.db.write(work)))


def counted(book: Book, caller: Caller = NATION) -> Summary:
    return book.run(summary(book.service.db, book.ref, caller, today(), unit_id=None, by="unit"))  # type: ignore[no-any-return]  # runs a coroutine of it


def figures(tally: Tally) -> dict[str, int]:
    return {"total": tally.total.cases, **{flag: figure.cases for flag, figure in tally.by_flag.items()}}


def by_definition(book: Book) -> dict[str, int]:
    found = dict.fromkeys(("total", "long_running", "high_value", "steering_committee"), 0)
    for case in book.now():
        flags = case.flags(today(), book.ref.rules_on(today()))
        for name in [*flags, *(["total"] if flags else [])]:
            found[name] += 1
    return found


@pytest.mark.parametrize("new", [HIGH, LONG, replace(HIGH, amount_meant="outstanding")])
def test_a_version_of_today_holds_at_once(book: Book, new: NewRule) -> None:
    before = by_definition(book)
    assert figures(counted(book).overall) == before
    assert put(book, new) == 2
    after = by_definition(book)
    assert after[new.flag] != before[new.flag]
    assert figures(counted(book).overall) == after
    assert "open_stock" not in {rollup for rollup, *_ in book.run(verify(book.service.db))}
    wanted = book.wanted(NATION, today(), rules=book.ref.rules_on(today()))
    assert len(listed(book, wanted)) == after["total"]


def test_a_version_of_a_later_day_waits_and_figures_stay_right(book: Book) -> None:
    before = by_definition(book)
    assert put(book, replace(HIGH, since=today() + timedelta(days=30))) == 2
    assert by_definition(book) == before
    assert figures(counted(book).overall) == before
    assert "open_stock" not in {rollup for rollup, *_ in book.run(verify(book.service.db))}


def test_past_days_keep_their_version(book: Book) -> None:
    yesterday = today() - timedelta(days=1)
    old = [rule for rule in book.ref.rules_on(yesterday) if rule.flag == "long_running"]
    put(book, LONG)
    (kept,) = [rule for rule in book.ref.rules_on(yesterday) if rule.flag == "long_running"]
    assert (kept.version, kept.years, kept.until) == (1, 5, today())
    assert old[0].since == kept.since
    (new,) = [rule for rule in book.ref.rules_on(today()) if rule.flag == "long_running"]
    assert (new.version, new.years, new.requires_conditions, new.since, new.until) == (2, 4, True, today(), date.max)


def test_versions_only_follow_each_other(book: Book) -> None:
    later = today() + timedelta(days=10)
    put(book, replace(LONG, since=later))
    for since in (today(), later):
        with pytest.raises(Conflict) as refused:
            put(book, replace(LONG, since=since))
        assert refused.value.extra == {"latest_since": later.isoformat()}
    assert put(book, replace(LONG, since=later + timedelta(days=1))) == 3


@pytest.mark.parametrize(
    ("change", "caller", "error"),
    [
        ({"since": today() - timedelta(days=1)}, NATION, Invalid),
        ({"min_amount_vnd": BILLION - 1}, NATION, Invalid),
        ({}, PROVINCE, Forbidden),
        ({}, Caller("nobody", frozenset(), ()), Forbidden),
    ],
)
def test_what_is_refused_changes_nothing(
    book: Book, change: dict[str, Any], caller: Caller, error: type[DomainError]
) -> None:
    rules = book.rows("SELECT flag, version, validity::text FROM priority_rule ORDER BY 1, 2")
    with pytest.raises(error):
        put(book, replace(HIGH, **change), caller)
    assert book.rows("SELECT flag, version, validity::text FROM priority_rule ORDER BY 1, 2") == rules


def test_the_trail_names_who_why_and_what(book: Book) -> None:
    put(book, HIGH)
    trail = book.rows(
        "SELECT client_id, reason, action, before, after FROM audit_record WHERE subject = 'priority_rule' ORDER BY id"
    )[-1]
    assert trail[:3] == ("ministry", "Theo chỉ đạo", "versioned")
    assert (trail[3]["min_amount_vnd"], trail[4]["min_amount_vnd"]) == (str(20 * BILLION), str(10 * BILLION))
    changes = book.rows("SELECT subject_id, version FROM change_record WHERE subject = 'priority_rule' ORDER BY id")
    assert changes[-1] == ("high_value", 2)


def test_two_at_once_are_set_one_after_the_other(book: Book) -> None:
    """Both want the same day: one of them is told so, nothing is set twice."""
    new = replace(LONG, since=today() + timedelta(days=5))

    async def work(session: AsyncSession) -> int:
        return await set_rule(Work(session, book.ref, NATION, Actor("ministry")), new)

    async def both() -> list[Any]:
        return await asyncio.gather(*(book.service.db.write(work) for _ in range(2)), return_exceptions=True)

    results = book.run(both())
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "int"]
    assert len(book.rows("SELECT 1 FROM priority_rule WHERE flag = 'long_running'")) == 2


def test_cases_taken_in_meanwhile_are_sorted_by_the_new_threshold(book: Book) -> None:
    """Writers that come while the open stock is sorted anew wait, then sort by the same rule."""
    unit = next(unit for unit in book.ref.units.values() if unit.path == "vn.pa.k1.")
    officer = next(o.id for o in book.ref.officers.values() if o.postings[0].unit_id == unit.id)
    new = NewCase(
        "1/HS", "1/QĐ", date(2020, 5, 5), date(2020, 5, 5), unit.id, officer, "civil", "on_request",
        [NewObligation("money_party", 15 * BILLION, "Trả nợ")], [NewParty("debtor", "individual", "Nguyễn Văn An")],
    )  # fmt: skip

    async def take_in(session: AsyncSession) -> str:
        return await create_case(Work(session, book.ref, NATION, Actor("partner")), new)

    async def change(session: AsyncSession) -> int:
        version = await set_rule(Work(session, book.ref, NATION, Actor("ministry")), HIGH)
        await asyncio.sleep(0.3)
        return version

    async def everybody() -> None:
        writes = [book.service.db.write(change), *(book.service.db.write(take_in) for _ in range(12))]
        await asyncio.gather(*writes)

    book.run(everybody())
    assert "open_stock" not in {rollup for rollup, *_ in book.run(verify(book.service.db))}
    assert figures(counted(book).overall) == by_definition(book)


def test_summary_groups_add_up(book: Book) -> None:
    """By unit, officer and level, for the nation and a province."""
    province = next(unit.id for unit in book.ref.units.values() if unit.path == "vn.pa.")
    asked: list[tuple[str | None, GroupBy]] = [(None, "unit"), (None, "level")]
    asked += [(province, "unit"), (province, "officer"), (province, "level")]
    for unit, by in asked:
        made = book.run(summary(book.service.db, book.ref, NATION, today(), unit_id=unit, by=by))
        assert made.overall.total.cases > 0
        for name in ("total", "long_running", "high_value", "steering_committee"):
            assert sum(figures(group)[name] for group in made.groups.values()) == figures(made.overall)[name]
        if by == "unit":
            names = {book.ref.units[key].path for key in made.groups}
            assert {"vn.pa.k1.", "vn.pa.k2."} <= names if unit else {"vn.pa.", "vn.pb."} <= names
    with pytest.raises(Invalid):
        book.run(summary(book.service.db, book.ref, NATION, today(), unit_id=None, by="officer"))
