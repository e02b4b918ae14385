"""Statements over HTTP."""

from typing import Any

import httpx
import pytest

from app.services.clients.tokens import Tokens
from tests.api.world import World
from tests.builders import NATION_ID
from tests.server import Served


def read(client: httpx.Client, name: str = "periods", **params: str) -> dict[str, Any]:
    answer = client.get(f"/v1/statistics/{name}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_four_months_of_2025(national: httpx.Client) -> None:
    found = read(national, fiscal_year="2025", months="4")
    assert found["unit"]["id"] == NATION_ID
    assert found["complete"] is True
    assert found["period"] == {
        "fiscal_year": 2025, "months": 4, "starts_on": "2024-10-01", "ends_on": "2025-01-31", "regime": "tt05-2024",
        "regime_version": 1, "provisional": False, "regimes_in_force": ["tt05-2024"],
    }  # fmt: skip
    assert found["previous_period"] == {
        "fiscal_year": 2024, "months": 4, "starts_on": "2023-10-01", "ends_on": "2024-01-31", "regime": "tt06-2019",
        "regime_version": 1, "provisional": False, "regimes_in_force": ["tt06-2019"],
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


def test_the_case_of_the_world_by_every_cut(partner: httpx.Client, world: World) -> None:
    """Criminal, on request, of a bank, of a matter, with one officer; the others have nothing of it."""
    year = {"fiscal_year": "2025", "months": "12"}
    whole = read(partner, **year)
    matter, officer = (world.own.objects[name] for name in ("matter_id", "officer_id"))
    for cut in ({"kind": "criminal"}, {"credit_institution": "true"}, {"state_budget": "false"}, {"matter": matter},
                {"officer": officer}, {"kind": "criminal", "initiation": "on_request", "matter": matter}):  # fmt: skip
        assert read(partner, **year, **cut)["money"]["lines"]["accepted"]["value"] >= 23_450_000_000, cut
    for other in ({"kind": "civil"}, {"credit_institution": "false"}, {"corruption_economic": "true"}):
        left = read(partner, **year, **other)["money"]["lines"]["accepted"]["value"]
        assert left <= whole["money"]["lines"]["accepted"]["value"] - 23_450_000_000, other


def test_a_single_month(partner: httpx.Client) -> None:
    found = read(partner, fiscal_year="2025", months="11", span="month")
    assert (found["period"]["starts_on"], found["period"]["ends_on"]) == ("2025-08-01", "2025-08-31")
    assert found["previous_period"]["starts_on"] == "2024-08-01"
    assert found["money"]["lines"]["accepted"]["value"] >= 23_450_000_000
    following = read(partner, fiscal_year="2025", months="12", span="month")["cases"]["lines"]
    last = found["cases"]["lines"]
    assert (
        following["carried_over"]["value"] + following["to_register_carried"]["value"]
        == (last["carried_forward"]["value"])
    )


def test_series_of_months_and_years(partner: httpx.Client) -> None:
    months = read(partner, "series", fiscal_year="2025")["items"]
    assert [item["period"]["months"] for item in months] == list(range(1, 13))
    whole = read(partner, fiscal_year="2025")
    assert months[-1] == {name: value for name, value in whole.items() if name not in ("unit", "warnings")}
    years = read(partner, "series", fiscal_year="2025", months="4", by="year", years="3", kind="criminal")["items"]
    assert [item["period"]["fiscal_year"] for item in years] == [2023, 2024, 2025]
    assert [item["period"]["regime"] for item in years] == ["tt06-2019", "tt06-2019", "tt05-2024"]
    assert years[1]["cases"]["lines"]["done"]["previous"] == years[0]["cases"]["lines"]["done"]["value"]


def test_breakdowns_are_paged_and_add_up(national: httpx.Client, world: World) -> None:
    asked = {"unit": world.own.province_id, "fiscal_year": "2025"}
    whole = read(national, **asked)["cases"]["lines"]["accepted"]["value"]
    for group in ("unit", "officer", "kind", "initiation", "matter"):
        items, params = [], {"group_by": group, "limit": "1", **asked}
        while True:
            page = read(national, "breakdown", **params)
            items += page["items"]
            if page["next"] is None:
                break
            params["cursor"] = page["next"]
        assert items == read(national, "breakdown", group_by=group, **asked)["items"]
        assert sum(item["cases"]["lines"]["accepted"]["value"] for item in items) == whole, group
        assert all(item["rest"] or item[group] for item in items)
        assert page["unit"]["id"] == world.own.province_id
    matters = read(national, "breakdown", group_by="matter", **asked)["items"]
    assert world.own.objects["matter_id"] in [item["matter"]["id"] for item in matters if item["matter"]]
    banks = read(national, "breakdown", group_by="segment", **asked)["items"]
    assert "credit_institution" in [item["segment"] for item in banks]
    assert read(national, "breakdown", level="regional", **asked)["items"][0]["unit"]["id"] == world.own.office_id


def opened(client: httpx.Client, limit: str = "500", **params: str) -> tuple[int, list[dict[str, Any]]]:
    """The figure, and the items of all pages."""
    items, asked = [], {**params, "limit": limit}
    while True:
        page = read(client, "cases", **asked)
        items += page["items"]
        if page["next"] is None:
            return int(page["value"]), items
        asked["cursor"] = page["next"]


@pytest.mark.parametrize("line", ["accepted", "with_conditions", "must_enforce", "carried_forward", "done"])
def test_every_figure_opens(national: httpx.Client, world: World, line: str) -> None:
    for cut in ({}, {"kind": "criminal"}, {"kind": "criminal", "span": "month", "regime": "tt08-2015"}):
        asked = {"unit": world.own.province_id, "fiscal_year": "2025", "months": "11", **cut}
        for measure in ("cases", "money"):
            figure = read(national, **asked)[measure]["lines"][line]["value"]
            value, items = opened(national, line=line, measure=measure, **asked)
            assert value == figure == sum(item["counted"] for item in items)
            assert [item["withheld"] for item in items] == [0] * len(items)
            assert opened(national, "1", line=line, measure=measure, **asked) == (value, items)
            if line != "done":
                case = next(i for i in items if i["case"]["id"] == world.own.objects["case_id"])
                assert case["counted"] == (1 if measure == "cases" else 23_450_000_000)
                assert case["unit"]["id"] == world.own.office_id
                assert case["case"]["kind"] == "criminal"


def test_opening_needs_both_scopes(api: Served, world: World) -> None:
    tokens: Tokens = api.app.state.tokens
    asked = {"unit": world.own.office_id, "line": "done"}
    for scopes, status in (({"cases:read"}, 403), ({"statistics:read"}, 403), ({"cases:read", "statistics:read"}, 200)):
        headers = {"Authorization": f"Bearer {tokens.issue('national', frozenset(scopes))}"}
        answer = httpx.get(f"{api.address}/v1/statistics/cases", params=asked, headers=headers)
        assert answer.status_code == status, scopes


@pytest.mark.parametrize(
    ("name", "params", "parameter"),
    [
        ("series", {"years": "3"}, "years"),
        ("series", {"by": "year", "years": "1"}, "years"),
        ("breakdown", {"group_by": "kind", "level": "regional"}, "level"),
        ("breakdown", {"group_by": "officer"}, "unit"),
        ("breakdown", {"matter": "01890000-0000-7000-8000-00000000ffff"}, "matter"),
        ("periods", {"matter": "01890000-0000-7000-8000-00000000ffff"}, "matter"),
        ("cases", {}, "line"),
        ("cases", {"line": "stock"}, "line"),
        ("cases", {"line": "done", "measure": "points"}, "measure"),
        ("cases", {"line": "done", "matter": "01890000-0000-7000-8000-00000000ffff"}, "matter"),
        ("periods", {"kind": "murder"}, "kind"),
        ("periods", {"state_budget": "1"}, "state_budget"),
        ("periods", {"span": "week"}, "span"),
    ],
)
def test_cuts_that_cannot_be_asked(national: httpx.Client, name: str, params: dict[str, str], parameter: str) -> None:
    answer = national.get(f"/v1/statistics/{name}", params=params)
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


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
