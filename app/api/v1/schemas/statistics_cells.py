"""The contract of an opened figure: the cases it counts, and what is withheld from the caller."""

from typing import Any, Final

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Strict
from app.api.v1.schemas.cases import SAMPLE_ROW, CaseItem, UnitBrief, case_item
from app.api.v1.schemas.statistics import SAMPLE, ReportPeriod, report_period
from app.api.v1.schemas.statistics_queries import CellLine
from app.db import Row
from app.services.reference import Reference
from app.services.statistics.cell_queries import WITHHELD
from app.services.statistics.cell_views import Asked, Opened
from app.services.statistics.cut_queries import CutFilter


class CellItem(Strict):
    """A case that the figure counts in the books of a unit, or what it counts there of cases that are withheld."""

    unit: UnitBrief = Field(description="the unit in whose books it is counted")
    case: CaseItem | None = Field(description="the case as it stands now; null when the item says what is withheld")
    counted_on: BusinessDate | None = Field(
        description=(
            "the day on which something was booked that counts: of what stands somewhere the last one, else the first "
            "one; null when the item says what is withheld"
        ),
        examples=["2025-01-20"],
    )
    withheld: int = Field(
        description="how many cases the caller may not see are counted in the books of the unit; 0 for a case",
        examples=[0],
    )
    counted: int = Field(
        description="what it adds to the figure: cases, or VND; negative where the line takes it off", examples=[1]
    )


class CellPage(Strict):
    """A page of the cases behind a figure."""

    items: list[CellItem] = Field(
        description=(
            "by unit, then `counted_on`, newest first where the line is what stands somewhere; what a unit withholds "
            "comes first"
        )
    )
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    period: ReportPeriod = Field(description="the period asked for")
    line: CellLine = Field(description="the line", examples=["done"])
    value: int = Field(
        description="the figure, as the statement has it; `counted` of all pages adds up to it", examples=[161_828]
    )


def cell_item(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `list_counted` as `CellItem`."""
    unit_id, day, withheld, counted, *case = row
    shown = case[0] is not None
    return {
        "unit": ref.brief(unit_id),
        "case": case_item(tuple(case), ref) if shown else None,
        "counted_on": day if shown else None,
        "withheld": withheld,
        "counted": counted,
    }


def order_of(row: Row) -> tuple[str, str, str]:
    """What the list is ordered by: unit, day, and case or what stands for those withheld."""
    unit_id, day, _, _, case_id, *_ = row
    return unit_id, day, case_id or WITHHELD


def frame_out(asked: Asked, found: Opened, ref: Reference) -> dict[str, Any]:
    """The members of `CellPage` besides items and cursor."""
    return {
        "unit": ref.brief(asked.unit.id),
        "period": report_period(asked.period, found.regime, ref),
        "line": asked.line,
        "value": found.value,
    }


def _sample() -> dict[str, Any]:
    ref = samples.SAMPLE_REF
    asked = Asked(SAMPLE.unit, SAMPLE.period, "cases", "done", CutFilter())
    rows: list[Row] = [
        (samples.OFFICE_ID, "2024-10-01", 2, 2, *[None] * len(SAMPLE_ROW)),
        (samples.OFFICE_ID, "2025-01-20", 0, 1, *SAMPLE_ROW),
    ]
    items = [samples.example_of(CellItem, cell_item(row, ref)) for row in rows]
    frame = frame_out(asked, Opened(SAMPLE.regime, 161_828, rows), ref)
    return samples.example_of(CellPage, {"items": items, "next": None, **frame})


PAGE_EXAMPLE: Final = _sample()
