"""Regimes over HTTP: read by everybody, filled in by the ministry, named by every report."""

import uuid
from copy import deepcopy
from typing import Any

import httpx
import pytest

from app.api.v1.schemas.regimes import VERSION_EXAMPLE
from app.clock import today
from tests.conftest import Island

PATH = "/v1/regimes"
NEW: dict[str, Any] = {
    "since": "2026-07-01",
    "provisional": False,
    "lines": VERSION_EXAMPLE["lines"],
    "legal_basis": "Thông tư 05/2026/TT-BTP, Phụ lục II",
    "reason": "Biểu mẫu của Thông tư đã ban hành",
}


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def changed(**money: list[str]) -> dict[str, Any]:
    new = deepcopy(NEW)
    new["lines"]["money"].update(money)
    return new


def test_the_four_circulars(province: httpx.Client) -> None:
    items = province.get(PATH).json()["items"]
    assert [item["code"] for item in items] == ["tt08-2015", "tt06-2019", "tt05-2024", "tt05-2026"]
    assert [item["current"]["third_class"] for item in items] == [False, True, True, True]
    assert [item["current"]["provisional"] for item in items] == [False, False, False, True]
    assert (items[0]["since"], items[1]["since"], items[3]["until"]) == (None, "2020-01-05", None)
    assert items[0]["current"]["lines"]["cases"]["other"] == ["other", "deferred", "suspended"]
    paged, params = [], {"limit": "3"}
    while True:
        page = province.get(PATH, params=params).json()
        paged += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert paged == items
    one = province.get(f"{PATH}/tt05-2026")
    assert one.json() == items[3]
    again = province.get(f"{PATH}/tt05-2026", headers={"If-None-Match": one.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert province.get(f"{PATH}/tt01-1990").status_code == 404


def test_a_year_that_straddles_two_is_served_under_either(national: httpx.Client) -> None:
    def read(**params: str) -> dict[str, Any]:
        answer = national.get("/v1/statistics/periods", params={"fiscal_year": "2020", "months": "6", **params})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    plain = read()
    assert plain["period"]["regimes_in_force"] == ["tt08-2015", "tt06-2019"]
    assert (plain["period"]["regime"], plain["previous_period"]["regime"]) == ("tt06-2019", "tt08-2015")
    assert plain["cases"]["comparable"] is False
    for code in plain["period"]["regimes_in_force"]:
        found = read(regime=code)
        assert (found["period"]["regime"], found["previous_period"]["regime"]) == (code, code)
        assert found["period"]["regime_version"] == 1
        assert found["cases"]["comparable"] is True
    for name in ("periods", "series", "breakdown"):
        answer = national.get(f"/v1/statistics/{name}", params={"regime": "tt01-1990"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "regime"
    attained = national.get("/v1/target-attainment", params={"as_of": "2025-01-31", "regime": "tt08-2015"}).json()
    assert (attained["period"]["regime"], attained["previous_period"]["regime"]) == ("tt08-2015", "tt08-2015")


def test_an_administrator_fills_in_what_was_unknown(island: Island) -> None:
    """Returned requests are deducted, and only what was collected is done in money: from then on everywhere."""
    client = island.client_of("national")
    asked = {"fiscal_year": "2026", "months": "12"}
    before = client.get("/v1/statistics/periods", params=asked).json()
    assert (before["period"]["regime_version"], before["period"]["provisional"]) == (1, True)
    deducted = ["withdrawn", "terminated", "reduced", "returned"]
    new, headers = changed(done=["completed"], withdrawn=deducted), key()
    answer = client.post(f"{PATH}/tt05-2026/versions", json=new, headers=headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["version"], made["since"], made["provisional"]) == (2, "2026-07-01", False)
    assert client.post(f"{PATH}/tt05-2026/versions", json=new, headers=headers).json() == made
    regime = client.get(answer.headers["location"]).json()
    assert regime["current"] == made
    assert regime["versions"] == [{**regime["versions"][0], "version": 1}, made]
    after = client.get("/v1/statistics/periods", params=asked).json()
    assert (after["period"]["regime_version"], after["period"]["provisional"]) == (2, False)
    assert all(after["money"]["identities"].values())
    late = client.post(f"{PATH}/tt05-2026/versions", json=new, headers=key())
    assert late.json()["errors"][0]["pointer"] == "/since"  # these rules were right, the past keeps them
    again = client.post(f"{PATH}/tt05-2026/versions", json=new | {"since": today().isoformat()}, headers=key())
    assert again.json()["version"] == 3


@pytest.mark.parametrize(
    ("new", "pointer"),
    [
        (changed(done=["completed"]), "/lines/money"),
        (changed(enforcing=["enforcing", "suspended"]), "/lines/money"),
        (changed(enforcing=["completed"]), "/lines/money/enforcing/0"),
        (NEW | {"since": "2026-06-30"}, "/since"),
        (NEW | {"legal_basis": " "}, "/legal_basis"),
        (NEW | {"colour": "red"}, "/colour"),
    ],
)
def test_what_makes_no_version(national: httpx.Client, new: dict[str, Any], pointer: str) -> None:
    answer = national.post(f"{PATH}/tt05-2026/versions", json=new, headers=key())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_only_the_nation_sets_versions(province: httpx.Client, national: httpx.Client) -> None:
    assert province.post(f"{PATH}/tt05-2026/versions", json=NEW, headers=key()).status_code == 403
    assert national.post(f"{PATH}/tt01-1990/versions", json=NEW, headers=key()).status_code == 404
