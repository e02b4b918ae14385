"""Pace and the national average over HTTP: two past years of an office and another one, and what follows for 2026."""

from fractions import Fraction
from typing import Any, Final

import httpx
import pytest

from app.services.statistics.rules import percent
from tests.api.v1.cases import book, create
from tests.api.world import Place, World
from tests.builders import NATION_ID
from tests.conftest import Island

PATH: Final = "/v1/target-pace"
BELOW: Final = "/v1/below-average"
DAY: Final = "2026-01-31"
MILLION: Final = 1_000_000
# accepted on a day, and how many of them were done on which days; each case is about 1 to n million VND
OWN: Final = (
    ("2023-10-02", 10, {"2023-12-05": 2, "2024-06-10": 6}),
    ("2024-10-02", 8, {"2025-01-10": 3, "2025-08-11": 4}),
    ("2025-10-02", 16, {"2025-12-10": 4}),
)
FOREIGN: Final = (
    ("2024-10-02", 10, {"2025-01-20": 5, "2025-07-11": 4}),
    ("2025-10-02", 8, {"2025-12-20": 6}),
)


def _lived(client: httpx.Client, place: Place, years: Any) -> None:
    """Cases that are done in the order they came, the oldest first; besides them the world has one open case since
    22 August 2025, of 23.45 billion VND."""
    waiting: list[str] = []
    for accepted, number, done in years:
        for n in range(1, number + 1):
            duty = [{"kind": "money_party", "amount_vnd": n * MILLION, "description": "Trả nợ gốc"}]
            waiting.append(create(client, place, decision_date=accepted, obligations=duty)["id"])
        for day, some in done.items():
            for case_id in waiting[:some]:
                assert book(client, case_id, "completed", day).status_code == 201
            del waiting[:some]


@pytest.fixture(scope="module")
def nation(island: Island) -> httpx.Client:
    """Sees everything, once the years are told."""
    client = island.client_of("national")
    _lived(client, island.world.own, OWN)
    _lived(client, island.world.foreign, FOREIGN)
    return client


@pytest.fixture(scope="module")
def world(island: Island) -> World:
    return island.world


def read(client: httpx.Client, path: str = PATH, **params: str) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _shown(rate: Fraction) -> str | None:
    return percent(rate.numerator, rate.denominator)


# After 31 January 5 of 10 and 2 of 10 … were still to be done: (done, C1) on the day and at the end of 2024 and 2025,
# the office by itself and with the other one: (2, 10) → (8, 10), (3, 10) → (7, 11); (8, 20) → (16, 22) of both in 2025.
STILL: Final = (Fraction(6 + 4, 20), Fraction(6 + 8, 30))
GROWTH: Final = (Fraction(10 + 11, 20), Fraction(10 + 22, 30))
WEIGHT: Final = Fraction(8 + 7, 8 + 7 + 100)
EXPECTED: Final = tuple(WEIGHT * own + (1 - WEIGHT) * all_ for own, all_ in (STILL, GROWTH))
# 2025 as 2024 would have had it, 3 + 10 × 6/10 of 10, against 7 of 11
ERROR: Final = Fraction(9, 10) - Fraction(7, 11)


def test_an_office_with_two_past_years(nation: httpx.Client, world: World) -> None:
    """4 of 20 done, the target is 83.90 %: 17 are needed of these 20, and more of the cases that are to come."""
    found = read(nation, unit=world.own.office_id, as_of=DAY)
    (item,) = found["items"]
    pace = item["cases_rate"]
    assert pace["rate"] == {"value": "20.00", "numerator": 4, "denominator": 20}
    assert pace["target"]["rate"] == "83.90"
    assert (pace["distance_pp"], pace["per_month"]) == ("-63.90", "1.00")
    done, with_conditions = 4 + 20 * EXPECTED[0], 20 * EXPECTED[1]
    rate = done / with_conditions
    assert pace["projection"] == {
        "done": round(done),
        "with_conditions": round(with_conditions),
        "rate": _shown(rate),
        "reaches_target": False,
        "years": 2,
        "interval": {"low": _shown(rate - ERROR), "high": _shown(rate + ERROR), "years": 1, "coverage": "50.00"},
        "last_year": "63.64",
    }
    by_year_end = -(-8390 * round(with_conditions) // 10_000) - 4
    assert pace["needed"] == {
        "of_today": 13,
        "by_year_end": by_year_end,
        "per_month": percent(by_year_end, 800),
        "reached": False,
        "reached_on": None,
    }
    assert (found["months_gone"], found["months_left"]) == ("4.00", "8.00")
    assert found["comparable"] == {"cases_rate": False, "money_rate": True}  # decisions are grouped since July 2026


def test_everybody_gets_the_same_projection(island: Island, nation: httpx.Client, world: World) -> None:
    """What is borrowed from the nation does not depend on what the caller sees of it."""
    whole = read(nation, of="level", level="regional", as_of=DAY)["items"]
    expected = next(item for item in whole if item["unit"]["id"] == world.own.office_id)
    for name in ("national", "province", "partner"):
        (item,) = read(island.client_of(name), unit=world.own.office_id, as_of=DAY)["items"]
        assert item == expected
    page = read(nation, of="level", level="regional", as_of=DAY, limit="1")
    assert (
        page["items"] + read(nation, of="level", level="regional", as_of=DAY, limit="1", cursor=page["next"])["items"]
        == read(nation, of="level", level="regional", as_of=DAY, limit="2")["items"]
    )


def test_the_officer_of_the_office(nation: httpx.Client, world: World) -> None:
    """Has the history of the office, and borrows from the office what that borrows from the nation."""
    (item,) = read(nation, unit=world.own.office_id, of="officers", as_of=DAY)["items"]
    assert item["officer"]["id"] == world.own.objects["officer_id"]
    pace = item["cases_rate"]
    still, growth = (
        WEIGHT * own + (1 - WEIGHT) * unit for own, unit in zip((STILL[0], GROWTH[0]), EXPECTED, strict=True)
    )
    assert pace["rate"]["denominator"] == 20
    assert pace["projection"]["rate"] == _shown((4 + 20 * still) / (20 * growth))
    assert pace["projection"]["years"] == 2
    assert pace["target"] is None
    assert pace["needed"] is None
    assert pace["projection"]["reaches_target"] is None


def test_money(nation: httpx.Client, world: World) -> None:
    (item,) = read(nation, unit=world.own.office_id, as_of=DAY, indicator="money_rate")["items"]
    assert item["cases_rate"] is None
    pace = item["money_rate"]
    # done were the last three of 2025 and the first of 2026; the case of the world is of 23.45 billion
    done, with_conditions = (6 + 7 + 8 + 1) * MILLION, (6 + 7 + 8 + 136 + 23_450) * MILLION
    assert pace["rate"] == {"value": percent(done, with_conditions), "numerator": done, "denominator": with_conditions}
    assert pace["per_month"] == "5500000.00"
    assert (pace["target"], pace["needed"]) == (None, None)
    assert pace["projection"]["years"] == 2
    assert pace["projection"]["done"] > done


def test_the_first_day_of_a_year(nation: httpx.Client, world: World) -> None:
    """A year that began without cases, 2024, says nothing about its first day."""
    found = read(nation, unit=world.own.office_id, as_of="2025-10-01")
    pace = found["items"][0]["cases_rate"]
    assert pace["rate"] == {"value": "0.00", "numerator": 0, "denominator": 4}
    assert pace["per_month"] == "0.00"
    assert (pace["projection"]["years"], pace["projection"]["interval"]) == (1, None)
    assert (found["months_gone"], found["months_left"]) == ("0.03", "11.97")


def test_the_last_day_of_a_year_projects_to_itself(nation: httpx.Client, world: World) -> None:
    found = read(nation, unit=world.own.office_id, fiscal_year="2025")
    pace = found["items"][0]["cases_rate"]
    assert pace["rate"] == {"value": "63.64", "numerator": 7, "denominator": 11}
    assert pace["projection"] == {
        "done": 7, "with_conditions": 11, "rate": "63.64", "reaches_target": None, "years": 1, "interval": None,
        "last_year": "80.00",
    }  # fmt: skip
    assert (found["months_gone"], found["months_left"]) == ("12.00", "0.00")


def test_on_the_last_day_no_month_is_left(nation: httpx.Client, world: World) -> None:
    pace = read(nation, unit=world.own.office_id, fiscal_year="2026")["items"][0]["cases_rate"]
    assert pace["rate"] == {"value": "20.00", "numerator": 4, "denominator": 20}
    assert pace["needed"] == {
        "of_today": 13, "by_year_end": 13, "per_month": None, "reached": False, "reached_on": None,
    }  # fmt: skip
    interval = pace["projection"]["interval"]
    assert interval == {"low": "20.00", "high": "20.00", "years": 1, "coverage": "50.00"}


def test_without_a_past_there_is_no_projection(nation: httpx.Client, world: World) -> None:
    pace = read(nation, unit=world.own.office_id, as_of="2024-01-31")["items"][0]["cases_rate"]
    assert pace["rate"]["value"] == "20.00"
    assert pace["projection"] is None
    empty = read(nation, unit=world.own.office_id, as_of="2012-01-31")["items"][0]["cases_rate"]
    assert empty["rate"] == {"value": None, "numerator": 0, "denominator": 0}
    assert (empty["projection"], empty["per_month"]) == (None, "0.00")


def test_a_past_of_others_only_is_borrowed(nation: httpx.Client, world: World) -> None:
    """The other office has no 2024: its 2025 is projected from what the nation did in 2024."""
    pace = read(nation, unit=world.foreign.office_id, as_of="2025-01-31")["items"][0]["cases_rate"]
    assert pace["rate"] == {"value": "50.00", "numerator": 5, "denominator": 10}
    assert pace["projection"] == {
        "done": 11, "with_conditions": 11, "rate": "100.00", "reaches_target": None, "years": 0, "interval": None,
        "last_year": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"of": "level"}, "level"),
        ({"of": "officers"}, "unit"),
        ({"as_of": "2099-01-01"}, "as_of"),
        ({"indicator": "rate"}, "indicator"),
    ],
)
def test_what_cannot_be_asked(nation: httpx.Client, params: dict[str, str], parameter: str) -> None:
    answer = nation.get(PATH, params=params)
    assert answer.status_code == 422, answer.text
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_below_the_national_average(nation: httpx.Client, world: World) -> None:
    """4 of 20 and 6 of 10 are 10 of 30. Until November nobody had done anything."""
    found = read(nation, BELOW, as_of=DAY)
    assert found["national"] == {"value": "33.33", "numerator": 10, "denominator": 30}
    assert found["compared"] == 2
    (item,) = found["items"]
    assert item == {
        "unit": item["unit"],
        "rate": {"value": "20.00", "numerator": 4, "denominator": 20},
        "national_difference_pp": "-13.33",
        "since": "2025-12-31",
        "months": 2,
        "lacks": 3,
    }
    assert item["unit"]["id"] == world.own.province_id
    (middle,) = read(nation, BELOW, as_of="2025-12-25", level="regional")["items"]
    assert (middle["unit"]["id"], middle["since"], middle["months"]) == (world.own.office_id, "2025-12-25", 0)
    assert read(nation, BELOW, as_of="2025-11-30")["items"] == []
    assert read(nation, BELOW, as_of="2012-11-30")["compared"] == 0


def test_a_province_is_compared_with_all(island: Island, nation: httpx.Client) -> None:
    whole = read(nation, BELOW, as_of=DAY, level="regional")
    for name in ("province", "partner"):
        assert read(island.client_of(name), BELOW, as_of=DAY, level="regional") == {**whole, "compared": 1}
    answer = island.client_of("partner").get(BELOW, params={"unit": NATION_ID})
    assert answer.json()["errors"][0]["parameter"] == "unit"


def _pages(client: httpx.Client, path: str, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = read(client, path, limit="5", **params)
        items += page["items"]
        if page["next"] is None:
            return items
        params["cursor"] = page["next"]


def test_the_cases_that_would_lift_a_unit(nation: httpx.Client, world: World) -> None:
    for unit in (world.own.province_id, world.own.office_id):
        open_ = read(nation, "/v1/cases", unit=unit, with_conditions="true", limit="500")["items"]
        path = f"{BELOW}/{unit}/cases"
        by_money = _pages(nation, path, indicator="money_rate")
        expected = sorted(open_, key=lambda case: (case["outstanding_vnd"], case["id"]), reverse=True)
        assert [case["id"] for case in by_money] == [case["id"] for case in expected]
        assert by_money[0]["id"] == world.own.objects["case_id"]
        by_age = _pages(nation, path)
        expected = sorted(open_, key=lambda case: (case["decision_date"], case["id"]))
        assert [case["id"] for case in by_age] == [case["id"] for case in expected]
    flags = {case["id"]: [flag["flag"] for flag in case["flags"]] for case in by_age}
    assert flags.pop(world.own.objects["case_id"]) == ["steering_committee"]
    assert set(map(tuple, flags.values())) == {()}


@pytest.mark.parametrize("measure", ["cases", "money"])
def test_the_cases_that_would_lift_its_credit_rate(nation: httpx.Client, world: World, measure: str) -> None:
    bank = [{"role": "creditor", "kind": "organisation", "name": "Ngân hàng A", "credit_institution": True}]
    debtor = [{"role": "debtor", "kind": "individual", "name": "Nguyễn Văn An"}]
    made = create(nation, world.own, decision_date="2026-10-01", parties=[*bank, *debtor])["id"]
    path = f"{BELOW}/{world.own.office_id}/cases"
    of_banks = {case["id"] for case in _pages(nation, "/v1/cases", unit=world.own.office_id, credit_institution="true")}
    found = [case["id"] for case in _pages(nation, path, indicator=f"credit_{measure}_rate")]
    every = [case["id"] for case in _pages(nation, path, indicator=f"{measure}_rate")]
    assert made in found
    assert found == [case for case in every if case in of_banks]


def test_the_case_wall_stands_before_them(island: Island, nation: httpx.Client, world: World) -> None:
    """The office is not cleared for restricted matters, and knows nothing of other offices."""
    matter = nation.post(
        "/v1/matters",
        json={"code": "VA-KIN", "name": "Vụ án kín", "unit_id": world.own.office_id, "confidentiality": "restricted"},
        headers={"Idempotency-Key": "matter"},
    )
    assert matter.status_code == 201, matter.text
    duty = [{"kind": "money_party", "amount_vnd": 99_000 * MILLION, "description": "Bồi thường"}]
    day = "2026-10-05"
    hidden = create(nation, world.own, decision_date=day, matter_id=matter.json()["id"], obligations=duty)["id"]
    path = f"{BELOW}/{world.own.office_id}/cases"
    seen = [case["id"] for case in _pages(nation, path, indicator="money_rate")]
    assert seen[0] == hidden
    assert [case["id"] for case in _pages(island.client_of("partner"), path, indicator="money_rate")] == seen[1:]
    for name in ("province", "partner"):
        for unit in (world.foreign.office_id, NATION_ID):
            assert island.client_of(name).get(f"{BELOW}/{unit}/cases").status_code == 404


def test_a_case_list_needs_both_scopes(island: Island, nation: httpx.Client, world: World) -> None:
    assert nation
    tokens = island.served.app.state.tokens
    for scope in ("cases:read", "targets:read"):
        token = tokens.issue("national", frozenset({scope}))
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{island.served.address}{BELOW}/{world.own.office_id}/cases", headers=headers)
        assert answer.status_code == 403
