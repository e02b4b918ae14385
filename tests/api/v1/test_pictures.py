"""Pictures over HTTP: their figures are those of JSON, and they are safe and readable."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from app.services.clients.rules import SCOPES
from tests.api.world import World
from tests.builders import NATION_ID
from tests.server import Served

SVG = "{http://www.w3.org/2000/svg}"
RANKING, COURSE, AGES = (
    f"/v1/pictures/{name}.svg" for name in ("attainment-ranking", "monthly-course", "flags-by-age")
)
PICTURES = (RANKING, COURSE, AGES)
DRAWN = {"svg", "title", "desc", "style", "g", "rect", "line", "path", "circle", "text"}
YEAR = {"fiscal_year": "2026"}


def drawn(client: httpx.Client, path: str, spoken: str = "vi", **params: str) -> ElementTree.Element:
    answer = client.get(path, params=params, headers={"Accept-Language": spoken})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    return ElementTree.fromstring(answer.content)


def read(client: httpx.Client, path: str, **params: str) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def marked(picture: ElementTree.Element, *names: str) -> list[tuple[str, ...]]:
    """The attributes of every element that has all of them."""
    wanted = [f"data-{name}" for name in names]
    return [tuple(e.attrib[n] for n in wanted) for e in picture.iter() if all(n in e.attrib for n in wanted)]


def written(value: Any) -> str:
    return "null" if value is None else str(value)


@pytest.mark.parametrize("indicator", ["cases_rate", "money_rate", "credit_cases_rate", "credit_money_rate"])
@pytest.mark.parametrize(
    "of", [{"of": "level", "level": "provincial"}, {"of": "level", "level": "regional"}, {"of": "self"}]
)
def test_the_ranking_is_that_of_json(national: httpx.Client, indicator: str, of: Mapping[str, str]) -> None:
    params = {**of, "as_of": "2026-03-31", "indicator": indicator}
    found = read(national, "/v1/target-attainment", **params, limit="100")
    picture = drawn(national, RANKING, **params, limit="100")
    results = [(item["unit"]["id"], item[indicator]) for item in found["items"]]
    assert marked(picture, "unit", "rank", "value", "target", "distance") == [
        (
            unit,
            written(result["rank"]),
            written(result["rate"]["value"]),
            written(result["target"] and result["target"]["rate"]),
            written(result["distance_pp"]),
        )
        for unit, result in results
    ]
    average = found["national"][indicator]["rate"]["value"]
    assert marked(picture, "national") == ([(average,)] if average is not None else [])
    text = "".join(picture.itertext())
    assert ("không có số liệu" in text) is any(result["rate"]["value"] is None for _, result in results)


def test_the_ranking_of_officers(province: httpx.Client, world: World) -> None:
    params = {"unit": world.own.office_id, "of": "officers", "as_of": "2026-03-31"}
    items = read(province, "/v1/target-attainment", **params)["items"]
    picture = drawn(province, RANKING, **params)
    assert marked(picture, "officer") == [(item["officer"]["id"],) for item in items]


def test_only_the_first_are_drawn_and_it_says_so(national: httpx.Client) -> None:
    picture = drawn(national, RANKING, of="level", level="regional", as_of="2026-03-31", limit="1")
    assert len(marked(picture, "rank")) == 1
    assert "còn nữa" in "".join(picture.itertext())


def test_a_unit_without_units_has_an_empty_ranking(partner: httpx.Client) -> None:
    picture = drawn(partner, RANKING)
    assert marked(picture, "unit") == []
    assert "Không có đơn vị nào" in "".join(picture.itertext())


@pytest.mark.parametrize("span", ["cumulative", "month"])
@pytest.mark.parametrize("measure", ["cases", "money"])
def test_the_course_is_the_series_of_json(national: httpx.Client, span: str, measure: str) -> None:
    def series(year: int, months: int) -> list[str]:
        params = {"fiscal_year": str(year), "months": str(months), "span": span}
        items = read(national, "/v1/statistics/series", **params)["items"]
        return [written(item[measure]["rates"]["result"]["value"]) for item in items]

    picture = drawn(national, COURSE, **YEAR, months="7", span=span, indicator=f"{measure}_rate")
    found = marked(picture, "series", "month", "value")
    for name, year, months in (("now", 2026, 7), ("before", 2025, 12)):
        expected = [(name, str(month), value) for month, value in enumerate(series(year, months), 1)]
        assert [point for point in found if point[0] == name] == expected


@pytest.mark.parametrize("measure", ["cases", "money"])
def test_the_course_of_credit_institutions_is_that_of_their_cases(national: httpx.Client, measure: str) -> None:
    params = {**YEAR, "months": "7", "credit_institution": "true"}
    items = read(national, "/v1/statistics/series", **params)["items"]
    picture = drawn(national, COURSE, **YEAR, months="7", indicator=f"credit_{measure}_rate")
    found = marked(picture, "series", "month", "value")
    assert [value for name, _, value in found if name == "now"] == [
        written(item[measure]["rates"]["result"]["value"]) for item in items
    ]
    assert "target" in {name for name, _, _ in found}


def test_the_target_of_each_month(partner: httpx.Client) -> None:
    """83.90 % from 2025-11-05 on, so not yet in October."""
    found = marked(drawn(partner, COURSE, **YEAR), "series", "month", "value")
    targets = [point for point in found if point[0] == "target"]
    for (_, _, value), on in zip(targets, ("2025-10-31", "2025-11-30", "2025-12-31"), strict=False):
        item = read(partner, "/v1/target-attainment", as_of=on)["items"][0]
        assert value == written(item["cases_rate"]["target"] and item["cases_rate"]["target"]["rate"])
    assert [value for _, _, value in targets] == ["null", *["83.90"] * 11]


def test_a_target_is_not_drawn_beside_other_figures(partner: httpx.Client) -> None:
    for params in ({"kind": "civil"}, {"span": "month"}):
        picture = drawn(partner, COURSE, **YEAR, **params)
        assert "target" not in {name for (name,) in marked(picture, "series")}
        assert "Không vẽ chỉ tiêu" in "".join(picture.itertext())


@pytest.mark.parametrize("as_of", [None, "2026-09-30", "2031-01-01", "2010-01-01"])
def test_the_ages_are_those_of_json_and_of_the_list(national: httpx.Client, as_of: str | None) -> None:
    day = {"as_of": as_of} if as_of else {}
    found = read(national, "/v1/priority-cases/by-age", **day)
    picture = drawn(national, AGES, **day)
    bands = found["bands"]
    assert marked(picture, "band", "value") == [(str(b["decided_in"]), str(b["total"]["cases"])) for b in bands]
    parts = ("long_running", "high_value", "steering_committee", "several")
    assert marked(picture, "part", "value") == [
        (part, written(band[part] and band[part]["cases"])) for band in bands for part in parts
    ]
    summary = read(national, "/v1/priority-cases/summary", **day)
    assert found["total"] == summary["overall"]["total"]
    for member in ("cases", "amount_vnd", "outstanding_vnd"):
        assert sum(band["total"][member] for band in bands) == found["total"][member]
        for band in bands:
            assert sum(band[part][member] for part in parts if band[part]) == band["total"][member]
    whole = national.get("/v1/priority-cases", params=day, headers={"Accept": "application/x-ndjson"})
    items = [json.loads(line) for line in whole.text.splitlines()]
    for band in bands:
        year = str(band["decided_in"])
        same = [i for i in items if i["decision_date"][:4] == year or (band["or_before"] and i["decision_date"] < year)]
        assert band["total"]["cases"] == len(same)
        assert band["several"]["cases"] == sum(len(item["flags"]) > 1 for item in same)


def test_a_day_without_rules_has_no_data(national: httpx.Client) -> None:
    picture = drawn(national, AGES, as_of="2010-01-01")
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    assert "không có số liệu" in texts
    assert texts.count("–") == len(marked(picture, "band"))
    assert texts.count("0") == 1  # of the scale
    assert any("Chưa có quy tắc có hiệu lực vào ngày này" in (text or "") for text in texts)


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("theme", ["light", "dark", None])
def test_pictures_are_accessible_and_bring_nothing_that_runs(
    national: httpx.Client, path: str, theme: str | None
) -> None:
    answer = national.get(path, params={"theme": theme} if theme else {}, headers={"Accept-Language": "vi"})
    root = ElementTree.fromstring(answer.content)
    ids = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    assert (root.attrib["role"], root.attrib["lang"]) == ("img", "vi")
    assert ids[root.attrib["aria-labelledby"]].tag == f"{SVG}title"
    assert len(ids[root.attrib["aria-describedby"]].text or "") > 20
    assert re.fullmatch(r"0 0 960 \d+", root.attrib["viewBox"])
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= DRAWN
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or name.endswith("href") or name == "style"}
    assert "url(" not in answer.text
    assert answer.text.count("http") == 1  # the name of the language
    assert ("<style" in answer.text) is (theme is None)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PICTURES)
def test_who_has_a_picture_is_told_so(national: httpx.Client, path: str) -> None:
    first = national.get(path, params={"theme": "dark"})
    known = {"If-None-Match": first.headers["etag"]}
    again = national.get(path, params={"theme": "dark"}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"] == "Accept-Language"
    assert national.get(path, params={"theme": "light"}, headers=known).status_code == 200
    assert national.get(path, params={"theme": "dark"}, headers={**known, "Accept-Language": "vi"}).status_code == 200


@pytest.mark.parametrize("path", PICTURES)
def test_the_language_is_the_readers(national: httpx.Client, path: str) -> None:
    titles = [drawn(national, path, spoken).findtext(f"{SVG}title") for spoken in ("vi", "en")]
    assert titles[0] != titles[1]
    assert any(sign in (titles[0] or "") for sign in "ệộ")


@pytest.mark.parametrize("path", PICTURES)
def test_the_walls_of_json_are_those_of_pictures(province: httpx.Client, world: World, path: str) -> None:
    text = "".join(drawn(province, path).itertext())
    assert "THADS tỉnh B" not in text
    for unit in (world.foreign.office_id, NATION_ID):
        answer = province.get(path, params={"unit": unit})
        assert answer.status_code == 422
        assert [error["parameter"] for error in answer.json()["errors"]] == ["unit"]


def test_a_course_needs_both_scopes(api: Served) -> None:
    token = api.app.state.tokens.issue("national", frozenset(SCOPES) - {"targets:read"})
    answer = httpx.get(f"{api.address}{COURSE}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "targets:read" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("path", "params", "parameter"),
    [
        (RANKING, {"theme": "blue"}, "theme"),
        (RANKING, {"limit": "101"}, "limit"),
        (RANKING, {"of": "level"}, "level"),
        (RANKING, {"of": "officers"}, "unit"),
        (RANKING, {"indicator": "cases_done"}, "indicator"),
        (COURSE, {"indicator": "administrative_rate"}, "indicator"),
        (COURSE, {"indicator": "credit_cases_rate", "credit_institution": "false"}, "credit_institution"),
        (COURSE, {"months": "13"}, "months"),
        (COURSE, {"fiscal_year": "2099"}, "fiscal_year"),
        (COURSE, {"matter": "01890000-0000-7000-8000-00000000ffff"}, "matter"),
        (AGES, {"as_of": "2025-02-30"}, "as_of"),
    ],
)
def test_what_cannot_be_drawn(national: httpx.Client, path: str, params: dict[str, str], parameter: str) -> None:
    answer = national.get(path, params=params)
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_the_name_of_a_unit_is_whole_in_the_title(national: httpx.Client, world: World) -> None:
    picture = drawn(national, RANKING, of="level", level="regional", as_of=date(2026, 3, 31).isoformat())
    rows = {e.attrib["data-unit"]: e.findtext(f"{SVG}title") for e in picture.iter() if "data-unit" in e.attrib}
    assert (rows[world.own.office_id] or "").startswith("Phòng THADS khu vực 1 - A:")
