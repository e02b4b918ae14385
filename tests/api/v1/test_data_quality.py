"""Checks over HTTP, on small books: each finds the fault that was planted, where it was, and nothing else."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.api.world import World
from tests.builders import NATION_ID
from tests.conftest import Island
from tests.services.organisation import Organisation
from tests.services.quality.planting import YEAR, Ledger, Plot

PATH = "/v1/data-quality"
Plant = Callable[[list[Ledger]], Any]


@pytest.fixture(scope="module")
def reader(island: Island) -> httpx.Client:
    return island.client_of("national")


@pytest.fixture(scope="module")
def plot(island: Island, reader: httpx.Client) -> Plot:
    organisation = Organisation(island.service)
    province = organisation.province()
    offices = [organisation.unit(province.id) for _ in range(4)]
    for _ in range(100):  # until the worker has heard of them
        if reader.get(f"/v1/units/{offices[-1].id}").status_code == 200:
            break
        time.sleep(0.05)
    return Plot(island.service, province, offices)


def pages(client: httpx.Client, **params: Any) -> Iterator[dict[str, Any]]:
    while True:
        answer = client.get(PATH, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        if page["next"] is None:
            return
        params["cursor"] = page["next"]


def found(plot: Plot, client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    asked = {"unit": plot.province.id, "fiscal_year": YEAR, "months": 12, **params}
    return list(pages(client, **asked))


def planted(plot: Plot, client: httpx.Client, plant: Plant, **params: Any) -> list[dict[str, Any]]:
    """What is found once something is planted with the first office; the other offices have nothing."""
    plot.grow(plant)
    items = found(plot, client, **params)
    assert {item["unit"]["id"] for item in items} <= {plot.offices[0].id}
    return items


def test_sound_books_have_no_findings(plot: Plot, reader: httpx.Client) -> None:
    plot.grow()
    for months in (1, 4, 12):
        assert found(plot, reader, months=months) == []
    statement = reader.get(
        "/v1/statistics/periods", params={"unit": plot.province.id, "fiscal_year": YEAR, "months": 12}
    ).json()
    assert statement["warnings"] == []
    assert statement["cases"]["lines"]["done"]["value"] > 0


def test_stock_below_zero(plot: Plot, reader: httpx.Client) -> None:
    items = planted(plot, reader, lambda books: books[0].move(12, enforcing=-1_000, no_conditions=1_000))
    errors = {(item["code"], item["measure"], item["line"]) for item in items if item["severity"] == "error"}
    assert errors == {
        (code, measure, line)
        for measure in ("cases", "money")
        for code, line in (
            ("impossible_line", "enforcing"),
            ("impossible_line", "with_conditions"),
            ("done_exceeds_conditions", "done"),
        )
    }
    assert {item["code"] for item in items if item["severity"] == "warning"} == {"share_with_conditions"}
    # the statement of the office says so, that of the month alone does not judge
    asked = {"unit": plot.offices[0].id, "fiscal_year": str(YEAR), "months": "12"}
    warnings = reader.get("/v1/statistics/periods", params=asked).json()["warnings"]
    assert {(w["code"], w["measure"], w["line"]) for w in warnings if w["severity"] == "error"} == errors
    alone = reader.get("/v1/statistics/periods", params={**asked, "span": "month"}).json()
    assert alone["warnings"] == []
    assert found(plot, reader, months=11) == []


def test_an_identity_that_does_not_hold(plot: Plot, reader: httpx.Client) -> None:
    items = planted(plot, reader, lambda books: books[0].move(5, completed=4))
    assert {(item["code"], item["difference"]) for item in items} == {
        ("broken_identity", "-4"), ("broken_identity", "-4000000"),
    }  # fmt: skip
    assert {item["line"] for item in items} == {"accepted_total", "must_enforce", "carried_forward"}


def test_an_opening_that_nothing_explains(plot: Plot, reader: httpx.Client) -> None:
    def plant(books: list[Ledger]) -> None:
        books[0].planted_openings[YEAR] = {"enforcing": 7}

    cases, money = planted(plot, reader, plant, code="opening_stock")
    assert (cases["severity"], cases["difference"], money["difference"]) == ("error", "7", "7000000")
    assert cases["parts"] == {"register_moves": 0, "handovers": 0, "adjustments": 7}
    assert (cases["starts_on"], cases["ends_on"]) == ("2024-10-01", "2025-09-30")


def test_moves_to_the_separate_register_and_handovers_are_named(plot: Plot, reader: httpx.Client) -> None:
    def plant(books: list[Ledger]) -> None:
        books[0].move(3, no_conditions=-10, register_carried=10)
        books[0].move(6, enforcing=-4, handed_out=4)

    cases, _ = planted(plot, reader, plant)
    assert (cases["code"], cases["severity"], cases["difference"]) == ("opening_stock", "info", "-14")
    assert cases["parts"] == {"register_moves": -10, "handovers": -4, "adjustments": 0}
    closed = 420 + sum(
        row["enforcing"] for (year, _), row in Ledger.sound(plot.offices[0], 0).months.items() if year < YEAR
    )
    assert (cases["expected"], cases["found"]) == (str(closed), str(closed - 14))
    # after two months neither has happened yet
    assert found(plot, reader, months=2) == []


def test_a_share_unlike_before_and_unlike_its_siblings(plot: Plot, reader: httpx.Client) -> None:
    (item,) = planted(plot, reader, lambda books: books[0].move(11, enforcing=-260, no_conditions=260))
    assert (item["code"], item["values_in"], item["line"]) == ("share_with_conditions", "percent", "with_conditions")
    assert float(item["difference"]) < -20
    assert item["text_vi"].startswith("Tỷ lệ có điều kiện thi hành là ")

    def everywhere(books: list[Ledger]) -> None:
        for book in books:
            book.move(11, enforcing=-260, no_conditions=260)

    plot.grow(everywhere)
    assert found(plot, reader) == []


@pytest.mark.parametrize("line", ["done", "accepted"])
def test_a_month_that_jumps(plot: Plot, reader: httpx.Client, line: str) -> None:
    move = {"completed": 70, "enforcing": -70} if line == "done" else {"accepted": 70, "enforcing": 70}
    (item,) = planted(plot, reader, lambda books: books[0].move(4, **move))
    assert (item["code"], item["line"], item["severity"]) == ("monthly_jump", line, "warning")
    assert (item["starts_on"], item["ends_on"]) == ("2025-01-01", "2025-01-31")
    assert int(item["difference"]) == int(item["found"]) - int(item["expected"]) >= 69
    assert found(plot, reader, months=3) == []
    # an ordinary change is none
    small = {account: number // 7 for account, number in move.items()}
    assert planted(plot, reader, lambda books: books[0].move(4, **small)) == []


def test_a_month_without_any_entry(plot: Plot, reader: httpx.Client) -> None:
    items = planted(plot, reader, lambda books: books[0].months.pop((YEAR, 7)))
    silent = [item for item in items if item["code"] == "silent_month"]
    assert [(item["starts_on"], item["found"]) for item in silent] == [("2025-04-01", "0")]
    # that nothing was accepted or done there is a jump as well
    assert {item["code"] for item in items} == {"silent_month", "monthly_jump"}


def test_published_figures_that_contradict_themselves(reader: httpx.Client, island: Island) -> None:
    items = [item for item in pages(reader, fiscal_year=2020, months=12) if item["code"].startswith("published")]
    (item,) = items
    assert item["unit"]["id"] == NATION_ID
    assert (item["measure"], item["found"], item["expected"], item["difference"]) == (
        "money", "40.09", "40.44", "-0.35",
    )  # fmt: skip
    assert list(pages(reader, fiscal_year=2020, months=11, code="published_contradiction")) == []
    assert list(pages(island.client_of("province"), fiscal_year=2020, months=12)) == []


def test_pages_hold_all_findings_once_and_in_order(plot: Plot, reader: httpx.Client) -> None:
    def plant(books: list[Ledger]) -> None:
        for book in books:
            book.move(4, completed=70, enforcing=-70)
            book.move(3, no_conditions=-10, register_carried=10)

    plot.grow(plant)
    whole = found(plot, reader, limit=500)
    assert len(whole) == 4 * 3
    assert found(plot, reader, limit=5) == found(plot, reader, limit=1) == whole
    assert [item for item in whole if item["severity"] == "warning"] == found(plot, reader, severity="warning", limit=3)
    assert {item["code"] for item in found(plot, reader, code="monthly_jump")} == {"monthly_jump"}


@pytest.mark.parametrize(("number", "codes"), [(260, []), (330, ["share_with_conditions"])])
def test_an_office_alone_is_compared_with_its_own_past_only(
    plot: Plot, reader: httpx.Client, number: int, codes: list[str]
) -> None:
    """So it must be farther from it than where its siblings say the same."""
    (item,) = planted(plot, reader, lambda books: books[0].move(11, enforcing=-number, no_conditions=number))
    assert item["code"] == "share_with_conditions"
    assert [item["code"] for item in found(plot, reader, unit=plot.offices[0].id)] == codes
    assert found(plot, reader, unit=plot.offices[1].id) == []


def test_the_walls_are_those_of_figures(island: Island) -> None:
    world: World = island.world
    province = island.client_of("province")
    for unit in (world.foreign.office_id, NATION_ID, "01890000-0000-7000-8000-00000000ffff"):
        answer = province.get(PATH, params={"unit": unit})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["message"] == "no such unit"
    seen = {item["unit"]["id"] for item in pages(province, fiscal_year=2026, months=12)}
    assert seen <= {world.own.province_id, world.own.office_id}


def test_a_province_finds_of_its_own_what_the_nation_finds(island: Island, reader: httpx.Client) -> None:
    """Behind both walls, the books of the province are whole."""
    asked = {"unit": island.world.own.province_id, "fiscal_year": 2026, "months": 12}
    own = list(pages(island.client_of("province"), **asked))
    assert own == list(pages(reader, **asked))
    assert {item["code"] for item in own} == {"silent_month"}


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"months": "13"}, "months"),
        ({"fiscal_year": "2099"}, "fiscal_year"),
        ({"code": "wrong"}, "code"),
        ({"severity": "fatal"}, "severity"),
        ({"unit": "x"}, "unit"),
    ],
)
def test_what_cannot_be_asked(reader: httpx.Client, params: dict[str, str], parameter: str) -> None:
    answer = reader.get(PATH, params=params)
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]
