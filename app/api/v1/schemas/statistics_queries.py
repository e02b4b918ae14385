"""What statistics may be asked for: whose, of which period, cut by what, broken down by what."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Count, Flag, Query, Uuid, refuse
from app.api.v1.schemas.cases import Initiation, Kind
from app.api.v1.schemas.regimes import RegimeCode
from app.api.v1.schemas.statistics import FiscalYear
from app.clock import today
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.rules import Period
from app.services.statistics.views import asked_period

Months = Annotated[Count, Field(ge=1, le=12)]
Years = Annotated[Count, Field(ge=2, le=20)]


class PeriodQuery(Query):
    """Whose figures, and of which cumulative period."""

    unit: Uuid | None = Field(
        None,
        description="the unit with everything below it; by default all the caller may see",
        examples=[samples.PROVINCE_ID],
    )
    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default the running one", examples=[2025]
    )
    months: Months | None = Field(
        None, description="months from 1 October; by default all that have begun", examples=[4]
    )
    regime: RegimeCode | None = Field(
        None,
        description="counted by this regime instead of that of the last day, also the year before (`/v1/regimes`)",
        examples=["tt05-2024"],
    )

    @property
    def period(self) -> Period:
        """The period asked for. Raises Invalid before it has begun."""
        return asked_period(self.fiscal_year, self.months, today())


class CutQuery(PeriodQuery):
    """What the figures are narrowed to, besides (phân tổ); all criteria must hold."""

    span: Literal["cumulative", "month"] = Field(
        "cumulative",
        description="from 1 October (lũy kế), or the last of the months alone: what it began with, came in, went out",
    )
    kind: Kind | None = Field(
        None, description="only this kind of judgment (code list `case-kinds`)", examples=["civil"]
    )
    initiation: Initiation | None = Field(
        None, description="only ex officio (chủ động) or on request (theo yêu cầu)", examples=["on_request"]
    )
    state_budget: Flag | None = Field(
        None, description="only cases with money owed to the State budget, or only the others", examples=[True]
    )
    credit_institution: Flag | None = Field(
        None, description="only cases with a credit institution as creditor, or only the others", examples=[True]
    )
    corruption_economic: Flag | None = Field(
        None, description="only cases of corruption and economic matters, or only the others", examples=[True]
    )
    officer: Uuid | None = Field(None, description="only this officer's cases", examples=[samples.OFFICER_ID])
    matter: Uuid | None = Field(None, description="only cases of this matter (vụ)", examples=[samples.MATTER_ID])

    @property
    def period(self) -> Period:
        """The period asked for. Raises Invalid before it has begun."""
        return asked_period(self.fiscal_year, self.months, today(), single=self.span == "month")

    @property
    def cut(self) -> CutFilter:
        """The criteria as the service takes them."""
        return CutFilter(
            kind=self.kind,
            initiation=self.initiation,
            state_budget=self.state_budget,
            credit_institution=self.credit_institution,
            corruption_economic=self.corruption_economic,
            officer_id=self.officer,
            matter_id=self.matter,
        )


class SeriesQuery(CutQuery):
    """A series of periods, each beside the year before."""

    by: Literal["month", "year"] = Field(
        "month",
        description="the months of the fiscal year up to the one asked for, or the same period of several years",
    )
    years: Years | None = Field(None, description="how many years, with `by=year`; by default 5", examples=[5])

    @model_validator(mode="after")
    def _years_go_with_years(self) -> Self:
        if self.by == "month" and self.years is not None:
            raise refuse("not-allowed", "only with by=year", "chỉ dùng khi by=year", at="years")
        return self


class BreakdownQuery(CutQuery):
    """The parts of a unit's figures."""

    group_by: Literal["unit", "officer", "kind", "initiation", "segment", "matter"] = Field(
        "unit", description="what the parts are: units below, officers, or what reports cut by"
    )
    level: Literal["provincial", "district", "regional"] | None = Field(
        None,
        description="with `group_by=unit`: all units of this level; by default the children of the unit",
        examples=["provincial"],
    )
    map: Literal["day", "old", "new"] = Field(
        "day",
        description=(
            "with `group_by=unit`, whose units: those of the last day of the period, those until 2025-06-30 "
            "(63 provinces), or today's (34); a unit counts with all it succeeded"
        ),
        examples=["new"],
    )

    @model_validator(mode="after")
    def _level_goes_with_unit(self) -> Self:
        if self.group_by != "unit" and self.level is not None:
            raise refuse("not-allowed", "only with group_by=unit", "chỉ dùng khi group_by=unit", at="level")
        return self


CellLine = Literal[
    "accepted_total", "carried_over", "newly_accepted", "accepted", "raised", "back_from_register", "to_register_new",
    "to_register_carried", "handed_over_net", "handed_in", "handed_out", "entrusted", "withdrawn", "pulled_up",
    "must_enforce", "with_conditions", "without_conditions", "deferred_or_suspended", "done", "completed", "terminated",
    "reduced", "returned", "enforcing", "deferred_by_agreement", "other", "carried_forward", "separate_register",
]  # fmt: skip


class CellQuery(CutQuery):
    """Which cell of a statement is opened: the line of a measure, with the filters of the statement."""

    line: CellLine = Field(description="the line, as statements name it", examples=["done"])
    measure: Literal["cases", "money"] = Field("cases", description="in cases (việc) or money (tiền)")
