"""Priority rules over HTTP: read by everybody, changed by the ministry only, in force at once."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.clock import today
from app.main import create_app
from app.services.access import Actor
from app.services.clients.commands import register
from app.services.clients.rules import SCOPES
from tests.builders import NATION_ID
from tests.conftest import settings_for
from tests.server import serving
from tests.services.priority.book import Book, opened

PATH = "/v1/priority-rules"
NEW: dict[str, Any] = {
    "flag": "high_value",
    "since": today().isoformat(),
    "years": 2,
    "years_inclusive": True,
    "min_amount_vnd": 5_000_000_000,
    "amount_meant": "outstanding",
    "requires_conditions": True,
    "legal_basis": "Chỉ đạo mới: từ 5 tỷ đồng còn phải thi hành",
    "reason": "Theo chỉ đạo của Bộ Tư pháp",
}


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


@pytest.fixture
def ministry(cluster: str) -> Iterator[httpx.Client]:
    """A client of the whole nation on a service of its own, whose rules nobody else relies on."""
    with opened(cluster) as book:
        secret = _registered(book)
        with serving(create_app(settings_for(book.url))) as served:
            headers = {"Authorization": f"Bearer {served.token('ministry', secret)}"}
            with httpx.Client(base_url=served.address, headers=headers, timeout=30) as client:
                yield client


def _registered(book: Book) -> str:
    secret: str = book.run(
        book.service.db.write(
            lambda session: register(
                session, Actor("tests"), client_id="ministry", name="Bộ Tư pháp", scopes=frozenset(SCOPES),
                unit_ids=[NATION_ID],
            )
        )
    )  # fmt: skip
    return secret


def test_the_rules_of_the_directive(province: httpx.Client) -> None:
    items = province.get(PATH).json()["items"]
    first = {item["flag"]: item for item in items if item["version"] == 1}
    assert (first["long_running"]["years"], first["long_running"]["years_inclusive"]) == (5, True)
    assert first["long_running"]["requires_conditions"] is False
    high = first["high_value"]
    assert (high["years"], high["years_inclusive"], high["min_amount_vnd"]) == (3, False, 20_000_000_000)
    assert (high["requires_conditions"], high["amount_meant"], high["since"]) == (True, "value", "2024-10-01")
    assert first["steering_committee"]["years"] is None
    paged = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = province.get(PATH, params=params).json()
        paged += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert paged == items


def test_one_rule_with_its_versions(province: httpx.Client) -> None:
    answer = province.get(f"{PATH}/long_running")
    assert answer.json()["current"] in answer.json()["versions"]
    again = province.get(f"{PATH}/long_running", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert province.get(f"{PATH}/urgent").status_code == 404


def test_a_new_version_is_in_force_at_once(ministry: httpx.Client) -> None:
    headers = key()
    answer = ministry.post(PATH, json=NEW, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/high_value"
    made = answer.json()
    assert (made["version"], made["since"], made["until"]) == (2, today().isoformat(), None)
    assert ministry.post(PATH, json=NEW, headers=headers).json() == made
    history = ministry.get(answer.headers["location"]).json()
    assert history["current"] == made
    assert [version["until"] for version in history["versions"]] == [today().isoformat(), None]
    clash = ministry.post(PATH, json=NEW, headers=key())
    assert (clash.status_code, clash.json()["latest_since"]) == (409, today().isoformat())


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"since": "2025-01-01"}, "/since"),
        ({"min_amount_vnd": 999_999_999}, "/min_amount_vnd"),
        ({"min_amount_vnd": None}, "/min_amount_vnd"),
        ({"years": None}, "/years"),
        ({"years": 0}, "/years"),
        ({"flag": "steering_committee"}, "/years"),
        ({"flag": "long_running"}, "/min_amount_vnd"),
        ({"flag": "urgent"}, "/flag"),
        ({"amount_meant": "all"}, "/amount_meant"),
        ({"legal_basis": " "}, "/legal_basis"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_makes_no_rule(national: httpx.Client, change: dict[str, Any], pointer: str) -> None:
    answer = national.post(PATH, json={**NEW, **change}, headers=key())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_only_the_nation_sets_rules(province: httpx.Client) -> None:
    answer = province.post(PATH, json=NEW, headers=key())
    assert answer.status_code == 403
    assert ministry_rule(province)["version"] == 1


def ministry_rule(client: httpx.Client) -> dict[str, Any]:
    """The version of the high-value rule in force."""
    current: dict[str, Any] = client.get(f"{PATH}/high_value").json()["current"]
    return current
