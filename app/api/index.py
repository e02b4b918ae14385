"""Finds the operation of a request in one step, however many routes there are.

FastAPI tries its routes one after the other, twice for included routers: 25 to 190 µs a request for ninety routes.
Here the path is walked once through a tree of segments, which also tells 404, 405 and `Allow`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.routing import RouteContext
from fastapi.telemetry._api import _route_selected
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.direct import Direct
from app.api.routes import direct

OPERATION: Final = "thads.operation"
_JSON: Final = ("application/json", "application/problem+json")


@dataclass(slots=True)
class Operation:
    """One method of one path; `produces` are its media types, JSON first, `guarded` means it needs a token.

    `direct` runs it without FastAPI's resolver, where that can be done.
    """

    context: RouteContext
    app: ASGIApp
    direct: Direct | None
    template: str
    produces: tuple[str, ...]
    guarded: bool


@dataclass(slots=True)
class Resource:
    """What is found at a path: its operations by method."""

    template: str
    names: tuple[str, ...]
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def allow(self) -> str:
        """The `Allow` header: HEAD comes with GET, OPTIONS with everything."""
        methods = {*self.operations, "OPTIONS", *(("HEAD",) if "GET" in self.operations else ())}
        return ", ".join(sorted(methods))


@dataclass(slots=True)
class _Node:
    fixed: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    resource: Resource | None = None


class RouteIndex(BaseRoute):
    """All operations of the service as a single route for FastAPI's router."""

    def __init__(self, contexts: Iterable[RouteContext]) -> None:
        self._root = _Node()
        self._literal: dict[str, Resource] = {}
        for context in contexts:
            self._add(context)

    def _add(self, context: RouteContext) -> None:
        template = context.path or ""
        node, names = self._root, []
        for segment in template.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.resource = node.resource or Resource(template, tuple(names))
        if not names:
            self._literal[template] = node.resource
        guarded = any(sub.own_oauth_scopes for sub in context.dependant.dependencies)
        produces = tuple(dict.fromkeys([*_JSON, *_media_types(context)]))
        operation = Operation(context, context.app, direct(context), template, produces, guarded)
        for method in context.methods or ():
            node.resource.operations[method] = operation

    def find(self, path: str) -> tuple[Resource, dict[str, str]] | None:
        """The resource at a path with its path parameters; None where there is nothing."""
        literal = self._literal.get(path)
        if literal is not None:
            return literal, {}
        values: list[str] = []
        node = _walk(self._root, path.split("/")[1:], 0, values)
        if node is None or node.resource is None:
            return None
        return node.resource, dict(zip(node.resource.names, values, strict=True))

    def operations(self) -> Iterator[Operation]:
        """Every operation, in no particular order."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            nodes.extend(node.fixed.values())
            nodes.extend([node.parameter] if node.parameter else [])
            if node.resource:
                yield from node.resource.operations.values()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Takes every HTTP request: the edge has found its operation already."""
        operation: Operation | None = scope.get(OPERATION)
        if operation is None:
            return Match.NONE, {}
        return Match.FULL, {"route": operation.context, "endpoint": operation.context.endpoint}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the operation; telemetry learns its template as it would from FastAPI's own routes."""
        operation: Operation = scope[OPERATION]
        _route_selected(scope=scope, path=operation.template)
        await operation.app(scope, receive, send)


def _walk(node: _Node, segments: list[str], position: int, values: list[str]) -> _Node | None:
    if position == len(segments):
        return node if node.resource else None
    segment = segments[position]
    fixed = node.fixed.get(segment)
    if fixed is not None and (found := _walk(fixed, segments, position + 1, values)):
        return found
    if node.parameter is None or not segment:
        return None
    values.append(segment)
    found = _walk(node.parameter, segments, position + 1, values)
    if found is None:
        values.pop()
    return found


def _media_types(context: RouteContext) -> list[str]:
    responses: dict[Any, dict[str, Any]] = context.responses
    return [kind for code, answer in responses.items() if str(code)[0] == "2" for kind in answer.get("content", {})]
