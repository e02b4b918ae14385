"""The contract of targets by workload: classes with the rates that follow from them, and who falls in which."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Line, Name, Query, Strict, Uuid, refuse
from app.api.v1.schemas.cases import UnitBrief
from app.api.v1.schemas.statistics import FiscalYear
from app.api.v1.schemas.target_plans import TargetShown, target_shown
from app.api.v1.schemas.targets import Indicator, TargetRate, TargetValue
from app.db import Row
from app.services.reference import Reference
from app.services.statistics.rules import percent
from app.services.targets.plan_rules import FULL
from app.services.targets.rules import Assigned
from app.services.workload.queries import COLUMNS
from app.services.workload.rules import NewScheme
from app.services.workload.views import Classed


class ClassNew(Strict):
    """One class of workload."""

    cases_from: Count = Field(description="fewest cases to enforce (B) in the class", examples=[500])
    rate: TargetRate = Field(description="rate that follows, percent", examples=["75.00"])


class SchemeNew(Strict):
    """Classes that a unit sets for those directly under it."""

    unit_id: Uuid = Field(description="the unit that sets them", examples=[samples.NATION_ID])
    indicator: Indicator = Field(description="by cases or by money", examples=["cases_rate"])
    since: BusinessDate = Field(description="first day they hold", examples=["2021-10-01"])
    classes: list[ClassNew] = Field(
        min_length=1,
        max_length=50,
        description="rising; a class ends where the next one begins, the last one does not end",
        examples=[
            [
                {"cases_from": 500, "rate": "75.00"},
                {"cases_from": 5_000, "rate": "74.00"},
                {"cases_from": 10_000, "rate": "72.00"},
            ]
        ],
    )
    decision_no: Annotated[Line, Field(max_length=100)] = Field(
        description="number of the decision", examples=["15/QĐ-TCTHADS"]
    )
    decision_date: BusinessDate = Field(description="day of the decision, not in the future", examples=["2021-11-05"])
    signer: Name = Field(description="who signed it", examples=["Nguyễn Văn Lực"])

    @model_validator(mode="after")
    def _rising(self) -> Self:
        begins = [one.cases_from for one in self.classes]
        if any(later <= earlier for earlier, later in pairwise(begins)):
            raise refuse("class-order", "must rise", "phải tăng dần", at="classes")
        return self

    def to_scheme(self) -> NewScheme:
        """As the service takes it."""
        classes = [{"from": one.cases_from, "rate_bp": int(one.rate * 100)} for one in self.classes]
        return NewScheme(**self.model_dump(exclude={"classes"}), classes=classes)


class ClassesQuery(Query):
    """Whose classes, by which indicator, on which day."""

    unit: Uuid | None = Field(
        None,
        description="the unit that set them; by default the one granted to the caller",
        examples=[samples.NATION_ID],
    )
    indicator: Indicator = Field(description="by cases or by money", examples=["cases_rate"])
    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default that of `as_of`", examples=[2025]
    )
    as_of: BusinessDate | None = Field(
        None,
        description="last day that counts; by default today, or the last day of a past year",
        examples=["2025-06-30"],
    )


class ClassOut(Strict):
    """One class of workload."""

    cases_from: int = Field(description="fewest cases to enforce (B) in the class", examples=[500])
    cases_below: int | None = Field(description="where the next class begins; null of the last one", examples=[5_000])
    rate: TargetValue = Field(description="rate that follows, percent", examples=["75.00"])


class SchemeOut(Strict):
    """The classes that hold on a day."""

    unit: UnitBrief = Field(description="the unit that set them, for those directly under it")
    indicator: Indicator = Field(description="by cases or by money", examples=["cases_rate"])
    version: int = Field(description="1, 2…; all versions stay", examples=[1])
    since: BusinessDate = Field(description="first day they hold", examples=["2021-10-01"])
    classes: list[ClassOut] = Field(description="rising")
    decision_no: str = Field(description="number of the decision", examples=["15/QĐ-TCTHADS"])
    decision_date: BusinessDate = Field(description="day of the decision", examples=["2021-11-05"])
    signer: str = Field(description="who signed it", examples=["Nguyễn Văn Lực"])


class ClassedOut(Strict):
    """A unit with its workload and what follows from it."""

    unit: UnitBrief = Field(description="the unit")
    must_enforce: int = Field(description="B, cases to enforce from 1 October to the day", examples=[4_120])
    workload_class: ClassOut | None = Field(
        description="the class it falls in; null below the lowest, and without classes"
    )
    target: TargetShown | None = Field(description="the target it was assigned; null when there is none")


class ClassedPage(Strict):
    """A page of units by class of workload."""

    items: list[ClassedOut] = Field(description="units directly under the one asked about, in the order of the tree")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    scheme: SchemeOut | None = Field(description="the classes that hold; null when none are set")


def classes_out(classes: Sequence[Mapping[str, int]]) -> list[dict[str, Any]]:
    """Classes as `ClassOut`."""
    ends = [*(one["from"] for one in classes[1:]), None]
    return [
        {"cases_from": one["from"], "cases_below": end, "rate": percent(one["rate_bp"], FULL)}
        for one, end in zip(classes, ends, strict=True)
    ]


def scheme_out(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.workload.queries.COLUMNS` as `SchemeOut`."""
    found = dict(zip(COLUMNS, row, strict=True))
    return {
        "unit": ref.brief(found.pop("unit_id")),
        **found,
        "classes": classes_out(found["classes"]),
    }


def classed_item(found: Classed, indicator: str, classes: Sequence[dict[str, Any]], ref: Reference) -> dict[str, Any]:
    """A unit as `ClassedOut`; `classes` as `classes_out` has them."""
    return {
        "unit": ref.brief(found.unit.id),
        "must_enforce": found.workload,
        "workload_class": None if found.place is None else classes[found.place],
        "target": target_shown(found.target, indicator),
    }


_ROW: Final[Row] = (
    samples.NATION_ID, "cases_rate", 1, "2021-10-01",
    [{"from": 500, "rate_bp": 7_500}, {"from": 5_000, "rate_bp": 7_400}],
    "15/QĐ-TCTHADS", "2021-11-05", "Nguyễn Văn Lực",
)  # fmt: skip
SCHEME_EXAMPLE: Final = samples.example_of(SchemeOut, scheme_out(_ROW, samples.SAMPLE_REF))
_CLASSED: Final = Classed(
    samples.SAMPLE_REF.units[samples.PROVINCE_ID], 4_120, 0, Assigned(samples.PROVINCE_ID, 1, 7_500, {})
)
_ITEM: Final = samples.example_of(
    ClassedOut, classed_item(_CLASSED, "cases_rate", SCHEME_EXAMPLE["classes"], samples.SAMPLE_REF)
)
PAGE_EXAMPLE: Final = samples.example_of(ClassedPage, {"items": [_ITEM], "next": None, "scheme": SCHEME_EXAMPLE})
