"""Matters over HTTP: recorded, tracked, followed, found; and the flag on their cases."""

import uuid
from typing import Any

import httpx
import pytest

from tests.api.v1 import cases
from tests.api.v1.cases import ids, key
from tests.api.world import World


def create(client: httpx.Client, unit_id: str, **values: Any) -> httpx.Response:
    """A matter of a unit."""
    body = {"code": f"VA-{uuid.uuid4().hex[:12]}", "name": "Vụ án Sông Thao", "unit_id": unit_id, **values}
    return client.post("/v1/matters", json=body, headers=key())


def track(client: httpx.Client, made: httpx.Response, **values: Any) -> httpx.Response:
    """A committee begins to track a matter."""
    body = {"level": "central", "since": "2025-08-25", "state": "enforcing", **values}
    return client.post(f"/v1/matters/{made.json()['id']}/tracking", json=body, headers=key())


def follow(client: httpx.Client, made: httpx.Response, level: str = "central", **values: Any) -> httpx.Response:
    """A change of the tracking of the matter an answer showed."""
    path = f"/v1/matters/{made.json()['id']}/tracking/{level}"
    return client.patch(path, json=values, headers={"If-Match": made.headers["etag"]})


def test_a_new_matter_is_read_as_answered(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.province_id)
    assert made.status_code == 201, made.text
    assert made.json()["unit"]["id"] == world.own.province_id
    assert (made.json()["ever_tracked"], made.json()["tracking"]) == (False, [])
    read = province.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    again = province.get(made.headers["location"], headers={"If-None-Match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_tracking_raises_the_flag_on_cases_from_its_first_day(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.office_id)
    case = cases.create(province, world.own, matter_id=made.json()["id"])

    def flags(day: str) -> list[str]:
        answer = province.get(f"/v1/cases/{case['id']}", params={"as_of": day}).json()
        return [flag["flag"] for flag in answer["flags"]]

    assert flags("2025-09-30") == []
    tracked = track(province, made)
    assert tracked.status_code == 201, tracked.text
    assert flags("2025-08-24") == []
    assert flags("2025-08-25") == flags("2025-09-30") == ["steering_committee"]
    assert follow(province, tracked, until="2025-09-30").status_code == 200
    assert flags("2025-09-29") == ["steering_committee"]
    assert flags("2025-09-30") == []


def test_the_whole_history_is_shown(province: httpx.Client, world: World) -> None:
    tracked = track(province, create(province, world.own.province_id), state="not_accepted")
    moved = follow(province, tracked, state="enforcing", state_since="2025-09-01")
    both = track(province, moved, level="provincial", since="2025-09-10")
    ended = follow(province, both, until="2025-10-01")
    assert ended.status_code == 200, ended.text
    assert [tuple(t.values()) for t in ended.json()["tracking"]] == [
        ("central", "2025-08-25", "2025-09-01", "not_accepted"),
        ("central", "2025-09-01", "2025-10-01", "enforcing"),
        ("provincial", "2025-09-10", None, "enforcing"),
    ]
    assert ended.json()["version"] == 5
    read = province.get(f"/v1/matters/{ended.json()['id']}")
    assert (read.json(), read.headers["etag"]) == (ended.json(), ended.headers["etag"])


def test_states_that_cannot_follow_are_refused(province: httpx.Client, world: World) -> None:
    tracked = track(province, create(province, world.own.province_id), state="not_accepted")
    refused = follow(province, tracked, state="done", state_since="2025-09-01")
    assert refused.status_code == 409
    assert refused.json()["code"] == "invalid-transition"
    assert refused.json()["allowed_states"] == ["enforcing"]
    assert track(province, tracked).status_code == 409
    assert follow(province, tracked, level="provincial", until="2026-01-01").status_code == 404
    assert follow(province, tracked, level="district", until="2026-01-01").status_code == 404


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({}, ""),
        ({"state": "enforcing"}, "/state_since"),
        ({"state_since": "2025-09-01"}, "/state"),
        ({"state": "closed", "state_since": "2025-09-01"}, "/state"),
        ({"until": "2025-08-25"}, "/until"),
    ],
)
def test_what_is_not_a_change_is_refused(
    province: httpx.Client, world: World, values: dict[str, str], pointer: str
) -> None:
    refused = follow(province, track(province, create(province, world.own.province_id)), **values)
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]


def test_matters_are_found_by_tracking_unit_and_name(province: httpx.Client, world: World) -> None:
    name = f"Vụ án Đường sắt {uuid.uuid4().hex[:8]}"
    made = create(province, world.own.office_id, name=name)
    tracked = track(province, made)
    found = {"unit": world.own.office_id, "q": name.replace("Đường sắt", "duong sat")}

    def listed(**more: str) -> list[str]:
        return ids(province.get("/v1/matters", params={**found, **more}))

    assert listed() == listed(level="central", state="enforcing") == [tracked.json()["id"]]
    assert listed(as_of="2025-08-24") == listed(level="provincial") == listed(state="done") == []
    assert listed(as_of="2025-08-25") == [tracked.json()["id"]]


def test_a_name_is_corrected(province: httpx.Client, world: World) -> None:
    made = create(province, world.own.province_id)
    path = made.headers["location"]
    assert province.patch(path, json={"name": "Vụ án Sông Đà"}).status_code == 428
    headers = {"If-Match": made.headers["etag"]}
    renamed = province.patch(path, json={"name": "Vụ án Sông Đà", "reason": "Bản án phúc thẩm"}, headers=headers)
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Vụ án Sông Đà")
    assert province.patch(path, json={"name": "Vụ án Sông Đà"}, headers=headers).status_code == 412


def test_units_below_do_not_see_the_matters_of_those_above(
    national: httpx.Client, province: httpx.Client, partner: httpx.Client, world: World
) -> None:
    path = create(province, world.own.province_id).headers["location"]
    assert [client.get(path).status_code for client in (national, province, partner)] == [200, 200, 404]
    refused = create(partner, world.own.province_id)
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/unit_id"]


def test_lists_are_paged(province: httpx.Client, world: World) -> None:
    for _ in range(3):
        create(province, world.own.office_id)
    whole = ids(province.get("/v1/matters", params={"limit": 500}))
    paged: list[str] = []
    address: str | None = "/v1/matters?limit=2"
    while address:
        page = province.get(address)
        paged += ids(page)
        address = page.links["next"]["url"] if page.json()["next"] else None
    assert paged == whole
