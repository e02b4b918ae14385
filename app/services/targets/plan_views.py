"""Passing targets on: results by any indicator, proposals for children, and whether what they have adds up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from app.db import SeenBy
from app.errors import Fault, Invalid, invalid
from app.services.access import figures
from app.services.administrative import queries as administrative
from app.services.administrative.rules import Tracking
from app.services.administrative.rules import together as tracked_together
from app.services.reference import Officer, Reference, Unit
from app.services.statistics import cut_queries
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import REST, Groups, below, family, grouped, kept, parted
from app.services.statistics.movements import Movements, boundaries, together, without
from app.services.statistics.rules import Period, Share, formulas
from app.services.targets import plan_rules, queries
from app.services.targets.plan_rules import RECKONED, Child, Reckoned, Sum
from app.services.targets.rules import MILESTONES, Assigned
from app.services.targets.views import serving

Of = Literal["self", "children", "officers"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Whose targets by which indicator are asked about, as of a day of its fiscal year."""

    unit: Unit
    of: Of
    indicator: str
    on: date

    @property
    def period(self) -> Period:
        """From 1 October up to the day."""
        return Period.until(self.on)

    @property
    def last_year(self) -> Period:
        """The whole year before."""
        return Period.of_months(self.period.fiscal_year - 1, 12)


@dataclass(frozen=True, slots=True)
class Holder:
    """A unit or an officer that may have a target; with neither, what the unit asked about has beside its children."""

    unit: Unit | None = None
    officer: Officer | None = None

    @property
    def id(self) -> str:
        """Its id; empty for the rest."""
        thing = self.unit or self.officer
        return thing.id if thing else ""

    @property
    def order(self) -> str:
        """Its place among its like: by path, or by id."""
        return self.unit.path if self.unit else self.id


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a holder stands: result so far and a year before, target, and what was reached by its milestones.

    `share` is done and what has conditions, or enforced and tracked. `steps` has what was reached at the end of the
    months of milestones that are over.
    """

    holder: Holder
    share: Share
    before: Share
    target: Assigned | None
    steps: Mapping[int, Share]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A child with the value proposed for it; `result` is that of the whole year before.

    `value` of the rest is what it has to reach for the sum to hold: nobody is assigned it.
    """

    holder: Holder
    stock: int
    done: int
    result: Share
    value: int
    fixed: bool
    due: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A target split: everybody's part, and what the parts come to."""

    target: int
    children: Sequence[Proposed]
    sum: Sum


@dataclass(frozen=True, slots=True)
class Consistency:
    """Whether the targets of the children reach that of their parent; None without one."""

    target: Assigned | None
    children: Sequence[tuple[Holder, int, Assigned | None]]
    sum: Sum | None


async def progress(db: SeenBy, ref: Reference, plan: Plan) -> list[Progress]:
    """Results by an indicator beside targets, for a unit, its children or its officers, in order of path or id."""
    holders, year = _holders(ref, plan), plan.period.fiscal_year
    targets = await queries.targets_of(db, [h.id for h in holders], year, plan.indicator, plan.on)
    how = RECKONED[plan.indicator]
    ends = {months: Period.of_months(year, months) for months in MILESTONES}
    over = {months: period for months, period in ends.items() if period.last <= plan.on}
    before = plan.period.previous()
    moved = await _books(db, ref, plan, holders, [plan.period, before, *over.values()])
    return [
        Progress(
            holder,
            _share(ref, moved.get(holder.id), plan.period, how),
            _share(ref, moved.get(holder.id), before, how),
            targets.get(holder.id),
            {months: _share(ref, moved.get(holder.id), period, how) for months, period in over.items()},
        )
        for holder in holders
    ]


async def proposal(db: SeenBy, ref: Reference, plan: Plan, value: int | None, fixed: Mapping[str, int]) -> Proposal:
    """Splits a target over the children of a unit, or over its officers, by stock and result of last year.

    `value` is the target to be split, by default the one assigned; `fixed` the values its parent insists on, by holder.
    Raises Invalid when there is no target, nobody to split it over, or a value fixed for somebody else.
    """
    how = RECKONED[plan.indicator]
    holders = _holders(ref, plan)
    _check_fixed(holders, fixed)
    target = await _to_split(db, plan, value)
    moved = await _books(db, ref, plan, holders, [plan.period, plan.last_year])
    holders = [*holders, Holder()] if "" in moved else holders
    found = [
        (h, _share(ref, moved.get(h.id), plan.period, how), _share(ref, moved.get(h.id), plan.last_year, how))
        for h in holders
    ]
    values = plan_rules.proposed(
        plan.indicator, target, [Child(now[1], then, fixed.get(holder.id)) for holder, now, then in found]
    )
    children = [
        Proposed(h, now[1], now[0], then, value, h.id in fixed, plan_rules.due(plan.indicator, value, now[1]))
        for (h, now, then), value in zip(found, values, strict=True)
    ]
    pairs = [(child.stock, child.value) for child in children]
    return Proposal(target, children, plan_rules.added(plan.indicator, target, pairs))


async def consistency(db: SeenBy, ref: Reference, plan: Plan) -> Consistency:
    """Whether the targets of the children, weighted by stock with conditions, reach that of the unit.

    What has no target of its own, the unit's own books among it, counts at the rate of the unit.
    """
    holders, year = _holders(ref, plan), plan.period.fiscal_year
    ids = [plan.unit.id, *(holder.id for holder in holders)]
    targets = await queries.targets_of(db, ids, year, plan.indicator, plan.on)
    target, how = targets.get(plan.unit.id), RECKONED[plan.indicator]
    moved = await _books(db, ref, plan, holders, [plan.period])
    holders = [*holders, Holder()] if "" in moved else holders
    children = [
        (holder, _share(ref, moved.get(holder.id), plan.period, how)[1], targets.get(holder.id)) for holder in holders
    ]
    if target is None:
        return Consistency(None, children, None)
    values = [(stock, given.value if given else None) for _, stock, given in children]
    return Consistency(target, children, plan_rules.added(plan.indicator, target.value, values))


def _holders(ref: Reference, plan: Plan) -> list[Holder]:
    if plan.of == "self":
        return [Holder(plan.unit)]
    if plan.of == "children":
        return [Holder(unit) for unit in below(ref, plan.unit, None, plan.on)]
    if plan.unit.level == "national":
        raise invalid("too-many", "name a province or an office", "hãy chọn tỉnh hoặc phòng khu vực", parameter="unit")
    officers = serving(ref, set(family(ref, plan.unit)), plan.on)
    return [Holder(officer=officer) for officer in sorted(officers, key=lambda officer: officer.id)]


def _check_fixed(holders: Sequence[Holder], fixed: Mapping[str, int]) -> None:
    known = {holder.id for holder in holders}
    message = {"en": "is none of those it is split over", "vi": "không thuộc các đơn vị, người được phân bổ"}
    faults = [
        Fault("unknown-reference", message, pointer=f"/adjusted/{number}")
        for number, holder_id in enumerate(fixed)
        if holder_id not in known
    ]
    if faults:
        raise Invalid(faults=faults)
    if not known:
        raise invalid("no-children", "has nobody to split it over", "không có đơn vị, người để giao", pointer="/of")


async def _to_split(db: SeenBy, plan: Plan, value: int | None) -> int:
    if value is not None:
        return value
    year = plan.period.fiscal_year
    found = await queries.targets_of(db, [plan.unit.id], year, plan.indicator, plan.on)
    if plan.unit.id not in found:
        raise invalid("no-target", "has no target to split", "chưa được giao chỉ tiêu để phân bổ", pointer="/unit_id")
    return found[plan.unit.id].value


async def _books(
    db: SeenBy, ref: Reference, plan: Plan, holders: Sequence[Holder], periods: Sequence[Period]
) -> Mapping[str, Movements | Tracking]:
    """Movements by holder, in one statement; the rest under an empty id when it has any."""
    if RECKONED[plan.indicator].tracked:
        return await _register(db, ref, plan, holders, boundaries(periods))
    bounds, cut = boundaries(periods), CutFilter(credit_institution=RECKONED[plan.indicator].credit)
    found: Mapping[Any, Movements]
    if plan.of == "officers":
        groups = kept(ref, ("statement", plan.unit.id), lambda: grouped(ref, [plan.unit]))
        found = await cut_queries.movements(figures(db), groups, "officer", cut, bounds)
        whole = together(found.values(), bounds)
        moved = {holder.id: found[holder.id] for holder in holders if holder.id in found}
        rest = without(whole, moved.values())
    else:
        found = await cut_queries.movements(figures(db), _groups(ref, plan), "place", cut, bounds)
        moved = {holder.id: found[place] for place, holder in enumerate(holders) if place in found}
        rest = found.get(REST) or Movements(bounds, {})
    return moved if rest.is_empty else {**moved, "": rest}


async def _register(
    db: SeenBy, ref: Reference, plan: Plan, holders: Sequence[Holder], bounds: Sequence[date]
) -> dict[str, Tracking]:
    """The register of administrative judgments by holder, as `_books`."""
    if plan.of == "officers":
        found = await administrative.by_officer(figures(db), family(ref, plan.unit), bounds)
    else:
        by_place = await administrative.by_place(figures(db), _groups(ref, plan), bounds)
        names = {REST: "", **{place: holder.id for place, holder in enumerate(holders)}}
        found = {names[place]: tracking for place, tracking in by_place.items()}
    moved = {holder.id: found.pop(holder.id) for holder in holders if holder.id in found}
    rest = tracked_together(found.values(), bounds)
    return moved if rest.is_empty else {**moved, "": rest}


def _groups(ref: Reference, plan: Plan) -> Groups:
    if plan.of == "self":
        return kept(ref, ("statement", plan.unit.id), lambda: grouped(ref, [plan.unit]))
    shown = below(ref, plan.unit, None, plan.on)
    return kept(ref, ("parts", plan.unit.id, None, plan.on), lambda: parted(ref, plan.unit, shown))


def _share(ref: Reference, moved: Movements | Tracking | None, period: Period, how: Reckoned) -> Share:
    """What is done in a period, and what has conditions in it."""
    if moved is None:
        return 0, 0
    if isinstance(moved, Tracking):
        return moved.counted(period).share
    regime = ref.regime(period.last)
    every = kept(ref, ("targets", regime.key, how.measure), lambda: formulas(regime.lines[how.measure]))
    names = (how.done, "with_conditions")
    found = moved.parts(how.measure, period, {name: every[name] for name in names})
    return found[how.done], found["with_conditions"]
