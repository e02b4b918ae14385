"""The contract of targets (chỉ tiêu): what may be asked, assigned and amended."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Flag, Instant, Line, Name, Percent, Query, Strict, Uuid, refuse
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.statistics import FiscalYear
from app.db import Row
from app.services.reference import Reference
from app.services.statistics.rules import percent
from app.services.targets.queries import TargetFilter
from app.services.targets.rules import Amendment, NewTarget

Indicator = Literal["cases_rate", "money_rate"]
TARGET_ID: Final = "0197c0de-0000-7000-8000-00000000c001"
RATE_PATTERN: Final = r"^(100(\.00?)?|[1-9]?[0-9](\.[0-9]{1,2})?)$"


def _at_most_all(value: Decimal) -> Decimal:
    if value > 100:
        raise refuse("too-large", "must be at most 100", "không được vượt quá 100")
    return value


TargetRate = Annotated[
    Percent, AfterValidator(_at_most_all), WithJsonSchema({"type": "string", "pattern": RATE_PATTERN})
]
"""A rate to be reached, in percent: a decimal string with at most two places."""


class TargetFilters(Query):
    """What a list of targets can be narrowed to; all given criteria must hold."""

    unit: Uuid | None = Field(
        None,
        description="targets of this unit, of everything below it and of its officers",
        examples=[samples.PROVINCE_ID],
    )
    officer: Uuid | None = Field(None, description="targets of this officer", examples=[samples.OFFICER_ID])
    fiscal_year: FiscalYear | None = Field(None, description="reporting year", examples=[2025])
    indicator: Indicator | None = Field(None, description="by cases or by money", examples=["cases_rate"])
    current: Flag | None = Field(
        None,
        description="true: only versions in force today; false: only amended ones and those to come",
        examples=[True],
    )

    def to_filter(self) -> TargetFilter:
        """The filter as the service takes it, but for `unit`, which the wall takes care of."""
        return TargetFilter(self.officer, self.fiscal_year, self.indicator, self.current)


class Decided(Strict):
    """What the decision on a target says."""

    rate: TargetRate = Field(description="rate to be reached, percent", examples=["83.90"])
    decision_no: Annotated[Line, Field(max_length=100)] = Field(
        description="number of the decision", examples=["15/QĐ-TCTHADS"]
    )
    decision_date: BusinessDate = Field(description="day of the decision, not in the future", examples=["2024-11-05"])
    signer: Name = Field(description="who signed it", examples=["Nguyễn Văn Lực"])
    effective_on: BusinessDate = Field(
        description="first day it counts, within the fiscal year", examples=["2024-10-01"]
    )


class TargetNew(Decided):
    """A target to be assigned to a unit or to an officer."""

    unit_id: Uuid | None = Field(None, description="the unit it is assigned to", examples=[samples.PROVINCE_ID])
    officer_id: Uuid | None = Field(None, description="or the officer", examples=[None])
    fiscal_year: FiscalYear = Field(description="reporting year", examples=[2025])
    indicator: Indicator = Field(description="by cases or by money", examples=["cases_rate"])

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if (self.unit_id is None) == (self.officer_id is None):
            en, vi = "name either a unit or an officer", "nêu một đơn vị hoặc một chấp hành viên"
            raise refuse("one-holder", en, vi, at="unit_id")
        return self

    def to_target(self) -> NewTarget:
        """As the service takes it."""
        return NewTarget(rate_bp=int(self.rate * 100), **self.model_dump(exclude={"rate"}))


class TargetAmendment(Decided):
    """The next version of a target (điều chỉnh chỉ tiêu)."""

    reason: Annotated[Line, Field(max_length=500)] | None = Field(
        None, description="why, kept in the trail", examples=["Tiếp nhận thêm án phức tạp"]
    )

    def to_amendment(self) -> Amendment:
        """As the service takes it."""
        return Amendment(rate_bp=int(self.rate * 100), **self.model_dump(exclude={"rate", "reason"}))


class TargetOut(Strict):
    """One version of a target; all versions stay."""

    id: Uuid = Field(description="id of this version", examples=[TARGET_ID])
    unit: UnitBrief | None = Field(description="the unit it is assigned to")
    officer: OfficerBrief | None = Field(description="or the officer", examples=[None])
    fiscal_year: int = Field(description="reporting year", examples=[2025])
    indicator: Indicator = Field(description="by cases or by money (code list `indicators`)", examples=["cases_rate"])
    version: int = Field(description="1 when assigned, 2… as amended; also the ETag", examples=[1])
    rate: Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,2})\.[0-9]{2}$")] = Field(
        description="rate to be reached, percent", examples=["83.90"]
    )
    decision_no: str = Field(description="number of the decision", examples=["15/QĐ-TCTHADS"])
    decision_date: BusinessDate = Field(description="day of the decision", examples=["2024-11-05"])
    signer: str = Field(description="who signed it", examples=["Nguyễn Văn Lực"])
    effective_on: BusinessDate = Field(description="first day it counts", examples=["2024-10-01"])
    recorded_at: Instant = Field(description="moment it was recorded", examples=["2024-11-05T02:11:45.123456Z"])
    current: bool = Field(description="the version in force today", examples=[True])


class TargetPage(Strict):
    """A page of target versions."""

    items: list[TargetOut] = Field(description="versions in the order they were recorded")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def target_out(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.targets.queries.COLUMNS` as `TargetOut`."""
    (
        target_id, unit_id, officer_id, fiscal_year, indicator, version, rate_bp, decision_no, decision_date, signer,
        effective_on, recorded_at, current,
    ) = row  # fmt: skip
    return {
        "id": target_id,
        "unit": None if unit_id is None else ref.brief(unit_id),
        "officer": None if officer_id is None else ref.officer_brief(officer_id),
        "fiscal_year": fiscal_year,
        "indicator": indicator,
        "version": version,
        "rate": percent(rate_bp, 10_000),
        "decision_no": decision_no,
        "decision_date": decision_date,
        "signer": signer,
        "effective_on": effective_on,
        "recorded_at": recorded_at,
        "current": current,
    }


SAMPLE_ROW: Final[Row] = (
    TARGET_ID, samples.PROVINCE_ID, None, 2025, "cases_rate", 1, 8390, "15/QĐ-TCTHADS", "2024-11-05",
    "Nguyễn Văn Lực", "2024-10-01", "2024-11-05T02:11:45.123456Z", True,
)  # fmt: skip
OUT_EXAMPLE: Final = samples.example_of(TargetOut, target_out(SAMPLE_ROW, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(TargetPage, {"items": [OUT_EXAMPLE], "next": None})
