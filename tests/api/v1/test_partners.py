"""Cases as partners push them over HTTP: alone and many at once."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from app.api.v1.schemas.partners import MOST_ITEMS
from tests.api.v1.cases import book, new_case
from tests.api.world import World

PATH = "/v1/partners/partner/cases"


def pushed(world: World, **values: Any) -> dict[str, Any]:
    """A case of a partner."""
    return new_case(world.own, source_version=1, **values)


def item(world: World, **values: Any) -> dict[str, Any]:
    """A case of a batch."""
    return {"external_id": f"HS-{uuid.uuid4().hex[:10]}", **pushed(world, **values)}


def batch(client: httpx.Client, *items: Any, **options: Any) -> dict[str, Any]:
    """What became of them."""
    answer = client.post(f"{PATH}:batch", json={"items": list(items), **options})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def statuses(found: dict[str, Any]) -> list[str]:
    return [one["status"] for one in found["items"]]


def test_one_case_is_created_found_and_corrected(partner: httpx.Client, world: World) -> None:
    path, case = f"{PATH}/HS-1", pushed(world)
    first = partner.put(path, json=case)
    assert (first.status_code, first.json()["status"]) == (201, "created")
    assert first.headers["location"] == f"/v1/cases/{first.json()['case_id']}"
    again = partner.put(path, json=case)
    assert (again.status_code, again.json()) == (200, first.json() | {"status": "unchanged"})
    newer = partner.put(path, json={**case, "source_version": 2, "decision_no": "9/QĐ"}).json()
    assert newer == {"status": "updated", "case_id": first.json()["case_id"], "version": first.json()["version"] + 1}
    assert partner.get(f"/v1/cases/{newer['case_id']}").json()["decision_no"] == "9/QĐ"
    assert partner.put(path, json=case).json()["status"] == "stale"
    reused = partner.put(path, json={**case, "source_version": 2})
    assert (reused.status_code, reused.json()["code"]) == (409, "version-reused")


def _listed(client: httpx.Client, name: str) -> dict[str, dict[str, Any]]:
    """What a client pushed, by its ids, read in pages of two."""
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = client.get(f"/v1/partners/{name}/cases", params=query).json()
        assert not found.keys() & {one["external_id"] for one in page["items"]}
        found |= {one["external_id"]: one for one in page["items"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def test_what_was_pushed_is_listed_by_the_ids_of_the_partner(
    partner: httpx.Client, national: httpx.Client, world: World
) -> None:
    first, second = item(world), item(world)
    ids = {one["external_id"]: one["case_id"] for one in batch(partner, first, second)["items"]}
    batch(partner, {**first, "source_version": 5, "decision_no": "5/QĐ"})
    foreign = {"to_unit_id": world.foreign.office_id, "to_officer_id": world.foreign.objects["officer_id"]}
    book(national, ids[second["external_id"]], "handed_over", **foreign)
    found = _listed(partner, "partner")
    expected = {
        first["external_id"]: {"source_version": 5, "case_id": ids[first["external_id"]], "version": 2},
        second["external_id"]: {"source_version": 1, "case_id": None, "version": None},  # left the partner's view
    }
    for external_id, one in expected.items():
        assert found[external_id].items() >= one.items()
        assert partner.get(f"{PATH}/{external_id}").json() == found[external_id]
    lines = partner.get(PATH, headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == list(found.values())
    assert partner.get(f"{PATH}/never-pushed").status_code == 404
    assert national.get(PATH).status_code == 404
    assert not _listed(national, "national").keys() & ids.keys()


def test_only_the_partner_itself_pushes(national: httpx.Client, world: World) -> None:
    assert national.put(f"{PATH}/HS-2", json=pushed(world)).status_code == 404


def test_one_bad_item_is_told_by_its_pointer_and_loses_no_good_one(partner: httpx.Client, world: World) -> None:
    name = "Lê Thị Bí Mật"
    debtor = {"role": "debtor", "kind": "individual", "name": name, "id_number": "012345678901", "unheard": 1}
    bad = item(world, parties=[debtor])
    foreign = {**item(world), "unit_id": world.foreign.office_id}
    surrogate = json.loads(json.dumps(item(world)).replace("civil", "civil"))
    surrogate["file_no"] = "a\ud800"
    nameless = {**item(world), "external_id": name}
    items = [item(world), bad, foreign, surrogate, None, item(world), nameless]
    answer = partner.post(f"{PATH}:batch", content=json.dumps({"items": items}).encode(), headers=_JSON)
    found = answer.json()
    assert statuses(found) == ["created", "failed", "failed", "failed", "failed", "created", "failed"]
    pointers = [one["errors"][0]["pointer"] for one in found["items"] if one["errors"]]
    ids = [one["external_id"] for one in found["items"]]
    assert ids == [one and one["external_id"] for one in items[:-1]] + [None], "an id that can be read is told"
    assert pointers[:-1] == ["/items/1/parties/0/unheard", "/items/2/unit_id", "/items/3/file_no", "/items/4"]
    assert pointers[-1] == "/items/6/external_id"
    assert name not in answer.text
    assert "012345678901" not in answer.text
    assert (found["created"], found["failed"], found["applied"]) == (2, 5, True)


_JSON = {"Content-Type": "application/json"}


def test_a_batch_again_changes_nothing_and_tells_nobody(partner: httpx.Client, world: World) -> None:
    cursor = partner.get("/v1/changes", params={"start": "now"}).json()["next"]
    items = [item(world) for _ in range(30)]
    first = batch(partner, *items)
    found = batch(partner, *items)
    assert (statuses(found), found["unchanged"]) == (["unchanged"] * 30, 30)
    told = _told(partner, cursor, {one["case_id"] for one in first["items"]})
    assert len(told) == 30
    assert {one["own"] for one in told} == {True}


def _told(client: httpx.Client, cursor: str, ids: set[str], **query: Any) -> list[dict[str, Any]]:
    """What the feed tells of these cases until it falls silent."""
    told, silent = [], False
    while not silent:
        page = client.get("/v1/changes", params={"cursor": cursor, "wait": 2, **query}).json()
        told += [one for one in page["items"] if one["id"] in ids]
        silent, cursor = not page["items"], page["next"]
    return told


def test_a_partner_need_not_hear_its_own_changes(partner: httpx.Client, province: httpx.Client, world: World) -> None:
    """The others do; and the partner hears what others change in its cases."""
    cursor = partner.get("/v1/changes", params={"start": "now"}).json()["next"]
    everybody = province.get("/v1/changes", params={"start": "now"}).json()["next"]
    case_id = batch(partner, item(world))["items"][0]["case_id"]
    changed = {"file_no": "7/HS", "reason": "Đính chính"}
    headers = {"If-Match": "*"}
    assert province.patch(f"/v1/cases/{case_id}", json=changed, headers=headers).status_code == 200
    told = _told(partner, cursor, {case_id}, echo="false")
    assert [one["version"] for one in told] == [2]
    assert [one["version"] for one in _told(partner, cursor, {case_id})] == [1, 2]
    assert [one["version"] for one in _told(province, everybody, {case_id}, echo="false")] == [1]


def test_all_or_none_and_as_if(partner: httpx.Client, world: World) -> None:
    good, bad = item(world), item(world, kind="unheard-of")
    found = batch(partner, good, dry_run=True)
    assert (statuses(found), found["applied"], found["items"][0]["case_id"]) == (["created"], False, None)
    found = batch(partner, good, bad, atomic=True)
    assert (statuses(found), found["applied"]) == (["failed", "failed"], False)
    assert [one["errors"][0]["code"] for one in found["items"]] == ["not-applied", "not-allowed-value"]
    assert statuses(batch(partner, good, mode="update_only")) == ["failed"]
    assert statuses(batch(partner, good, mode="create_only")) == ["created"]


def test_options_are_checked_even_beside_bad_items(partner: httpx.Client, world: World) -> None:
    for options in ({"mode": "x"}, {"atomic": 1}, {"unheard": 1}):
        for bad in ({}, {**item(world), "file_no": "a\0b"}):
            answer = partner.post(f"{PATH}:batch", json={"items": [bad], **options})
            assert answer.status_code == 422, (options, answer.text)


def test_more_than_the_most_is_too_many(partner: httpx.Client) -> None:
    answer = partner.post(f"{PATH}:batch", json={"items": [{}] * (MOST_ITEMS + 1)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too-many")


def test_a_batch_beyond_the_usual_size_of_bodies(partner: httpx.Client, world: World) -> None:
    long = [{"kind": "non_monetary", "amount_vnd": 0, "description": "x" * 500}] * 50
    items = [item(world, obligations=long) for _ in range(60)]
    assert len(json.dumps(items)) > 1024 * 1024
    assert batch(partner, *items)["created"] == 60


def events(client: httpx.Client, *items: Any, **options: Any) -> dict[str, Any]:
    """What became of them."""
    answer = client.post("/v1/partners/partner/events:batch", json={"items": list(items), **options})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def happened(case: dict[str, Any], event_id: str, **values: Any) -> dict[str, Any]:
    """Money collected."""
    event = {"event": "collected", "effective_on": "2025-09-01", "amount_vnd": 400}
    return {"external_id": case["external_id"], "event_id": event_id, **event, **values}


def test_many_events_at_once(partner: httpx.Client, world: World) -> None:
    """A bad one is told by its pointer and loses no good one; again changes nothing and tells nobody."""
    first, second = item(world), item(world)
    ids = [one["case_id"] for one in batch(partner, first, second)["items"]]
    cursor = partner.get("/v1/changes", params={"start": "now"}).json()["next"]
    sent: list[Any] = [
        happened(first, "T1"),
        happened(first, "T2", amount_vnd=None),
        happened(second, "T1", amount_vnd=10**9),
        happened(first, "T3", event="completed", amount_vnd=None, effective_on="2025-09-02"),
        happened({"external_id": "unknown"}, "T1"),
        None,
        happened(second, "T2", note="a\0b"),
        happened(second, "T3", event="completed", amount_vnd=None, to_unit_id=None),
    ]
    found = events(partner, *sent)
    assert statuses(found) == ["created", "failed", "failed", "created", "failed", "failed", "failed", "created"]
    faults = [(one["errors"][0]["pointer"], one["errors"][0]["code"]) for one in found["items"] if one["errors"]]
    assert faults == [
        ("/items/1/amount_vnd", "required"),
        ("/items/2", "conflict"),
        ("/items/4", "not-found"),
        ("/items/5", "not-an-object"),
        ("/items/6/note", "forbidden-character"),
    ]
    assert [(one["external_id"], one["event_id"]) for one in found["items"]] == [
        (one and one["external_id"], one and one["event_id"]) for one in sent
    ]
    assert [found[name] for name in ("applied", "created", "unchanged", "failed")] == [True, 3, 0, 5]
    assert [(one["case_id"], one["event_no"]) for one in found["items"][::7]] == [(ids[0], 2), (ids[1], 2)]
    good = [sent[0], sent[3], sent[7]]
    again = events(partner, *good)
    assert (statuses(again), again["unchanged"]) == (["unchanged"] * 3, 3)
    assert [one["event_no"] for one in again["items"]] == [2, 3, 2]
    told = _told(partner, cursor, set(ids))
    assert sorted((one["id"], one["action"]) for one in told if one["action"] != "accepted") == sorted(
        [(ids[0], "collected"), (ids[0], "completed"), (ids[1], "completed")]
    )
    assert partner.put(f"{PATH}/{first['external_id']}/events/T1", json=_alone(sent[0])).json()["status"] == "unchanged"


def _alone(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("external_id", "event_id")}


def test_all_or_none_of_the_events_and_as_if(partner: httpx.Client, world: World) -> None:
    case = item(world)
    batch(partner, case)
    good, bad = happened(case, "T1"), happened(case, "T2", event="unheard-of")
    found = events(partner, good, dry_run=True)
    assert (statuses(found), found["applied"], found["items"][0]["event_no"]) == (["created"], False, None)
    found = events(partner, good, bad, atomic=True)
    assert (statuses(found), found["applied"]) == (["failed", "failed"], False)
    assert [one["errors"][0]["code"] for one in found["items"]] == ["not-applied", "not-allowed-value"]
    assert events(partner, good, atomic=True)["created"] == 1
    answer = partner.post("/v1/partners/partner/events:batch", json={"items": [good], "mode": "upsert"})
    assert answer.status_code == 422


def test_only_the_partner_itself_books(national: httpx.Client, world: World) -> None:
    answer = national.post("/v1/partners/partner/events:batch", json={"items": [happened(item(world), "T1")]})
    assert answer.status_code == 404


def test_an_event_is_booked_once(partner: httpx.Client, world: World) -> None:
    case_id = partner.put(f"{PATH}/HS-9", json=pushed(world)).json()["case_id"]
    path = f"{PATH}/HS-9/events/TT-1"
    event = {"event": "collected", "effective_on": "2025-09-01", "amount_vnd": 400}
    first = partner.put(path, json=event)
    assert (first.status_code, first.json()) == (201, {"status": "created", "case_id": case_id, "event_no": 2})
    assert first.headers["location"] == f"/v1/cases/{case_id}/events/2"
    again = partner.put(path, json=event)
    assert (again.status_code, again.json()) == (200, first.json() | {"status": "unchanged"})
    other = partner.put(path, json={**event, "amount_vnd": 500})
    assert (other.status_code, other.json()["code"]) == (409, "event-reused")
    assert partner.get(f"/v1/cases/{case_id}").json()["outstanding_vnd"] == 1_000_000 - 400
    assert partner.put(f"{PATH}/HS-unknown/events/TT-1", json=event).status_code == 404


def test_the_same_event_at_the_same_time_is_booked_once(partner: httpx.Client, world: World) -> None:
    partner.put(f"{PATH}/HS-10", json=pushed(world))
    event = {"event": "collected", "effective_on": "2025-09-01", "amount_vnd": 400}
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(partner.put, f"{PATH}/HS-10/events/TT-1", json=event) for _ in range(4)]
        codes = sorted(answer.result().status_code for answer in sent)
    assert codes == [200, 200, 200, 201]
