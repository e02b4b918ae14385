"""Targets over HTTP: assigning, amending, reading, and what is refused."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.world import World
from tests.builders import NATION_ID

NEW = {
    "fiscal_year": 2027,
    "indicator": "money_rate",
    "rate": "51.90",
    "decision_no": "15/QĐ-CTHADS",
    "decision_date": "2026-11-05",
    "signer": "Nguyễn Văn Lực",
    "effective_on": "2026-11-05",
}
AMENDMENT = {name: NEW[name] for name in ("decision_no", "decision_date", "signer", "effective_on")} | {"rate": "52.5"}


def post(client: httpx.Client, path: str, body: Any, **headers: str) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": str(uuid4()), **headers})


@pytest.fixture(scope="module")
def assigned(partner: httpx.Client, world: World) -> dict[str, Any]:
    """The office's target for money in 2027."""
    answer = post(partner, "/v1/targets", {**NEW, "unit_id": world.own.office_id})
    assert answer.status_code == 201, answer.text
    target: dict[str, Any] = answer.json()
    return target


def test_an_assigned_target(partner: httpx.Client, world: World, assigned: dict[str, Any]) -> None:
    answer = partner.get(f"/v1/targets/{assigned['id']}")
    assert answer.json() == assigned
    shown = {name: assigned[name] for name in NEW}
    assert shown == NEW
    assert assigned["unit"]["id"] == world.own.office_id
    assert (assigned["officer"], assigned["version"], assigned["current"]) == (None, 1, True)
    assert answer.headers["ETag"].startswith('"1.')
    again = partner.get(f"/v1/targets/{assigned['id']}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_assigning_twice_is_a_conflict(partner: httpx.Client, world: World, assigned: dict[str, Any]) -> None:
    answer = post(partner, "/v1/targets", {**NEW, "unit_id": world.own.office_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_amending_keeps_every_version(national: httpx.Client, world: World) -> None:
    first = post(national, "/v1/targets", {**NEW, "officer_id": world.foreign.objects["officer_id"]})
    assert first.status_code == 201
    path = f"/v1/targets/{first.json()['id']}/amendments"
    second = post(national, path, AMENDMENT | {"reason": "Tiếp nhận thêm án"}, **{"If-Match": first.headers["ETag"]})
    assert second.status_code == 201, second.text
    assert (second.json()["version"], second.json()["rate"], second.json()["current"]) == (2, "52.50", True)
    assert second.headers["Location"] == f"/v1/targets/{second.json()['id']}"
    assert post(national, path, AMENDMENT, **{"If-Match": first.headers["ETag"]}).status_code == 412
    assert post(national, path, AMENDMENT).status_code == 428
    listed = national.get("/v1/targets", params={"officer": world.foreign.objects["officer_id"]}).json()["items"]
    assert [(item["version"], item["current"]) for item in listed] == [(1, False), (2, True)]


def test_lists_are_paged_and_filtered(national: httpx.Client, assigned: dict[str, Any]) -> None:
    found: list[dict[str, Any]] = []
    params = {"limit": "2", "indicator": "money_rate"}
    while True:
        page = national.get("/v1/targets", params=params).json()
        found += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    whole = national.get("/v1/targets", params={"limit": "500", "indicator": "money_rate"}).json()["items"]
    assert found == whole
    assert assigned["id"] in {item["id"] for item in found}
    assert {item["indicator"] for item in found} == {"money_rate"}
    own = national.get("/v1/targets", params={"unit": assigned["unit"]["id"], "fiscal_year": 2027}).json()["items"]
    assert [item["id"] for item in own] == [assigned["id"]]


def test_national_targets_are_seeded(national: httpx.Client) -> None:
    items = national.get("/v1/targets", params={"unit": NATION_ID, "limit": "500"}).json()["items"]
    seeded = {
        (i["fiscal_year"], i["indicator"]): i["rate"] for i in items if i["unit"] and i["unit"]["id"] == NATION_ID
    }
    assert seeded == {
        (2022, "cases_rate"): "81.50",
        (2022, "money_rate"): "40.10",
        (2023, "cases_rate"): "82.50",
        (2023, "money_rate"): "45.50",
        (2025, "cases_rate"): "83.90",
        (2025, "money_rate"): "51.90",
    }


def test_what_is_foreign_is_not_there(province: httpx.Client, world: World) -> None:
    foreign = world.foreign.objects["target_id"]
    assert province.get(f"/v1/targets/{foreign}").status_code == 404
    assert post(province, f"/v1/targets/{foreign}/amendments", AMENDMENT, **{"If-Match": '"1"'}).status_code == 404
    assert province.get("/v1/targets", params={"unit": world.foreign.office_id}).status_code == 422
    for unit in (world.foreign.office_id, NATION_ID, str(uuid4())):
        answer = post(province, "/v1/targets", {**NEW, "unit_id": unit})
        assert answer.status_code == 422
        assert answer.json()["errors"][0] | {"message": ""} == {
            "pointer": "/unit_id",
            "code": "unknown-reference",
            "message": "",
        }
    items = province.get("/v1/targets", params={"limit": "500"}).json()["items"]
    assert items
    assert {item["unit"]["id"] for item in items if item["unit"]} <= {world.own.office_id, world.own.province_id}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rate": "100.01"}, "/rate"),
        ({"rate": "83.905"}, "/rate"),
        ({"rate": 83.9}, "/rate"),
        ({"rate": "-1"}, "/rate"),
        ({"rate": "1E+1"}, "/rate"),
        ({"fiscal_year": 2009}, "/fiscal_year"),
        ({"fiscal_year": "2027"}, "/fiscal_year"),
        ({"indicator": "cases"}, "/indicator"),
        ({"effective_on": "2026-09-30"}, "/effective_on"),
        ({"decision_date": "2099-01-01"}, "/decision_date"),
        ({"signer": " "}, "/signer"),
        ({"officer_id": "0197c0de-0000-7000-8000-00000000a001"}, "/unit_id"),
        ({"unit_id": None}, "/unit_id"),
        ({"version": 2}, "/version"),
    ],
)
def test_what_cannot_be_assigned(partner: httpx.Client, world: World, change: dict[str, Any], pointer: str) -> None:
    answer = post(partner, "/v1/targets", {**NEW, "indicator": "cases_rate", "unit_id": world.own.office_id, **change})
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("rate", ["0", "100", "100.00", "7.5"])
def test_rates_that_can_be_assigned(national: httpx.Client, world: World, rate: str) -> None:
    known = national.get("/v1/targets", params={"unit": world.own.province_id, "indicator": "cases_rate"}).json()[
        "items"
    ]
    own = [item for item in known if item["unit"] and item["unit"]["id"] == world.own.province_id]
    body = {**NEW, "rate": rate}
    if own:
        path = f"/v1/targets/{own[0]['id']}/amendments"
        answer = post(national, path, {name: body[name] for name in AMENDMENT}, **{"If-Match": "*"})
    else:
        answer = post(national, "/v1/targets", {**body, "indicator": "cases_rate", "unit_id": world.own.province_id})
    assert answer.status_code == 201, answer.text
    assert float(answer.json()["rate"]) == float(rate)
