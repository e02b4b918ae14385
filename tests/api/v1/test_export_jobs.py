"""Exports made in the background: the same files as the streamed ones, whatever becomes of the worker."""

import asyncio
import io
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

import httpx
import openpyxl
import pytest

from app.api import export_jobs
from app.api.exports import CSV
from app.api.streaming import NDJSON
from app.api.unattended import Listing
from app.api.xlsx import XLSX
from app.main import create_app
from app.services.access import Actor
from app.services.clients.commands import set_disabled
from app.services.jobs import rules
from tests.api.portal import Portal, portal
from tests.api.test_exports import LISTS, _needed, _path
from tests.api.v1.cases import create
from tests.api.v1.test_jobs import done
from tests.api.world import World, make_world
from tests.builders import Service
from tests.conftest import Island, new_database, settings_for
from tests.server import Served, serving

ACCEPT: Final = {"csv": CSV, "ndjson": NDJSON, "xlsx": XLSX}


def asked(client: httpx.Client, path: str, form: str = "csv", **more: Any) -> httpx.Response:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return client.post("/v1/exports", json={"path": path, "form": form, **more}, headers=headers)


def begun(client: httpx.Client, path: str, form: str = "csv", **more: Any) -> dict[str, Any]:
    answer = asked(client, path, form, **more)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    return job


def result(client: httpx.Client, job: dict[str, Any]) -> httpx.Response:
    return client.get(f"/v1/jobs/{job['id']}/result")


def streamed_by(client: httpx.Client, path: str, form: str, query: dict[str, str]) -> httpx.Response:
    """The export over HTTP, whose contract is tested elsewhere."""
    headers = {"Accept": ACCEPT[form], "Authorization": client.headers["authorization"]}
    return httpx.get(f"{client.base_url}{path}", params=query, headers=headers, timeout=30)


def cells(content: bytes) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True))


def same(form: str, one: bytes, other: bytes) -> bool:
    return cells(one) == cells(other) if form == "xlsx" else one == other


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages of two items in each step."""
    monkeypatch.setattr(export_jobs, "MAX_LIMIT", 2)
    monkeypatch.setattr(export_jobs, "PAGES", 2)


@pytest.fixture(scope="module")
def many(island: Island) -> Iterator[None]:
    """Cases enough for some steps."""
    for number in range(11):
        create(island.client_of("national"), island.world.own, decision_no=f"=1+{number}")
    return iter([None])


@pytest.mark.parametrize("form", ACCEPT)
@pytest.mark.parametrize("name", ["national", "province"])
@pytest.mark.usefixtures("small_steps", "many")
def test_a_job_writes_what_is_streamed(form: str, name: str, island: Island) -> None:
    client, query = island.client_of(name), {"unit": island.world.own.province_id}
    # an indicator beyond the two rates has a member of its own, and columns
    numbers = ("/v1/target-attainment", {"indicator": "cases_done"})
    for path, filters in (("/v1/cases", {}), ("/v1/cases", query), ("/v1/matters", {}), numbers):
        streamed = streamed_by(client, path, form, filters)
        job = done(client, begun(client, path, form, query=filters))
        found = result(client, job)
        assert (job["state"], found.status_code) == ("done", 200), found.text
        assert same(form, found.content, streamed.content)
        for header in ("content-type", "content-disposition"):
            assert found.headers[header] == streamed.headers[header]
        if form == "xlsx":
            assert job["lines_read"] == len(cells(found.content)) - 1
    assert job["chunks"] >= 1


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_every_list_can_be_exported_so(op: Any, island: Island) -> None:
    client = island.client_of("national")
    path, query = _path(op, island.world), _needed(op)
    job = done(client, begun(client, path, "ndjson", query=query))
    assert job["state"] == "done"
    streamed = streamed_by(client, path, "ndjson", query)
    if op.described["operationId"] not in ("list_audit_records", "list_jobs"):  # go on meanwhile
        assert result(client, job).content == streamed.content


def test_a_byte_order_mark(island: Island) -> None:
    client = island.client_of("national")
    job = done(client, begun(client, "/v1/units", bom=True))
    assert result(client, job).content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/v1/nowhere", {}, 422, "validation-failed"),
        ("/v1/units/01890000-0000-7000-8000-000000000001", {}, 422, "validation-failed"),
        ("/v1/changes", {}, 422, "validation-failed"),
        ("/v1/cases", {"colour": "red"}, 400, "unknown-parameter"),
        ("/v1/cases", {"unit": "x"}, 422, "validation-failed"),
        ("/v1/cases", {"unit": "01890000-0000-7000-8000-00000000dead"}, 422, "validation-failed"),
        ("/v1/cases", {"limit": "5"}, 422, "validation-failed"),
        ("/v1/cases", {"personal_data": "true"}, 422, "validation-failed"),
    ],
)
def test_what_the_list_refuses_is_refused(
    island: Island, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = asked(island.client_of("province"), path, query=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_the_same_key_begins_one_job(island: Island) -> None:
    client, headers = island.client_of("national"), {"Idempotency-Key": "twice"}
    body = {"path": "/v1/units", "form": "csv"}
    first, second = (client.post("/v1/exports", json=body, headers=headers) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    done(client, first.json())


def test_nobody_else_sees_a_job(island: Island) -> None:
    job = begun(island.client_of("province"), "/v1/cases")
    other = island.client_of("national")
    for answer in (
        other.get(f"/v1/jobs/{job['id']}"),
        result(other, job),
        other.delete(f"/v1/jobs/{job['id']}"),
    ):
        assert answer.status_code == 404


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, small_steps: None) -> None:
    """Steps that take their time."""
    page = Listing.page

    async def slowly(self: Listing, *given: Any) -> Any:
        await asyncio.sleep(0.2)
        return await page(self, *given)

    monkeypatch.setattr(Listing, "page", slowly)


@pytest.mark.usefixtures("slow", "many")
def test_a_job_is_called_off(island: Island) -> None:
    client = island.client_of("national")
    job = begun(client, "/v1/cases")
    early = result(client, job)
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    assert client.delete(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled"
    assert done(client, job)["state"] == "cancelled"
    assert result(client, job).status_code == 409


@pytest.mark.usefixtures("slow", "many")
def test_a_few_at_once(island: Island) -> None:
    client = island.client_of("national")
    jobs = [begun(client, "/v1/cases") for _ in range(rules.EXPORTS_AT_ONCE)]
    assert asked(client, "/v1/cases").status_code == 409
    for job in jobs:
        client.delete(f"/v1/jobs/{job['id']}")
    done(client, begun(client, "/v1/units"))


def _client(served: Served, world: World, name: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {served.token(name, world.secrets[name])}"}
    return httpx.Client(base_url=served.address, headers=headers, timeout=30)


@pytest.mark.parametrize("form", ACCEPT)
@pytest.mark.usefixtures("small_steps")
def test_a_job_goes_on_where_its_worker_ended(cluster: str, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    page, cursors, apps = Listing.page, [], []

    async def noted(self: Listing, ref: Any, caller: Any, asked_for: Any) -> Any:
        if self.app not in apps:  # of other tests
            return await page(self, ref, caller, asked_for)
        cursors.append(asked_for.cursor)
        if len(cursors) == 4:
            await asyncio.sleep(60)  # in the middle of the second step
        return await page(self, ref, caller, asked_for)

    monkeypatch.setattr(Listing, "page", noted)
    with new_database(cluster) as url:
        service = Service.over(url)
        world = make_world(service)
        apps += [create_app(settings_for(url)), create_app(settings_for(url))]
        with serving(apps[0]) as first, _client(first, world, "national") as client:
            for _ in range(9):
                create(client, world.own)
            job = begun(client, "/v1/cases", form)
            until = time.monotonic() + 20
            while len(cursors) < 4 and time.monotonic() < until:
                time.sleep(0.05)
            assert len(cursors) == 4, cursors
            so_far = client.get(f"/v1/jobs/{job['id']}").json()
            assert (so_far["state"], so_far["lines_read"]) == ("running", 4)
        with serving(apps[1]) as second, _client(second, world, "national") as client:
            create(client, world.own)  # the list may change meanwhile
            assert done(client, job)["state"] == "done"
            streamed = client.get("/v1/cases", headers={"Accept": ACCEPT[form]})
            content = result(client, job).content
        assert cursors.count(None) == 1
        assert cursors[4] == cursors[2]
        rows, whole = (
            (cells(content), cells(streamed.content))
            if form == "xlsx"
            else (content.splitlines(), streamed.content.splitlines())
        )
        assert len(rows) == len(set(rows))
        assert set(rows) <= set(whole)
        assert len(rows) >= len(whole) - 1
        service.close()


@pytest.mark.usefixtures("slow")
def test_a_disabled_client_ends_its_job(cluster: str) -> None:
    with new_database(cluster) as url:
        service = Service.over(url)
        world = make_world(service)
        with serving(create_app(settings_for(url))) as served, _client(served, world, "national") as client:
            for _ in range(9):
                create(client, world.own)
            job = begun(client, "/v1/cases")
            service.runner.run(
                service.db.write(lambda session: set_disabled(session, Actor("tests"), "national", disabled=True))
            )
            until, sql = time.monotonic() + 20, "SELECT state FROM job WHERE id = %s::uuid"
            while time.monotonic() < until:
                ((state,),) = service.runner.run(service.db.fetch(sql, (job["id"],)))
                if state not in ("waiting", "running"):
                    break
                time.sleep(0.1)
            assert state == "failed"
        service.close()


def _for_person(made: Portal, name: str, unit: str, role: str = "clerk") -> httpx.Client:
    """A client with a token of the national portal for a person."""
    about: dict[str, Any] = {
        "sub": name,
        "unit": unit,
        "thads_role": role,
        "client_id": None,
        "scope": None,
        "jti": None,
    }
    answer = made.exchange(made.issuer.token(header={"typ": "JWT"}, **about))
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx.Client(base_url=made.served.address, headers=headers, timeout=30)


def test_people_of_a_portal_have_jobs_of_their_own(cluster: str) -> None:
    with portal(cluster) as made:
        here, there = (_for_person(made, name, unit) for name, unit in (("an@x", "W.a"), ("binh@x", "W.b")))
        job = done(here, begun(here, "/v1/cases", "ndjson"))
        content = result(here, job).text
        assert made.world.own.objects["case_id"] in content
        assert made.world.foreign.objects["case_id"] not in content
        assert there.get("/v1/jobs").json()["items"] == []
        for answer in (there.get(f"/v1/jobs/{job['id']}"), result(there, job), there.delete(f"/v1/jobs/{job['id']}")):
            assert answer.status_code == 404
        moved = _for_person(made, "an@x", "W.b")
        assert result(moved, job).status_code == 403
        administrator = _for_person(made, "an@x", "W.a", "administrator")
        assert result(administrator, job).status_code == 403
        refused = asked(administrator, "/v1/cases")
        assert refused.status_code == 403
        assert "cases:read" in refused.text
        for client in (here, there, moved, administrator):
            client.close()
