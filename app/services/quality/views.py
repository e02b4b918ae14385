"""Findings of the checks over a fiscal year, for every unit with books of its own in the units asked for."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.clock import today
from app.db import SeenBy
from app.services.access import figures
from app.services.published.queries import list_results, published_rows
from app.services.quality import rules
from app.services.quality.books import Books, Year
from app.services.quality.queries import openings
from app.services.quality.rules import Finding
from app.services.reference import Reference, Unit
from app.services.statistics.cut_queries import CutFilter, movements
from app.services.statistics.groups import Groups, counted_at, family, kept
from app.services.statistics.rules import Period, Share
from app.services.statistics.views import PeriodStatement

_PROVINCES: Final = {"Phu Tho": "25", "HCMC": "79"}
"""Provinces by the names their results are published under, with their codes."""


@dataclass(frozen=True, slots=True)
class UnitFinding:
    """A finding and whose it is."""

    unit: Unit
    finding: Finding

    @property
    def order(self) -> tuple[Any, ...]:
        """By unit, then by what was found where."""
        found = self.finding
        place = rules.CODES.index(found.code)
        return self.unit.path, place, found.measure, found.month or found.months or 0, found.line or "", found.found


async def findings(db: SeenBy, ref: Reference, unit: Unit, period: Period) -> list[UnitFinding]:
    """All findings of a unit and of everything below it, in order; two round trips, however many units there are.

    A unit stands for its own books and those it succeeded. A month that is still running is not looked at by itself.
    """
    whole = Period.of_months(period.fiscal_year, period.months)
    complete = period.months if whole.last < today() else period.months - 1
    year = Year(whole, ref.regime(period.last), ref.regime(period.previous().last), complete)
    groups = kept(ref, ("quality", unit.id, period.last), lambda: _own_books(ref, unit, period.last))
    found = list(_published(ref, groups.shown, period))
    if groups.shown:
        moved = await movements(figures(db), groups, "place", CutFilter(), year.bounds)
        stored = await openings(figures(db), groups, period.fiscal_year)
        books = {place: Books(year, nets) for place, nets in moved.items()}
        siblings = _siblings(groups.shown, books)
        for place, own in books.items():
            await asyncio.sleep(0)  # hundreds of units take a while: others get their turn
            checked = own.findings(stored.get(place), siblings(place))
            found += [UnitFinding(groups.shown[place], finding) for finding in checked]
    return sorted(found, key=lambda one: one.order)


def _own_books(ref: Reference, unit: Unit, on: date) -> Groups:
    """Units that existed on a day, each with its own books and those of all it succeeded, but not those below it."""
    there = (one for one in map(ref.units.__getitem__, family(ref, unit)) if one.existed(on))
    shown = sorted(there, key=lambda one: one.path)
    places = {one.id: number for number, one in enumerate(shown)}
    for number, one in enumerate(shown):
        waiting = list(one.predecessors)
        while waiting:
            older = waiting.pop()
            if older not in places:
                places[older] = number
                waiting.extend(ref.units[older].predecessors)
    return counted_at(ref, shown, places)


def _siblings(shown: Sequence[Unit], books: Mapping[int, Books]) -> Callable[[int], list[Share]]:
    """What gives the shares of the other units of the same parent and level."""
    families: dict[tuple[str | None, str], list[int]] = {}
    for place in books:
        families.setdefault((shown[place].parent_id, shown[place].level), []).append(place)

    def others(place: int) -> list[Share]:
        same = families[shown[place].parent_id, shown[place].level]
        return [books[other].share for other in same if other != place]

    return others


def _published(ref: Reference, shown: Sequence[Unit], period: Period) -> Iterable[UnitFinding]:
    """Findings in what was published for the fiscal year so far, of units among those shown."""
    for result in list_results(ref, {"fiscal_year": period.fiscal_year}, None, len(published_rows())):
        row = result.row
        holder = _holder(row.unit, shown)
        if holder is not None and row.months <= period.months:
            for finding in rules.published(row, result.differences, result.remainders):
                yield UnitFinding(holder, finding)


def _holder(name: str, shown: Sequence[Unit]) -> Unit | None:
    if name == "NATION":
        return next((unit for unit in shown if unit.level == "national"), None)
    code = _PROVINCES.get(name)
    return next((unit for unit in shown if unit.level == "provincial" and unit.province_code == code), None)


def warnings(statement: PeriodStatement) -> list[Finding]:
    """What the checks find in the figures of one statement alone, without another look at the books.

    Figures of a single month may be below zero, when what an earlier month counted was taken back.
    """
    if statement.period.single:
        return []
    found = []
    for name, measure in statement.measures.items():
        found += rules.impossible(name, measure.now)
    cases = statement.measures["cases"]
    shares = rules.share_of(cases.now), rules.share_of(cases.before)
    unlikely = rules.share_with_conditions(*shares, []) if cases.comparable else None
    return found + ([unlikely] if unlikely else [])
