"""Runs an operation straight: its parameters and dependencies are looked up once, at start, and not with each request.

FastAPI's own resolver looks at every parameter anew, which is a third to a half of the CPU of a read (decision 12).
What is not of the few kinds known here, and whatever turns out not to be valid, is left to FastAPI; so it alone says
what is wrong with a request.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from fastapi.dependencies.models import Dependant
from fastapi.security import SecurityScopes
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Arguments = dict[str, Any]

TELEMETRY: Final = "fastapi.telemetry"
# what a signature may not have: FastAPI's way of giving it is not repeated here
_UNKNOWN: Final = (
    "header_params",
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "parent_oauth_scopes",
    "concurrency",
)


class _Step:
    """One function to call, a dependency or the operation itself, and what it takes from the request."""

    __slots__ = ("_constants", "_models", "_path", "_query", "_request", "call", "name")

    def __init__(self, dependant: Dependant) -> None:
        self.call = cast("Callable[..., Awaitable[Any]]", dependant.call)
        self.name = dependant.name or ""
        self._request = dependant.request_param_name
        scopes = dependant.security_scopes_param_name
        self._constants = {scopes: SecurityScopes(dependant.own_oauth_scopes)} if scopes else {}
        self._path = dependant.path_params
        self._models = [field for field in dependant.query_params if _is_model(field.field_info.annotation)]
        self._query = [field for field in dependant.query_params if field not in self._models]

    def arguments(self, request: Request, given: dict[str, Any]) -> Arguments | None:
        """What to call it with; None when the path or the query does not hold what it needs."""
        found: Arguments = dict(self._constants)
        if self._request:
            found[self._request] = request
        for field in self._path:
            found[field.name], faults = field.validate(request.path_params[field.alias], loc=())
            if faults:
                return None
        for field in self._models:
            found[field.name], faults = field.validate(given, loc=())
            if faults:
                return None
        for field in self._query:
            if field.alias in given:
                found[field.name], faults = field.validate(given[field.alias], loc=())
                if faults:
                    return None
            elif field.field_info.is_required():
                return None
            else:
                found[field.name] = field.default
        return found


class Direct:
    """An operation with everything it depends on."""

    __slots__ = ("_given", "_steps")

    def __init__(self, dependant: Dependant, given: Callable[[Request], dict[str, Any]]) -> None:
        self._steps = [_Step(part) for part in (*dependant.dependencies, dependant)]
        self._given = given

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answers the request; False, before anything was called, when FastAPI must."""
        if TELEMETRY in scope:  # only FastAPI knows what to tell a trace
            return False
        request = Request(scope, receive, send)
        prepared = self.prepared(request)
        if prepared is None:
            return False
        response = await self.answer(prepared, {})
        await response(scope, receive, send)
        return True

    async def answer(self, prepared: list[Arguments], known: Arguments) -> Response:
        """What the operation answers; dependencies that are `known` by their names are not called."""
        *dependencies, operation = self._steps
        arguments = prepared[-1]
        for step, takes in zip(dependencies, prepared, strict=False):
            arguments[step.name] = known[step.name] if step.name in known else await step.call(**takes)
        response: Response = await operation.call(**arguments)
        return response

    def prepared(self, request: Request) -> list[Arguments] | None:
        """What each dependency, and last the operation, takes from the request; None when anything is not valid."""
        given = self._given(request)
        prepared: list[Arguments] = []
        for step in self._steps:
            takes = step.arguments(request, given)
            if takes is None:
                return None
            prepared.append(takes)
        return prepared


def is_direct(dependant: Dependant) -> bool:
    """Whether an operation and its dependencies have only what is known here."""
    calls = [sub.call for sub in dependant.dependencies]
    answer = inspect.signature(dependant.call, eval_str=True).return_annotation if dependant.call else None
    return (
        isinstance(answer, type)
        and issubclass(answer, Response)
        and len(calls) == len(set(map(id, calls)))  # FastAPI would call one that is named twice once
        and all(sub.name and not sub.dependencies for sub in dependant.dependencies)
        and all(_is_known(part) for part in (dependant, *dependant.dependencies))
    )


def _is_known(dependant: Dependant) -> bool:
    call = dependant.call
    is_async = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004
    fields = (*dependant.path_params, *dependant.query_params)
    return (
        is_async
        and not any(getattr(dependant, name) for name in _UNKNOWN)
        and all(field.validation_alias in (None, field.alias) for field in fields)
        and not any(field.field_info.validate_default for field in fields)
    )


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
