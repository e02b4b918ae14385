"""Units over HTTP: the map of a day, single units, and changes of the map."""

import uuid
from typing import Any

import httpx
import pytest

from tests.api.v1.cases import ids, key
from tests.api.world import World
from tests.builders import NATION_ID


def create(client: httpx.Client, parent: str, **values: Any) -> httpx.Response:
    """A regional office below a province."""
    body = {
        "code": f"U.{uuid.uuid4().hex[:12]}",
        "name": "Phòng THADS khu vực 9",
        "level": "regional",
        "parent_id": parent,
        "since": "2020-01-01",
        **values,
    }
    return client.post("/v1/units", json=body, headers=key())


def change(client: httpx.Client, made: httpx.Response, **values: Any) -> httpx.Response:
    """A change of the unit an answer showed."""
    path = f"/v1/units/{made.json()['id']}"
    return client.patch(path, json=values, headers={"If-Match": made.headers["etag"]})


def test_a_new_unit_is_read_as_it_was_answered(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.province_id, name="Phòng  THADS khu vực 9 ", province_code="25")
    assert made.status_code == 201, made.text
    out = made.json()
    assert made.headers["location"] == f"/v1/units/{out['id']}"
    assert (out["level"], out["since"], out["until"], out["version"]) == ("regional", "2020-01-01", None, 1)
    assert out["parent"]["id"] == out["parent_id"] == world.own.province_id
    assert out["names"] == [{"name": "Phòng  THADS khu vực 9", "since": "2020-01-01", "until": None}]
    read = province.get(made.headers["location"])
    assert read.json() == out
    assert read.headers["etag"] == made.headers["etag"]
    again = province.get(made.headers["location"], headers={"If-None-Match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_repeated_post_creates_one_unit(province: httpx.Client, world: World) -> None:
    body = {
        "code": f"U.{uuid.uuid4().hex[:12]}",
        "name": "Khu vực",
        "level": "regional",
        "parent_id": world.own.province_id,
        "since": "2020-01-01",
    }
    headers = key()
    first, second = (province.post("/v1/units", json=body, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    taken = province.post("/v1/units", json=body, headers=key())
    assert taken.status_code == 409


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"level": "national"}, "/level"),
        ({"level": "provincial"}, "/level"),
        ({"code": "G" * 36}, "/code"),
        ({"code": "G15 25"}, "/code"),
        ({"province_code": "1"}, "/province_code"),
        ({"since": "1800-01-01"}, "/since"),
        ({"since": "2000-01-01"}, "/since"),
        ({"until": "2020-01-01"}, "/until"),
        ({"parent_id": "01890000-0000-7000-8000-00000000dead"}, "/parent_id"),
        ({"parent_id": NATION_ID}, "/parent_id"),
        ({"name": "Khu\u200bvực"}, "/name"),
        ({"name": " "}, "/name"),
        ({"path": "vn."}, "/path"),
    ],
)
def test_what_cannot_stand_is_refused_where_it_is_wrong(
    province: httpx.Client, world: World, values: dict[str, str], pointer: str
) -> None:
    refused = create(province, world.own.province_id, **values)
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]


def test_a_name_changes_from_a_day_on(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.province_id)
    path = made.headers["location"]
    rename = {"name": "Phòng THADS khu vực 9 - Việt Trì", "since": "2025-07-01"}
    renamed = change(province, made, rename=rename, reason="Quyết định 1899/QĐ-BTP")
    assert renamed.status_code == 200, renamed.text
    assert [name["since"] for name in renamed.json()["names"]] == ["2020-01-01", "2025-07-01"]
    assert renamed.json()["name"] == "Phòng THADS khu vực 9 - Việt Trì"
    assert renamed.headers["etag"] == province.get(path).headers["etag"] != made.headers["etag"]
    for day, name in (("2025-06-30", "Phòng THADS khu vực 9"), ("2025-07-01", rename["name"])):
        listed = province.get("/v1/units", params={"as_of": day, "parent": world.own.province_id}).json()["items"]
        assert name in [unit["name"] for unit in listed if unit["id"] == made.json()["id"]]
    assert change(province, made, rename=rename).status_code == 412


def test_changes_need_the_version_they_are_meant_for(province: httpx.Client, world: World) -> None:
    path = create(province, world.own.province_id).headers["location"]
    assert province.patch(path, json={"until": "2026-01-01"}).status_code == 428
    assert province.patch(path, json={"until": "2026-01-01"}, headers={"If-Match": "1"}).status_code == 400
    assert province.patch(path, json={"until": "2026-01-01"}, headers={"If-Match": 'W/"1"'}).status_code == 412


def test_an_end_is_set_and_taken_back(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.province_id)
    ended = change(province, made, until="2025-07-01")
    assert (ended.json()["until"], ended.json()["names"][0]["until"]) == ("2025-07-01", "2025-07-01")
    assert change(province, ended, until=None).json()["until"] is None
    assert change(province, ended).status_code == 422


def test_successors_and_predecessors_name_each_other(province: httpx.Client, world: World) -> None:
    old, new = (create(province, world.own.province_id, **days) for days in ({"until": "2025-07-01"}, {}))
    path = old.headers["location"]
    sent = {"successor_ids": [new.json()["id"]]}
    linked = province.post(f"{path}/successors", json=sent, headers=key())
    assert linked.status_code == 201, linked.text
    assert [unit["id"] for unit in linked.json()["successors"]] == sent["successor_ids"]
    assert linked.headers["etag"] == province.get(path).headers["etag"]
    assert province.get(new.headers["location"]).json()["predecessors"][0]["id"] == old.json()["id"]
    assert province.post(f"{path}/successors", json=sent, headers=key()).status_code == 409
    twice = {"successor_ids": sent["successor_ids"] * 2}
    refused = province.post(f"{path}/successors", json=twice, headers=key())
    assert [fault["code"] for fault in refused.json()["errors"]] == ["repeated"]
    goes_on = province.post(f"{new.headers['location']}/successors", json=sent, headers=key())
    assert goes_on.status_code == 409


def test_the_tree_is_the_map_the_caller_may_see(
    province: httpx.Client, partner: httpx.Client, national: httpx.Client, world: World
) -> None:
    (root,) = province.get("/v1/units/tree").json()["roots"]
    assert root["id"] == world.own.province_id
    assert world.own.office_id in [child["id"] for child in root["children"]]
    assert [node["id"] for node in partner.get("/v1/units/tree").json()["roots"]] == [world.own.office_id]
    (nation,) = national.get("/v1/units/tree", params={"depth": 1}).json()["roots"]
    assert nation["child_count"] == len(nation["children"]) >= 2
    assert {tuple(child["children"]) for child in nation["children"]} == {()}
    before = national.get("/v1/units/tree", params={"as_of": "2000-01-01"}).json()
    assert [node["child_count"] for node in before["roots"]] == [0]
    assert before["roots"][0]["name"] == "Tổng cục Thi hành án dân sự"


def test_the_tree_can_be_asked_for_conditionally(province: httpx.Client) -> None:
    first = province.get("/v1/units/tree")
    again = province.get("/v1/units/tree", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_top_of_what_a_caller_sees_has_no_parent(province: httpx.Client, world: World) -> None:
    top = province.get(f"/v1/units/{world.own.province_id}").json()
    assert (top["parent_id"], top["parent"]) == (None, None)


def test_lists_are_paged_in_the_order_of_the_map(province: httpx.Client, world: World) -> None:
    for _ in range(3):
        create(province, world.own.province_id)
    whole = ids(province.get("/v1/units", params={"limit": 500}))
    assert whole[0] == world.own.province_id
    paged: list[str] = []
    address: str | None = "/v1/units?limit=2"
    while address:
        page = province.get(address)
        paged += ids(page)
        address = page.links["next"]["url"] if page.json()["next"] else None
    assert paged == whole


@pytest.mark.parametrize(
    "query", ["level=ward", "as_of=2025-02-30", "parent=x", "province_code=1", "q=", "under=" + "0" * 36]
)
def test_filters_are_checked(province: httpx.Client, query: str) -> None:
    refused = province.get(f"/v1/units?{query}")
    assert refused.status_code == 422
    assert [fault["parameter"] for fault in refused.json()["errors"]] == [query.partition("=")[0]]


def test_a_unit_of_others_is_not_there(province: httpx.Client, world: World) -> None:
    for parameter in ("parent", "under"):
        refused = province.get("/v1/units", params={parameter: world.foreign.province_id})
        assert refused.status_code == 422
    assert province.get("/v1/units/tree", params={"root": world.foreign.province_id}).status_code == 422
    assert create(province, world.foreign.province_id).status_code == 422
