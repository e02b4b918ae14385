"""The map as different callers see it on different days."""

from datetime import date
from typing import Any

import pytest

from app.errors import Invalid
from app.services.access import Caller
from app.services.reference import FOREVER, Reference, Unit
from app.services.units import queries
from app.services.units.queries import Branch, UnitFilter

OLD, MERGED = date(2009, 1, 1), date(2025, 7, 1)
BEFORE, AFTER = date(2025, 6, 30), MERGED
ALL = Caller("tests", frozenset(), ("vn.",))


def unit(unit_id: str, path: str, level: str, parent: str | None, since: date, until: date, name: str) -> Unit:
    """A unit with one name; its province code is that of the map."""
    province = {"a": "25", "b": "26", "n": "25"}.get(unit_id[0]) if parent else None
    return Unit(unit_id, unit_id, province, level, parent, path, since, until, 1, ((since, until, name),), (), ())


REF = Reference(
    units=[
        unit("vn", "vn.", "national", None, OLD, FOREVER, "Cục Quản lý THADS"),
        unit("a", "vn.t25.", "provincial", "vn", OLD, MERGED, "Cục THADS tỉnh Phú Thọ"),
        unit("a1", "vn.t25.d01.", "district", "a", OLD, MERGED, "Chi cục THADS Việt Trì"),
        unit("b", "vn.t26.", "provincial", "vn", OLD, MERGED, "Cục THADS tỉnh Vĩnh Phúc"),
        unit("n", "vn.t97.", "provincial", "vn", MERGED, FOREVER, "THADS tỉnh Phú Thọ"),
        unit("n1", "vn.t97.k01.", "regional", "n", MERGED, FOREVER, "Phòng THADS khu vực 1 - Phú Thọ"),
        unit("n2", "vn.t97.k02.", "regional", "n", MERGED, FOREVER, "Phòng THADS khu vực 2 - Phú Thọ"),
    ],
    officers=[],
    clients=[],
    regimes=[],
    rules=[],
)


def listed(caller: Caller = ALL, on: date = AFTER, after: str | None = None, limit: int = 50, **more: Any) -> list[str]:
    """Ids of the units listed."""
    return [found.id for found in queries.list_units(REF, caller, UnitFilter(on, **more), after, limit)]


def shape(branches: "list[Branch] | tuple[Branch, ...]") -> list[tuple[str, int, list[object]]]:
    """Ids and numbers of children, nested."""
    return [(b.unit.id, b.child_count, list(shape(b.children))) for b in branches]


def test_the_list_is_the_map_of_the_day() -> None:
    assert listed(on=BEFORE) == ["vn", "a", "a1", "b"]
    assert listed(on=AFTER) == ["vn", "n", "n1", "n2"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"level": "regional"}, ["n1", "n2"]),
        ({"parent": "vn"}, ["n"]),
        ({"under": "n"}, ["n", "n1", "n2"]),
        ({"under": "n1"}, ["n1"]),
        ({"under": "a"}, []),
        ({"province_code": "25"}, ["n", "n1", "n2"]),
        ({"q": "PHU THO"}, ["n", "n1", "n2"]),
        ({"q": "khu vực 2"}, ["n2"]),
        ({"q": "%"}, []),
        ({"q": "phu tho", "level": "provincial"}, ["n"]),
    ],
)
def test_filters_narrow_together(filters: dict[str, Any], expected: list[str]) -> None:
    assert listed(**filters) == expected


def test_pages_follow_each_other() -> None:
    whole = listed()
    paged: list[str] = []
    while page := listed(after=REF.units[paged[-1]].path if paged else None, limit=3):
        paged += page
    assert paged == whole


def test_callers_see_their_subtrees_only() -> None:
    province = Caller("p", frozenset(), ("vn.t97.",))
    assert listed(province) == ["n", "n1", "n2"]
    assert listed(Caller("p", frozenset(), ("vn.t97.", "vn.t97.k01."))) == ["n", "n1", "n2"]
    assert listed(Caller("p", frozenset(), ("vn.t97.k02.", "vn.t25."))) == ["n2"]
    assert listed(Caller("p", frozenset(), ())) == []


@pytest.mark.parametrize("parameter", ["parent", "under"])
def test_a_unit_the_caller_may_not_see_sounds_like_none(parameter: str) -> None:
    caller = Caller("p", frozenset(), ("vn.t97.",))
    said = []
    for unit_id in ("vn", "b", "nowhere"):
        asked: dict[str, Any] = {parameter: unit_id}
        with pytest.raises(Invalid) as refused:
            listed(caller, **asked)
        said.append(refused.value.faults)
    assert said[0] == said[1] == said[2]
    assert said[0][0].parameter == parameter


def test_the_tree_is_nested_and_cut_at_its_depth() -> None:
    offices: list[object] = [("n1", 0, []), ("n2", 0, [])]
    assert shape(queries.tree(REF, ALL, None, AFTER, None)) == [("vn", 1, [("n", 2, offices)])]
    assert shape(queries.tree(REF, ALL, None, AFTER, 1)) == [("vn", 1, [("n", 2, [])])]
    assert shape(queries.tree(REF, ALL, None, BEFORE, 0)) == [("vn", 2, [])]
    assert shape(queries.tree(REF, ALL, REF.units["n"], AFTER, None)) == [("n", 2, offices)]
    assert queries.tree(REF, ALL, REF.units["n"], BEFORE, None) == []


def test_the_tree_begins_where_the_callers_sight_begins() -> None:
    caller = Caller("p", frozenset(), ("vn.t25.", "vn.t25.d01.", "vn.t97.k02."))
    assert shape(queries.tree(REF, caller, None, BEFORE, None)) == [("a", 1, [("a1", 0, [])])]
    assert shape(queries.tree(REF, caller, None, AFTER, None)) == [("n2", 0, [])]
