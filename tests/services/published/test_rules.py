"""Worked examples: what published results give when their own parts are computed again."""

import re
from decimal import Decimal

import pytest

from app.services.published import queries, rules
from app.services.published.rules import Difference, PublishedRow, Remainder, YearOverYear, two_places

BILLION = 10**9


def row(
    fiscal_year: int, months: int, measure: str = "cases", status: str | None = None, unit: str = "NATION"
) -> PublishedRow:
    """The published row of a key; the only one when no status is given."""
    (found,) = [
        r
        for r in queries.published_rows()
        if (r.unit, r.fiscal_year, r.months, r.measure) == (unit, fiscal_year, months, measure)
        and status in (None, r.status)
    ]
    return found


def compared(of: PublishedRow) -> YearOverYear:
    """The row against the year before."""
    return rules.year_over_year(of, queries.series(of))


def made(measure: str = "cases", vague: str = "", **given: str) -> PublishedRow:
    """A row with these columns."""
    percents: dict[str, Decimal] = {n: Decimal(given.pop(n)) for n in queries.PERCENTS if n in given}
    figures = {name: queries.figure(text, measure, name in vague.split()) for name, text in given.items()}
    return PublishedRow("NATION", 2024, 12, measure, "published", None, figures, percents)


def remainder(of: PublishedRow, name: str, *, two_classes: bool = False) -> Remainder:
    """What a row leaves to be computed under a name."""
    (found,) = [r for r in rules.remainders(of, two_classes=two_classes) if r.name == name]
    return found


def differences(of: PublishedRow) -> list[Difference]:
    """Where a row contradicts itself or the year before."""
    return rules.differences(of, compared(of), two_classes=of.fiscal_year < 2020)


def test_fiscal_year_2023_is_accepted_less_what_left() -> None:
    first = row(2023, 12, status="preliminary")
    checked = {c.identity: (c.published, c.recomputed, c.difference) for c in rules.checks(first, two_classes=False)}
    assert checked == {"accepted": (936_046, 936_046, 0), "must_enforce": (923_541, 923_541, 0)}
    assert first.value("carried_over_in") == 299_096
    assert first.value("newly_accepted") == 636_950


def test_four_months_of_2025_give_the_cases_of_the_year_before() -> None:
    found = compared(row(2025, 4))
    assert (found.previous_done, found.done_basis, found.done_approximate) == (166_113, "published_change", False)
    assert found.done_pct is not None
    assert two_places(found.done_pct) == "-2.58"
    assert differences(row(2025, 4)) == []


def test_four_months_of_2025_give_about_33690_billion_the_year_before() -> None:
    found = compared(row(2025, 4, "money"))
    assert (found.previous_done, found.done_basis) == (33_690 * BILLION, "published_percent")
    assert found.done_approximate
    assert found.done_abs == 2_860 * BILLION


def test_six_months_of_2018_have_two_classes() -> None:
    first = row(2018, 6)
    (classes,) = rules.checks(first, two_classes=True)
    assert (classes.formula, classes.published, classes.difference) == ("B = C1 + C2", 629_944, 0)
    assert two_places(rules.rate_of(first) or Decimal(0)) == "52.61"
    shares = [rules.percentage(first.value(c), 629_944) for c in ("with_conditions", "without_conditions")]
    assert [two_places(share or Decimal(0)) for share in shares] == ["72.94", "27.06"]
    assert remainder(first, "deductions", two_classes=True).value == 5_254


def test_three_classes_would_leave_nothing_for_the_third() -> None:
    assert remainder(row(2018, 6), "deferred_or_suspended").value == 0


def test_fiscal_year_2022_names_what_lies_between_its_opening_stock_and_its_total() -> None:
    rest = remainder(row(2022, 12, status="published"), "register_moves_and_deductions")
    assert (rest.formula, rest.value) == ("A1 + A2 − B", 35_004)


def test_the_money_rate_of_2020_disagrees_with_its_parts() -> None:
    assert differences(row(2020, 12, "money")) == [
        Difference("rate_pct", "percentage_points", "40.09", "40.44", "-0.35", approximate=False)
    ]


def test_six_months_of_2023_give_the_rate_and_the_third_class() -> None:
    cases, money = row(2023, 6), row(2023, 6, "money")
    assert [two_places(rules.rate_of(r) or Decimal(0)) for r in (cases, money)] == ["54.00", "26.29"]
    assert remainder(cases, "deferred_or_suspended").value == 9_566
    assert remainder(money, "deferred_or_suspended").value == 14_699_175_972_000


def test_a_difference_of_rates_is_that_of_unrounded_rates() -> None:
    found = compared(row(2024, 12))
    assert found.rate_basis == "parts"
    assert two_places(found.rate_pp or Decimal(0)) == "0.62"
    rounded = Decimal("83.88") - Decimal("83.25")
    assert str(rounded) == "0.63"


def test_the_change_of_2023_was_published_from_rounded_rates() -> None:
    assert differences(row(2023, 12, status="final")) == [
        Difference("yoy_rate_pp", "percentage_points", "0.75", "0.76", "-0.01", approximate=False)
    ]


def test_a_rate_without_parts_is_compared_as_printed() -> None:
    found = compared(row(2025, 12, status="final"))
    assert (found.rate_basis, found.previous_rate, found.rate_pp) == (
        "published_rates", Decimal("83.88"), Decimal("0.39"),
    )  # fmt: skip


def test_changes_agree_with_the_year_before_where_both_are_published() -> None:
    for months, measure, status in ((6, "cases", None), (6, "money", None), (12, "money", "final")):
        now = row(2025, months, measure, status)
        found = compared(now)
        assert found.done_basis == "own_row"
        assert found.done_abs == now.value("yoy_done_abs")
        assert differences(now) == []


def test_restatements_keep_both_figures() -> None:
    final = row(2025, 12, status="final")
    restated = {r.column: (r.earlier, r.now, r.difference) for r in rules.restatements(final, queries.series(final))}
    assert restated == {
        "must_enforce": ("1064419", "1063030", -1_389),
        "done": ("577876", "576884", -992),
    }
    preliminary = row(2025, 12, status="preliminary")
    assert rules.restatements(preliminary, queries.series(preliminary)) == []


def test_a_zero_denominator_gives_no_rate() -> None:
    assert rules.rate_of(made(done="0", with_conditions="0")) is None
    assert rules.percentage(None, 5) is None
    assert rules.percentage(0, 5) == 0


def test_a_broken_identity_is_named_with_its_difference() -> None:
    wrong = made("money", must_enforce="10.5", done="4", carried_over_out="7", vague="done")
    (check,) = rules.checks(wrong, two_classes=False)
    assert (check.identity, check.difference, check.approximate) == ("carried_over", BILLION // 2, True)
    (found,) = rules.differences(wrong, YearOverYear(), two_classes=False)
    assert (found.name, found.measure, found.difference) == ("identity_carried_over", "vnd", "500000000")
    assert found.approximate


def test_a_published_change_that_contradicts_the_year_before_is_named() -> None:
    now = made(done="110", yoy_done_abs="20", yoy_done_pct="22.22")
    before = PublishedRow("NATION", 2023, 12, "cases", "final", None, made(done="100").figures, {})
    found = rules.differences(now, rules.year_over_year(now, [now, before]), two_classes=False)
    assert [(d.name, d.published, d.recomputed, d.difference) for d in found] == [
        ("yoy_done_abs", "20", "10", "10"),
        ("yoy_done_pct", "22.22", "10.00", "12.22"),
    ]


def test_the_last_word_of_the_year_before_counts() -> None:
    now = made(done="110")
    first, last = (
        PublishedRow("NATION", 2023, 12, "cases", status, None, made(done=text).figures, {})
        for status, text in (("preliminary", "90"), ("final", "100"))
    )
    assert rules.year_over_year(now, [first, last, now]).previous_done == 100


def test_a_rate_is_compared_to_as_many_places_as_were_printed() -> None:
    assert differences(row(2018, 12)) == []  # 80.337 printed as 80.3
    printed = made(done="80337", with_conditions="100000", rate_pct="80.30")
    assert [d.difference for d in rules.differences(printed, YearOverYear(), two_classes=False)] == ["-0.04"]


@pytest.mark.parametrize(
    ("text", "measure", "expected"),
    [
        ("161828", "cases", (161_828, 1)),
        ("-4285", "cases", (-4_285, 1)),
        ("36550", "money", (36_550 * BILLION, BILLION)),
        ("158522.438871", "money", (158_522_438_871_000, 1_000)),
        ("1035.043", "money", (1_035_043_000_000, 1_000_000)),
    ],
)
def test_printed_numbers_are_kept_exactly(text: str, measure: str, expected: tuple[int, int]) -> None:
    made_of = queries.figure(text, measure, approximate=False)
    assert (made_of.value, made_of.precision) == expected
    assert made_of.text == text


@pytest.mark.parametrize(
    ("value", "printed"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.004", "0.00"), ("83.8755", "83.88")]
)
def test_rounding_is_half_up(value: str, printed: str) -> None:
    assert two_places(Decimal(value)) == printed


def test_nothing_is_a_float() -> None:
    for each in queries.published_rows():
        found = (rules.remainders(each, two_classes=False), compared(each), differences(each))
        assert not re.search(r"[a-z_]+=-?[0-9]+\.[0-9]", repr(found))
        assert all(type(figure.value) is int for figure in each.figures.values())
