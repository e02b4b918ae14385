"""The units under one by the class of their workload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.db import SeenBy
from app.services.access import figures
from app.services.reference import Reference, Unit
from app.services.statistics.groups import below, kept, parted
from app.services.statistics.queries import Projection, balances
from app.services.statistics.rules import LINES, Period, lines_of
from app.services.statistics.views import formulas_of
from app.services.targets.queries import targets_of
from app.services.targets.rules import Assigned
from app.services.workload.rules import class_of


@dataclass(frozen=True, slots=True)
class Classed:
    """A unit with its workload, the class it falls in (None below the lowest), and the target it has."""

    unit: Unit
    workload: int
    place: int | None
    target: Assigned | None


async def classed(
    db: SeenBy, ref: Reference, unit: Unit, indicator: str, on: date, classes: Sequence[Mapping[str, int]]
) -> list[Classed]:
    """The units directly under one, each with cases to enforce (B) from 1 October to a day, and its class."""
    shown, period = below(ref, unit, None, on), Period.until(on)
    groups = kept(ref, ("parts", unit.id, None, on), lambda: parted(ref, unit, shown))
    regime = ref.regime(on)

    def projection() -> Projection:
        lines = formulas_of(regime, ["cases"], LINES)
        return Projection(["cases"], lines, lines)

    wanted = kept(ref, ("workload", regime.key), projection)
    found = await balances(figures(db), groups, wanted, period, period.previous())
    targets = await targets_of(db, [u.id for u in shown], period.fiscal_year, indicator, on)

    def one(place: int, under: Unit) -> Classed:
        workload = lines_of(found[place].now["cases"]).must_enforce if place in found else 0
        return Classed(under, workload, class_of(classes, workload), targets.get(under.id))

    return [one(place, under) for place, under in enumerate(shown)]
