"""Pure rules of the map: paths, levels, names without gaps, ends."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Conflict, Invalid
from app.services.reference import FOREVER, Unit
from app.services.units import rules

OLD, NEW = date(2009, 1, 1), date(2025, 7, 1)


def unit(level: str = "provincial", path: str = "vn.t25.", since: date = OLD, until: date = FOREVER) -> Unit:
    """A unit with one name."""
    names = ((since, until, "Cục THADS tỉnh Phú Thọ"),)
    return Unit("u", "G15.25", "25", level, "n", path, since, until, 1, names, (), ())


def faults(error: Invalid) -> list[tuple[str, str | None]]:
    """Codes and places of what is wrong."""
    return [(fault.code, fault.pointer) for fault in error.faults]


@pytest.mark.parametrize(
    ("level", "taken", "province_code", "path"),
    [
        ("regional", [], "25", "vn.t25.k01."),
        ("regional", ["vn.t25.k01.", "vn.t25.k09.", "vn.t25.d12."], "25", "vn.t25.k10."),
        ("regional", ["vn.t25.k99."], "25", "vn.t25.k100."),
        ("district", ["vn.t25.k01."], "25", "vn.t25.d01."),
        ("district", ["vn.t25.d1x.", "vn.t25.d02.x.", "vn.t250.d07."], None, "vn.t25.d01."),
    ],
)
def test_a_path_is_the_parents_and_the_next_number(
    level: str, taken: list[str], province_code: str | None, path: str
) -> None:
    assert rules.new_path(unit(), level, taken, province_code) == path


def test_a_province_keeps_its_code_unless_another_one_had_it() -> None:
    nation = unit("national", "vn.")
    assert rules.new_path(nation, "provincial", ["vn.t01."], "24") == "vn.t24."
    assert rules.new_path(nation, "provincial", ["vn.t24.", "vn.t97."], "24") == "vn.t98."
    assert rules.new_path(nation, "provincial", ["vn.t24."], None) == "vn.t25."


@pytest.mark.parametrize(
    ("parent", "level", "since", "until", "expected"),
    [
        (unit("regional"), "district", NEW, FOREVER, [("wrong-level", "/level")]),
        (unit(), "provincial", NEW, FOREVER, [("wrong-level", "/level")]),
        (unit("national"), "regional", NEW, FOREVER, [("wrong-level", "/level")]),
        (unit(), "regional", NEW, NEW, [("day-order", "/until")]),
        (unit(until=NEW), "regional", NEW, FOREVER, [("outside-parent", "/since")]),
        (unit(since=NEW), "regional", OLD, FOREVER, [("outside-parent", "/since")]),
        (unit(until=NEW), "district", OLD, FOREVER, [("outside-parent", "/until")]),
        (unit(until=NEW), "provincial", NEW, OLD, [
            ("wrong-level", "/level"), ("day-order", "/until"), ("outside-parent", "/since"),
        ]),
    ],
)  # fmt: skip
def test_a_unit_stands_only_where_it_fits(
    parent: Unit, level: str, since: date, until: date, expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_new(parent, level, since, until)
    assert faults(refused.value) == expected


def test_a_unit_may_live_as_long_as_its_parent() -> None:
    rules.check_new(unit(since=OLD, until=NEW), "district", OLD, NEW)
    rules.check_new(unit("national"), "provincial", OLD, FOREVER)


def test_a_new_name_ends_the_one_before() -> None:
    assert rules.renamed(unit(), "THADS tỉnh Phú Thọ", NEW) == (
        (OLD, NEW, "Cục THADS tỉnh Phú Thọ"),
        (NEW, FOREVER, "THADS tỉnh Phú Thọ"),
    )


def test_the_first_day_of_the_last_name_corrects_it() -> None:
    renamed = replace(unit(), names=rules.renamed(unit(), "THADS tỉnh Phú Tho", NEW))
    assert rules.renamed(renamed, "THADS tỉnh Phú Thọ", NEW) == (
        (OLD, NEW, "Cục THADS tỉnh Phú Thọ"),
        (NEW, FOREVER, "THADS tỉnh Phú Thọ"),
    )
    with pytest.raises(Conflict):
        rules.renamed(renamed, "Cục THADS", NEW - timedelta(days=1))


def test_a_unit_that_does_not_exist_is_not_renamed() -> None:
    for day in (OLD - timedelta(days=1), NEW):
        with pytest.raises(Invalid) as refused:
            rules.renamed(unit(until=NEW), "THADS", day)
        assert faults(refused.value) == [("outside-validity", "/rename/since")]


def test_an_end_cuts_the_names_and_can_be_taken_back() -> None:
    renamed = replace(unit(), names=rules.renamed(unit(), "THADS", NEW))
    assert rules.ended(renamed, date(2024, 1, 1)) == ((OLD, date(2024, 1, 1), "Cục THADS tỉnh Phú Thọ"),)
    ended = replace(renamed, until=NEW, names=rules.ended(renamed, date(2026, 1, 1)))
    assert rules.ended(ended, FOREVER) == renamed.names
    with pytest.raises(Invalid):
        rules.ended(renamed, OLD)


DAYS = st.dates(OLD + timedelta(days=1), date(2030, 12, 31))


@given(st.lists(DAYS, max_size=6), DAYS)
def test_names_cover_every_day_once(days: list[date], end: date) -> None:
    named = unit()
    for day in sorted(days):
        named = replace(named, names=rules.renamed(named, f"Tên từ {day}", day))
    for until in (FOREVER, end):
        spans = rules.ended(named, until)
        assert (spans[0][0], spans[-1][1]) == (OLD, until)
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        assert all(since < last for since, last, _ in spans)


def test_successors_take_over_on_the_day_the_unit_ends() -> None:
    gone, heir = unit(until=NEW), unit(since=NEW)
    assert rules.check_successors(gone, [heir]) == NEW
    with pytest.raises(Conflict):
        rules.check_successors(unit(), [heir])
    with pytest.raises(Invalid) as refused:
        rules.check_successors(gone, [heir, unit(since=NEW + timedelta(days=1)), gone])
    assert faults(refused.value) == [("outside-validity", "/successor_ids/1"), ("outside-validity", "/successor_ids/2")]
