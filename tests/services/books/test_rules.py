"""The life cycle as pure functions: what each state allows, how money moves, which day an event counts on."""

from datetime import date

import pytest

from app.errors import Conflict, InvalidTransition
from app.models.codes import ACCOUNTS_STOCK, CASE_STATES, EVENTS
from app.services.books import rules
from app.services.books.cuts import RECLASSIFIED
from app.services.books.rules import Circumstances, Event, Line, Position

DAY = date(2026, 8, 3)
AT_OFFICE = Circumstances(unit_level="regional", initiation="on_request", today=DAY, reversible=False)


def position(account: str, outstanding: int = 700, entered_on: date = date(2025, 2, 1)) -> Position:
    return Position(account, 1000, outstanding, "unit", "officer", entered_on, None, date(2025, 3, 1))


def test_every_event_of_the_code_list_can_be_booked_from_some_state() -> None:
    assert {*rules.ALLOWED_FROM, "reversed", RECLASSIFIED} == set(EVENTS)


@pytest.mark.parametrize("state", sorted(set(CASE_STATES) - set(ACCOUNTS_STOCK) - {"new", "register"}))
def test_an_ended_case_allows_nothing_but_a_reversal(state: str) -> None:
    assert rules.allowed_events(position(state), AT_OFFICE) == []
    reversible = Circumstances("regional", "on_request", DAY, reversible=True)
    assert rules.allowed_events(position(state), reversible) == ["reversed"]


def test_refusal_names_state_and_what_is_possible() -> None:
    with pytest.raises(InvalidTransition) as refused:
        rules.check(position("register"), Event("completed", DAY), AT_OFFICE)
    assert refused.value.extra == {
        "state": "register",
        "allowed_events": ["back_from_register", "handed_over", "officer_changed"],
    }


def test_a_province_cannot_be_pulled_up_from() -> None:
    province = Circumstances("provincial", "on_request", DAY, reversible=False)
    assert "pulled_up" not in rules.allowed_events(position("enforcing"), province)
    assert "pulled_up" in rules.allowed_events(position("enforcing"), AT_OFFICE)


def test_request_is_returned_only_on_request_and_since_the_law_of_2025() -> None:
    ex_officio = Circumstances("regional", "ex_officio", DAY, reversible=False)
    before = Circumstances("regional", "on_request", date(2026, 6, 30), reversible=False)
    assert "request_returned" in rules.allowed_events(position("enforcing"), AT_OFFICE)
    assert "request_returned" not in rules.allowed_events(position("enforcing"), ex_officio)
    assert "request_returned" not in rules.allowed_events(position("enforcing"), before)


@pytest.mark.parametrize("name", ["collected", "reduced", "terminated_in_part", "entrusted_in_part"])
def test_never_more_than_is_outstanding(name: str) -> None:
    rules.check(position("enforcing"), Event(name, DAY, amount=700), AT_OFFICE)
    with pytest.raises(Conflict) as refused:
        rules.check(position("enforcing"), Event(name, DAY, amount=701), AT_OFFICE)
    assert refused.value.extra == {"outstanding_vnd": 700}


def test_parts_of_a_struck_off_case_add_up_to_what_is_outstanding() -> None:
    event = Event("struck_off", DAY, parts={"completed": 500, "entrusted": 150, "reduced": 50})
    rules.check(position("enforcing"), event, AT_OFFICE)
    assert rules.lines_of(position("enforcing"), event) == [
        Line("unit", "officer", "enforcing", "completed", 1, 500),
        Line("unit", "officer", "enforcing", "entrusted", 0, 150),
        Line("unit", "officer", "enforcing", "reduced", 0, 50),
    ]
    with pytest.raises(Conflict):
        rules.check(position("enforcing"), Event("struck_off", DAY, parts={"completed": 500}), AT_OFFICE)


@pytest.mark.parametrize(
    ("entered_on", "account"), [(date(2025, 9, 30), "register_carried"), (date(2025, 10, 1), "register_new")]
)
def test_the_register_tells_old_stock_from_new(entered_on: date, account: str) -> None:
    event = Event("to_separate_register", date(2026, 3, 1))
    (line,) = rules.lines_of(position("no_conditions", entered_on=entered_on), event)
    assert line.to_account == account


def test_a_handover_leaves_the_old_books_and_enters_the_new_ones() -> None:
    event = Event("handed_over", DAY, to_unit_id="new unit", to_officer_id="new officer")
    lines = rules.lines_of(position("suspended"), event)
    assert lines == [
        Line("unit", "officer", "suspended", "handed_out", 1, 700),
        Line("new unit", "new officer", "handed_in", "suspended", 1, 700),
    ]
    after = rules.apply(position("suspended"), lines, DAY)
    assert (after.unit_id, after.officer_id, after.account, after.outstanding) == (
        "new unit",
        "new officer",
        "suspended",
        700,
    )


def test_an_event_is_never_earlier_than_the_last_one_nor_in_the_future() -> None:
    with pytest.raises(Conflict):
        rules.check(position("enforcing"), Event("suspended", date(2025, 2, 28)), AT_OFFICE)
    with pytest.raises(Exception, match="not valid"):
        rules.check(position("enforcing"), Event("suspended", date(2026, 8, 4)), AT_OFFICE)


def test_fiscal_years_start_on_the_first_of_october() -> None:
    assert rules.fiscal_year(date(2025, 9, 30)) == 2025
    assert rules.fiscal_year(date(2025, 10, 1)) == 2026
    assert rules.fiscal_year_start(2026) == date(2025, 10, 1)


def test_late_events_count_in_the_first_open_month_of_the_same_year() -> None:
    assert rules.booking_day(date(2025, 10, 17), None) == date(2025, 10, 17)
    assert rules.booking_day(date(2025, 10, 17), date(2025, 9, 1)) == date(2025, 10, 17)
    for day in (date(2025, 10, 1), date(2025, 11, 17), date(2025, 12, 31)):
        assert rules.booking_day(day, date(2025, 12, 1)) == date(2026, 1, 1)
    assert rules.booking_day(date(2026, 1, 2), date(2025, 12, 1)) == date(2026, 1, 2)


def test_results_never_move_into_another_year() -> None:
    with pytest.raises(Conflict) as refused:
        rules.booking_day(date(2025, 5, 17), date(2025, 9, 1))
    assert refused.value.extra == {"fiscal_year": 2025}
