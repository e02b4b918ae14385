"""Canaries in every personal column: who has no right to them meets none, in no answer, record, metric or log line.

The service runs as in production, in a process of its own, and says all it has to say into a file.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import psycopg
import pytest

from app.api.v1.schemas import samples
from app.preflight import ROOT
from app.services.access import Actor
from app.services.cases.rules import search_form
from app.services.clients.commands import register
from app.services.clients.rules import SCOPES
from app.services.parties.rules import UNMASKED
from tests.api.operations import UNKNOWN_ID, Operation, operations
from tests.api.v1.cases import book, create, key, new_case
from tests.api.v1.personal import ASKED
from tests.api.world import OWNED, PUBLIC, World, make_world
from tests.builders import NATION_ID, Service
from tests.conftest import as_service, new_database

OPERATIONS: Final = operations()
SAMPLES: Final = {
    "unit_id": samples.OFFICE_ID, "officer_id": samples.OFFICER_ID, "matter_id": samples.MATTER_ID
}  # fmt: skip
SEES_NO_NAMES: Final = frozenset(SCOPES) - {"cases:read.pii"}
# The first set is corrected away, the second stays: neither may be seen, and what was deleted least of all.
FLOCKS: Final[list[list[dict[str, Any]]]] = [
    [
        {"role": "creditor", "kind": "organisation", "name": "Công ty Hưng Thịnh", "id_number": f"27{no}0 998 877",
         "address": f"Lô {no}1 khu Đại Bàng Xám", "phone": f"02{no}0 3998877"},
        {"role": "debtor", "kind": "individual", "name": f"Xuân {first} Chèobẻo", "id_number": f"09{no} 190 776 655",
         "address": f"Số {no}7 hẻm Khướu Bạcmá", "phone": f"019{no}776655"},
        {"role": "related", "kind": "individual", "name": f"Yến {second} Sơncaza", "id_number": f"B{no}554433",
         "address": f"Thôn Vẹt {no}9 Hồngngực", "phone": f"+84 9{no} 554 433"},
    ]
    for no, first, second in ((1, "Quạkhoang", "Diềuhâu"), (2, "Cúlợnlưng", "Sếuđầuđỏ"))
]  # fmt: skip
RELATIVE: Final = {
    "relation": "spouse", "name": "Sáo Hoàngyến", "id_number": "0 7719 0077 88", "since": "2020-01-01"
}  # fmt: skip


def _needles() -> dict[str, str]:
    """What to look for, folded, and what it was: every personal value and word of a name, however it is written."""
    found = {}
    kin = {**RELATIVE, "kind": "individual", "address": "Tổ Chim Cu Gáy", "phone": "0177198877"}
    for party in (*(party for flock in FLOCKS for party in flock), kin):
        values = [party["id_number"], party["address"], party["phone"]]
        values += [value.replace(" ", "") for value in values]
        if party["kind"] == "individual":
            values += [party["name"], *(word for word in party["name"].split() if len(word) > 4)]
        for value in values:
            for written in (value, search_form(value), json.dumps(value)[1:-1], quote(value), quote(value, safe="")):
                found[written.casefold()] = value
    return found


NEEDLES: Final = _needles()


def canaries(text: str) -> set[str]:
    """The values that can be read in a text, in whatever spelling."""
    folded = text.casefold()
    return {value for written, value in NEEDLES.items() if written in folded}


@dataclass(frozen=True)
class Aviary:
    """The service in its process, its world, a case full of canaries, and clients with and without the right."""

    address: str
    url: str
    world: World
    case_id: str
    job_id: str
    without: httpx.Client
    entitled: httpx.Client
    log: Path

    @property
    def objects(self) -> dict[str, str]:
        """What to put into paths: the case with the canaries."""
        own = {"case_id": self.case_id, "job_id": self.job_id, "partner": "without"}
        return {**PUBLIC, **self.world.own.objects, **own}


def _registered(service: Service, world: World) -> None:
    secret = service.runner.run(
        service.db.write(
            partial(
                register, actor=Actor("tests"), client_id="without", name="Không xem dữ liệu cá nhân",
                scopes=SEES_NO_NAMES, unit_ids=[NATION_ID],
            )
        )
    )  # fmt: skip
    world.secrets["without"] = secret


@contextmanager
def _running(url: str, log: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("THADS_")} | {
        "THADS_DATABASE_URL": as_service(url),
        "THADS_LOG_LEVEL": "debug",
        "THADS_PARTY_SEARCHES_PER_MINUTE": "10000",
        "PORT": str(port),
        "WORKERS": "1",
    }
    command = [sys.executable, "-m", "app.cli", "serve"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service did not start")


def _client(address: str, world: World, name: str) -> httpx.Client:
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{address}/oauth/token", data=form, auth=(name, world.secrets[name]))
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx.Client(base_url=address, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def aviary(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    """One for the module; the canaries come in through the API."""
    log = tmp_path_factory.mktemp("aviary") / "log"
    with new_database(cluster) as url:
        service = Service.over(url)
        world = make_world(service)
        _registered(service, world)
        service.close()
        with (
            _running(url, log) as address,
            _client(address, world, "without") as without,
            _client(address, world, "national") as entitled,
        ):
            case_id = create(without, world.own, parties=FLOCKS[0], decision_date="2018-08-22")["id"]
            corrected = {"parties": FLOCKS[1], "reason": "Đính chính đương sự"}
            answer = without.patch(f"/v1/cases/{case_id}", json=corrected, headers={"If-Match": "*"})
            assert answer.status_code == 200, answer.text
            path = f"/v1/officers/{world.own.objects['officer_id']}/relatives"
            assert without.post(path, json=RELATIVE, headers=key()).status_code == 201
            assert book(without, case_id, "collected", amount_vnd=1_000).status_code == 201
            job_id = _pushed(without, world)
            yield Aviary(address, url, world, case_id, job_id, without, entitled, log)


def _pushed(client: httpx.Client, world: World) -> str:
    """The id of a job whose file is full of canaries, and of faults."""
    case = new_case(world.own, parties=FLOCKS[1], unit_id=UNKNOWN_ID, external_id="HS-1", source_version=1)
    lines = [json.dumps(case), json.dumps({**case, "parties": FLOCKS[1][1]}), json.dumps(FLOCKS[1])[:-1]]
    headers = {"Content-Type": "application/x-ndjson"}
    job = client.post("/v1/partners/without/imports", content="\n".join(lines), headers=headers).json()
    while job["state"] in ("waiting", "running"):
        time.sleep(0.1)
        job = client.get(f"/v1/jobs/{job['id']}").json()
    assert (job["state"], job["failed"]) == ("done", 3)
    return str(job["id"])


def _good_body(op: Operation, objects: dict[str, str]) -> Any:
    """The example, about things that are there."""
    body = json.dumps(op.example)
    for name in ("unit_id", "officer_id", "matter_id"):
        body = body.replace(SAMPLES[name], objects[name])
    return json.loads(body)


def _bodies(op: Operation, objects: dict[str, str]) -> Iterator[Any]:
    """The good body, and bad ones with canaries where they do not belong."""
    yield _good_body(op, objects)
    debtor = FLOCKS[1][1]
    yield {**op.example, debtor["name"]: debtor["phone"], "parties": [debtor]}
    yield {member: [debtor["name"]] for member in op.example}
    yield {**op.example, "parties": [{**debtor, "phone": debtor["phone"] * 9}, debtor["name"], {debtor["name"]: 1}]}
    yield [debtor]
    yield debtor["name"]


def _asked(client: httpx.Client, op: Operation, objects: dict[str, str]) -> Iterator[httpx.Response]:
    """Everything an operation may be made to answer."""
    path = op.path(objects)
    if op.example is None:
        needed = {name: _example(p) for name, p in op.query.items() if p.get("required")}
        for query in ({}, {"limit": "500"}, {"as_of": "2024-01-01"}, {"of": "officers"}, {"personal_data": "true"}):
            for language in ("en", "vi"):
                headers = {**op.headers(), "Accept-Language": language}
                yield client.request(op.method, path, params=needed | query, headers=headers)
        if "text/csv" in op.described["responses"].get("200", {}).get("content", {}):
            yield client.get(path, params=needed, headers={**op.headers(), "Accept": "text/csv"})
        yield client.head(path, headers=op.headers())
        return
    for body in _bodies(op, objects):
        yield client.request(op.method, path, json=body, headers=op.headers())
    broken = json.dumps(FLOCKS[1], ensure_ascii=False)[:-1].encode()
    yield client.request(op.method, path, content=broken, headers=op.headers() | {"Content-Type": "application/json"})


def _example(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    return str(next(iter(parameter.get("examples") or schema.get("examples") or schema["enum"])))


def _read(answer: httpx.Response) -> set[str]:
    return canaries(f"{answer.headers.multi_items()}\n{answer.text}")


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_who_has_no_right_meets_none(op: Operation, aviary: Aviary) -> None:
    statuses = set()
    for answer in _asked(aviary.without, op, aviary.objects):
        assert _read(answer) == set(), (answer.request.url, answer.request.content)
        assert answer.status_code < 500, answer.text
        statuses.add(answer.status_code)
    # what belongs to one client alone is not that of this one
    assert not op.safe or statuses & {200, 403} or set(op.path_parameters) & set(OWNED), statuses


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_the_right_shows_them_nowhere_but_in_the_unmasked_read(op: Operation, aviary: Aviary) -> None:
    for answer in _asked(aviary.entitled, op, aviary.objects):
        assert _read(answer) == set(), answer.request.url


def test_lists_and_searches_find_people_and_do_not_name_them(aviary: Aviary) -> None:
    debtor = FLOCKS[1][1]
    for name in (debtor["name"], search_form(debtor["name"])):
        listed = aviary.without.get("/v1/cases", params={"debtor": name})
        assert [item["id"] for item in listed.json()["items"]] == [aviary.case_id]
        assert _read(listed) == set()
    sought = aviary.entitled.post("/v1/parties:search", json={"id_number": debtor["id_number"]}, headers=ASKED)
    assert [item["id"] for item in sought.json()["items"]] == [aviary.case_id]
    assert _read(sought) == set()


def test_with_the_right_each_of_them_is_in_the_unmasked_read(aviary: Aviary) -> None:
    read = aviary.entitled.get(f"/v1/cases/{aviary.case_id}", params={"personal_data": "true"}, headers=ASKED)
    kept = [{name: party[name] for name in UNMASKED} for party in read.json()["parties"]]
    assert kept == [
        {**{name: party[name] for name in UNMASKED}, "id_number": party["id_number"].replace(" ", "")}
        for party in FLOCKS[1]
    ]
    assert canaries(read.text) >= {party["phone"] for party in FLOCKS[1]}
    assert canaries(str(read.headers.multi_items())) == set()
    assert not any(canaries(read.text) & {party[name] for name in UNMASKED[1:]} for party in FLOCKS[0])


def test_a_defect_does_not_name_them_either(aviary: Aviary) -> None:
    """PostgreSQL would tell the whole row that a constraint refuses."""
    sent = new_case(aviary.world.own, parties=FLOCKS[0])
    with psycopg.connect(aviary.url, autocommit=True) as owner:
        owner.execute("ALTER TABLE party ADD CONSTRAINT no_canaries CHECK (role <> 'related') NOT VALID")
        failed = aviary.without.post("/v1/cases", json=sent, headers=key())
        owner.execute("ALTER TABLE party DROP CONSTRAINT no_canaries")
    assert failed.status_code == 500
    assert _read(failed) == set()
    (line,) = [line for line in _lines(aviary) if failed.headers["x-request-id"] in line and "exception" in line]
    assert "no_canaries" in line
    assert "DETAIL" not in line
    assert canaries(line) == set()


def _lines(aviary: Aviary) -> list[str]:
    return aviary.log.read_text(encoding="utf-8").splitlines()


def test_neither_log_nor_metrics_nor_documents_hold_any(aviary: Aviary) -> None:
    lines = _lines(aviary)
    assert sum(json.loads(line).get("event") == "request" for line in lines if line.startswith("{")) > len(OPERATIONS)
    assert {line for line in lines if canaries(line)} == set()
    for path in ("/metrics", "/v1/openapi.json", "/docs", "/problems", "/readyz"):
        answer = httpx.get(aviary.address + path)
        assert answer.status_code == 200, path
        assert _read(answer) == set()


@pytest.mark.parametrize("table", ["audit_record", "change_record", "idempotency_key", "entry", "audit_link"])
def test_no_record_holds_any(aviary: Aviary, table: str) -> None:
    with psycopg.connect(aviary.url) as owner:
        columns = "convert_from(body, 'UTF8'), headers" if table == "idempotency_key" else "t.*"
        rows = owner.execute(f"SELECT {columns} FROM {table} t".encode()).fetchall()
    assert rows
    assert canaries(str(rows)) == set()
