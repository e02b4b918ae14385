"""Lists and totals of today's rows, held against the one definition case by case."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from app.services.access import Caller
from app.services.priority.queries import Wanted, list_flagged
from app.services.priority.rules import FLAGS, stretches
from app.services.priority.summary_queries import totals
from app.services.priority.upcoming_queries import list_upcoming
from app.services.reference import PriorityRule
from tests.services.priority.book import BILLION, BOTH, CALLERS, NATION, OFFICE, PROVINCE, Book, Known, opened, unit_ids

DAYS = [
    date(2024, 2, 29), date(2024, 10, 1), date(2025, 2, 28), date(2025, 3, 1), date(2025, 3, 15), date(2025, 3, 31),
    date(2025, 4, 1), date(2026, 11, 24), date(2028, 2, 28), date(2028, 2, 29),
]  # fmt: skip


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[Book]:
    with opened(cluster) as made:
        made.fill(700, DAYS, Random(20_250_228))
        yield made


def listed(book: Book, wanted: Wanted, size: int = 500) -> list[str]:
    """Ids of the whole list, page by page."""
    found: list[str] = []
    after = None
    while rows := book.run(list_flagged(book.service.db, wanted, after, size)):
        found += [row[0] for row in rows]
        after = (rows[-1][3], rows[-1][0])
    return found


def expected(book: Book, caller: Caller, on: date, rules: list[PriorityRule]) -> list[Known]:
    """Flagged cases the caller may see, in order, by the one definition."""
    seen = unit_ids(book.ref, caller)
    return [case for case in book.now() if case.unit_id in seen and case.flags(on, rules)]


@pytest.mark.parametrize("on", DAYS, ids=str)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.client_id)
def test_the_list_is_what_the_definition_says(book: Book, caller: Caller, on: date) -> None:
    ids = [case.id for case in expected(book, caller, on, book.rules)]
    assert ids
    assert listed(book, book.wanted(caller, on)) == ids


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.client_id)
def test_each_flag_by_itself(book: Book, caller: Caller, flag: str) -> None:
    on = date(2025, 3, 15)
    rules = [rule for rule in book.rules if rule.flag == flag]
    ids = [case.id for case in expected(book, caller, on, rules)]
    assert ids
    assert listed(book, book.wanted(caller, on, rules=rules)) == ids


VARIANTS: dict[str, dict[str, Any]] = {
    "only with conditions": {"requires_conditions": True},
    "other ages": {"years": 4, "years_inclusive": False},
    "less money": {"min_amount_vnd": BILLION},
    "below what is indexed": {"min_amount_vnd": BILLION - 1},
    "outstanding money": {"amount_meant": "outstanding"},
    "without conditions": {"requires_conditions": False},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("flag", ["long_running", "high_value"])
def test_whatever_a_rule_asks(book: Book, flag: str, variant: str) -> None:
    on = date(2025, 2, 28)
    change = {k: v for k, v in VARIANTS[variant].items() if flag == "high_value" or k != "min_amount_vnd"}
    rules = [replace(rule, **change) for rule in book.rules if rule.flag == flag]
    for caller in (NATION, PROVINCE):
        cases = expected(book, caller, on, rules)
        assert listed(book, book.wanted(caller, on, rules=rules)) == [case.id for case in cases]
        check_totals(book, caller, on, rules)


def test_small_pages_make_the_same_list(book: Book) -> None:
    on = date(2025, 3, 15)
    for caller in CALLERS:
        wanted = book.wanted(caller, on)
        whole = listed(book, wanted)
        assert listed(book, wanted, 3) == whole
        assert len(set(whole)) == len(whole)


def test_criteria_narrow_the_list(book: Book) -> None:
    on = date(2025, 3, 31)
    flagged = expected(book, PROVINCE, on, book.rules)
    for value in (True, False):
        ids = [case.id for case in flagged if case.facts.with_conditions is value]
        assert listed(book, book.wanted(PROVINCE, on, with_conditions=value)) == ids
    for officer in {case.officer_id for case in flagged}:
        ids = [case.id for case in flagged if case.officer_id == officer]
        assert listed(book, book.wanted(PROVINCE, on, officer_id=officer), 5) == ids
    office = next(unit for unit in book.ref.units.values() if unit.path == "vn.pa.k2.")
    ids = [case.id for case in flagged if case.unit_id == office.id]
    assert ids
    assert listed(book, book.wanted(PROVINCE, on, unit=office.id)) == ids
    assert listed(book, book.wanted(NATION, on, unit=office.id)) == ids


def test_the_wall_stands_in_every_statement(book: Book) -> None:
    on = date(2025, 3, 31)
    foreign = next(case for case in expected(book, NATION, on, book.rules) if case.path_now.startswith("vn.pb."))
    assert listed(book, book.wanted(PROVINCE, on, officer_id=foreign.officer_id)) == []
    # even with the units of somebody else in the scope, the wall is the caller's own
    wanted = book.wanted(PROVINCE, on)
    smuggled = replace(wanted, scope=book.ref.scope(NATION, None))
    assert set(listed(book, smuggled)) <= {case.id for case in expected(book, PROVINCE, on, book.rules)}
    assert listed(book, book.wanted(Caller("nobody", frozenset(), ()), on)) == []


def test_without_a_rule_in_force_nothing_is_flagged(book: Book) -> None:
    wanted = book.wanted(NATION, date(2024, 9, 30), rules=book.ref.rules_on(date(2024, 9, 30)))
    assert listed(book, wanted) == []
    assert book.run(totals(book.service.db, wanted, "unit_id", whole=True, kept_vnd=None)) == []


def check_totals(book: Book, caller: Caller, on: date, rules: list[PriorityRule]) -> None:
    """Totals in every way they are counted equal those made from the list."""
    cases = expected(book, caller, on, rules)
    wanted = book.wanted(caller, on, rules=rules)
    ways = [("unit_id", 20 * BILLION), ("unit_id", None), ("officer_id", 20 * BILLION), ("decided_in", 20 * BILLION)]
    for by, kept in [*ways, ("decided_in", None)]:
        counted: Counter[tuple[str, int, str]] = Counter()
        for case in cases:
            bits = sum(1 << FLAGS.index(flag) for flag in case.flags(on, rules))
            counted[getattr(case, by), bits, "cases"] += 1
            counted[getattr(case, by), bits, "amount"] += case.facts.amount_vnd
            counted[getattr(case, by), bits, "outstanding"] += case.facts.outstanding_vnd
        rows = book.run(totals(book.service.db, wanted, by, whole=caller is NATION, kept_vnd=kept))  # type: ignore[arg-type]  # a literal in a tuple
        found = Counter({
            (key, bits, name): value
            for key, bits, *figures in rows if bits
            for name, value in zip(("cases", "amount", "outstanding"), figures, strict=True)
        })  # fmt: skip
        assert +found == +counted


@pytest.mark.parametrize("on", DAYS, ids=str)
def test_totals_equal_the_list_counted(book: Book, on: date) -> None:
    for caller in CALLERS:
        check_totals(book, caller, on, book.rules)


def test_rules_that_reach_their_age_in_the_same_month(book: Book) -> None:
    """A case in the boundary month of two rules counts once."""
    rules = [replace(rule, years=3) if rule.flag == "long_running" else rule for rule in book.rules]
    for on in DAYS:
        check_totals(book, NATION, on, rules)
        check_totals(book, NATION, on, rules[::-1])


def brute(cases: list[Known], today: date, days: int, rules: list[PriorityRule]) -> list[tuple[str, str, str, str]]:
    """Day by day: which flags are raised that are not raised today."""
    found = []
    for case in cases:
        waiting = {"long_running", "high_value"} - set(case.flags(today, rules))
        for ahead in range(1, days + 1):
            day = today + timedelta(days=ahead)
            new = waiting & set(case.flags(day, rules)) if case.facts.is_open else set()
            found += [(day.isoformat(), *case.key, flag) for flag in new]
            waiting -= new
    return sorted(found)


def upcoming(book: Book, wanted: Wanted, days: int, size: int, rules: list[PriorityRule]) -> list[tuple[str, ...]]:
    """The whole list, page by page."""
    ahead = stretches(rules, wanted.today, wanted.today + timedelta(days=days))
    found: list[tuple[str, ...]] = []
    while rows := book.run(list_upcoming(book.service.db, wanted, ahead, found[-1] if found else None, size)):
        found += [(row[-1], row[3], row[0], row[-2]) for row in rows]
    return found


@pytest.mark.parametrize("today", [date(2025, 2, 20), date(2025, 3, 14), date(2028, 2, 27)], ids=str)
def test_upcoming_is_what_waiting_would_show(book: Book, today: date) -> None:
    cases = {caller: unit_ids(book.ref, caller) for caller in (NATION, OFFICE, BOTH)}
    for caller, seen in cases.items():
        here = [case for case in book.now() if case.unit_id in seen]
        rows = brute(here, today, 40, book.rules)
        assert caller is OFFICE or rows
        assert upcoming(book, book.wanted(caller, today), 40, 400, book.rules) == rows
        assert upcoming(book, book.wanted(caller, today), 40, 2, book.rules) == rows


def test_upcoming_knows_of_new_versions(book: Book) -> None:
    today = date(2025, 3, 10)
    starts = date(2025, 3, 20)
    rules = []
    for rule in book.rules:
        change: dict[str, Any] = {"long_running": {"years": 4}, "high_value": {"min_amount_vnd": BILLION}}.get(
            rule.flag, {}
        )
        rules += [replace(rule, until=starts), replace(rule, version=2, since=starts, **change)]
    rows = brute(book.now(), today, 30, rules)
    assert {row[0] for row in rows} > {starts.isoformat()}
    for size in (400, 3):
        assert upcoming(book, book.wanted(NATION, today), 30, size, rules) == rows


def test_upcoming_of_an_officer(book: Book) -> None:
    today = date(2025, 3, 14)
    for officer in sorted({case.officer_id for case in book.now()})[:3]:
        here = [case for case in book.now() if case.officer_id == officer]
        wanted = book.wanted(NATION, today, officer_id=officer)
        assert upcoming(book, wanted, 366, 400, book.rules) == brute(here, today, 366, book.rules)
