"""The contract of passing targets on: results by any indicator, proposals, and whether what was assigned adds up."""

from datetime import date
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Money, Query, Rate, Strict, Uuid, refuse
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.statistics import Difference, FiscalYear, rate_out
from app.api.v1.schemas.targets import (
    TARGET_ID,
    AnyIndicator,
    MilestoneOut,
    TargetRate,
    TargetValue,
    milestones_out,
    value_of,
    value_out,
)
from app.services.reference import Reference
from app.services.statistics.rules import Share, percent, points, ratio
from app.services.targets.plan_rules import FULL, Sum, added, is_number
from app.services.targets.plan_views import Consistency, Holder, Plan, Progress, Proposal, Proposed
from app.services.targets.rules import Assigned

_DAY: Final = "last day that counts; by default today, or the last day of a past year"


class PlanQuery(Query):
    """Whose targets, by which indicator."""

    unit: Uuid | None = Field(
        None, description="the unit asked about; by default the one granted to the caller", examples=[samples.NATION_ID]
    )
    indicator: AnyIndicator = Field(description="by which indicator (code list `indicators`)", examples=["cases_rate"])
    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default that of `as_of`", examples=[2025]
    )
    as_of: BusinessDate | None = Field(None, description=_DAY, examples=["2025-01-31"])


class ResultsQuery(PlanQuery):
    """Whose results, by which indicator."""

    of: Literal["self", "children", "officers"] = Field(
        "self", description="the unit itself, its children or its officers", examples=["children"]
    )


class ConsistencyQuery(PlanQuery):
    """Whose targets are held against that of the unit."""

    of: Literal["children", "officers"] = Field(
        "children", description="the children of the unit, or its officers", examples=["children"]
    )


class Adjusted(Strict):
    """A value that the parent insists on for one child."""

    holder_id: Uuid = Field(description="the unit or officer", examples=[samples.PROVINCE_ID])
    rate: TargetRate | None = Field(None, description="rate, percent", examples=["84.50"])
    amount: Money | None = Field(None, description="or number of cases or VND", examples=[None])


class ProposalAsked(Strict):
    """What is to be split over whom."""

    unit_id: Uuid = Field(description="whose target is split", examples=[samples.NATION_ID])
    of: Literal["children", "officers"] = Field(
        "children", description="over its children or its officers", examples=["children"]
    )
    indicator: AnyIndicator = Field(description="by which indicator (code list `indicators`)", examples=["cases_rate"])
    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default that of `as_of`", examples=[2025]
    )
    as_of: BusinessDate | None = Field(None, description=_DAY, examples=["2024-11-22"])
    rate: TargetRate | None = Field(
        None, description="rate to be split, percent; by default the target assigned to the unit", examples=["83.90"]
    )
    amount: Money | None = Field(None, description="or number of cases or VND to be split", examples=[None])
    adjusted: list[Adjusted] = Field(
        [],
        max_length=500,
        description="values that stay as they are given; the rest is split over the others",
        examples=[[]],
    )

    @model_validator(mode="after")
    def _in_one_unit(self) -> Self:
        wanted = "amount" if is_number(self.indicator) else "rate"
        other = "rate" if wanted == "amount" else "amount"
        if getattr(self, other) is not None:
            raise refuse("wrong-unit", f"give {wanted} instead", f"nêu {wanted}", at=other)
        if any(getattr(a, wanted) is None or getattr(a, other) is not None for a in self.adjusted):
            raise refuse("wrong-unit", f"give {wanted} for each", f"nêu {wanted} cho từng mục", at="adjusted")
        if len(self.fixed) < len(self.adjusted):
            raise refuse("repeated", "names somebody twice", "trùng đơn vị hoặc người", at="adjusted")
        return self

    @property
    def fixed(self) -> dict[str, int]:
        """The adjusted values as the service takes them."""
        return {adjusted.holder_id: value_of(adjusted) or 0 for adjusted in self.adjusted}

    @property
    def value(self) -> int | None:
        """What is to be split, if it is given."""
        return value_of(self)


class HolderOut(Strict):
    """Whose a figure is."""

    unit: UnitBrief | None = Field(description="a unit, with everything below it and all it succeeded")
    officer: OfficerBrief | None = Field(description="or an officer", examples=[None])


class TargetShown(Strict):
    """The version of a target in force on the day."""

    id: Uuid = Field(description="id of the version", examples=[TARGET_ID])
    version: int = Field(description="1 when assigned, 2… as amended", examples=[1])
    rate: TargetValue | None = Field(description="rate to be reached, percent", examples=["83.90"])
    amount: int | None = Field(description="or number of cases or VND", examples=[None])


class MilestoneResult(MilestoneOut):
    """A milestone with what was reached by then."""

    done: int | None = Field(description="done by then: cases or VND; null while it is to come", examples=[220_000])
    result: Rate | None = Field(description="result rate by then; null while it is to come")
    reached: bool | None = Field(description="whether it was reached; null while it is to come", examples=[True])


class ResultItem(HolderOut):
    """How far a unit or an officer has come by the indicator."""

    result: Rate = Field(description="done of what has conditions; of administrative judgments enforced of tracked")
    previous_year: Rate = Field(description="the same period of the previous year")
    target: TargetShown | None = Field(description="the target in force; null when none is assigned")
    attainment: Difference | None = Field(
        description="result in percent of the target; null without one", examples=["42.65"]
    )
    distance_pp: Difference | None = Field(
        description="rate less target in percentage points; null of numbers", examples=["-48.12"]
    )
    milestones: list[MilestoneResult] = Field(description="milestones of the target, in order of months")


class PlanFrame(Strict):
    """What an answer is about."""

    indicator: AnyIndicator = Field(description="the indicator", examples=["cases_rate"])
    held: bool = Field(
        description="the service holds the books of the indicator: it does of every one", examples=[True]
    )
    fiscal_year: int = Field(description="reporting year", examples=[2025])
    as_of: BusinessDate = Field(description="last day that counts", examples=["2025-01-31"])


class ResultPage(PlanFrame):
    """A page of results by one indicator."""

    items: list[ResultItem] = Field(description="units in the order of the tree, or officers")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class SumOut(Strict):
    """What the values of the children come to, beside the target of their parent."""

    rate: TargetValue | None = Field(
        description="rates weighted by stock with conditions, percent; null of numbers", examples=["83.90"]
    )
    amount: int | None = Field(description="or the sum of the numbers", examples=[None])
    met: bool = Field(description="whether the parent's target is reached, decided before rounding", examples=[True])
    shortfall: int = Field(description="cases or VND missing; 0 when it is reached", examples=[0])
    shortfall_pp: Difference | None = Field(
        description="the same in percentage points; null of numbers", examples=["0.00"]
    )


class ProposedOut(HolderOut):
    """A child with the value proposed; with neither unit nor officer, the books that none of the children has."""

    rate: TargetValue | None = Field(description="rate proposed, percent", examples=["83.90"])
    amount: int | None = Field(description="or number of cases or VND", examples=[None])
    adjusted: bool = Field(description="whether it was given by the caller", examples=[False])
    with_conditions: int = Field(description="stock with conditions (C1), cases or VND", examples=[18_090])
    done: int = Field(description="of it done so far", examples=[6_473])
    to_complete: int = Field(description="to be done in the whole year at this stock, cases or VND", examples=[15_178])
    left: int = Field(description="of it still to be done", examples=[8_705])
    last_year: Rate = Field(description="result of the whole year before")


class ProposalOut(PlanFrame):
    """A target split over children; nothing of it is stored."""

    unit: UnitBrief = Field(description="whose target is split")
    rate: TargetValue | None = Field(description="the rate that is split, percent", examples=["83.90"])
    amount: int | None = Field(description="or the number", examples=[None])
    children: list[ProposedOut] = Field(description="everybody's part")
    sum: SumOut = Field(description="what the parts come to")


class AssignedOut(HolderOut):
    """A child with its target; with neither unit nor officer, the books that none of the children has."""

    with_conditions: int = Field(
        description="stock with conditions (C1), cases or VND; or judgments tracked", examples=[18_090]
    )
    target: TargetShown | None = Field(description="its target in force; null when none is assigned")


class ConsistencyOut(PlanFrame):
    """Whether assigned targets add up to that of their parent."""

    unit: UnitBrief = Field(description="whose target they are held against")
    target: TargetShown | None = Field(description="its target in force")
    consistent: bool | None = Field(description="whether they reach it; null without a target", examples=[False])
    unassigned: int = Field(description="how many children have no target", examples=[0])
    sum: SumOut | None = Field(description="what they come to; what has no target counts at the rate of the parent")
    children: list[AssignedOut] = Field(description="the children with their targets")


def holder_out(holder: Holder, ref: Reference) -> dict[str, Any]:
    """A holder as `HolderOut`."""
    return {
        "unit": None if holder.unit is None else ref.brief(holder.unit.id),
        "officer": None if holder.officer is None else ref.officer_brief(holder.officer.id),
    }


def frame_out(plan: Plan) -> dict[str, Any]:
    """What was asked, as `PlanFrame`."""
    return {
        "indicator": plan.indicator,
        "held": True,
        "fiscal_year": plan.period.fiscal_year,
        "as_of": plan.on.isoformat(),
    }


def result_item(found: Progress, plan: Plan, ref: Reference) -> dict[str, Any]:
    """A result as `ResultItem`."""
    share, target = found.share, found.target
    steps = [] if target is None else milestones_out(plan.period.fiscal_year, plan.indicator, target.milestones)
    return {
        **holder_out(found.holder, ref),
        "result": rate_out(share),
        "previous_year": rate_out(found.before),
        "target": target_shown(target, plan.indicator),
        "attainment": None if target is None else _attainment(share, plan.indicator, target.value),
        "distance_pp": None if target is None or is_number(plan.indicator) else points(share, (target.value, FULL)),
        "milestones": [_step(step, found, plan.indicator) for step in steps],
    }


def _step(step: dict[str, Any], found: Progress, indicator: str) -> dict[str, Any]:
    share = found.steps.get(step["months"])
    value = found.target.milestones[str(step["months"])] if found.target else 0
    return {
        **step,
        "done": None if share is None else share[0],
        "result": None if share is None else rate_out(share),
        "reached": None if share is None else _reached(share, indicator, value),
    }


def _reached(share: Share, indicator: str, value: int) -> bool | None:
    if is_number(indicator):
        return share[0] >= value
    return share[0] * FULL >= value * share[1] if share[1] else None


def _attainment(share: Share, indicator: str, value: int) -> str | None:
    if is_number(indicator):
        return percent(share[0], value)
    return ratio(share[0] * FULL * 100, share[1] * value)


def target_shown(target: Assigned | None, indicator: str) -> dict[str, Any] | None:
    """A target as `TargetShown`."""
    if target is None:
        return None
    return {"id": target.id, "version": target.version, **value_out(indicator, target.value)}


def _sum(found: Sum, indicator: str, target: int) -> dict[str, Any]:
    """A sum as `SumOut`."""
    if is_number(indicator):
        value: dict[str, Any] = {"rate": None, "amount": found.given // FULL}
        shortfall_pp = None
    else:
        stock = found.asked // target if target else 0
        value = {"rate": percent(found.given, stock * FULL), "amount": None}
        missing = max(0, found.asked - found.given)
        shortfall_pp = percent(missing, stock * FULL)
    return {**value, "met": found.is_met, "shortfall": found.shortfall, "shortfall_pp": shortfall_pp}


def _proposed(child: Proposed, indicator: str, ref: Reference) -> dict[str, Any]:
    return {
        **holder_out(child.holder, ref),
        **value_out(indicator, child.value),
        "adjusted": child.fixed,
        "with_conditions": child.stock,
        "done": child.done,
        "to_complete": child.due,
        "left": max(0, child.due - child.done),
        "last_year": rate_out(child.result),
    }


def proposal_out(found: Proposal, plan: Plan, ref: Reference) -> dict[str, Any]:
    """A proposal as `ProposalOut`."""
    return {
        **frame_out(plan),
        "unit": ref.brief(plan.unit.id),
        **value_out(plan.indicator, found.target),
        "children": [_proposed(child, plan.indicator, ref) for child in found.children],
        "sum": _sum(found.sum, plan.indicator, found.target),
    }


def consistency_out(found: Consistency, plan: Plan, ref: Reference) -> dict[str, Any]:
    """The check as `ConsistencyOut`."""
    return {
        **frame_out(plan),
        "unit": ref.brief(plan.unit.id),
        "target": target_shown(found.target, plan.indicator),
        "consistent": None if found.sum is None else found.sum.is_met,
        "unassigned": sum(target is None and bool(holder.id) for holder, _, target in found.children),
        "sum": None
        if found.sum is None or found.target is None
        else _sum(found.sum, plan.indicator, found.target.value),
        "children": [
            {**holder_out(holder, ref), "with_conditions": stock, "target": target_shown(target, plan.indicator)}
            for holder, stock, target in found.children
        ],
    }


_PLAN: Final = Plan(samples.SAMPLE_REF.units[samples.NATION_ID], "children", "cases_rate", date(2025, 1, 31))
_HOLDER: Final = Holder(samples.SAMPLE_REF.units[samples.PROVINCE_ID])
_TARGET: Final = Assigned(TARGET_ID, 1, 8390, {"3": 2500})
_ITEM: Final = result_item(
    Progress(_HOLDER, (6_473, 18_090), (6_302, 17_544), _TARGET, {3: (4_700, 16_000)}), _PLAN, samples.SAMPLE_REF
)
RESULTS_EXAMPLE: Final = samples.example_of(ResultPage, {"items": [_ITEM], "next": None, **frame_out(_PLAN)})
_CHILD: Final = Proposed(_HOLDER, 18_090, 6_473, (34_010, 40_000), 8_390, fixed=False, due=15_178)
_SUM: Final = added("cases_rate", 8_390, [(18_090, 8_390)])
PROPOSAL_EXAMPLE: Final = samples.example_of(
    ProposalOut, proposal_out(Proposal(8_390, [_CHILD], _SUM), _PLAN, samples.SAMPLE_REF)
)
CONSISTENCY_EXAMPLE: Final = samples.example_of(
    ConsistencyOut,
    consistency_out(Consistency(_TARGET, [(_HOLDER, 18_090, _TARGET)], _SUM), _PLAN, samples.SAMPLE_REF),
)
