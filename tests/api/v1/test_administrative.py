"""The register of administrative judgments over HTTP, and the rate it gives."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.clock import today
from tests.api.v1.administrative import PATH, accept, change, end
from tests.api.v1.cases import ids, key
from tests.api.world import World
from tests.conftest import Island


def test_a_judgment_is_read_as_answered(province: httpx.Client, world: World) -> None:
    made = accept(province, world.own.office_id, officer_id=world.own.objects["officer_id"])
    assert made.status_code == 201, made.text
    assert made.json()["officer"]["id"] == world.own.objects["officer_id"]
    assert (made.json()["ended_on"], made.json()["outcome"], made.json()["version"]) == (None, None, 1)
    read = province.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    again = province.get(made.headers["location"], headers={"If-None-Match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_becomes_of_it(province: httpx.Client, world: World) -> None:
    made = accept(province, world.own.office_id)
    decided = change(province, made, decision_no="3/2025/QĐ-THA", decision_date="2025-11-20", reason="Điều 312")
    proposed = change(province, decided, proposals="Kiến nghị xử lý trách nhiệm\nngười đứng đầu")
    ended = end(province, proposed)
    assert (ended.status_code, ended.json()["version"]) == (200, 4), ended.text
    assert (ended.json()["decision_no"], ended.json()["outcome"]) == ("3/2025/QĐ-THA", "enforced")
    corrected = end(province, ended, outcome="terminated")
    taken_back = change(province, corrected, ended_on=None, outcome=None, court="Tòa án nhân dân cấp cao")
    assert (taken_back.json()["ended_on"], taken_back.json()["court"]) == (None, "Tòa án nhân dân cấp cao")
    assert end(province, ended).status_code == 412
    trail = province.get("/v1/audit", params={"subject_id": made.json()["id"]}).json()["items"]
    assert sorted(entry["action"] for entry in trail) == ["accepted", *["changed"] * 4, "ended"]


def test_the_feed_tells_of_it(province: httpx.Client, world: World) -> None:
    kinds = {"kinds": "administrative_judgment", "limit": "1"}
    place = province.get("/v1/changes", params={"start": "now", **kinds}).json()["next"]
    made = accept(province, world.own.office_id)
    told: dict[str, Any] = {"id": None}
    while told["id"] != made.json()["id"]:  # changes of other tests may be numbered only now
        page = province.get("/v1/changes", params={"cursor": place, "wait": "10", **kinds}).json()
        place, (told,) = page["next"], page["items"]
    assert (told["kind"], told["action"], told["version"]) == ("administrative_judgment", "accepted", 1)


TOMORROW = str(today() + timedelta(days=1))


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ({"accepted_on": TOMORROW}, ["/accepted_on"]),
        ({"judgment_date": "2025-10-22"}, ["/accepted_on"]),
        ({"decision_no": "3/QĐ"}, ["/decision_date"]),
        ({"decision_date": "2025-11-20"}, ["/decision_no"]),
        ({"decision_no": "3/QĐ", "decision_date": "2025-09-09"}, ["/decision_date"]),
        ({"officer_id": "01890000-0000-7000-8000-00000000dead"}, ["/officer_id"]),
        ({"unit_id": "01890000-0000-7000-8000-00000000dead"}, ["/unit_id"]),
        ({"accepted_on": "2008-12-31", "judgment_date": "2008-12-01"}, ["/unit_id"]),
        ({"obliged_agency": " "}, ["/obliged_agency"]),
        ({"ended_on": "2026-01-01"}, ["/ended_on"]),
    ],
)
def test_what_is_no_judgment_is_refused(
    province: httpx.Client, world: World, values: dict[str, Any], pointers: list[str]
) -> None:
    refused = accept(province, world.own.office_id, **values)
    assert refused.status_code == 422, refused.text
    assert [fault["pointer"] for fault in refused.json()["errors"]] == pointers


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ({}, [""]),
        ({"ended_on": "2026-02-10"}, ["/outcome"]),
        ({"outcome": "enforced"}, ["/ended_on"]),
        ({"ended_on": "2025-10-20", "outcome": "enforced"}, ["/ended_on"]),
        ({"ended_on": TOMORROW, "outcome": "enforced"}, ["/ended_on"]),
        ({"ended_on": "2026-02-10", "outcome": "lost"}, ["/outcome"]),
        ({"judgment_date": None}, ["/judgment_date"]),
        ({"obliged_agency": None}, ["/obliged_agency"]),
        ({"file_no": "1"}, ["/file_no"]),
    ],
)
def test_what_is_no_change_is_refused(
    province: httpx.Client, world: World, values: dict[str, Any], pointers: list[str]
) -> None:
    refused = change(province, accept(province, world.own.office_id), **values)
    assert refused.status_code == 422, refused.text
    assert [fault["pointer"] for fault in refused.json()["errors"]] == pointers


def test_a_foreign_officer_and_a_foreign_unit_are_unknown(province: httpx.Client, world: World) -> None:
    for values, pointer in (
        ({"officer_id": world.foreign.objects["officer_id"]}, "/officer_id"),
        ({"unit_id": world.foreign.office_id}, "/unit_id"),
    ):
        refused = accept(province, world.own.office_id, **values)
        assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]


def test_a_file_number_is_given_once_in_its_unit(national: httpx.Client, world: World) -> None:
    made = accept(national, world.own.office_id)
    number = made.json()["file_no"]
    assert accept(national, world.own.office_id, file_no=number).status_code == 409
    assert accept(national, world.foreign.office_id, file_no=number).status_code == 201


def test_the_same_key_takes_on_one(province: httpx.Client, world: World) -> None:
    body = accept(province, world.own.office_id).json()
    new = {name: body[name] for name in ("court", "judgment_no", "judgment_date", "obliged_agency", "accepted_on")}
    new |= {"unit_id": world.own.office_id, "file_no": f"{body['file_no']}-2"}
    headers = key()
    first, second = (province.post(PATH, json=new, headers=headers) for _ in range(2))
    assert (first.status_code, second.json()) == (201, first.json())
    assert province.post(PATH, json=new).status_code == 400


def test_judgments_are_found(national: httpx.Client, world: World) -> None:
    officer = world.foreign.objects["officer_id"]
    made = accept(national, world.foreign.office_id, officer_id=officer, accepted_on="2025-10-23")
    done = end(national, accept(national, world.foreign.office_id, officer_id=officer, accepted_on="2025-10-22"))

    def listed(**asked: str) -> list[str]:
        return ids(national.get(PATH, params={"officer": officer, "limit": "500", **asked}))

    both = [done.json()["id"], made.json()["id"]]
    assert listed() == listed(unit=world.foreign.province_id) == both
    assert (listed(open="true"), listed(open="false")) == (both[1:], both[:1])
    assert listed(accepted_from="2025-10-23") == both[1:]
    assert listed(accepted_until="2025-10-22") == both[:1]
    assert listed(unit=world.own.province_id) == []


def test_lists_are_paged(national: httpx.Client, world: World) -> None:
    for place, day in ((world.own, "2025-10-21"), (world.foreign, "2025-10-21"), (world.own, "2025-10-20")):
        accept(national, place.office_id, accepted_on=day)
    whole = ids(national.get(PATH, params={"limit": 500}))
    paged: list[str] = []
    address: str | None = f"{PATH}?limit=2"
    while address:
        page = national.get(address)
        paged += ids(page)
        address = page.links["next"]["url"] if page.json()["next"] else None
    assert paged == whole


def test_the_rate_counts_it(island: Island) -> None:
    """Carried over, taken on and ended as of each day; the same average for who sees one province."""
    world, national, province = island.world, island.client_of("national"), island.client_of("province")
    own, foreign = world.own.office_id, world.foreign.office_id  # each has tracked one since August 2024
    end(national, accept(national, own, accepted_on="2025-10-21"), "2026-01-10")
    end(national, accept(national, own, accepted_on="2025-11-21"), "2026-01-12", "terminated")
    end(national, accept(national, foreign, accepted_on="2025-09-10"), "2026-03-02")

    def rate(client: httpx.Client, day: str) -> tuple[dict[str, Any], dict[str, Any]]:
        asked = {"unit": own, "as_of": day, "indicator": "administrative_rate"}
        found = client.get("/v1/target-attainment", params=asked).json()
        return found["items"][0]["administrative_rate"], found["national"]["administrative_rate"]["rate"]

    for client in (national, province):
        found, nation = rate(client, "2026-03-31")
        names = ("carried_over", "newly_accepted", "tracked", "enforced", "ended_otherwise", "still_tracked")
        assert [found[name] for name in names] == [1, 2, 3, 1, 1, 1]
        assert found["rate"] == {"value": "33.33", "numerator": 1, "denominator": 3}
        assert (nation["numerator"], nation["denominator"]) == (2, 5)
        assert (found["national_difference_pp"], found["below_national_average"], found["rank"]) == ("-6.67", True, 1)
        assert found["previous_year"]["rate"] == {"value": "0.00", "numerator": 0, "denominator": 1}
        early, nation = rate(client, "2025-10-31")
        assert [early[name] for name in names] == [1, 1, 2, 0, 0, 2]
        assert (nation["numerator"], nation["denominator"]) == (0, 4)
    asked = {"indicator": "administrative_rate", "level": "regional", "as_of": "2026-03-31"}
    below = national.get("/v1/below-average", params=asked).json()
    assert [(item["unit"]["id"], item["since"], item["lacks"]) for item in below["items"]] == [(own, "2026-03-31", 1)]
    del asked["level"]
    pace = national.get("/v1/target-pace", params={**asked, "unit": own}).json()
    assert pace["comparable"]["administrative_rate"] is True


def test_nothing_counts_in_a_closed_month(island: Island) -> None:
    """Neither a beginning nor an end, nor taking back an end that has been counted."""
    national, own = island.client_of("national"), island.world.own.office_id
    known = accept(national, own, accepted_on="2025-10-21")
    ended = end(national, known, "2025-12-10")
    closed = national.post("/v1/periods/2026/4/closings", json={}, headers={"If-Match": "*", **key()})
    assert closed.status_code == 201, closed.text
    assert accept(national, own, accepted_on="2026-01-31").status_code == 409
    assert accept(national, own, accepted_on="2024-10-31", judgment_date="2024-09-10").status_code == 409
    late = accept(national, own, accepted_on="2026-02-01")
    assert late.status_code == 201
    assert change(national, ended, ended_on=None, outcome=None).status_code == 409
    assert end(national, ended, "2026-02-10").status_code == 409
    assert end(national, accept(national, own, accepted_on="2026-02-02"), "2026-02-10").status_code == 200
    assert change(national, ended, proposals="Kiến nghị").status_code == 200
