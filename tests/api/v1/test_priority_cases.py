"""Priority cases over HTTP: boundary days, reasons, the past, the walls, totals, what comes next."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.clock import today
from app.services.priority.rules import anniversary
from tests.api.v1.cases import book, create
from tests.api.world import World

PATH = "/v1/priority-cases"
BILLION = 10**9


def pages(client: httpx.Client, path: str = PATH, **params: Any) -> Iterator[dict[str, Any]]:
    """Every item of a list, following `next`."""
    while True:
        answer = client.get(path, params={"limit": 100, **params})
        assert answer.status_code == 200, answer.text
        yield from answer.json()["items"]
        if answer.json()["next"] is None:
            return
        params["cursor"] = answer.json()["next"]


def flagged(client: httpx.Client, case_id: str, **params: Any) -> list[str] | None:
    """Names of the flags of a case in the list; None when it is not in it."""
    for item in pages(client, **params):
        if item["id"] == case_id:
            return [flag["flag"] for flag in item["flags"]]
    return None


def money(amount: int) -> list[dict[str, Any]]:
    return [{"kind": "money_party", "amount_vnd": amount, "description": "Trả nợ gốc và lãi vay"}]


def test_five_years_are_flagged_on_the_anniversary(province: httpx.Client, world: World) -> None:
    case = create(province, world.own, decision_date="2020-03-15")["id"]
    assert flagged(province, case, as_of="2025-03-14") is None
    assert flagged(province, case, as_of="2025-03-15") == ["long_running"]
    assert flagged(province, case) == ["long_running"]
    assert flagged(province, case, flags="high_value,steering_committee") is None


def test_high_value_is_flagged_the_day_after_three_years(province: httpx.Client, world: World) -> None:
    high = create(province, world.own, decision_date="2022-03-15", obligations=money(20 * BILLION))["id"]
    less = create(province, world.own, decision_date="2022-03-15", obligations=money(20 * BILLION - 1))["id"]
    assert flagged(province, high, as_of="2025-03-15") is None
    assert flagged(province, high, as_of="2025-03-16") == ["high_value"]
    assert flagged(province, less, as_of="2025-03-16") is None


def test_29_february_counts_on_the_28th(province: httpx.Client, world: World) -> None:
    case = create(province, world.own, decision_date="2020-02-29")["id"]
    assert flagged(province, case, as_of="2025-02-27") is None
    assert flagged(province, case, as_of="2025-02-28") == ["long_running"]


def test_a_flag_says_why(province: httpx.Client, world: World) -> None:
    matter = world.own.objects["matter_id"]
    made = create(province, world.own, decision_date="2021-06-01", obligations=money(23_450_000_000), matter_id=matter)
    item = next(item for item in pages(province, as_of="2025-09-30") if item["id"] == made["id"])
    assert {key: item[key] for key in ("file_no", "unit", "officer", "state", "amount_vnd", "with_conditions")} == {
        key: made[key] for key in ("file_no", "unit", "officer", "state", "amount_vnd", "with_conditions")
    }
    high, steering = item["flags"]
    assert (high["flag"], high["rule_version"], high["since"]) == ("high_value", 1, "2024-10-01")
    assert high["facts"] == {
        "decision_date": "2021-06-01",
        "years": 3,
        "reached_on": "2024-06-02",
        "with_conditions": True,
        "amount_vnd": 23_450_000_000,
        "amount_meant": "value",
        "min_amount_vnd": 20 * BILLION,
        "matter_id": matter,
        "tracked_by": ["central"],
        "tracked_since": "2024-01-01",
    }
    assert "20 tỷ" in high["legal_basis"]
    assert "23.450.000.000 đồng" in high["text_vi"]
    assert "more than 3 years old since 2024-06-02" in high["text_en"]
    assert (steering["flag"], steering["facts"]["tracked_by"], steering["facts"]["years"]) == (
        "steering_committee", ["central"], None,
    )  # fmt: skip


def test_a_past_day_shows_the_state_of_that_day(province: httpx.Client, world: World) -> None:
    case = create(province, world.own, decision_date="2021-01-10", obligations=money(30 * BILLION))["id"]
    assert book(province, case, "collected", "2025-01-15", amount_vnd=BILLION).status_code == 201
    assert book(province, case, "conditions_lost", "2025-02-01").status_code == 201
    assert book(province, case, "to_separate_register", "2026-02-10").status_code == 201
    assert flagged(province, case, as_of="2025-01-31") == ["high_value"]
    assert flagged(province, case, as_of="2025-02-01") is None
    assert flagged(province, case, as_of="2026-01-10", with_conditions="false") == ["long_running"]
    assert flagged(province, case, as_of="2026-01-10", with_conditions="true") is None
    assert flagged(province, case, as_of="2026-02-10") is None
    assert flagged(province, case) is None
    item = next(item for item in pages(province, as_of="2025-01-31") if item["id"] == case)
    assert (item["state"], item["outstanding_vnd"], item["left_on"]) == ("enforcing", 29 * BILLION, None)


def test_before_the_directive_nothing_is_flagged(national: httpx.Client) -> None:
    assert list(pages(national, as_of="2024-09-30")) == []
    overall = national.get(f"{PATH}/summary", params={"as_of": "2024-09-30"}).json()["overall"]
    assert overall["total"]["cases"] == 0
    assert overall["long_running"] is None


def test_the_list_is_ordered_by_urgency_and_its_pages_join(province: httpx.Client, world: World) -> None:
    for decided in ("2019-05-05", "2019-05-05", "2018-01-31", "2020-10-10"):
        create(province, world.own, decision_date=decided)
    whole = [(item["decision_date"], item["id"]) for item in pages(province)]
    assert whole == sorted(whole)
    assert [(item["decision_date"], item["id"]) for item in pages(province, limit=2)] == whole
    first = province.get(PATH, params={"limit": 2})
    assert first.headers["link"].endswith('; rel="next"')
    cursor = first.json()["next"]
    assert province.get(PATH, params={"cursor": cursor, "flags": "high_value"}).status_code == 400


def test_nobody_sees_beyond_the_wall(province: httpx.Client, national: httpx.Client, world: World) -> None:
    foreign = create(national, world.foreign, decision_date="2019-04-04", obligations=money(40 * BILLION))["id"]
    assert flagged(national, foreign) == ["high_value", "long_running"]
    for params in ({}, {"as_of": "2025-10-01"}, {"officer": world.foreign.objects["officer_id"]}):
        assert flagged(province, foreign, **params) is None
        assert {item["unit"]["id"] for item in pages(province, **params)} <= {world.own.office_id}
    for path in (PATH, f"{PATH}/summary", f"{PATH}/upcoming"):
        hidden = province.get(path, params={"unit": world.foreign.office_id})
        missing = province.get(path, params={"unit": "01890000-0000-7000-8000-00000000dead"})
        assert hidden.status_code == missing.status_code == 422
        assert hidden.json()["errors"] == missing.json()["errors"]


def test_a_case_handed_over_is_gone_for_the_old_unit(
    province: httpx.Client, national: httpx.Client, world: World
) -> None:
    case = create(province, world.own, decision_date="2019-06-06")["id"]
    new = {"to_unit_id": world.foreign.office_id, "to_officer_id": world.foreign.objects["officer_id"]}
    assert book(national, case, "handed_over", "2025-08-01", **new).status_code == 201
    assert flagged(province, case) is None
    assert flagged(province, case, as_of="2025-07-31") is None
    assert flagged(national, case, as_of="2025-07-31", unit=world.own.office_id) == ["long_running"]
    assert flagged(national, case, as_of="2025-08-01", unit=world.own.office_id) is None
    assert flagged(national, case, unit=world.foreign.province_id) == ["long_running"]


@pytest.mark.parametrize("as_of", [None, "2025-03-15", "2025-12-31", "2027-02-28"])
def test_the_summary_counts_the_list(national: httpx.Client, world: World, as_of: str | None) -> None:
    create(national, world.own, decision_date="2020-01-05", obligations=money(25 * BILLION))
    create(national, world.foreign, decision_date="2022-03-14", obligations=money(25 * BILLION))
    day = {"as_of": as_of} if as_of else {}
    items = list(pages(national, **day))
    answer = national.get(f"{PATH}/summary", params=day).json()
    assert answer["as_of"] == (as_of or today().isoformat())
    assert answer["overall"]["total"] == _sums(items)
    for flag in ("long_running", "high_value", "steering_committee"):
        assert answer["overall"][flag] == _sums(
            [item for item in items if flag in [raised["flag"] for raised in item["flags"]]]
        )
    by_office = national.get(f"{PATH}/summary", params={**day, "unit": world.own.province_id}).json()
    for group in by_office["groups"]:
        assert group["tally"]["total"] == _sums([i for i in items if i["unit"]["id"] == group["unit"]["id"]])
    by_officer = national.get(
        f"{PATH}/summary", params={**day, "unit": world.own.province_id, "group_by": "officer"}
    ).json()
    for group in by_officer["groups"]:
        assert group["tally"]["total"] == _sums([i for i in items if i["officer"]["id"] == group["officer"]["id"]])
    levels = national.get(f"{PATH}/summary", params={**day, "group_by": "level"}).json()["groups"]
    assert sum(group["tally"]["total"]["cases"] for group in levels) == len(items)


def _sums(items: list[dict[str, Any]]) -> dict[str, int]:
    return {
        "cases": len(items),
        "amount_vnd": sum(item["amount_vnd"] for item in items),
        "outstanding_vnd": sum(item["outstanding_vnd"] for item in items),
    }


def test_upcoming_names_flag_and_day(province: httpx.Client, world: World) -> None:
    raised_on = today() + timedelta(days=10)
    decided = anniversary(raised_on, -5)
    case = create(province, world.own, decision_date=decided.isoformat())["id"]

    def soon(days: int) -> list[dict[str, Any]]:
        items = pages(province, f"{PATH}/upcoming", within_days=days)
        return [item for item in items if item["id"] == case]

    # on 29 February's eve the anniversary of the 28th is the day itself
    (item,) = soon(10)
    assert item["raised_on"] == anniversary(decided, 5).isoformat()
    assert (item["raises"]["flag"], item["raises"]["since"]) == ("long_running", item["raised_on"])
    assert soon((date.fromisoformat(item["raised_on"]) - today()).days - 1) == []
    assert flagged(province, case) is None
    assert flagged(province, case, as_of=item["raised_on"]) == ["long_running"]
    days = [entry["raised_on"] for entry in pages(province, f"{PATH}/upcoming", within_days=366, limit=2)]
    assert days == sorted(days)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (PATH, "flags=urgent", 422),
        (PATH, "flags=", 422),
        (PATH, "flags=high_value,", 422),
        (PATH, "flags=high_value&flags=long_running", 400),
        (PATH, "as_of=2023-02-29", 422),
        (PATH, "as_of=0001-01-01", 422),
        (PATH, "with_conditions=yes", 422),
        (PATH, "unit=1", 422),
        (PATH, "sort=amount", 400),
        (PATH, "cursor=garbage", 400),
        (f"{PATH}/upcoming", "within_days=0", 422),
        (f"{PATH}/upcoming", "within_days=367", 422),
        (f"{PATH}/upcoming", "as_of=2025-01-01", 400),
        (f"{PATH}/summary", "group_by=colour", 422),
        (f"{PATH}/summary", "limit=5", 400),
        (f"{PATH}/summary", "group_by=officer", 422),
    ],
)
def test_what_cannot_be_asked(national: httpx.Client, path: str, query: str, status: int) -> None:
    answer = national.get(f"{path}?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
