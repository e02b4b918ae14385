"""The change feed over HTTP: pages, cursors, waiting, and what a partner is told of cases that come and go."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import psycopg
import pytest

from app.main import create_app
from app.services import journal
from app.services.access import Actor
from app.services.changes.queries import read_head
from app.services.clients import commands as clients
from app.services.clients.rules import SCOPES
from app.services.clients.tokens import Tokens
from tests.api.v1.cases import book, create
from tests.conftest import Island, settings_for
from tests.server import serving

FEED: Final = "/v1/changes"
CASES: Final = {"kinds": "case"}


@pytest.fixture
def now(island: Island) -> dict[str, str]:
    """The cursor at the end of the feed for every client, by name."""
    _settled(island)
    return {name: _end(island.client_of(name)) for name in ("national", "province", "partner")}


def _settled(island: Island) -> None:
    """Everything committed so far is in the feed, and the service knows."""
    service, feed = island.service, island.served.app.state.feed
    limit = time.monotonic() + 10
    while (head := service.runner.run(read_head(service.db))).waiting or feed._head != head.place:
        assert time.monotonic() < limit
        time.sleep(0.02)


def _end(client: httpx.Client) -> str:
    return str(_page(client, start="now")["next"])


def _page(client: httpx.Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get(FEED, params={**CASES, **parameters})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def _changes(client: httpx.Client, cursor: str, number: int = 1, **parameters: Any) -> list[dict[str, Any]]:
    """So many changes after a cursor; what was committed just now may take a moment."""
    found: list[dict[str, Any]] = []
    limit = time.monotonic() + 10
    while len(found) < number and time.monotonic() < limit:
        page = _page(client, cursor=cursor, wait=2, **parameters)
        found, cursor = found + page["items"], page["next"]
    return found


def _told(changes: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(change["change"], change["id"], change["action"]) for change in changes]


def test_everybody_learns_of_a_new_case_once(island: Island, now: dict[str, str]) -> None:
    made = create(island.client_of("province"), island.world.own)
    for name, cursor in now.items():
        client = island.client_of(name)
        (change,) = _changes(client, cursor)
        assert _told([change]) == [("upsert", made["id"], "accepted")]
        assert (change["kind"], change["version"], change["own"]) == ("case", made["version"], name == "province")
        assert change["current"] is None
        _settled(island)
        end = _end(client)
        assert _page(client, cursor=end) == {"items": [], "next": end, "more": False}


def test_versions_come_in_order_and_pages_go_on(island: Island, now: dict[str, str]) -> None:
    client = island.client_of("partner")
    made = create(client, island.world.own)
    for amount in (100, 200, 300):
        assert book(client, made["id"], "collected", amount_vnd=amount).status_code == 201
    assert [change["version"] for change in _changes(client, now["partner"], 4)] == [1, 2, 3, 4]
    cursor, versions = now["partner"], []
    for more in (True, True, True, False):
        page = _page(client, cursor=cursor, limit=1)
        versions += [change["version"] for change in page["items"]]
        assert page["more"] is more
        cursor = page["next"]
    assert versions == [1, 2, 3, 4]


def test_the_link_leads_to_the_next_page(island: Island) -> None:
    client = island.client_of("partner")
    answer = client.get(FEED, params=[("kinds", "unit"), ("kinds", "case"), ("limit", "1"), ("full", "true")])
    link = answer.headers["link"]
    assert link.endswith('>; rel="next"')
    address = httpx.URL(link[1:].partition(">")[0])
    assert sorted(address.params.get_list("kinds")) == ["case", "unit"]
    assert {**address.params, "kinds": "unit"} == {"kinds": "unit", "limit": "1", "wait": "0", "full": "true"} | {
        "cursor": answer.json()["next"]
    }
    following = client.get(address)
    assert following.status_code == 200
    assert following.json()["items"] != answer.json()["items"]


def test_full_shows_the_cases_as_the_list_does(island: Island, now: dict[str, str]) -> None:
    client = island.client_of("partner")
    made = create(client, island.world.own, file_no="999/HS-2025")
    book(client, made["id"], "collected", amount_vnd=5)
    changes = _changes(client, now["partner"], 2, full="true")
    (item,) = client.get("/v1/cases", params={"file_no": "999/HS-2025"}).json()["items"]
    assert [change["version"] for change in changes] == [1, 2]
    assert [change["current"] for change in changes] == [item, item]  # as it is now, which is the newest version


def test_a_case_handed_over_leaves_the_view_and_comes_back(island: Island, now: dict[str, str]) -> None:
    national, own, foreign = island.client_of("national"), island.world.own, island.world.foreign
    made = create(national, own)
    for place in (foreign, own):
        to = {"to_unit_id": place.office_id, "to_officer_id": place.objects["officer_id"]}
        assert book(national, made["id"], "handed_over", **to).status_code == 201
    assert [change for change, _, _ in _told(_changes(national, now["national"], 3))] == ["upsert"] * 3
    changes = _changes(island.client_of("partner"), now["partner"], 3, full="true")
    assert _told(changes) == [
        ("upsert", made["id"], "accepted"),
        ("left", made["id"], "handed_over"),
        ("upsert", made["id"], "handed_over"),
    ]
    assert changes[1]["current"] is None
    assert changes[0]["current"] == changes[2]["current"] is not None


def test_a_deleted_thing_leaves_a_tombstone(island: Island, now: dict[str, str]) -> None:
    place = island.world.own
    island.service.runner.run(
        island.service.db.write(
            lambda session: journal.record(
                session,
                subject="case",
                subject_id="0197c0de-0000-7000-8000-00000000dead",
                unit_id=place.office_id,
                version=9,
                action="deleted",
                actor=Actor("tests"),
            )
        )
    )
    (change,) = _changes(island.client_of("partner"), now["partner"], full="true")
    assert (change["change"], change["version"], change["current"]) == ("deleted", 9, None)


def test_other_kinds_are_told_of(island: Island) -> None:
    national = island.client_of("national")
    unit = island.world.own.province_id
    kinds = ["unit", "priority_rule"]
    cursor = national.get(FEED, params={"kinds": kinds, "start": "now"}).json()["next"]
    body = {"rename": {"name": "THADS tỉnh mới", "since": "2026-03-01"}}
    assert national.patch(f"/v1/units/{unit}", json=body, headers={"If-Match": "*"}).status_code == 200
    page = national.get(FEED, params={"kinds": kinds, "cursor": cursor, "wait": 5}).json()
    assert [(change["kind"], change["id"]) for change in page["items"]] == [("unit", unit)]


def test_a_waiting_caller_is_answered_as_soon_as_something_happens(island: Island, now: dict[str, str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(_page, island.client_of("partner"), cursor=now["partner"], wait=20)
        time.sleep(0.5)
        made = create(island.client_of("national"), island.world.own)
        assert _told(waiting.result()["items"]) == [("upsert", made["id"], "accepted")]
        assert time.monotonic() - began < 5


def test_changes_elsewhere_wake_nobody(island: Island, now: dict[str, str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(_page, island.client_of("partner"), cursor=now["partner"], wait=2)
        time.sleep(0.2)
        create(island.client_of("national"), island.world.foreign)
        page = waiting.result()
        assert page["items"] == []
        assert page["next"] != now["partner"]
        assert time.monotonic() - began >= 2


def test_a_cursor_belongs_to_its_caller_and_its_kinds(island: Island, now: dict[str, str]) -> None:
    partner, national = island.client_of("partner"), island.client_of("national")
    for client, parameters in (
        (national, {"kinds": "case"}),
        (partner, {"kinds": "unit"}),
        (partner, {}),
        (partner, {"kinds": ["case", "unit"]}),
    ):
        answer = client.get(FEED, params={**parameters, "cursor": now["partner"]})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor"), parameters
    listed = partner.get("/v1/cases", params={"limit": 1}).json()["next"]
    assert listed is not None
    assert partner.get(FEED, params={**CASES, "cursor": listed}).status_code == 400


def _gone(answer: httpx.Response, code: str) -> None:
    assert answer.status_code == 410, answer.text
    assert (answer.json()["code"], answer.json()["snapshot"]) == (code, "/v1/snapshots/cases")


def test_a_cursor_of_an_earlier_epoch_is_gone(island: Island, now: dict[str, str]) -> None:
    client = island.client_of("partner")
    url = island.service.database.settings.libpq_url
    with serving(create_app(settings_for(url, cursor_epoch=2))) as served:
        token = served.token("partner", island.world.secrets["partner"])
        headers = {"Authorization": f"Bearer {token}"}
        _gone(
            httpx.get(served.address + FEED, params={**CASES, "cursor": now["partner"]}, headers=headers),
            "cursor-expired",
        )
    assert client.get(FEED, params={**CASES, "cursor": now["partner"]}).status_code == 200


def test_a_cursor_of_a_server_that_is_gone_is_lost(island: Island) -> None:
    client = island.client_of("partner")
    cursor = _end(client)
    with psycopg.connect(island.service.database.settings.libpq_url, autocommit=True) as connection:
        marks = connection.execute("UPDATE change_lineage SET mark = mark + 1 RETURNING mark").fetchall()
        limit = time.monotonic() + 5  # the worker looks every second
        while (answer := client.get(FEED, params={**CASES, "cursor": cursor})).status_code == 200:
            assert time.monotonic() < limit
            time.sleep(0.1)
        _gone(answer, "changes-lost")
        _gone(client.get("/v1/snapshots/cases/checksums", params={"cursor": cursor}), "changes-lost")
        assert len(marks) == 1
        connection.execute("UPDATE change_lineage SET mark = mark - 1")


@pytest.mark.parametrize("change", ["paths", "clearance", "institution", "scopes"])
def test_who_comes_to_see_other_things_begins_anew(island: Island, change: str) -> None:
    service, world = island.service, island.world
    name = f"changing-{change}"

    def done(work: Any) -> Any:
        found = service.runner.run(service.db.write(work))
        service.runner.run(service.reference.reload())
        return found

    scopes, units = frozenset(SCOPES), [world.own.province_id]
    world.secrets[name] = done(
        lambda session: clients.register(
            session, Actor("tests"), client_id=name, name=name, scopes=scopes, unit_ids=units
        )
    )
    limit = time.monotonic() + 5
    while name not in island.served.app.state.reference.current.clients:
        assert time.monotonic() < limit
        time.sleep(0.02)
    token = island.served.token(name, world.secrets[name])
    with httpx.Client(base_url=island.served.address, headers={"Authorization": f"Bearer {token}"}) as client:
        cursor = client.get(FEED, params={"start": "now"}).json()["next"]
        assert client.get(FEED, params={"cursor": cursor}).status_code == 200
        changes: dict[str, dict[str, Any]] = {
            "paths": {"unit_ids": [world.own.office_id]},
            "clearance": {"clearance": 1},
            "institution": {"institution": "VCB"},
            "scopes": {"scopes": scopes - {"units:read"}},
        }
        done(lambda session: clients.amend(session, Actor("tests"), name, **changes[change]))
        while (answer := client.get(FEED, params={"cursor": cursor})).status_code == 200:
            assert time.monotonic() < limit
            time.sleep(0.1)
        _gone(answer, "view-changed")


def test_a_kind_needs_the_scope_that_reads_it(island: Island) -> None:
    tokens: Tokens = island.served.app.state.tokens

    def asked(scopes: set[str], **parameters: Any) -> httpx.Response:
        token = tokens.issue("national", frozenset(scopes))
        return httpx.get(island.served.address + FEED, params=parameters, headers={"Authorization": f"Bearer {token}"})

    assert asked({"changes:read"}).status_code == 403
    assert asked({"changes:read", "units:read"}, kinds=["unit", "case"]).status_code == 403
    kinds = {change["kind"] for change in asked({"changes:read", "cases:read"}).json()["items"]}
    assert kinds == {"case"}


def test_without_a_cursor_the_oldest_kept_come_first(island: Island) -> None:
    client = island.client_of("national")
    page = _page(client, limit=2)
    assert [change["position"] for change in page["items"]] == [1, 2]
    assert page["more"] is True


def test_waiting_callers_keep_no_others_out_and_the_end_of_the_service_lets_them_go(
    island: Island, now: dict[str, str]
) -> None:
    """More of them wait than may be at work; then the service is stopped."""
    url = island.service.database.settings.libpq_url
    with (
        ThreadPoolExecutor(12) as pool,
        serving(create_app(settings_for(url, max_at_work=4, max_waiting=4))) as served,
    ):
        headers = {"Authorization": f"Bearer {served.token('partner', island.world.secrets['partner'])}"}

        def get(path: str, **parameters: Any) -> httpx.Response:
            return httpx.get(served.address + path, params=parameters, headers=headers, timeout=30)

        waiting = [pool.submit(get, FEED, **CASES, cursor=now["partner"], wait=25) for _ in range(12)]
        limit = time.monotonic() + 10
        while served.app.state.feed.waiting < 12:
            assert time.monotonic() < limit
            time.sleep(0.02)
        assert get("/v1/cases", limit=1).status_code == 200
        assert not any(task.done() for task in waiting)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert [task.result().status_code for task in waiting] == [200] * 12
    assert all(task.result().json()["next"] for task in waiting)
