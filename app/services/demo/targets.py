"""Targets (chỉ tiêu) of FY2025 that provinces and some officers were given, around those of the nation."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from app.services.demo.ids import uuid7
from app.services.demo.units import NEW_MAP, Organisation, UnitRow

FISCAL_YEAR: Final = 2025
# The nation: 83.90 % of cases, 51.90 % of money. Hundredths of a percent; lowest, highest, and the middle.
RANGES: Final = {"cases_rate": (8_200, 8_600, 8_390), "money_rate": (4_500, 5_800, 5_190)}
AMENDED: Final = 0.25
OFFICER_TARGETS: Final = 0.15
GENERAL_DEPARTMENT: Final = "Tổng cục trưởng Tổng cục Thi hành án dân sự"
DEPARTMENT: Final = "Cục trưởng Cục Quản lý Thi hành án dân sự"


@dataclass(frozen=True)
class TargetRow:
    """One version of a target, of a unit or of an officer."""

    id: str
    unit_id: str | None
    officer_id: str | None
    indicator: str
    version: int
    rate_bp: int
    decision_no: str
    decision_date: date
    signer: str
    effective_on: date


def targets(organisation: Organisation, seed: int) -> list[TargetRow]:
    """Every provincial target on both maps, some amended in the middle of the year, and some officers' targets."""
    rng = Random(f"{seed} targets")  # noqa: S311 — a book to be repeated, not a secret
    provinces = [unit for unit in organisation.units if unit.level == "provincial"]
    rows = [row for unit in provinces for row in _provincial(unit, rng)]
    chosen = [office for office in organisation.offices if rng.random() < OFFICER_TARGETS]
    return rows + [_officer(office.officers[0], office.place, rng) for office in chosen]


def _rate(indicator: str, rng: Random) -> int:
    low, high, middle = RANGES[indicator]
    return round(rng.triangular(low, high, middle))


def _provincial(unit: UnitRow, rng: Random) -> Iterator[TargetRow]:
    new = unit.since == NEW_MAP
    number = rng.randrange(100, 2_000)
    decided, effective = (date(2025, 7, 4), NEW_MAP) if new else (date(2024, 11, 22), date(2024, 10, 1))
    body, signer = ("CQLTHADS", DEPARTMENT) if new else ("TCTHADS", GENERAL_DEPARTMENT)
    for indicator in RANGES:
        rate = _rate(indicator, rng)
        given = f"{number}/QĐ-{body}"
        yield TargetRow(
            uuid7(decided.toordinal(), rng), unit.id, None, indicator, 1, rate, given, decided, signer, effective
        )
        if rng.random() < AMENDED:
            low, high, _ = RANGES[indicator]
            amended = min(high, max(low, rate + rng.choice((-60, -40, 50, 80))))
            later = date(2025, 8, 15) if new else date(2025, 4, 10)
            changed = f"{number + 400}/QĐ-{body}"
            key = uuid7(later.toordinal(), rng)
            yield TargetRow(key, unit.id, None, indicator, 2, amended, changed, later, signer, later)


def _officer(officer_id: str, place: str, rng: Random) -> TargetRow:
    number = rng.randrange(10, 400)
    signer = f"Thủ trưởng cơ quan THADS {place}"
    rate = _rate("cases_rate", rng)
    day = date(2024, 12, 2)
    key = uuid7(day.toordinal(), rng)
    given = f"{number}/QĐ-THADS"
    return TargetRow(key, None, officer_id, "cases_rate", 1, rate, given, day, signer, date(2024, 10, 1))
