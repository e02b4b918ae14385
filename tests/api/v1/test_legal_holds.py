"""Legal holds over HTTP: placed, read, ended, each with a reason that stays."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.clock import today
from tests.api.v1.cases import create, key
from tests.api.world import World

REASON = "Yêu cầu số 45/YC-VKS"


@pytest.fixture
def path(province: httpx.Client, world: World) -> str:
    """The hold of a case nobody has touched."""
    return f"/v1/cases/{create(province, world.own)['id']}/legal-hold"


def place(client: httpx.Client, path: str, **values: Any) -> httpx.Response:
    """A hold from today on."""
    return client.post(path, json={"reason": REASON, **values}, headers=key())


def change(client: httpx.Client, seen: httpx.Response, path: str, until: str | None) -> httpx.Response:
    """Another end of the hold an answer showed."""
    headers = {"If-Match": seen.headers["etag"]}
    return client.patch(path, json={"until": until, "reason": "Công văn số 12/CV-VKS"}, headers=headers)


def test_a_hold_is_placed_read_and_ended(province: httpx.Client, path: str) -> None:
    before = province.get(path)
    assert (before.json()["held"], before.json()["holds"], before.json()["version"]) == (False, [], 1)
    placed = place(province, path)
    assert placed.status_code == 201, placed.text
    (hold,) = placed.json()["holds"]
    assert (hold["since"], hold["until"], hold["reason"]) == (today().isoformat(), None, REASON)
    assert (hold["client_id"], placed.json()["held"], placed.json()["version"]) == ("province", True, 2)
    read = province.get(placed.headers["location"])
    assert (read.json(), read.headers["etag"]) == (placed.json(), placed.headers["etag"])
    tomorrow = (today() + timedelta(1)).isoformat()
    ended = change(province, placed, path, tomorrow)
    assert ended.status_code == 200, ended.text
    assert (ended.json()["held"], ended.json()["holds"][0]["until"]) == (True, tomorrow)
    assert change(province, placed, path, None).status_code == 412
    assert change(province, ended, path, None).json()["holds"][0]["until"] is None


def test_holds_follow_each_other_but_never_overlap(province: httpx.Client, path: str) -> None:
    first = place(province, path, since="2025-01-01", until="2025-06-01")
    assert first.json()["held"] is False
    assert place(province, path, since="2025-05-31").status_code == 409
    second = place(province, path, since="2025-06-01")
    assert [hold["since"] for hold in second.json()["holds"]] == ["2025-01-01", "2025-06-01"]
    assert place(province, path).status_code == 409
    assert place(province, path).json()["code"] == "conflict"


def test_days_must_be_in_order_and_something_must_be_held(province: httpx.Client, path: str) -> None:
    none = change(province, province.get(path), path, None)
    assert none.status_code == 409
    placed = place(province, path)
    for answer in (
        place(province, path, since="2025-01-01", until="2025-01-01"),
        change(province, placed, path, today().isoformat()),
    ):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/until"


def test_the_trail_has_every_reason(province: httpx.Client, path: str) -> None:
    change(province, place(province, path), path, "2099-01-01")
    params = {"subject": "legal_hold", "subject_id": path.split("/")[3]}
    items = province.get("/v1/audit", params=params).json()["items"]
    assert [(item["action"], item["reason"]) for item in items] == [
        ("changed", "Công văn số 12/CV-VKS"),
        ("placed", REASON),
    ]
    assert (items[0]["before"], items[0]["after"]) == ({"until": None}, {"until": "2099-01-01"})
