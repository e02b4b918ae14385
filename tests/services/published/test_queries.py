"""The file of published results: every row can be read, none twice, and it is served in pages."""

import csv
from datetime import date, timedelta
from typing import get_args

import pytest

from app.api.v1.schemas.published_results import Status, UnitName
from app.services.published import queries
from app.services.published.rules import STATUSES
from tests.builders import Service


def test_no_two_rows_have_the_same_key() -> None:
    keys = [queries.key_of(row) for row in queries.published_rows()]
    assert len(set(keys)) == len(keys) == 32
    assert keys == sorted(keys)


def test_units_and_statuses_are_those_of_the_contract() -> None:
    assert {row.unit for row in queries.published_rows()} == set(get_args(UnitName))
    assert {row.status for row in queries.published_rows()} == set(get_args(Status)) == set(STATUSES)


def test_approximate_columns_name_published_columns() -> None:
    with queries.FILE.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    for record in records:
        for column in record["approximate_columns"].split():
            assert record[column]
    assert sum(bool(record["approximate_columns"]) for record in records) == 8


@pytest.mark.parametrize(
    ("year", "months", "until"),
    [
        (2025, 4, date(2025, 1, 31)),
        (2025, 12, date(2025, 9, 30)),
        (2025, 3, date(2024, 12, 31)),
        (2024, 5, date(2024, 2, 29)),
        (2018, 1, date(2017, 10, 31)),
    ],
)
def test_periods_are_cumulative_from_october(year: int, months: int, until: date) -> None:
    assert queries.period(year, months) == (date(year - 1, 10, 1), until)
    assert (until + timedelta(days=1)).day == 1


def test_the_regime_of_the_period_decides_on_the_classes(service: Service) -> None:
    ref = service.reference.current
    first = queries.list_results(ref, {"fiscal_year": 2018, "months": 6, "measure": "cases"}, None, 10)
    assert [(r.regime.code, [c.identity for c in r.checks]) for r in first] == [("tt08-2015", ["classes"])]
    (later,) = queries.list_results(ref, {"fiscal_year": 2023, "months": 6, "measure": "cases"}, None, 10)
    assert later.regime.code == "tt06-2019"


def test_pages_follow_each_other(service: Service) -> None:
    ref = service.reference.current
    whole = [queries.key_of(r.row) for r in queries.list_results(ref, {"fiscal_year": None}, None, 500)]
    paged: list[tuple[int, int, str, str, str]] = []
    while page := queries.list_results(ref, {}, paged[-1] if paged else None, 7):
        paged += [queries.key_of(r.row) for r in page]
    assert paged == whole
