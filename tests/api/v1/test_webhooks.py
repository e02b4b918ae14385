"""Webhooks over HTTP: what may be subscribed to, by whom, and that secrets are shown once and kept nowhere."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from app.main import create_app
from app.services.clients.tokens import Tokens
from tests.api.v1.cases import key
from tests.api.world import World
from tests.conftest import Island, as_service, settings_for
from tests.server import serving

NOWHERE = "https://nowhere.example/events"


@pytest.fixture
def client(island: Island) -> Iterator[httpx.Client]:
    """The province, without its subscriptions of the tests afterwards."""
    client = island.client_of("province")
    yield client
    for item in client.get("/v1/webhooks").json()["items"]:
        if item["id"] != island.world.owned["province"]["webhook_id"]:
            client.delete(f"/v1/webhooks/{item['id']}", headers={"If-Match": "*"})


def _make(client: httpx.Client, **values: Any) -> httpx.Response:
    return client.post("/v1/webhooks", json={"url": NOWHERE, "kinds": ["case"], **values}, headers=key())


def _rows(island: Island, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(island.service.database.settings.libpq_url) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_a_subscription_is_made_read_changed_and_deleted(client: httpx.Client, island: Island) -> None:
    made = _make(client, kinds=["unit", "case", "case"], description="Đồng bộ", unit_id=island.world.own.office_id)
    assert made.status_code == 201, made.text
    address = made.headers["location"]
    read = client.get(address)
    assert read.headers["etag"] == made.headers["etag"]
    assert {**read.json(), "secret": None} == made.json()
    assert (read.json()["kinds"], read.json()["state"]) == (["case", "unit"], "active")
    assert client.get(address, headers={"If-None-Match": read.headers["etag"]}).status_code == 304
    match = {"If-Match": read.headers["etag"]}
    changed = client.patch(address, json={"state": "disabled", "unit_id": None, "description": None}, headers=match)
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    assert (changed.json()["unit_id"], changed.json()["state"]) == (None, "disabled")
    assert client.patch(address, json={"state": "active"}, headers=match).status_code == 412
    assert client.delete(address, headers=match).status_code == 412
    assert client.delete(address, headers={"If-Match": changed.headers["etag"]}).status_code == 204
    assert client.get(address).status_code == 404


def test_every_change_is_on_record(client: httpx.Client, island: Island) -> None:
    made = _make(client).json()
    client.patch(f"/v1/webhooks/{made['id']}", json={"kinds": ["unit"]}, headers={"If-Match": "*"})
    client.post(f"/v1/webhooks/{made['id']}/keys", json={}, headers=key())
    client.delete(f"/v1/webhooks/{made['id']}", headers={"If-Match": "*"})
    sql = f"SELECT action FROM audit_record WHERE subject_id = '{made['id']}' ORDER BY id"
    assert [row[0] for row in _rows(island, sql)] == ["created", "changed", "key-replaced", "deleted"]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"url": "ftp://nowhere.example/x"}, "/url"),
        ({"url": "https://nowhere.example/a b"}, "/url"),
        ({"url": "https://nowhere.example\\@home/"}, "/url"),
        ({"url": "https://user@nowhere.example/"}, "/url"),
        ({"url": "https://nowhere.example/#x"}, "/url"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["party"]}, "/kinds/0"),
        ({"unit_id": "01890000-0000-7000-8000-00000000dead"}, "/unit_id"),
        ({"signature": "none"}, "/signature"),
    ],
)
def test_what_cannot_be_subscribed_to(client: httpx.Client, values: dict[str, Any], pointer: str) -> None:
    answer = _make(client, **values)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text


def test_a_unit_that_is_not_seen_does_not_exist(client: httpx.Client, island: Island) -> None:
    answer = _make(client, unit_id=island.world.foreign.office_id)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-reference")


@pytest.mark.parametrize("change", [{}, {"url": None}, {"kinds": None}, {"state": None}, {"state": "gone"}])
def test_what_a_change_cannot_be(client: httpx.Client, change: dict[str, Any]) -> None:
    made = _make(client).json()
    answer = client.patch(f"/v1/webhooks/{made['id']}", json=change, headers={"If-Match": "*"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [{}, {"since": "2026-01-01T00:00:00Z", "events": ["msg_1"]}, {"until": "2026-01-01T00:00:00Z"}, {"events": []}],
)
def test_a_replay_is_of_a_time_or_of_events(client: httpx.Client, body: dict[str, Any]) -> None:
    made = _make(client).json()
    assert client.post(f"/v1/webhooks/{made['id']}/replays", json=body, headers=key()).status_code == 422


def test_kinds_need_their_scopes(island: Island) -> None:
    tokens: Tokens = island.served.app.state.tokens
    token = tokens.issue("province", frozenset({"webhooks:write", "units:read"}))
    with httpx.Client(base_url=island.served.address, headers={"Authorization": f"Bearer {token}"}) as client:
        assert _make(client, kinds=["case", "unit"]).status_code == 403
        made = _make(client, kinds=["unit"])
        assert made.status_code == 201
        address = made.headers["location"]
        change = client.patch(address, json={"kinds": ["case"]}, headers={"If-Match": "*"})
        assert change.status_code == 403
        assert client.delete(address, headers={"If-Match": "*"}).status_code == 204


def test_a_client_has_ten_at_most(client: httpx.Client) -> None:
    assert [_make(client).status_code for _ in range(10)] == [201] * 9 + [409]


def test_pages_of_subscriptions_go_on(client: httpx.Client) -> None:
    for _ in range(2):
        _make(client)
    whole = client.get("/v1/webhooks").json()["items"]
    found, address = [], "/v1/webhooks?limit=1"
    while address:
        answer = client.get(address)
        found += answer.json()["items"]
        address = answer.links["next"]["url"] if "next" in answer.links else ""
    assert [item["id"] for item in found] == [item["id"] for item in whole]


def test_a_secret_is_shown_once_and_stored_nowhere(client: httpx.Client, island: Island) -> None:
    headers, body = key(), {"url": NOWHERE, "kinds": ["case"], "signature": "v1"}
    made = client.post("/v1/webhooks", json=body, headers=headers)
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    again = client.post("/v1/webhooks", json=body, headers=headers)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", made.json())
    assert secret not in client.get(made.headers["location"]).text
    (dump,) = _rows(
        island,
        "SELECT (SELECT string_agg(w::text, '') FROM webhook w)"
        " || (SELECT string_agg(convert_from(body, 'UTF8'), '') FROM idempotency_key)"
        " || (SELECT string_agg(a::text, '') FROM audit_record a)",
    )
    assert made.json()["id"] in dump[0]
    assert secret.removeprefix("whsec_") not in dump[0]


def test_keys_follow_from_the_secret_of_the_service(client: httpx.Client, island: Island) -> None:
    made = _make(client).json()
    other = "another secret of the service, long enough"  # not a secret: only for this test
    settings = settings_for(island.service.database.settings.libpq_url, webhook_secret=other)
    with serving(create_app(settings)) as served:
        token = served.token("province", island.world.secrets["province"])
        answer = httpx.get(
            f"{served.address}/v1/webhooks/{made['id']}", headers={"Authorization": f"Bearer {token}"}
        ).json()
    assert answer["public_key"] not in (None, made["public_key"])


def test_the_address_must_be_public_where_it_counts(island: Island) -> None:
    settings = settings_for(island.service.database.settings.libpq_url, webhooks_allow_private=False)
    with serving(create_app(settings)) as served:
        headers = {"Authorization": f"Bearer {served.token('province', island.world.secrets['province'])}"}
        with httpx.Client(base_url=served.address, headers=headers) as client:
            for url, code in (
                ("https://127.0.0.1/x", "private-address"),
                ("https://localhost/x", "private-address"),
                ("http://nowhere.example/x", "not-https"),
            ):
                fault = _make(client, url=url).json()["errors"][0]
                assert (fault["pointer"], fault["code"]) == ("/url", code)
            path = f"/v1/webhooks/{island.world.owned['province']['webhook_id']}"
            answer = client.patch(path, json={"url": "https://[::1]/x"}, headers={"If-Match": "*"})
            assert answer.status_code == 422


@pytest.mark.parametrize("table", ["webhook", "webhook_delivery"])
def test_the_database_shows_each_client_its_own(database_url: str, world: World, table: str) -> None:
    about = "webhook_id" if table == "webhook_delivery" else "id"
    with psycopg.connect(database_url, autocommit=True) as owner:
        for webhook_id in (owned["webhook_id"] for owned in world.owned.values()):
            owner.execute(
                "INSERT INTO webhook_delivery (webhook_id, event_id, type, attempt, outcome, duration_ms)"
                " VALUES (%s, 'msg_1', 'x', 1, 'failed', 1)",
                [webhook_id],
            )
    with psycopg.connect(as_service(database_url), autocommit=True) as connection, connection.transaction():
        connection.execute("SELECT set_config('app.client', 'partner', true)")
        found = connection.execute(f"SELECT DISTINCT {about}::text FROM {table}".encode()).fetchall()
        assert found == [(world.owned["partner"]["webhook_id"],)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(
                "INSERT INTO webhook (client_id, url, kinds, signature, mark, position, view)"
                " VALUES ('national', 'https://x', '{case}', 'v1', 0, 0, '')"
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("UPDATE webhook SET client_id = 'national'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(
                "INSERT INTO webhook_delivery (webhook_id, event_id, type, attempt, outcome, duration_ms)"
                " SELECT id, 'msg_2', 'x', 1, 'failed', 1 FROM webhook"
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("UPDATE webhook_delivery SET outcome = 'delivered'")
        assert connection.execute("DELETE FROM webhook_delivery").rowcount == 0
