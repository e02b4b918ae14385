"""How much every case is about: heavy-tailed amounts that add up to the published sums to the last đồng.

Every sum a case pays or still owes is an item, and every item has one cell: where its case stood at the start of
FY2025 and what became of the sum. The published figures are margins of that table; within a cell, amounts are drawn
log-normally and scaled to what the cell must hold.
"""

from array import array
from dataclasses import dataclass
from random import Random
from typing import Final

from app.services.demo.calibration import (
    FY2024,
    FY2025,
    TYPICAL_VND,
    WITH_CONDITIONS_BECAME,
    WITHOUT_CONDITIONS_BECAME,
    scaled,
    scaled_knots,
    spread,
)
from app.services.demo.plan import NO_PART, YEAR, Fate, Plan, Standing, done_in

SIGMA: Final = 2.25  # the largest of a million such amounts is some 50,000 times the median
GROWTH_A_YEAR: Final = 0.8  # what is still standing after years is large: small cases are done by then
SMALLEST: Final = 200_000
ROUNDED_TO: Final = 1_000

Cell = tuple[Standing, Fate]
BECAME: Final = (
    Fate.DONE_2025_4, Fate.DONE_2025_6, Fate.DONE_2025_10, Fate.DONE_2025_12,
    Fate.WITH_CONDITIONS, Fate.WITHOUT_CONDITIONS, Fate.OUT_2025,
)  # fmt: skip
OPEN_FATES: Final = (Fate.WITH_CONDITIONS, Fate.WITHOUT_CONDITIONS)


@dataclass(frozen=True)
class Amounts:
    """VND per case: what its last step settles or is still owed, and what was collected in part before."""

    rest: "array[int]"
    part: "array[int]"


def amounts(plan: Plan, scale: float, seed: int) -> Amounts:
    """Amounts of all cases; 0 for those about a thing or an act."""
    cells = _items(plan)
    totals = _totals({cell: len(items) for cell, items in cells.items()}, scale)
    drawn = Amounts(array("q", bytes(8 * len(plan.born))), array("q", bytes(8 * len(plan.born))))
    for cell in sorted(cells):
        rng = Random(f"{seed} money {cell[0]:d} {cell[1]:d}")  # noqa: S311 — a book to be repeated, not a secret
        items = cells[cell]
        for item, amount in zip(items, _draw(plan, cell, items, totals[cell], rng), strict=True):
            if item >= 0:
                drawn.rest[item] = amount
            else:
                drawn.part[~item] = amount
    return drawn


def _items(plan: Plan) -> "dict[Cell, array[int]]":
    """Cases by the cell of their rest; ~case by the cell of the part collected before."""
    cells: dict[Cell, array[int]] = {}
    for case, (fate, standing, month, monetary) in enumerate(
        zip(plan.fate, plan.standing, plan.part_month, plan.monetary, strict=True)
    ):
        if not monetary:
            continue
        cells.setdefault(_cell(Fate(fate), standing), array("i")).append(case)
        if month != NO_PART:
            cells.setdefault(_cell(done_in(month), standing if month >= YEAR else 0), array("i")).append(~case)
    return cells


def _cell(fate: Fate, standing: int) -> Cell:
    return (Standing(standing) if fate in BECAME else Standing.ELSEWHERE, fate)


def _totals(numbers: dict[Cell, int], scale: float) -> dict[Cell, int]:
    """What every cell must hold for the published sums to come out."""
    done_2024, done_2025 = scaled_knots(FY2024.done_vnd, scale), scaled_knots(FY2025.done_vnd, scale)
    money = {(year, name): scaled(getattr(figures, name), scale) for year, figures in ((2024, FY2024), (2025, FY2025))
             for name in ("with_conditions_vnd", "must_enforce_vnd")}  # fmt: skip
    columns = {
        Fate.DONE_2024_4: done_2024[4],
        Fate.DONE_2024_6: done_2024[6] - done_2024[4],
        Fate.DONE_2024_12: done_2024[12] - done_2024[6],
        Fate.DONE_2025_4: done_2025[4],
        Fate.DONE_2025_6: done_2025[6] - done_2025[4],
        Fate.DONE_2025_10: done_2025[10] - done_2025[6],
        Fate.DONE_2025_12: done_2025[12] - done_2025[10],
        Fate.WITH_CONDITIONS: money[2025, "with_conditions_vnd"] - done_2025[12],
        Fate.WITHOUT_CONDITIONS: money[2025, "must_enforce_vnd"] - money[2025, "with_conditions_vnd"],
    }
    rows = {
        Standing.WITH_CONDITIONS: (money[2024, "with_conditions_vnd"] - done_2024[12], WITH_CONDITIONS_BECAME),
        Standing.WITHOUT_CONDITIONS: (
            money[2024, "must_enforce_vnd"] - money[2024, "with_conditions_vnd"],
            WITHOUT_CONDITIONS_BECAME,
        ),
    }
    totals = {cell: number * TYPICAL_VND for cell, number in numbers.items()}
    for standing, (total, shares) in rows.items():
        there = [share if (standing, fate) in numbers else 0 for fate, share in zip(BECAME, shares, strict=True)]
        for fate, part in zip(BECAME, spread(total, there), strict=True):
            if (standing, fate) in numbers:
                totals[standing, fate] = part
                columns[fate] = columns.get(fate, 0) - part
    for fate, left in columns.items():
        if fate is not Fate.OUT_2025:
            totals[Standing.ELSEWHERE, fate] = left
    if any(total <= 0 or cell not in numbers for cell, total in totals.items()):
        raise ValueError("a demo book of this scale is too small to hold the published sums")
    return totals


def _draw(plan: Plan, cell: Cell, items: "array[int]", total: int, rng: Random) -> list[int]:
    """Amounts of one cell in whole thousands; the largest takes up what rounding leaves."""
    standing = cell[1] in OPEN_FATES
    raw = [rng.lognormvariate(0, SIGMA) for _ in items]
    if standing:
        raw = [one * (1 + GROWTH_A_YEAR * (2 * YEAR - plan.born[item]) / YEAR) if item >= 0 else one
               for one, item in zip(raw, items, strict=True)]  # fmt: skip
    unit = total / sum(raw) / ROUNDED_TO
    drawn = [max(SMALLEST, int(one * unit) * ROUNDED_TO) for one in raw]
    largest = max(range(len(raw)), key=raw.__getitem__)
    drawn[largest] += total - sum(drawn)
    if drawn[largest] <= 0:
        raise ValueError("a demo book of this scale is too small to hold the published sums")
    return drawn
