"""The contract of the priority lists: flagged cases with their reasons, cases about to be flagged, totals."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Flag, Query, Strict, Uuid
from app.api.v1.schemas.cases import SAMPLE_ROW, CaseItem, OfficerBrief, UnitBrief, case_item
from app.api.v1.schemas.priority import RaisedFlagOut, flag_out
from app.db import Row
from app.services.priority.rules import FLAGS
from app.services.priority.views import Ages, Band, Figure, Summary, Tally, reasons
from app.services.reference import PriorityRule, Reference

_ONE: Final = "(long_running|high_value|steering_committee)"
FlagList = Annotated[str, StringConstraints(pattern=f"^{_ONE}(,{_ONE}){{0,2}}$", max_length=60)]
"""Names of flags with commas between them."""


class PriorityFilters(Query):
    """What the list of flagged cases is narrowed to."""

    flags: FlagList | None = Field(
        None, description="cases with at least one of these flags; all by default", examples=["long_running,high_value"]
    )
    unit: Uuid | None = Field(None, description="this unit and everything below it", examples=[samples.PROVINCE_ID])
    officer: Uuid | None = Field(None, description="officer in charge on the day", examples=[samples.OFFICER_ID])
    with_conditions: Flag | None = Field(
        None, description="cases with (true) or without (false) conditions", examples=[True]
    )
    as_of: BusinessDate | None = Field(
        None, description="the day asked for; today when absent; a later day if nothing changes until then",
        examples=["2025-09-30"],
    )  # fmt: skip

    @property
    def names(self) -> Sequence[str]:
        """The flags asked for."""
        return self.flags.split(",") if self.flags else FLAGS


class UpcomingFilters(Query):
    """What the list of cases about to be flagged is narrowed to."""

    within_days: Annotated[Count, Field(ge=1, le=366)] = Field(
        30, description="days ahead, today not counted", examples=[30]
    )
    unit: Uuid | None = Field(None, description="this unit and everything below it", examples=[samples.PROVINCE_ID])
    officer: Uuid | None = Field(None, description="officer in charge", examples=[samples.OFFICER_ID])


class SummaryQuery(Query):
    """Whose totals, on which day, by what."""

    unit: Uuid | None = Field(
        None, description="the unit with everything below it; by default all the caller may see",
        examples=[samples.PROVINCE_ID],
    )  # fmt: skip
    group_by: Literal["unit", "officer", "level"] = Field(
        "unit", description="units directly below, officers (not for the nation) or levels of units", examples=["unit"]
    )
    as_of: BusinessDate | None = Field(
        None, description="the day asked for; today when absent", examples=["2025-09-30"]
    )


class PriorityCase(CaseItem):
    """A flagged case, as it stands on the day asked for, with its reasons."""

    flags: list[RaisedFlagOut] = Field(description="every flag raised on the day, each with its reason")


class PriorityCasePage(Strict):
    """A page of flagged cases."""

    items: list[PriorityCase] = Field(description="cases, most urgent first: by decision date")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class UpcomingCase(CaseItem):
    """A case that will be flagged if nothing changes until then."""

    raised_on: BusinessDate = Field(description="the day the flag will be raised", examples=["2025-10-16"])
    raises: RaisedFlagOut = Field(description="the flag and its reason, as they will read on that day")


class UpcomingCasePage(Strict):
    """A page of cases about to be flagged."""

    items: list[UpcomingCase] = Field(description="by the day the flag will be raised; one item per case and flag")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class FigureOut(Strict):
    """A number of cases and their money."""

    cases: int = Field(description="cases (việc)", examples=[1204])
    amount_vnd: int = Field(description="what must be enforced in them, in VND", examples=[912_400_000_000])
    outstanding_vnd: int = Field(description="what is still to be enforced, in VND", examples=[655_120_000_000])


class TallyOut(Strict):
    """Figures by flag; a flag without a rule in force on the day has none."""

    total: FigureOut = Field(description="cases with at least one flag, each counted once")
    long_running: FigureOut | None = Field(description="decisions of five years and more, by the rule of the day")
    high_value: FigureOut | None = Field(description="high value, with conditions, not done for years")
    steering_committee: FigureOut | None = Field(description="cases of matters tracked by a steering committee")


class GroupOut(Strict):
    """The figures of a unit, an officer or a level."""

    unit: UnitBrief | None = Field(description="when grouped by unit")
    officer: OfficerBrief | None = Field(description="when grouped by officer")
    level: Literal["national", "provincial", "district", "regional"] | None = Field(
        description="when grouped by level (code list `levels`)", examples=[None]
    )
    tally: TallyOut = Field(description="its figures")


class SummaryOut(Strict):
    """Totals of the priority flags; they count every case of the units, also those whose parties are restricted."""

    as_of: BusinessDate = Field(description="the day of the figures", examples=["2025-09-30"])
    unit: UnitBrief = Field(description="the unit, counted with everything below it")
    group_by: Literal["unit", "officer", "level"] = Field(description="what `groups` are", examples=["unit"])
    overall: TallyOut = Field(description="the whole unit")
    groups: list[GroupOut] = Field(description="its parts; they add up to `overall`")


class AgesQuery(Query):
    """Whose flagged cases, on which day."""

    unit: Uuid | None = Field(
        None, description="the unit with everything below it; by default all the caller may see",
        examples=[samples.PROVINCE_ID],
    )  # fmt: skip
    as_of: BusinessDate | None = Field(
        None, description="the day asked for; today when absent; a later day if nothing changes until then",
        examples=["2025-09-30"],
    )  # fmt: skip


class BandOut(Strict):
    """Flagged cases decided in one year; a case stands in one member besides `total`."""

    decided_in: int = Field(description="year of the decision", examples=[2019])
    or_before: bool = Field(description="true for the oldest band, which has all earlier years", examples=[False])
    total: FigureOut = Field(description="cases with at least one flag, each counted once")
    long_running: FigureOut | None = Field(description="cases with this flag only; null without a rule on the day")
    high_value: FigureOut | None = Field(description="cases with this flag only; null without a rule on the day")
    steering_committee: FigureOut | None = Field(
        description="cases with this flag only; null without a rule on the day"
    )
    several: FigureOut = Field(description="cases with two flags or all")


class AgesOut(Strict):
    """How old flagged cases are; counts every case of the unit, also those whose parties are restricted."""

    as_of: BusinessDate = Field(description="the day of the figures", examples=["2025-09-30"])
    unit: UnitBrief = Field(description="the unit, counted with everything below it")
    total: FigureOut = Field(description="all flagged cases; the bands add up to it")
    bands: list[BandOut] = Field(description="by year of decision, oldest first, with the years that have none")


def priority_item(row: Row, ref: Reference, on: date, rules: Sequence[PriorityRule]) -> dict[str, Any]:
    """A row of `list_flagged` as `PriorityCase`."""
    item = case_item(row[:-1], ref)
    item["flags"] = [flag_out(flag) for flag in reasons(item, row[-1], on, rules)]
    return item


def upcoming_item(row: Row, ref: Reference, rules: Sequence[PriorityRule]) -> dict[str, Any]:
    """A row of `list_upcoming` as `UpcomingCase`."""
    *columns, tracking, name, raised_on = row
    item = case_item(tuple(columns), ref)
    day = date.fromisoformat(raised_on)
    raised = next(flag for flag in reasons(item, tracking, day, rules) if flag.flag == name)
    return item | {"raised_on": raised_on, "raises": flag_out(raised)}


def _figure(figure: Figure) -> dict[str, int]:
    return {"cases": figure.cases, "amount_vnd": figure.amount_vnd, "outstanding_vnd": figure.outstanding_vnd}


def _tally(tally: Tally, in_force: frozenset[str]) -> dict[str, Any]:
    flags = {name: _figure(figure) if name in in_force else None for name, figure in tally.by_flag.items()}
    return {"total": _figure(tally.total), **flags}


def summary_out(summary: Summary, ref: Reference) -> dict[str, Any]:
    """A summary as `SummaryOut`."""
    groups = []
    for key, tally in summary.groups.items():
        group = {
            "unit": ref.brief(key) if summary.by == "unit" else None,
            "officer": ref.officer_brief(key) if summary.by == "officer" else None,
            "level": key if summary.by == "level" else None,
        }
        groups.append({**group, "tally": _tally(tally, summary.in_force)})
    return {
        "as_of": summary.on,
        "unit": ref.brief(summary.unit.id),
        "group_by": summary.by,
        "overall": _tally(summary.overall, summary.in_force),
        "groups": groups,
    }


def _band(band: Band, in_force: frozenset[str]) -> dict[str, Any]:
    alone = {name: _figure(figure) if name in in_force else None for name, figure in band.alone.items()}
    frame = {"decided_in": band.decided_in, "or_before": band.or_before, "total": _figure(band.total)}
    return {**frame, **alone, "several": _figure(band.several)}


def ages_out(found: Ages, ref: Reference) -> dict[str, Any]:
    """Flagged cases by age as `AgesOut`."""
    return {
        "as_of": found.on,
        "unit": ref.brief(found.unit.id),
        "total": _figure(found.total),
        "bands": [_band(band, found.in_force) for band in found.bands],
    }


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return plain


_RULE: Final = PriorityRule(
    "high_value", 1, 3, False, 20_000_000_000, "value", True,
    "Chỉ đạo của Tổng cục THADS về chỉ tiêu, nhiệm vụ năm 2025: từ 20 tỷ đồng, có điều kiện, quá 3 năm",
    date(2024, 10, 1), date.max,
)  # fmt: skip
_OLD_ROW: Final[Row] = (*SAMPLE_ROW[:3], "2022-10-15", *SAMPLE_ROW[4:14], "2022-10-17", *SAMPLE_ROW[15:])
_ITEM: Final = priority_item((*_OLD_ROW, None), samples.SAMPLE_REF, date(2025, 11, 3), [_RULE])
PAGE_EXAMPLE: Final = samples.example_of(
    PriorityCasePage, {"items": [_plain(samples.example_of(PriorityCase, _ITEM))], "next": None}
)
_UPCOMING: Final = samples.example_of(
    UpcomingCase,
    upcoming_item((*_OLD_ROW, None, "high_value", "2025-10-16"), samples.SAMPLE_REF, [_RULE]),
)
UPCOMING_EXAMPLE: Final = samples.example_of(UpcomingCasePage, {"items": [_plain(_UPCOMING)], "next": None})
_TALLY: Final = Tally()
_TALLY.add(1, (1204, 912_400_000_000, 655_120_000_000))
_TALLY.add(3, (17, 640_000_000_000, 598_000_000_000))
_PROVINCE: Final = samples.SAMPLE_REF.units[samples.PROVINCE_ID]
SUMMARY_EXAMPLE: Final = _plain(
    samples.example_of(
        SummaryOut,
        summary_out(
            Summary(date(2025, 9, 30), _PROVINCE, "unit", frozenset(FLAGS), _TALLY, {samples.OFFICE_ID: _TALLY}),
            samples.SAMPLE_REF,
        ),
    )
)
_BAND: Final = Band(2019, False)
_BAND.add(1, (1204, 912_400_000_000, 655_120_000_000))
_BAND.add(3, (17, 640_000_000_000, 598_000_000_000))
samples.example_of(BandOut, _band(_BAND, frozenset(FLAGS)))
AGES_EXAMPLE: Final = _plain(
    samples.example_of(
        AgesOut,
        ages_out(Ages(date(2025, 9, 30), _PROVINCE, frozenset(FLAGS), _BAND.total, [_BAND]), samples.SAMPLE_REF),
    )
)
