"""Every operation requires exactly one scope before it reads anything; otherwise the service does not start."""

from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import APIRouter
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import requires
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.main import create_app
from app.services.access import Caller
from app.settings import Settings
from tests.api import lab

Reader = Annotated[Caller, requires("cases:read")]


def _module(endpoint: Any, method: str = "GET") -> Any:
    router = APIRouter(prefix="/things", tags=["Things"], route_class=StrictRoute)
    router.add_api_route("", endpoint, methods=[method], response_model=None, responses=answers(lab.SampleOut))
    return SimpleNamespace(router=router, __doc__="Things.")


async def _unguarded() -> Response:
    return Response()


async def _guarded_twice(one: Reader, two: Annotated[Caller, requires("cases:write")]) -> Response:
    return Response(f"{one}{two}")


async def _body_first(body: Annotated[lab.SampleNew, json_body(lab.SampleNew)], caller: Reader) -> Response:
    return Response(f"{body}{caller}")


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [(_unguarded, "one scope"), (_guarded_twice, "one scope"), (_body_first, "before its body")],
)
def test_the_service_does_not_start_with_an_open_door(endpoint: Any, why: str) -> None:
    with pytest.raises(RuntimeError, match=why):
        create_app(Settings(), [_module(endpoint, "POST")])


def test_scopes_that_do_not_exist_cannot_be_required() -> None:
    with pytest.raises(ValueError, match="cases:everything"):
        requires("cases:everything")
