"""The organisation: both maps complete, every successor right, every officer somewhere."""

from collections import Counter
from datetime import date

import pytest

from app.services.demo.units import DONG_NAI_A_CITY, NATION, NEW_MAP, OLD_MAP, Organisation, organisation

SMALL, FULL = 0.002, 1.0


@pytest.fixture(scope="module", params=[SMALL, FULL])
def made(request: pytest.FixtureRequest) -> Organisation:
    return organisation(request.param, 1)


def test_every_unit_exists_at_any_scale(made: Organisation) -> None:
    levels = Counter((unit.level, unit.until is None) for unit in made.units)
    assert levels == {
        ("provincial", False): 63, ("district", False): 696, ("provincial", True): 34, ("regional", True): 355,
    }  # fmt: skip
    assert len({unit.id for unit in made.units}) == len({unit.path for unit in made.units}) == 1148


def test_a_code_is_a_key_together_with_its_validity(made: Organisation) -> None:
    keys = Counter((unit.code, unit.since) for unit in made.units)
    assert set(keys.values()) == {1}
    reused = {code for code, since in keys if since == NEW_MAP} & {code for code, since in keys if since == OLD_MAP}
    assert {"G15.15", "G15.24", "G15.44", "G15.52", "G15.80", "G15.82", "G15.91"} <= reused


def test_units_hang_below_their_province(made: Organisation) -> None:
    known = {unit.id: unit for unit in made.units}
    for unit in made.units:
        if unit.level == "provincial":
            assert unit.parent_id == NATION
            continue
        parent = known[unit.parent_id]
        assert unit.path.startswith(parent.path)
        assert unit.code.startswith(f"{parent.code}.")
        assert (unit.since, unit.province_code) == (parent.since, parent.province_code)


def test_levels_succeed_each_other_within_the_merged_province(made: Organisation) -> None:
    merged = {office.unit.province_code: office.successor.province_code for office in made.offices}
    assert len(made.offices) == 759
    assert (len(merged), len(set(merged.values()))) == (63, 34)
    assert {merged[code] for code in ("17", "25", "26")} == {"25"}
    levels = Counter((office.unit.level, office.successor.level) for office in made.offices)
    assert levels == {("provincial", "provincial"): 63, ("district", "regional"): 696}
    assert len({office.successor.id for office in made.offices}) == 34 + 355


def test_dong_nai_becomes_a_city(made: Organisation) -> None:
    unit = next(unit for unit in made.units if unit.path == "vn.t75.")
    assert unit.names == [
        ("THADS tỉnh Đồng Nai", NEW_MAP, DONG_NAI_A_CITY),
        ("THADS thành phố Đồng Nai", DONG_NAI_A_CITY, None),
    ]


def test_names_are_those_of_their_time(made: Organisation) -> None:
    names = {unit.path: unit.names[0][0] for unit in made.units}
    assert names["vn.c01."] == "Cục THADS thành phố Hà Nội"
    assert names["vn.c01.d001."] == "Chi cục THADS quận Ba Đình"
    assert names["vn.t01.k03."] == "Phòng THADS khu vực 3 – Hà Nội"
    assert names["vn.t15."] == "THADS tỉnh Lào Cai"
    assert names["vn.c15."] == "Cục THADS tỉnh Yên Bái"


def test_officers_move_along_with_their_cases(made: Organisation) -> None:
    officers = {officer.id: officer for officer in made.officers}
    for office in made.offices:
        assert len(office.officers) == len(office.heirs) >= (2 if office.unit.level == "provincial" else 1)
        for officer_id, heir in zip(office.officers, office.heirs, strict=True):
            assert _serves(officers[officer_id].postings, office.unit.id, date(2025, 6, 30))
            assert _serves(officers[heir].postings, office.successor.id, NEW_MAP)
            stays = _serves(officers[officer_id].postings, office.successor.id, NEW_MAP)
            assert stays == (heir == officer_id)


def test_nobody_serves_twice_at_a_time(made: Organisation) -> None:
    for officer in made.officers:
        ends = OLD_MAP
        for _, _, since, until in officer.postings:
            assert since >= ends
            ends = until or date.max
    assert len({officer.code for officer in made.officers}) == len(made.officers)


def test_there_are_more_officers_in_a_greater_book() -> None:
    small, full = (len(organisation(scale, 1).officers) for scale in (SMALL, FULL))
    assert small == 63 * 4 + 696
    assert 3_800 <= full <= 4_100


def _serves(postings: list[tuple[str, str, date, date | None]], unit_id: str, day: date) -> bool:
    return any(unit == unit_id and since <= day < (until or date.max) for unit, _, since, until in postings)
