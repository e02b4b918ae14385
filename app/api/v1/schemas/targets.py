"""The contract of targets (chỉ tiêu): what may be asked, assigned and amended."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Flag, Instant, Line, Money, Name, Percent, Query, Strict, Uuid, refuse
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.statistics import FiscalYear
from app.db import Row
from app.services.reference import Reference
from app.services.statistics.rules import Period, percent
from app.services.targets.plan_rules import FULL, is_number
from app.services.targets.queries import TargetFilter
from app.services.targets.rules import MILESTONES, Amendment, NewTarget

Indicator = Literal["cases_rate", "money_rate"]
"""A result rate of all cases."""
RateIndicator = Literal["cases_rate", "money_rate", "credit_cases_rate", "credit_money_rate"]
"""A rate of cases, or of their money."""
AveragedIndicator = Literal["cases_rate", "money_rate", "administrative_rate", "credit_cases_rate", "credit_money_rate"]
"""An indicator that the nation has an average of."""
AnyIndicator = Literal[
    "cases_rate", "money_rate", "administrative_rate", "credit_cases_rate", "credit_money_rate", "cases_done",
    "money_collected",
]  # fmt: skip
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
TargetValue = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,2})\.[0-9]{2}$")]
"""The same as it is answered: with two places."""


class TargetFilters(Query):
    """What a list of targets can be narrowed to; all given criteria must hold."""

    unit: Uuid | None = Field(
        None,
        description="targets of this unit, of everything below it and of its officers",
        examples=[samples.PROVINCE_ID],
    )
    officer: Uuid | None = Field(None, description="targets of this officer", examples=[samples.OFFICER_ID])
    fiscal_year: FiscalYear | None = Field(None, description="reporting year", examples=[2025])
    indicator: AnyIndicator | None = Field(
        None, description="by which indicator (code list `indicators`)", examples=["cases_rate"]
    )
    current: Flag | None = Field(
        None,
        description="true: only versions in force today; false: only amended ones and those to come",
        examples=[True],
    )

    def to_filter(self) -> TargetFilter:
        """The filter as the service takes it, but for `unit`, which the wall takes care of."""
        return TargetFilter(self.officer, self.fiscal_year, self.indicator, self.current)


class MilestoneNew(Strict):
    """What is to be reached some months after 1 October (mốc tiến độ)."""

    months: Literal[3, 6, 9, 10] = Field(description="months since 1 October", examples=[6])
    rate: TargetRate | None = Field(None, description="rate to be reached by then, percent", examples=["55.00"])
    amount: Money | None = Field(None, description="or number of cases or VND", examples=[None])

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if (self.rate is None) == (self.amount is None):
            raise refuse("one-value", "give either rate or amount", "nêu rate hoặc amount", at="rate")
        return self


class Valued(Strict):
    """What a target asks: a rate or a number."""

    rate: TargetRate | None = Field(
        None, description="rate to be reached, percent; required of rates", examples=["83.90"]
    )
    amount: Money | None = Field(
        None, description="number of cases or VND to be reached; required of `cases_done` and `money_collected`",
        examples=[None],
    )  # fmt: skip
    milestones: list[MilestoneNew] | None = Field(
        None,
        max_length=4,
        description="what is to be reached on the way; must rise to the target. An amendment replaces all of them",
        examples=[[{"months": 6, "rate": "55.00"}]],
    )

    @model_validator(mode="after")
    def _milestones_alike(self) -> Self:
        steps = self.milestones or []
        if len({step.months for step in steps}) < len(steps):
            raise refuse("repeated", "names a month twice", "trùng mốc", at="milestones")
        if any((step.rate is None) != (self.rate is None) for step in steps):
            en, vi = "must be in the unit of the target", "phải cùng đơn vị với chỉ tiêu"
            raise refuse("wrong-unit", en, vi, at="milestones")
        return self

    def to_values(self) -> dict[str, Any]:
        """The value as the service takes it."""
        steps = {str(step.months): value_of(step) for step in self.milestones or []}
        rate_bp = None if self.rate is None else int(self.rate * 100)
        return {"rate_bp": rate_bp, "amount": self.amount, "milestones": steps}


class Decision(Strict):
    """The decision behind targets (quyết định giao chỉ tiêu)."""

    decision_no: Annotated[Line, Field(max_length=100)] = Field(
        description="number of the decision", examples=["15/QĐ-TCTHADS"]
    )
    decision_date: BusinessDate = Field(description="day of the decision, not in the future", examples=["2024-11-05"])
    signer: Name = Field(description="who signed it", examples=["Nguyễn Văn Lực"])
    effective_on: BusinessDate = Field(
        description="first day it counts, within the fiscal year", examples=["2024-10-01"]
    )


class Held(Strict):
    """Whose a target is: a unit's or an officer's."""

    unit_id: Uuid | None = Field(None, description="the unit it is assigned to", examples=[samples.PROVINCE_ID])
    officer_id: Uuid | None = Field(None, description="or the officer", examples=[None])

    @property
    def holder_id(self) -> str:
        """The one of both that is given."""
        return self.unit_id or self.officer_id or ""

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if (self.unit_id is None) == (self.officer_id is None):
            en, vi = "name either a unit or an officer", "nêu một đơn vị hoặc một chấp hành viên"
            raise refuse("one-holder", en, vi, at="unit_id")
        return self


class TargetNew(Held, Valued, Decision):
    """A target to be assigned to a unit or to an officer."""

    fiscal_year: FiscalYear = Field(description="reporting year", examples=[2025])
    indicator: AnyIndicator = Field(description="by which indicator (code list `indicators`)", examples=["cases_rate"])

    def to_target(self) -> NewTarget:
        """As the service takes it."""
        return NewTarget(**self.model_dump(exclude={"rate", "amount", "milestones"}), **self.to_values())


class TargetPart(Held, Valued):
    """One of the targets of a decision."""


class TargetsNew(Decision):
    """The targets of one decision by one indicator, for many units or officers."""

    fiscal_year: FiscalYear = Field(description="reporting year", examples=[2025])
    indicator: AnyIndicator = Field(description="by which indicator (code list `indicators`)", examples=["cases_rate"])
    targets: list[TargetPart] = Field(
        min_length=1,
        max_length=500,
        description="who is assigned what; nobody twice",
        examples=[[{"unit_id": samples.PROVINCE_ID, "rate": "83.90"}]],
    )

    @model_validator(mode="after")
    def _nobody_twice(self) -> Self:
        if len({part.holder_id for part in self.targets}) < len(self.targets):
            raise refuse("repeated", "names somebody twice", "trùng đơn vị hoặc người", at="targets")
        return self

    def to_targets(self) -> list[NewTarget]:
        """As the service takes them."""
        common = self.model_dump(exclude={"targets"})
        return [
            NewTarget(**common, unit_id=part.unit_id, officer_id=part.officer_id, **part.to_values())
            for part in self.targets
        ]


class TargetAmendment(Valued, Decision):
    """The next version of a target (điều chỉnh chỉ tiêu)."""

    reason: Line | None = Field(None, description="why, kept in the trail", examples=["Tiếp nhận thêm án phức tạp"])

    def to_amendment(self) -> Amendment:
        """As the service takes it."""
        decided = self.model_dump(include={"decision_no", "decision_date", "signer", "effective_on"})
        return Amendment(**decided, **self.to_values())


class MilestoneOut(Strict):
    """What is to be reached some months after 1 October."""

    months: int = Field(description="months since 1 October", examples=[6])
    due_on: BusinessDate = Field(description="last day of these months", examples=["2025-03-31"])
    rate: TargetValue | None = Field(description="rate to be reached by then, percent", examples=["55.00"])
    amount: int | None = Field(description="or number of cases or VND", examples=[None])


class TargetOut(Strict):
    """One version of a target; all versions stay."""

    id: Uuid = Field(description="id of this version", examples=[TARGET_ID])
    unit: UnitBrief | None = Field(description="the unit it is assigned to")
    officer: OfficerBrief | None = Field(description="or the officer", examples=[None])
    fiscal_year: int = Field(description="reporting year", examples=[2025])
    indicator: AnyIndicator = Field(description="by which indicator (code list `indicators`)", examples=["cases_rate"])
    version: int = Field(description="1 when assigned, 2… as amended; also the ETag", examples=[1])
    rate: TargetValue | None = Field(
        description="rate to be reached, percent; null of indicators that are numbers", examples=["83.90"]
    )
    amount: int | None = Field(description="number of cases or VND to be reached; null of rates", examples=[None])
    milestones: list[MilestoneOut] = Field(description="what is to be reached on the way, in order of months")
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


class TargetsAssigned(Strict):
    """The targets of one decision, as assigned."""

    items: list[TargetOut] = Field(description="versions in the order they were recorded")


def value_of(given: Any) -> int | None:
    """Rate or amount of a part of a body, as the service takes it: hundredths of a percent, cases or VND."""
    amount: int | None = given.amount
    return amount if given.rate is None else int(given.rate * 100)


def value_out(indicator: str, value: int | None) -> dict[str, Any]:
    """A value in the unit of its indicator, as `rate` or as `amount`."""
    if value is None or is_number(indicator):
        return {"rate": None, "amount": value}
    return {"rate": percent(value, FULL), "amount": None}


def milestones_out(fiscal_year: int, indicator: str, milestones: Mapping[str, int]) -> list[dict[str, Any]]:
    """Milestones as `MilestoneOut`, in order."""
    ends = {str(months): Period.of_months(fiscal_year, months) for months in MILESTONES}
    return [
        {"months": end.months, "due_on": end.last.isoformat(), **value_out(indicator, milestones[months])}
        for months, end in ends.items()
        if months in milestones
    ]


def target_out(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.targets.queries.COLUMNS` as `TargetOut`."""
    (
        target_id, unit_id, officer_id, fiscal_year, indicator, version, rate_bp, decision_no, decision_date, signer,
        effective_on, recorded_at, current, amount, milestones,
    ) = row  # fmt: skip
    return {
        "id": target_id,
        "unit": None if unit_id is None else ref.brief(unit_id),
        "officer": None if officer_id is None else ref.officer_brief(officer_id),
        "fiscal_year": fiscal_year,
        "indicator": indicator,
        "version": version,
        **value_out(indicator, amount if rate_bp is None else rate_bp),
        "milestones": milestones_out(fiscal_year, indicator, milestones),
        "decision_no": decision_no,
        "decision_date": decision_date,
        "signer": signer,
        "effective_on": effective_on,
        "recorded_at": recorded_at,
        "current": current,
    }


SAMPLE_ROW: Final[Row] = (
    TARGET_ID, samples.PROVINCE_ID, None, 2025, "cases_rate", 1, 8390, "15/QĐ-TCTHADS", "2024-11-05",
    "Nguyễn Văn Lực", "2024-10-01", "2024-11-05T02:11:45.123456Z", True, None,
    {"6": 5500},
)  # fmt: skip
OUT_EXAMPLE: Final = samples.example_of(TargetOut, target_out(SAMPLE_ROW, samples.SAMPLE_REF))
PAGE_EXAMPLE: Final = samples.example_of(TargetPage, {"items": [OUT_EXAMPLE], "next": None})
ASSIGNED_EXAMPLE: Final = samples.example_of(TargetsAssigned, {"items": [OUT_EXAMPLE]})
