"""The contract of units below the national average, and of the cases that would lift them most."""

from datetime import date
from typing import Any, Final, Literal

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Query, Rate, Strict, Uuid
from app.api.v1.schemas.cases import UnitBrief
from app.api.v1.schemas.priority_cases import PAGE_EXAMPLE as PRIORITY_EXAMPLE
from app.api.v1.schemas.priority_cases import PriorityCase
from app.api.v1.schemas.statistics import Difference, PeriodOut, period_out, rate_out
from app.api.v1.schemas.targets import AveragedIndicator, RateIndicator
from app.services.pace.views import BelowAverage, BelowList
from app.services.reference import Reference
from app.services.statistics.rules import Period, points


class BelowQuery(Query):
    """Which units are compared with the nation, by what, on which day."""

    indicator: AveragedIndicator = Field(
        "cases_rate",
        description="by cases or by money, of all cases or of those of credit institutions; or by administrative "
        "judgments tracked",
        examples=["cases_rate"],
    )
    as_of: BusinessDate | None = Field(
        None, description="last day that counts; today when absent", examples=["2025-01-31"]
    )
    level: Literal["provincial", "district", "regional"] = Field(
        "provincial", description="units of this level that existed on the day", examples=["provincial"]
    )
    unit: Uuid | None = Field(
        None, description="only units in this one; by default all the caller may see", examples=[samples.NATION_ID]
    )


class LiftingQuery(Query):
    """By which indicator a unit is to be lifted."""

    indicator: RateIndicator = Field(
        "cases_rate",
        description="`cases_rate`: oldest decisions first; `money_rate`: largest amounts outstanding first; "
        "`credit_cases_rate` and `credit_money_rate`: the same of cases of credit institutions",
        examples=["money_rate"],
    )


class BelowItem(Strict):
    """A unit below the national average."""

    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    rate: Rate = Field(description="its result rate = D1 / C1, or enforced / tracked")
    national_difference_pp: Difference = Field(
        description="rate less national average in percentage points, from unrounded rates", examples=["-6.37"]
    )
    since: BusinessDate = Field(
        description="the end of the first month of this fiscal year since which it has been below at every end of a "
        "month; the day asked for, when it was not at the last end of a month",
        examples=["2024-12-31"],
    )
    months: int = Field(description="at how many ends of months in a row", examples=[2])
    lacks: int = Field(
        description="what more must be done for the average as it stands: cases or judgments, or VND", examples=[1_204]
    )


class BelowPage(Strict):
    """A page of units below the national average."""

    items: list[BelowItem] = Field(description="lowest rate first")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    period: PeriodOut = Field(description="the cumulative period up to the day asked for")
    national: Rate = Field(description="result rate of the whole nation on that day")
    compared: int = Field(description="how many units of the level have a rate", examples=[34])


class LiftingPage(Strict):
    """A page of the cases that would lift a unit most."""

    items: list[PriorityCase] = Field(
        description="open cases with conditions, as they are today, with the priority flags raised on them"
    )
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def below_item(found: BelowAverage, below: BelowList, ref: Reference) -> dict[str, Any]:
    """A unit below the average as `BelowItem`."""
    return {
        "unit": ref.brief(found.unit.id),
        "rate": rate_out(found.share),
        "national_difference_pp": points(found.share, below.national),
        "since": found.since,
        "months": found.months,
        "lacks": found.lacks,
    }


def frame_out(below: BelowList) -> dict[str, Any]:
    """The members of `BelowPage` besides the items."""
    return {
        "period": period_out(below.period, below.regime),
        "national": rate_out(below.national),
        "compared": below.compared,
    }


def _sample() -> dict[str, Any]:
    """One province after four months of fiscal year 2025."""
    unit = samples.SAMPLE_REF.units[samples.PROVINCE_ID]
    found = BelowAverage(unit, (5_269, 18_090), date(2024, 12, 31), 2, 1_204, (0, ""))
    below = BelowList(Period.of_months(2025, 4), "tt05-2024", (161_828, 452_275), 34, [found])
    item = samples.example_of(BelowItem, below_item(found, below, samples.SAMPLE_REF))
    return samples.example_of(BelowPage, {"items": [item], "next": None, **frame_out(below)})


PAGE_EXAMPLE: Final = _sample()
CASES_EXAMPLE: Final = samples.example_of(LiftingPage, dict(PRIORITY_EXAMPLE))
