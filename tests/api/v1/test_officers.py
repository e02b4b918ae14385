"""Officers over HTTP: who serves where on a day, and how postings change."""

import uuid
from typing import Any

import httpx
import pytest

from tests.api.v1.cases import ids, key
from tests.api.world import World


def create(client: httpx.Client, unit_id: str, **values: Any) -> httpx.Response:
    """An officer posted to a unit since 2020."""
    posting = {"unit_id": unit_id, "rank": "primary", "since": "2020-01-01"}
    body = {"code": f"CHV-{uuid.uuid4().hex[:12]}", "name": "Đặng Thị Ước", "posting": posting, **values}
    return client.post("/v1/officers", json=body, headers=key())


def change(client: httpx.Client, made: httpx.Response, **values: Any) -> httpx.Response:
    """A change of the officer an answer showed."""
    path = f"/v1/officers/{made.json()['id']}"
    return client.patch(path, json=values, headers={"If-Match": made.headers["etag"]})


def test_a_new_officer_is_read_as_answered(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.office_id)
    assert made.status_code == 201, made.text
    out = made.json()
    assert out["name"] == "Đặng Thị Ước"  # a public official's name is not masked
    assert out["posting"] == out["postings"][0]
    assert out["posting"]["unit"]["id"] == world.own.office_id
    read = province.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (out, made.headers["etag"])
    again = province.get(made.headers["location"], headers={"If-None-Match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_lists_follow_day_rank_and_name(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.office_id, name="Lý Thị Ngọc Bích").json()["id"]
    params = {"unit": world.own.office_id, "q": "ngoc bich"}
    assert ids(province.get("/v1/officers", params=params)) == [made]
    assert ids(province.get("/v1/officers", params={**params, "rank": "primary"})) == [made]
    assert ids(province.get("/v1/officers", params={**params, "rank": "senior"})) == []
    assert ids(province.get("/v1/officers", params={**params, "as_of": "2019-12-31"})) == []


def test_a_new_posting_ends_the_one_before(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.office_id)
    posting = {"unit_id": world.own.province_id, "rank": "intermediate", "since": "2024-03-01"}
    posted = change(province, made, posting=posting)
    assert posted.status_code == 200, posted.text
    assert [(p["rank"], p["since"], p["until"]) for p in posted.json()["postings"]] == [
        ("primary", "2020-01-01", "2024-03-01"),
        ("intermediate", "2024-03-01", None),
    ]
    assert posted.json()["posting"]["unit"]["id"] == world.own.province_id
    assert province.get(f"/v1/officers/{made.json()['id']}").headers["etag"] == posted.headers["etag"]
    assert change(province, made, posting=posting).status_code == 412
    assert change(province, posted, posting={**posting, "since": "2022-01-01"}).status_code == 409


def test_leaving_service(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.office_id)
    gone = change(province, made, until="2025-07-01", reason="Nghị định 178/2024/NĐ-CP").json()
    assert (gone["posting"], gone["postings"][0]["until"]) == (None, "2025-07-01")


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({}, ""),
        ({"reason": "không có gì"}, ""),
        ({"name": ""}, "/name"),
        ({"until": "2020-01-01"}, "/until"),
        ({"until": "2026-01-01", "posting": {"unit_id": "x", "rank": "clerk", "since": "2026-01-01"}},
         "/posting/unit_id"),
        ({"posting": {"unit_id": "01890000-0000-7000-8000-00000000dead", "rank": "clerk", "since": "2026-01-01"}},
         "/posting/unit_id"),
        ({"posting": {"rank": "boss"}}, None),
    ],
)  # fmt: skip
def test_changes_that_cannot_be_are_refused(
    province: httpx.Client, world: World, values: dict[str, Any], pointer: str | None
) -> None:
    refused = change(province, create(province, world.own.office_id), **values)
    assert refused.status_code == 422
    pointers = [fault["pointer"] for fault in refused.json()["errors"]]
    assert pointers == ([pointer] if pointer is not None else ["/posting/unit_id", "/posting/rank", "/posting/since"])


def test_callers_see_only_postings_to_their_units(
    national: httpx.Client, province: httpx.Client, partner: httpx.Client, world: World
) -> None:
    made = create(national, world.own.office_id)
    path = made.headers["location"]
    away = {"unit_id": world.foreign.office_id, "rank": "senior", "since": "2024-03-01"}
    assert change(national, made, posting=away).status_code == 200
    for client in (province, partner):
        seen = client.get(path).json()
        assert [p["unit"]["id"] for p in seen["postings"]] == [world.own.office_id]
        assert seen["posting"] is None
        assert client.patch(path, json={"name": "Tên khác"}, headers={"If-Match": "*"}).status_code == 404
    assert len(national.get(path).json()["postings"]) == 2


def test_codes_are_never_given_twice(province: httpx.Client, world: World) -> None:
    code = create(province, world.own.office_id).json()["code"]
    assert create(province, world.own.office_id, code=code).status_code == 409


def test_a_posting_to_a_unit_of_others_is_refused(province: httpx.Client, world: World) -> None:
    refused = create(province, world.foreign.office_id)
    assert refused.status_code == 422
    assert [(f["code"], f["pointer"]) for f in refused.json()["errors"]] == [("unknown-reference", "/posting/unit_id")]
