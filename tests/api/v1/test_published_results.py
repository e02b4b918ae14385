"""Published results over HTTP: what was printed, what its parts give, and where they differ."""

from typing import Any

import httpx
import pytest


def one(client: httpx.Client, status: str | None = None, **filters: str | int) -> dict[str, Any]:
    """The one result of a period with a status."""
    params = {"unit": "NATION", "measure": "cases", **filters}
    items = client.get("/v1/published-results", params=params).json()["items"]
    (found,) = [item for item in items if status in (None, item["status"])]
    assert isinstance(found, dict)
    return found


def test_the_money_rate_of_2020(partner: httpx.Client) -> None:
    found = one(partner, fiscal_year=2020, months=12, measure="money")
    assert found["published"]["rate_pct"] == "40.09"
    assert found["recomputed"]["rate"] == {
        "value": "40.44",
        "numerator": 53_750_695_000_000,
        "denominator": 132_905_418_000_000,
    }
    assert found["differences"] == [
        {
            "name": "rate_pct",
            "measure": "percentage_points",
            "published": "40.09",
            "recomputed": "40.44",
            "difference": "-0.35",
            "approximate": False,
        }
    ]


def test_four_months_of_2025(partner: httpx.Client) -> None:
    cases = one(partner, fiscal_year=2025, months=4)["recomputed"]["year_over_year"]
    assert (cases["previous_done"], cases["delta_pct"], cases["approximate"]) == (166_113, "-2.58", False)
    money = one(partner, fiscal_year=2025, months=4, measure="money")
    compared = money["recomputed"]["year_over_year"]
    assert (compared["previous_done"], compared["approximate"]) == (33_690_000_000_000, True)
    assert money["published"]["done"] == {
        "text": "36550",
        "value": 36_550_000_000_000,
        "precision": 1_000_000_000,
        "approximate": False,
    }
    assert (money["since"], money["until"], money["regime"]) == ("2024-10-01", "2025-01-31", "tt05-2024")


def test_the_remainder_of_2022_is_named(partner: httpx.Client) -> None:
    found = one(partner, "published", fiscal_year=2022, months=12)
    remainders = {r["name"]: (r["formula"], r["value"]) for r in found["recomputed"]["remainders"]}
    assert remainders["register_moves_and_deductions"] == ("A1 + A2 − B", 35_004)


def test_six_months_of_2018_under_the_regime_of_two_classes(partner: httpx.Client) -> None:
    found = one(partner, fiscal_year=2018, months=6)
    assert found["regime"] == "tt08-2015"
    assert [(c["formula"], c["difference"]) for c in found["recomputed"]["checks"]] == [("B = C1 + C2", 0)]
    assert found["recomputed"]["rate"]["value"] == "52.61"
    assert found["recomputed"]["share_with_conditions"]["value"] == "72.94"


def test_a_restated_result_stands_next_to_the_first_one(partner: httpx.Client) -> None:
    final = one(partner, "final", fiscal_year=2025, months=12)
    first = one(partner, "preliminary", fiscal_year=2025, months=12)
    assert [item["published"]["done"]["value"] for item in (first, final)] == [577_876, 576_884]
    assert {"column": "done", "earlier_status": "preliminary", "earlier": "577876", "now": "576884",
            "difference": -992} in final["restates"]  # fmt: skip
    assert first["restates"] == []
    assert final["recomputed"]["rate"] is None
    assert final["recomputed"]["year_over_year"]["delta_pp"] == "0.39"


def test_differences_of_rates_and_relative_changes_are_kept_apart(partner: httpx.Client) -> None:
    compared = one(partner, fiscal_year=2024, months=12)["recomputed"]["year_over_year"]
    assert (compared["delta_pp"], compared["delta_pct"], compared["rate_basis"]) == ("0.62", "7.97", "parts")


@pytest.mark.parametrize(
    ("filters", "number"),
    [({}, 32), ({"measure": "money"}, 14), ({"unit": "Phu Tho"}, 2), ({"fiscal_year": 2019}, 0), ({"months": 4}, 2)],
)
def test_filters_narrow_the_list(partner: httpx.Client, filters: dict[str, Any], number: int) -> None:
    assert len(partner.get("/v1/published-results", params=filters).json()["items"]) == number


@pytest.mark.parametrize(
    "query", ["months=13", "months=0", "fiscal_year=25", "measure=money_bn_vnd", "unit=Atlantis", "fiscal_year=2025.0"]
)
def test_filters_are_checked(partner: httpx.Client, query: str) -> None:
    assert partner.get(f"/v1/published-results?{query}").status_code == 422


def test_lists_are_paged(partner: httpx.Client) -> None:
    whole = partner.get("/v1/published-results").json()["items"]
    paged: list[dict[str, Any]] = []
    address: str | None = "/v1/published-results?limit=9"
    while address:
        page = partner.get(address)
        paged += page.json()["items"]
        address = page.links["next"]["url"] if page.json()["next"] else None
    assert paged == whole
