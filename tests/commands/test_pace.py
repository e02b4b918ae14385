"""The back-test as an operator runs it."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.preflight import Refused
from tests.builders import Service
from tests.services.statistics import scenario


def test_it_prints_a_line_for_each_level_indicator_and_month(
    fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fresh_database()
    monkeypatch.setenv("THADS_DATABASE_URL", url)
    service = Service.over(url)
    scenario.build(service, seed=5, cases=20)
    service.close()
    result = CliRunner().invoke(app, ["backtest", "--fiscal-year", "2026"])
    assert result.exception is None, result.exception
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["level", "indicator", "months", "units", "error", "last", "year", "intervals", "held"]
    found = [line.split() for line in lines]
    assert [line[:3] for line in found] == [
        [level, indicator, str(months)]
        for level in ("national", "provincial", "regional")
        for indicator in ("cases_rate", "money_rate")
        for months in range(1, 13)
    ]
    assert found[11][3:5] == ["1", "0.00"]


def test_a_year_that_is_not_over_is_refused() -> None:
    result = CliRunner().invoke(app, ["backtest", "--fiscal-year", "2099"])
    assert isinstance(result.exception, Refused)
