"""A frozen report as it is read: the statement of a unit, of the units in it, and what differs between two versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.db import Reads, Row, SeenBy
from app.errors import NotFound, invalid
from app.models.reports import REPORT_PARTS
from app.services.access import SERVICE
from app.services.periods import report_queries as queries
from app.services.periods.rules import month_of, period_of
from app.services.reference import Reference, Unit
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import below, family, grouped
from app.services.statistics.rules import LINES, MEASURES, Period, lines_of

Figures = Mapping[str, Mapping[str, int]]
"""By measure, what every line says."""

_OF_LINES: Final = ("accepted_total", "must_enforce", "with_conditions", "carried_forward")
SHOWN: Final = (*(part for part in REPORT_PARTS if part not in ("stock", "ended")), *_OF_LINES)
"""Every line a report shows: those stored, but for two that the identities are checked with, and what follows."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is: a version of the figures of all units for a period, with the totals of the nation's rates."""

    no: int
    period: Period
    version: int
    regime: str
    regime_version: int
    reason: str | None
    watermark: str
    units: int
    lines: int
    officer_lines: int | None
    nation: Mapping[str, tuple[int, int]]
    digest: str
    client_id: str
    frozen_at: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs in the own books of a unit: (measure, line, what the one says, what the other says)."""

    unit_id: str
    lines: Sequence[tuple[str, str, int, int]]


def report_of(row: Row) -> Report:
    """A row of `report_queries.HEAD`."""
    no, month, version, regime, regime_version, reason, watermark, units, lines, officer_lines, *rest = row
    done, conditions, money_done, money_conditions, digest, client_id, frozen_at = rest
    nation = {"cases": (done, conditions), "money": (money_done, money_conditions)}
    period = period_of(date.fromisoformat(month))
    return Report(
        no,
        period,
        version,
        regime,
        regime_version,
        reason,
        watermark,
        units,
        lines,
        officer_lines,
        nation,
        digest,
        client_id,
        frozen_at,
    )


async def found(db: Reads, no: int) -> Report:
    """The report with a number. Raises NotFound."""
    row = await queries.read_head(db, no)
    if row is None:
        raise NotFound
    return report_of(row)


async def found_version(db: Reads, period: Period, version: int) -> Report:
    """A version of the report of a period. Raises Invalid when it was not frozen."""
    row = await queries.read_version(db, month_of(period), version)
    if row is None:
        en, vi = "the period has no such frozen version", "kỳ này không có phiên bản số liệu đã chốt này"
        raise invalid("unknown-reference", en, vi, parameter="version")
    return report_of(row)


async def listed(
    db: Reads, fiscal_year: int | None, months: int | None, newest: bool | None, after: int, limit: int
) -> list[Report]:
    """Reports by number, after one; of a year, or of one period of it. Invalid when months are asked of no year."""
    if fiscal_year is None and months is not None:
        raise invalid("required", "is required with months", "bắt buộc khi có months", parameter="fiscal_year")
    first = last = None
    if fiscal_year is not None:
        first = month_of(Period.of_months(fiscal_year, months or 1))
        last = month_of(Period.of_months(fiscal_year, months or 12))
    return [report_of(row) for row in await queries.list_heads(db, first, last, newest, after, limit)]


async def statement(db: Reads, ref: Reference, no: int, unit: Unit, cut: CutFilter) -> Figures:
    """The figures of a unit, its subtree and all it succeeded, in a report."""
    sums = await queries.summed(db, no, grouped(ref, [unit]), cut.cut_ids)
    return figures_of(sums.get(0))


async def statements(
    db: Reads, ref: Reference, report: Report, unit: Unit, level: str | None, after: str | None, limit: int
) -> list[tuple[Unit, Figures]]:
    """The figures of the units below one that there were when the period ended, by path, after a path."""
    shown = below(ref, unit, level, report.period.last)
    sums = await queries.summed(db, report.no, grouped(ref, shown), None)
    items = [(place, one) for place, one in enumerate(shown) if after is None or one.path > after]
    return [(one, figures_of(sums.get(place))) for place, one in items[:limit]]


async def differences(
    db: Reads, ref: Reference, no: int, other: int, unit: Unit, after: str | None, limit: int
) -> list[Difference]:
    """What two reports say differently, unit by unit. Invalid when there is no other one."""
    if await queries.read_head(db, other) is None:
        raise invalid("unknown-reference", "no such report", "không có báo cáo này", parameter="with")
    rows = await queries.list_differences(db, no, other, family(ref, unit), after, limit)
    width = len(queries.COLUMNS)
    return [Difference(row[0], list(_differing(row[1 : width + 1], row[width + 1 :]))) for row in rows]


def _differing(one: Sequence[int], other: Sequence[int]) -> list[tuple[str, str, int, int]]:
    these, those = figures_of(one), figures_of(other)
    pairs = [(measure, line, these[measure][line], those[measure][line]) for measure in MEASURES for line in SHOWN]
    return [pair for pair in pairs if pair[2] != pair[3]]


def figures_of(sums: Sequence[int] | None) -> Figures:
    """Sums in the order of COLUMNS as lines, with those that follow from them; without sums zeros."""
    values = list(sums or [0] * len(queries.COLUMNS))
    size = len(REPORT_PARTS)
    halves = (values[:size], values[size:])
    return {m: _with_sums(dict(zip(REPORT_PARTS, half, strict=True))) for m, half in zip(MEASURES, halves, strict=True)}


def _with_sums(parts: dict[str, int]) -> dict[str, int]:
    lines = lines_of(parts[name] for name in LINES)
    return {**parts, **{name: getattr(lines, name) for name in _OF_LINES}}


async def proof(db: SeenBy, no: int) -> tuple[str, str, bool]:
    """The digest of a report as stored, that of its lines now, and whether all is as it was. Raises NotFound.

    Reads the lines of all units, whoever asks: no figure leaves.
    """
    row: Any = await queries.prove(db.changed(lambda _: SERVICE), no)
    if row is None:
        raise NotFound
    stored, computed, totals = row
    return stored, computed, stored == computed and totals


@dataclass(frozen=True, slots=True)
class Proved:
    """A version of a report by its number and its period, and whether it is what was frozen."""

    no: int
    period: Period
    version: int
    holds: bool

    @property
    def name(self) -> str:
        """`report 3 (2025-04, version 2)`: four months of fiscal year 2025."""
        return f"report {self.no} ({self.period.fiscal_year}-{self.period.months:02}, version {self.version})"


async def proofs(db: SeenBy) -> list[Proved]:
    """Every version of every report, by number. Reads the lines of all units, whoever asks."""
    rows = await queries.prove_all(db.changed(lambda _: SERVICE))
    return [Proved(no, period_of(date.fromisoformat(month)), version, holds) for no, month, version, holds in rows]
