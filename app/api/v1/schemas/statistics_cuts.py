"""The contract of series and breakdowns: the measures of a statement, many times over."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Code, Strict, Uuid
from app.api.v1.schemas.cases import Initiation, Kind, OfficerBrief, Segment, UnitBrief
from app.api.v1.schemas.statistics import SAMPLE, MeasureOut, ReportPeriod, frame_out, measures_out
from app.services.reference import Reference, Unit
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.cut_views import Breakdown, Part, statement_of
from app.services.statistics.movements import Movements
from app.services.statistics.rules import Period
from app.services.statistics.views import PeriodStatement


class SeriesItem(Strict):
    """One period of a series."""

    period: ReportPeriod = Field(description="the period")
    previous_period: ReportPeriod = Field(description="the same period of the previous year")
    complete: bool = Field(description="false while its last month is still running", examples=[True])
    cases: MeasureOut = Field(description="in cases (việc)")
    money: MeasureOut = Field(description="in money (tiền), VND")


class SeriesOut(Strict):
    """A series of statements of a unit."""

    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    items: list[SeriesItem] = Field(description="the periods, oldest first")


class MatterBrief(Strict):
    """A matter (vụ) as statistics name it."""

    id: Uuid = Field(description="matter id", examples=[samples.MATTER_ID])
    code: Code = Field(description="code of the matter", examples=["VA-2024-017"])
    name: str = Field(description="name of the matter", examples=["Vụ án Công ty Cổ phần Đầu tư Sông Thao"])


class BreakdownItem(Strict):
    """One part; the member that `group_by` names says which."""

    unit: UnitBrief | None = Field(description="with `group_by=unit`, with all it succeeded")
    officer: OfficerBrief | None = Field(description="with `group_by=officer`")
    kind: Kind | None = Field(description="with `group_by=kind`", examples=["civil"])
    initiation: Initiation | None = Field(description="with `group_by=initiation`", examples=[None])
    segment: Segment | None = Field(
        description="with `group_by=segment`; a case of several segments counts in each", examples=[None]
    )
    matter: MatterBrief | None = Field(description="with `group_by=matter`, when the caller may see it")
    rest: bool = Field(
        description=(
            "true for what belongs to no other part: books of the unit itself (`unit` is then the one asked for), "
            "cases of no segment, cases of no matter or of one the caller may not see"
        ),
        examples=[False],
    )
    cases: MeasureOut = Field(description="in cases (việc)")
    money: MeasureOut = Field(description="in money (tiền), VND")


class BreakdownPage(Strict):
    """A page of parts; together they make the statement of the unit, except that segments overlap."""

    items: list[BreakdownItem] = Field(description="parts that have anything in the books, in order; the rest last")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    unit: UnitBrief = Field(description="the unit that is broken down")
    period: ReportPeriod = Field(description="the period asked for")
    previous_period: ReportPeriod = Field(description="the same period of the previous year")
    complete: bool = Field(description="false while the last month is still running", examples=[True])


def series_out(unit: Unit, statements: Sequence[PeriodStatement], ref: Reference) -> dict[str, Any]:
    """Statements of one unit as `SeriesOut`."""
    items = [{**frame_out(statement, ref), **measures_out(statement.measures)} for statement in statements]
    return {"unit": ref.brief(unit.id), "items": items}


def breakdown_item(part: Part, asked: Breakdown, statement: PeriodStatement, ref: Reference) -> dict[str, Any]:
    """A part and its statement as `BreakdownItem`."""
    key = part.key
    named: dict[str, Any] = {
        "unit": ref.brief((key or asked.unit).id) if asked.by == "unit" else None,
        "officer": ref.officer_brief(key.id) if asked.by == "officer" else None,
        "kind": key if asked.by == "kind" else None,
        "initiation": key if asked.by == "initiation" else None,
        "segment": key if asked.by == "segment" else None,
        "matter": dict(zip(("id", "code", "name"), key, strict=True)) if asked.by == "matter" and key else None,
    }
    return {**named, "rest": key is None, **measures_out(statement.measures)}


def breakdown_frame(asked: Breakdown, period: Period, code: str | None, ref: Reference) -> dict[str, Any]:
    """The members of `BreakdownPage` besides items and cursor."""
    nothing = statement_of(ref, asked.unit, period, Movements((), {}), code)
    return {"unit": ref.brief(asked.unit.id), **frame_out(nothing, ref)}


def _samples() -> tuple[dict[str, Any], dict[str, Any]]:
    ref = samples.SAMPLE_REF
    series = samples.example_of(SeriesOut, series_out(SAMPLE.unit, [SAMPLE], ref))
    samples.example_of(SeriesItem, series["items"][0])
    asked = Breakdown(SAMPLE.unit, "kind", CutFilter())
    item = samples.example_of(BreakdownItem, breakdown_item(Part("civil", (0,), Movements((), {})), asked, SAMPLE, ref))
    frame = breakdown_frame(asked, SAMPLE.period, None, ref)
    return series, samples.example_of(BreakdownPage, {"items": [item], "next": None, **frame})


SERIES_EXAMPLE, BREAKDOWN_EXAMPLE = _samples()
