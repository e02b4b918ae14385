"""Whose books make up a figure: subtrees, predecessors, each unit once."""

from datetime import date

import pytest

from app.errors import Invalid
from app.services.access import Caller
from app.services.reference import FOREVER, Reference, Unit
from app.services.statistics.groups import (
    REST,
    REST_OF_NATION,
    Groups,
    asked_unit,
    below,
    family,
    grouped,
    kept,
    map_day,
    parted,
)

OLD_END = date(2025, 7, 1)


def unit(name: str, path: str, level: str, parent: str | None, before: tuple[str, ...] = (), old: bool = False) -> Unit:
    since, until = (date(2009, 1, 1), OLD_END) if old else (OLD_END, FOREVER)
    if level == "national":
        since = date(1993, 7, 1)
    names = ((since, until, name),)
    return Unit(name, name, None, level, parent, path, since, until, 1, names, (), before)


UNITS = [
    unit("vn", "vn.", "national", None),
    unit("oa", "vn.oa.", "provincial", "vn", old=True),
    unit("oa1", "vn.oa.1.", "district", "oa", old=True),
    unit("oa2", "vn.oa.2.", "district", "oa", old=True),
    unit("ob", "vn.ob.", "provincial", "vn", old=True),
    unit("ob1", "vn.ob.1.", "district", "ob", old=True),
    unit("na", "vn.na.", "provincial", "vn", ("oa",)),
    unit("na1", "vn.na.1.", "regional", "na", ("oa1", "oa2")),
    unit("na2", "vn.na.2.", "regional", "na", ("oa2",)),
    unit("nb", "vn.nb.", "provincial", "vn", ("ob",)),
    unit("nb1", "vn.nb.1.", "regional", "nb", ("ob1",)),
    unit("nc", "vn.nc.", "provincial", "vn"),
]
REF = Reference(UNITS, [], [], [], [])


def places(groups: Groups) -> dict[str, int]:
    return dict(zip(groups.unit_ids.split(","), map(int, groups.places.split(",")), strict=True))


def test_a_family_is_the_subtree_and_all_it_succeeded() -> None:
    assert set(family(REF, REF.units["na"])) == {"na", "na1", "na2", "oa", "oa1", "oa2"}
    assert set(family(REF, REF.units["na1"])) == {"na1", "oa1", "oa2"}
    assert set(family(REF, REF.units["oa"])) == {"oa", "oa1", "oa2"}
    assert len(family(REF, REF.units["vn"])) == len(UNITS)


def test_succession_is_followed_further_back() -> None:
    later = unit("nd", "vn.nd.", "provincial", "vn", ("na", "nb"))
    ref = Reference([*UNITS, later], [], [], [], [])
    assert set(family(ref, later)) == {"nd", *(u.id for u in UNITS if u.id not in ("vn", "nc"))}


def test_every_unit_counts_once_and_the_rest_too() -> None:
    provinces = below(REF, REF.units["vn"], "provincial", date(2026, 1, 1))
    assert [u.id for u in provinces] == ["na", "nb", "nc"]
    found = places(grouped(REF, provinces, ("vn",)))
    assert found == {"na": 0, "na1": 0, "na2": 0, "oa": 0, "oa1": 0, "oa2": 0, "nb": 1, "nb1": 1, "ob": 1, "ob1": 1,
                     "nc": 2, "vn": REST, REST_OF_NATION: REST}  # fmt: skip


def test_what_two_offices_succeeded_counts_with_the_first() -> None:
    offices = below(REF, REF.units["na"], None, date(2026, 1, 1))
    assert [u.id for u in offices] == ["na1", "na2"]
    found = places(grouped(REF, offices))
    assert found == {"na1": 0, "oa1": 0, "oa2": 0, "na2": 1}


def test_whoever_asks_for_all_units_asks_for_none_by_name() -> None:
    provinces = below(REF, REF.units["vn"], "provincial", date(2026, 1, 1))
    assert grouped(REF, [REF.units["vn"]]).everything
    assert grouped(REF, provinces, ("vn",)).everything
    assert parted(REF, REF.units["vn"], provinces).everything
    assert not grouped(REF, provinces).everything  # the books of the nation itself are not among them
    assert not parted(REF, REF.units["na"], below(REF, REF.units["na"], None, date(2026, 1, 1))).everything


def test_maps_show_the_units_of_their_day() -> None:
    today, on = date(2026, 11, 24), date(2025, 1, 31)
    assert map_day("day", on, today) == on
    assert map_day("new", on, today) == today
    assert map_day("old", on, today) == date(2025, 6, 30)
    assert [u.id for u in below(REF, REF.units["vn"], "provincial", on)] == ["oa", "ob"]
    assert [u.id for u in below(REF, REF.units["oa"], None, date(2025, 6, 30))] == ["oa1", "oa2"]
    assert below(REF, REF.units["oa"], None, today) == ()


def test_groups_are_made_once_for_a_snapshot() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    ref = Reference(UNITS, [], [], [], [])
    assert [kept(ref, ("a", 1), make), kept(ref, ("a", 1), make), kept(ref, ("a", 2), make)] == [1, 1, 2]
    assert kept(Reference(UNITS, [], [], [], []), ("a", 1), make) == 3
    for number in range(100):
        kept(ref, ("many", number), make)
    assert kept(ref, ("a", 1), make) > 3  # the memory is bounded


def caller(*paths: str) -> Caller:
    return Caller("tests", frozenset(), paths)


def test_the_unit_asked_for() -> None:
    assert asked_unit(REF, caller("vn."), None).id == "vn"
    assert asked_unit(REF, caller("vn.na."), None).id == "na"
    assert asked_unit(REF, caller("vn.na."), "na1").id == "na1"


@pytest.mark.parametrize(
    ("paths", "unit_id"),
    [
        (("vn.na.",), "vn"),
        (("vn.na.",), "nb"),
        (("vn.na.",), "oa"),
        (("vn.na.",), "none"),
        (("vn.na.", "vn.nb."), None),
        ((), None),
    ],
)
def test_foreign_and_unknown_units_sound_the_same(paths: tuple[str, ...], unit_id: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        asked_unit(REF, caller(*paths), unit_id)
    assert refused.value.faults[0].parameter == "unit"
