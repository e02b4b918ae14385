"""Statements over HTTP."""

from typing import Any

import httpx
import pytest

from tests.api.world import World
from tests.builders import NATION_ID


def read(client: httpx.Client, **params: str) -> dict[str, Any]:
    answer = client.get("/v1/statistics/periods", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_four_months_of_2025(national: httpx.Client) -> None:
    found = read(national, fiscal_year="2025", months="4")
    assert found["unit"]["id"] == NATION_ID
    assert found["complete"] is True
    assert found["period"] == {
        "fiscal_year": 2025, "months": 4, "starts_on": "2024-10-01", "ends_on": "2025-01-31", "regime": "tt05-2024",
    }  # fmt: skip
    assert found["previous_period"] == {
        "fiscal_year": 2024, "months": 4, "starts_on": "2023-10-01", "ends_on": "2024-01-31", "regime": "tt06-2019",
    }  # fmt: skip
    for measure in ("cases", "money"):
        assert set(found[measure]["identities"].values()) == {True}


def test_a_case_of_august_2025(partner: httpx.Client, world: World) -> None:
    """The case of the world is accepted on 2025-08-22; the year after it is carried over."""
    before = read(partner, unit=world.own.office_id, fiscal_year="2025", months="10")["money"]["lines"]
    found = read(partner, unit=world.own.office_id, fiscal_year="2025", months="11")["money"]["lines"]
    assert found["accepted"]["value"] - before["accepted"]["value"] >= 23_450_000_000
    assert found["accepted"]["delta"] == found["accepted"]["value"] - found["accepted"]["previous"]
    assert found["handed_over_net"]["value"] == found["handed_in"]["value"] - found["handed_out"]["value"]
    later = read(partner, fiscal_year="2026", months="1")
    assert later["unit"]["id"] == world.own.office_id
    assert later["money"]["lines"]["carried_over"]["value"] >= 23_450_000_000


def test_rates_without_a_denominator_are_absent(partner: httpx.Client) -> None:
    rates = read(partner, fiscal_year="2012")["cases"]["rates"]
    absent = {"value": None, "numerator": 0, "denominator": 0}
    for name in ("result", "with_conditions_share"):
        assert rates[name] == {**absent, "previous": absent, "delta_pp": None}


def test_the_running_period_ends_today(national: httpx.Client) -> None:
    found = read(national)
    assert found["complete"] is False
    assert found["period"]["ends_on"][5:] == found["previous_period"]["ends_on"][5:]


def test_cases_are_not_comparable_across_july_2026(national: httpx.Client) -> None:
    found = read(national, fiscal_year="2026")
    assert (found["cases"]["comparable"], found["money"]["comparable"]) == (False, True)
    assert read(national, fiscal_year="2025")["cases"]["comparable"] is True


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"months": "0"}, "months"),
        ({"months": "13"}, "months"),
        ({"fiscal_year": "2009"}, "fiscal_year"),
        ({"fiscal_year": "2099"}, "fiscal_year"),
        ({"fiscal_year": "2025.0"}, "fiscal_year"),
        ({"unit": "x"}, "unit"),
    ],
)
def test_what_cannot_be_asked(national: httpx.Client, params: dict[str, str], parameter: str) -> None:
    answer = national.get("/v1/statistics/periods", params=params)
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_foreign_units_sound_unknown(province: httpx.Client, world: World) -> None:
    answers = [
        province.get("/v1/statistics/periods", params={"unit": unit})
        for unit in (world.foreign.office_id, NATION_ID, "01890000-0000-7000-8000-00000000ffff")
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert len({answer.json()["errors"][0]["message"] for answer in answers}) == 1


def test_a_province_sees_its_own_by_default(province: httpx.Client, world: World) -> None:
    assert read(province)["unit"]["id"] == world.own.province_id
