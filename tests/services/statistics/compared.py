"""What the service says of any cut, beside what the entries say of it one by one."""

from collections.abc import Callable, Iterable
from datetime import date
from random import Random
from typing import Any

from app.api.v1.schemas.statistics import measure_out
from app.clock import today
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.rules import MEASURES, Period
from app.services.statistics.views import PeriodStatement
from tests.builders import NATION_ID, Service
from tests.services.statistics import naive
from tests.services.statistics.naive import Entry
from tests.services.statistics.scenario import Scenario

REGIMES: dict[str, naive.Regime] = {"tt08-2015": naive.two_classes}
CODES = ("tt08-2015", "tt06-2019", "tt05-2024", "tt05-2026")
PERIODS = (
    Period.until(date(2023, 9, 30)), Period.until(date(2024, 2, 29)), Period.until(date(2025, 1, 31)),
    Period.until(date(2025, 6, 9)), Period.until(date(2025, 7, 20)), Period.until(date(2026, 9, 30)),
    Period.until(today()), Period.of_months(2025, 1, single=True), Period.of_months(2025, 10, single=True),
    Period.of_months(2026, 6, single=True), Period(2024, date(2024, 3, 17), single=True),
)  # fmt: skip


def filters(made: Scenario, seed: int = 5) -> list[CutFilter]:
    """One of each criterion, and some of several."""
    officer = made.room.officers[0]
    plain = [
        CutFilter(), CutFilter(kind="civil"), CutFilter(initiation="ex_officio"), CutFilter(state_budget=True),
        CutFilter(state_budget=False), CutFilter(credit_institution=True), CutFilter(corruption_economic=True),
        CutFilter(officer_id=officer), CutFilter(matter_id=made.matters[0]),
    ]  # fmt: skip
    chance = Random(seed)
    mixed = [
        CutFilter(
            kind=chance.choice([None, "civil", "criminal"]),
            initiation=chance.choice([None, "on_request"]),
            state_budget=chance.choice([None, True, False]),
            credit_institution=chance.choice([None, False]),
            officer_id=chance.choice([None, officer]),
            matter_id=chance.choice([None, None, *made.matters]),
        )
        for _ in range(12)
    ]
    return [*plain, *mixed]


def counts(cut: CutFilter) -> Callable[[Entry], bool]:
    """Whether an entry is one of those a filter asks for."""
    segments = {name: getattr(cut, name) for name in naive.BITS}

    def fits(entry: Entry) -> bool:
        wanted = [
            (cut.kind, entry.kind), (cut.initiation, entry.initiation), (cut.officer_id, entry.officer),
            (cut.matter_id, entry.matter), *((given, name in entry.segments) for name, given in segments.items()),
        ]  # fmt: skip
        return all(asked is None or asked == given for asked, given in wanted)

    return fits


def families(made: Scenario, service: Service) -> dict[str, set[str]]:
    """Units with those whose books are theirs."""
    return {
        made.districts[0].id: made.ids(made.districts[0]),
        made.room.id: made.ids(made.room, *made.districts),
        made.province.id: made.everything,
        NATION_ID: set(service.reference.current.units),
    }


def shown(measures: Any) -> dict[str, dict[str, dict[str, int]]]:
    """Lines of both measures, now and a year before, as the contract has them."""
    out = {measure: measure_out(measures[measure])["lines"] for measure in MEASURES}
    return {
        measure: {side: {name: line[side] for name, line in lines.items()} for side in ("value", "previous")}
        for measure, lines in out.items()
    }


def expected(
    found: Iterable[Entry], statement: PeriodStatement, by: naive.Regime | None = None
) -> dict[str, dict[str, dict[str, int]]]:
    """The same, entry by entry."""
    own = list(found)
    sides = {"value": (statement.period, statement.regime), "previous": (statement.before, statement.regime_before)}
    return {
        measure: {
            side: naive.lines(own, measure, p.first, p.last, by or REGIMES.get(regime.code, naive.three_classes))
            for side, (p, regime) in sides.items()
        }
        for measure in MEASURES
    }
