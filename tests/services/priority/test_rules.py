"""The flags of one case: boundary days, amounts, conditions, tracking, and what a raised flag says of itself."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.services.priority.rules import (
    CaseFacts,
    RaisedFlag,
    Tracking,
    anniversary,
    first_day_raised,
    flags,
    kept_threshold,
    latest_decision_date,
    stretches,
)
from app.services.reference import FOREVER, PriorityRule

BILLION = 10**9
DIRECTIVE = date(2024, 10, 1)
LONG = PriorityRule("long_running", 1, 5, True, None, "value", False, "Từ 5 năm trở lên", DIRECTIVE, FOREVER)
HIGH = PriorityRule("high_value", 1, 3, False, 20 * BILLION, "value", True, "Từ 20 tỷ, quá 3 năm", DIRECTIVE, FOREVER)
STEERING = PriorityRule("steering_committee", 1, None, True, None, "value", False, "Ban Chỉ đạo", DIRECTIVE, FOREVER)
RULES = (LONG, HIGH, STEERING)
DAY = timedelta(days=1)


def facts(decided: date = date(2022, 3, 15), amount: int = 0, **more: Any) -> CaseFacts:
    plain = CaseFacts(decided, is_open=True, with_conditions=True, amount_vnd=amount, outstanding_vnd=amount)
    return plain._replace(**more)


def names(case: CaseFacts, on: date, *tracked: Tracking) -> list[str]:
    return [flag.flag for flag in flags(case, on, RULES, tracked)]


def only(case: CaseFacts, on: date, *tracked: Tracking) -> RaisedFlag:
    (flag,) = flags(case, on, RULES, tracked)
    return flag


@pytest.mark.parametrize(
    ("decided", "rule", "first"),
    [
        (date(2020, 3, 15), LONG, date(2025, 3, 15)),
        (date(2022, 3, 15), HIGH, date(2025, 3, 16)),
        (date(2020, 2, 29), LONG, date(2025, 2, 28)),
        (date(2020, 2, 29), HIGH, date(2023, 3, 1)),
        (date(2020, 2, 28), LONG, date(2025, 2, 28)),
        (date(2019, 12, 31), HIGH, date(2023, 1, 1)),
        (date(2021, 2, 28), HIGH, date(2024, 2, 29)),
    ],
)
def test_the_first_day(decided: date, rule: PriorityRule, first: date) -> None:
    assert first_day_raised(decided, rule) == first
    assert latest_decision_date(first, rule) >= decided
    assert latest_decision_date(first - DAY, rule) < decided


def test_five_years_include_the_anniversary_with_or_without_conditions() -> None:
    case = facts(date(2020, 3, 15))
    assert names(case, date(2025, 3, 14)) == []
    assert only(case, date(2025, 3, 15)).flag == "long_running"
    poor = only(case._replace(with_conditions=False), date(2025, 3, 15))
    assert poor.compared.with_conditions is False
    assert "without conditions" in poor.text_en
    assert "chưa có điều kiện thi hành" in poor.text_vi


def test_high_value_is_inclusive_in_money_and_strict_in_time() -> None:
    case = facts(date(2022, 3, 15), 20 * BILLION)
    assert names(case, date(2025, 3, 15)) == []
    assert names(case, date(2025, 3, 16)) == ["high_value"]
    assert names(case._replace(amount_vnd=20 * BILLION - 1), date(2025, 3, 16)) == []
    assert names(case._replace(with_conditions=False), date(2025, 3, 16)) == []
    assert names(case._replace(outstanding_vnd=1), date(2025, 3, 16)) == ["high_value"]


def test_a_rule_may_mean_what_is_outstanding() -> None:
    case = facts(date(2020, 1, 1), 30 * BILLION, outstanding_vnd=19 * BILLION)
    rule = replace(HIGH, amount_meant="outstanding")
    assert flags(case, date(2024, 10, 1), [rule], ()) == []
    (flag,) = flags(case._replace(outstanding_vnd=20 * BILLION), date(2024, 10, 1), [rule], ())
    assert flag.compared.amount_vnd == 20 * BILLION


def test_cases_outside_the_stock_carry_no_flag() -> None:
    tracked = Tracking("central", date(2024, 1, 1), FOREVER)
    case = facts(date(2010, 1, 1), 50 * BILLION)
    assert names(case, date(2025, 1, 1), tracked) == ["long_running", "high_value", "steering_committee"]
    assert names(case._replace(is_open=False), date(2025, 1, 1), tracked) == []


def test_before_the_first_version_nothing_is_flagged() -> None:
    case = facts(date(2010, 1, 1), 50 * BILLION)
    assert names(case, DIRECTIVE - DAY) == []
    assert {flag.since for flag in flags(case, DIRECTIVE, RULES, ())} == {DIRECTIVE}


def test_a_version_is_asked_only_on_its_days() -> None:
    old = replace(LONG, until=date(2026, 1, 1))
    new = replace(LONG, version=2, years=6, since=date(2026, 1, 1))
    case = facts(date(2020, 6, 1))
    assert [flag.rule_version for flag in flags(case, date(2025, 12, 31), [old, new], ())] == [1]
    assert flags(case, date(2026, 1, 1), [old, new], ()) == []
    (flag,) = flags(case, date(2026, 6, 1), [old, new], ())
    assert (flag.rule_version, flag.since) == (2, date(2026, 6, 1))


def test_tracking_counts_while_it_is_on() -> None:
    tracked = Tracking("provincial", date(2025, 3, 1), date(2025, 6, 1))
    case = facts(date(2025, 1, 1), matter_id="m")
    assert names(case, date(2025, 2, 28), tracked) == []
    assert names(case, date(2025, 3, 1), tracked) == ["steering_committee"]
    assert names(case, date(2025, 5, 31), tracked) == ["steering_committee"]
    assert names(case, date(2025, 6, 1), tracked) == []


def test_tracking_without_a_break_is_dated_from_its_beginning() -> None:
    spans = (
        Tracking("provincial", date(2024, 1, 1), date(2024, 2, 1)),
        Tracking("provincial", date(2024, 11, 1), date(2025, 3, 1)),
        Tracking("central", date(2025, 3, 1), FOREVER),
    )
    flag = only(facts(date(2025, 1, 1), matter_id="m"), date(2025, 9, 1), *spans)
    assert flag.since == date(2024, 11, 1)
    assert flag.compared.tracked_by == ("central",)
    assert flag.compared.matter_id == "m"
    assert "Trung ương" in flag.text_vi


def test_a_raised_flag_explains_itself() -> None:
    flag = only(facts(date(2022, 3, 15), 23_450_000_000), date(2025, 9, 30))
    assert (flag.flag, flag.rule_version, flag.since, flag.legal_basis) == (
        "high_value", 1, date(2025, 3, 16), "Từ 20 tỷ, quá 3 năm",
    )  # fmt: skip
    compared = flag.compared
    assert (compared.decision_date, compared.years, compared.reached_on) == (
        date(2022, 3, 15), 3, date(2025, 3, 16),
    )  # fmt: skip
    assert (compared.amount_vnd, compared.min_amount_vnd, compared.amount_meant) == (
        23_450_000_000, 20 * BILLION, "value",
    )  # fmt: skip
    assert flag.text_vi == (
        "Quyết định thi hành án ngày 15/03/2022, quá 3 năm từ 16/03/2025; "
        "23.450.000.000 đồng (từ 20.000.000.000 đồng trở lên); có điều kiện thi hành."
    )
    assert flag.text_en == (
        "Decision of 2022-03-15, more than 3 years old since 2025-03-16; "
        "23,450,000,000 VND (at least 20,000,000,000); with conditions."
    )


DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
LEAPS = st.sampled_from([date(year, 2, 29) for year in range(1992, 2060, 4)])
NEAR_LEAPS = st.builds(lambda day, off: day + timedelta(days=off), LEAPS, st.integers(-2, 2))
AGES = st.builds(lambda years, inclusive: replace(LONG, years=years, years_inclusive=inclusive),
                 st.integers(1, 12), st.booleans())  # fmt: skip


@given(decided=DAYS | NEAR_LEAPS, on=DAYS | NEAR_LEAPS, rule=AGES)
@example(decided=date(2020, 2, 29), on=date(2025, 2, 28), rule=LONG)
@example(decided=date(2020, 2, 29), on=date(2024, 2, 28), rule=replace(LONG, years=4))
def test_the_cutoff_is_the_inverse_of_the_first_day(decided: date, on: date, rule: PriorityRule) -> None:
    assert (decided <= latest_decision_date(on, rule)) == (first_day_raised(decided, rule) <= on)


@given(on=DAYS | NEAR_LEAPS, rule=AGES)
def test_the_cutoff_is_tight(on: date, rule: PriorityRule) -> None:
    newest = latest_decision_date(on, rule)
    assert first_day_raised(newest, rule) <= on < first_day_raised(newest + DAY, rule)


@given(day=DAYS | NEAR_LEAPS, years=st.integers(0, 30))
def test_an_anniversary_keeps_month_and_day_but_on_29_february(day: date, years: int) -> None:
    later = anniversary(day, years)
    assert later.year == day.year + years
    assert (later.month, later.day) in ((day.month, day.day), (2, 28) if (day.month, day.day) == (2, 29) else ())


SPANS = st.lists(
    st.builds(
        lambda level, since, length: Tracking(level, since, since + timedelta(days=length)),
        st.sampled_from(["central", "provincial"]),
        st.dates(date(2024, 9, 1), date(2025, 12, 1)),
        st.integers(1, 200),
    ),
    max_size=4,
)


@given(
    decided=st.dates(date(2018, 1, 1), date(2026, 1, 1)),
    amount=st.sampled_from([0, 20 * BILLION - 1, 20 * BILLION, 10**14]),
    conditions=st.booleans(),
    on=st.dates(date(2024, 9, 1), date(2026, 6, 1)),
    tracked=SPANS,
)
def test_a_flag_holds_from_its_day_on_and_not_before(
    decided: date, amount: int, conditions: bool, on: date, tracked: list[Tracking]
) -> None:
    case = facts(decided, amount, with_conditions=conditions)
    for flag in flags(case, on, RULES, tracked):
        days = [flag.since + timedelta(days=n) for n in range((on - flag.since).days + 1)]
        assert all(flag.flag in names(case, day, *tracked) for day in days)
        assert flag.flag not in names(case, flag.since - DAY, *tracked)


def test_stretches_follow_the_versions_ahead() -> None:
    today = date(2026, 11, 24)
    old, new = replace(LONG, until=date(2026, 12, 1)), replace(LONG, version=2, years=4, since=date(2026, 12, 1))
    first, second = stretches([new, old, STEERING], today, date(2026, 12, 24))
    assert (first.rule, first.first, first.last) == (old, date(2026, 11, 25), date(2026, 11, 30))
    assert first.before == ((old, today),)
    assert (second.rule, second.first, second.last) == (new, date(2026, 12, 1), date(2026, 12, 24))
    assert second.before == ((old, date(2026, 11, 30)),)
    assert stretches([replace(LONG, until=today)], today, date(2026, 12, 24)) == []
    (only_new,) = stretches([replace(old, until=today + DAY), replace(new, since=today + DAY)], today, today + DAY)
    assert (only_new.rule.version, only_new.first, only_new.last) == (2, today + DAY, today + DAY)


def test_the_open_stock_is_kept_by_the_newest_version() -> None:
    newer = replace(HIGH, version=2, min_amount_vnd=10 * BILLION, since=date(2030, 1, 1))
    assert kept_threshold([LONG, newer, HIGH]) == 10 * BILLION
    assert kept_threshold([LONG]) is None
