"""Every life in the book could have been entered through the service, event by event."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.models.codes import ACCOUNTS_STOCK
from app.services.books.rules import Circumstances, Event, Position, check, lines_of
from app.services.cases.rules import LINE_ORDER, BookedEvent, history_of, masked, position_after, search_form, standing
from tests.services.demo.conftest import Book

TODAY = date(2025, 9, 30)
ROW = (
    "id::text, accepted_on, initiation, account, amount_vnd, outstanding_vnd, entered_on, left_on, last_event_no,"
    " last_effective_on, unit_id::text, officer_id::text"
)


@pytest.fixture(scope="module")
def histories(book: Book) -> dict[str, list[BookedEvent]]:
    lines: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for case_id, *line in book.rows(f"SELECT case_id::text, {LINE_ORDER} FROM entry ORDER BY case_id, event_no, line"):
        lines[case_id].append(tuple(line))
    return {case_id: history_of(rows) for case_id, rows in lines.items()}


@pytest.fixture(scope="module")
def levels(book: Book) -> dict[str, str]:
    return dict(book.rows("SELECT id::text, level FROM unit"))


def _event(booked: BookedEvent, position: Position) -> Event:
    """The event as a client would have reported it."""
    lines = booked.lines
    return Event(
        booked.name,
        booked.effective_on,
        amount=lines[0].amount,
        parts={line.to_account: line.amount for line in lines} if booked.name == "struck_off" else {},
        to_unit_id=lines[-1].unit_id if len(lines) == 2 else None,
        to_officer_id=lines[-1].officer_id if len(lines) == 2 else position.officer_id,
    )


def _told(histories: dict[str, list[BookedEvent]]) -> Iterator[tuple[BookedEvent, Position]]:
    """Every standing event with the position it was booked from."""
    for history in histories.values():
        events = standing(history)
        for number, booked in enumerate(events):
            position = position_after(events[:number], booked.effective_on)
            if number == 0:
                line = booked.lines[0]
                position = replace(position, unit_id=line.unit_id, officer_id=line.officer_id)
            yield booked, position


def test_every_event_is_one_the_rules_allow(histories: dict[str, list[BookedEvent]], levels: dict[str, str]) -> None:
    told = 0
    for booked, position in _told(histories):
        event = _event(booked, position)
        circumstances = Circumstances(levels[position.unit_id], "ex_officio", TODAY, reversible=True)
        check(position, event, circumstances)
        assert lines_of(position, event) == [replace(line, cut=None) for line in booked.lines], booked
        told += 1
    assert told > 8_000


def test_the_row_is_what_the_entries_say(book: Book, histories: dict[str, list[BookedEvent]]) -> None:
    for case_id, accepted_on, _, *facts, unit_id, officer_id in book.rows(f"SELECT {ROW} FROM enforcement_case"):
        history = histories[case_id]
        after = position_after(standing(history), accepted_on)
        assert facts == [
            after.account,
            after.amount,
            after.outstanding,
            after.entered_on,
            after.left_on,
            history[-1].no,
            after.last_effective_on,
        ], case_id
        assert 0 <= after.outstanding <= after.amount
        if after.account in ACCOUNTS_STOCK or after.account == "register":
            assert (unit_id, officer_id) == (after.unit_id, after.officer_id)


def test_what_was_taken_back_is_reversed_line_by_line(histories: dict[str, list[BookedEvent]]) -> None:
    reversals = [(history, event) for history in histories.values() for event in history if event.reverses]
    for history, event in reversals:
        mistaken = history[(event.reverses or 0) - 1]
        assert mistaken.reversed
        assert (event.name, event.effective_on) == ("reversed", mistaken.effective_on)
        assert [(line.to_account, line.from_account) for line in event.lines] == [
            (line.from_account, line.to_account) for line in mistaken.lines
        ]
    assert reversals


def test_the_end_of_a_case_leaves_nothing_outstanding(book: Book) -> None:
    left = "SELECT count(*) FROM enforcement_case WHERE NOT is_open AND account <> 'register' AND outstanding_vnd <> 0"
    assert book.row(left) == (0,)


def test_obligations_add_up_to_the_decision(book: Book) -> None:
    different = """
        SELECT count(*) FROM (SELECT case_id, sum(amount_vnd) AS ordered FROM obligation GROUP BY 1) o
        JOIN entry e ON e.case_id = o.case_id AND e.event = 'accepted' WHERE e.amount_vnd <> o.ordered"""
    assert book.row(different) == (0,)
    assert book.row("SELECT count(DISTINCT case_id) FROM obligation") == (book.summary.rows["enforcement_case"],)


def test_parties_are_masked_and_found_as_everyones_are(book: Book) -> None:
    for name, kind, masked_name, search_name in book.rows("SELECT name, kind, masked_name, search_name FROM party"):
        assert (masked(name, kind), search_form(name)) == (masked_name, search_name)
    without = "SELECT count(*) FROM enforcement_case c WHERE NOT EXISTS (SELECT FROM party p WHERE p.case_id = c.id"
    for role in ("creditor", "debtor"):
        assert book.row(f"{without} AND p.role = '{role}')") == (0,)


def test_segments_say_what_obligations_parties_and_matters_say(book: Book) -> None:
    bits = """
        SELECT count(*) FROM enforcement_case c WHERE segment & 1 <> (EXISTS (
            SELECT FROM party p WHERE p.case_id = c.id AND p.role = 'creditor' AND p.credit_institution))::int
        OR (segment & 4) / 4 <> (EXISTS (
            SELECT FROM obligation o WHERE o.case_id = c.id AND o.kind = 'money_state_budget'))::int"""
    assert book.row(bits) == (0,)


def test_matters_and_their_cases_agree(book: Book) -> None:
    differ = """
        SELECT count(*) FROM enforcement_case c LEFT JOIN matter m ON m.id = c.matter_id
        WHERE c.steering_matter <> coalesce(m.ever_tracked, false)
           OR m.id IS NOT NULL AND NOT starts_with(c.unit_path, m.unit_path)"""
    assert book.row(differ) == (0,)
    states = dict(book.rows("SELECT state, count(*) FROM matter_tracking GROUP BY 1"))
    assert set(states) == {"not_accepted", "enforcing", "assets_exhausted", "done"}
    out_of_state = """
        SELECT count(*) FROM enforcement_case c JOIN matter_tracking t ON t.matter_id = c.matter_id
        WHERE t.state = 'not_accepted' OR t.state = 'done' AND c.is_open
           OR t.state = 'assets_exhausted' AND c.with_conditions"""
    assert book.row(out_of_state) == (0,)
    assert book.row("SELECT count(*) > 10 FROM enforcement_case WHERE is_open AND steering_matter") == (True,)


def test_shares_are_plausible(book: Book) -> None:
    ex_officio, district, old = book.row(
        """
        SELECT avg((initiation = 'ex_officio')::int)::float, avg((u.level = 'regional')::int)::float,
            avg((decision_date < '2020-10-01')::int) FILTER (WHERE is_open)::float
        FROM enforcement_case c JOIN unit u ON u.id = c.unit_id"""
    )
    assert 0.55 < ex_officio < 0.65
    assert 0.84 < district < 0.92
    assert 0.05 < old < 0.3


def test_targets_surround_those_of_the_nation(book: Book) -> None:
    provincial = book.rows(
        """
        SELECT t.indicator, count(DISTINCT u.id), min(rate_bp), max(rate_bp), count(DISTINCT rate_bp), max(t.version)
        FROM target t JOIN unit u ON u.id = t.unit_id WHERE u.level = 'provincial' GROUP BY 1 ORDER BY 1"""
    )
    (_, cases, *cases_range, cases_values, amended), (_, money, *money_range, money_values, _) = provincial
    assert (cases, money, amended) == (97, 97, 2)
    assert 8_200 <= cases_range[0] < 8_390 < cases_range[1] <= 8_600
    assert 4_500 <= money_range[0] < 5_190 < money_range[1] <= 5_800
    assert min(cases_values, money_values) > 50
    assert book.row("SELECT count(*) > 50 FROM target WHERE officer_id IS NOT NULL") == (True,)
