"""What people and machines that run the service look at: health, metrics, catalogue, documentation."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from app.main import create_app
from tests.api import lab
from tests.api.conftest import Lab
from tests.conftest import settings_for
from tests.server import Served, serving


@pytest.fixture
def fragile(fresh_database: Callable[[], str]) -> Iterator[tuple[Served, str]]:
    """A service whose database may be taken away."""
    url = fresh_database()
    with serving(create_app(settings_for(url, pool_wait_seconds=0.5), [lab])) as served:
        yield served, url


def _switch(url: str, allowed: bool) -> None:
    """Lets connections in again, or throws them all out."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}".encode())
        if not allowed:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def test_without_its_database_the_service_lives_but_is_not_ready(fragile: tuple[Served, str]) -> None:
    served, url = fragile
    with httpx.Client(base_url=served.address, timeout=10) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        _switch(url, False)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
        assert answer.headers["retry-after"] == "1"
        assert client.get("/livez").status_code == 200
        _switch(url, True)
        limit = time.monotonic() + 20
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < limit
            time.sleep(0.1)


def test_the_catalogue_leads_to_everything(laboratory: Lab) -> None:
    answer = laboratory.client.get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    entry = answer.json()["linkset"][0]
    links = [link["href"] for relation in ("service-desc", "service-doc", "status") for link in entry[relation]]
    assert [laboratory.client.get(link).status_code for link in links] == [200, 200, 200]


def test_the_start_page_leads_to_the_documentation(laboratory: Lab) -> None:
    answer = laboratory.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")


def test_the_documentation_needs_nothing_from_elsewhere(laboratory: Lab) -> None:
    """Every script, style and picture comes from the service, and no script stands in the page itself."""
    page = laboratory.client.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "http" not in page.text
    assert re.findall(r"<script[^>]*>(.*?)</script>", page.text) == ["", ""]
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(parts) == 4
    for part in parts:
        asset = laboratory.client.get(part)
        assert asset.status_code == 200
        assert asset.headers["content-type"].split(";")[0] in ("text/css", "text/javascript", "image/png")
        again = laboratory.client.get(part, headers={"If-None-Match": asset.headers["etag"]})
        assert again.status_code == 304
    assert "/v1/openapi.json" in laboratory.client.get("/docs/docs.js").text
    assert laboratory.client.get("/docs/LICENSE").headers["content-type"].startswith("text/plain")
    assert laboratory.client.get("/docs/other.js").status_code == 404


def test_metrics_are_in_the_format_of_prometheus(laboratory: Lab) -> None:
    answer = laboratory.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE thads_http_request_seconds histogram" in answer.text


_WORKER = "from app.api.middleware import _seconds; _seconds.labels('GET', '/of-a-worker', '200').observe(0.1)"


def test_metrics_of_several_workers_are_added_up(
    laboratory: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", _WORKER], check=True)
    counted = 'thads_http_request_seconds_count{method="GET",route="/of-a-worker",status="200"} 2.0'
    assert counted in laboratory.client.get("/metrics").text
