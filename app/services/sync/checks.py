"""Whether a copy is true: what a partner's cases add up to here, beside what its copy adds up to there."""

from dataclasses import dataclass

from app.db import Reads
from app.services.access import Caller
from app.services.cases.checksum_queries import checksums
from app.services.changes.queries import changed_after, is_lost
from app.services.changes.rules import Place, View
from app.services.reference import Reference


@dataclass(frozen=True, slots=True)
class UnitSum:
    """Cases of a unit that the caller may see and their checksum; `changed` after the place a copy is kept up to."""

    unit_id: str
    cases: int
    checksum: int
    changed: bool


async def check(db: Reads, ref: Reference, caller: Caller, view: View, place: Place | None) -> list[UnitSum] | None:
    """Every unit with cases, or with changes after the place if there is one, by code; None when the place is lost.

    `db` sees one moment: what it has and the place lacks is among the changes after it, numbered or not.
    """
    if place is not None and await is_lost(db, place):
        return None
    sums = await checksums(db, ref.scope(caller, None))
    paths = await changed_after(db, view, place) if place is not None else set()
    changed = {unit.id for unit in ref.units.values() if unit.path in paths and caller.covers(unit.path)}
    units = sorted(sums.keys() | changed, key=lambda unit_id: (ref.units[unit_id].code, unit_id))
    return [UnitSum(unit_id, *sums.get(unit_id, (0, 0)), unit_id in changed) for unit_id in units]
