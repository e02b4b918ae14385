"""The figures the book is made to reach are the published ones, and scale exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.demo.calibration import BILLION, FY2024, FY2025, YEARS, Year, by_month, scaled, spread
from app.services.demo.flows import flows
from app.services.published.queries import published_rows

FIGURES = ("must_enforce", "with_conditions", "done")


def _published(year: Year, months: int, measure: str, figure: str) -> list[int]:
    """What was published, in cases or VND, preliminary figures aside."""
    key = ("NATION", year.fiscal_year, months, measure)
    rows = [row for row in published_rows() if (row.unit, row.fiscal_year, row.months, row.measure) == key]
    values = [row.value(figure) for row in rows if row.status != "preliminary"]
    return [value for value in values if value is not None]


@pytest.mark.parametrize("year", YEARS, ids=lambda year: str(year.fiscal_year))
def test_cases_are_the_published_ones(year: Year) -> None:
    compared = 0
    for figure in FIGURES:
        for months, cases in getattr(year, figure).items():
            for published in _published(year, months, "cases", figure):
                assert cases == published, (figure, months)
                compared += 1
    assert compared >= (6 if year is FY2024 else 5)


@pytest.mark.parametrize("year", YEARS, ids=lambda year: str(year.fiscal_year))
def test_money_is_the_published_one(year: Year) -> None:
    for months, amount in year.done_vnd.items():
        for published in _published(year, months, "money", "done"):
            assert amount == published, months
    assert [year.must_enforce_vnd] == _published(year, 12, "money", "must_enforce")


def test_the_directive_of_2025_comes_out() -> None:
    """161,828 cases, −4,285 (−2.58 %); 36,550 billion VND, +8.49 %; the yearly rates as printed."""
    done, before = FY2025.done[4], FY2024.done[4]
    assert (done, done - before) == (161_828, -4_285)
    assert f"{100 * (done - before) / before:.2f}" == "-2.58"
    assert FY2025.done_vnd[4] == 36_550 * BILLION
    assert f"{100 * (FY2025.done_vnd[4] - FY2024.done_vnd[4]) / FY2024.done_vnd[4]:.2f}" == "8.49"
    rates = [f"{100 * year.done[12] / year.with_conditions[12]:.2f}" for year in YEARS]
    money = [f"{100 * year.done_vnd[12] / year.with_conditions_vnd:.2f}" for year in YEARS]
    assert (rates, money) == (["83.88", "84.27"], ["51.84", "56.62"])


@given(st.integers(0, 10**15), st.lists(st.integers(0, 1000), min_size=1).filter(any))
def test_spreading_loses_nothing(total: int, weights: list[int]) -> None:
    parts = spread(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert min(parts) >= 0
    assert all(abs(part - total * weight / sum(weights)) <= 1.01 + total * 1e-12
               for part, weight in zip(parts, weights, strict=True))  # fmt: skip


def test_months_reach_every_knot() -> None:
    months = by_month({4: 100, 6: 130, 12: 131}, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
    assert (sum(months[:4]), sum(months[:6]), sum(months), len(months)) == (100, 130, 131, 12)


@given(st.integers(100, 10_000))
def test_any_scale_balances(hundred_thousandths: int) -> None:
    scale = hundred_thousandths / 100_000
    moved = flows(scale)
    closing = moved.opening
    for year, start in zip(YEARS, (0, 12), strict=True):
        within = slice(start, start + 12)
        closing += sum(moved.accepted[within]) + sum(moved.back[within])
        closing -= sum(moved.register_carried[within]) + sum(moved.register_new[within])
        closing -= sum(moved.entrusted[within]) + sum(moved.withdrawn[within])
        assert closing == scaled(year.must_enforce[12], scale)
        closing -= sum(moved.done[within])
        assert sum(moved.done[within]) == scaled(year.done[12], scale)


def test_too_small_a_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.001"):
        flows(0.0009)
