"""For the people and machines that run the service: liveness, readiness, metrics, catalogue, keys."""

import os
from typing import Final

import orjson
import prometheus_client
from fastapi import APIRouter
from prometheus_client import CollectorRegistry, multiprocess
from starlette.requests import Request
from starlette.responses import Response

from app.db import NOBODY, Database
from app.errors import DomainError

router: Final = APIRouter(include_in_schema=False)

_LINKSET: Final = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'


@router.get("/livez", response_model=None)
async def livez() -> Response:
    """The process answers; says nothing about the database."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get("/readyz", response_model=None)
async def readyz(request: Request) -> Response:
    """The service can do its work: the database answers and has its tables. 503 otherwise."""
    db: Database = request.app.state.db
    try:
        ready = await db.fetch(NOBODY, "SELECT to_regclass('idempotency_key') IS NOT NULL")
    except DomainError:
        ready = []
    if ready != [(True,)]:
        return Response(b'{"status":"not ready"}', 503, {"Retry-After": "1"}, media_type="application/json")
    return Response(b'{"status":"ready"}', media_type="application/json")


@router.get("/metrics", response_model=None)
async def metrics() -> Response:
    """Prometheus text format; of all workers when PROMETHEUS_MULTIPROC_DIR is set."""
    registry = prometheus_client.REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    return Response(prometheus_client.generate_latest(registry), media_type=prometheus_client.CONTENT_TYPE_LATEST)


@router.get("/.well-known/api-catalog", response_model=None)
async def api_catalog() -> Response:
    """Where the API, its description and its status are (RFC 9727)."""
    links = {
        "anchor": "/v1",
        "service-desc": [{"href": "/v1/openapi.json", "type": "application/json"}],
        "service-doc": [{"href": "/docs", "type": "text/html"}],
        "status": [{"href": "/readyz", "type": "application/json"}],
    }
    return Response(orjson.dumps({"linkset": [links]}), headers={"Content-Type": _LINKSET})


@router.get("/.well-known/jwks.json", response_model=None)
async def public_keys(request: Request) -> Response:
    """The keys that verify the access tokens of this service (RFC 7517)."""
    return Response(orjson.dumps(request.app.state.tokens.public_keys()), media_type="application/json")
