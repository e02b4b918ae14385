"""Which units' books make up a figure: a unit, everything below it, and everything it succeeded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, TypeVar
from weakref import WeakKeyDictionary

from app.errors import invalid
from app.services.access import ROOT, Caller
from app.services.reference import Reference, Unit
from app.services.statistics.rules import NEW_MAP_SINCE

T = TypeVar("T")
MapName = Literal["day", "old", "new"]
KEPT: Final = 64
REST: Final = -1
"""The number of the group of all units that are not shown."""
REST_OF_NATION: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for all units whose figures the caller may not see; the database gives their sums only."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Units shown, in order; and, as the statements take them, every unit that counts with the place it counts at."""

    shown: tuple[Unit, ...]
    unit_ids: str
    places: str
    beyond: bool = False
    """Whether all units whose figures the caller may not see are among them, as one."""
    everything: bool = False
    """Whether no unit is missing: then rows need not be looked for by unit."""


def asked_unit(ref: Reference, caller: Caller, unit_id: str | None) -> Unit:
    """The unit a query names; without one, the unit whose subtree was granted to the caller. Invalid otherwise."""
    unit = ref.asked(caller, unit_id)
    if unit is None and len(caller.paths) == 1:
        unit = next((ref.units[i] for i in ref.subtree(caller.paths[0])[:1]), None)
    if unit is None:
        raise invalid("required", "name one of your units", "hãy nêu một đơn vị được cấp quyền", parameter="unit")
    return unit


def map_day(name: MapName, on: date, today: date) -> date:
    """The day whose units a map (bản đồ đơn vị) shows: that of the figures, today's, or the last before 2025-07-01."""
    if name == "old":
        return NEW_MAP_SINCE - timedelta(days=1)
    return today if name == "new" else on


def family(ref: Reference, unit: Unit) -> list[str]:
    """Ids of the unit's subtree, and of the subtrees of all it succeeded: their books became its own.

    Handovers between them cancel, being entries of opposite sign in one sum.
    """
    found: dict[str, None] = {}
    waiting = [unit]
    while waiting:
        next_unit = waiting.pop()
        found.update(dict.fromkeys(ref.subtree(next_unit.path)))
        waiting.extend(ref.units[i] for i in next_unit.predecessors if i not in found)
    return list(found)


def below(ref: Reference, unit: Unit, level: str | None, on: date) -> tuple[Unit, ...]:
    """Units that existed on a day: the children of one, or those of a level in its subtree; in order of path."""
    if level is None:
        candidates: Sequence[Unit] = ref.children.get(unit.id, [])
    else:
        candidates = [u for u in map(ref.units.__getitem__, ref.subtree(unit.path)) if u.level == level]
    return tuple(u for u in candidates if u.existed(on))


def grouped(ref: Reference, shown: Sequence[Unit], rest: tuple[str, ...] = ()) -> Groups:
    """Every unit at the place it counts at; with `rest`, all others at REST, so that the nation is the sum.

    `rest` are the paths whose figures the caller may read (`Reference.family`): units beyond come as one sum.

    A unit counts once. What several units succeeded together cannot be divided: it counts with the first of them.
    """
    places = _places(ref, shown)
    beyond = bool(rest) and rest != (ROOT,)
    if rest:
        others = (unit.id for unit in ref.units.values() if unit.path.startswith(rest))
        for unit_id in (*others, *[REST_OF_NATION] * beyond):
            places.setdefault(unit_id, REST)
    return counted_at(ref, shown, places, beyond=beyond)


def parted(ref: Reference, unit: Unit, shown: Sequence[Unit]) -> Groups:
    """Parts of a unit that are shown; what belongs to none of them is at REST, such as books of the unit itself."""
    places = _places(ref, shown)
    for unit_id in family(ref, unit):
        places.setdefault(unit_id, REST)
    return counted_at(ref, shown, places)


def counted_at(ref: Reference, shown: Sequence[Unit], places: Mapping[str, int], *, beyond: bool = False) -> Groups:
    """Groups of units that are shown, from the place each unit counts at."""
    everything = ref.units.keys() <= places.keys()
    return Groups(tuple(shown), ",".join(places), ",".join(map(str, places.values())), beyond, everything)


def _places(ref: Reference, shown: Sequence[Unit]) -> dict[str, int]:
    """Where each unit of the families of those shown counts: in its own subtree first."""
    places: dict[str, int] = {}
    for number, unit in enumerate(shown):
        places.update(dict.fromkeys(ref.subtree(unit.path), number))
    for number, unit in enumerate(shown):
        for unit_id in family(ref, unit):
            places.setdefault(unit_id, number)
    return places


_cache: "WeakKeyDictionary[Reference, dict[tuple[object, ...], Any]]" = WeakKeyDictionary()


def kept(ref: Reference, key: tuple[object, ...], make: Callable[[], T]) -> T:
    """What follows from the reference data alone, made once for each snapshot of it."""
    known = _cache.setdefault(ref, {})
    if key not in known:
        if len(known) >= KEPT:
            known.clear()
        known[key] = make()
    value: T = known[key]
    return value
