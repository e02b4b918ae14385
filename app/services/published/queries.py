"""The published results that come with the service, read once from their file."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from app.services.published import rules
from app.services.published.rules import Difference, Figure, PublishedRow, Restatement, YearOverYear
from app.services.reference import Reference
from app.services.regimes.rules import Regime

FILE: Final = Path(__file__).parents[2] / "data" / "published_results.csv"
FIGURES: Final = (
    "accepted_total", "carried_over_in", "newly_accepted", "entrusted", "withdrawn", "must_enforce",
    "with_conditions", "without_conditions", "deferred_or_suspended", "done", "carried_over_out", "yoy_done_abs",
)  # fmt: skip
PERCENTS: Final = ("rate_pct", "yoy_done_pct", "yoy_rate_pp")
MEASURES: Final = {"cases": "cases", "money_bn_vnd": "money"}
_BILLION: Final = 10**9


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """A published row with everything its own parts give."""

    row: PublishedRow
    since: date
    until: date
    regime: Regime
    checks: list[rules.Check]
    remainders: list[rules.Remainder]
    year_over_year: YearOverYear
    differences: list[Difference]
    restates: list[Restatement]


def key_of(row: PublishedRow) -> tuple[int, int, str, str, str]:
    """The order of the list, and what no two rows share."""
    return row.fiscal_year, row.months, row.unit, row.measure, row.status


@lru_cache(maxsize=1)
def published_rows() -> tuple[PublishedRow, ...]:
    """Every published row in the order of the list."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(sorted((_row(record) for record in csv.DictReader(file)), key=key_of))


def _row(record: dict[str, str]) -> PublishedRow:
    vague = record["approximate_columns"].split()
    measure = MEASURES[record["measure"]]
    return PublishedRow(
        unit=record["unit"],
        fiscal_year=int(record["fiscal_year"]),
        months=int(record["months"]),
        measure=measure,
        status=record["status"],
        remark=record["remark"] or None,
        figures={name: figure(record[name], measure, name in vague) for name in FIGURES if record[name]},
        percents={name: Decimal(record[name]) for name in PERCENTS if record[name]},
    )


def figure(text: str, measure: str, approximate: bool) -> Figure:
    """A printed number; money is printed in billion VND and kept in whole VND."""
    scale = _BILLION if measure == "money" else 1
    decimals = len(text.partition(".")[2])
    return Figure(text, int(Decimal(text) * scale), scale // 10**decimals, approximate)


def period(fiscal_year: int, months: int) -> tuple[date, date]:
    """First and last day of the first `months` months of a fiscal year (1 October of the year before)."""
    years, month = divmod(9 + months, 12)
    following = date(fiscal_year - 1 + years, month + 1, 1)
    return date(fiscal_year - 1, 10, 1), following - timedelta(days=1)


def list_results(
    ref: Reference, filters: dict[str, Any], after: tuple[Any, ...] | None, limit: int
) -> list[PublishedResult]:
    """At most `limit` results after a key; `filters` names attributes of a row, None leaves one out."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    found = (row for row in published_rows() if all(getattr(row, name) == wanted[name] for name in wanted))
    rest = (row for row in found if after is None or key_of(row) > after)
    return [_result(ref, row) for _, row in zip(range(limit), rest, strict=False)]


def _result(ref: Reference, row: PublishedRow) -> PublishedResult:
    since, until = period(row.fiscal_year, row.months)
    regime = ref.regime(until)
    two_classes = not regime.lines["cases" if row.measure == "cases" else "money"]["C3"]
    same = series(row)
    compared = rules.year_over_year(row, same)
    return PublishedResult(
        row=row,
        since=since,
        until=until,
        regime=regime,
        checks=rules.checks(row, two_classes=two_classes),
        remainders=rules.remainders(row, two_classes=two_classes),
        year_over_year=compared,
        differences=rules.differences(row, compared, two_classes=two_classes),
        restates=rules.restatements(row, same),
    )


def series(row: PublishedRow) -> list[PublishedRow]:
    """The rows of the same unit, months and measure, over the years."""
    same = (row.unit, row.months, row.measure)
    return [other for other in published_rows() if (other.unit, other.months, other.measure) == same]
