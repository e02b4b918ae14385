"""Days, ranks and attainment: what holds for targets."""

from datetime import date

import pytest

from app.errors import Invalid
from app.services.statistics.rules import LINES, Lines
from app.services.targets import rules
from app.services.targets.rules import Result, TargetVersion

TODAY = date(2026, 11, 24)


def target(rate_bp: int) -> TargetVersion:
    return TargetVersion("t", "u", 2025, "cases_rate", 1, rate_bp, date(2024, 10, 1))


def result(done: int, rest: int) -> Result:
    values = {"done": done, "enforcing": rest}
    return Result(Lines(*[values.get(name, 0) for name in LINES]), (done, done + rest), (0, 0), None)


def test_attainment_of_the_national_target() -> None:
    """FY2025: 84.27 % reached, 83.90 % asked."""
    share = (576_884, 684_566)
    assert rules.attainment(share, target(8390)) == "100.44"
    assert rules.distance(share, target(8390)) == "0.37"


def test_no_target_no_rate_no_attainment() -> None:
    assert rules.attainment((1, 2), None) is None
    assert rules.distance((1, 2), None) is None
    assert rules.attainment((0, 0), target(8390)) is None
    assert rules.distance((0, 0), target(8390)) is None
    assert rules.attainment((1, 2), target(0)) is None
    assert rules.distance((1, 2), target(0)) == "50.00"


def test_ranks() -> None:
    results = [result(1, 2), result(2, 2), result(0, 0), result(10, 10), result(0, 5), result(1, 2)]
    assert rules.set_ranks(results) == 5
    assert [r.rank for r in results] == [3, 1, None, 1, 5, 3]


def test_below_is_decided_before_rounding() -> None:
    average = (500_000, 1_000_000)
    assert rules.is_below((499_999, 1_000_000), average) is True
    assert rules.is_below((1, 2), average) is False
    assert rules.is_below((0, 0), average) is None
    assert rules.is_below((1, 2), (0, 0)) is None


@pytest.mark.parametrize(
    ("fiscal_year", "as_of", "expected"),
    [
        (None, None, TODAY),
        (2027, None, TODAY),
        (2025, None, date(2025, 9, 30)),
        (2025, date(2025, 1, 31), date(2025, 1, 31)),
        (None, date(2024, 10, 1), date(2024, 10, 1)),
    ],
)
def test_the_day_asked_for(fiscal_year: int | None, as_of: date | None, expected: date) -> None:
    assert rules.asked_day(fiscal_year, as_of, TODAY) == expected


@pytest.mark.parametrize(
    ("fiscal_year", "as_of", "parameter"),
    [
        (None, date(2026, 11, 25), "as_of"),
        (2025, date(2025, 10, 1), "as_of"),
        (2025, date(2024, 9, 30), "as_of"),
        (None, date(2009, 9, 30), "as_of"),
        (2028, None, "fiscal_year"),
    ],
)
def test_days_that_cannot_be_asked_for(fiscal_year: int | None, as_of: date | None, parameter: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.asked_day(fiscal_year, as_of, TODAY)
    assert refused.value.faults[0].parameter == parameter


def test_all_faults_of_days_at_once() -> None:
    rules.check_days(2027, TODAY, date(2026, 10, 1), TODAY)
    with pytest.raises(Invalid) as refused:
        rules.check_days(2027, date(2026, 11, 25), date(2026, 9, 30), TODAY)
    assert [fault.pointer for fault in refused.value.faults] == ["/decision_date", "/effective_on"]
