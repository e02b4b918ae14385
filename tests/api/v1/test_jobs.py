"""Files that partners push, and the jobs that apply them."""

import asyncio
import csv
import gzip
import io
import json
import socket
import time
import uuid
from typing import Any

import httpx
import pytest

from app.api import inflating
from app.api.imports import KINDS, MOST_ROUNDS
from app.main import create_app
from app.services.books.queries import verify
from app.services.jobs import rules
from app.services.jobs.runner import Kind
from tests.api.v1.cases import new_case
from tests.api.world import Place, World, make_world
from tests.builders import Service
from tests.conftest import new_database, settings_for
from tests.server import Served, serving

IMPORTS = "/v1/partners/partner/imports"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}


def line(place: Place, **values: Any) -> dict[str, Any]:
    """A case of a file."""
    return {"external_id": f"F-{uuid.uuid4().hex[:10]}", "source_version": 1, **new_case(place), **values}


def ndjson(*cases: Any) -> bytes:
    return b"".join(json.dumps(case, ensure_ascii=False).encode() + b"\n" for case in cases)


def done(client: httpx.Client, job: dict[str, Any], seconds: float = 30) -> dict[str, Any]:
    """The job once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found: dict[str, Any] = client.get(f"/v1/jobs/{job['id']}").json()
        if found["state"] not in ("receiving", "waiting", "running"):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def sent(client: httpx.Client, content: Any, headers: dict[str, str] = NDJSON, **query: str) -> dict[str, Any]:
    answer = client.post(IMPORTS, content=content, headers=headers, params=query)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


def results(client: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    with client.stream("GET", f"/v1/jobs/{job['id']}/result") as answer:
        return [json.loads(one) for one in answer.iter_lines()]


def test_a_file_is_applied_line_by_line_and_again_changes_nothing(partner: httpx.Client, world: World) -> None:
    content = ndjson(*(line(world.own) for _ in range(25)))
    job = done(partner, sent(partner, content))
    assert (job["state"], job["lines_read"], job["created"], job["failed"]) == ("done", 25, 25, 0)
    assert [(one["line"], one["status"]) for one in results(partner, job)] == [(n, "created") for n in range(1, 26)]
    again = done(partner, sent(partner, content))
    assert (again["unchanged"], again["created"]) == (25, 0)
    assert [one["id"] for one in partner.get("/v1/jobs").json()["items"][:2]] == [again["id"], job["id"]]


def test_wrong_lines_fail_alone(partner: httpx.Client, world: World) -> None:
    secret = "Trần Văn Kín"
    good, twice = line(world.own), line(world.own)
    wrong = ndjson({**line(world.own), "parties": [{"name": secret}]}).rstrip()
    lines = [
        b"\xef\xbb\xbf" + ndjson(good).rstrip() + b"\r",
        b"{not json",
        b"",
        "Trần".encode("utf-16"),
        wrong,
        b"x" * (rules.MAX_LINE + 10),
        ndjson(twice).rstrip(),
        ndjson({**twice, "source_version": 2, "decision_no": "2/QĐ"}).rstrip(),
        ndjson(line(world.foreign)).rstrip(),
        ndjson(line(world.own)).rstrip()[:-40],
    ]
    job = done(partner, sent(partner, b"\n".join(lines)))
    told = results(partner, job)
    found = {one["line"]: (one["status"], [fault["code"] for fault in one["errors"]]) for one in told}
    ids = {one["line"]: one["external_id"] for one in told}
    assert ids[5] == json.loads(wrong)["external_id"], "an id that can be read is told"
    assert (ids[2], ids[6]) == (None, None)
    assert {n: status for n, (status, _) in found.items()} == {
        1: "created", 2: "failed", 4: "failed", 5: "failed", 6: "failed", 7: "created", 8: "updated", 9: "failed",
        10: "failed",
    }  # fmt: skip
    assert found[6][1] == ["line-too-long"]
    assert found[9][1] == ["unknown-reference"]
    assert secret not in json.dumps(results(partner, job), ensure_ascii=False)
    assert (job["lines_read"], job["created"], job["updated"], job["failed"]) == (9, 2, 1, 6)


def test_an_id_too_often_in_one_piece(partner: httpx.Client, world: World) -> None:
    first = line(world.own)
    versions = [{**first, "source_version": n, "decision_no": f"{n}/QĐ"} for n in range(MOST_ROUNDS + 2)]
    job = done(partner, sent(partner, ndjson(*versions)))
    assert (job["created"], job["updated"], job["failed"]) == (1, MOST_ROUNDS - 1, 2)


PACKED = {**NDJSON, "Content-Encoding": "gzip"}


def test_a_packed_file_is_as_the_file(partner: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one piece, in several that follow each other, and in crumbs."""
    monkeypatch.setattr(inflating, "_AT_ONCE", 100)
    cases = [line(world.own) for _ in range(5)]
    job = done(partner, sent(partner, gzip.compress(ndjson(*cases)), PACKED))
    assert (job["state"], job["created"], job["reason"], job["detail"]) == ("done", 5, None, None)
    both = gzip.compress(ndjson(*cases[:2])) + gzip.compress(ndjson(*cases[2:]))
    crumbs = (both[n : n + 7] for n in range(0, len(both), 7))
    for content in (both, crumbs):
        assert done(partner, sent(partner, content, PACKED))["unchanged"] == 5


@pytest.mark.parametrize("limit", ["MOST_BYTES", "RATIO_FROM"])
def test_a_bomb_is_refused_and_nothing_of_it_is_kept(
    partner: httpx.Client, service: Service, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """By its length, and long before by how much longer it gets."""
    monkeypatch.setattr(inflating, limit, 1024 * 1024)
    bomb = gzip.compress(b"\n" * 8 * 1024 * 1024)
    answer = partner.post(IMPORTS, content=bomb, headers=PACKED)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    job = partner.get("/v1/jobs", headers={"Accept-Language": "vi"}).json()["items"][0]
    assert (job["state"], job["reason"], job["lines_read"]) == ("incomplete", "upload_refused", 0)
    assert job["detail"].startswith("Tệp quá lớn")
    sql = "SELECT count(*) FROM job_chunk WHERE job_id = %s::uuid AND content IS NOT NULL"
    assert service.runner.run(service.db.fetch(sql, (job["id"],))) == [(0,)]


def test_a_file_that_is_not_packed_has_the_same_limit(partner: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "MOST_BYTES", 1000)
    assert partner.post(IMPORTS, content=b"{}\n" * 1000, headers=NDJSON).status_code == 413


def _event(case: dict[str, Any], **values: Any) -> dict[str, Any]:
    event = {"event": "collected", "effective_on": "2025-09-01", "amount_vnd": 400}
    return {"external_id": case["external_id"], "event_id": f"T-{uuid.uuid4().hex[:8]}", **event, **values}


def test_a_file_of_events(partner: httpx.Client, world: World) -> None:
    first, second = line(world.own), line(world.own)
    done(partner, sent(partner, ndjson(first, second)))
    events = [_event(first), _event(second, amount_vnd=10**9), _event(first, amount_vnd=500), {}, _event(second)]
    job = done(partner, sent(partner, ndjson(*events), of="events"))
    counts = [job[name] for name in ("kind", "state", "lines_read", "created", "failed")]
    assert counts == ["import_events", "done", 5, 3, 2]
    found = results(partner, job)
    assert [(one["line"], one["status"], one["event_no"]) for one in found] == [
        (1, "created", 2), (2, "failed", None), (3, "created", 3), (4, "failed", None), (5, "created", 2),
    ]  # fmt: skip
    assert [one["event_id"] for one in found] == [event.get("event_id") for event in events]
    again = done(partner, sent(partner, ndjson(*events), of="events"))
    assert (again["created"], again["unchanged"], again["failed"]) == (0, 3, 2)
    assert partner.get(f"/v1/cases/{found[0]['case_id']}").json()["outstanding_vnd"] == 1_000_000 - 900


def test_a_file_of_events_as_csv(partner: httpx.Client, world: World) -> None:
    case, other = line(world.own), line(world.own)
    done(partner, sent(partner, ndjson(case, other)))
    parts = {"completed": 600_000, "terminated": 400_000}
    events = [
        _event(case, parts=None, note='Thu "đợt 1", lần đầu'),
        _event(other, event="struck_off", amount_vnd=None, parts=parts, note=None),
    ]
    names = list(events[0])
    cells = [[json.dumps(v) if n == "parts" and v else v for n, v in event.items()] for event in events]
    out = io.StringIO()
    csv.writer(out).writerows([names, *cells])
    job = done(partner, sent(partner, out.getvalue().encode(), CSV, of="events"))
    assert (job["state"], job["created"]) == ("done", 2), results(partner, job)


def test_modes_are_of_cases(partner: httpx.Client) -> None:
    answer = partner.post(IMPORTS, content=b"{}", headers=NDJSON, params={"of": "events", "mode": "create_only"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "mode")
    answer = partner.post(IMPORTS, content=b"a,b\n", headers=CSV, params={"of": "events"})
    assert answer.status_code == 400
    assert "event_id" in answer.text


def _csv(*cases: dict[str, Any], end: str = "\r\n") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cases[0]), lineterminator=end)
    writer.writeheader()
    nested = ("obligations", "parties")
    for case in cases:
        cells = {n: json.dumps(v, ensure_ascii=False) if n in nested else v for n, v in case.items()}
        writer.writerow({n: str(v).lower() if isinstance(v, bool) else v for n, v in cells.items()})
    return out.getvalue()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_csv_with_quotes_and_a_byte_order_mark(partner: httpx.Client, world: World, end: str, bom: bytes) -> None:
    cases = [line(world.own, court='Tòa án "số 1", Phú Thọ', corruption_economic=n > 0) for n in range(3)]
    job = done(partner, sent(partner, bom + _csv(*cases, end=end).encode(), CSV))
    assert (job["state"], job["created"], job["failed"]) == ("done", 3, 0), results(partner, job)
    case = partner.get(f"/v1/cases/{results(partner, job)[2]['case_id']}").json()
    assert (case["court"], case["segments"]) == ('Tòa án "số 1", Phú Thọ', ["corruption_economic"])


def test_wrong_lines_of_csv_fail_alone(partner: httpx.Client, world: World) -> None:
    head, good = _csv(line(world.own)).splitlines()
    number = _csv(line(world.own, source_version="x")).splitlines()[1]
    cp1258 = good.encode().replace("Trả".encode(), "Trả".encode("cp1258", "replace").replace(b"?", b"\xff"))
    rows = [head.encode(), b'"open', b"a,b", number.encode(), cp1258, good.encode()]
    job = done(partner, sent(partner, b"\n".join(rows), CSV))
    told = results(partner, job)
    codes = {one["line"]: [fault["code"] for fault in one["errors"]] for one in told}
    assert told[2]["external_id"] == number.split(",")[head.split(",").index("external_id")]
    assert codes == {2: ["not-csv"], 3: ["wrong-columns"], 4: ["not-an-integer"], 5: ["not-utf-8"], 6: []}


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", NDJSON, 400),
        (b"a,b\n1,2\n", CSV, 400),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"{}", {"Content-Type": "text/csv; charset=utf-16"}, 415),
        ("{}".encode("utf-16"), NDJSON, 415),
        (b"{}", {**NDJSON, "Content-Encoding": "br"}, 415),
        (b"{}", {**NDJSON, "Content-Encoding": "gzip, gzip"}, 415),
        (b"{}", {**NDJSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b'{"a": 1}' * 9, mtime=0)[:-9], {**NDJSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0) + b"x", {**NDJSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"", mtime=0), {**NDJSON, "Content-Encoding": "gzip"}, 400),
    ],
)
def test_files_nobody_can_read(partner: httpx.Client, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = partner.post(IMPORTS, content=content, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_job_is_its_owners(partner: httpx.Client, province: httpx.Client, world: World) -> None:
    job = done(partner, sent(partner, ndjson(line(world.own))))
    for path in (f"/v1/jobs/{job['id']}", f"/v1/jobs/{job['id']}/result"):
        assert province.get(path).status_code == 404
    assert province.delete(f"/v1/jobs/{job['id']}").status_code == 404
    assert job["id"] not in province.get("/v1/jobs").text
    assert partner.delete(f"/v1/jobs/{job['id']}").status_code == 409


def test_an_upload_that_breaks_off_leaves_nothing_applied(
    partner: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "CHUNK_LINES", 2)
    cases = [line(world.own) for _ in range(5)]
    body = ndjson(*cases)
    url = httpx.URL(str(partner.base_url))
    with socket.create_connection((url.host, url.port or 80)) as connection:
        head = f"POST {IMPORTS} HTTP/1.1\r\nHost: x\r\nAuthorization: {partner.headers['authorization']}\r\n"
        kind = f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body) + 99}\r\n\r\n"
        connection.sendall((head + kind).encode() + body)
        time.sleep(1)
    job = partner.get("/v1/jobs").json()["items"][0]
    assert (done(partner, job)["state"], done(partner, job)["reason"]) == ("incomplete", "upload_broke_off")
    assert partner.put(f"/v1/partners/partner/cases/{cases[0].pop('external_id')}", json=cases[0]).status_code == 201


@pytest.mark.parametrize("of", ["cases", "events"])
def test_a_job_goes_on_where_its_worker_ended(cluster: str, monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    """The service is ended in the middle of the second piece; the next one finishes, and each line is applied once."""
    monkeypatch.setattr(rules, "CHUNK_LINES", 10)
    kind = f"import_{of}"
    apply, at_work = KINDS[kind].work, []

    async def slow(work: Any, job: Any, piece: Any) -> Any:
        result = await apply(work, job, piece)
        at_work.append(piece.first_line)
        if len(at_work) == 2:
            await asyncio.sleep(60)  # everything is written, nothing committed
        return result

    with new_database(cluster) as url, monkeypatch.context() as patched:
        service = Service.over(url)
        world = make_world(service)
        patched.setitem(KINDS, kind, Kind("sync:write", slow))
        with serving(create_app(settings_for(url))) as first, _partner(first, world) as client:
            lines = [line(world.own) for _ in range(45)]
            if of == "events":
                client.post("/v1/partners/partner/cases:batch", json={"items": lines}).raise_for_status()
                lines = [_event(case) for case in lines]
            job = sent(client, ndjson(*lines), of=of)
            until = time.monotonic() + 20
            while len(at_work) < 2 and time.monotonic() < until:
                time.sleep(0.05)
            assert client.get(f"/v1/jobs/{job['id']}").json()["chunks_done"] == 1
        with serving(create_app(settings_for(url))) as second, _partner(second, world) as client:
            found = done(client, job)
            told = [one["line"] for one in results(client, job)]
        assert (found["state"], found["created"], found["lines_read"]) == ("done", 45, 45)
        assert told == list(range(1, 46))
        assert at_work == [1, 11, 11, 21, 31, 41]
        assert service.runner.run(verify(service.db)) == []
        kept = service.runner.run(service.db.fetch("SELECT count(*) FROM job_chunk WHERE content IS NOT NULL"))
        assert kept == [(0,)]
        service.close()


def _partner(served: Served, world: World) -> httpx.Client:
    headers = {"Authorization": f"Bearer {served.token('partner', world.secrets['partner'])}"}
    return httpx.Client(base_url=served.address, headers=headers, timeout=30)


def test_a_job_can_be_called_off(partner: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CHUNK_LINES", 1)
    apply = KINDS["import_cases"].work

    async def slow(work: Any, job: Any, piece: Any) -> Any:
        await asyncio.sleep(0.3)
        return await apply(work, job, piece)

    monkeypatch.setitem(KINDS, "import_cases", Kind("sync:write", slow))
    job = sent(partner, ndjson(*(line(world.own) for _ in range(30))))
    assert partner.delete(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled"
    found = done(partner, job)
    assert (found["state"], found["chunks"]) == ("cancelled", 30)
    assert found["created"] < 30
    assert len(results(partner, job)) == found["created"]
