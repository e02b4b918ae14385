"""A province with sound books of four offices, month by month, into which a test plants its fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.aggregates import OPENING_ACCOUNTS, UNIT_QUARTER, balance_columns, quarter_of
from app.models.codes import ACCOUNTS
from app.services.reference import Unit
from app.services.statistics.rules import Period
from tests.builders import Service

FIRST: Final = 2023
YEAR: Final = 2025
_MONEY: Final = 1_000_000
_BEGUN_WITH: Final = {"enforcing": 300, "no_conditions": 120}

Month = dict[str, int]
"""Net movements of cases by account; money moves with them, a million VND each."""


def first_day(year: int, month: int) -> date:
    """First day of a month of a fiscal year."""
    return Period.of_months(year, month, single=True).first


@dataclass
class Ledger:
    """The months of one office, and the openings of its years; sound until something is planted."""

    unit: Unit
    months: dict[tuple[int, int], Month] = field(default_factory=dict)
    planted_openings: dict[int, Month] = field(default_factory=dict)

    @classmethod
    def sound(cls, unit: Unit, office: int) -> "Ledger":
        """Three years in which every month is much like the same one before."""
        made = cls(unit)
        for year in range(FIRST, YEAR + 1):
            for month in range(1, 13):
                accepted = 40 + 3 * (month % 4) + office + year % 2
                done = 38 + 2 * (month % 5) + (month * office) % 3
                movement = {"accepted": accepted, "completed": done, "enforcing": accepted - done}
                made.months[year, month] = movement
        return made

    def move(self, month: int, year: int = YEAR, **accounts: int) -> None:
        """Adds to the net movements of a month."""
        row = self.months[year, month]
        for account, number in accounts.items():
            row[account] = row.get(account, 0) + number

    def opening(self, year: int) -> Month:
        """What stood in the accounts when a year began, by the months before it."""
        found: dict[str, int] = dict(_BEGUN_WITH)
        rows = [row for (of, _), row in self.months.items() if of < year]
        for row in [*rows, self.planted_openings.get(year, {})]:
            for account, number in row.items():
                if account in OPENING_ACCOUNTS:
                    found[account] = found.get(account, 0) + number
        return found


@dataclass
class Plot:
    """The province, its offices, and where they are written."""

    service: Service
    province: Unit
    offices: list[Unit]

    def grow(self, plant: Callable[[list[Ledger]], Any] | None = None) -> None:
        """Writes sound books, with what a test plants in them, in place of those before."""
        ledgers = [Ledger.sound(unit, number) for number, unit in enumerate(self.offices)]
        if plant is not None:
            plant(ledgers)
        self.service.runner.run(self.service.db.write(lambda session: _write(session, ledgers)))


async def _write(session: AsyncSession, ledgers: list[Ledger]) -> None:
    ids = [ledger.unit.id for ledger in ledgers]
    for table in ("rollup_unit_month", "rollup_unit_quarter", "unit_opening"):
        await session.execute(text(f"DELETE FROM {table} WHERE unit_id = ANY (CAST(:ids AS uuid[]))"), {"ids": ids})
    for ledger in ledgers:
        for (year, month), row in ledger.months.items():
            key = {"month": first_day(year, month), "unit_id": ledger.unit.id}
            await session.execute(*_insert("rollup_unit_month", ACCOUNTS, key, row))
        for year in range(FIRST, YEAR + 2):
            key = {"fiscal_year": year, "unit_id": ledger.unit.id}
            await session.execute(*_insert("unit_opening", OPENING_ACCOUNTS, key, ledger.opening(year)))
    months = "(SELECT * FROM rollup_unit_month WHERE unit_id = ANY (CAST(:ids AS uuid[]))) f"
    quarters = UNIT_QUARTER.fill(UNIT_QUARTER.sums(months, quarter=quarter_of("f.month")))
    await session.execute(text(quarters), {"ids": ids})


def _insert(table: str, accounts: tuple[str, ...], key: Mapping[str, Any], row: Month) -> tuple[Any, dict[str, Any]]:
    values = dict.fromkeys(balance_columns(accounts), 0)
    for account, number in row.items():
        values |= {f"cases_{account}": number, f"money_{account}": number * _MONEY}
    names = [*key, *values]
    places = [f"CAST(:{name} AS uuid)" if name == "unit_id" else f":{name}" for name in names]
    return text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(places)})"), {**key, **values}
