"""Operations run without FastAPI's resolver find what it would find; what it must do itself is left to it."""

import asyncio
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import pytest
from fastapi import APIRouter, BackgroundTasks, Cookie, Depends, Header, Query
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from app.api.direct import TELEMETRY, Direct, is_direct
from app.api.index import Operation
from app.api.routes import StrictRoute, checked, direct, query_parameters
from app.main import create_app
from app.settings import Settings
from tests.api import lab

OPERATIONS: Final[list[Operation]] = [
    operation
    for app in (create_app(Settings(log_level="error")), create_app(Settings(log_level="error"), [lab]))
    for operation in app.state.index.operations()
    if operation.template.startswith("/v1/") and operation.template != "/v1/openapi.json"
]
DEPENDANTS: Final[list[Dependant]] = [operation.context.dependant for operation in OPERATIONS]
VALUES: Final = st.sampled_from(
    ["", "1", "01", "50", "501", "true", "yes", "2025-09-30", "2025-02-30", "civil", "exact", "officer", "level",
     "unit", "national", "-decision_date", "high_value", "0197c0de-0000-7000-8000-000000002503", "G15", "2026",
     "2026-11-20T00:00:00Z", "nguyễn văn", "\x7f"]
)  # fmt: skip


def scope_of(query: str, path: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"type": "http", "query_string": query.encode(), "path_params": path, "headers": [], **more}


def test_every_operation_of_the_contract_runs_directly() -> None:
    assert [operation.template for operation in OPERATIONS if operation.direct is None] == []


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_finds_what_fastapi_finds(data: st.DataObject) -> None:
    dependant = data.draw(st.sampled_from(DEPENDANTS))
    known = dict(query_parameters(dependant))
    names = data.draw(st.lists(st.sampled_from(sorted(known) or ["-"]), max_size=4, unique=True)) if known else []
    pairs = [(name, data.draw(VALUES)) for name in names for _ in range(1 + known[name])]
    path = {field.alias: data.draw(st.sampled_from(["7", "2026", "G15", lab.SAMPLE_ID]))
            for field in dependant.path_params}  # fmt: skip
    numbers = [field.alias for field in dependant.path_params if field.field_info.annotation is int]
    path |= dict.fromkeys(numbers, "7")  # others are refused before either looks

    query = urlencode(pairs)
    found = Direct(dependant, checked(dependant)).prepared(Request(scope_of(query, path)))
    wanted, faults = [], []
    for part in (*dependant.dependencies, dependant):
        in_path, wrong_path = request_params_to_args(part.path_params, path)
        in_query, wrong_query = request_params_to_args(part.query_params, QueryParams(query))
        wanted.append({**in_path, **in_query})
        faults += [*wrong_path, *wrong_query]
    assert (found is None) == bool(faults)
    if found is not None:
        assert [{name: takes[name] for name in part} for takes, part in zip(found, wanted, strict=True)] == wanted


async def plain(request: Request) -> Response:
    return Response(request.url.path)


async def inner() -> int:
    return 1


def not_async() -> int:
    return 1


async def nested(one: Annotated[int, Depends(inner)]) -> int:
    return one


async def generator() -> Any:
    yield 1


async def with_sync(one: Annotated[int, Depends(not_async)]) -> Response:
    return Response(str(one))


async def with_nested(one: Annotated[int, Depends(nested)]) -> Response:
    return Response(str(one))


async def with_generator(one: Annotated[int, Depends(generator)]) -> Response:
    return Response(str(one))


async def twice(one: Annotated[int, Depends(inner)], two: Annotated[int, Depends(inner)]) -> Response:
    return Response(str(one + two))


async def with_header(one: Annotated[str, Header()]) -> Response:
    return Response(one)


async def with_cookie(one: Annotated[str, Cookie()]) -> Response:
    return Response(one)


async def with_tasks(tasks: BackgroundTasks) -> Response:
    return Response(background=tasks)


async def with_other_name(one: Annotated[str, Query(validation_alias="uno")]) -> Response:
    return Response(one)


async def without_response() -> dict[str, int]:
    return {}


UNUSUAL: Final = [with_sync, with_nested, with_generator, twice, with_header, with_cookie, with_tasks, with_other_name,
                  without_response]  # fmt: skip


def contexts_of(endpoint: Any, **options: Any) -> list[Any]:
    router = APIRouter(**options)
    router.get("/thing", response_model=None)(endpoint)
    return list(iter_route_contexts(router.routes))


@pytest.mark.parametrize("endpoint", UNUSUAL)
def test_leaves_what_it_does_not_know_to_fastapi(endpoint: Any) -> None:
    (context,) = contexts_of(endpoint, route_class=StrictRoute)
    assert not is_direct(context.dependant)
    assert direct(context) is None


def test_leaves_routes_that_are_not_strict_to_fastapi() -> None:
    assert direct(*contexts_of(plain)) is None
    assert direct(*contexts_of(plain, route_class=StrictRoute)) is not None


def test_leaves_traced_requests_to_fastapi() -> None:
    async def nothing(*_: Any) -> Any:
        raise AssertionError("nothing may be sent or received")

    operation = direct(*contexts_of(plain, route_class=StrictRoute))
    assert operation is not None
    assert not asyncio.run(operation(scope_of("", {}, **{TELEMETRY: object()}), nothing, nothing))
