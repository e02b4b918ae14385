"""Random books, random questions, every regime: the service and the naive implementation give the same."""

from random import Random
from typing import Any

import pytest

from app.clock import today
from app.services.access import ROOT
from app.services.statistics import cut_views as views
from app.services.statistics.rules import Period, percent
from app.services.targets.rules import INDICATORS, MEASURE_OF
from app.services.targets.views import Asked, standings
from tests.builders import Service
from tests.services.statistics import naive, scenario
from tests.services.statistics.compared import CODES, PERIODS, REGIMES, counts, expected, families, filters, shown

BOOKS, QUESTIONS, CASES = range(4), 60, 50


@pytest.mark.parametrize("seed", BOOKS)
def test_statements(service: Service, seed: int) -> None:
    made = scenario.build(service, seed=1000 + seed, cases=CASES)
    entries, chance, ref = naive.entries(service), Random(seed), service.reference.current
    units, cuts = list(families(made, service).items()), filters(made, seed)
    for _ in range(QUESTIONS):
        (unit, family), cut, code = chance.choice(units), chance.choice(cuts), chance.choice([None, *CODES])
        months = chance.randint(1, 12)
        periods = [
            chance.choice(PERIODS),
            Period.of_months(chance.choice([2023, 2024, 2025, 2026]), months, single=chance.random() < 0.5),
        ]
        own = [entry for entry in entries if entry.unit in family and counts(cut)(entry)]
        found: Any = service.runner.run(views.statements(service.db, ref, ref.units[unit], cut, periods, code))
        for statement in found:
            assert shown(statement.measures) == expected(own, statement), (unit, cut, code, statement.period)


@pytest.mark.parametrize("code", CODES)
def test_attainment(service: Service, code: str) -> None:
    """The national average and the standing of a province, by the regime asked for."""
    made = scenario.build(service, seed=77, cases=CASES)
    entries, ref = naive.entries(service), service.reference.current
    province = ref.units[made.province.id]
    for day in (PERIODS[2].last, PERIODS[4].last, today()):
        found = service.runner.run(
            standings(service.db, ref, Asked(province, "self", None, "day", INDICATORS, None, (ROOT,), code), day)
        )
        (standing,) = found.standings
        for indicator in INDICATORS:
            measure, period = MEASURE_OF[indicator], Period.until(day)
            regime = REGIMES.get(code, naive.three_classes)

            def share(units: set[str], p: Period, measure: str = measure, regime: Any = regime) -> tuple[int, int]:
                own = [entry for entry in entries if entry.unit in units]
                lines = naive.lines(own, measure, p.first, p.last, regime)
                return lines["done"], lines["with_conditions"]

            result = standing.results[indicator]
            assert result.share == share(made.everything, period)
            assert result.before == share(made.everything, period.previous())
            assert found.national[indicator] == share(set(ref.units), period)
            assert found.frame.regime == found.frame.regime_before == code
            assert percent(*result.share) is not None
