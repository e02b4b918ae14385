"""Reading units, from the reference data in memory; only what lies in the caller's subtrees."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.errors import invalid
from app.services.access import Caller
from app.services.reference import Reference, Unit
from app.services.units.rules import searchable


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """What a list of units is narrowed to; None leaves a criterion out."""

    as_of: date
    level: str | None = None
    parent: str | None = None
    under: str | None = None
    province_code: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """A unit with what is below it on a day; `child_count` counts also children that were cut off."""

    unit: Unit
    child_count: int
    children: "tuple[Branch, ...]"


def asked_unit(ref: Reference, caller: Caller, unit_id: str | None, parameter: str) -> Unit | None:
    """The unit a parameter names, None when it is absent; Invalid when there is none the caller may see."""
    if unit_id is None:
        return None
    unit = ref.visible(caller, unit_id)
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", parameter=parameter)
    return unit


def list_units(ref: Reference, caller: Caller, wanted: UnitFilter, after: str | None, limit: int) -> list[Unit]:
    """At most `limit` units by path, after a path. Raises Invalid for an unknown `parent` or `under`."""
    parent = asked_unit(ref, caller, wanted.parent, "parent")
    under = asked_unit(ref, caller, wanted.under, "under")
    units = (ref.units[unit_id] for unit_id in ref.scope(caller, under).unit_ids)
    candidates = sorted((unit for unit in units if after is None or unit.path > after), key=lambda unit: unit.path)
    words = None if wanted.q is None else searchable(wanted.q)
    found = (unit for unit in candidates if _matches(unit, wanted, parent, words))
    return [unit for unit, _ in zip(found, range(limit), strict=False)]


def _matches(unit: Unit, wanted: UnitFilter, parent: Unit | None, words: str | None) -> bool:
    return (
        unit.existed(wanted.as_of)
        and (wanted.level is None or unit.level == wanted.level)
        and (parent is None or unit.parent_id == parent.id)
        and (wanted.province_code is None or unit.province_code == wanted.province_code)
        and (words is None or words in searchable(unit.name(wanted.as_of)))
    )


def tree(ref: Reference, caller: Caller, root: Unit | None, on: date, depth: int | None) -> list[Branch]:
    """The map of a day below `root`, or below the topmost units the caller may see, `depth` levels down."""
    roots = [root] if root is not None else list(_tops(ref, caller))
    return [_branch(ref, unit, on, depth) for unit in roots if unit.existed(on)]


def _tops(ref: Reference, caller: Caller) -> Iterator[Unit]:
    for path in caller.paths:
        if not any(path != other and path.startswith(other) for other in caller.paths):
            yield ref.units[ref.subtree(path)[0]]


def _branch(ref: Reference, unit: Unit, on: date, depth: int | None) -> Branch:
    below = [child for child in ref.children.get(unit.id, ()) if child.existed(on)]
    if depth == 0:
        return Branch(unit, len(below), ())
    deeper = None if depth is None else depth - 1
    return Branch(unit, len(below), tuple(_branch(ref, child, on, deeper) for child in below))
