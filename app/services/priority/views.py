"""Priority cases as they are shown: what is asked for, why each case is flagged, totals by unit, officer or level."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Literal

from app.clock import today
from app.db import Row, SeenBy
from app.errors import invalid
from app.models.codes import LEVELS
from app.services.access import Caller, figures
from app.services.priority import summary_queries
from app.services.priority.queries import Wanted
from app.services.priority.rules import FLAGS, CaseFacts, RaisedFlag, Tracking, flags, kept_threshold
from app.services.reference import FOREVER, PriorityRule, Reference, Unit
from app.services.statistics.groups import asked_unit, below, family, kept

GroupBy = Literal["unit", "officer", "level"]
# every flag there is has been raised on cases of that age for a year at least
BANDS: Final = 11


def wanted(
    ref: Reference,
    caller: Caller,
    on: date,
    *,
    unit: Unit | None = None,
    names: Sequence[str] = FLAGS,
    officer_id: str | None = None,
    with_conditions: bool | None = None,
) -> Wanted:
    """What a list or summary is asked for. On a past day a unit stands for all units it succeeded since."""
    scope, day = ref.scope(caller, unit), today()
    if on < day:
        scope = replace(scope, unit_ids=kept(ref, ("families", scope.paths), lambda: _families(ref, scope.paths)))
    rules = [rule for rule in ref.rules_on(on) if rule.flag in names]
    return Wanted(rules, on, day, scope, ref.scope(caller, None), officer_id, with_conditions)


def _families(ref: Reference, paths: Sequence[str]) -> tuple[str, ...]:
    roots = [ref.units[unit_id] for path in paths for unit_id in ref.subtree(path)[:1]]
    return tuple(dict.fromkeys(unit_id for root in roots for unit_id in family(ref, root)))


def reasons(
    item: Mapping[str, Any], tracking: Iterable[Sequence[str | None]] | None, on: date, rules: Iterable[PriorityRule]
) -> list[RaisedFlag]:
    """The flags raised on a listed case on a day, from its presented facts and the tracking of its matter."""
    facts = CaseFacts(
        decision_date=date.fromisoformat(item["decision_date"]),
        is_open=True,
        with_conditions=item["with_conditions"],
        amount_vnd=item["amount_vnd"],
        outstanding_vnd=item["outstanding_vnd"],
        matter_id=item["matter_id"],
    )
    tracked = [
        Tracking(level, date.fromisoformat(since), date.fromisoformat(until) if until else FOREVER)
        for level, since, until in tracking or ()
        if level and since
    ]
    return flags(facts, on, rules, tracked)


@dataclass(slots=True)
class Figure:
    """A number of cases with their amount and what is outstanding of it, in VND."""

    cases: int = 0
    amount_vnd: int = 0
    outstanding_vnd: int = 0

    def add(self, cases: int, amount_vnd: int, outstanding_vnd: int) -> None:
        """Adds more cases."""
        self.cases += cases
        self.amount_vnd += amount_vnd
        self.outstanding_vnd += outstanding_vnd


@dataclass(slots=True)
class Tally:
    """Figures of one group: cases with at least one flag, each once, and cases by flag."""

    total: Figure = field(default_factory=Figure)
    by_flag: dict[str, Figure] = field(default_factory=lambda: {flag: Figure() for flag in FLAGS})

    def add(self, raised: int, figures: Sequence[int]) -> None:
        """Adds cases that carry the flags whose bits are set."""
        if raised:
            self.total.add(*figures)
        for number, figure in enumerate(self.by_flag.values()):
            if raised >> number & 1:
                figure.add(*figures)


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of the flags on a day; `groups` by id of unit or officer or by level, `in_force` the flags with a rule."""

    on: date
    unit: Unit
    by: GroupBy
    in_force: frozenset[str]
    overall: Tally
    groups: dict[str, Tally]


async def summary(db: SeenBy, ref: Reference, caller: Caller, on: date, *, unit_id: str | None, by: GroupBy) -> Summary:
    """Totals of a unit by the units below it, by officer or by level. Invalid without a unit where one is needed."""
    unit = asked_unit(ref, caller, unit_id)
    if by == "officer" and unit.level == "national":
        raise invalid(
            "required", "name a unit below the national level", "hãy nêu một đơn vị cấp dưới", parameter="unit"
        )
    asked = wanted(ref, caller, on, unit=unit)
    whole = len(asked.scope.unit_ids) == len(ref.units)
    column: summary_queries.GroupedBy = "officer_id" if by == "officer" else "unit_id"
    rows = await summary_queries.totals(figures(db), asked, column, whole=whole, kept_vnd=kept_threshold(ref.rules))
    places = kept(ref, ("flags", unit.id, by, on, asked.today), lambda: _places(ref, unit, by, on, asked.today))
    overall, groups = Tally(), {place: Tally() for place in dict.fromkeys(places.values())}
    for (place, raised), sums in _by_place(rows, places).items():
        overall.add(raised, sums)
        groups.setdefault(place, Tally()).add(raised, sums)
    return Summary(on, unit, by, frozenset(rule.flag for rule in asked.rules), overall, groups)


@dataclass(slots=True)
class Band:
    """Flagged cases decided in one year, each counted once: by the only flag it carries, or as one of several."""

    decided_in: int
    or_before: bool
    total: Figure = field(default_factory=Figure)
    alone: dict[str, Figure] = field(default_factory=lambda: {flag: Figure() for flag in FLAGS})
    several: Figure = field(default_factory=Figure)

    def add(self, raised: int, figures: Sequence[int]) -> None:
        """Adds cases that carry the flags whose bits are set."""
        if not raised:
            return
        self.total.add(*figures)
        carried = [flag for number, flag in enumerate(FLAGS) if raised >> number & 1]
        (self.alone[carried[0]] if len(carried) == 1 else self.several).add(*figures)


@dataclass(frozen=True, slots=True)
class Ages:
    """Flagged cases of a unit on a day by the year of their decision, oldest first."""

    on: date
    unit: Unit
    in_force: frozenset[str]
    total: Figure
    bands: Sequence[Band]


async def ages(db: SeenBy, ref: Reference, caller: Caller, on: date, *, unit_id: str | None) -> Ages:
    """How old the flagged cases of a unit are; years before the BANDS newest are one band."""
    unit = asked_unit(ref, caller, unit_id)
    asked = wanted(ref, caller, on, unit=unit)
    whole = len(asked.scope.unit_ids) == len(ref.units)
    rows = await summary_queries.totals(
        figures(db), asked, "decided_in", whole=whole, kept_vnd=kept_threshold(ref.rules)
    )
    oldest, total = on.year - BANDS, Figure()
    bands = [Band(year, year == oldest) for year in range(oldest, on.year + 1)]
    for year, raised, *sums in rows:
        bands[max(year - oldest, 0)].add(raised, sums)
        if raised:
            total.add(*sums)
    return Ages(on, unit, frozenset(rule.flag for rule in asked.rules), total, bands)


def _by_place(rows: Sequence[Row], places: dict[str, str]) -> dict[tuple[str, int], list[int]]:
    """Figures by group and set of flags; there are thousands of rows, so the tallies come after."""
    sums: dict[tuple[str, int], list[int]] = {}
    for key, raised, cases, amount, outstanding in rows:
        place = (places.get(key) or str(key), raised)
        if place in sums:
            figures = sums[place]
            figures[0] += cases
            figures[1] += amount
            figures[2] += outstanding
        else:
            sums[place] = [cases, amount, outstanding]
    return sums


def _places(ref: Reference, unit: Unit, by: GroupBy, on: date, day: date) -> dict[str, str]:
    """Which group each unit counts in, in the order they are shown; officers are groups of their own."""
    if by == "officer":
        return {}
    inside = _families(ref, [unit.path])
    if by == "level":
        return {i: level for level in LEVELS for i in inside if ref.units[i].level == level}
    shown = below(ref, unit, None, on if unit.existed(on) else day)
    places: dict[str, str] = {}
    for child in shown:
        places.update(dict.fromkeys(ref.subtree(child.path), child.id))
    for child in shown:
        for unit_id in family(ref, child):
            places.setdefault(unit_id, child.id)
    return places | {unit_id: places.get(unit_id, unit.id) for unit_id in inside}
