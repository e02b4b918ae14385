"""Target attainment over HTTP: what everybody sees, and what only some do."""

from typing import Any

import httpx
import pytest

from tests.api.world import World
from tests.builders import NATION_ID

PATH = "/v1/target-attainment"


def read(client: httpx.Client, **params: str) -> dict[str, Any]:
    answer = client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_one_unit_with_its_target(partner: httpx.Client, world: World) -> None:
    """The office of the world: 83.90 % from 2025-11-05, one open case carried over."""
    (item,) = read(partner, fiscal_year="2026", as_of="2026-03-31")["items"]
    assert item["unit"]["id"] == world.own.office_id
    assert item["officer"] is None
    found = item["cases_rate"]
    assert found["target"] == {"id": world.own.objects["target_id"], "version": 1, "rate": "83.90"}
    rate = found["rate"]
    assert rate["denominator"] == found["with_conditions"] >= 1
    assert rate["numerator"] == found["done"]
    assert (
        found["must_enforce"] == found["with_conditions"] + found["without_conditions"] + found["deferred_or_suspended"]
    )
    assert item["money_rate"]["target"] is None
    assert item["money_rate"]["attainment"] is None
    (early,) = read(partner, as_of="2025-11-04")["items"]
    assert early["cases_rate"]["target"] is None


def test_the_national_average_is_shown_to_everybody(
    national: httpx.Client, province: httpx.Client, partner: httpx.Client
) -> None:
    shown = [read(client, as_of="2026-03-31")["national"] for client in (national, province, partner)]
    assert [part["cases_rate"]["rate"] for part in shown] == [shown[0]["cases_rate"]["rate"]] * 3
    (nation,) = read(national, as_of="2026-03-31")["items"]
    assert nation["cases_rate"]["rate"] == shown[0]["cases_rate"]["rate"]
    assert nation["cases_rate"]["below_national_average"] is False


def test_one_indicator(national: httpx.Client) -> None:
    found = read(national, indicator="money_rate", as_of="2026-03-31")
    assert found["items"][0]["cases_rate"] is None
    assert found["national"]["cases_rate"] is None
    assert found["items"][0]["money_rate"]["rate"] == found["national"]["money_rate"]["rate"]


def test_a_level_in_pages(national: httpx.Client, world: World) -> None:
    params = {"of": "level", "level": "regional", "as_of": "2026-03-31"}
    whole = read(national, **params, limit="500")
    assert {world.own.office_id, world.foreign.office_id} <= {item["unit"]["id"] for item in whole["items"]}
    found: list[dict[str, Any]] = []
    page = read(national, **params, limit="1")
    while True:
        found += page["items"]
        if page["next"] is None:
            break
        page = read(national, **params, limit="1", cursor=page["next"])
    assert found == whole["items"]
    assert page["period"] == whole["period"]


def test_children_and_officers(province: httpx.Client, world: World) -> None:
    children = read(province, of="children", as_of="2026-03-31", limit="500")["items"]
    children = [item for item in children if item["unit"]["id"] == world.own.office_id]
    officers = read(province, unit=world.own.office_id, of="officers", as_of="2026-03-31", limit="500")["items"]
    assert world.own.objects["officer_id"] in {item["officer"]["id"] for item in officers}
    for line in ("must_enforce", "with_conditions", "done"):
        assert sum(item["cases_rate"][line] for item in officers) == children[0]["cases_rate"][line]


def test_a_province_sees_no_other_province(province: httpx.Client, world: World) -> None:
    items = read(province, of="level", level="provincial", as_of="2026-03-31", map="new")["items"]
    assert [item["unit"]["id"] for item in items] == [world.own.province_id]
    for unit in (NATION_ID, world.foreign.province_id, world.foreign.office_id, "01890000-0000-7000-8000-00000000ffff"):
        answer = province.get(PATH, params={"unit": unit, "of": "children"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0] == {
            "parameter": "unit",
            "code": "unknown-reference",
            "message": "no such unit",
        }


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"of": "level"}, "level"),
        ({"level": "provincial"}, "level"),
        ({"of": "level", "level": "national"}, "level"),
        ({"of": "officers"}, "unit"),
        ({"of": "children", "map": "old", "as_of": "2025-07-01"}, "map"),
        ({"as_of": "2099-01-01"}, "as_of"),
        ({"as_of": "2025-10-01", "fiscal_year": "2025"}, "as_of"),
        ({"as_of": "2009-09-30"}, "as_of"),
        ({"fiscal_year": "2099"}, "fiscal_year"),
        ({"indicator": "rate"}, "indicator"),
        ({"below_national_average": "1"}, "below_national_average"),
    ],
)
def test_what_cannot_be_asked(national: httpx.Client, params: dict[str, str], parameter: str) -> None:
    answer = national.get(PATH, params=params)
    assert answer.status_code == 422, answer.text
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_a_cursor_belongs_to_its_question(national: httpx.Client) -> None:
    page = read(national, of="level", level="regional", limit="1")
    other = {"of": "level", "level": "provincial", "limit": "1", "cursor": page["next"]}
    assert national.get(PATH, params=other).status_code == 400


FURTHER = ("administrative_rate", "credit_cases_rate", "credit_money_rate", "cases_done", "money_collected")


@pytest.mark.parametrize("indicator", [None, "cases_rate", "money_rate"])
def test_without_a_further_indicator_nothing_is_added(national: httpx.Client, indicator: str | None) -> None:
    """Neither to the members of JSON nor to the columns of a table."""
    params = {"as_of": "2026-03-31", **({"indicator": indicator} if indicator else {})}
    found = read(national, **params)
    assert set(found["items"][0]) == {"unit", "officer", "cases_rate", "money_rate"}
    assert set(found["national"]) == {"cases_rate", "money_rate"}
    table = national.get(PATH, params=params, headers={"Accept": "text/csv"}).text.splitlines()[0]
    heads = {name.partition(".")[0] for name in table.split(",")}
    assert heads == {"unit", "officer", "cases_rate", "money_rate"}


@pytest.mark.parametrize("indicator", FURTHER)
def test_a_further_indicator_has_a_member_of_its_own(national: httpx.Client, indicator: str) -> None:
    params = {"as_of": "2026-03-31", "indicator": indicator, "of": "level", "level": "regional"}
    found = read(national, **params, limit="500")
    plain = read(national, **{**params, "indicator": "cases_rate"})
    shape = set(plain["items"][0]["cases_rate"])
    for item in found["items"]:
        assert (item["cases_rate"], item["money_rate"]) == (None, None)
        assert set(item) == {"unit", "officer", "cases_rate", "money_rate", indicator}
        if indicator == "administrative_rate":
            assert set(item[indicator]) - shape == {"tracked", "enforced", "ended_otherwise", "still_tracked"}
        else:
            assert shape <= set(item[indicator])
    own = found["national"][indicator]
    assert (own["rate"] is None) is (indicator in ("cases_done", "money_collected"))
    table = national.get(PATH, params=params, headers={"Accept": "text/csv"}).text.splitlines()
    assert f"{indicator}.target.version" in table[0].split(",")
    assert len(table) == 1 + len(found["items"])


def test_a_number_beside_its_target(national: httpx.Client, province: httpx.Client, world: World) -> None:
    """What is done is that of the rate; attainment and distance are those of the number."""
    target = {
        "unit_id": world.own.office_id, "fiscal_year": 2026, "indicator": "cases_done", "amount": 8,
        "decision_no": "31/QĐ-CTHADS", "decision_date": "2025-11-05", "signer": "Nguyễn Văn Lực",
        "effective_on": "2025-11-05",
    }  # fmt: skip
    made = national.post("/v1/targets", json=target, headers={"Idempotency-Key": "a-number-beside-its-target"})
    assert made.status_code == 201, made.text
    asked = {"unit": world.own.office_id, "as_of": "2026-03-31"}
    (item,) = read(national, **asked, indicator="cases_done")["items"]
    (plain,) = read(national, **asked, indicator="cases_rate")["items"]
    found, rate = item["cases_done"], plain["cases_rate"]
    assert found["target"] == {"id": made.json()["id"], "version": 1, "amount": 8}
    assert found["amount"] == found["rate"]["numerator"] == rate["done"]
    assert (found["rate"], found["previous_year"]) == (rate["rate"], rate["previous_year"])
    assert found["attainment"] == f"{rate['done'] * 100 / 8:.2f}"
    assert found["distance"] == rate["done"] - 8
    assert [found[name] for name in ("distance_pp", "national_difference_pp", "below_national_average")] == [None] * 3
    assert found["rank"] == 1
    pace = national.get("/v1/target-pace", params={**asked, "indicator": "cases_done"}).json()["items"][0]
    needed = pace["cases_done"]["needed"]
    assert (needed["of_today"], needed["by_year_end"]) == (8 - rate["done"], None)
    assert (pace["cases_done"]["amount"], pace["cases_done"]["distance"]) == (rate["done"], rate["done"] - 8)


@pytest.mark.parametrize("indicator", ["cases_done", "money_collected"])
@pytest.mark.parametrize("path", [PATH, "/v1/target-pace"])
def test_without_an_average_nothing_is_below_it(national: httpx.Client, path: str, indicator: str) -> None:
    answer = national.get(path, params={"indicator": indicator, "below_national_average": "false"})
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == ["below_national_average"]
    assert national.get("/v1/below-average", params={"indicator": indicator}).status_code == 422


@pytest.mark.parametrize("indicator", FURTHER)
def test_pace_by_a_further_indicator(national: httpx.Client, indicator: str) -> None:
    params = {"as_of": "2026-03-31", "of": "level", "level": "regional"}
    found = national.get("/v1/target-pace", params={**params, "indicator": indicator}).json()
    attained = read(national, **params, indicator=indicator)
    assert [item["unit"] for item in found["items"]] == [item["unit"] for item in attained["items"]]
    for item, standing in zip(found["items"], attained["items"], strict=True):
        for member in ("rate", "target", "distance_pp"):
            assert item[indicator][member] == standing[indicator][member]
    assert indicator in found["comparable"]
