"""The contract of data quality: findings of checks over reported figures."""

from typing import Annotated, Any, Final

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Query, Strict, Uuid
from app.api.v1.schemas.cases import UnitBrief
from app.api.v1.schemas.findings import FindingCode, Severity, WarningOut, warning_out
from app.api.v1.schemas.statistics import FiscalYear
from app.clock import today
from app.services.quality.rules import Finding
from app.services.quality.views import UnitFinding
from app.services.reference import Reference
from app.services.statistics.rules import Period
from app.services.statistics.views import asked_period


class QualityQuery(Query):
    """Whose figures, of which period, and which findings."""

    unit: Uuid | None = Field(
        None,
        description="the unit with everything below it; by default the one granted to the caller",
        examples=[samples.PROVINCE_ID],
    )
    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default the running one", examples=[2025]
    )
    months: Annotated[Count, Field(ge=1, le=12)] | None = Field(
        None, description="months from 1 October; by default all that have begun", examples=[4]
    )
    code: FindingCode | None = Field(None, description="only findings of this check", examples=["monthly_jump"])
    severity: Severity | None = Field(None, description="only findings of this severity", examples=["error"])

    @property
    def period(self) -> Period:
        """The period asked for. Raises Invalid before it has begun."""
        return asked_period(self.fiscal_year, self.months, today())

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is among those asked for."""
        return self.code in (None, finding.code) and self.severity in (None, finding.severity)


class DifferenceParts(Strict):
    """What the difference between last year's closing stock and this year's opening stock is made of."""

    register_moves: int = Field(description="moved to the separate register since; below zero", examples=[-310])
    handovers: int = Field(description="received from other units less handed over to them", examples=[12])
    adjustments: int = Field(description="what nothing explains; 0 in sound books", examples=[0])


class FindingOut(WarningOut):
    """What a check found in the figures of a unit."""

    unit: UnitBrief = Field(description="whose figures: its own books and those it succeeded, without units below it")
    fiscal_year: int = Field(description="reporting year", examples=[2025])
    starts_on: BusinessDate = Field(description="first day of what was checked", examples=["2024-10-01"])
    ends_on: BusinessDate = Field(description="last day of it", examples=["2025-01-31"])
    parts: DifferenceParts | None = Field(description="with `opening_stock`: the named difference")


class FindingPage(Strict):
    """A page of findings."""

    items: list[FindingOut] = Field(description="by unit from the nation down, then by check")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def finding_out(one: UnitFinding, period: Period, ref: Reference) -> dict[str, Any]:
    """A finding as `FindingOut`."""
    found = one.finding
    within = period
    if found.month is not None:
        within = Period.of_months(period.fiscal_year, found.month, single=True)
    elif found.months is not None:
        within = Period.of_months(period.fiscal_year, found.months)
    return {
        **warning_out(found),
        "unit": ref.brief(one.unit.id),
        "fiscal_year": period.fiscal_year,
        "starts_on": within.first,
        "ends_on": within.last,
        "parts": dict(found.parts) or None,
    }


_FOUND: Final = Finding(
    "opening_stock", "info", "cases", "19204", "19502", "-298", "carried_over",
    parts={"register_moves": -310, "handovers": 12, "adjustments": 0},
)  # fmt: skip
_ITEM: Final = samples.example_of(
    FindingOut,
    finding_out(
        UnitFinding(samples.SAMPLE_REF.units[samples.PROVINCE_ID], _FOUND),
        Period.of_months(2025, 4),
        samples.SAMPLE_REF,
    ),
)
PAGE_EXAMPLE: Final = samples.example_of(FindingPage, {"items": [_ITEM], "next": None})
